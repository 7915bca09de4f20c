//! What a reload exchanges while logins go on, and what it cannot.

use arc_swap::ArcSwap;
use async_trait::async_trait;
use vestibule_engine::{
    Answer, AttemptId, Authenticator, Channel, Checked, Identity, Method, Passcode, PortError, SecondFactor, Timestamp,
};

use crate::config::{Config, StoreSettings};

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

    async fn start(&self, who: &Identity, with: &[Authenticator], attempt: AttemptId) -> Result<(), PortError> {
        self.0.load_full().start(who, with, attempt).await
    }

    async fn withdraw(&self, attempt: AttemptId) {
        self.0.load_full().withdraw(attempt).await;
    }

    async fn check(
        &self,
        attempt: AttemptId,
        with: &[Authenticator],
        answer: &Answer,
        now: Timestamp,
    ) -> Result<Checked, PortError> {
        self.0.load_full().check(attempt, with, answer, now).await
    }
}

/// What is the same for the life of a gateway.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fixed {
    node: String,
    state: std::path::PathBuf,
    /// Where the store is, as it was told to be. Its password is not part of it.
    store: String,
    master_key: String,
}

/// A change that takes a restart.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{option}` was changed: that takes effect only with a restart, and until then nothing else of this change does"
)]
pub(super) struct NeedsRestart {
    option: &'static str,
}

impl Fixed {
    pub(super) fn of(config: &Config) -> Self {
        Self {
            node: config.node.clone(),
            state: config.state.clone(),
            store: place(&config.store),
            master_key: config.keyring.key_id(),
        }
    }

    pub(super) fn check(&self, config: &Config) -> Result<(), NeedsRestart> {
        let new = Self::of(config);
        let changed = [
            ("node", self.node != new.node),
            ("state", self.state != new.state),
            ("store", self.store != new.store),
            ("master_key", self.master_key != new.master_key),
        ];
        match changed.into_iter().find(|(_, is_changed)| *is_changed) {
            Some((option, _)) => Err(NeedsRestart { option }),
            None => Ok(()),
        }
    }
}

fn place(store: &StoreSettings) -> String {
    match store {
        StoreSettings::Sqlite { path } => format!("sqlite {}", path.display()),
        StoreSettings::Postgres(postgres) => format!(
            "postgres {}:{}/{} as {}, {} connections",
            postgres.host, postgres.port, postgres.database, postgres.user, postgres.connections
        ),
    }
}
