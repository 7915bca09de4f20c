//! What the engine says: a question, or the end.

use serde::{Deserialize, Serialize};

use crate::{
    AttemptId, Carried, ClockFault, Matching, Method, Number, Passcode, PortError, PrimaryRefusal, Service, StoreError,
    Timestamp, Turn, UserId,
};

/// A person after resolution: one immutable id, and what their source said.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Identity {
    pub user: UserId,
    /// The canonical name, for logs and pages.
    pub name: String,
    pub source: String,
    /// What the source itself identifies them by.
    pub source_id: String,
    pub groups: Vec<String>,
    pub mail: Option<String>,
}

impl Identity {
    /// Whether this is who was written down: a canonical name, or a user id. A name is one person's in one source only.
    pub fn goes_by(&self, wanted: &str) -> bool {
        wanted == self.name || wanted.parse().is_ok_and(|id: UserId| id == self.user)
    }

    /// Whether they are in the group of that name, compared without case.
    pub fn is_in(&self, wanted: &str) -> bool {
        self.groups
            .iter()
            .any(|group| group.eq_ignore_ascii_case(wanted) || group.to_lowercase() == wanted.to_lowercase())
    }
}

impl From<crate::User> for Identity {
    fn from(user: crate::User) -> Self {
        let crate::Subject { source, id: source_id, name } = user.subject;
        Self { user: user.id, name, source, source_id, groups: user.groups, mail: user.mail }
    }
}

#[derive(Debug)]
pub enum Step {
    Show(Prompt),
    Done(Verdict),
}

/// A question for the person, and the handle for its answer.
#[derive(Debug, Clone)]
pub struct Prompt {
    pub attempt: AttemptId,
    pub turn: Turn,
    pub kind: PromptKind,
    /// When an answer is too late.
    pub until: Timestamp,
    /// The answer before this one was wrong.
    pub again: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PromptKind {
    /// Type a code; `others` can be chosen by typing their name.
    EnterCode { methods: Vec<Method>, others: Vec<Method> },
    /// Answer on the phone; an empty answer asks whether it was.
    Wait {
        method: Method,
        others: Vec<Method>,
        matching: Matching,
        /// The phone has approved, and what it shows is to be typed here.
        approved: bool,
    },
    /// A question of the primary's own, in its words.
    Relayed { text: String },
}

#[derive(Debug, Clone)]
pub enum Answer {
    /// What was typed at the place of the login.
    Typed(Passcode),
    /// The person says they have answered elsewhere.
    Look,
    /// A factor answered elsewhere says yes: only a factor's own code makes this one, after it verified its proof.
    Approved { method: Method, proof: crate::SecretBytes },
    /// A factor answered elsewhere says no; judged by the factor like a yes.
    Declined { method: Method, reported: bool, proof: crate::SecretBytes },
}

/// What became of an answer that came from elsewhere. It tells the phone, and gives nobody a [`Grant`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Responded {
    /// Approved; where the login asks for it, with the number the phone is to show.
    Approved {
        show: Option<Number>,
    },
    Declined,
    Reported,
    /// The number was wrong; this request is over.
    WrongNumber,
    /// The person has to wait until then.
    Locked(Timestamp),
    /// It belongs to nothing that is open: late, withdrawn, decided, somebody else's, or not properly given.
    Over,
}

#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "one at a time, and most are the large one")]
pub enum Verdict {
    Allow(Grant),
    Deny(Denial),
}

impl Verdict {
    pub fn is_allow(&self) -> bool {
        matches!(self, Self::Allow(_))
    }
}

/// The proof that a login was decided, allowed and recorded. Only the engine makes one.
#[derive(Debug, Clone)]
pub struct Grant {
    pub(crate) attempt: AttemptId,
    pub(crate) service: Service,
    pub(crate) identity: Identity,
    pub(crate) methods: Vec<Method>,
    pub(crate) remembered: bool,
    pub(crate) carried: Carried,
}

impl Grant {
    pub fn attempt(&self) -> AttemptId {
        self.attempt
    }

    /// What it lets the person in to, and to nothing else.
    pub fn service(&self) -> &Service {
        &self.service
    }

    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The second factors that were given; empty where policy asked for none.
    pub fn methods(&self) -> &[Method] {
        &self.methods
    }

    /// The factor was given earlier, at this station.
    pub fn remembered(&self) -> bool {
        self.remembered
    }

    /// What the primary's answer holds for the door to hand on.
    pub fn carried(&self) -> &Carried {
        &self.carried
    }
}

