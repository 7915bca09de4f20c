//! What commands work with: the configuration, the store, the time, and who gives the command.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use vestibule_engine::{Clock, Random, Store, Timestamp};
use vestibule_store::{Handle, Opening};

use super::{Failure, Outcome};
use crate::clock::{SystemClock, SystemRandom};
use crate::config::{self, Config};

/// Opened once a command, closed at its end.
pub struct Context {
    pub config: Config,
    pub store: Arc<Handle>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    /// Who gives the command, as the audit log names them: `cli:root`.
    pub by: String,
}

impl Context {
    /// Load the configuration and open the store that it names. A gateway may run beside us.
    pub async fn open(path: &Path) -> Outcome<Self> {
        let config = load(path)?;
        let clock = Arc::new(SystemClock::new());
        let (settings, keyring) = (config.store.clone(), config.keyring.clone());
        let opened = vestibule_store::open(settings, keyring, &config.node, Opening::Existing, clock.now()).await;
        Ok(Self {
            store: opened.context("open the store")?,
            config,
            clock,
            random: Arc::new(SystemRandom::new()),
            by: format!("cli:{}", config::login_name()),
        })
    }

    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub async fn close(self) {
        self.store.close().await;
    }
}

/// The configuration, or all of its problems as the failure of a command.
pub fn load(path: &Path) -> Outcome<Config> {
    let loaded = config::load(path);
    Ok(loaded.into_result().map_err(|report| Failure::config(path, &report))?)
}
