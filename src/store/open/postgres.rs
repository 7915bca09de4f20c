//! Opening a database on a PostgreSQL server.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection, PgPool};

use super::{OpenError, Prepare, failure};
use crate::config::{PostgresAuthorities, PostgresSettings};
use crate::fault::Fault;
use crate::session::postgres_fault;
use crate::witness::{self, Witness};
use crate::writer::{Desk, connect};

/// How long to wait for a connection. A login waits for it, and so does whoever signs in.
const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// A connection that lay idle for this long may have been cut by something in between: ask before relying on it.
const IDLE_TRUSTED: Duration = Duration::from_secs(2);
const STATEMENTS_CACHED: usize = 512;

/// What holds for each of our connections: durable before it is answered, and never waiting for long.
const SESSION: &str = "SET synchronous_commit = on; SET lock_timeout = '5s'; SET statement_timeout = '10s'; \
                       SET idle_in_transaction_session_timeout = '10s'; \
                       SET default_transaction_isolation = 'read committed'";

pub(super) async fn open(
    settings: &PostgresSettings,
    prepare: Prepare,
) -> Result<(Desk, PgPool, Option<Witness>), OpenError> {
    let place = format!("PostgreSQL at {}", settings.host);
    let options = options(settings);
    knock(&options, settings, &place).await?;
    let pool = PgPoolOptions::new()
        .max_connections(settings.connections)
        .acquire_timeout(CONNECT_WAIT)
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for < IDLE_TRUSTED {
                    return Ok(true);
                }
                Ok(matches!(tokio::time::timeout(CONNECT_WAIT, connection.ping()).await, Ok(Ok(()))))
            })
        })
        .after_connect(|connection, _| Box::pin(async move { connection.execute(SESSION).await.map(drop) }))
        .connect_lazy_with(options);
    let failed = |fault: Fault| failure(&place, fault);
    let mut session = connect(&pool).await.map_err(failed)?;
    let deployment = prepare.run(&mut session, &place).await?;
    warn_if_not_durable(&mut session, &place).await.map_err(failed)?;
    let Prepare { keyring, node, now, .. } = prepare;
    let witness = match &settings.witness_folder {
        Some(folder) => {
            let path = witness::of_server(folder);
            Some(Witness::open(path, &mut session, &keyring, &deployment, &node, now).await.map_err(failed)?)
        }
        None => None,
    };
    Ok((Desk::new(keyring, deployment, node, None), pool, witness))
}

fn options(settings: &PostgresSettings) -> PgConnectOptions {
    let mut options = PgConnectOptions::new_without_pgpass()
        .port(settings.port)
        .username(&settings.user)
        .database(&settings.database)
        .application_name("vestibule")
        .statement_cache_capacity(STATEMENTS_CACHED)
        .disable_statement_logging();
    if let Some(password) = settings.password.as_ref().and_then(|password| std::str::from_utf8(password.expose()).ok())
    {
        options = options.password(password);
    }
    options =
        if settings.host.starts_with('/') { options.socket(&settings.host) } else { options.host(&settings.host) };
    match &settings.tls {
        None => options.ssl_mode(PgSslMode::Disable),
        Some(PostgresAuthorities::OfTheSystem) => options.ssl_mode(PgSslMode::VerifyFull),
        Some(PostgresAuthorities::Pem(pem)) => {
            options.ssl_mode(PgSslMode::VerifyFull).ssl_root_cert_from_pem(pem.clone())
        }
    }
}

/// One connection by hand, because a pool says only that it waited too long.
async fn knock(options: &PgConnectOptions, settings: &PostgresSettings, place: &str) -> Result<(), OpenError> {
    let (place, user) = (place.to_owned(), settings.user.clone());
    let connected = tokio::time::timeout(CONNECT_WAIT, PgConnection::connect_with(options)).await;
    let error = match connected {
        Ok(Ok(connection)) => {
            drop(connection.close().await);
            return Ok(());
        }
        Ok(Err(error)) => error,
        Err(elapsed) => return Err(OpenError::Unreachable { place, cause: elapsed.into() }),
    };
    let code = error.as_database_error().and_then(|error| error.code()).map(std::borrow::Cow::into_owned);
    Err(match code.as_deref() {
        Some("28P01" | "28000") => OpenError::SignInRefused { place, user, cause: error.into() },
        Some("3D000") => OpenError::NoDatabase { place, database: settings.database.clone(), user },
        Some(_) => failure(&place, postgres_fault(error)),
        None => OpenError::Unreachable { place, cause: error.into() },
    })
}

async fn warn_if_not_durable(session: &mut crate::session::Session, place: &str) -> Result<(), Fault> {
    let row = session.query_one("SHOW fsync", &[]).await?;
    if row.map(|mut row| row.text()).transpose()?.as_deref() == Some("off") {
        tracing::warn!("{place} runs with fsync off: a power cut can bring back codes that were used");
    }
    Ok(())
}
