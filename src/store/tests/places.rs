//! Where a test's store is kept, and what tests make in it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use uuid::Uuid;
use vestibule_engine::{
    AttemptId, AuditEvent, AuditRecord, AuthenticatorId, Budget, Carried, Committed, Crowd, Decision, FirstFactor,
    Method, NewAuthenticator, NewUser, OpenAttempt, Person, Position, SecretBytes, Spend, Store, Subject, Timestamp,
    Token, TokenKind, Transition, Turn, User, UserId,
};
use vestibule_peers::postgres::Postgres;

use crate::config::PostgresSettings;
use crate::{Handle, Keyring, OpenError, Opening, StoreSettings, open};

/// 2026-01-01, in the afternoon.
pub(super) const NOW: Timestamp = Timestamp::from_secs(1_767_276_000);
pub(super) const NODE: &str = "one";

pub(super) enum Place {
    File(TempDir),
    Server(&'static Postgres, String),
}

impl Place {
    pub(super) fn file() -> Self {
        Self::File(tempfile::tempdir().unwrap())
    }

    /// Nothing where PostgreSQL is not installed.
    pub(super) async fn server() -> Option<Self> {
        let server = Postgres::shared().await.unwrap()?;
        Some(Self::Server(server, server.create_database().unwrap()))
    }

    pub(super) fn path(&self) -> PathBuf {
        match self {
            Self::File(folder) => folder.path().join("vestibule.db"),
            Self::Server(..) => panic!("a server has no file"),
        }
    }

    pub(super) fn settings(&self) -> StoreSettings {
        match self {
            Self::File(_) => StoreSettings::Sqlite { path: self.path() },
            Self::Server(server, database) => StoreSettings::Postgres(PostgresSettings {
                host: server.socket_folder().display().to_string(),
                port: server.port(),
                user: server.user().to_owned(),
                password: None,
                database: database.clone(),
                tls: None,
                connections: 6,
                witness_folder: None,
            }),
        }
    }

    pub(super) async fn try_open(&self, keys: Keyring, node: &str, opening: Opening) -> Result<Arc<Handle>, OpenError> {
        open(self.settings(), keys, node, opening, NOW).await
    }

    pub(super) async fn open(&self) -> Arc<Handle> {
        self.try_open(keyring(1), NODE, Opening::Create).await.unwrap()
    }

    pub(super) async fn open_as(&self, node: &str) -> Arc<Handle> {
        self.try_open(keyring(1), node, Opening::Create).await.unwrap()
    }

    /// Meddle with the database behind our back.
    pub(super) fn meddle(&self, sql: &str) {
        match self {
            Self::File(_) => {
                let connection = rusqlite::Connection::open(self.path()).unwrap();
                connection.busy_timeout(Duration::from_secs(5)).unwrap();
                connection.execute_batch(sql).unwrap();
            }
            Self::Server(server, database) => drop(server.sql(database, sql).unwrap()),
        }
    }

