//! A small file outside the database (beside a SQLite one, in the gateway's own folder for PostgreSQL) that remembers
//! how far the audit log had come. A database that is behind it was restored from a backup, and what was spent since
//! that backup must stay spent (OPS-09).

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use vestibule_engine::{AuditEvent, AuditRecord, Timestamp};

use crate::audit::{Chain, Head};
use crate::fault::{Cause, Fault};
use crate::guard::beside;
use crate::keyring::{Keyring, hex, unhex};
use crate::session::Session;

/// How long what was written last may lag behind in quiet times, and under load.
const QUIET: Duration = Duration::from_millis(250);
const BUSY: Duration = Duration::from_secs(1);

/// How long after it was used a code can still look right to a database that does not know of it: as far as an
/// authenticator's clock may run ahead and be followed (20 steps), the window around that (2), and the step itself. A
/// step lasts a minute at most.
const CODE_LIFETIME: Duration = Duration::from_secs((20 + 2 + 1) * 60);

/// How often what follows a restore is tried that clashed with another gateway.
const TRIES_MAX: u32 = 5;

/// The file's text.
#[derive(Debug, Serialize, Deserialize)]
struct Written {
    deployment: String,
    /// Of each node, the newest sequence and its hash.
    heads: BTreeMap<String, (i64, String)>,
    signature: String,
}

impl Written {
    fn text(deployment: &str, heads: &BTreeMap<String, (i64, String)>) -> Vec<u8> {
        format!("witness|{deployment}|{heads:?}").into_bytes()
    }
}

/// The witness of the SQLite database at `database`.
pub(crate) fn of_file(database: &Path) -> PathBuf {
    beside(database, ".witness")
}

/// The witness of a PostgreSQL database. It does not carry the node's name, which may change with each start.
pub(crate) fn of_server(folder: &Path) -> PathBuf {
    folder.join("postgres.witness")
}

/// The deployment that the file at `database` had when it was last seen, if it ever was.
pub(crate) fn deployment_seen(database: &Path) -> Option<String> {
    let text = std::fs::read(of_file(database)).ok()?;
    serde_json::from_slice::<Written>(&text).ok().map(|written| written.deployment)
}

pub(crate) struct Witness {
    path: PathBuf,
    keyring: Keyring,
    deployment: String,
    heads: BTreeMap<String, (i64, String)>,
    written: Instant,
    is_behind: bool,
    is_failing: bool,
}

impl Witness {
    /// Compare the database with what was last seen of it, and deal with an older one.
    pub(crate) async fn open(
        path: PathBuf,
        session: &mut Session,
        keyring: &Keyring,
        deployment: &str,
        node: &str,
        now: Timestamp,
    ) -> Result<Self, Fault> {
        match read(&path, keyring, deployment)? {
            Remembered::Nothing => {}
            Remembered::Seen(seen, at) => {
                if let Some(missing) = missing(session, &seen).await? {
                    restored(session, keyring, deployment, node, missing, at, now).await?;
                }
            }
            // It was there and tells nothing any more: whether this is the newest state, nobody knows.
            Remembered::Damaged => restored(session, keyring, deployment, node, 0, now, now).await?,
        }
        let mut witness = Self {
            path,
            keyring: keyring.clone(),
            deployment: deployment.to_owned(),
            heads: heads(session).await?,
            written: Instant::now(),
            is_behind: true,
            is_failing: false,
        };
        witness.write();
        Ok(witness)
    }

    /// When the file should be written, unless something else comes first.
    pub(crate) fn due(&self) -> Option<Duration> {
        self.is_behind.then(|| QUIET.saturating_sub(self.written.elapsed()))
    }

    pub(crate) fn note(&mut self, node: &str, head: &Head) {
        self.heads.insert(node.to_owned(), (head.sequence, hex(&head.hash)));
        self.is_behind = true;
        if self.written.elapsed() >= BUSY {
            self.write();
        }
    }

    /// A failure is told once: logins go on, only a restored backup would not be noticed.
    pub(crate) fn write(&mut self) {
        if !self.is_behind {
            return;
        }
        (self.written, self.is_behind) = (Instant::now(), false);
        let failed = self.replace().err();
        if let Some(error) = &failed
            && !self.is_failing
        {
            tracing::warn!(
                error = %error,
                "{} cannot be written: a database restored from a backup would not be noticed",
                self.path.display()
            );
        }
        self.is_failing = failed.is_some();
    }

    fn replace(&self) -> std::io::Result<()> {
        let signature = hex(&self.keyring.sign(&Written::text(&self.deployment, &self.heads)));
        let written = Written { deployment: self.deployment.clone(), heads: self.heads.clone(), signature };
        let fresh = beside(&self.path, &format!(".{}.new", std::process::id()));
        let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(&serde_json::to_vec(&written)?)?;
        // A command that root ran must not take the file away from the gateway. Whoever is not root cannot, and need not.
        if let Some(folder) = self.path.parent().and_then(|folder| std::fs::metadata(folder).ok()) {
            drop(fchown(&file, Some(folder.uid()), Some(folder.gid())));
        }
        std::fs::rename(fresh, &self.path)
    }
}

