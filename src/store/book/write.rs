//! Writing what a group changed, in the transaction that loaded it.

use vestibule_engine::AttemptId;

use super::{Attempt, Book};
use crate::attempts::COLUMNS;
use crate::audit::Chain;
use crate::bulk::each_row;
use crate::fault::{Cause, Fault};
use crate::keyring::Keyring;
use crate::session::{Arg, Session};
use crate::{accounts, tokens, trust};

/// Who ended what a stranger may have won: the login that says so has its own record.
const BY_REPORT: &str = "report";

impl Book {
    pub(crate) async fn write(&self, session: &mut Session, keyring: &Keyring, chain: &mut Chain) -> Result<(), Fault> {
        self.write_users(session).await?;
        self.write_attempts(session, keyring).await?;
        self.write_authenticators(session).await?;
        self.write_spent_items(session).await?;
        self.write_counters(session).await?;
        // Before what was granted since.
        for (user, now) in &self.forgotten {
            trust::revoke_all(session, chain, *user, BY_REPORT, *now).await?;
            tokens::end_sessions(session, chain, *user, BY_REPORT, *now).await?;
            if self.users.contains_key(user) {
                accounts::forget_places_of(session, *user).await?;
            }
        }
        self.write_trust(session, keyring).await
    }

    async fn write_users(&self, session: &mut Session) -> Result<(), Fault> {
        let rows: Vec<_> =
            self.users.iter().filter_map(|(id, person)| person.signed_in.map(|at| (id.to_string(), at))).collect();
        let args: Vec<Arg<'_>> = rows.iter().flat_map(|(id, at)| [id.into(), (*at).into()]).collect();
        let sql = "UPDATE users SET last_login = v.column2 FROM (VALUES";
        update(session, sql, 2, &args, ") AS v WHERE users.id = v.column1").await
    }

    async fn write_attempts(&self, session: &mut Session, keyring: &Keyring) -> Result<(), Fault> {
        let (mut old, mut new, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        for (id, tracked) in self.attempts.iter().filter(|(_, tracked)| tracked.changed) {
            match (&tracked.now, tracked.existed) {
                (Some(attempt), true) => old.push(AttemptCells::of(*id, attempt, keyring)?),
                (Some(attempt), false) => new.push(AttemptCells::of(*id, attempt, keyring)?),
                (None, true) => gone.push(id.to_string()),
                (None, false) => {}
            }
        }
        delete(session, "DELETE FROM attempts WHERE id IN", &gone).await?;
        // Old rows first: they may free a key that a new one takes.
        let args: Vec<Arg<'_>> = old.iter().flat_map(AttemptCells::args).collect();
        let sql = "UPDATE attempts SET version = v.column2, user_id = v.column3, coalesce_key = v.column4, \
                   turn = v.column5, expires = v.column6, is_open = v.column7, allowed = v.column8, \
                   ringing = v.column9, ringing_since = v.column10, payload = v.column11 FROM (VALUES";
        update(session, sql, 11, &args, ") AS v WHERE attempts.id = v.column1").await?;
        let args: Vec<Arg<'_>> = new.iter().flat_map(AttemptCells::args).collect();
        let sql = format!("INSERT INTO attempts ({COLUMNS}) VALUES");
        each_row(session, &sql, 11, &args, "").await.map(drop)
    }

    async fn write_authenticators(&self, session: &mut Session) -> Result<(), Fault> {
        let rows: Vec<_> = self
            .authenticators
            .iter()
            .filter_map(|(id, held)| held.used.map(|used| (id.to_string(), held, used)))
            .collect();
        let args: Vec<Arg<'_>> = rows
            .iter()
            .flat_map(|(id, held, used)| {
                [id.into(), held.high_water.into(), i64::from(held.drift).into(), (*used).into()]
            })
            .collect();
        let sql = "UPDATE authenticators SET high_water = v.column2, drift = v.column3, last_used = v.column4 \
                   FROM (VALUES";
        update(session, sql, 4, &args, ") AS v WHERE authenticators.id = v.column1").await
    }

    async fn write_spent_items(&self, session: &mut Session) -> Result<(), Fault> {
        let rows: Vec<_> = self.newly_spent.iter().map(|(id, item, at)| (id.to_string(), item, *at)).collect();
        let args: Vec<Arg<'_>> =
            rows.iter().flat_map(|(id, item, at)| [id.into(), (*item).into(), (*at).into()]).collect();
        let sql = "INSERT INTO spent_items (authenticator_id, item, spent) VALUES";
        each_row(session, sql, 3, &args, "").await.map(drop)
    }

    async fn write_counters(&self, session: &mut Session) -> Result<(), Fault> {
        let changed = || self.counters.iter().filter(|(_, tracked)| tracked.changed);
        let rows = |existed: bool| -> Vec<Arg<'_>> {
            changed()
                .filter(|(_, tracked)| tracked.existed == existed)
                .filter_map(|(key, tracked)| tracked.now.map(|counter| (key, counter)))
                .flat_map(|(key, counter)| {
                    [(&key.0).into(), counter.failures.into(), counter.last_failure.into(), counter.locked_until.into()]
                })
                .collect()
        };
        let cleared: Vec<String> = changed()
            .filter(|(_, tracked)| tracked.existed && tracked.now.is_none())
            .map(|(key, _)| key.0.clone())
            .collect();
        delete(session, "DELETE FROM counters WHERE name IN", &cleared).await?;
        let sql = "UPDATE counters SET failures = v.column2, last_failure = v.column3, locked_until = v.column4 \
                   FROM (VALUES";
        update(session, sql, 4, &rows(true), ") AS v WHERE counters.name = v.column1").await?;
        // Plain: where another node counted the same thing first, this group is tried again and sees it.
        let sql = "INSERT INTO counters (name, failures, last_failure, locked_until) VALUES";
        each_row(session, sql, 4, &rows(false), "").await.map(drop)
    }

