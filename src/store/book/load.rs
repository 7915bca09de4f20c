//! Which rows a group needs, and reading them. On PostgreSQL they are locked too: always table by table in this order
//! and sorted within each, so that two nodes never wait for one another in a circle.

use std::collections::{BTreeSet, HashMap};

use vestibule_engine::{Counter, CounterKey, Spend, Transition, UserId};

use super::{Attempt, Book, Held, Person, Ringing, Tracked, wanted_key};
use crate::attempts::COLUMNS;
use crate::bulk::select_in;
use crate::fault::Fault;
use crate::session::{Arg, Row, Session};
use crate::trust;
use crate::writer::Desk;

#[derive(Default)]
struct Needs {
    users: BTreeSet<String>,
    attempts: BTreeSet<String>,
    keys: BTreeSet<[u8; 32]>,
    authenticators: BTreeSet<String>,
    /// Authenticators of which items are spent.
    with_items: BTreeSet<String>,
    counters: BTreeSet<String>,
    trust: BTreeSet<String>,
    /// Users of whom it matters how many logins ring their phone.
    crowds: BTreeSet<String>,
}

impl Needs {
    fn add(&mut self, change: &Transition) {
        self.attempts.insert(change.attempt.to_string());
        self.keys.extend(wanted_key(change).map(|key| key.0));
        let users = change.if_enabled.iter().chain(&change.signed_in).chain(change.trust.iter().map(|new| &new.user));
        let crowded = change.unless_crowded.iter().map(|crowd| &crowd.user);
        // Their row is the lock by which two nodes count one after the other.
        self.users.extend(users.chain(crowded.clone()).chain(&change.forget).map(ToString::to_string));
        self.crowds.extend(crowded.map(ToString::to_string));
        self.authenticators.extend(change.spend.iter().map(|spend| spend.authenticator().to_string()));
        let with_items = change.spend.iter().filter(|spend| matches!(spend, Spend::Item { .. }));
        self.with_items.extend(with_items.map(|spend| spend.authenticator().to_string()));
        let charged = change.charge.iter().map(|charge| &charge.key);
        let counters = change.unless_locked.iter().chain(charged).chain(&change.clear);
        self.counters.extend(counters.map(|key| key.0.clone()));
        self.trust.extend(change.relies_on.map(|id| id.to_string()));
    }
}

fn args(names: &BTreeSet<String>) -> Vec<Arg<'_>> {
    names.iter().map(Arg::from).collect()
}

