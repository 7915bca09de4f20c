//! Second factors: what the engine asks of each kind.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{
    Answer, AuthenticatorId, Challenge, Channel, Identity, Passcode, PortError, SecretBytes, Timestamp, UserId,
};

/// A kind of second factor, by the name used in config, audit and manual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    Push,
    Totp,
    Qr,
    Passkey,
    RecoveryCode,
    /// A code judged by an outside server.
    ExternalCode,
    Plugin,
    /// An administrator let the person in once, to enrol. It opens the portal and nothing else.
    Invitation,
}

impl Method {
    /// Those a rule can name. An invitation is none of them: it counts at the portal only, whatever a rule says.
    pub const ALL: [Self; 7] =
        [Self::Push, Self::Totp, Self::Qr, Self::Passkey, Self::RecoveryCode, Self::ExternalCode, Self::Plugin];

    pub fn name(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Totp => "totp",
            Self::Qr => "qr",
            Self::Passkey => "passkey",
            Self::RecoveryCode => "recovery-code",
            Self::ExternalCode => "external-code",
            Self::Plugin => "plugin",
            Self::Invitation => "invitation",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().chain([Self::Invitation]).find(|method| method.name() == name)
    }
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// One enrolled factor, unsealed for the length of a login.
#[derive(Debug, Clone)]
pub struct Authenticator {
    pub id: AuthenticatorId,
    pub user: UserId,
    pub method: Method,
    pub label: String,
    /// The factor's own record (key, parameters), in the factor's own form.
    pub secret: SecretBytes,
    /// The highest counter that was ever accepted. The store refuses to spend this one or a lower one again.
    pub high_water: i64,
    /// What the factor learned from successes (a clock that runs ahead), in the factor's own unit.
    pub drift: i32,
    /// Enrolled to the end: its owner showed once that it works. Only such a one counts at a login.
    pub confirmed: bool,
    /// The one its owner wants to be asked first.
    pub preferred: bool,
    pub created: Timestamp,
    pub last_used: Option<Timestamp>,
}

/// What a right answer used up. The store spends it in the transaction that decides, or the login is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spend {
    /// A counter: everything up to it is used up.
    Step { authenticator: AuthenticatorId, step: i64, drift: i32 },
    /// A thing that exists once.
    Item { authenticator: AuthenticatorId, item: String },
    /// Nothing but the attempt itself, which ends once.
    Attempt { authenticator: AuthenticatorId },
}

impl Spend {
    pub fn authenticator(&self) -> AuthenticatorId {
        match self {
            Self::Step { authenticator, .. } | Self::Item { authenticator, .. } | Self::Attempt { authenticator } => {
                *authenticator
            }
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checked {
    /// Right, if the store agrees that this was not used before.
    Right(Spend),
    Wrong,
    /// Properly given, but with another number than the login shows: somebody approves what is not theirs.
    WrongNumber,
    /// It would be right, but its counter was used before.
    UsedBefore(AuthenticatorId),
    /// Not an answer for this factor at all (letters where digits belong).
    NotMine,
}

/// One kind of second factor.
#[async_trait]
pub trait SecondFactor: Send + Sync {
    fn method(&self) -> Method;

    /// Whether this kind can be used over that channel, or with what was typed.
    fn fits(&self, channel: &Channel, passcode: Option<&Passcode>) -> bool;

    /// Whether the person answers by typing a code where they sign in. The others are answered elsewhere (a phone).
    fn is_typed(&self) -> bool;

    /// Begin a challenge: ring the phone, draw the code. Nothing to do for a code the person already holds.
    async fn start(&self, _who: &Identity, _with: &[Authenticator], _challenge: &Challenge) -> Result<(), PortError> {
        Ok(())
    }

    /// The login went away or was decided: take the challenge back.
    async fn withdraw(&self, _with: &[Authenticator], _challenge: &Challenge) {}

    /// Judge an answer against the person's authenticators of this kind. `challenge` is what they were asked, where this
    /// factor asked them anything; what was signed for another challenge is wrong for this one.
    async fn check(
        &self,
        challenge: Option<&Challenge>,
        with: &[Authenticator],
        answer: &Answer,
        now: Timestamp,
    ) -> Result<Checked, PortError>;
}
