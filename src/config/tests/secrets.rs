//! Secrets from files, the environment and credentials.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use vestibule_engine::config::{SecretRef, Sources};

use crate::config::Disk;

fn environment(name: &str) -> Option<String> {
    match name {
        "RADIUS_SECRET" => Some("from the environment".to_owned()),
        _ => None,
    }
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn write(&self, name: &str, content: &[u8], mode: u32) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, content).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("mode set");
        path
    }

    fn disk(&self) -> Disk {
        Disk::with_environment(self.0.path().to_owned(), environment)
    }

    fn secret(&self, reference: &SecretRef) -> Result<Vec<u8>, String> {
        self.disk().secret(reference).map(|secret| secret.expose().to_vec())
    }
}

#[test]
fn a_secret_file_is_read_without_its_last_line_break() {
    let folder = Folder::new();
    for (name, content, meant) in [
        ("plain", &b"secret"[..], &b"secret"[..]),
        ("unix", b"secret\n", b"secret"),
        ("windows", b"secret\r\n", b"secret"),
        ("inner", b" se\ncret \n\n", b" se\ncret \n"),
        ("octets", b"\xff\x00\n", b"\xff\x00"),
    ] {
        folder.write(name, content, 0o600);
        assert_eq!(folder.secret(&SecretRef::File(name.into())).expect(name), meant, "{name}");
    }
}

#[test]
fn a_secret_file_that_others_can_read_is_refused() {
    // OPS-05
    let folder = Folder::new();
    for mode in [0o640, 0o604, 0o644, 0o660, 0o602] {
        folder.write("secret", b"hunter2", mode);
        let why = folder.secret(&SecretRef::File("secret".into())).expect_err("refused");
        assert!(why.contains("can be read by others") && why.contains("chmod 600"), "{why}");
        assert!(!why.contains("hunter2"));
    }
    folder.write("secret", b"hunter2", 0o400);
    assert!(folder.secret(&SecretRef::File("secret".into())).is_ok());
}

#[test]
fn only_regular_files_of_sensible_size_are_secrets() {
    let folder = Folder::new();
    folder.write("large", &vec![b'x'; 70_000], 0o600);
    let why = folder.secret(&SecretRef::File("large".into())).expect_err("refused");
    assert!(why.contains("larger than"), "{why}");
    let why = folder.secret(&SecretRef::File(".".into())).expect_err("refused");
    assert!(why.contains("not a regular file"), "{why}");
    assert!(folder.secret(&SecretRef::File("/dev/zero".into())).is_err());
    let why = folder.secret(&SecretRef::File("absent".into())).expect_err("refused");
    assert!(why.contains("No such file"), "{why}");
}

#[test]
fn a_link_is_judged_by_the_file_it_leads_to() {
    let folder = Folder::new();
    let open = folder.write("open", b"hunter2", 0o644);
    let private = folder.write("private", b"hunter2", 0o600);
    std::os::unix::fs::symlink(open, folder.0.path().join("to-open")).expect("linked");
    std::os::unix::fs::symlink(private, folder.0.path().join("to-private")).expect("linked");
    assert!(folder.secret(&SecretRef::File("to-open".into())).is_err());
    assert!(folder.secret(&SecretRef::File("to-private".into())).is_ok());
}

#[test]
fn a_secret_comes_from_the_environment() {
    let folder = Folder::new();
    assert_eq!(folder.secret(&SecretRef::Env("RADIUS_SECRET".into())).expect("set"), b"from the environment");
    let why = folder.secret(&SecretRef::Env("ABSENT".into())).expect_err("not set");
    assert!(why.contains("ABSENT"), "{why}");
}

#[test]
fn a_credential_is_a_name_in_the_folder_that_systemd_made() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("radius"), "from systemd\n").expect("written");
    // The environment is a plain function, so the folder is named through a fixed place.
    let disk = Disk::with_environment("/".into(), |_| None);
    let why = disk.secret(&SecretRef::Credential("radius".into())).expect_err("not started by systemd");
    assert!(why.contains("LoadCredential=radius"), "{why}");
    for name in ["../radius", "", ".hidden", "a/b"] {
        assert!(disk.secret(&SecretRef::Credential(name.into())).is_err(), "{name}");
    }
}

#[test]
fn relative_paths_start_at_the_folder_of_the_configuration() {
    let folder = Folder::new();
    let path = folder.write("ca.pem", b"certificate", 0o644);
    let disk = Disk::beside(&folder.0.path().join("vestibule.yaml"));
    assert_eq!(disk.file(Path::new("ca.pem")).expect("read"), b"certificate");
    assert_eq!(disk.file(&path).expect("read"), b"certificate");
}
