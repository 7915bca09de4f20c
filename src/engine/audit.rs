//! What is written down. One closed set of events; a new kind of thing that happens is a new variant here.

use serde::{Deserialize, Serialize};

use crate::{AttemptId, AuthenticatorId, Denial, Method, Timestamp, TrustId, UserId};

/// One line of the audit log, before the store gives it its place in the chain.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AuditRecord {
    pub at: Timestamp,
    #[serde(flatten)]
    pub event: AuditEvent,
}

/// How the primary login ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FirstFactor {
    NotAsked,
    Accepted,
    Refused,
}

/// The one record that every login ends with (LOG-01).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Decision {
    pub attempt: AttemptId,
    pub allowed: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denial: Option<Denial>,
    /// The name as it was typed.
    pub typed: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub service: String,
    pub address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub station: Option<String>,
    pub first_factor: FirstFactor,
    pub methods: Vec<Method>,
    /// The authenticator that was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authenticator: Option<AuthenticatorId>,
    /// Browser or device, as it calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub remembered: bool,
    /// The policy rule that decided; nothing where policy was not reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// From the first octet to the verdict, in microseconds.
    pub took: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "event")]
pub enum AuditEvent {
    #[serde(rename = "login.decided")]
    LoginDecided(Box<Decision>),
    /// The login ended without a verdict: something we depend on failed. Nobody was let in.
    #[serde(rename = "login.undecided")]
    LoginUndecided { attempt: AttemptId, typed: String, service: String, why: String },
    #[serde(rename = "login.prompted")]
    LoginPrompted { attempt: AttemptId, user: Option<UserId>, methods: Vec<Method> },
    /// An answer that belongs to no open login, or to an earlier question of one.
    #[serde(rename = "answer.refused")]
    AnswerRefused { attempt: AttemptId, typed: String, service: String, address: String, why: Denial },
    #[serde(rename = "factor.failed")]
    FactorFailed { attempt: AttemptId, user: UserId, why: Denial },
    /// A phone said yes; the login has yet to come for it.
    #[serde(rename = "factor.approved")]
    FactorApproved { attempt: AttemptId, user: UserId, authenticator: AuthenticatorId, method: Method },
    /// Somebody declined on a phone, or gave a wrong number.
    #[serde(rename = "factor.declined")]
    FactorDeclined { attempt: AttemptId, user: UserId, authenticator: AuthenticatorId, method: Method, why: Denial },
    /// Alert: a person says that a login with their password is not theirs.
    #[serde(rename = "login.reported")]
    LoginReported {
        attempt: AttemptId,
        user: UserId,
        authenticator: Option<AuthenticatorId>,
        service: String,
        address: String,
    },
    /// An answer of a phone that belongs to nothing open, or was not properly given.
    #[serde(rename = "push.refused")]
    PushRefused { attempt: AttemptId, user: UserId, authenticator: AuthenticatorId, why: Denial },
    /// A phone was not rung, because it rings or rang too often.
    #[serde(rename = "push.withheld")]
    PushWithheld { attempt: AttemptId, user: UserId, service: String },
    /// How far a request to a phone got.
    #[serde(rename = "push.delivery")]
    PushDelivery { attempt: AttemptId, user: UserId, authenticator: AuthenticatorId, state: crate::DeliveryState },
    /// The login went away before it was decided.
    #[serde(rename = "login.withdrawn")]
    LoginWithdrawn { attempt: AttemptId, why: crate::Withdrawn },
    #[serde(rename = "session.started")]
    SessionStarted { user: UserId, methods: Vec<Method>, address: String },
    #[serde(rename = "session.ended")]
    SessionEnded { user: UserId, by: String },
    #[serde(rename = "user.invited")]
    UserInvited { user: UserId, authenticator: AuthenticatorId, until: Timestamp, by: String },
    #[serde(rename = "authenticator.changed")]
    AuthenticatorChanged { user: UserId, authenticator: AuthenticatorId, what: String, by: String },
    #[serde(rename = "lock.started")]
    LockStarted { counter: String, until: Timestamp },
    #[serde(rename = "lock.cleared")]
    LockCleared { user: UserId, by: String },
    #[serde(rename = "user.created")]
    UserCreated { user: UserId, name: String, source: String, by: String },
    #[serde(rename = "user.changed")]
    UserChanged { user: UserId, what: String, by: String },
    #[serde(rename = "user.deleted")]
    UserDeleted { user: UserId, name: String, by: String },
    #[serde(rename = "authenticator.added")]
    AuthenticatorAdded { user: UserId, authenticator: AuthenticatorId, method: Method, label: String, by: String },
    #[serde(rename = "authenticator.confirmed")]
    AuthenticatorConfirmed { user: UserId, authenticator: AuthenticatorId },
    #[serde(rename = "authenticator.removed")]
    AuthenticatorRemoved { user: UserId, authenticator: AuthenticatorId, method: Method, by: String },
    #[serde(rename = "trust.granted")]
    TrustGranted { user: UserId, trust: TrustId, service: String, station: String, until: Timestamp },
    #[serde(rename = "trust.revoked")]
    TrustRevoked {
        user: UserId,
        trust: TrustId,
        /// What was remembered, as it was granted. Older lines do not say.
        #[serde(default)]
        service: String,
        #[serde(default)]
        station: String,
        by: String,
    },
    /// Alert: the account of a program signed in from an address it was never seen at.
    #[serde(rename = "service-account.new-address")]
    ServiceAccountNewAddress { user: UserId, account: String, service: String, address: String },
    /// Alert: somebody tried the account of a program from where it may not be used, or after its time.
    #[serde(rename = "service-account.misused")]
    ServiceAccountMisused { account: String, service: String, address: String, why: String },
    /// A person made a password for one program.
    #[serde(rename = "app-password.made")]
    AppPasswordMade { user: UserId, service: String, label: String, by: String },
    #[serde(rename = "app-password.revoked")]
    AppPasswordRevoked { user: UserId, service: String, label: String, by: String },
    /// An administrator is about to do something to somebody in the console. It stands before what they do, which has
    /// events of its own: where those are missing, it came to nothing.
    #[serde(rename = "console.acted")]
    ConsoleActed { user: UserId, by: String, what: String, reason: String },
    #[serde(rename = "gateway.started")]
    GatewayStarted { version: String, config: String },
    #[serde(rename = "gateway.stopped")]
    GatewayStopped { open_attempts: u64 },
    #[serde(rename = "config.reloaded")]
    ConfigReloaded { config: String },
    #[serde(rename = "config.refused")]
    ConfigRefused { problems: u32 },
    #[serde(rename = "key.rotated")]
    KeyRotated { key: String, rows: u64, by: String },
    /// Another node's head, written into this chain.
    #[serde(rename = "audit.witness")]
    AuditWitness { node: String, sequence: u64, hash: String },
    /// The database is older than what was last seen of it: somebody restored a backup.
    #[serde(rename = "store.restored")]
    StoreRestored { missing: u64 },
}

