//! Connections for reading.

use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::PgPool;

use crate::fault::{Cause, Fault};
use crate::schema;
use crate::session::{Session, Sqlite};
use crate::writer::{Desk, at_once, connect};

/// Readers kept open. A read is over before its thread does anything else, so this many serve as many threads.
const IDLE_MAX: usize = 16;

pub(crate) enum Reads {
    Sqlite(Arc<Readers>),
    Postgres(PgPool),
}

impl Reads {
    pub(crate) async fn lease(&self) -> Result<Lease, Fault> {
        match self {
            Self::Sqlite(readers) => readers.lease(),
            Self::Postgres(pool) => Ok(Lease { session: Some(connect(pool).await?), home: None }),
        }
    }

    pub(crate) async fn long<T: Send + 'static>(
        &self,
        work: impl for<'a> FnOnce(&'a mut Session) -> Working<'a, T> + Send + 'static,
    ) -> Result<T, Fault> {
        match self {
            Self::Sqlite(readers) => {
                let readers = Arc::clone(readers);
                let read = move || at_once(work(&mut *readers.lease()?));
                tokio::task::spawn_blocking(read).await.map_err(|error| Fault::Unavailable(Cause::new(error)))?
            }
            Self::Postgres(pool) => work(&mut connect(pool).await?).await,
        }
    }
}

/// A read that is under way.
pub(crate) type Working<'a, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'a>>;

/// SQLite's readers. They are used where they are needed, without a hop to another thread: a read by key takes a few
/// microseconds.
pub(crate) struct Readers {
    desk: Arc<Desk>,
    idle: Mutex<Vec<Session>>,
}

impl Readers {
    pub(crate) fn new(desk: Arc<Desk>) -> Self {
        Self { desk, idle: Mutex::default() }
    }

    fn lease(self: &Arc<Self>) -> Result<Lease, Fault> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let session = idle.map_or_else(|| self.open(), Ok)?;
        Ok(Lease { session: Some(session), home: Some(Arc::clone(self)) })
    }

    /// What is opened now must be what was opened first, not something put in its place.
    fn open(&self) -> Result<Session, Fault> {
        let Some(guard) = &self.desk.guard else { return Err(Fault::damaged("there is no file to read")) };
        guard.check()?;
        let mut session = Session::Sqlite(Sqlite::reader(guard.path())?);
        if at_once(schema::meta(&mut session, "deployment"))?.as_ref() != Some(&self.desk.deployment) {
            return Err(Fault::damaged("the database was replaced while we run"));
        }
        Ok(session)
    }

    fn take_back(&self, session: Session) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MAX {
            idle.push(session);
        }
    }
}

/// A session for the length of one read.
pub(crate) struct Lease {
    session: Option<Session>,
    home: Option<Arc<Readers>>,
}

impl Deref for Lease {
    type Target = Session;

    fn deref(&self) -> &Session {
        self.session.as_ref().expect("a lease holds its session until it is dropped")
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Session {
        self.session.as_mut().expect("a lease holds its session until it is dropped")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let (Some(session), Some(home)) = (self.session.take(), &self.home) {
            home.take_back(session);
        }
    }
}
