//! Everything that can be changed, as values: what travels from a caller to the writer, and what comes back.

use vestibule_engine::{
    AttemptId, AuditRecord, AuthenticatorId, Committed, NewAuthenticator, NewUser, Person, Spend, Timestamp,
    Transition, TrustId, User, UserChange, UserId,
};

use crate::audit::{self, Chain, Head};
use crate::fault::Fault;
use crate::rotation;
use crate::session::Session;
use crate::writer::Desk;
use crate::{accounts, trust};

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
    ClearLocks(UserId),
    RevokeTrust(TrustId),
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
    Flag(bool),
    Count(u64),
    Heads(Vec<(String, Head)>),
    Done,
}

impl Change {
    /// Whether it can share a transaction with others of its kind: its checks need no statements of their own.
    pub(crate) fn is_grouped(&self) -> bool {
        matches!(self, Self::Transition(_) | Self::Record(_))
    }
}

impl Order {
    /// Carry out a change that has a transaction to itself. Attempts that end with it are added to `ended`.
    pub(crate) async fn carry_out(
        &self,
        session: &mut Session,
        desk: &Desk,
        chain: &mut Chain,
        ended: &mut Vec<AttemptId>,
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
                accounts::change(session, keyring, chain, *user, change, by, now).await.map(|()| Outcome::Done)
            }
            Change::DeleteUser(user) => {
                ended.append(&mut accounts::delete(session, chain, *user, by, now).await?);
                Ok(Outcome::Done)
            }
            Change::AddAuthenticator(new) => {
                accounts::add(session, keyring, chain, new, by, now).await.map(|()| Outcome::Done)
            }
            Change::ConfirmAuthenticator(id, spend) => {
                accounts::confirm(session, keyring, chain, *id, spend, now).await.map(Outcome::Flag)
            }
            Change::RemoveAuthenticator(id) => {
                accounts::remove(session, chain, *id, by, now).await.map(|()| Outcome::Done)
            }
            Change::ClearLocks(user) => {
                accounts::clear_locks(session, chain, *user, by, now).await.map(|()| Outcome::Done)
            }
            Change::RevokeTrust(id) => trust::revoke(session, chain, *id, by, now).await.map(Outcome::Flag),
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
        ("DELETE FROM trust WHERE id IN (SELECT id FROM trust WHERE expires < $1 LIMIT $2)", over),
    ];
    let rows = i64::try_from(SWEEP_ROWS).unwrap_or(i64::MAX);
    let mut most = 0;
    for (sql, before) in sweeps {
        most = most.max(session.execute(sql, &[before.into(), rows.into()]).await?);
    }
    Ok(most)
}
