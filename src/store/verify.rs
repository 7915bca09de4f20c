//! Whether the audit log is as we wrote it: every hash, every place, every end (LOG-04).

use std::fmt;

use serde::Serialize;
use vestibule_engine::{AuditEvent, AuditRecord};

use crate::audit::{Hash, Head, hash, link};
use crate::fault::Fault;
use crate::keyring::{Keyring, hex};
use crate::session::{Row, Session};

/// Lines looked at in one read.
const PAGE: u32 = 1000;
/// How far away the place of a misplaced line is looked for.
const MISPLACED_WITHIN: i64 = 1000;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    pub lines: u64,
    pub nodes: u64,
    /// The first thing that is wrong, if anything is.
    pub problem: Option<Problem>,
}

/// One place in the log that is not as we wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    pub node: String,
    pub sequence: u64,
    pub kind: ProblemKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// The line says something else than when it was written.
    Edit,
    /// The line is not there, though later ones are.
    Gap,
    /// The line was written in another place.
    Reordering,
    /// The newest lines, from this one on, are not there.
    TruncatedTail,
    /// The end of the chain is not signed by us, or is not where the signature says.
    HeadMismatch,
    /// This line, or one up to it, is not where it is filed by person, or stands there for somebody else.
    Misfiled,
    /// Another node saw this line, and saw something else.
    WitnessMismatch,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { node, sequence, kind } = self;
        match kind {
            ProblemKind::Edit => write!(f, "line {sequence} of node {node} was edited"),
            ProblemKind::Gap => write!(f, "line {sequence} of node {node} is missing"),
            ProblemKind::Reordering => write!(f, "line {sequence} of node {node} was written in another place"),
            ProblemKind::TruncatedTail => write!(f, "the lines of node {node} from {sequence} on were cut off"),
            ProblemKind::HeadMismatch => write!(f, "the end of node {node}'s chain (line {sequence}) is not ours"),
            ProblemKind::Misfiled => {
                write!(f, "what people see of the lines of node {node} up to {sequence} was changed")
            }
            ProblemKind::WitnessMismatch => {
                write!(f, "line {sequence} of node {node} is not what another node saw there")
            }
        }
    }
}

pub(crate) async fn verify(session: &mut Session, keyring: &Keyring, deployment: &str) -> Result<Verification, Fault> {
    let mut found = Verification { lines: 0, nodes: 0, problem: None };
    for node in nodes(session).await? {
        found.nodes += 1;
        let mut walk = Walk { node: &node, last: Head::before_first(deployment, &node), lines: 0, filed: 0 };
        found.problem = walk.chain(session, keyring, deployment).await?;
        found.lines += walk.lines;
        if found.problem.is_some() {
            return Ok(found);
        }
    }
    found.problem = strays(session).await?;
    if found.problem.is_none() {
        found.problem = witnesses(session).await?;
    }
    Ok(found)
}

/// Every node that has lines or an end.
async fn nodes(session: &mut Session) -> Result<Vec<String>, Fault> {
    let mut nodes = Vec::new();
    // One look into the index a node, instead of one at every line.
    let sql = "SELECT node FROM (SELECT MIN(node) AS node FROM audit WHERE node > $1 \
               UNION SELECT MIN(node) AS node FROM audit_heads WHERE node > $1) AS next \
               WHERE node IS NOT NULL ORDER BY node LIMIT 1";
    let mut after = String::new();
    while let Some(mut row) = session.query_one(sql, &[(&after).into()]).await? {
        after = row.text()?;
        nodes.push(after.clone());
    }
    Ok(nodes)
}

/// A walk along one chain.
struct Walk<'a> {
    node: &'a str,
    last: Head,
    lines: u64,
    /// The line up to which those that are about somebody are filed under them.
    filed: i64,
}

struct Line {
    sequence: i64,
    at: i64,
    event: String,
    user: Option<String>,
    record: String,
    previous: Hash,
    hash: Hash,
}

impl Line {
    fn read(mut row: Row) -> Result<Self, Fault> {
        Ok(Self {
            sequence: row.int()?,
            at: row.int()?,
            event: row.text()?,
            user: row.text_if_any()?,
            record: row.text()?,
            previous: hash(row.blob()?)?,
            hash: hash(row.blob()?)?,
        })
    }

