//! The port to what lasts. Two adapters implement it, and one suite of tests runs over both.
//!
//! Every change of a login is one [`Transition`]: the compare-and-set on the attempt, what it spends, what it counts and
//! its audit record commit together or not at all. Reads never see half of one.

use async_trait::async_trait;
use serde::Serialize;

use crate::{
    AttemptId, AuditRecord, Authenticator, AuthenticatorId, Bells, Budget, CoalesceKey, Counter, CounterKey, Delivery,
    Device, DeviceMark, Method, Person, SecretBytes, Spend, Station, Subject, Timestamp, Token, TokenKind, TrustId,
    Turn, UserId,
};

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Full disk, lost connection, lock held too long: it may work again later.
    #[error("{doing}")]
    Unavailable {
        doing: String,
        #[source]
        cause: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// Damaged data, a key that does not open it, a schema we do not know: nothing here can be relied on.
    #[error("{doing}")]
    Damaged {
        doing: String,
        #[source]
        cause: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// Somebody asked for something that cannot be: a name that is taken, a user that is not there.
    #[error("{0}")]
    Refused(String),
}

/// A person as the store knows them.
#[derive(Debug, Clone, Serialize)]
pub struct User {
    pub id: UserId,
    pub subject: Subject,
    pub display_name: Option<String>,
    pub mail: Option<String>,
    /// As the source said at the last login; for local users, as an administrator set them.
    pub groups: Vec<String>,
    pub enabled: bool,
    pub created: Timestamp,
    pub last_login: Option<Timestamp>,
}

/// A local user with what checks their password.
#[derive(Debug, Clone)]
pub struct LocalAccount {
    pub user: User,
    /// An argon2id hash in PHC form; `None` where no password was set yet.
    pub password_hash: Option<SecretBytes>,
}

#[derive(Debug, Clone)]
pub struct NewUser {
    pub name: String,
    pub display_name: Option<String>,
    pub mail: Option<String>,
    pub groups: Vec<String>,
    pub password_hash: Option<SecretBytes>,
}

/// One change to a user, by an administrator.
#[derive(Debug, Clone)]
pub enum UserChange {
    Enabled(bool),
    Groups(Vec<String>),
    PasswordHash(SecretBytes),
    DisplayName(Option<String>),
    Mail(Option<String>),
}

#[derive(Debug, Clone)]
pub struct NewAuthenticator {
    /// Chosen by the caller, because it is part of what the secret is sealed to.
    pub id: AuthenticatorId,
    pub user: UserId,
    pub method: Method,
    pub label: String,
    pub secret: SecretBytes,
    pub confirmed: bool,
    /// What its enrolment already used up (the code that proved it).
    pub high_water: i64,
}

/// An attempt that waits for somebody.
#[derive(Debug, Clone)]
pub struct OpenAttempt {
    pub user: Option<UserId>,
    pub coalesce: Option<CoalesceKey>,
    pub turn: Turn,
    pub expires: Timestamp,
    /// `door/name` of the service for which the person's phone rings, until its approval is collected. Few of these are
    /// open at once.
    pub ringing: Option<String>,
    /// The engine's record of the attempt. Sealed at rest: it holds what the primary answered.
    pub payload: SecretBytes,
}

/// How an attempt ended, for those who wait for it elsewhere.
#[derive(Debug, Clone)]
pub struct Ended {
    pub allowed: bool,
    /// The engine's record of the verdict, sealed at rest.
    pub payload: SecretBytes,
}

#[derive(Debug, Clone)]
pub struct AttemptRow {
    pub id: AttemptId,
    /// Grows by one with every transition; the compare-and-set compares it.
    pub version: u32,
    pub position: Position,
}

#[derive(Debug, Clone)]
pub enum Position {
    Open(OpenAttempt),
    Ended(Ended),
}

/// A failure to count, and by which budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    pub key: CounterKey,
    pub budget: Budget,
}

/// A station whose owner gave a factor there, and until when that counts.
#[derive(Debug, Clone, Serialize)]
pub struct TrustEntry {
    pub id: TrustId,
    pub user: UserId,
    /// `door/name`.
    pub service: String,
    pub station: Station,
    /// The factor that was given. A rule that does not allow it does not accept its memory either.
    pub method: Method,
    pub granted: Timestamp,
    pub until: Timestamp,
}

/// How many logins may ring one person's phone at the same time, the one that is about to included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crowd {
    pub user: UserId,
    /// `door/name`.
    pub service: String,
    pub of_service: u32,
    pub in_all: u32,
}

