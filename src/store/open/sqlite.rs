//! Opening a database file.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::{OpenError, Opening, Prepare, failure};
use crate::fault::Fault;
use crate::guard::Guard;
use crate::session::{Session, Sqlite, sqlite_fault};
use crate::witness::{self, Witness};
use crate::writer::{Desk, at_once};

/// Stands in the header of our files ("VSTB"), so that nobody mistakes them for another program's, nor we those for
/// ours.
const APPLICATION_ID: i64 = 0x5653_5442;
const FILE_BEGINS: &[u8] = b"SQLite format 3\0";

/// Up to this size the whole file is checked at each start (some 100 ms); beyond it everything but the audit log, which
/// has a check of its own.
const CHECKED_WHOLE_OCTETS: u64 = 64 * 1024 * 1024;
const TABLES: [&str; 8] =
    ["meta", "users", "authenticators", "spent_items", "attempts", "counters", "trust", "audit_heads"];

/// Those that an older database does not have yet.
const NEWER_TABLES: [&str; 4] = ["devices", "deliveries", "tokens", "kept"];

pub(super) fn open(path: &Path, prepare: Prepare) -> Result<(Desk, Sqlite, Witness), OpenError> {
    let place = path.display().to_string();
    let failed = |fault: Fault| failure(&place, fault);
    let size = find_file(path, &place, prepare.opening)?;
    witness::probe_folder(path).map_err(|error| not_writable(&place, error))?;
    let mut sqlite = Sqlite::writer(path).map_err(failed)?;
    if size == 0 || prepare.opening == Opening::Create && is_blank(&sqlite).map_err(failed)? {
        sqlite
            .connection()
            .pragma_update(None, "application_id", APPLICATION_ID)
            .map_err(sqlite_fault)
            .map_err(failed)?;
    }
    check_file(&sqlite, size, &place)?;
    let mut session = Session::Sqlite(sqlite);
    let deployment = at_once(prepare.run(&mut session, &place))?;
    let Prepare { keyring, node, now, .. } = prepare;
    let witness = at_once(Witness::open(witness::of_file(path), &mut session, &keyring, &deployment, &node, now))
        .map_err(failed)?;
    let guard = Guard::of(path).map_err(failed)?;
    sqlite = match session {
        Session::Sqlite(sqlite) => sqlite,
        Session::Postgres(_) => unreachable!("it was made of a SQLite session above"),
    };
    Ok((Desk::new(keyring, deployment, node, Some(guard)), sqlite, witness))
}

/// Whether nothing was put into it yet: its making was cut short.
fn is_blank(sqlite: &Sqlite) -> Result<bool, Fault> {
    let sql = "SELECT COUNT(*) FROM sqlite_schema";
    sqlite.connection().query_row(sql, [], |row| row.get::<_, i64>(0)).map(|count| count == 0).map_err(sqlite_fault)
}

/// The size of the file that is there, or 0 of the one that is made now.
fn find_file(path: &Path, place: &str, opening: Opening) -> Result<u64, OpenError> {
    let size = match std::fs::metadata(path) {
        Ok(file) => file.len(),
        Err(error) if error.kind() == ErrorKind::NotFound => 0,
        Err(error) => return Err(not_writable(place, error)),
    };
    if size > 0 {
        return check_begin(path, place).map(|()| size);
    }
    if witness::deployment_seen(path).is_some() {
        let witness = witness::of_file(path).display().to_string();
        return Err(OpenError::Vanished { place: place.to_owned(), witness });
    }
    if opening == Opening::Existing {
        return Err(OpenError::Missing(place.to_owned()));
    }
    // Ours alone from the first octet; SQLite gives the files beside it the same mode.
    let made = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
    made.map(|_| 0).map_err(|error| not_writable(place, error))
}

fn check_begin(path: &Path, place: &str) -> Result<(), OpenError> {
    let mut begin = [0; FILE_BEGINS.len()];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut begin));
    match read {
        Ok(()) if begin == FILE_BEGINS => Ok(()),
        Ok(()) => Err(OpenError::NotOurs(place.to_owned())),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(OpenError::NotOurs(place.to_owned())),
        Err(error) => Err(not_writable(place, error)),
    }
}

fn not_writable(place: &str, error: std::io::Error) -> OpenError {
    let place = place.to_owned();
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => OpenError::DiskFull { place, cause: error.into() },
        _ => OpenError::NotWritable { place, cause: error.into() },
    }
}

fn check_file(sqlite: &Sqlite, size: u64, place: &str) -> Result<(), OpenError> {
    let failed = |fault: Fault| failure(place, fault);
    let connection = sqlite.connection();
    let id: i64 = connection
        .pragma_query_value(None, "application_id", |row| row.get(0))
        .map_err(sqlite_fault)
        .map_err(failed)?;
    if id != APPLICATION_ID {
        return Err(OpenError::NotOurs(place.to_owned()));
    }
    check_length(connection, size).map_err(failed)?;
    if size <= CHECKED_WHOLE_OCTETS {
        return quick_check(connection, "PRAGMA quick_check(1)").map_err(failed);
    }
    let newer = NEWER_TABLES.into_iter().filter(|table| connection.table_exists(None, *table).unwrap_or(true));
    let mut tables = TABLES.into_iter().chain(newer);
    tables.try_for_each(|table| quick_check(connection, &format!("PRAGMA quick_check({table})"))).map_err(failed)
}

/// A file that lost its end, which a check of its pages may not notice: a page that is not there reads as empty.
fn check_length(connection: &rusqlite::Connection, found: u64) -> Result<(), Fault> {
    // Fold the log into the file first. Where another process reads (1), the file may lag behind and tells nothing.
    let is_busy: i64 =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).map_err(sqlite_fault)?;
    let length: i64 = connection
        .query_row("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()", [], |row| row.get(0))
        .map_err(sqlite_fault)?;
    let length = u64::try_from(length).unwrap_or(u64::MAX);
    if is_busy == 0
        && found > 0
        && connection.path().map(std::fs::metadata).is_some_and(|file| file.is_ok_and(|file| file.len() < length))
    {
        return Err(Fault::damaged("the end of the file is missing"));
    }
    Ok(())
}

fn quick_check(connection: &rusqlite::Connection, pragma: &str) -> Result<(), Fault> {
    let said: String = connection.query_row(pragma, [], |row| row.get(0)).map_err(sqlite_fault)?;
    if said == "ok" { Ok(()) } else { Err(Fault::damaged(said)) }
}