impl AuditEvent {
    /// The event's id, as it stands in the log.
    pub fn id(&self) -> &'static str {
        match self {
            Self::LoginDecided(_) => "login.decided",
            Self::LoginUndecided { .. } => "login.undecided",
            Self::LoginPrompted { .. } => "login.prompted",
            Self::AnswerRefused { .. } => "answer.refused",
            Self::FactorFailed { .. } => "factor.failed",
            Self::FactorApproved { .. } => "factor.approved",
            Self::FactorDeclined { .. } => "factor.declined",
            Self::LoginReported { .. } => "login.reported",
            Self::PushRefused { .. } => "push.refused",
            Self::PushWithheld { .. } => "push.withheld",
            Self::PushDelivery { .. } => "push.delivery",
            Self::LoginWithdrawn { .. } => "login.withdrawn",
            Self::SessionStarted { .. } => "session.started",
            Self::SessionEnded { .. } => "session.ended",
            Self::UserInvited { .. } => "user.invited",
            Self::AuthenticatorChanged { .. } => "authenticator.changed",
            Self::LockStarted { .. } => "lock.started",
            Self::LockCleared { .. } => "lock.cleared",
            Self::UserCreated { .. } => "user.created",
            Self::UserChanged { .. } => "user.changed",
            Self::UserDeleted { .. } => "user.deleted",
            Self::AuthenticatorAdded { .. } => "authenticator.added",
            Self::AuthenticatorConfirmed { .. } => "authenticator.confirmed",
            Self::AuthenticatorRemoved { .. } => "authenticator.removed",
            Self::TrustGranted { .. } => "trust.granted",
            Self::TrustRevoked { .. } => "trust.revoked",
            Self::ServiceAccountNewAddress { .. } => "service-account.new-address",
            Self::ServiceAccountMisused { .. } => "service-account.misused",
            Self::AppPasswordMade { .. } => "app-password.made",
            Self::AppPasswordRevoked { .. } => "app-password.revoked",
            Self::ConsoleActed { .. } => "console.acted",
            Self::GatewayStarted { .. } => "gateway.started",
            Self::GatewayStopped { .. } => "gateway.stopped",
            Self::ConfigReloaded { .. } => "config.reloaded",
            Self::ConfigRefused { .. } => "config.refused",
            Self::KeyRotated { .. } => "key.rotated",
            Self::AuditWitness { .. } => "audit.witness",
            Self::StoreRestored { .. } => "store.restored",
        }
    }

    /// Whom it is about.
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::LoginDecided(decision) => decision.user,
            Self::LoginPrompted { user, .. } => *user,
            Self::FactorFailed { user, .. }
            | Self::FactorApproved { user, .. }
            | Self::FactorDeclined { user, .. }
            | Self::LoginReported { user, .. }
            | Self::PushRefused { user, .. }
            | Self::PushWithheld { user, .. }
            | Self::PushDelivery { user, .. }
            | Self::SessionStarted { user, .. }
            | Self::SessionEnded { user, .. }
            | Self::UserInvited { user, .. }
            | Self::AuthenticatorChanged { user, .. }
            | Self::LockCleared { user, .. }
            | Self::UserCreated { user, .. }
            | Self::UserChanged { user, .. }
            | Self::UserDeleted { user, .. }
            | Self::AuthenticatorAdded { user, .. }
            | Self::AuthenticatorConfirmed { user, .. }
            | Self::AuthenticatorRemoved { user, .. }
            | Self::TrustGranted { user, .. }
            | Self::TrustRevoked { user, .. }
            | Self::ServiceAccountNewAddress { user, .. }
            | Self::AppPasswordMade { user, .. }
            | Self::AppPasswordRevoked { user, .. }
            | Self::ConsoleActed { user, .. } => Some(*user),
            _ => None,
        }
    }
}

impl AuditRecord {
    pub fn new(at: Timestamp, event: AuditEvent) -> Self {
        Self { at, event }
    }
}
