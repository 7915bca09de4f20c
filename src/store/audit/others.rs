//! What one node writes down of the others' chains.

use vestibule_engine::{AuditEvent, AuditRecord, Timestamp};

use super::{Chain, Head, hash};
use crate::fault::Fault;
use crate::keyring::hex;
use crate::session::Session;
use crate::writer::Desk;

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

const WITNESS_EVENT: &str = "audit.witness";
