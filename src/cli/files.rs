//! Files that `init` and `demo` make: new ones only, secrets readable by their owner alone.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use anyhow::Context;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use vestibule_engine::Random;
use zeroize::Zeroizing;

use super::{Failure, Outcome};

/// A file for everybody to read.
pub(crate) const READABLE: u32 = 0o644;
/// A file for its owner alone.
pub(crate) const PRIVATE: u32 = 0o600;

/// Make a folder, and those around it, for its owner alone. One that is there stays as it is.
pub(crate) fn folder(path: &Path) -> Outcome {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("make the folder {}", path.display()))
}

/// Write a file that is not there yet. It is made with its mode, so that a secret is at no time readable by others.
pub(crate) fn new_file(path: &Path, content: &[u8], mode: u32) -> Outcome {
    let made = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    match made.and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all())) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(exists(path).into()),
        written => written.with_context(|| format!("write {}", path.display())),
    }
}

pub(crate) fn exists(path: &Path) -> Failure {
    Failure::new(format!("{} is there already", path.display()))
        .because("nothing that exists is overwritten")
        .then("move it away, or name another place")
}

/// A random secret of 32 characters: 192 bits.
pub(crate) fn random_secret(random: &dyn Random) -> Outcome<Zeroizing<String>> {
    let mut octets = Zeroizing::new([0; 24]);
    random.fill(octets.as_mut_slice()).context("make a secret")?;
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(octets.as_slice())))
}
