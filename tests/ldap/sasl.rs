//! SASL at the door (LDP-14): PLAIN is a bind like any other, what the directory checks is followed by the factor, and the
//! rest is refused. The client is OpenLDAP's, with Cyrus SASL inside; slapd checks SCRAM with the passwords it has.

use std::process::Stdio;

use tokio::process::Command;
use vestibule_engine::{AuditEvent, Store};
use vestibule_peers::ldap_tools::code;
use vestibule_peers::slapd::{self, PEOPLE};
use vestibule_peers::tools;

use crate::harness::{LdapSite, Site, StoreKind, enrol, find};

const MECHANISM: &str = "SCRAM-SHA-256";

/// How `ldapwhoami` with this mechanism ends: its result code, and what it printed.
async fn whoami(door: &LdapSite, mechanism: &str, user: &str, typed: &str) -> (i32, String) {
    let program = tools::find("ldapwhoami").unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), typed).unwrap();
    let mut command = Command::new(program);
    command.env_clear().env("LDAPTLS_CACERT", door.ca_file()).env("LDAPTLS_REQCERT", "demand");
    command
        .args(["-Q", "-H", &door.secure_url(), "-Y", mechanism, "-U", user, "-O", "maxssf=0", "-y"])
        .arg(file.path());
    let output = command.stdin(Stdio::null()).output().await.unwrap();
    let text = [output.stdout, output.stderr].map(|octets| String::from_utf8_lossy(&octets).into_owned()).concat();
    (output.status.code().unwrap(), text)
}

/// Whether this machine's SASL library has the mechanism at all.
fn has_mechanism() -> bool {
    let folders = ["/usr/lib/x86_64-linux-gnu/sasl2", "/usr/lib/aarch64-linux-gnu/sasl2", "/usr/lib64/sasl2"];
    let found = folders.iter().any(|folder| std::path::Path::new(folder).join("libscram.so").exists());
    if !found {
        tools::not_run("not run: SASL's SCRAM is missing (libsasl2-modules)");
    }
    found
}

async fn site(application: &str) -> Option<(Site, LdapSite)> {
    if !has_mechanism() {
        return None;
    }
    // Who signed in by SASL is the person of that name.
    let global = format!("authz-regexp \"uid=([^,]*),cn=[^,]*,cn=auth\" \"uid=$1,{PEOPLE}\"");
    let options = slapd::Options { global, ..slapd::Options::small() };
    let mut site = Site::with_directory_of(StoreKind::Sqlite, options).await.unwrap()?;
    site.with_portal("").unwrap();
    let door = site.with_ldap(application, "").unwrap();
    door.tools()?;
    Some((site, door))
}

#[tokio::test(flavor = "multi_thread")]
async fn mechanism_that_the_directory_checks_is_followed_by_the_factor() {
    let Some((site, door)) = site(&format!("      sasl: [{MECHANISM}]\n      patience: 8s\n")).await else { return };
    let daemon = site.start().await.unwrap();
    let store = site.store().await;
    // A right password alone lets nobody in, and says no more than a wrong one.
    let alone = whoami(&door, MECHANISM, "user0001", "pw-user0001").await;
    let wrong = whoami(&door, MECHANISM, "user0001", "guess").await;
    assert_eq!(alone.0, code::INVALID_CREDENTIALS);
    assert_eq!(alone, wrong, "in no word");
    let unknown = whoami(&door, MECHANISM, "nobody", "guess").await;
    assert_eq!(alone, unknown);
    let refusals = store.audit_tail(50, None).await.unwrap();
    let untold =
        |event: &AuditEvent| matches!(event, AuditEvent::LoginDecided(one) if !one.allowed && one.typed == "(by SASL)");
    assert_eq!(refusals.iter().filter(|line| untold(&line.record.event)).count(), 2, "both are on record");
    let user = find(&store, "user0001").await.expect("known by the first sign-in");
    let phone = site.phone(&store, user.id, "user0001").await;
    let approve = async {
        let asked = phone.next_request(std::time::Duration::from_secs(8)).await.unwrap().expect("a request");
        phone.opened(asked.attempt()).await.unwrap();
        phone.approve(&asked, None).await.unwrap();
    };
    let (known, ()) = tokio::join!(whoami(&door, MECHANISM, "user0001", "pw-user0001"), approve);
    assert_eq!(known.0, code::SUCCESS, "{known:?}");
    assert!(known.1.contains(&slapd::user_dn(1)), "{known:?}");
    let by_phone =
        |event: &AuditEvent| matches!(event, AuditEvent::LoginDecided(one) if one.allowed && !one.methods.is_empty());
    let lines = store.audit_tail(50, None).await.unwrap();
    assert_eq!(lines.iter().filter(|line| by_phone(&line.record.event)).count(), 1);
    store.close().await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_is_a_bind_like_any_other_and_what_is_not_listed_is_refused() {
    let Some((site, door)) = site("").await else { return };
    let daemon = site.start().await.unwrap();
    let store = site.store().await;
    assert_eq!(whoami(&door, "PLAIN", "user0001", "pw-user0001").await.0, code::INVALID_CREDENTIALS, "no factor");
    let user = find(&store, "user0001").await.unwrap();
    let token = enrol(&store, user.id).await;
    let known = whoami(&door, "PLAIN", "user0001", &format!("pw-user0001,{}", token.code())).await;
    assert_eq!(known.0, code::SUCCESS, "{known:?}");
    // 7: authMethodNotSupported, before the directory hears of it.
    assert_eq!(whoami(&door, MECHANISM, "user0001", "pw-user0001").await.0, 7);
    let tools = door.tools().unwrap();
    let asked = tools.search_with(&["-s", "base"], "", "(objectClass=*)", &["supportedSASLMechanisms"]);
    let announced = asked.await.unwrap();
    let [root] = &announced.entries()[..] else { panic!("{announced:?}") };
    assert_eq!(root.values("supportedSASLMechanisms"), ["PLAIN"]);
    store.close().await;
    daemon.stop().await;
}
