//! The audit log by person. A line is not filed under its person when it is written: that would change one more page of the
//! database for each login, because people sign in in no order. Lines are filed thousands at a time, sorted, by whoever
//! writes; those that wait are found by reading the newest lines.

use std::time::Duration;

use vestibule_engine::{Timestamp, UserId};

use crate::bulk;
use crate::fault::Fault;
use crate::session::{Arg, Session};
use crate::writer::Desk;

/// Lines that wait before they are filed. A person's history reads through them: four milliseconds.
pub(crate) const WAITING_MAX: i64 = 16_384;
/// Lines written by us after which it is looked how many wait.
const LOOK_EVERY: i64 = 1_024;
/// Lines read at once, between the groups of logins; and lines filed in one transaction.
const READ_AT_ONCE: i64 = 2_048;
const FILE_AT_ONCE: usize = 1_024;
/// A node that has written nothing for so long is gone: whoever is there files its lines.
const GONE_AFTER: Duration = Duration::from_secs(86_400);
/// Lines of one pass, for the memory it takes (3 MiB).
const PASS_MAX: i64 = 4 * WAITING_MAX;

/// What is filed, and how far it is. Whatever is lost of it is done again: filing a line twice files it once.
#[derive(Default)]
pub(crate) struct Filing {
    /// The newest line of ours when it was looked last.
    looked: Option<i64>,
    pass: Option<Pass>,
}

/// Lines of some nodes, from where they are filed.
#[derive(Default)]
struct Pass {
    /// Read next, the last first.
    unread: Vec<Stretch>,
    /// What will be filed by the end of the pass.
    stretches: Vec<Stretch>,
    entries: Vec<Entry>,
    is_sorted: bool,
}

#[derive(Clone)]
struct Stretch {
    node: String,
    /// The last line before it.
    after: i64,
    through: i64,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    user: UserId,
    at: i64,
    /// Its place among the stretches.
    node: usize,
    sequence: i64,
}

impl Filing {
    /// Between two groups of changes: some lines more, where many wait. `newest` is our own newest line.
    pub(crate) async fn turn(&mut self, session: &mut Session, desk: &Desk, newest: i64) {
        let done = match desk.check() {
            Ok(()) => self.go_on(session, &desk.node, newest).await,
            Err(_) => return,
        };
        if let Err(fault) = done {
            desk.note(&fault);
            self.pass = None;
            // Nothing is missing: what is not filed is read where it stands.
            tracing::warn!(error = %fault, "The audit log could not be filed by person; it is tried again later");
        }
    }

    async fn go_on(&mut self, session: &mut Session, node: &str, newest: i64) -> Result<(), Fault> {
        let Some(pass) = &mut self.pass else {
            if self.looked.is_none_or(|looked| newest.saturating_sub(looked) >= LOOK_EVERY) {
                self.looked = Some(newest);
                self.pass = Pass::where_many_wait(session, node).await?;
            }
            return Ok(());
        };
        if !pass.unread.is_empty() {
            return pass.read_some(session).await;
        }
        if pass.file_some(session).await? {
            self.pass = None;
        }
        Ok(())
    }
}

impl Pass {
    /// Of our lines, and of those of nodes that are gone. Others file their own: nobody waits for them here.
    async fn where_many_wait(session: &mut Session, ours: &str) -> Result<Option<Self>, Fault> {
        let sql = "SELECT h.node, h.filed, h.sequence, a.at FROM audit_heads h \
                   JOIN audit a ON a.node = h.node AND a.sequence = h.sequence WHERE h.filed < h.sequence \
                   ORDER BY h.node";
        let mut heads = Vec::new();
        for mut row in session.query(sql, &[]).await? {
            heads.push((row.text()?, row.int()?, row.int()?, row.at()?));
        }
        let now = heads.iter().find(|(node, ..)| node == ours).map(|(.., newest)| *newest);
        let is_gone = |newest: Timestamp| now.is_some_and(|now| newest < now && now.since(newest) >= GONE_AFTER);
        heads.retain(|(node, _, _, newest)| node == ours || is_gone(*newest));
        let (mut stretches, mut waiting) = (Vec::new(), 0_i64);
        for (node, after, newest, _) in heads {
            let through = newest.min(after.saturating_add(PASS_MAX.saturating_sub(waiting)));
            waiting = waiting.saturating_add(through.saturating_sub(after));
            if after < through {
                stretches.push(Stretch { node, after, through });
            }
        }
        let unread = stretches.clone();
        Ok((waiting >= WAITING_MAX).then(|| Self { unread, stretches, ..Self::default() }))
    }

    async fn read_some(&mut self, session: &mut Session) -> Result<(), Fault> {
        let node = self.unread.len().saturating_sub(1);
        let Some(stretch) = self.unread.last_mut() else { return Ok(()) };
        let through = stretch.through.min(stretch.after.saturating_add(READ_AT_ONCE));
        let sql = "SELECT user_id, at, sequence FROM audit \
                   WHERE node = $1 AND sequence > $2 AND sequence <= $3 AND user_id IS NOT NULL";
        for mut row in session.query(sql, &[(&stretch.node).into(), stretch.after.into(), through.into()]).await? {
            // One that cannot be read was not written by us: the check of the log says so.
            let (user, at, sequence) = (row.text()?.parse(), row.int()?, row.int()?);
            self.entries.extend(user.ok().map(|user| Entry { user, at, node, sequence }));
        }
        stretch.after = through;
        if stretch.after >= stretch.through {
            self.unread.pop();
        }
        Ok(())
    }

    /// Whether all of it is filed.
    async fn file_some(&mut self, session: &mut Session) -> Result<bool, Fault> {
        if !self.is_sorted {
            // Filed from the end.
            self.entries.sort_unstable_by(|one, other| other.cmp(one));
            self.is_sorted = true;
        }
        let rest = self.entries.len().saturating_sub(FILE_AT_ONCE);
        session.begin().await?;
        let filed = match self.file_from(session, rest).await {
            Ok(()) => session.commit().await,
            Err(fault) => Err(fault),
        };
        if filed.is_err() {
            session.rollback().await;
        }
        filed?;
        self.entries.truncate(rest);
        if rest > 0 {
            return Ok(false);
        }
        // Each by itself: who holds the end of one node waits for that of no other.
        for Stretch { node, through, .. } in &self.stretches {
            let sql = "UPDATE audit_heads SET filed = $1 WHERE node = $2 AND filed < $1";
            session.execute(sql, &[(*through).into(), node.into()]).await?;
        }
        Ok(true)
    }

    async fn file_from(&self, session: &mut Session, rest: usize) -> Result<(), Fault> {
        let entries = self.entries.get(rest..).unwrap_or_default();
        let users: Vec<String> = entries.iter().map(|entry| entry.user.to_string()).collect();
        let mut args: Vec<Arg<'_>> = Vec::with_capacity(entries.len() * 4);
        // In the order in which they stand there.
        for (entry, user) in entries.iter().zip(&users).rev() {
            let Some(stretch) = self.stretches.get(entry.node) else { continue };
            args.extend([Arg::from(user), entry.at.into(), (&stretch.node).into(), entry.sequence.into()]);
        }
        let sql = "INSERT INTO audit_by_user (user_id, at, node, sequence) VALUES";
        bulk::each_row(session, sql, 4, &args, " ON CONFLICT DO NOTHING").await.map(drop)
    }
}
