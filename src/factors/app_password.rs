//! App passwords: a person makes one in the portal for one application that knows a name and a password and nothing else,
//! and gives it to a program instead of their own.
//!
//! Whoever has one is let in to that application as that person without a second step. So it is drawn by us and long, good
//! at one service, shown once, named in the audit log, and over at once when it is revoked or its person is disabled. It is
//! no second factor and proves nothing anywhere else: the door that takes them asks here. All of it is in the store, so a
//! gateway knows what was made or revoked at another.

mod secret;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vestibule_engine::{
    AuditEvent, AuditRecord, Clock, Password, PortError, Random, SecretBytes, Store, StoreError, Timestamp, Token,
    TokenKind, UserId, is_plain,
};

use crate::ShownOnce;
use crate::shown::new_id;

use secret::Secret;

/// The most that one person has. Each is a way in, and who has lost count of them revokes none.
pub const APP_PASSWORDS_MAX: usize = 25;
/// The longest name of one: it stands in lists and in the audit log.
pub const APP_PASSWORD_LABEL_CHARS_MAX: usize = 40;

/// It is over when it is revoked. What the store keeps has an end all the same: this one is out of sight.
const LIFETIME: Duration = Duration::from_secs(100 * 365 * 86_400);
/// Its last use is written down this often at most: a program may sign in every second.
const USE_NOTED_EVERY: Duration = Duration::from_secs(3_600);

/// Names an app password in lists; it opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AppPasswordId(uuid::Uuid);

impl fmt::Display for AppPasswordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for AppPasswordId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        uuid::Uuid::parse_str(text).map(Self)
    }
}

/// What is known of one. This is what the store keeps, sealed, under the digest of the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppPassword {
    pub id: AppPasswordId,
    /// `ldap/jenkins`: the one service where it is good.
    pub service: String,
    /// What its owner calls it.
    pub label: String,
    pub created: Timestamp,
    /// To the hour.
    pub last_used: Option<Timestamp>,
}

/// A new one, and the one time its secret is told.
#[derive(Debug)]
pub struct MadeAppPassword {
    pub id: AppPasswordId,
    pub secret: ShownOnce,
}

