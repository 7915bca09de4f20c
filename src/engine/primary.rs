//! The primary login: checked where it always was, unchanged.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Passcode, Password, PortError, UserName};

/// How a login proves its first step.
pub enum Primary<'a> {
    /// A password and this login's way to check it. Borrowed, because the check may have to happen on a connection that
    /// belongs to the door.
    Password { password: Password, with: &'a mut dyn PrimaryAuthenticator },
    /// Somebody we trust vouches for the person already.
    Proven(Person),
}

/// A person as one identity source knows them. `id` never changes there and is never given to somebody else.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// The configured name of the identity source.
    pub source: String,
    /// The source's immutable identifier (an entryUUID, an objectGUID, a local id), or the canonical name where the
    /// source has nothing better.
    pub id: String,
    /// The canonical name, for people to read.
    pub name: String,
}

/// A person whose primary login was accepted, with what the source said of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Person {
    pub subject: Subject,
    /// Groups by the names policy uses, nested ones included.
    pub groups: Vec<String>,
    pub display_name: Option<String>,
    pub mail: Option<String>,
    pub carried: Carried,
}

/// What the primary's answer holds for the door to hand on, should the login be allowed. The engine keeps it and never
/// looks inside.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Carried(pub Vec<u8>);

impl std::fmt::Debug for Carried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Carried({} octets)", self.0.len())
    }
}

#[derive(Debug, Clone)]
pub enum Identified {
    Known(Subject),
    /// The name as the source will be asked for it, where nobody can be asked before the password is right. Counters go by
    /// it until then; who it is, the acceptance says.
    Provisional(Subject),
    Unknown,
}

#[derive(Debug, Clone)]
pub enum PrimaryOutcome {
    Accepted(Person),
    Refused(PrimaryRefusal),
    /// The source itself wants one more answer before it decides.
    Continue(Continuation),
}

/// A question of the source, relayed: what to show, and what the source needs to go on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Continuation {
    pub text: String,
    pub state: Carried,
}

/// Why the source refused, for the log and the audit. A stranger never learns which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PrimaryRefusal {
    WrongPassword,
    UnknownUser,
    PasswordExpired,
    PasswordMustChange,
    AccountDisabled,
    AccountLocked,
    AccountExpired,
    /// Not at this hour, or not from this machine.
    NotHereNow,
    /// Refused without a reason we know.
    Unspecified,
}

impl PrimaryRefusal {
    /// Whether this refusal says that a guess at the password was wrong, and so counts against its budget.
    pub fn is_wrong_guess(self) -> bool {
        matches!(self, Self::WrongPassword | Self::UnknownUser | Self::Unspecified)
    }
}

/// One login's way to check a password. An error is only ever a technical fault: a wrong password is an outcome.
#[async_trait]
pub trait PrimaryAuthenticator: Send {
    /// Whom does this name mean? Asked before any password is used, so that counters and coalescing see one person
    /// however the name is spelled.
    async fn identify(&mut self, user: &UserName) -> Result<Identified, PortError>;

    /// Check the password. The engine never calls this with an empty one, and at most once per attempt.
    async fn authenticate(
        &mut self,
        user: &UserName,
        subject: &Subject,
        password: &Password,
    ) -> Result<PrimaryOutcome, PortError>;

    /// Go on after [`PrimaryOutcome::Continue`].
    async fn resume(
        &mut self,
        _user: &UserName,
        _state: &Carried,
        _answer: &Passcode,
    ) -> Result<PrimaryOutcome, PortError> {
        Err(PortError::unusable("continue a primary login that asks no questions"))
    }

    /// Whether the check must happen here and now, because what follows depends on it (the connection that is bound by it,
    /// the answer that is kept): then this login is never answered for by another.
    fn is_bound(&self) -> bool {
        false
    }

    /// Which password the source has for this person now, if it tells (the time it was set): asked after it was accepted. What
    /// was granted to an earlier one does not hold for a later one.
    fn password_version(&self) -> Option<String> {
        None
    }

    /// The person without their password, for logins whose factor comes first. Only where [`Identified::Known`] was said.
    async fn describe(&mut self, _subject: &Subject) -> Result<Option<Person>, PortError> {
        Err(PortError::unusable("ask for a factor before the password: this source tells of nobody before"))
    }

    /// Spend the time that checking a wrong password would have taken, so that an unknown name cannot be told from a
    /// known one by the clock (ADM-04).
    async fn pretend(&mut self, _password: &Password) {}
}

/// A configured identity source, from which each login draws its own authenticator.
pub trait PrimarySource: Send + Sync {
    fn name(&self) -> &str;
    fn authenticator(&self) -> Box<dyn PrimaryAuthenticator>;
}
