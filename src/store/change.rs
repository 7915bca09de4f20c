//! Everything that can be changed, as values: what travels from a caller to the writer, and what comes back.

use std::collections::HashSet;

use vestibule_engine::{
    AuditRecord, AuthenticatorId, Bell, Committed, Delivery, DeviceMark, NewAuthenticator, NewUser, Person,
    SecretBytes, Spend, Timestamp, Token, TokenKind, Transition, TrustId, User, UserChange, UserId,
};

use crate::audit::{self, Chain, Head};
use crate::fault::Fault;
use crate::rotation;
use crate::session::Session;
use crate::writer::Desk;
use crate::{accounts, deliveries, devices, kept, tokens, trust};

#[derive(Debug)]
pub(crate) enum Change {
    Transition(Box<Transition>),
    Record(Vec<AuditRecord>),
    Adopt(Box<Person>),
    CreateUser(NewUser),
    EditUser(UserId, UserChange),
    DeleteUser(UserId),
    AddAuthenticator(Box<NewAuthenticator>),
    ConfirmAuthenticator(AuthenticatorId, Spend),
    RemoveAuthenticator(AuthenticatorId),
    LabelAuthenticator(AuthenticatorId, String),
    ResealAuthenticator(AuthenticatorId, SecretBytes),
    PreferAuthenticator(UserId, Option<AuthenticatorId>),
    ClearLocks(UserId),
    RevokeTrust(TrustId),
    SetPush(AuthenticatorId, Option<SecretBytes>),
    /// As of the order's time.
    DropPush(AuthenticatorId, String),
    MarkDevice(AuthenticatorId, DeviceMark),
    NoteDelivery(Delivery),
    PutToken(Box<Token>),
    TakeToken(TokenKind, [u8; 32]),
    EditToken(TokenKind, [u8; 32], SecretBytes, Timestamp),
    DropTokens(UserId, TokenKind),
    Keep(String, SecretBytes),
    Sweep {
        over: Timestamp,
        counted: Timestamp,
    },
    /// Write the ends of the other nodes' chains into ours, but for those in the list that did not move.
    Witness {
        known: Vec<(String, Head)>,
    },
    Reseal(rotation::Column),
    FinishRotation {
        rows: u64,
    },
}

/// A change, by whom and when.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) change: Change,
    pub(crate) by: String,
    pub(crate) now: Timestamp,
}

#[derive(Debug)]
pub(crate) enum Outcome {
    Committed(Committed),
    User(Box<User>),
    Token(Option<Box<Token>>),
    Kept(SecretBytes),
    Flag(bool),
    Count(u64),
    Heads(Vec<(String, Head)>),
    Done,
}

impl Change {
    /// Whether it can share a transaction with others: its checks need no statements of their own, or it touches one row
    /// that no login reads.
    pub(crate) fn is_grouped(&self) -> bool {
        matches!(self, Self::Transition(_) | Self::Record(_)) || self.row().is_some()
    }

    /// The one row of devices, deliveries or tokens that it touches. Those of a group are taken in this order, so that
    /// two nodes never wait for one another in a circle.
    pub(crate) fn row(&self) -> Option<(u8, String)> {
        match self {
            Self::SetPush(id, _) | Self::DropPush(id, _) | Self::MarkDevice(id, _) => Some((0, id.to_string())),
            Self::NoteDelivery(Delivery { attempt, authenticator, state, .. }) => {
                Some((1, format!("{attempt}|{authenticator}|{}", state.name())))
            }
            Self::PutToken(token) => Some((2, tokens::row(token.kind, &token.digest))),
            Self::TakeToken(kind, digest) | Self::EditToken(kind, digest, ..) => Some((2, tokens::row(*kind, digest))),
            _ => None,
        }
    }

    /// A user who must be there and enabled, and stay so until this is done.
    pub(crate) fn needs_user(&self) -> Option<UserId> {
        match self {
            Self::PutToken(token) => token.user,
            _ => None,
        }
    }
}

