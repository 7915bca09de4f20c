//! The words an administrator chooses among.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

/// Whether requests must be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequireSignature {
    #[default]
    Yes,
    Auto,
    No,
}

/// YAML readers of the older school take `yes` and `no` for truth values, others for words.
struct Words(&'static [&'static str]);

impl de::Visitor<'_> for Words {
    type Value = String;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join(" or "))
    }

    fn visit_bool<E: de::Error>(self, yes: bool) -> Result<String, E> {
        Ok(if yes { "yes" } else { "no" }.to_owned())
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<String, E> {
        if self.0.contains(&word) { Ok(word.to_owned()) } else { Err(E::unknown_variant(word, self.0)) }
    }
}

impl<'de> Deserialize<'de> for RequireSignature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = deserializer.deserialize_any(Words(&["yes", "auto", "no"]))?;
        Ok(match word.as_str() {
            "auto" => Self::Auto,
            "no" => Self::No,
            _ => Self::Yes,
        })
    }
}

pub(super) fn yes_or_no<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    deserializer.deserialize_any(Words(&["yes", "no"])).map(|word| word == "yes")
}

pub(super) fn maybe_yes_or_no<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    yes_or_no(deserializer).map(Some)
}

/// How a user of a client is asked for the second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PromptMode {
    #[default]
    Challenge,
    None,
}

/// How a code may come with the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Append {
    /// The whole field is the password.
    Never,
    /// After the last of these characters.
    Delimiter(char),
    /// The last so many characters, if all are digits.
    Digits(u8),
}

impl Default for Append {
    fn default() -> Self {
        Self::Delimiter(',')
    }
}

/// What a client hears when something is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnFault {
    #[default]
    Silence,
    Reject,
}

/// Which attributes of an upstream's acceptance are handed on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PassThrough {
    #[default]
    All,
    None,
    /// Those with these names; `Vendor-Specific` means all of any vendor.
    Only(Vec<String>),
}
