//! A session of PostgreSQL.

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Column, Row as _, TypeInfo};

use super::{Arg, Cell, Row};
use crate::fault::{Cause, Fault};

/// Longer than any statement or lock of ours takes; a server that says nothing for this long is gone.
const STATEMENT_WAIT: Duration = Duration::from_secs(10);
/// Longer than a step from one schema to the next takes with the largest log.
const SCRIPT_WAIT: Duration = Duration::from_secs(3600);

/// A connection to a server.
pub(crate) struct Postgres {
    /// Nothing once the connection was given up.
    connection: Option<PoolConnection<sqlx::Postgres>>,
}

impl Postgres {
    pub(crate) fn new(connection: PoolConnection<sqlx::Postgres>) -> Self {
        Self { connection: Some(connection) }
    }

    pub(super) async fn execute(&mut self, sql: &str, args: &[Arg<'_>]) -> Result<u64, Fault> {
        let connection = self.connection.as_deref_mut().ok_or_else(given_up)?;
        let done = tokio::time::timeout(STATEMENT_WAIT, bound(sql, args).execute(connection)).await;
        self.judge(done).map(|done| done.rows_affected())
    }

    pub(super) async fn query(&mut self, sql: &str, args: &[Arg<'_>]) -> Result<Vec<Row>, Fault> {
        let connection = self.connection.as_deref_mut().ok_or_else(given_up)?;
        let rows = tokio::time::timeout(STATEMENT_WAIT, bound(sql, args).fetch_all(connection)).await;
        self.judge(rows)?.iter().map(row).collect()
    }

    pub(super) async fn script(&mut self, sql: &str) -> Result<(), Fault> {
        let connection = self.connection.as_deref_mut().ok_or_else(given_up)?;
        let script = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        let done = tokio::time::timeout(SCRIPT_WAIT, script.execute(connection)).await;
        self.judge(done).map(drop)
    }

    pub(super) async fn rollback(&mut self) {
        if self.connection.is_some() && self.execute("ROLLBACK", &[]).await.is_err() {
            self.give_up();
        }
    }

    /// A statement that was cut short leaves its connection in the middle of an answer: it is not used again.
    fn judge<T>(&mut self, done: Result<Result<T, sqlx::Error>, tokio::time::error::Elapsed>) -> Result<T, Fault> {
        match done {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                if !matches!(error, sqlx::Error::Database(_)) {
                    self.give_up();
                }
                Err(fault(error))
            }
            Err(elapsed) => {
                self.give_up();
                Err(Fault::Unavailable(Cause::new(elapsed)))
            }
        }
    }

    fn give_up(&mut self) {
        drop(self.connection.take().map(PoolConnection::detach));
    }
}

fn given_up() -> Fault {
    Fault::unavailable("the connection to PostgreSQL was lost")
}

fn bound<'q>(sql: &str, args: &[Arg<'q>]) -> Query<'q, sqlx::Postgres, PgArguments> {
    // Every statement is made of constants and placeholders in this crate; values travel as arguments.
    args.iter().fold(sqlx::query(AssertSqlSafe(sql.to_owned())), |query, arg| match *arg {
        Arg::Int(value) => query.bind(value),
        Arg::Text(value) => query.bind(value),
        Arg::Blob(value) => query.bind(value),
    })
}

fn row(row: &PgRow) -> Result<Row, Fault> {
    let cells = row.columns().iter().enumerate().map(|(at, column)| {
        Ok(match column.type_info().name() {
            "INT8" => row.try_get::<Option<i64>, _>(at)?.map_or(Cell::Null, Cell::Int),
            "BYTEA" => row.try_get::<Option<Vec<u8>>, _>(at)?.map_or(Cell::Null, Cell::Blob),
            "VOID" => Cell::Null,
            _ => row.try_get::<Option<String>, _>(at)?.map_or(Cell::Null, Cell::Text),
        })
    });
    cells.collect::<Result<Vec<_>, sqlx::Error>>().map(Row::new).map_err(fault)
}

pub(crate) fn fault(error: sqlx::Error) -> Fault {
    let code = error.as_database_error().and_then(|error| error.code()).map(|code| code.into_owned());
    let is_ours = matches!(
        error,
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnIndexOutOfBounds { .. }
    );
    let cause = Cause::new(error);
    match code.as_deref() {
        // Integrity constraint, serialization failure, deadlock.
        Some(code) if code.starts_with("23") || matches!(code, "40001" | "40P01") => Fault::Clash(cause),
        Some("53100") => Fault::Full(cause),
        // Data corrupted, index corrupted, table or column missing.
        Some("XX001" | "XX002" | "42P01" | "42703") => Fault::Damaged(cause),
        Some(_) => Fault::Unavailable(cause),
        None if is_ours => Fault::Damaged(cause),
        None => Fault::Unavailable(cause),
    }
}