impl Order {
    /// Carry out a change that has a transaction to itself, or that touches one row beside others. What it moves is added
    /// to `rings`.
    pub(crate) async fn carry_out(
        &self,
        session: &mut Session,
        desk: &Desk,
        chain: &mut Chain,
        rings: &mut HashSet<Bell>,
    ) -> Result<Outcome, Fault> {
        let (keyring, by, now) = (&desk.keyring, self.by.as_str(), self.now);
        match &self.change {
            Change::Transition(_) | Change::Record(_) => Err(Fault::damaged("a grouped change was taken alone")),
            Change::Adopt(person) => {
                accounts::adopt(session, chain, person, now).await.map(Box::new).map(Outcome::User)
            }
            Change::CreateUser(new) => {
                accounts::create(session, keyring, chain, new, by, now).await.map(Box::new).map(Outcome::User)
            }
            Change::EditUser(user, change) => {
                // Their phone looks whether it may still answer.
                rings.insert(Bell::User(*user));
                accounts::change(session, keyring, chain, *user, change, by, now).await.map(|()| Outcome::Done)
            }
            Change::DeleteUser(user) => {
                let gone = accounts::delete(session, chain, *user, by, now).await?;
                rings.extend(gone.into_iter().map(Bell::Attempt).chain([Bell::User(*user)]));
                Ok(Outcome::Done)
            }
            Change::AddAuthenticator(new) => {
                accounts::add(session, keyring, chain, new, by, now).await.map(|()| Outcome::Done)
            }
            Change::ConfirmAuthenticator(id, spend) => {
                accounts::confirm(session, keyring, chain, *id, spend, now).await.map(Outcome::Flag)
            }
            Change::RemoveAuthenticator(id) => {
                rings.insert(Bell::User(accounts::remove(session, chain, *id, by, now).await?));
                Ok(Outcome::Done)
            }
            Change::LabelAuthenticator(id, label) => {
                accounts::label(session, keyring, chain, *id, label, by, now).await.map(|()| Outcome::Done)
            }
            Change::ResealAuthenticator(id, secret) => {
                accounts::reseal(session, keyring, chain, *id, secret, now).await.map(|()| Outcome::Done)
            }
            Change::PreferAuthenticator(user, preferred) => {
                accounts::prefer(session, chain, *user, *preferred, now).await.map(|()| Outcome::Done)
            }
            Change::ClearLocks(user) => {
                accounts::clear_locks(session, chain, *user, by, now).await.map(|()| Outcome::Done)
            }
            Change::RevokeTrust(id) => trust::revoke(session, chain, *id, by, now).await.map(Outcome::Flag),
            Change::SetPush(id, push) => {
                devices::set_push(session, keyring, *id, push.as_ref(), now).await.map(|()| Outcome::Done)
            }
            Change::DropPush(id, why) => devices::drop_push(session, *id, now, why).await.map(|()| Outcome::Done),
            Change::MarkDevice(id, mark) => devices::mark(session, *id, mark, now).await.map(|()| Outcome::Done),
            Change::NoteDelivery(delivery) => deliveries::note(session, chain, delivery).await.map(Outcome::Flag),
            Change::PutToken(token) => tokens::put(session, keyring, token).await.map(|()| Outcome::Done),
            Change::TakeToken(kind, digest) => {
                let taken = tokens::take(session, keyring, *kind, digest, now).await?;
                Ok(Outcome::Token(taken.map(Box::new)))
            }
            Change::EditToken(kind, digest, payload, expires) => {
                tokens::change(session, keyring, *kind, digest, payload, *expires).await.map(Outcome::Flag)
            }
            Change::DropTokens(user, kind) => tokens::drop_of(session, *user, *kind).await.map(Outcome::Count),
            Change::Keep(name, value) => kept::keep(session, keyring, name, value).await.map(Outcome::Kept),
            Change::Sweep { over, counted } => sweep(session, *over, *counted).await.map(Outcome::Count),
            Change::Witness { known } => audit::witness(session, desk, chain, known, now).await.map(Outcome::Heads),
            Change::Reseal(column) => rotation::reseal(session, desk, *column).await.map(Outcome::Count),
            Change::FinishRotation { rows } => {
                rotation::finish(session, desk, chain, *rows, by, now).await.map(|()| Outcome::Done)
            }
        }
    }
}

/// How much one sweep removes at once, so that logins do not wait behind it.
pub(crate) const SWEEP_ROWS: u64 = 500;

async fn sweep(session: &mut Session, over: Timestamp, counted: Timestamp) -> Result<u64, Fault> {
    let sweeps = [
        // The engine ends what nobody answered within seconds; what is open this long can be read by nobody.
        ("DELETE FROM attempts WHERE id IN (SELECT id FROM attempts WHERE expires < $1 LIMIT $2)", over),
        (
            "DELETE FROM counters WHERE name IN (SELECT name FROM counters WHERE last_failure < $1 \
             AND (locked_until IS NULL OR locked_until < $1) LIMIT $2)",
            counted,
        ),
        (
            // Not of an attempt that is still there: one may have been reported late.
            "DELETE FROM deliveries WHERE attempt IN (SELECT d.attempt FROM deliveries d WHERE d.at < $1 \
             AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.id = d.attempt) LIMIT $2)",
            over,
        ),
        (
            "DELETE FROM tokens WHERE (kind, digest) IN (SELECT t.kind, t.digest FROM tokens t WHERE t.expires < $1 \
             LIMIT $2)",
            over,
        ),
        ("DELETE FROM trust WHERE id IN (SELECT id FROM trust WHERE expires < $1 LIMIT $2)", over),
    ];
    let rows = i64::try_from(SWEEP_ROWS).unwrap_or(i64::MAX);
    let mut most = 0;
    for (sql, before) in sweeps {
        most = most.max(session.execute(sql, &[before.into(), rows.into()]).await?);
    }
    Ok(most)
}
