//! Every example is linked as it stands, with secrets and certificates that exist only here.

use std::path::Path;

use vestibule_engine::SecretBytes;
use vestibule_engine::config::{SecretRef, Sources};
use vestibule_peers::readme::page_blocks;

use super::folder::Folder;
use crate::config::load_with;

/// A secret for every reference, another for each name, and one certificate with its key.
struct Everything {
    folder: Folder,
    certificate: String,
    key: String,
}

impl Everything {
    fn new() -> Self {
        let issued = rcgen::generate_simple_self_signed(vec!["login.example.com".to_owned()]).unwrap();
        Self { folder: Folder::new(), certificate: issued.cert.pem(), key: issued.signing_key.serialize_pem() }
    }

    fn secret_named(&self, name: &str) -> SecretBytes {
        if name.contains("key") && !name.contains("master") {
            return SecretBytes::new(self.key.clone().into_bytes());
        }
        if name.contains("master") {
            return SecretBytes::new(b"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_vec());
        }
        SecretBytes::new(format!("correct-horse-battery-staple-{name}").into_bytes())
    }
}

impl Sources for Everything {
    fn secret(&self, reference: &SecretRef) -> Result<SecretBytes, String> {
        let name = match reference {
            SecretRef::File(path) => path.file_name().and_then(|name| name.to_str()).unwrap_or_default(),
            SecretRef::Env(name) | SecretRef::Credential(name) => name,
        };
        Ok(self.secret_named(name))
    }

    fn file(&self, path: &Path) -> Result<Vec<u8>, String> {
        assert!(path.is_absolute(), "an example names a file that is not beside it: {}", path.display());
        if path.ends_with("portal.pem") || path.ends_with("ldap.pem") {
            return Ok(self.certificate.clone().into_bytes());
        }
        std::fs::read(self.folder.path().join("ca.pem")).map_err(|error| error.to_string())
    }
}

#[test]
fn every_example_is_usable() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let sources = Everything::new();
    let examples = std::fs::read_dir(folder.join("examples")).expect("the examples");
    let mut paths: Vec<_> = examples.map(|entry| entry.expect("an entry").path()).collect();
    paths.push(folder.join("vestibule.yaml"));
    assert!(paths.len() >= 7, "{paths:?}");
    for path in paths {
        let loaded = load_with(&path, &sources);
        assert!(loaded.config.is_some() && loaded.report.problems.is_empty(), "{}:\n{}", path.display(), loaded.report);
    }
}

/// A page shows a configuration beside its files; an example stands in a folder of ours and may not.
struct Beside(Everything);

impl Sources for Beside {
    fn secret(&self, reference: &SecretRef) -> Result<SecretBytes, String> {
        self.0.secret(reference)
    }

    fn file(&self, path: &Path) -> Result<Vec<u8>, String> {
        self.0.file(&self.0.folder.path().join(path))
    }
}

#[test]
fn console_of_the_readme_is_usable_beside_the_portal_of_the_readme() {
    let blocks = page_blocks("README.md", "yaml").expect("the README");
    let portal = blocks.iter().filter(|block| block.starts_with("portal:"));
    let parts: Vec<_> = portal.collect();
    assert_eq!(parts.len(), 2, "the portal, and its console");
    let folder = Folder::new();
    for (index, part) in parts.into_iter().enumerate() {
        folder.write(&format!("conf.d/{index}.yaml"), part, 0o644);
    }
    let alone = "master_key: {file: master.key}\nprimaries: {local: {local: {}}}\n";
    let loaded = load_with(&folder.write("vestibule.yaml", alone, 0o644), &Beside(Everything::new()));
    assert!(loaded.config.is_some() && loaded.report.problems.is_empty(), "{}", loaded.report);
}

/// What the page's parts of a configuration stand in.
const AROUND: &str = "\
master_key: {file: master.key}
primaries:
  directory:
    ldap:
      servers: [ldaps://ldap1.example.org]
      find: {search: {base: dc=example, bind_dn: cn=a, password: {file: ldap.password}}}
ldap:
  listeners: {secure: {address: 0.0.0.0:636}}
  tls: {certificate: ldap.pem, key: {file: ldap.key}}
";

#[test]
fn every_configuration_on_the_page_about_the_ldap_door_is_usable() {
    let blocks = page_blocks("config/ldap-door.md", "yaml").expect("the page");
    assert!(blocks.len() >= 10, "{}", blocks.len());
    let sources = Beside(Everything::new());
    for block in blocks {
        let folder = Folder::new();
        let path = match block.contains("master_key") {
            true => folder.write("vestibule.yaml", &block, 0o644),
            false => {
                folder.write("conf.d/part.yaml", &block, 0o644);
                folder.write("vestibule.yaml", AROUND, 0o644)
            }
        };
        let loaded = load_with(&path, &sources);
        assert!(loaded.config.is_some() && loaded.report.problems.is_empty(), "{block}\n{}", loaded.report);
    }
}
