//! What an administrator does with a store: check it, copy it, seal it anew, close it.

use std::path::Path;
use std::sync::{Arc, PoisonError};

use vestibule_engine::{AuditLine, Store, StoreError, Timestamp};

use crate::change::{Change, Outcome};
use crate::fault::{Cause, Fault};
use crate::handle::{Handle, Reads};
use crate::rotation::Column;
use crate::session::{Sqlite, sqlite_fault};
use crate::verify::{Verification, verify};

/// Lines of one page of an export.
const PAGE: u32 = 1000;

impl Handle {
    /// Look at every line of the audit log (LOG-04).
    pub async fn audit_verify(&self) -> Result<Verification, StoreError> {
        let doing = "verify the audit log";
        let desk = Arc::clone(&self.desk);
        self.read_long(doing, move |session| {
            Box::pin(async move { verify(session, &desk.keyring, &desk.deployment).await })
        })
        .await
    }

    /// Every line, node by node, in the order of their chains.
    pub async fn audit_export(
        &self,
        mut each: impl FnMut(&AuditLine) -> std::io::Result<()> + Send,
    ) -> Result<(), StoreError> {
        let stopped = |error: std::io::Error| Fault::Unavailable(Cause::new(error)).while_doing("write the export");
        for node in self.audit_nodes().await? {
            let mut next = 1;
            loop {
                let page = self.audit_from(&node, next, PAGE).await?;
                let Some(last) = page.last() else { break };
                next = last.sequence + 1;
                page.iter().try_for_each(&mut each).map_err(stopped)?;
            }
        }
        Ok(())
    }

    /// Write the ends of the other nodes' chains into ours. To be called now and then, by every node of a cluster.
    pub async fn witness(&self, now: Timestamp) -> Result<(), StoreError> {
        let known = self.witnessed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let seen = self.change("witness the other nodes' audit logs", Change::Witness { known }, "", now).await?;
        if let Outcome::Heads(heads) = seen {
            *self.witnessed.lock().unwrap_or_else(PoisonError::into_inner) = heads;
        }
        Ok(())
    }

    /// Seal everything with the current master key that is sealed with an older one; how many rows that were. It may be
    /// interrupted and begun again, and logins go on meanwhile. Every node of a cluster must know the new key first.
    pub async fn rotate(&self, by: &str, now: Timestamp) -> Result<u64, StoreError> {
        let doing = "seal everything with the current master key";
        let mut rows = 0;
        for column in Column::ALL {
            loop {
                match self.change(doing, Change::Reseal(column), by, now).await? {
                    Outcome::Count(0) => break,
                    Outcome::Count(count) => rows += count,
                    _ => break,
                }
            }
        }
        self.change(doing, Change::FinishRotation { rows }, by, now).await?;
        Ok(rows)
    }

    /// Copy the SQLite database to a new file, whole and checked, while logins go on. Secrets in it stay sealed: to be
    /// of use it needs the master key, which is kept elsewhere.
    pub async fn backup(&self, to: &Path) -> Result<(), StoreError> {
        let doing = "back up the database";
        let refused = |text: &str| StoreError::Refused(text.to_owned());
        if matches!(self.reads, Reads::Postgres(_)) {
            return Err(refused("a PostgreSQL database is backed up with pg_dump"));
        }
        if to.exists() {
            return Err(StoreError::Refused(format!("{} is there already: name a new file", to.display())));
        }
        let Some(from) = self.desk.guard.as_ref().map(|guard| guard.path().to_owned()) else {
            return Err(refused("there is no file to back up"));
        };
        let to = to.to_owned();
        let copied = tokio::task::spawn_blocking(move || copy(&from, &to)).await;
        copied
            .map_err(|error| Fault::Unavailable(Cause::new(error)))
            .flatten()
            .map_err(|fault| fault.while_doing(doing))
    }

    /// Finish what was begun and close the database. What is asked of it afterwards is refused.
    pub async fn close(&self) {
        let mut running = self.stop_writer();
        if let Some(thread) = running.thread.take() {
            let joined = tokio::task::spawn_blocking(move || thread.join().is_ok()).await;
            if !matches!(joined, Ok(true)) {
                tracing::error!("The writer of the database did not stop in good order");
            }
        }
        while running.writer.join_next().await.is_some() {}
        running.listener.shutdown().await;
        if let Reads::Postgres(pool) = &self.reads {
            pool.close().await;
        }
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), Fault> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let source = Sqlite::reader(from)?;
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(to);
    let file = made.map_err(|error| Fault::Unavailable(Cause::new(error)))?;
    let mut target = rusqlite::Connection::open(to).map_err(sqlite_fault)?;
    // All pages in one step: a reader of its own, it holds nobody up.
    rusqlite::backup::Backup::new(source.connection(), &mut target)
        .and_then(|backup| backup.step(-1))
        .map_err(sqlite_fault)?;
    let said: String = target.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(sqlite_fault)?;
    if said != "ok" {
        return Err(Fault::damaged(format!("the copy is not whole: {said}")));
    }
    file.sync_all().map_err(|error| Fault::Unavailable(Cause::new(error)))
}