impl Book {
    pub(crate) async fn load<'a>(
        session: &mut Session,
        desk: &Desk,
        changes: impl Iterator<Item = &'a Transition>,
        also: impl Iterator<Item = UserId>,
    ) -> Result<Self, Fault> {
        let mut needs = Needs::default();
        needs.users.extend(also.map(|user| user.to_string()));
        changes.for_each(|change| needs.add(change));
        let mut book = Self::default();
        book.load_users(session, &needs).await?;
        book.load_attempts(session, &needs).await?;
        book.load_crowds(session, &needs).await?;
        book.load_authenticators(session, &needs).await?;
        book.load_counters(session, &needs).await?;
        book.load_trust(session, desk, &needs).await?;
        Ok(book)
    }

    async fn load_users(&mut self, session: &mut Session, needs: &Needs) -> Result<(), Fault> {
        let lock = in_order(session, "id");
        let sql = "SELECT id, enabled, last_login FROM users WHERE id IN";
        for mut row in select_in(session, sql, &args(&needs.users), &lock).await? {
            let (id, enabled, last_login) = (row.id()?, row.flag()?, row.at_if_any()?);
            self.users.insert(id, Person { enabled, last_login, signed_in: None });
        }
        Ok(())
    }

    async fn load_attempts(&mut self, session: &mut Session, needs: &Needs) -> Result<(), Fault> {
        let lock = in_order(session, "id");
        let sql = format!("SELECT {COLUMNS} FROM attempts WHERE id IN");
        let mut rows = select_in(session, &sql, &args(&needs.attempts), &lock).await?;
        let keys: Vec<Arg<'_>> = needs.keys.iter().map(|key| key.as_slice().into()).collect();
        let sql = format!("SELECT {COLUMNS} FROM attempts WHERE coalesce_key IN");
        rows.append(&mut select_in(session, &sql, &keys, &lock).await?);
        for row in rows {
            let (id, attempt) = Attempt::read(row)?;
            if let Some(key) = attempt.coalesce {
                self.keys.insert(key, id);
            }
            self.attempts.insert(id, Tracked::found(attempt));
        }
        Ok(())
    }

    async fn load_crowds(&mut self, session: &mut Session, needs: &Needs) -> Result<(), Fault> {
        let sql = "SELECT id, user_id, ringing, expires FROM attempts WHERE ringing IS NOT NULL AND is_open = 1 \
                   AND user_id IN";
        for mut row in select_in(session, sql, &args(&needs.crowds), "").await? {
            let (id, user) = (row.id()?, row.id()?);
            self.ringing.insert(id, Ringing { user, service: row.text()?, expires: row.at()? });
        }
        Ok(())
    }

    async fn load_authenticators(&mut self, session: &mut Session, needs: &Needs) -> Result<(), Fault> {
        let lock = in_order(session, "id");
        let sql = "SELECT id, user_id, confirmed, high_water, drift, held_until, last_used FROM authenticators \
                   WHERE id IN";
        for mut row in select_in(session, sql, &args(&needs.authenticators), &lock).await? {
            let (id, user, confirmed, high_water) = (row.id()?, row.id()?, row.flag()?, row.int()?);
            let drift = i32::try_from(row.int()?).map_err(|_| Fault::damaged("an authenticator drifts too far"))?;
            let held_until = row.at_if_any()?;
            let held = Held { user, confirmed, high_water, drift, held_until, used: None };
            self.authenticators.insert(id, held);
        }
        let sql = "SELECT authenticator_id, item FROM spent_items WHERE authenticator_id IN";
        for mut row in select_in(session, sql, &args(&needs.with_items), "").await? {
            self.spent.insert((row.id()?, row.text()?));
        }
        Ok(())
    }

    async fn load_counters(&mut self, session: &mut Session, needs: &Needs) -> Result<(), Fault> {
        let lock = in_order(session, "name");
        for row in select_in(session, COUNTERS, &args(&needs.counters), &lock).await? {
            let (key, counter) = counter(row)?;
            self.counters.insert(key, Tracked::found(counter));
        }
        Ok(())
    }

    async fn load_trust(&mut self, session: &mut Session, desk: &Desk, needs: &Needs) -> Result<(), Fault> {
        let lock = in_order(session, "id");
        let sql = format!("SELECT {} FROM trust WHERE id IN", trust::COLUMNS);
        for row in select_in(session, &sql, &args(&needs.trust), &lock).await? {
            self.trust.extend(trust::read(row, desk)?.map(|entry| (entry.id, entry)));
        }
        Ok(())
    }
}

/// NO KEY: rows that refer to a locked one can still be made.
fn in_order(session: &Session, key: &str) -> String {
    if session.is_postgres() { format!(" ORDER BY {key} FOR NO KEY UPDATE") } else { String::new() }
}

/// The counters of these keys, in their order.
pub(crate) async fn counters(session: &mut Session, keys: &[CounterKey]) -> Result<Vec<Counter>, Fault> {
    let wanted: Vec<Arg<'_>> = keys.iter().map(|key| (&key.0).into()).collect();
    let found = select_in(session, COUNTERS, &wanted, "").await?;
    let found = found.into_iter().map(counter).collect::<Result<HashMap<_, _>, _>>()?;
    Ok(keys.iter().map(|key| found.get(key).copied().unwrap_or_default()).collect())
}

const COUNTERS: &str = "SELECT name, failures, last_failure, locked_until FROM counters WHERE name IN";

fn counter(mut row: Row) -> Result<(CounterKey, Counter), Fault> {
    let key = CounterKey(row.text()?);
    let failures = u32::try_from(row.int()?).unwrap_or(u32::MAX);
    Ok((key, Counter { failures, last_failure: row.at_if_any()?, locked_until: row.at_if_any()? }))
}