enum Remembered {
    Nothing,
    Seen(BTreeMap<String, (i64, String)>, Timestamp),
    Damaged,
}

fn read(path: &Path, keyring: &Keyring, deployment: &str) -> Result<Remembered, Fault> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Remembered::Nothing),
        // Not knowing is not the same as nothing.
        Err(error) => return Err(Fault::Unavailable(Cause::new(error))),
    };
    let Ok(written) = serde_json::from_slice::<Written>(&text) else { return Ok(damaged(path)) };
    if written.deployment != deployment {
        tracing::warn!("{} is about another database; it is written anew", path.display());
        return Ok(Remembered::Nothing);
    }
    let signed = unhex(&written.signature)
        .is_some_and(|signature| keyring.verify(&Written::text(deployment, &written.heads), &signature).is_ok());
    if !signed {
        tracing::warn!("{} is not signed by us; it is written anew", path.display());
        return Ok(Remembered::Nothing);
    }
    let modified = std::fs::metadata(path).and_then(|file| file.modified()).ok();
    let at =
        modified.and_then(|at| at.duration_since(UNIX_EPOCH).ok()).and_then(|at| i64::try_from(at.as_micros()).ok());
    Ok(Remembered::Seen(written.heads, Timestamp(at.unwrap_or(i64::MAX))))
}

fn damaged(path: &Path) -> Remembered {
    tracing::warn!("{} cannot be believed: the database is treated like one from a backup", path.display());
    Remembered::Damaged
}

async fn heads(session: &mut Session) -> Result<BTreeMap<String, (i64, String)>, Fault> {
    let rows = session.query("SELECT node, sequence, hash FROM audit_heads", &[]).await?;
    rows.into_iter().map(|mut row| Ok((row.text()?, (row.int()?, hex(&row.blob()?))))).collect()
}

/// How many lines the database lacks, if it is behind or went another way.
async fn missing(session: &mut Session, seen: &BTreeMap<String, (i64, String)>) -> Result<Option<u64>, Fault> {
    let here = heads(session).await?;
    let (mut missing, mut differs) = (0, false);
    for (node, (sequence, hash)) in seen {
        let reached = here.get(node).map_or(0, |(sequence, _)| *sequence);
        missing += u64::try_from(sequence - reached).unwrap_or(0);
        let sql = "SELECT hash FROM audit WHERE node = $1 AND sequence = $2";
        let line = session.query_one(sql, &[node.into(), (*sequence).into()]).await?;
        let line = line.map(|mut row| row.blob()).transpose()?;
        differs |= *sequence > 0 && line.is_none_or(|line| hex(&line) != *hash);
    }
    Ok((missing > 0 || differs).then_some(missing))
}

/// Whatever may have been used since the backup is not taken again: recovery codes until they are issued anew, codes
/// until those that were right then have run out. Invitations, remembered stations, sessions, pairings and open logins
/// not at all.
async fn restored(
    session: &mut Session,
    keyring: &Keyring,
    deployment: &str,
    node: &str,
    missing: u64,
    seen: Timestamp,
    now: Timestamp,
) -> Result<(), Fault> {
    let mut tries = 1;
    loop {
        session.begin().await?;
        match hold(session, keyring, deployment, node, missing, seen, now).await {
            Ok(()) => break session.commit().await?,
            Err(fault) => {
                session.rollback().await;
                // Other gateways go on meanwhile, or do the same.
                if !matches!(fault, Fault::Clash(_)) || tries >= TRIES_MAX {
                    return Err(fault);
                }
                tries += 1;
            }
        }
    }
    tracing::warn!(
        missing,
        "The database was restored from a backup: recovery codes must be issued anew, remembered stations are forgotten"
    );
    Ok(())
}

async fn hold(
    session: &mut Session,
    keyring: &Keyring,
    deployment: &str,
    node: &str,
    missing: u64,
    seen: Timestamp,
    now: Timestamp,
) -> Result<(), Fault> {
    let mut chain = Chain::read(session, keyring, deployment, node).await?;
    // In the order in which logins take these tables. Another gateway may have seen more of what was lost: never sooner
    // than it said.
    session.execute("DELETE FROM attempts", &[]).await?;
    // A phone answers a login that is open now, and to none of before: it need not wait.
    let sql = "UPDATE authenticators SET held_until = CASE WHEN method IN ('recovery-code', 'invitation') THEN $1 \
               WHEN held_until > $2 THEN held_until ELSE $2 END WHERE method <> 'push'";
    let codes_until = seen.min(now).after(CODE_LIFETIME);
    session.execute(sql, &[i64::MAX.into(), codes_until.into()]).await?;
    session.execute("DELETE FROM trust", &[]).await?;
    session.execute("DELETE FROM tokens", &[]).await?;
    chain.append(&AuditRecord::new(now, AuditEvent::StoreRestored { missing }))?;
    chain.write(session, keyring, deployment).await
}

/// Whether files can be made beside the database.
pub(crate) fn probe_folder(database: &Path) -> std::io::Result<()> {
    // A name of its own for each: commands that start together must not take away each other's.
    let probe = beside(database, &format!(".{}.probe", uuid::Uuid::new_v4()));
    std::fs::write(&probe, b"?")?;
    std::fs::remove_file(&probe)
}
