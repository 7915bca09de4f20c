//! What the configuration refers to: secret files, environment variables, systemd credentials, plain files. With
//! [`super::load`], the only place that reads files and the environment.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use vestibule_engine::SecretBytes;
use vestibule_engine::config::{SecretRef, Sources};
use zeroize::Zeroizing;

/// The largest secret. Keys and passwords are far smaller; a private key in PEM form is about 3 KiB.
pub(crate) const SECRET_OCTETS_MAX: u64 = 64 * 1024;
/// The largest plain file. A system's whole CA bundle has about 200 KiB.
pub(crate) const FILE_OCTETS_MAX: u64 = 4 * 1024 * 1024;

/// The disk and the environment of this process.
pub struct Disk {
    /// What relative paths are relative to: the folder of the configuration file.
    base: PathBuf,
    environment: fn(&str) -> Option<String>,
}

impl Disk {
    pub fn beside(config: &Path) -> Self {
        Self { base: full_path(&folder_of(config)), environment: variable }
    }

    /// The same with another environment.
    #[cfg(test)]
    pub(crate) fn with_environment(base: PathBuf, environment: fn(&str) -> Option<String>) -> Self {
        Self { base, environment }
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        self.base.join(path)
    }

    fn secret_file(&self, path: &Path, mode: Mode) -> Result<SecretBytes, String> {
        let path = self.absolute(path);
        let shown = path.display();
        let file = open(&path).map_err(|error| format!("cannot read {shown}: {error}"))?;
        let about = file.metadata().map_err(|error| format!("cannot read {shown}: {error}"))?;
        if mode == Mode::Private && about.mode() & 0o077 != 0 {
            let mode = about.mode() & 0o777;
            return Err(format!("{shown} can be read by others (mode {mode:04o}); `chmod 600 {shown}`"));
        }
        let octets = read_at_most(file, &about, SECRET_OCTETS_MAX).map_err(|why| format!("{shown} {why}"))?;
        Ok(SecretBytes::new(without_line_break(&octets)))
    }

    fn credential(&self, name: &str) -> Result<SecretBytes, String> {
        if name.is_empty() || name.contains('/') || name.starts_with('.') {
            return Err(format!("\"{name}\" is no name of a credential"));
        }
        let folder = (self.environment)("CREDENTIALS_DIRECTORY")
            .ok_or_else(|| format!("no credential {name}: not started by systemd with `LoadCredential={name}:...`"))?;
        // systemd made the folder for us alone; with access lists its mode bits read wider than it is.
        self.secret_file(&Path::new(&folder).join(name), Mode::Any)
    }

    fn variable(&self, name: &str) -> Result<SecretBytes, String> {
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            // Not repeated: it may be the secret itself.
            return Err("something that is no name of an environment variable".to_owned());
        }
        (self.environment)(name)
            .map(|value| SecretBytes::new(Zeroizing::new(value).as_bytes()))
            .ok_or_else(|| format!("the environment variable {name} is not set"))
    }
}

impl Sources for Disk {
    fn secret(&self, reference: &SecretRef) -> Result<SecretBytes, String> {
        match reference {
            SecretRef::File(path) => self.secret_file(path, Mode::Private),
            SecretRef::Env(name) => self.variable(name),
            SecretRef::Credential(name) => self.credential(name),
        }
    }

    fn file(&self, path: &Path) -> Result<Vec<u8>, String> {
        plain_file(&self.absolute(path))
    }
}

/// Read a file that is not secret.
pub(crate) fn plain_file(path: &Path) -> Result<Vec<u8>, String> {
    let shown = path.display();
    let file = open(path).map_err(|error| format!("cannot read {shown}: {error}"))?;
    let about = file.metadata().map_err(|error| format!("cannot read {shown}: {error}"))?;
    let octets = read_at_most(file, &about, FILE_OCTETS_MAX).map_err(|why| format!("{shown} {why}"))?;
    Ok(octets.to_vec())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Nobody but the owner may read it.
    Private,
    Any,
}

/// Open a regular file. What is asked about it afterwards is asked of the open file, so that it cannot be exchanged in
/// between; a pipe or a device is not even opened, because that could wait for ever.
fn open(path: &Path) -> io::Result<File> {
    let regular = |about: &Metadata| about.is_file();
    let refused = || io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file");
    if !regular(&std::fs::metadata(path)?) {
        return Err(refused());
    }
    let file = File::open(path)?;
    if regular(&file.metadata()?) { Ok(file) } else { Err(refused()) }
}

fn read_at_most(file: File, about: &Metadata, most: u64) -> Result<Zeroizing<Vec<u8>>, String> {
    let too_large = || format!("is larger than {most} octets");
    if about.len() > most {
        return Err(too_large());
    }
    // Room for all of it from the start: a vector that grows leaves copies of a secret behind.
    let room = usize::try_from(most.min(about.len()).saturating_add(1)).unwrap_or(0);
    let mut octets = Zeroizing::new(Vec::with_capacity(room));
    file.take(most.saturating_add(1)).read_to_end(&mut octets).map_err(|error| format!("cannot be read: {error}"))?;
    if octets.len() as u64 > most { Err(too_large()) } else { Ok(octets) }
}

/// The last line break is the editor's, not the secret's.
fn without_line_break(octets: &[u8]) -> &[u8] {
    let octets = octets.strip_suffix(b"\n").unwrap_or(octets);
    octets.strip_suffix(b"\r").unwrap_or(octets)
}

pub(crate) fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Whoever can change the configuration can let anybody in.
pub(crate) fn can_be_changed_by_others(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|about| about.mode() & 0o002 != 0)
}

/// With the current folder in front, if it is not a full path yet.
pub(crate) fn full_path(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The machine's own name, if it has one.
pub(crate) fn host_name() -> Option<String> {
    std::fs::read_to_string("/proc/sys/kernel/hostname").ok().filter(|name| !name.trim().is_empty())
}

/// Who gives a command, by the environment: for the audit log, where it is a hint beside the system's own records.
pub fn login_name() -> String {
    ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(variable).unwrap_or_else(|| "unknown".to_owned())
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Whether standard error goes to the systemd journal.
pub(crate) fn is_journal() -> bool {
    variable("JOURNAL_STREAM").is_some()
}
