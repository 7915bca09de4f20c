//! What every crate's `config.rs` shares: the words an administrator writes, and how problems are told.
//!
//! A crate's `...Config` is the file *as written* (serde, unknown fields refused, the doc comment is the reference
//! text); its `link` turns that into what is *meant*, checking limits and loading secrets through [`Sources`]. Nothing
//! here reads a file or the environment: the root package's `config/` does.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use crate::SecretBytes;

/// Where a secret is kept. A secret itself is never written into the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SecretRef {
    /// A file whose content is the secret, without its last line break. It must not be readable by group or others
    /// (mode 0600).
    File(PathBuf),
    /// An environment variable.
    Env(String),
    /// A systemd credential (`LoadCredential=`), by name.
    Credential(String),
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::Credential(name) => write!(f, "credential {name}"),
        }
    }
}

/// A length of time with its unit: `500ms`, `30s`, `5m`, `8h`, `7d`. A bare number is refused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

impl Span {
    pub const fn secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    pub fn parse(text: &str) -> Result<Self, String> {
        let refused = || format!("\"{text}\" is not a length of time: write a whole number and a unit, like 30s or 5m");
        let text = text.trim();
        let at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(refused)?;
        let (number, unit) = text.split_at(at);
        let number: u64 = number.parse().map_err(|_| refused())?;
        let millis_per = match unit.trim() {
            "ms" => 1,
            "s" => 1_000,
            "m" | "min" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(refused()),
        };
        number.checked_mul(millis_per).map(|millis| Self(Duration::from_millis(millis))).ok_or_else(refused)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        let (number, unit) = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")]
            .into_iter()
            .find(|(per, _)| millis >= *per && millis.is_multiple_of(*per))
            .map_or((millis, "ms"), |(per, unit)| (millis / per, unit));
        write!(f, "{number}{unit}")
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Span {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Span {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9]+ ?(ms|s|m|min|h|d)$",
            "description": "A length of time with its unit: 500ms, 30s, 5m, 8h, 7d."
        })
    }
}

/// One thing that is wrong, or unwise, in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Keys joined by dots, list items by index: `radius.clients.vpn.addresses.0`.
    pub path: String,
    /// What was found.
    pub found: String,
    /// What to write or do instead.
    pub remedy: String,
    /// A warning is told and lived with; an error is not.
    pub is_error: bool,
}

/// Every problem of a configuration, collected, so that they are told all at once.
#[derive(Debug, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    pub fn error(&mut self, path: impl Into<String>, found: impl Into<String>, remedy: impl Into<String>) {
        self.0.push(Problem { path: path.into(), found: found.into(), remedy: remedy.into(), is_error: true });
    }

    pub fn warn(&mut self, path: impl Into<String>, found: impl Into<String>, remedy: impl Into<String>) {
        self.0.push(Problem { path: path.into(), found: found.into(), remedy: remedy.into(), is_error: false });
    }

    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|problem| problem.is_error)
    }

    pub fn into_vec(self) -> Vec<Problem> {
        self.0
    }
}

/// What a configuration refers to outside its text.
pub trait Sources {
    /// The secret, or why it cannot be had (in words for an administrator, without the secret).
    fn secret(&self, reference: &SecretRef) -> Result<SecretBytes, String>;

    /// A file that is not secret: a CA bundle, a dictionary.
    fn file(&self, path: &Path) -> Result<Vec<u8>, String>;
}

/// Load a secret for `path`, or note why not.
pub fn load_secret(
    sources: &dyn Sources,
    reference: &SecretRef,
    path: &str,
    problems: &mut Problems,
) -> Option<SecretBytes> {
    match sources.secret(reference) {
        Ok(secret) if secret.expose().is_empty() => {
            problems.error(path, format!("{reference} is empty"), "put the secret there");
            None
        }
        Ok(secret) => Some(secret),
        Err(why) => {
            problems.error(path, why, "name a file (mode 0600), a set environment variable or a credential");
            None
        }
    }
}
