//! A folder with a configuration and everything it may refer to.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::config::{Disk, Loaded, load_with};

/// A usable configuration; what a test adds goes into `conf.d/case.yaml`.
pub(super) const BASE: &str = "\
node: test
state: state
master_key: {file: master.key}
primaries:
  staff: {local: {}}
  directory:
    ldap:
      servers: [ldaps://a.example.org]
      tls: {ca_file: ca.pem}
      find: {search: {base: dc=example, bind_dn: cn=a, password: {file: good.secret}}}
radius:
  clients:
    vpn: {addresses: [192.0.2.1], secret: {file: good.secret}, primary: staff}
";

const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";

pub(super) struct Folder(tempfile::TempDir);

impl Folder {
    pub(super) fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a temporary folder"));
        folder.write("master.key", MASTER_KEY, 0o600);
        folder.write("short.key", "AAEC\n", 0o600);
        folder.write("good.secret", "correct-horse-battery-staple-41\n", 0o600);
        folder.write("other.secret", "another-horse-battery-staple-42\n", 0o600);
        folder.write("weak.secret", "radius\n", 0o600);
        folder.write("open.secret", "hunter2-hunter2-hunter2-hunter2\n", 0o644);
        folder.write("empty.secret", "\n", 0o600);
        folder.write("not-a-certificate.pem", "no certificate\n", 0o644);
        folder.write("ca.pem", &authority(), 0o644);
        let issued = rcgen::generate_simple_self_signed(vec!["ldap.example.org".to_owned()]).expect("a certificate");
        folder.write("door.pem", &issued.cert.pem(), 0o644);
        folder.write("door.key", &issued.signing_key.serialize_pem(), 0o600);
        folder
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn write(&self, name: &str, content: &str, mode: u32) -> PathBuf {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder around it")).expect("made");
        fs::write(&path, content).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("mode set");
        path
    }

    pub(super) fn load(&self) -> Loaded {
        let disk = Disk::with_environment(self.0.path().to_owned(), environment);
        load_with(&self.0.path().join("vestibule.yaml"), &disk)
    }

    /// [`BASE`] with `more` in `conf.d/case.yaml`.
    pub(super) fn load_base_with(&self, more: &str) -> Loaded {
        self.write("vestibule.yaml", BASE, 0o644);
        self.write("conf.d/case.yaml", more, 0o644);
        self.load()
    }
}

fn environment(name: &str) -> Option<String> {
    (name == "GOOD_SECRET").then(|| "correct-horse-battery-staple-43".to_owned())
}

fn authority() -> String {
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut params = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.self_signed(&key).expect("signed").pem()
}
