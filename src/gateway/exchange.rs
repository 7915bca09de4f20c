//! What a reload exchanges while logins go on, and what it cannot.

use arc_swap::ArcSwap;
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use vestibule_engine::{
    Answer, Authenticator, Challenge, Channel, Checked, Identity, Method, Passcode, PortError, SecondFactor, Timestamp,
};

use crate::config::{Config, StoreSettings};

/// What secrets are digested with, to tell whether they changed.
const DIGEST_KEY: &str = "vestibule settings 1";

/// A factor whose settings a reload exchanges. Each call is answered by one and the same.
pub(super) struct Exchangeable<F>(ArcSwap<F>);

impl<F> Exchangeable<F> {
    pub(super) fn new(factor: F) -> Self {
        Self(ArcSwap::from_pointee(factor))
    }

    pub(super) fn exchange(&self, factor: F) {
        self.0.store(std::sync::Arc::new(factor));
    }
}

#[async_trait]
impl<F: SecondFactor> SecondFactor for Exchangeable<F> {
    fn method(&self) -> Method {
        self.0.load().method()
    }

    fn fits(&self, channel: &Channel, passcode: Option<&Passcode>) -> bool {
        self.0.load().fits(channel, passcode)
    }

    fn is_typed(&self) -> bool {
        self.0.load().is_typed()
    }

    async fn start(&self, who: &Identity, with: &[Authenticator], challenge: &Challenge) -> Result<(), PortError> {
        self.0.load_full().start(who, with, challenge).await
    }

    async fn withdraw(&self, with: &[Authenticator], challenge: &Challenge) {
        self.0.load_full().withdraw(with, challenge).await;
    }

    async fn check(
        &self,
        challenge: Option<&Challenge>,
        with: &[Authenticator],
        answer: &Answer,
        now: Timestamp,
    ) -> Result<Checked, PortError> {
        self.0.load_full().check(challenge, with, answer, now).await
    }
}

/// What is the same for the life of a gateway: options with their values, or with a digest where that is a secret or
/// long.
#[derive(Debug)]
pub(super) struct Fixed(Vec<(&'static str, String)>);

/// A change that takes a restart.
#[derive(Debug, thiserror::Error)]
#[error("`{option}` was changed: that needs a restart, and until then nothing else of this change takes effect")]
pub(super) struct NeedsRestart {
    option: &'static str,
}

impl Fixed {
    pub(super) fn of(config: &Config) -> Self {
        let mut older_keys = config.older_key_ids.clone();
        older_keys.sort();
        // The master key comes before what is digested with it.
        let mut fixed = vec![
            ("node", config.node.clone()),
            ("state", config.state.display().to_string()),
            ("master_key", config.keyring.key_id()),
            ("older_master_keys", older_keys.join(" ")),
            ("factors.password_hashing.at_once", format!("{:?}", config.hashes_at_once)),
            ("factors.password_hashing.waiting", config.factors.hashes_waiting.to_string()),
        ];
        // Without a portal nobody can answer on a phone, so the two go together.
        let portal = config.portal.as_ref().map_or("none", |portal| portal.origin());
        fixed.extend([("portal.origin", portal.to_owned()), ("push", config.phones_written.clone())]);
        match &config.store {
            StoreSettings::Sqlite { path } => fixed.push(("store", format!("sqlite {}", path.display()))),
            StoreSettings::Postgres(postgres) => {
                let place = format!(
                    "postgres {}:{}/{} as {}, {} connections",
                    postgres.host, postgres.port, postgres.database, postgres.user, postgres.connections
                );
                let password = postgres.password.as_ref().map(|password| digest(config, password.expose()));
                let authorities = digest(config, format!("{:?}", postgres.tls).as_bytes());
                fixed.extend([
                    ("store", place),
                    ("store.postgres.password", password.unwrap_or_default()),
                    ("store.postgres.tls", postgres.tls.is_some().to_string()),
                    ("store.postgres.ca_file", authorities),
                ]);
            }
        }
        Self(fixed)
    }

    pub(super) fn check(&self, config: &Config) -> Result<(), NeedsRestart> {
        match Self::of(config).0.iter().find(|option| !self.0.contains(option)) {
            Some((option, _)) => Err(NeedsRestart { option }),
            None => Ok(()),
        }
    }
}

/// Keyed, so that it tells nothing about a secret that is easy to guess.
fn digest(config: &Config, octets: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, config.keyring.derive(DIGEST_KEY).expose());
    STANDARD.encode(hmac::sign(&key, octets))
}