    /// What the database holds, past the store.
    pub(super) fn number(&self, sql: &str) -> i64 {
        match self {
            Self::File(_) => {
                let connection = rusqlite::Connection::open(self.path()).unwrap();
                connection.query_row(sql, [], |row| row.get(0)).unwrap()
            }
            Self::Server(server, database) => server.sql(database, sql).unwrap().trim().parse().unwrap(),
        }
    }
}

pub(super) fn keyring(octet: u8) -> Keyring {
    Keyring::new(&SecretBytes::new(vec![octet; 32]), &[]).unwrap()
}

pub(super) fn after(seconds: u64) -> Timestamp {
    NOW.after(Duration::from_secs(seconds))
}

pub(super) fn person(name: &str) -> Person {
    Person {
        subject: Subject { source: "company".into(), id: format!("id-of-{name}"), name: name.into() },
        groups: vec!["staff".into()],
        display_name: Some(format!("{name} Example")),
        mail: Some(format!("{name}@example.org")),
        carried: Carried::default(),
    }
}

pub(super) fn new_user(name: &str) -> NewUser {
    NewUser {
        name: name.into(),
        display_name: None,
        mail: None,
        groups: vec!["staff".into()],
        password_hash: Some(SecretBytes::new("$argon2id$canary-hash")),
    }
}

pub(super) async fn alice(store: &Handle) -> User {
    store.adopt(&person("alice"), NOW).await.unwrap()
}

/// An authenticator of this user whose steps up to 100 are used.
pub(super) async fn enrolled(store: &Handle, user: UserId, method: Method) -> AuthenticatorId {
    let id = AuthenticatorId(Uuid::new_v4());
    store.add_authenticator(new_authenticator(id, user, method, true), "test", NOW).await.unwrap();
    id
}

pub(super) fn new_authenticator(
    id: AuthenticatorId,
    user: UserId,
    method: Method,
    confirmed: bool,
) -> NewAuthenticator {
    let secret = SecretBytes::new("canary-seed");
    NewAuthenticator { id, user, method, label: "phone".into(), secret, confirmed, high_water: 100 }
}

pub(super) fn attempt_id() -> AttemptId {
    AttemptId(Uuid::new_v4())
}

pub(super) fn step(authenticator: AuthenticatorId, step: i64) -> Spend {
    Spend::Step { authenticator, step, drift: 1 }
}

pub(super) fn item(authenticator: AuthenticatorId, item: &str) -> Spend {
    Spend::Item { authenticator, item: item.into() }
}

pub(super) fn open_position(user: Option<UserId>) -> Position {
    let payload = SecretBytes::new("canary-payload");
    Position::Open(OpenAttempt {
        user,
        coalesce: None,
        turn: Turn(u64::MAX - 1),
        expires: after(60),
        ringing: None,
        payload,
    })
}

pub(super) fn ringing_position(user: UserId, service: &str) -> Position {
    let Position::Open(open) = open_position(Some(user)) else { panic!("not open") };
    Position::Open(OpenAttempt { ringing: Some(service.into()), ..open })
}

/// A login that rings this user's phone, unless too many do.
pub(super) fn rings(user: UserId, service: &str, of_service: u32, in_all: u32) -> Transition {
    Transition {
        to: Some(ringing_position(user, service)),
        unless_crowded: Some(Crowd { user, service: service.into(), of_service, in_all }),
        ..decided(Some(user))
    }
}

pub(super) fn token(kind: TokenKind, number: u8, user: Option<UserId>) -> Token {
    let payload = SecretBytes::new("canary-token");
    Token { kind, digest: [number; 32], user, payload, created: NOW, expires: after(600) }
}

/// A login that is decided in one step, with its audit record.
pub(super) fn decided(user: Option<UserId>) -> Transition {
    let mut change = Transition::new(attempt_id(), NOW);
    change.audit = vec![decision(change.attempt, user)];
    change
}

pub(super) fn decision(attempt: AttemptId, user: Option<UserId>) -> AuditRecord {
    let decision = Decision {
        attempt,
        allowed: true,
        denial: None,
        typed: "Alice".into(),
        user,
        name: None,
        service: "radius/vpn".into(),
        address: "192.0.2.1".into(),
        station: None,
        first_factor: FirstFactor::Accepted,
        methods: vec![Method::Totp],
        authenticator: None,
        client: None,
        remembered: false,
        rule: None,
        took: 1,
    };
    AuditRecord::new(NOW, AuditEvent::LoginDecided(Box::new(decision)))
}

pub(super) fn budget(tries: u32) -> Budget {
    let [wait_first, wait_max, forget_after] = [30, 900, 3600].map(Duration::from_secs);
    Budget { tries, wait_first, wait_max, forget_after }
}

pub(super) fn is_done(committed: &Committed) -> bool {
    matches!(committed, Committed::Done { .. })
}

pub(super) async fn audit_lines(store: &Handle) -> usize {
    store.audit_tail(100_000, None).await.unwrap().len()
}
