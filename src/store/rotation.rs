//! Sealing everything anew with the current master key. Each batch is a transaction of its own and finds its rows by the
//! key that stands in them: what was interrupted goes on where it stopped (OPS-08).

use vestibule_engine::{AuditEvent, AuditRecord, Timestamp, TokenKind};

use crate::accounts::{password_place, secret_place};
use crate::attempts::{Attempt, COLUMNS};
use crate::audit::{self, Chain, Head};
use crate::devices::push_place;
use crate::fault::Fault;
use crate::keyring::{PREFIX_OCTETS, Place};
use crate::schema;
use crate::session::{Arg, Row, Session};
use crate::writer::Desk;
use crate::{kept, tokens, trust};

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
    Push,
    Tokens,
    Kept,
}

/// What identifies a row: its id or name, or a token's kind and digest.
enum Key {
    Name(String),
    Token(TokenKind, [u8; 32]),
}

impl Key {
    fn args(&self) -> Vec<Arg<'_>> {
        match self {
            Self::Name(name) => vec![name.into()],
            Self::Token(kind, digest) => vec![kind.name().into(), digest.as_slice().into()],
        }
    }
}

/// What of a table is made with the master key.
struct Parts {
    columns: &'static str,
    table: &'static str,
    sealed_in: &'static str,
    key: &'static [&'static str],
}

impl Column {
    pub(crate) const ALL: [Self; 7] =
        [Self::Authenticators, Self::Passwords, Self::Attempts, Self::Trust, Self::Push, Self::Tokens, Self::Kept];

    fn parts(self) -> Parts {
        let by_id = |columns, table, sealed_in| Parts { columns, table, sealed_in, key: &["id"] };
        match self {
            Self::Authenticators => by_id("id, user_id, secret", "authenticators", "secret"),
            Self::Passwords => by_id("id, password_hash", "users", "password_hash"),
            Self::Attempts => by_id(COLUMNS, "attempts", "payload"),
            Self::Trust => by_id(trust::COLUMNS, "trust", "proof"),
            Self::Push => by_id("id, push_since, push", "devices", "push"),
            Self::Tokens => {
                Parts { columns: tokens::COLUMNS, table: "tokens", sealed_in: "payload", key: &["kind", "digest"] }
            }
            Self::Kept => Parts { columns: "name, value", table: "kept", sealed_in: "value", key: &["name"] },
        }
    }

    /// Which row, and what it holds instead from now on; nothing where the row goes.
    fn anew(self, mut row: Row, desk: &Desk) -> Result<(Key, Option<Vec<u8>>), Fault> {
        let (key, sealed, place) = match self {
            Self::Authenticators => {
                let (id, user) = (row.id()?, row.id()?);
                (Key::Name(format!("{id}")), row.blob()?, secret_place(id, user))
            }
            Self::Passwords => {
                let id = row.id()?;
                (Key::Name(format!("{id}")), row.blob()?, password_place(id))
            }
            Self::Attempts => {
                let (id, attempt) = Attempt::read(row)?;
                (Key::Name(id.to_string()), attempt.as_sealed().to_vec(), attempt.place(id))
            }
            Self::Trust => {
                let (id, anew) = trust::proven_anew(row, desk)?;
                return Ok((Key::Name(id), anew));
            }
            Self::Push => {
                let (id, since) = (row.id()?, row.at()?);
                (Key::Name(format!("{id}")), row.blob()?, push_place(id, since))
            }
            Self::Tokens => {
                let kept = tokens::Kept::read(row)?;
                let place = kept.place();
                (Key::Token(kept.kind, kept.digest), kept.sealed, place)
            }
            Self::Kept => {
                let name = row.text()?;
                let place = kept::place(&name);
                (Key::Name(name), row.blob()?, place)
            }
        };
        Ok((key, Some(sealed_anew(desk, &sealed, &place)?)))
    }
}

fn sealed_anew(desk: &Desk, sealed: &[u8], place: &Place) -> Result<Vec<u8>, Fault> {
    let plain = desk.keyring.open(sealed, place)?;
    Ok(desk.keyring.seal(plain.expose(), place)?)
}

/// One batch; how many rows it had.
pub(crate) async fn reseal(session: &mut Session, desk: &Desk, column: Column) -> Result<u64, Fault> {
    let Parts { columns, table, sealed_in, key } = column.parts();
    let select = format!(
        "SELECT {columns} FROM {table} WHERE {sealed_in} IS NOT NULL AND substr({sealed_in}, 1, {PREFIX_OCTETS}) <> $1 \
         ORDER BY {} LIMIT {BATCH_ROWS}{}",
        key.join(", "),
        session.for_update()
    );
    let is_row = |first: usize| {
        let equals = key.iter().enumerate().map(|(at, column)| format!("{column} = ${}", first + at));
        equals.collect::<Vec<_>>().join(" AND ")
    };
    let update = format!("UPDATE {table} SET {sealed_in} = $1 WHERE {}", is_row(2));
    let delete = format!("DELETE FROM {table} WHERE {}", is_row(1));
    let mut count = 0;
    for row in session.query(&select, &[(&desk.keyring.current_prefix()).into()]).await? {
        let (key, anew) = column.anew(row, desk)?;
        match anew {
            Some(anew) => {
                let mut args = vec![Arg::from(&anew)];
                args.extend(key.args());
                session.execute(&update, &args).await?
            }
            None => session.execute(&delete, &key.args()).await?,
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
