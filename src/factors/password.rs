//! Users whose passwords Vestibule keeps itself: a primary source like any other, for places without a directory.
//!
//! Every answer costs one hash: a known name, an unknown one, a user without a password and a disabled one cannot be
//! told apart by the clock (ADM-04).

mod hash;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use vestibule_engine::{
    Carried, Identified, LocalAccount, Password, Person, PortError, PrimaryAuthenticator, PrimaryOutcome,
    PrimaryRefusal, PrimarySource, Random, Store, Subject, UserName,
};

use crate::{HashCost, HashPool};

use hash::StoredHash;
pub use hash::{PASSWORD_CHARS_MIN, PASSWORD_OCTETS_MAX, PasswordRefused, hash_password};

/// The identity source of local users.
pub struct LocalUsers {
    name: String,
    store: Arc<dyn Store>,
    checker: Arc<Checker>,
}

impl LocalUsers {
    /// `cost` is what new passwords are hashed with, and so what an unknown name costs.
    pub fn new(
        name: impl Into<String>,
        store: Arc<dyn Store>,
        pool: Arc<HashPool>,
        cost: HashCost,
        random: &dyn Random,
    ) -> Result<Self, PortError> {
        Ok(Self { name: name.into(), store, checker: Arc::new(Checker::new(pool, cost, random)?) })
    }
}

impl PrimarySource for LocalUsers {
    fn name(&self) -> &str {
        &self.name
    }

    fn authenticator(&self) -> Box<dyn PrimaryAuthenticator> {
        Box::new(LocalLogin { store: Arc::clone(&self.store), checker: Arc::clone(&self.checker), found: None })
    }
}

struct LocalLogin {
    store: Arc<dyn Store>,
    checker: Arc<Checker>,
    /// What `identify` found, so that the same login need not read it twice.
    found: Option<LocalAccount>,
}

impl LocalLogin {
    async fn look_up(&self, user: &UserName) -> Result<Option<LocalAccount>, PortError> {
        let found = self.store.local_account(&user.canonical()).await;
        found.map_err(|cause| PortError::unreachable("look up a local user", cause))
    }
}

#[async_trait]
impl PrimaryAuthenticator for LocalLogin {
    async fn identify(&mut self, user: &UserName) -> Result<Identified, PortError> {
        self.found = self.look_up(user).await?;
        Ok(self.found.as_ref().map_or(Identified::Unknown, |account| Identified::Known(account.user.subject.clone())))
    }

    async fn authenticate(
        &mut self,
        user: &UserName,
        subject: &Subject,
        password: &Password,
    ) -> Result<PrimaryOutcome, PortError> {
        let account = match self.found.take() {
            Some(account) => Some(account),
            None => self.look_up(user).await?,
        };
        self.checker.judge(account.filter(|account| account.user.subject == *subject), password).await
    }

    async fn pretend(&mut self, password: &Password) {
        if let Err(error) = self.checker.pretend(password).await {
            tracing::debug!(%error, "An unknown name was answered without the usual work");
        }
    }
}

/// Judges one account and one password.
struct Checker {
    pool: Arc<HashPool>,
    /// A hash that no password opens, at the usual cost.
    nobody: Arc<StoredHash>,
}

impl Checker {
    fn new(pool: Arc<HashPool>, cost: HashCost, random: &dyn Random) -> Result<Self, PortError> {
        Ok(Self { pool, nobody: Arc::new(StoredHash::nobody(cost, random)?) })
    }

    async fn judge(&self, account: Option<LocalAccount>, password: &Password) -> Result<PrimaryOutcome, PortError> {
        let Some(account) = account else {
            self.pretend(password).await?;
            return Ok(PrimaryOutcome::Refused(PrimaryRefusal::UnknownUser));
        };
        let right = match &account.password_hash {
            Some(stored) => self.verify(Arc::new(StoredHash::parse(stored)?), password).await?,
            None => {
                self.pretend(password).await?;
                tracing::debug!(user.id = %account.user.id, "A local user without a password tried to sign in");
                false
            }
        };
        Ok(match (right, account.user.enabled) {
            (false, _) => PrimaryOutcome::Refused(PrimaryRefusal::WrongPassword),
            (true, false) => PrimaryOutcome::Refused(PrimaryRefusal::AccountDisabled),
            (true, true) => PrimaryOutcome::Accepted(person(account)),
        })
    }

    async fn pretend(&self, password: &Password) -> Result<(), PortError> {
        self.verify(Arc::clone(&self.nobody), password).await.map(drop)
    }

    async fn verify(&self, stored: Arc<StoredHash>, password: &Password) -> Result<bool, PortError> {
        let password = password.clone();
        self.pool.run(stored.cost, move || stored.matches(&password)).await?
    }
}

fn person(account: LocalAccount) -> Person {
    let user = account.user;
    Person {
        subject: user.subject,
        groups: user.groups,
        display_name: user.display_name,
        mail: user.mail,
        carried: Carried::default(),
    }
}
