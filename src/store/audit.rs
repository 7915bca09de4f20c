//! The chain of audit records of one node: each line holds the hash of the line before it, and the newest line's place
//! is signed with a key that is not in the database. An edit, a gap, a swap breaks a hash; a chain cut at its end, or
//! written anew as a whole, does not match its signature (LOG-04).

use ring::digest;
use vestibule_engine::{AuditEvent, AuditLine, AuditRecord, Timestamp, UserId};

use crate::bulk;
use crate::fault::Fault;
use crate::keyring::{Keyring, hex};
use crate::session::{Arg, Row, Session};
use crate::writer::Desk;

pub(crate) const HASH_OCTETS: usize = 32;
pub(crate) type Hash = [u8; HASH_OCTETS];

/// The longest node name, and what it may be made of: it stands in every hash and every line of a log.
const NODE_OCTETS_MAX: usize = 64;

pub(crate) fn is_node_name(node: &str) -> bool {
    (1..=NODE_OCTETS_MAX).contains(&node.len())
        && node.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-._".contains(&octet))
}

/// The end of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) sequence: i64,
    pub(crate) hash: Hash,
}

impl Head {
    /// Before the first line. Bound to the deployment, so that no line of another one fits here.
    pub(crate) fn before_first(deployment: &str, node: &str) -> Self {
        let mut text = digest::Context::new(&digest::SHA256);
        text.update(b"vestibule audit|");
        text.update(deployment.as_bytes());
        text.update(b"|");
        text.update(node.as_bytes());
        Self { sequence: 0, hash: finish(text) }
    }

    /// What is signed.
    fn text(&self, deployment: &str, node: &str) -> Vec<u8> {
        format!("head|{deployment}|{node}|{}|{}", self.sequence, hex(&self.hash)).into_bytes()
    }

    pub(crate) fn sign(&self, keyring: &Keyring, deployment: &str, node: &str) -> Vec<u8> {
        keyring.sign(&self.text(deployment, node))
    }

    pub(crate) fn is_signed(&self, keyring: &Keyring, deployment: &str, node: &str, signature: &[u8]) -> bool {
        keyring.verify(&self.text(deployment, node), signature).is_ok()
    }
}

pub(crate) fn link(previous: &Hash, sequence: i64, node: &str, record: &str) -> Hash {
    let mut line = digest::Context::new(&digest::SHA256);
    line.update(previous);
    line.update(&sequence.to_be_bytes());
    line.update(node.as_bytes());
    line.update(record.as_bytes());
    finish(line)
}

fn finish(context: digest::Context) -> Hash {
    let mut hash = [0; HASH_OCTETS];
    hash.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
    hash
}

/// One line, ready to be written.
struct Line {
    sequence: i64,
    at: i64,
    event: &'static str,
    user: Option<String>,
    record: String,
    previous: Hash,
    hash: Hash,
}

const HEAD_AND_DEPLOYMENT: &str = "SELECT m.value, h.sequence, h.hash, h.signature FROM audit_heads h \
                                   CROSS JOIN meta m WHERE h.node = $1 AND m.name = 'deployment'";

/// The chain of this node during one transaction: read at its begin, written before its COMMIT.
pub(crate) struct Chain {
    node: String,
    head: Head,
    lines: Vec<Line>,
}

impl Chain {
    /// The head stays locked until the transaction ends: two processes of one name cannot fork the chain.
    pub(crate) async fn read(
        session: &mut Session,
        keyring: &Keyring,
        deployment: &str,
        node: &str,
    ) -> Result<Self, Fault> {
        let lock = if session.is_postgres() { " FOR UPDATE OF h" } else { "" };
        let sql = format!("{HEAD_AND_DEPLOYMENT}{lock}");
        let mut row = session.query_one(&sql, &[node.into()]).await?.ok_or_else(replaced)?;
        if row.text()? != deployment {
            return Err(replaced());
        }
        let head = Head { sequence: row.int()?, hash: hash(row.blob()?)? };
        if !head.is_signed(keyring, deployment, node, &row.blob()?) {
            return Err(Fault::damaged("the audit log was changed behind our back: its end is not signed by us"));
        }
        Ok(Self { node: node.to_owned(), head, lines: Vec::new() })
    }

    pub(crate) fn append(&mut self, record: &AuditRecord) -> Result<(), Fault> {
        let text = serde_json::to_string(record)
            .map_err(|error| Fault::damaged(format!("an audit record cannot be written as JSON: {error}")))?;
        let sequence = self.head.sequence + 1;
        let hash = link(&self.head.hash, sequence, &self.node, &text);
        self.lines.push(Line {
            sequence,
            at: record.at.0,
            event: record.event.id(),
            user: record.event.user().map(|user| user.to_string()),
            record: text,
            previous: self.head.hash,
            hash,
        });
        self.head = Head { sequence, hash };
        Ok(())
    }

    pub(crate) fn head(&self) -> &Head {
        &self.head
    }

    pub(crate) async fn write(
        &mut self,
        session: &mut Session,
        keyring: &Keyring,
        deployment: &str,
    ) -> Result<(), Fault> {
        if self.lines.is_empty() {
            return Ok(());
        }
        let mut args: Vec<Arg<'_>> = Vec::with_capacity(self.lines.len() * 8);
        for line in &self.lines {
            args.extend([
                Arg::from(self.node.as_str()),
                line.sequence.into(),
                line.at.into(),
                line.event.into(),
                (&line.user).into(),
                (&line.record).into(),
                line.previous.as_slice().into(),
                line.hash.as_slice().into(),
            ]);
        }
        let sql = "INSERT INTO audit (node, sequence, at, event, user_id, record, previous, hash) VALUES";
        bulk::each_row(session, sql, 8, &args, "").await?;
        self.lines.clear();
        write_head(session, keyring, deployment, &self.node, &self.head).await
    }
}