    /// Whether the columns by which lines are found say what the record says.
    fn is_labelled_right(&self) -> bool {
        serde_json::from_str::<AuditRecord>(&self.record).is_ok_and(|record| {
            record.at.0 == self.at
                && record.event.id() == self.event
                && record.event.user().map(|user| user.to_string()) == self.user
        })
    }
}

impl Walk<'_> {
    fn problem(&self, sequence: i64, kind: ProblemKind) -> Option<Problem> {
        Some(Problem { node: self.node.to_owned(), sequence: u64::try_from(sequence).unwrap_or(0), kind })
    }

    async fn chain(
        &mut self,
        session: &mut Session,
        keyring: &Keyring,
        deployment: &str,
    ) -> Result<Option<Problem>, Fault> {
        // The end first: lines that are written while we walk lie beyond it.
        // In one statement, so that lines and end are of the same moment.
        let sql = "SELECT h.sequence, h.hash, h.signature, h.filed, \
                   (SELECT MIN(a.sequence) FROM audit a WHERE a.node = h.node), \
                   (SELECT MAX(a.sequence) FROM audit a WHERE a.node = h.node) FROM audit_heads h WHERE h.node = $1";
        let Some(mut row) = session.query_one(sql, &[self.node.into()]).await? else {
            return Ok(self.problem(0, ProblemKind::HeadMismatch));
        };
        let head = Head { sequence: row.int()?, hash: hash(row.blob()?)? };
        let is_ours = head.is_signed(keyring, deployment, self.node, &row.blob()?);
        self.filed = row.int()?;
        let (first, last) = (row.int_if_any()?, row.int_if_any()?);
        let problem = self.lines_until(session, head.sequence).await?;
        if problem.is_some() {
            return Ok(problem);
        }
        if self.last.sequence < head.sequence {
            return Ok(self.problem(self.last.sequence + 1, ProblemKind::TruncatedTail));
        }
        if !is_ours || self.last != head {
            return Ok(self.problem(head.sequence, ProblemKind::HeadMismatch));
        }
        // Lines that no end of ours covers would be shown like the others.
        if let Some(stray) = first.filter(|first| *first < 1).or(last.filter(|last| *last > head.sequence)) {
            return Ok(self.problem(stray.max(0), ProblemKind::Reordering));
        }
        Ok(None)
    }

    async fn lines_until(&mut self, session: &mut Session, end: i64) -> Result<Option<Problem>, Fault> {
        let sql = "SELECT sequence, at, event, user_id, record, previous, hash FROM audit \
                   WHERE node = $1 AND sequence > $2 AND sequence <= $3 ORDER BY sequence LIMIT $4";
        loop {
            let args = [self.node.into(), self.last.sequence.into(), end.into(), PAGE.into()];
            let page = session.query(sql, &args).await?;
            if page.is_empty() {
                return Ok(None);
            }
            let before = self.last.sequence;
            let mut about_somebody = 0;
            for row in page {
                let line = Line::read(row)?;
                if let Some(problem) = self.step(&line) {
                    return Ok(Some(problem));
                }
                about_somebody += i64::from(line.user.is_some() && line.sequence <= self.filed);
            }
            let through = self.last.sequence.min(self.filed);
            if about_somebody > 0 && filed_between(session, self.node, before, through).await? != about_somebody {
                return Ok(self.problem(through, ProblemKind::Misfiled));
            }
        }
    }

    fn step(&mut self, line: &Line) -> Option<Problem> {
        let expected = self.last.sequence + 1;
        if line.sequence != expected {
            return self.problem(expected, ProblemKind::Gap);
        }
        let is_linked = line.previous == self.last.hash
            && line.hash == link(&line.previous, line.sequence, self.node, &line.record);
        if !is_linked {
            let (sequence, kind) = self.explain(line);
            return self.problem(sequence, kind);
        }
        if !line.is_labelled_right() {
            return self.problem(line.sequence, ProblemKind::Edit);
        }
        self.last = Head { sequence: line.sequence, hash: line.hash };
        self.lines += 1;
        None
    }

    /// What happened to a line that does not follow the one before it.
    fn explain(&self, line: &Line) -> (i64, ProblemKind) {
        let fits_at = |sequence| link(&line.previous, sequence, self.node, &line.record) == line.hash;
        if fits_at(line.sequence) {
            // It is as it was written, so the line before it is not.
            return (self.last.sequence.max(1), ProblemKind::Edit);
        }
        let near = line.sequence.saturating_sub(MISPLACED_WITHIN)..line.sequence.saturating_add(MISPLACED_WITHIN);
        let kind = if near.into_iter().any(fits_at) { ProblemKind::Reordering } else { ProblemKind::Edit };
        (line.sequence, kind)
    }
}