/// Why none was made.
#[derive(Debug, thiserror::Error)]
pub enum AppPasswordRefused {
    #[error("a name for it has 1 to {APP_PASSWORD_LABEL_CHARS_MAX} letters, digits or other signs that can be seen")]
    Label,
    #[error("there are {APP_PASSWORDS_MAX} app passwords already: revoke one first")]
    TooMany,
    #[error("draw an app password")]
    Random(#[from] PortError),
    #[error("keep an app password")]
    Store(#[from] StoreError),
}

pub struct AppPasswords {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl AppPasswords {
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { store, clock, random }
    }

    /// Whether this has the form of one. What has is never sent to a directory, where it would count as a wrong guess and
    /// could be written down; what has not is never looked for here.
    pub fn is_one(typed: &Password) -> bool {
        Secret::read(typed).is_some()
    }

    /// Make one for this person and service. Whoever calls knows that the person asks for it and that the service takes
    /// them. It counts, and stands in the audit log, before anybody sees it.
    pub async fn make(
        &self,
        user: UserId,
        service: &str,
        label: &str,
        by: &str,
    ) -> Result<MadeAppPassword, AppPasswordRefused> {
        let label = usable_label(label).ok_or(AppPasswordRefused::Label)?;
        let (secret, now) = (Secret::draw(&*self.random)?, self.clock.now());
        let id = AppPasswordId(new_id(&*self.random)?.0);
        let one = AppPassword { id, service: service.to_owned(), label, created: now, last_used: None };
        let digest = secret.digest();
        let token = Token {
            kind: TokenKind::AppPassword,
            digest,
            user: Some(user),
            payload: sealed(&one)?,
            created: now,
            expires: now.after(LIFETIME),
        };
        self.store.put_token(token).await?;
        // Counted with the new one among them: of several that are made at once, none slips past the limit.
        if self.store.tokens_of(user, TokenKind::AppPassword, now).await?.len() > APP_PASSWORDS_MAX {
            self.store.take_token(TokenKind::AppPassword, &digest, now).await?;
            return Err(AppPasswordRefused::TooMany);
        }
        let AppPassword { service, label, .. } = one;
        let made = AuditEvent::AppPasswordMade { user, service, label, by: by.to_owned() };
        if let Err(error) = self.store.record(vec![AuditRecord::new(now, made)]).await {
            // What no record tells of must not count. If this fails as well, nobody has seen its secret.
            self.store.take_token(TokenKind::AppPassword, &digest, now).await?;
            return Err(error.into());
        }
        Ok(MadeAppPassword { id, secret: secret.shown() })
    }

    /// This person's, the oldest first.
    pub async fn list(&self, user: UserId) -> Result<Vec<AppPassword>, StoreError> {
        let tokens = self.store.tokens_of(user, TokenKind::AppPassword, self.clock.now()).await?;
        tokens.iter().map(opened).collect()
    }

    /// From now on it opens nothing. False where this person has none of that id (any more).
    pub async fn revoke(&self, user: UserId, id: AppPasswordId, by: &str) -> Result<bool, StoreError> {
        let now = self.clock.now();
        for token in self.store.tokens_of(user, TokenKind::AppPassword, now).await? {
            let one = opened(&token)?;
            if one.id == id {
                let taken = self.store.take_token(TokenKind::AppPassword, &token.digest, now).await?;
                if taken.is_none() {
                    return Ok(false);
                }
                let AppPassword { service, label, .. } = one;
                let revoked = AuditEvent::AppPasswordRevoked { user, service, label, by: by.to_owned() };
                self.store.record(vec![AuditRecord::new(now, revoked)]).await?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether this person still has the app password of this id.
    pub async fn is_held(&self, user: UserId, id: AppPasswordId) -> Result<bool, StoreError> {
        Ok(self.list(user).await?.iter().any(|one| one.id == id))
    }

    /// The app password that was typed, if it is this person's and good at this service. One that is nobody's, somebody
    /// else's, or of another service gets the same answer.
    pub async fn check(
        &self,
        typed: &Password,
        user: UserId,
        service: &str,
    ) -> Result<Option<AppPassword>, StoreError> {
        let Some(secret) = Secret::read(typed) else { return Ok(None) };
        let (digest, now) = (secret.digest(), self.clock.now());
        let Some(token) = self.store.token(TokenKind::AppPassword, &digest, now).await? else { return Ok(None) };
        let mut one = opened(&token)?;
        if token.user != Some(user) || one.service != service {
            return Ok(None);
        }
        if one.last_used.is_none_or(|at| now >= at.after(USE_NOTED_EVERY)) {
            one.last_used = Some(now);
            // Revoked in this moment: then it is.
            if !self.store.change_token(token.kind, &digest, sealed(&one)?, token.expires).await? {
                return Ok(None);
            }
        }
        Ok(Some(one))
    }
}

/// One line that reads as it is.
fn usable_label(typed: &str) -> Option<String> {
    let label = typed.trim();
    let fits = (1..=APP_PASSWORD_LABEL_CHARS_MAX).contains(&label.chars().count());
    (fits && !label.chars().any(char::is_control) && is_plain(label)).then(|| label.to_owned())
}

fn sealed(one: &AppPassword) -> Result<SecretBytes, StoreError> {
    serde_json::to_vec(one).map(SecretBytes::new).map_err(|cause| StoreError::Damaged {
        doing: "write down an app password".into(),
        cause: Some(Box::new(cause)),
    })
}

fn opened(token: &Token) -> Result<AppPassword, StoreError> {
    serde_json::from_slice(token.payload.expose())
        .map_err(|cause| StoreError::Damaged { doing: "read an app password".into(), cause: Some(Box::new(cause)) })
}