/// Why a login was refused. For the log and the audit; a stranger gets the same words for all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Denial {
    UnknownUser,
    EmptyPassword,
    Primary(PrimaryRefusal),
    UserDisabled,
    LockedOut { until: Timestamp },
    PolicyRefused,
    NotEnrolled,
    CodeMissing,
    WrongCode,
    CodeUsedBefore,
    Declined,
    Reported,
    WrongNumber,
    TooManyPushes,
    FactorTimedOut,
    AttemptUnknown,
    AnswerStale,
    TooManyTries,
    Withdrawn,
}

impl Denial {
    pub fn name(&self) -> &'static str {
        match self {
            Self::UnknownUser => "unknown-user",
            Self::EmptyPassword => "empty-password",
            Self::Primary(refusal) => match refusal {
                PrimaryRefusal::WrongPassword => "wrong-password",
                PrimaryRefusal::UnknownUser => "unknown-user-upstream",
                PrimaryRefusal::PasswordExpired => "password-expired",
                PrimaryRefusal::PasswordMustChange => "password-must-change",
                PrimaryRefusal::AccountDisabled => "account-disabled-upstream",
                PrimaryRefusal::AccountLocked => "account-locked-upstream",
                PrimaryRefusal::AccountExpired => "account-expired-upstream",
                PrimaryRefusal::NotHereNow => "not-here-now",
                PrimaryRefusal::Unspecified => "primary-refused",
            },
            Self::UserDisabled => "user-disabled",
            Self::LockedOut { .. } => "locked-out",
            Self::PolicyRefused => "policy-refused",
            Self::NotEnrolled => "not-enrolled",
            Self::CodeMissing => "code-missing",
            Self::WrongCode => "wrong-code",
            Self::CodeUsedBefore => "code-used-before",
            Self::Declined => "declined",
            Self::Reported => "reported",
            Self::WrongNumber => "wrong-number",
            Self::TooManyPushes => "too-many-pushes",
            Self::FactorTimedOut => "factor-timed-out",
            Self::AttemptUnknown => "attempt-unknown",
            Self::AnswerStale => "answer-stale",
            Self::TooManyTries => "too-many-tries",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// One sentence for an administrator.
    pub fn sentence(&self) -> &'static str {
        match self {
            Self::UnknownUser => "no identity source knows this name",
            Self::EmptyPassword => "the password was empty",
            Self::Primary(refusal) => match refusal {
                PrimaryRefusal::WrongPassword => "the password was wrong",
                PrimaryRefusal::UnknownUser => "the upstream does not know this name",
                PrimaryRefusal::PasswordExpired => "the password has expired upstream",
                PrimaryRefusal::PasswordMustChange => "the password must be changed upstream first",
                PrimaryRefusal::AccountDisabled => "the account is disabled upstream",
                PrimaryRefusal::AccountLocked => "the account is locked upstream",
                PrimaryRefusal::AccountExpired => "the account has expired upstream",
                PrimaryRefusal::NotHereNow => "the upstream does not allow this hour or machine",
                PrimaryRefusal::Unspecified => "the upstream refused the login",
            },
            Self::UserDisabled => "the user is disabled in Vestibule",
            Self::LockedOut { .. } => "too many failures; locked for a while",
            Self::PolicyRefused => "a policy rule refuses this login",
            Self::NotEnrolled => "the user has no second factor that this login allows",
            Self::CodeMissing => "no code came with the password, and this client cannot be asked for one",
            Self::WrongCode => "the code was wrong",
            Self::CodeUsedBefore => "the code was used before",
            Self::Declined => "declined on the phone",
            Self::Reported => "reported as somebody else's login on the phone",
            Self::WrongNumber => "another number was typed on the phone than the login shows",
            Self::TooManyPushes => "the phone rings or rang too often already, and this login can be given no code",
            Self::FactorTimedOut => "nobody answered in time",
            Self::AttemptUnknown => "the answer belongs to no open login",
            Self::AnswerStale => "the answer belongs to an earlier question",
            Self::TooManyTries => "too many wrong answers in one login",
            Self::Withdrawn => "the login went away",
        }
    }
}

/// Why a login went away before it was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Withdrawn {
    /// The client stopped waiting or hung up.
    ClientGone,
    /// The same client began anew in its place.
    Superseded,
    /// We are stopping.
    Stopping,
}

/// We could not find out. Never an acceptance, and not a refusal of the person either.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("check the primary login")]
    Primary(#[source] PortError),
    #[error("use a second factor")]
    Factor(#[source] PortError),
    #[error("read or record a login")]
    Store(#[from] StoreError),
    #[error("draw a random number")]
    Random(#[source] PortError),
    #[error("judge a code by the clock")]
    Clock(#[from] ClockFault),
    /// The login we joined ended without a verdict.
    #[error("wait for the same login, asked before: it ended without a verdict")]
    Joined,
}

/// What was typed, in the shape a factor judges.
impl Answer {
    pub fn typed(passcode: &Passcode) -> Self {
        Self::Typed(passcode.clone())
    }
}
