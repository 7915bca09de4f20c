//! The accounts of a phone in a file: for its owner alone, changed as a whole or not at all.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use vestibule_engine::AuthenticatorId;
use zeroize::Zeroizing;

use crate::phone::Account;

/// What would not fit is none of ours: an account is some kilobytes, with its certificate.
const OCTETS_MAX: u64 = 4 * 1024 * 1024;
/// For whoever may use the keys in it.
const OWNER_ONLY: u32 = 0o600;
const VERSION: u32 = 1;

#[derive(Debug, thiserror::Error)]
pub(crate) enum StateFault {
    #[error("{doing} {}", .path.display())]
    File {
        doing: &'static str,
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    /// Somebody else could have used the keys in it.
    #[error("{} can be read by others; it holds private keys", .path.display())]
    Open { path: PathBuf },
    #[error("{} is no file of `vestibule phone`", .path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        cause: Option<serde_json::Error>,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct StateFile {
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    accounts: Vec<Account>,
}

impl StateFile {
    pub(crate) fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A file that is not there yet is a phone without accounts.
    pub(crate) fn accounts(&self) -> Result<Vec<Account>, StateFault> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.fault("open", error)),
        };
        let mode = file.metadata().map_err(|error| self.fault("look at", error))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(StateFault::Open { path: self.path.clone() });
        }
        let mut text = Zeroizing::new(String::new());
        file.take(OCTETS_MAX).read_to_string(&mut text).map_err(|error| self.fault("read", error))?;
        let unreadable = |cause| StateFault::Unreadable { path: self.path.clone(), cause };
        let written: Written = serde_json::from_str(&text).map_err(|error| unreadable(Some(error)))?;
        if written.version == VERSION { Ok(written.accounts) } else { Err(unreadable(None)) }
    }

    /// Add an account, or replace the one of the same device.
    pub(crate) fn keep(&self, account: &Account) -> Result<(), StateFault> {
        self.change(|accounts| {
            accounts.retain(|other| other.device != account.device);
            accounts.push(account.clone());
        })
    }

    pub(crate) fn forget(&self, device: AuthenticatorId) -> Result<(), StateFault> {
        self.change(|accounts| accounts.retain(|other| other.device != device))
    }

    /// One changes at a time; others read what was there before until it is whole.
    fn change(&self, change: impl FnOnce(&mut Vec<Account>)) -> Result<(), StateFault> {
        if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|error| self.fault("make the folder of", error))?;
        }
        let lock =
            OpenOptions::new().write(true).create(true).truncate(false).mode(OWNER_ONLY).open(self.beside("lock"));
        let lock = lock.and_then(|lock| lock.lock().map(|()| lock)).map_err(|error| self.fault("lock", error))?;
        let mut accounts = self.accounts()?;
        change(&mut accounts);
        let replaced = self.replace(&Written { version: VERSION, accounts });
        drop(lock);
        replaced.map_err(|error| self.fault("write", error))
    }

    fn replace(&self, written: &Written) -> io::Result<()> {
        let text = Zeroizing::new(serde_json::to_vec_pretty(written)?);
        let new = self.beside("new");
        // Left by one that was killed in between; we have the lock.
        match fs::remove_file(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(&new)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&new, &self.path)
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name: OsString = self.path.clone().into_os_string();
        name.push(format!(".{ending}"));
        PathBuf::from(name)
    }

    fn fault(&self, doing: &'static str, cause: io::Error) -> StateFault {
        StateFault::File { doing, path: self.path.clone(), cause }
    }
}
