//! What the tests share: a source made from a configuration, and one login at it.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use vestibule_engine::config::{Problems, SecretRef, Sources};
use vestibule_engine::{
    Identified, Password, Person, PortError, PrimaryOutcome, PrimaryRefusal, PrimarySource, Random, SecretBytes,
    Subject, UserName,
};
use vestibule_peers::slapd::{self, Options, Slapd};

use crate::{LdapConfig, LdapSettings, LdapUpstream};

/// The reader's password stands in `env: reader`; files are files.
pub(super) struct TestSources;

impl Sources for TestSources {
    fn secret(&self, reference: &SecretRef) -> Result<SecretBytes, String> {
        match reference {
            SecretRef::Env(name) if name == "reader" => Ok(SecretBytes::new(slapd::READER_PASSWORD)),
            SecretRef::Env(name) if name == "wrong" => Ok(SecretBytes::new("wrong")),
            other => Err(format!("{other} is not there")),
        }
    }

    fn file(&self, path: &Path) -> Result<Vec<u8>, String> {
        std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
    }
}

pub(super) struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, octets: &mut [u8]) -> Result<(), PortError> {
        let random = ring::rand::SystemRandom::new();
        ring::rand::SecureRandom::fill(&random, octets).map_err(|_| PortError::unusable("draw"))
    }
}

/// slapd with few people in it, or `None` where there is no slapd.
pub(super) async fn small_directory() -> Option<Slapd> {
    Slapd::start(Options::small()).await.unwrap()
}

/// A search by the reader at these servers, with more keys on top.
pub(super) fn searching(servers: &[&str], more: Value) -> Value {
    let mut config = json!({
        "servers": servers,
        "allow_plaintext": true,
        "find": { "search": {
            "base": slapd::PEOPLE,
            "bind_dn": slapd::READER_DN,
            "password": { "env": "reader" },
        }},
    });
    merge(&mut config, more);
    config
}

pub(super) fn merge(config: &mut Value, more: Value) {
    match (config, more) {
        (Value::Object(config), Value::Object(more)) => {
            for (key, value) in more {
                merge(config.entry(key).or_insert(Value::Null), value);
            }
        }
        (config, more) => *config = more,
    }
}

pub(super) fn link(config: Value) -> (Option<LdapSettings>, Problems) {
    let mut problems = Problems::default();
    let config: LdapConfig = serde_json::from_value(config).unwrap();
    (config.link("sources.test.ldap", &TestSources, &mut problems), problems)
}

pub(super) fn upstream(config: Value) -> LdapUpstream {
    let (settings, problems) = link(config);
    let Some(settings) = settings else { panic!("{:?}", problems.into_vec()) };
    LdapUpstream::new("test", settings, Arc::new(SystemRandom))
}

/// The source with its defaults at one slapd.
pub(super) fn at(slapd: &Slapd) -> LdapUpstream {
    upstream(searching(&[&slapd.url()], json!({})))
}

pub(super) async fn identify(upstream: &LdapUpstream, user: &str) -> Option<Subject> {
    match upstream.authenticator().identify(&UserName::parse(user).unwrap()).await.unwrap() {
        Identified::Known(subject) | Identified::Provisional(subject) => Some(subject),
        Identified::Unknown => None,
    }
}

#[derive(Debug)]
pub(super) enum Outcome {
    Unknown,
    Refused(PrimaryRefusal),
    Accepted(Person),
    Failed(PortError),
}

impl Outcome {
    pub(super) fn accepted(self) -> Person {
        match self {
            Self::Accepted(person) => person,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn refused(self) -> PrimaryRefusal {
        match self {
            Self::Refused(refusal) => refusal,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn failed(self) -> PortError {
        match self {
            Self::Failed(error) => error,
            other => panic!("{other:?}"),
        }
    }
}

/// One login as the engine does it: identify, then authenticate.
pub(super) async fn login(upstream: &LdapUpstream, user: &str, password: impl Into<Vec<u8>>) -> Outcome {
    let user = UserName::parse(user).unwrap();
    let mut authenticator = upstream.authenticator();
    let subject = match authenticator.identify(&user).await {
        Ok(Identified::Known(subject) | Identified::Provisional(subject)) => subject,
        Ok(Identified::Unknown) => return Outcome::Unknown,
        Err(error) => return Outcome::Failed(error),
    };
    match authenticator.authenticate(&user, &subject, &Password::new(password)).await {
        Ok(PrimaryOutcome::Accepted(person)) => Outcome::Accepted(person),
        Ok(PrimaryOutcome::Refused(refusal)) => Outcome::Refused(refusal),
        Ok(PrimaryOutcome::Continue(_)) => panic!("a directory asks no questions"),
        Err(error) => Outcome::Failed(error),
    }
}

/// An error with its causes, as a log shows it.
pub(super) fn told(error: &PortError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