/// How many of these lines stand where they are to be filed.
async fn filed_between(session: &mut Session, node: &str, after: i64, through: i64) -> Result<i64, Fault> {
    let sql = "SELECT COUNT(*) FROM audit a JOIN audit_by_user f ON f.user_id = a.user_id AND f.at = a.at \
               AND f.node = a.node AND f.sequence = a.sequence \
               WHERE a.node = $1 AND a.sequence > $2 AND a.sequence <= $3";
    let row = session.query_one(sql, &[node.into(), after.into(), through.into()]).await?;
    row.map_or(Ok(0), |mut row| row.int())
}

/// Whether nothing is filed but lines of the log under their person.
async fn strays(session: &mut Session) -> Result<Option<Problem>, Fault> {
    let sql = "SELECT f.user_id, f.at, f.node, f.sequence, a.sequence FROM (SELECT user_id, at, node, sequence \
               FROM audit_by_user WHERE (user_id, at, node, sequence) > ($1, $2, $3, $4) \
               ORDER BY user_id, at, node, sequence LIMIT $5) AS f LEFT JOIN audit a ON a.node = f.node \
               AND a.sequence = f.sequence AND a.user_id = f.user_id AND a.at = f.at \
               ORDER BY f.user_id, f.at, f.node, f.sequence";
    let mut last = (String::new(), 0, String::new(), 0);
    loop {
        let args = [(&last.0).into(), last.1.into(), (&last.2).into(), last.3.into(), PAGE.into()];
        let page = session.query(sql, &args).await?;
        if page.is_empty() {
            return Ok(None);
        }
        for mut row in page {
            last = (row.text()?, row.int()?, row.text()?, row.int()?);
            if row.int_if_any()?.is_none() {
                let sequence = u64::try_from(last.3).unwrap_or(0);
                return Ok(Some(Problem { node: last.2, sequence, kind: ProblemKind::Misfiled }));
            }
        }
    }
}

/// Whether every line that one node saw of another is still what it saw.
async fn witnesses(session: &mut Session) -> Result<Option<Problem>, Fault> {
    let sql = "SELECT node, sequence, record FROM audit WHERE event = 'audit.witness' \
               AND (node > $1 OR (node = $1 AND sequence > $2)) ORDER BY node, sequence LIMIT $3";
    let mut last = (String::new(), 0);
    loop {
        let page = session.query(sql, &[(&last.0).into(), last.1.into(), PAGE.into()]).await?;
        if page.is_empty() {
            return Ok(None);
        }
        for mut row in page {
            last = (row.text()?, row.int()?);
            let record = serde_json::from_str::<AuditRecord>(&row.text()?);
            if let Ok(AuditEvent::AuditWitness { node, sequence, hash }) = record.map(|record| record.event)
                && !is_there(session, &node, sequence, &hash).await?
            {
                return Ok(Some(Problem { node, sequence, kind: ProblemKind::WitnessMismatch }));
            }
        }
    }
}

async fn is_there(session: &mut Session, node: &str, sequence: u64, seen: &str) -> Result<bool, Fault> {
    let sql = "SELECT hash FROM audit WHERE node = $1 AND sequence = $2";
    let sequence = i64::try_from(sequence).unwrap_or(i64::MAX);
    let Some(mut row) = session.query_one(sql, &[node.into(), sequence.into()]).await? else { return Ok(false) };
    Ok(hex(&row.blob()?) == seen)
}
