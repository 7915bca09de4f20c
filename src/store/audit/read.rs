//! Reading the audit log.

use vestibule_engine::{AuditLine, UserId};

use crate::fault::Fault;
use crate::keyring::hex;
use crate::session::{Row, Session};

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

/// Those about somebody that are not filed under them yet. Behind which line, the statement is told: PostgreSQL would else
/// reckon with a third of all lines, and read all.
const WAITING: &str = "WHERE node = $1 AND sequence > $2 AND user_id = $3 ORDER BY at DESC, sequence DESC LIMIT $4";
/// The order is that of the key, so that no more is read than is wanted. What is filed wrongly takes nobody's place.
const FILED: &str = "SELECT a.node, a.sequence, a.record, a.hash FROM audit_by_user f \
                     JOIN audit a ON a.node = f.node AND a.sequence = f.sequence \
                     AND a.user_id = f.user_id AND a.at = f.at \
                     WHERE f.user_id = $1 ORDER BY f.at DESC, f.node DESC, f.sequence DESC LIMIT $2";

/// The newest lines; with `user`, of those that are about them.
pub(crate) async fn tail(session: &mut Session, limit: u32, user: Option<UserId>) -> Result<Vec<AuditLine>, Fault> {
    let mut lines = Vec::new();
    if let Some(user) = user {
        let named = user.to_string();
        let sql = format!("{LINE} {WAITING}");
        let mut rows = Vec::new();
        // These first: what is filed in this moment is found twice then, and not missed.
        for mut head in session.query("SELECT node, filed FROM audit_heads ORDER BY node", &[]).await? {
            let (node, filed) = (head.text()?, head.int()?);
            let args = [(&node).into(), filed.into(), (&named).into(), limit.into()];
            rows.append(&mut session.query(&sql, &args).await?);
        }
        rows.append(&mut session.query(FILED, &[(&named).into(), limit.into()]).await?);
        lines = rows.into_iter().map(line).collect::<Result<_, _>>()?;
        // Somebody who changed where lines are filed shows nobody the lines of another.
        lines.retain(|line: &AuditLine| line.record.event.user() == Some(user));
    } else {
        let sql = format!("{LINE} WHERE node = $1 ORDER BY sequence DESC LIMIT $2");
        for node in &nodes(session).await? {
            for row in session.query(&sql, &[node.into(), limit.into()]).await? {
                lines.push(line(row)?);
            }
        }
    }
    lines.sort_by(|one, two| (one.record.at, &one.node, one.sequence).cmp(&(two.record.at, &two.node, two.sequence)));
    lines.dedup_by(|one, two| (&one.node, one.sequence) == (&two.node, two.sequence));
    let surplus = lines.len().saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(lines.split_off(surplus))
}

pub(crate) async fn nodes(session: &mut Session) -> Result<Vec<String>, Fault> {
    let rows = session.query("SELECT node FROM audit_heads ORDER BY node", &[]).await?;
    rows.into_iter().map(|mut row| row.text()).collect()
}
