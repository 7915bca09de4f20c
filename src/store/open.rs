//! Opening: everything that can be wrong with a database is found here, before the first login, and told with what to
//! do about it (FLT-16).

mod postgres;
mod sqlite;

use std::sync::Arc;

use tokio::task::JoinSet;
use vestibule_engine::Timestamp;

use crate::audit;
use crate::config::StoreSettings;
use crate::fault::{Cause, Fault};
use crate::handle::{Handle, Readers, Reads, Running};
use crate::keyring::{Keyring, Unopened};
use crate::listener;
use crate::schema::{self, Found, NEWEST};
use crate::session::Session;
use crate::writer::{start_task, start_thread};

/// Whether there should be a database already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// Make one if there is none, and if there never was one.
    Create,
    /// There is one. Where it is missing, nothing is made in its place: an empty database knows nobody.
    Existing,
}

/// Why there is no store. The text says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the node name \"{0}\" is not usable: write up to 64 letters, digits, dots, dashes and underscores")]
    NodeName(String),
    #[error("there is no database at {0}: make one with `vestibule init`, or mount the disk it is on")]
    Missing(String),
    #[error("the database {place} is gone: restore it from a backup, or remove {witness} to begin with nothing")]
    Vanished { place: String, witness: String },
    #[error("{0} is not a database of ours: name another one, or move it away")]
    NotOurs(String),
    #[error("{place} has schema {found} and we know up to {NEWEST}: install the version that wrote it, or a newer one")]
    NewerSchema { place: String, found: i64 },
    #[error("{place} is sealed with master key {wanted}, and we have {have}: give us that key too, as an older one")]
    WrongKey { place: String, wanted: String, have: String },
    #[error("{place} is damaged: restore it from a backup")]
    Damaged {
        place: String,
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("{place} is in use by another program: stop that one (a backup, a database shell) and start again")]
    Locked {
        place: String,
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("the folder of {place} cannot be written to: it must belong to the user we run as")]
    NotWritable {
        place: String,
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("the disk of {place} is full: make room and start again")]
    DiskFull {
        place: String,
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("{place} cannot be reached: check that PostgreSQL runs there and that host, port and tls are right")]
    Unreachable {
        place: String,
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("{place} refuses user {user}: check user and password, and what pg_hba.conf says of them")]
    SignInRefused {
        place: String,
        user: String,
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("{place} has no database {database}: create it there, owned by user {user}")]
    NoDatabase { place: String, database: String, user: String },
    #[error("open {place}")]
    Failed {
        place: String,
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Open the store that `settings` name. `node` is the name under which this process writes its audit records; no two
/// gateways of a cluster share one.
pub async fn open(
    settings: StoreSettings,
    keyring: Keyring,
    node: &str,
    opening: Opening,
    now: Timestamp,
) -> Result<Arc<Handle>, OpenError> {
    if !audit::is_node_name(node) {
        return Err(OpenError::NodeName(node.to_owned()));
    }
    let prepare = Prepare { keyring, node: node.to_owned(), opening, now };
    match settings {
        StoreSettings::Sqlite { path } => {
            let place = path.display().to_string();
            // Checking a large file takes a while.
            let opened = tokio::task::spawn_blocking(move || sqlite::open(&path, prepare)).await;
            let (desk, session, witness) =
                opened.map_err(|error| OpenError::Failed { place: place.clone(), cause: error.into() })??;
            let desk = Arc::new(desk);
            let (queue, thread) = start_thread(Arc::clone(&desk), session, witness)
                .map_err(|error| OpenError::Failed { place, cause: error.into() })?;
            let reads = Reads::Sqlite(Arc::new(Readers::new(Arc::clone(&desk))));
            let running = Running { thread: Some(thread), ..Running::default() };
            Ok(Arc::new(Handle::new(desk, queue, reads, running)))
        }
        StoreSettings::Postgres(settings) => {
            let (desk, pool, witness) = postgres::open(&settings, prepare).await?;
            let desk = Arc::new(desk);
            let (mut writer, mut hears) = (JoinSet::new(), JoinSet::new());
            let queue = start_task(Arc::clone(&desk), pool.clone(), witness, &mut writer);
            listener::start(Arc::clone(&desk), pool.clone(), &mut hears);
            let running = Running { thread: None, writer, listener: hears };
            Ok(Arc::new(Handle::new(desk, queue, Reads::Postgres(pool), running)))
        }
    }
}

/// What both databases are opened with.
struct Prepare {
    keyring: Keyring,
    node: String,
    opening: Opening,
    now: Timestamp,
}

impl Prepare {
    /// Check what is there, bring it up to date and find the end of our chain. Returns the deployment.
    async fn run(&self, session: &mut Session, place: &str) -> Result<String, OpenError> {
        let failed = |fault: Fault| failure(place, fault);
        match schema::find(session).await.map_err(failed)? {
            Found::Nothing if self.opening == Opening::Existing => return Err(OpenError::Missing(place.to_owned())),
            Found::Schema(found) if found > NEWEST => {
                return Err(OpenError::NewerSchema { place: place.to_owned(), found });
            }
            Found::Schema(_) => self.check_key(session, place).await?,
            Found::Nothing => {}
        }
        schema::migrate(session, &self.keyring, self.now).await.map_err(failed)?;
        // Another gateway may have made it meanwhile, with another key.
        self.check_key(session, place).await?;
        let deployment = schema::meta(session, "deployment").await.map_err(failed)?;
        let deployment = deployment.ok_or_else(|| failed(Fault::damaged("it does not say which deployment it is")))?;
        audit::begin_chain(session, &self.keyring, &deployment, &self.node).await.map_err(failed)?;
        Ok(deployment)
    }

    async fn check_key(&self, session: &mut Session, place: &str) -> Result<(), OpenError> {
        let failed = |fault: Fault| failure(place, fault);
        let check = schema::meta(session, "key_check").await.map_err(failed)?.unwrap_or_default();
        schema::opens_key_check(&check, &self.keyring).map_err(|unopened| match unopened {
            Unopened::UnknownKey(wanted) => {
                OpenError::WrongKey { place: place.to_owned(), wanted, have: self.keyring.key_id() }
            }
            Unopened::Altered => failed(Fault::from(unopened)),
        })
    }
}

fn failure(place: &str, fault: Fault) -> OpenError {
    let place = place.to_owned();
    match fault {
        Fault::Full(cause) => OpenError::DiskFull { place, cause: cause.into() },
        Fault::Damaged(cause) | Fault::Unsure(cause) => OpenError::Damaged { place, cause: cause.into() },
        Fault::Unavailable(cause) if cause.is_sqlite_busy() => OpenError::Locked { place, cause: cause.into() },
        Fault::Unavailable(cause) | Fault::Clash(cause) => OpenError::Failed { place, cause: cause.into() },
        Fault::Refused(why) => OpenError::Failed { place, cause: Cause::text(why).into() },
    }
}