/// One atomic change of one login.
#[derive(Debug, Clone)]
pub struct Transition {
    pub attempt: AttemptId,
    /// The version the attempt must have now; `None`: there must be no such attempt yet.
    pub from: Option<u32>,
    /// What it becomes. `None` with `from: None`: the login began and ended in one step, and no row is kept.
    pub to: Option<Position>,
    /// If any of these counters is locked at `now`, nothing happens: [`Committed::Locked`].
    pub unless_locked: Vec<CounterKey>,
    /// If this user is disabled or gone by now, nothing happens: [`Committed::UserGone`].
    pub if_enabled: Option<UserId>,
    /// If any of these was spent before, or its authenticator is gone, nothing happens: [`Committed::Spent`].
    pub spend: Vec<Spend>,
    /// If this trust entry is gone or over, nothing happens: [`Committed::TrustGone`].
    pub relies_on: Option<TrustId>,
    /// If as many as this ring already (others that have not expired), nothing happens: [`Committed::Crowded`].
    pub unless_crowded: Option<Crowd>,
    pub charge: Vec<Charge>,
    pub clear: Vec<CounterKey>,
    /// Forget this user's trust entries and sessions: what a stranger may have won.
    pub forget: Option<UserId>,
    /// Replaces an older entry of the same user, service and station.
    pub trust: Option<TrustEntry>,
    /// Sets the user's time of last login.
    pub signed_in: Option<UserId>,
    pub audit: Vec<AuditRecord>,
    pub now: Timestamp,
}

impl Transition {
    pub fn new(attempt: AttemptId, now: Timestamp) -> Self {
        Self {
            attempt,
            from: None,
            to: None,
            unless_locked: Vec::new(),
            if_enabled: None,
            spend: Vec::new(),
            relies_on: None,
            unless_crowded: None,
            charge: Vec::new(),
            clear: Vec::new(),
            forget: None,
            trust: None,
            signed_in: None,
            audit: Vec::new(),
            now,
        }
    }
}

/// What became of a [`Transition`]. Everything but `Done` means that nothing at all was changed.
#[derive(Debug, Clone)]
pub enum Committed {
    /// Durable. Holds the counters that this change locked.
    Done {
        locked: Vec<(CounterKey, Timestamp)>,
    },
    /// Somebody else moved the attempt first, or it is gone.
    Moved(Option<AttemptRow>),
    Spent,
    Locked(Timestamp),
    UserGone,
    TrustGone,
    Crowded,
}

/// One audit record in its place.
#[derive(Debug, Clone, Serialize)]
pub struct AuditLine {
    pub node: String,
    pub sequence: u64,
    pub record: AuditRecord,
    /// SHA-256 over the hash before it and this record, in hexadecimal.
    pub hash: String,
}

#[async_trait]
pub trait Store: Send + Sync {
    // A login.

    async fn user_of(&self, subject: &Subject) -> Result<Option<User>, StoreError>;

    /// The user of this person, made now if need be (just in time), with groups, mail and name brought up to date.
    /// Writes only where something changed.
    async fn adopt(&self, person: &Person, now: Timestamp) -> Result<User, StoreError>;

    async fn local_account(&self, canonical_name: &str) -> Result<Option<LocalAccount>, StoreError>;

    /// The user's authenticators, those not yet confirmed included.
    async fn authenticators(&self, user: UserId) -> Result<Vec<Authenticator>, StoreError>;

    /// In the order of `keys`; a key never counted is an empty counter.
    async fn counters(&self, keys: &[CounterKey]) -> Result<Vec<Counter>, StoreError>;

    async fn attempt(&self, id: AttemptId) -> Result<Option<AttemptRow>, StoreError>;

    /// The open attempt with that key that has not expired, if any.
    async fn attempt_by_key(&self, key: &CoalesceKey, now: Timestamp) -> Result<Option<AttemptId>, StoreError>;

    async fn commit(&self, change: Transition) -> Result<Committed, StoreError>;

    async fn trusted(
        &self,
        user: UserId,
        service: &str,
        station: &Station,
        now: Timestamp,
    ) -> Result<Option<TrustEntry>, StoreError>;

    /// Rings when an attempt moved ([`Bell::Attempt`]) or what a person is asked changed ([`Bell::User`]), here or on
    /// another node. A hint, not a promise: whoever waits also looks now and then.
    fn bells(&self) -> &Bells;

    /// The open attempts that ring this person's phone, or were approved there and not collected yet, oldest first.
    async fn ringing(&self, user: UserId, now: Timestamp) -> Result<Vec<AttemptRow>, StoreError>;

    /// Open attempts past their time, oldest first, at most `limit`: the engine ends them.
    async fn expired(&self, now: Timestamp, limit: u32) -> Result<Vec<AttemptId>, StoreError>;

    /// Drop attempts and trust entries that were over before `over_before`, and counters without a failure since
    /// `counted_before`. Spent items stay.
    async fn sweep(&self, over_before: Timestamp, counted_before: Timestamp) -> Result<(), StoreError>;

    async fn open_attempts(&self) -> Result<u64, StoreError>;

    // Administration. Every change carries its audit record and commits with it.