/// Begin the chain of a node that has none yet.
pub(crate) async fn begin_chain(
    session: &mut Session,
    keyring: &Keyring,
    deployment: &str,
    node: &str,
) -> Result<(), Fault> {
    let sql = "SELECT 1 FROM audit_heads WHERE node = $1";
    if session.query_one(sql, &[node.into()]).await?.is_some() {
        return Ok(());
    }
    let sql = "SELECT 1 FROM audit WHERE node = $1 LIMIT 1";
    if session.query_one(sql, &[node.into()]).await?.is_some() {
        return Err(Fault::damaged(format!("the end of node {node}'s audit log was removed")));
    }
    write_head(session, keyring, deployment, node, &Head::before_first(deployment, node)).await
}

pub(crate) async fn write_head(
    session: &mut Session,
    keyring: &Keyring,
    deployment: &str,
    node: &str,
    head: &Head,
) -> Result<(), Fault> {
    let sql = "INSERT INTO audit_heads (node, sequence, hash, signature) VALUES ($1, $2, $3, $4) ON CONFLICT (node) \
               DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash, signature = excluded.signature";
    let signature = head.sign(keyring, deployment, node);
    let args = [node.into(), head.sequence.into(), head.hash.as_slice().into(), (&signature).into()];
    session.execute(sql, &args).await.map(drop)
}

fn replaced() -> Fault {
    Fault::damaged("this is not the database that was opened: it was replaced")
}

pub(crate) fn hash(octets: Vec<u8>) -> Result<Hash, Fault> {
    octets.try_into().map_err(|_| Fault::damaged("a hash in the audit log has the wrong length"))
}

/// Write the ends of the other nodes' chains into ours, so that none of them can be cut or rewritten alone. Not those
/// in `known`, and not ends that are themselves only such a line: two idle nodes would else witness each other for ever.
pub(crate) async fn witness(
    session: &mut Session,
    desk: &Desk,
    chain: &mut Chain,
    known: &[(String, Head)],
    now: Timestamp,
) -> Result<Vec<(String, Head)>, Fault> {
    let sql = "SELECT h.node, h.sequence, h.hash, a.event FROM audit_heads h \
               JOIN audit a ON a.node = h.node AND a.sequence = h.sequence WHERE h.node <> $1 ORDER BY h.node";
    let mut seen = Vec::new();
    for mut row in session.query(sql, &[(&desk.node).into()]).await? {
        let node = row.text()?;
        let head = Head { sequence: row.int()?, hash: hash(row.blob()?)? };
        let is_news = row.text()? != WITNESS_EVENT && !known.iter().any(|(name, old)| (name, old) == (&node, &head));
        if is_news {
            let (sequence, hash) = (u64::try_from(head.sequence).unwrap_or(0), hex(&head.hash));
            let event = AuditEvent::AuditWitness { node: node.clone(), sequence, hash };
            chain.append(&AuditRecord::new(now, event))?;
        }
        seen.push((node, head));
    }
    Ok(seen)
}

pub(crate) const WITNESS_EVENT: &str = "audit.witness";

// Reading.

const LINE: &str = "SELECT node, sequence, record, hash FROM audit";

fn line(mut row: Row) -> Result<AuditLine, Fault> {
    let node = row.text()?;
    let sequence = row.int()?;
    let unreadable = |error| Fault::damaged(format!("line {sequence} of node {node} in the audit log: {error}"));
    let record = serde_json::from_str(&row.text()?).map_err(unreadable)?;
    let hash = hex(&row.blob()?);
    Ok(AuditLine { node, sequence: u64::try_from(sequence).unwrap_or(0), record, hash })
}

pub(crate) async fn from(
    session: &mut Session,
    node: &str,
    sequence: u64,
    limit: u32,
) -> Result<Vec<AuditLine>, Fault> {
    let sequence = i64::try_from(sequence).unwrap_or(i64::MAX);
    let sql = format!("{LINE} WHERE node = $1 AND sequence >= $2 ORDER BY sequence LIMIT $3");
    let rows = session.query(&sql, &[node.into(), sequence.into(), limit.into()]).await?;
    rows.into_iter().map(line).collect()
}

pub(crate) async fn tail(
    session: &mut Session,
    limit: u32,
    user: Option<UserId>,
) -> Result<Vec<AuditLine>, Fault> {
    let mut lines = Vec::new();
    if let Some(user) = user {
        let sql = format!("{LINE} WHERE user_id = $1 ORDER BY at DESC, sequence DESC LIMIT $2");
        let rows = session.query(&sql, &[(&user.to_string()).into(), limit.into()]).await?;
        lines = rows.into_iter().map(line).collect::<Result<_, _>>()?;
    } else {
        let sql = format!("{LINE} WHERE node = $1 ORDER BY sequence DESC LIMIT $2");
        for node in nodes(session).await? {
            for row in session.query(&sql, &[(&node).into(), limit.into()]).await? {
                lines.push(line(row)?);
            }
        }
    }
    lines.sort_by(|one, two| (one.record.at, &one.node, one.sequence).cmp(&(two.record.at, &two.node, two.sequence)));
    let surplus = lines.len().saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(lines.split_off(surplus))
}

pub(crate) async fn nodes(session: &mut Session) -> Result<Vec<String>, Fault> {
    let rows = session.query("SELECT node FROM audit_heads ORDER BY node", &[]).await?;
    rows.into_iter().map(|mut row| row.text()).collect()
}
