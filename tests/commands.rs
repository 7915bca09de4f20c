//! The command line, as an administrator types it.

use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use crate::harness::{Site, StoreKind, vestibule};

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

#[test]
fn help_shows_examples_and_a_wrong_word_is_usage() {
    let help = vestibule(None, &["--help"], "");
    assert!(help.status.success());
    assert!(text(&help.stdout).contains("Examples:"));
    assert_eq!(vestibule(None, &["frobnicate"], "").status.code(), Some(64));
}

#[test]
fn wrong_configuration_is_told_whole_and_nothing_is_bound() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("vestibule.yaml");
    std::fs::write(
        &path,
        "master_key: { env: VESTIBULE_TEST_UNSET }\nprimaries:\n  staff: { local: {} }\nradius:\n  listeners: [\"127.0.0.1:0\"]\n  \
         clients:\n    vpn:\n      addresses: [\"10.0.0.0/33\"]\n      secret: hunter2hunter2\n      primary: nobody\n",
    )
    .unwrap();
    for command in [&["check"][..], &["run"]] {
        let output = vestibule(Some(&path), command, "");
        let told = text(&output.stderr) + &text(&output.stdout);
        assert_eq!(output.status.code(), Some(78), "{told}");
        assert!(told.contains("VESTIBULE_TEST_UNSET") && told.contains("secret"), "{told}");
        assert!(!told.contains("hunter2"), "an inline secret is echoed: {told}");
    }
}

#[test]
fn first_set_up_from_nothing_leads_to_a_checked_configuration() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("vestibule.yaml");
    let state = folder.path().join("state");
    let init = vestibule(Some(&path), &["init", "--state", state.to_str().unwrap()], "");
    assert!(init.status.success(), "{}{}", text(&init.stdout), text(&init.stderr));
    let check = vestibule(Some(&path), &["check"], "");
    assert!(check.status.success(), "{}{}", text(&check.stdout), text(&check.stderr));
    // The key is its owner's alone, and a second init overwrites nothing.
    let mut keys = 0;
    for entry in walk(folder.path()) {
        if entry.to_string_lossy().contains("key") && entry.is_file() {
            keys += 1;
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0, "{}", entry.display());
        }
    }
    assert!(keys >= 1);
    assert!(!vestibule(Some(&path), &["init", "--state", state.to_str().unwrap()], "").status.success());
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(walk(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[tokio::test]
async fn database_with_another_master_key_is_refused_by_name() {
    let Some(site) = Site::local(StoreKind::Sqlite).await.unwrap() else { return };
    let store = site.store().await;
    store.close().await;
    site.file("master.key", vestibule_store::generate_master_key().unwrap());
    let output = site.vestibule(&["run"]);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("master key"), "{told}");
}

#[tokio::test]
async fn missing_database_is_not_quietly_made_anew() {
    // FLT-17: an empty database would mean that nobody is enrolled.
    let Some(site) = Site::local(StoreKind::Sqlite).await.unwrap() else { return };
    site.write();
    let output = site.vestibule(&["run"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(!site.path("vestibule.db").exists());
}

#[test]
fn demo_walks_its_tour_by_itself() {
    let folder = TempDir::new().unwrap();
    let output = vestibule(None, &["demo", "--check", "--folder", folder.path().join("demo").to_str().unwrap()], "");
    let told = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success(), "{told}");
    for words in [
        "Access-Reject",
        "Access-Accept",
        "Both sides came to",
        "ada at radius/firewall, allowed",
        "ada at radius/vpn, allowed",
        "the code was used before",
        "declined on the phone",
    ] {
        assert!(told.contains(words), "{words} is missing: {told}");
    }
    if vestibule_peers::tools::require("slapd").is_some() {
        for words in ["49 invalidCredentials", "dn:uid=grace,ou=people,dc=demo", "grace at ldap/wiki, allowed"] {
            assert!(told.contains(words), "{words} is missing: {told}");
        }
    }
}
