//! Sealing everything anew with the current master key. Each batch is a transaction of its own and finds its rows by the
//! key that stands in them: what was interrupted goes on where it stopped (OPS-08).

use vestibule_engine::{AuditEvent, AuditRecord, Timestamp};

use crate::accounts::{password_place, secret_place};
use crate::attempts::{Attempt, COLUMNS};
use crate::audit::{self, Chain, Head};
use crate::fault::Fault;
use crate::keyring::{PREFIX_OCTETS, Place};
use crate::schema;
use crate::session::{Row, Session};
use crate::trust;
use crate::writer::Desk;

/// Rows of one batch: logins wait behind it.
pub(crate) const BATCH_ROWS: u64 = 200;

/// Where something sealed is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Column {
    Authenticators,
    Passwords,
    Attempts,
    /// Not sealed, but proven.
    Trust,
}

impl Column {
    pub(crate) const ALL: [Self; 4] = [Self::Authenticators, Self::Passwords, Self::Attempts, Self::Trust];

    /// Which columns, which table, and which of the columns is made with the master key.
    fn parts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Authenticators => ("id, user_id, secret", "authenticators", "secret"),
            Self::Passwords => ("id, password_hash", "users", "password_hash"),
            Self::Attempts => (COLUMNS, "attempts", "payload"),
            Self::Trust => (trust::COLUMNS, "trust", "proof"),
        }
    }

    /// Which row, and what it holds instead from now on; nothing where the row goes.
    fn anew(self, mut row: Row, desk: &Desk) -> Result<(String, Option<Vec<u8>>), Fault> {
        match self {
            Self::Authenticators => {
                let (id, user) = (row.id()?, row.id()?);
                Ok((format!("{id}"), Some(sealed_anew(desk, &row.blob()?, &secret_place(id, user))?)))
            }
            Self::Passwords => {
                let id = row.id()?;
                Ok((format!("{id}"), Some(sealed_anew(desk, &row.blob()?, &password_place(id))?)))
            }
            Self::Attempts => {
                let (id, attempt) = Attempt::read(row)?;
                Ok((id.to_string(), Some(sealed_anew(desk, attempt.as_sealed(), &attempt.place(id))?)))
            }
            Self::Trust => trust::proven_anew(row, desk),
        }
    }
}

fn sealed_anew(desk: &Desk, sealed: &[u8], place: &Place) -> Result<Vec<u8>, Fault> {
    let plain = desk.keyring.open(sealed, place)?;
    Ok(desk.keyring.seal(plain.expose(), place)?)
}

/// One batch; how many rows it had.
pub(crate) async fn reseal(session: &mut Session, desk: &Desk, column: Column) -> Result<u64, Fault> {
    let (columns, table, sealed_in) = column.parts();
    let select = format!(
        "SELECT {columns} FROM {table} WHERE {sealed_in} IS NOT NULL AND substr({sealed_in}, 1, {PREFIX_OCTETS}) <> $1 \
         ORDER BY id LIMIT {BATCH_ROWS}{}",
        session.for_update()
    );
    let update = format!("UPDATE {table} SET {sealed_in} = $1 WHERE id = $2");
    let delete = format!("DELETE FROM {table} WHERE id = $1");
    let mut count = 0;
    for row in session.query(&select, &[(&desk.keyring.current_prefix()).into()]).await? {
        match column.anew(row, desk)? {
            (id, Some(anew)) => session.execute(&update, &[(&anew).into(), (&id).into()]).await?,
            (id, None) => session.execute(&delete, &[(&id).into()]).await?,
        };
        count += 1;
    }
    Ok(count)
}

/// All rows are done: the ends of the chains, the check of the key, and a line in the audit log.
pub(crate) async fn finish(
    session: &mut Session,
    desk: &Desk,
    chain: &mut Chain,
    rows: u64,
    by: &str,
    now: Timestamp,
) -> Result<(), Fault> {
    let sql = format!("SELECT node, sequence, hash, signature FROM audit_heads ORDER BY node{}", session.for_update());
    for mut row in session.query(&sql, &[]).await? {
        let (node, head) = (row.text()?, Head { sequence: row.int()?, hash: audit::hash(row.blob()?)? });
        if !head.is_signed(&desk.keyring, &desk.deployment, &node, &row.blob()?) {
            return Err(Fault::damaged(format!("the end of node {node}'s audit log is not signed by us")));
        }
        audit::write_head(session, &desk.keyring, &desk.deployment, &node, &head).await?;
    }
    schema::set_key_check(session, &desk.keyring).await?;
    let event = AuditEvent::KeyRotated { key: desk.keyring.key_id(), rows, by: by.to_owned() };
    chain.append(&AuditRecord::new(now, event))
}
