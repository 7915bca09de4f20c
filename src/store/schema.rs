//! The tables, and how an older database becomes a newer one: forward only, in one transaction, under a lock.

use uuid::Uuid;
use vestibule_engine::Timestamp;

use crate::fault::Fault;
use crate::keyring::{Keyring, Place};
use crate::session::Session;

/// Every step from an empty database to the present. A step that was released is never edited.
pub(crate) const STEPS: [(i64, &str); 3] = [
    (1, include_str!("schema/0001_begin.sql")),
    (2, include_str!("schema/0002_devices.sql")),
    (3, include_str!("schema/0003_lines_by_user.sql")),
];

/// The newest schema this program knows.
pub(crate) const NEWEST: i64 = 3;

/// One lock for all gateways that start at the same moment on one server. Whoever comes second waits for the first, however
/// long a step takes with a large database.
const LOCK_OF_STEPS: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; \
                             SELECT pg_advisory_xact_lock(8386110250)";

const KEY_CHECK: &str = "vestibule";

/// What a database says about itself before anything else is read from it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Nothing,
    Schema(i64),
}

pub(crate) async fn find(session: &mut Session) -> Result<Found, Fault> {
    let sql = if session.is_postgres() {
        "SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'meta'"
    } else {
        "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = 'meta'"
    };
    let tables = session.query_one(sql, &[]).await?.map_or(Ok(0), |mut row| row.int())?;
    if tables == 0 {
        return Ok(Found::Nothing);
    }
    let number = meta(session, "schema").await?.and_then(|text| text.parse().ok());
    number.map(Found::Schema).ok_or_else(|| Fault::damaged("the database does not say which schema it has"))
}

/// Bring the tables up to date. Another gateway may be doing the same: whoever comes second finds it done.
pub(crate) async fn migrate(session: &mut Session, keyring: &Keyring, now: Timestamp) -> Result<(), Fault> {
    session.begin().await?;
    match steps(session, keyring, now).await {
        Ok(()) => session.commit().await,
        Err(fault) => {
            session.rollback().await;
            Err(fault)
        }
    }
}

async fn steps(session: &mut Session, keyring: &Keyring, now: Timestamp) -> Result<(), Fault> {
    if session.is_postgres() {
        session.script(LOCK_OF_STEPS).await?;
    }
    let from = match find(session).await? {
        Found::Nothing => {
            session.script("CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)").await?;
            set_meta(session, "deployment", &Uuid::new_v4().to_string()).await?;
            set_meta(session, "created", &now.0.to_string()).await?;
            set_key_check(session, keyring).await?;
            0
        }
        Found::Schema(number) => number,
    };
    for (number, sql) in STEPS.iter().filter(|(number, _)| *number > from) {
        let sql = in_dialect(sql, session.is_postgres());
        session.script(&sql).await?;
        set_meta(session, "schema", &number.to_string()).await?;
    }
    Ok(())
}

pub(crate) fn in_dialect(sql: &str, is_postgres: bool) -> String {
    // Names sort and compare by octets on both, whatever the server's language is.
    let [octets, blob, by_key] =
        if is_postgres { ["COLLATE \"C\"", "BYTEA", ""] } else { ["", "BLOB", "WITHOUT ROWID"] };
    // Lines for PostgreSQL alone.
    let only_there = if is_postgres { "" } else { "-- " };
    let sql = sql.replace("{postgres}", only_there);
    sql.replace("{octets}", octets).replace("{blob}", blob).replace("{by_key}", by_key)
}

pub(crate) async fn meta(session: &mut Session, name: &str) -> Result<Option<String>, Fault> {
    let row = session.query_one("SELECT value FROM meta WHERE name = $1", &[name.into()]).await?;
    row.map(|mut row| row.text()).transpose()
}

async fn set_meta(session: &mut Session, name: &str, value: &str) -> Result<(), Fault> {
    let sql = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    session.execute(sql, &[name.into(), value.into()]).await.map(drop)
}

fn key_check_place() -> Place {
    Place::of("meta", "value", "key_check", "-")
}

/// Something sealed with the current key, by which a wrong key is noticed before anything is written with it.
pub(crate) async fn set_key_check(session: &mut Session, keyring: &Keyring) -> Result<(), Fault> {
    set_meta(session, "key_check", &key_check(keyring)?).await
}

pub(crate) fn key_check(keyring: &Keyring) -> Result<String, Fault> {
    let sealed = keyring.seal(KEY_CHECK.as_bytes(), &key_check_place())?;
    Ok(crate::keyring::hex(&sealed))
}

pub(crate) fn opens_key_check(written: &str, keyring: &Keyring) -> Result<(), crate::keyring::Unopened> {
    let sealed = crate::keyring::unhex(written).ok_or(crate::keyring::Unopened::Altered)?;
    keyring.open(&sealed, &key_check_place()).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_end_at_the_newest_schema() {
        assert_eq!(STEPS.map(|(number, _)| number).last(), Some(&NEWEST));
        assert!(STEPS.is_sorted_by(|one, two| one.0 < two.0));
    }
}