    async fn create_user(&self, user: NewUser, audit_by: &str, now: Timestamp) -> Result<User, StoreError>;
    async fn change_user(
        &self,
        user: UserId,
        change: UserChange,
        audit_by: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;
    async fn delete_user(&self, user: UserId, audit_by: &str, now: Timestamp) -> Result<(), StoreError>;
    async fn user(&self, user: UserId) -> Result<Option<User>, StoreError>;
    /// Users whose canonical name, display name or mail contains `search`, by name.
    async fn users(&self, search: Option<&str>, offset: u64, limit: u32) -> Result<Vec<User>, StoreError>;

    async fn add_authenticator(&self, new: NewAuthenticator, audit_by: &str, now: Timestamp) -> Result<(), StoreError>;
    /// Confirm and spend in one: false where the step was spent before or it is confirmed already.
    async fn confirm_authenticator(
        &self,
        id: AuthenticatorId,
        spend: &Spend,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
    async fn remove_authenticator(&self, id: AuthenticatorId, audit_by: &str, now: Timestamp)
    -> Result<(), StoreError>;
    async fn authenticator(&self, id: AuthenticatorId) -> Result<Option<Authenticator>, StoreError>;
    async fn label_authenticator(
        &self,
        id: AuthenticatorId,
        label: &str,
        audit_by: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// Replace the factor's own record (a key for user verification came or went).
    async fn reseal_authenticator(
        &self,
        id: AuthenticatorId,
        secret: SecretBytes,
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// Which of their authenticators the person wants to be asked first; `None`: as the rule says.
    async fn prefer_authenticator(
        &self,
        user: UserId,
        preferred: Option<AuthenticatorId>,
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// The items of an authenticator that were spent (numbers of recovery codes).
    async fn spent_items(&self, id: AuthenticatorId) -> Result<Vec<String>, StoreError>;

    /// Forget the failures counted against this user, of passwords and codes.
    async fn clear_locks(&self, user: UserId, audit_by: &str, now: Timestamp) -> Result<(), StoreError>;

    async fn trust_entries(&self, user: Option<UserId>, now: Timestamp) -> Result<Vec<TrustEntry>, StoreError>;
    async fn revoke_trust(&self, id: TrustId, audit_by: &str, now: Timestamp) -> Result<bool, StoreError>;

    // Devices.

    /// What is known of this person's devices: those that were ever heard of.
    async fn devices(&self, user: UserId) -> Result<Vec<Device>, StoreError>;
    async fn device(&self, id: AuthenticatorId) -> Result<Option<Device>, StoreError>;
    /// Where the device is rung from now on; `None`: nowhere.
    async fn set_push(&self, id: AuthenticatorId, push: Option<SecretBytes>, now: Timestamp) -> Result<(), StoreError>;
    /// Forget where the device is rung, unless it gave another address after `given_by`.
    async fn drop_push(&self, id: AuthenticatorId, given_by: Timestamp, why: &str) -> Result<(), StoreError>;
    async fn mark_device(&self, id: AuthenticatorId, mark: DeviceMark, now: Timestamp) -> Result<(), StoreError>;
    /// Write down how far a request got, with its audit record; false where that is known already.
    async fn note_delivery(&self, delivery: Delivery) -> Result<bool, StoreError>;
    /// In the order in which they happened.
    async fn deliveries(&self, attempt: AttemptId) -> Result<Vec<Delivery>, StoreError>;

    // What holders of a secret may do.

    async fn put_token(&self, token: Token) -> Result<(), StoreError>;
    /// The token, if it is there and not over.
    async fn token(&self, kind: TokenKind, digest: &[u8; 32], now: Timestamp) -> Result<Option<Token>, StoreError>;
    /// Take it away and have it: of many who try, one gets it.
    async fn take_token(&self, kind: TokenKind, digest: &[u8; 32], now: Timestamp)
    -> Result<Option<Token>, StoreError>;
    /// False where there is none any more.
    async fn change_token(
        &self,
        kind: TokenKind,
        digest: &[u8; 32],
        payload: SecretBytes,
        expires: Timestamp,
    ) -> Result<bool, StoreError>;
    async fn tokens_of(&self, user: UserId, kind: TokenKind, now: Timestamp) -> Result<Vec<Token>, StoreError>;
    async fn drop_tokens(&self, user: UserId, kind: TokenKind) -> Result<u64, StoreError>;

    // What the gateway makes once for all nodes: keys of its own.

    async fn kept(&self, name: &str) -> Result<Option<SecretBytes>, StoreError>;
    /// Keep this, unless something is kept under that name already. Returns what is kept.
    async fn keep(&self, name: &str, value: SecretBytes) -> Result<SecretBytes, StoreError>;

    // Audit.

    async fn record(&self, records: Vec<AuditRecord>) -> Result<(), StoreError>;
    /// The newest `limit` lines of all nodes (about one user, if given), oldest first.
    async fn audit_tail(&self, limit: u32, user: Option<UserId>) -> Result<Vec<AuditLine>, StoreError>;
    /// Lines of one node's chain from `sequence` on.
    async fn audit_from(&self, node: &str, sequence: u64, limit: u32) -> Result<Vec<AuditLine>, StoreError>;
    async fn audit_nodes(&self) -> Result<Vec<String>, StoreError>;
}
