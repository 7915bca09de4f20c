//! The chain of audit records of one node: each line holds the hash of the line before it, and the newest line's place
//! is signed with a key that is not in the database. An edit, a gap, a swap breaks a hash; a chain cut at its end, or
//! written anew as a whole, does not match its signature (LOG-04).

mod filing;
mod others;
mod read;

use ring::digest;
use vestibule_engine::AuditRecord;

use crate::bulk;
use crate::fault::Fault;
use crate::keyring::{Keyring, hex};
use crate::session::{Arg, Session};

pub(crate) use filing::Filing;
#[cfg(test)]
pub(crate) use filing::WAITING_MAX;
pub(crate) use others::witness;
pub(crate) use read::{from, nodes, tail};

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
    let sql = "SELECT node FROM audit_heads WHERE node = $1";
    if session.query_one(sql, &[node.into()]).await?.is_some() {
        return Ok(());
    }
    let sql = "SELECT node FROM audit WHERE node = $1 LIMIT 1";
    if session.query_one(sql, &[node.into()]).await?.is_some() {
        return Err(Fault::damaged(format!("the end of node {node}'s audit log was removed")));
    }
    let head = Head::before_first(deployment, node);
    let signature = head.sign(keyring, deployment, node);
    // Another process of our name may have begun it in this moment, and gone on.
    let sql = "INSERT INTO audit_heads (node, sequence, hash, signature) VALUES ($1, 0, $2, $3) \
               ON CONFLICT (node) DO NOTHING";
    session.execute(sql, &[node.into(), head.hash.as_slice().into(), (&signature).into()]).await.map(drop)
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

/// Whether this line is still in the chain.
pub(crate) async fn holds(session: &mut Session, node: &str, line: &Head) -> Result<bool, Fault> {
    if line.sequence == 0 {
        return Ok(true);
    }
    let sql = "SELECT hash FROM audit WHERE node = $1 AND sequence = $2";
    let row = session.query_one(sql, &[node.into(), line.sequence.into()]).await?;
    Ok(row.map(|mut row| row.blob()).transpose()?.is_some_and(|found| found == line.hash))
}

fn replaced() -> Fault {
    Fault::damaged("this is not the database that was opened: it was replaced")
}

pub(crate) fn hash(octets: Vec<u8>) -> Result<Hash, Fault> {
    octets.try_into().map_err(|_| Fault::damaged("a hash in the audit log has the wrong length"))
}
