//! Whether the database file is still the one that was opened. A file that was deleted or replaced while we run can
//! still be written to, but nobody will ever find it again; and an empty one in its place knows nobody (FLT-17).

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::fault::{Cause, Fault};

#[derive(Debug)]
pub(crate) struct Guard {
    path: PathBuf,
    log: PathBuf,
    file_id: (u64, u64),
    log_id: (u64, u64),
    /// The file only ever grows.
    size: AtomicU64,
}

impl Guard {
    /// `path` is open for writing, and was written to: its log is there.
    pub(crate) fn of(path: &Path) -> Result<Self, Fault> {
        let log = beside(path, "-wal");
        let file = look(path)?;
        let log_id = id(&look(&log)?);
        Ok(Self { path: path.to_owned(), log, file_id: id(&file), log_id, size: AtomicU64::new(file.len()) })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn check(&self) -> Result<(), Fault> {
        let file = look(&self.path)?;
        let is_same = id(&file) == self.file_id && id(&look(&self.log)?) == self.log_id;
        if !is_same || file.len() < self.size.fetch_max(file.len(), Ordering::Relaxed) {
            return Err(Fault::damaged(format!(
                "{} was replaced or cut while we run: put the right file back and restart the gateway",
                self.path.display()
            )));
        }
        Ok(())
    }
}

/// The file that SQLite or we keep beside the database.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn look(path: &Path) -> Result<Metadata, Fault> {
    std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Fault::damaged(format!(
            "{} was deleted while we run: restore it from a backup and restart the gateway",
            path.display()
        )),
        _ => Fault::Unavailable(Cause::new(error)),
    })
}

fn id(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}