    async fn write_trust(&self, session: &mut Session, keyring: &Keyring) -> Result<(), Fault> {
        let rows: Vec<_> = self
            .granted
            .iter()
            .map(|entry| (entry.id.to_string(), entry.user.to_string(), trust::proof(entry, keyring), entry))
            .collect();
        let args: Vec<Arg<'_>> = rows
            .iter()
            .flat_map(|(id, user, proof, entry)| {
                let station = entry.station.as_str();
                [
                    id.into(),
                    user.into(),
                    (&entry.service).into(),
                    station.into(),
                    entry.method.name().into(),
                    entry.granted.into(),
                    entry.until.into(),
                    proof.into(),
                ]
            })
            .collect();
        let sql = format!("INSERT INTO trust ({}) VALUES", trust::COLUMNS);
        let replace = " ON CONFLICT (user_id, service, station) DO UPDATE SET id = excluded.id, \
                       method = excluded.method, granted = excluded.granted, expires = excluded.expires, proof = excluded.proof";
        each_row(session, &sql, 8, &args, replace).await.map(drop)
    }
}

/// The cells of an attempt's row, held so that arguments can refer to them.
struct AttemptCells<'a> {
    id: String,
    user: Option<String>,
    payload: Vec<u8>,
    attempt: &'a Attempt,
}

impl<'a> AttemptCells<'a> {
    fn of(id: AttemptId, attempt: &'a Attempt, keyring: &Keyring) -> Result<Self, Fault> {
        let payload = attempt.sealed(id, keyring)?;
        Ok(Self { id: id.to_string(), user: attempt.user.map(|user| user.to_string()), payload, attempt })
    }

    fn args(&self) -> [Arg<'_>; 11] {
        let attempt = self.attempt;
        [
            (&self.id).into(),
            attempt.version.into(),
            (&self.user).into(),
            Arg::Blob(attempt.coalesce.as_ref().map(|key| key.0.as_slice())),
            attempt.turn.0.cast_signed().into(),
            attempt.expires.into(),
            attempt.is_open.into(),
            attempt.allowed.into(),
            Arg::Text(attempt.ringing.as_ref().map(|(service, _)| service.as_str())),
            attempt.ringing.as_ref().map(|(_, since)| *since).into(),
            (&self.payload).into(),
        ]
    }
}

/// Change rows that were loaded, and so must still be there.
async fn update(session: &mut Session, sql: &str, width: usize, args: &[Arg<'_>], after: &str) -> Result<(), Fault> {
    let changed = each_row(session, sql, width, args, after).await?;
    if usize::try_from(changed).is_ok_and(|changed| changed * width == args.len()) {
        return Ok(());
    }
    Err(Fault::Clash(Cause::text("a row that was read is gone")))
}

async fn delete(session: &mut Session, sql: &str, names: &[String]) -> Result<(), Fault> {
    let args: Vec<Arg<'_>> = names.iter().map(Arg::from).collect();
    crate::bulk::delete_in(session, sql, &args).await
}
