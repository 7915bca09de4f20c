//! A session of SQLite.

use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql, ffi};

use super::{Arg, Cell, Row};
use crate::fault::{Cause, Fault};

/// How long a change waits for another process (a backup, the command line) to let go of the file.
const BUSY_WAIT: Duration = Duration::from_millis(1500);
/// How long before it is tried again where SQLite does not wait by itself.
const BUSY_PAUSE: Duration = Duration::from_millis(10);
/// Every statement of ours, in each size of group.
const STATEMENTS_CACHED: usize = 384;

/// A connection to a database file.
pub(crate) struct Sqlite {
    connection: Connection,
}

impl Sqlite {
    /// The one that writes.
    pub(crate) fn writer(path: &Path) -> Result<Self, Fault> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let session = Self::connect(path, flags)?;
        session.begin_logging()?;
        // FULL: in WAL mode, a COMMIT that was answered survives a power cut only with this.
        session.pragmas("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")?;
        // Pages of the log before it is folded into the file (16 MiB): what is written again and again is folded once.
        session.pragmas("PRAGMA wal_autocheckpoint = 4000;")?;
        // 16 MiB, as far as they are needed: the pages of many people's histories are changed again and again.
        session.pragmas("PRAGMA cache_size = -16384;")?;
        Ok(session)
    }

    /// Write a log (WAL) from now on. Where two processes begin at the same moment, SQLite refuses one of them at once, in
    /// place of having it wait, because each could be waiting for the other.
    #[expect(clippy::disallowed_methods, reason = "a database is opened before anything else runs")]
    fn begin_logging(&self) -> Result<(), Fault> {
        let deadline = Instant::now() + BUSY_WAIT;
        loop {
            match self.pragmas("PRAGMA journal_mode = WAL;") {
                Err(Fault::Unavailable(cause)) if cause.is_sqlite_busy() && Instant::now() < deadline => {
                    std::thread::sleep(BUSY_PAUSE);
                }
                done => return done,
            }
        }
    }

    /// One that only reads. It sees whole transactions and never waits for the writer.
    pub(crate) fn reader(path: &Path) -> Result<Self, Fault> {
        Self::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
    }

    fn connect(path: &Path, flags: OpenFlags) -> Result<Self, Fault> {
        let connection = Connection::open_with_flags(path, flags).map_err(fault)?;
        connection.busy_timeout(BUSY_WAIT).map_err(fault)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
        // Plans that do not depend on the values: else some statements are parsed anew each time a value is bound.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(fault)?;
        let session = Self { connection };
        session.pragmas("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;")?;
        Ok(session)
    }

    fn pragmas(&self, sql: &str) -> Result<(), Fault> {
        self.connection.execute_batch(sql).map_err(fault)
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(super) fn execute(&mut self, sql: &str, args: &[Arg<'_>]) -> Result<u64, Fault> {
        let mut statement = self.connection.prepare_cached(sql).map_err(fault)?;
        let changed = statement.execute(rusqlite::params_from_iter(args)).map_err(fault)?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    pub(super) fn query(&mut self, sql: &str, args: &[Arg<'_>]) -> Result<Vec<Row>, Fault> {
        let mut statement = self.connection.prepare_cached(sql).map_err(fault)?;
        let columns = statement.column_count();
        let mut rows = statement.query(rusqlite::params_from_iter(args)).map_err(fault)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(fault)? {
            let cells: Result<Vec<_>, _> = (0..columns).map(|column| row.get_ref(column).map(cell)).collect();
            found.push(Row::new(cells.map_err(fault)?));
        }
        Ok(found)
    }

    pub(super) fn script(&mut self, sql: &str) -> Result<(), Fault> {
        self.pragmas(sql)
    }

    pub(super) fn rollback(&mut self) {
        // A full disk or a failed write has rolled back already.
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(error = %error, "A failed change could not be rolled back; SQLite drops it on the next");
        }
    }
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(value) => Cell::Int(value),
        ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(octets) => Cell::Blob(octets.to_vec()),
        // No column of ours holds one.
        ValueRef::Real(_) => Cell::Null,
    }
}

impl ToSql for Arg<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Int(value) => value.map_or(ValueRef::Null, ValueRef::Integer),
            Self::Text(value) => value.map_or(ValueRef::Null, |text| ValueRef::Text(text.as_bytes())),
            Self::Blob(value) => value.map_or(ValueRef::Null, ValueRef::Blob),
        }))
    }
}

pub(crate) fn fault(error: rusqlite::Error) -> Fault {
    let code = error.sqlite_error().map(|error| (error.code, error.extended_code));
    let cause = Cause::new(error);
    match code {
        Some((ErrorCode::ConstraintViolation, _)) => Fault::Clash(cause),
        Some((ErrorCode::DiskFull, _)) => Fault::Full(cause),
        // After a failed fsync nobody knows what is on the disk, and asking again would lie.
        Some((_, ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC)) => Fault::Unsure(cause),
        Some((
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::PermissionDenied
            | ErrorCode::OutOfMemory
            | ErrorCode::OperationInterrupted,
            _,
        )) => Fault::Unavailable(cause),
        _ => Fault::Damaged(cause),
    }
}
