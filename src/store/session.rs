//! One connection to a database: execute and query, nothing else. What is above it does not know which database it is.
//!
//! Statements number their arguments `$1`, `$2`... in the order in which they first appear: PostgreSQL takes the
//! number, SQLite the order.

mod postgres;
mod sqlite;

use vestibule_engine::Timestamp;

use crate::fault::Fault;

pub(crate) use postgres::{Postgres, fault as postgres_fault};
pub(crate) use sqlite::{Sqlite, fault as sqlite_fault};

/// An argument of a statement. A nothing has a type too: PostgreSQL wants to know.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Arg<'a> {
    Int(Option<i64>),
    Text(Option<&'a str>),
    Blob(Option<&'a [u8]>),
}

impl From<i64> for Arg<'_> {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<u32> for Arg<'_> {
    fn from(value: u32) -> Self {
        Self::Int(Some(i64::from(value)))
    }
}

impl From<bool> for Arg<'_> {
    fn from(value: bool) -> Self {
        Self::Int(Some(i64::from(value)))
    }
}

impl From<Timestamp> for Arg<'_> {
    fn from(value: Timestamp) -> Self {
        Self::Int(Some(value.0))
    }
}

impl From<Option<Timestamp>> for Arg<'_> {
    fn from(value: Option<Timestamp>) -> Self {
        Self::Int(value.map(|at| at.0))
    }
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Some(value))
    }
}

impl<'a> From<&'a String> for Arg<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(Some(value))
    }
}

impl<'a> From<&'a Option<String>> for Arg<'a> {
    fn from(value: &'a Option<String>) -> Self {
        Self::Text(value.as_deref())
    }
}

impl<'a> From<&'a [u8]> for Arg<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Blob(Some(value))
    }
}

impl<'a> From<&'a Vec<u8>> for Arg<'a> {
    fn from(value: &'a Vec<u8>) -> Self {
        Self::Blob(Some(value))
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
}

/// One row of an answer. Its cells are taken in the order of the statement's columns.
#[derive(Debug)]
pub(crate) struct Row(std::vec::IntoIter<Cell>);

impl Row {
    fn new(cells: Vec<Cell>) -> Self {
        Self(cells.into_iter())
    }

    fn cell(&mut self) -> Result<Cell, Fault> {
        self.0.next().ok_or_else(|| Fault::damaged("a row has fewer columns than it should"))
    }

    pub(crate) fn int_if_any(&mut self) -> Result<Option<i64>, Fault> {
        match self.cell()? {
            Cell::Int(value) => Ok(Some(value)),
            Cell::Null => Ok(None),
            Cell::Text(_) | Cell::Blob(_) => Err(wrong_type("a number")),
        }
    }

    pub(crate) fn text_if_any(&mut self) -> Result<Option<String>, Fault> {
        match self.cell()? {
            Cell::Text(value) => Ok(Some(value)),
            Cell::Null => Ok(None),
            Cell::Int(_) | Cell::Blob(_) => Err(wrong_type("text")),
        }
    }

    pub(crate) fn blob_if_any(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        match self.cell()? {
            Cell::Blob(value) => Ok(Some(value)),
            Cell::Null => Ok(None),
            Cell::Int(_) | Cell::Text(_) => Err(wrong_type("octets")),
        }
    }

    pub(crate) fn int(&mut self) -> Result<i64, Fault> {
        self.int_if_any()?.ok_or_else(|| wrong_type("a number"))
    }

    pub(crate) fn text(&mut self) -> Result<String, Fault> {
        self.text_if_any()?.ok_or_else(|| wrong_type("text"))
    }

    pub(crate) fn blob(&mut self) -> Result<Vec<u8>, Fault> {
        self.blob_if_any()?.ok_or_else(|| wrong_type("octets"))
    }

    pub(crate) fn flag(&mut self) -> Result<bool, Fault> {
        Ok(self.int()? != 0)
    }

    pub(crate) fn at(&mut self) -> Result<Timestamp, Fault> {
        self.int().map(Timestamp)
    }

    pub(crate) fn at_if_any(&mut self) -> Result<Option<Timestamp>, Fault> {
        Ok(self.int_if_any()?.map(Timestamp))
    }

    /// A name kept as text: an id, a method.
    pub(crate) fn parsed<T>(&mut self, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, Fault> {
        let text = self.text()?;
        parse(&text).ok_or_else(|| Fault::damaged("a row holds a name that cannot be read"))
    }

    pub(crate) fn id<T: std::str::FromStr>(&mut self) -> Result<T, Fault> {
        self.parsed(|text| text.parse().ok())
    }

    pub(crate) fn id_if_any<T: std::str::FromStr>(&mut self) -> Result<Option<T>, Fault> {
        let text = self.text_if_any()?;
        text.map(|text| text.parse().map_err(|_| Fault::damaged("a row holds an id that cannot be read"))).transpose()
    }
}

fn wrong_type(wanted: &str) -> Fault {
    Fault::damaged(format!("a column that should hold {wanted} does not"))
}

/// One connection. A future on a SQLite session is always ready at once.
pub(crate) enum Session {
    Sqlite(Sqlite),
    Postgres(Box<Postgres>),
}

impl Session {
    /// Run a statement; how many rows it changed.
    pub(crate) async fn execute(&mut self, sql: &str, args: &[Arg<'_>]) -> Result<u64, Fault> {
        match self {
            Self::Sqlite(session) => session.execute(sql, args),
            // Boxed, so that SQLite does not carry about the size of the other future.
            Self::Postgres(session) => Box::pin(session.execute(sql, args)).await,
        }
    }

    pub(crate) async fn query(&mut self, sql: &str, args: &[Arg<'_>]) -> Result<Vec<Row>, Fault> {
        match self {
            Self::Sqlite(session) => session.query(sql, args),
            Self::Postgres(session) => Box::pin(session.query(sql, args)).await,
        }
    }

    pub(crate) async fn query_one(&mut self, sql: &str, args: &[Arg<'_>]) -> Result<Option<Row>, Fault> {
        Ok(self.query(sql, args).await?.into_iter().next())
    }

    /// Statements without arguments, one after another: for schemas.
    pub(crate) async fn script(&mut self, sql: &str) -> Result<(), Fault> {
        match self {
            Self::Sqlite(session) => session.script(sql),
            Self::Postgres(session) => Box::pin(session.script(sql)).await,
        }
    }

    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// What a SELECT ends with whose rows are changed next. SQLite has one writer at a time and needs no locks on rows.
    pub(crate) fn for_update(&self) -> &'static str {
        if self.is_postgres() { " FOR UPDATE" } else { "" }
    }

    pub(crate) async fn begin(&mut self) -> Result<(), Fault> {
        let sql = if self.is_postgres() { "BEGIN" } else { "BEGIN IMMEDIATE" };
        self.execute(sql, &[]).await.map(drop)
    }

    pub(crate) async fn commit(&mut self) -> Result<(), Fault> {
        self.execute("COMMIT", &[]).await.map(drop)
    }

    /// Leave a transaction that failed. A connection that cannot even do that is not used again.
    pub(crate) async fn rollback(&mut self) {
        match self {
            Self::Sqlite(session) => session.rollback(),
            Self::Postgres(session) => Box::pin(session.rollback()).await,
        }
    }
}
