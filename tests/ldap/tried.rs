//! `vestibule try ldap`, as an administrator types it, against a running gateway.

use std::process::Output;

use serde_json::Value;
use vestibule_peers::slapd;

use super::stage::Stage;
use crate::harness::vestibule;

/// Another application than the one of the test, which lives elsewhere.
const ELSEWHERE: &str = "    wiki: { addresses: [\"192.0.2.7\"], primary: staff }\n";

/// Type `try ldap` with these words, and the password when it is asked for.
fn try_ldap(stage: &Stage, words: &str, password: &str) -> Output {
    let config = stage.site.path("vestibule.yaml");
    let words: Vec<&str> = ["try", "ldap"].into_iter().chain(words.split_whitespace()).collect();
    vestibule(Some(&config), &words, &format!("{password}\n"))
}

fn printed(output: &Output) -> String {
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

fn assert_says(output: &Output, exit: i32, words: &[&str]) {
    let printed = printed(output);
    assert_eq!(output.status.code(), Some(exit), "{printed}");
    for word in words {
        assert!(printed.contains(word), "{word} is missing: {printed}");
    }
}

#[tokio::test]
async fn try_ldap_shows_the_bind_and_that_what_follows_is_done_as_the_person() {
    let Some(stage) = Stage::before_slapd("", ELSEWHERE).await else { return };
    let token = stage.enrolled(1).await;
    let (dn, password) = (slapd::user_dn(1), slapd::user_password(1));
    let whoami = format!("dn:{dn}");
    let listener = format!("{} with TLS from 127.0.0.1", stage.door.secure());
    let output = try_ldap(&stage, &format!("--user user0001 --code {}", token.code()), &password);
    let steps = ["> Bind", "0 success", &*whoami, "> Search for this one entry", "attributes: objectClass"];
    assert_says(&output, 0, &[&[&*listener, "application app", "Signed in."][..], &steps].concat());
    assert!(!printed(&output).contains(&password), "the password is on the screen: {}", printed(&output));
    assert_eq!(stage.let_in("user0001").await, (1, 0));
    stage.end().await;
}

#[tokio::test]
async fn try_ldap_says_for_scripts_what_it_says_to_people() {
    let Some(stage) = Stage::before_slapd("", ELSEWHERE).await else { return };
    let token = stage.enrolled(1).await;
    let words = format!("--user user0001 --listener plain --json --code {}", token.code());
    let output = try_ldap(&stage, &words, &slapd::user_password(1));
    let lines: Vec<Value> =
        String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [bind, whoami, search] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!((&bind["step"], &bind["code"], &bind["result"]), (&"bind".into(), &0.into(), &"success".into()));
    assert_eq!((&bind["application"], &bind["listener"]), (&"app".into(), &"plain".into()));
    assert!(bind["took_ms"].is_u64());
    let dn = slapd::user_dn(1);
    assert_eq!(whoami["authorization"], format!("dn:{dn}"));
    assert_eq!(search["dn"], dn);
    let refused = try_ldap(&stage, "--user user0001 --json", "guess");
    let bind: Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!((&bind["code"], refused.status.code()), (&49.into(), Some(1)));
    stage.end().await;
}

#[tokio::test]
async fn try_ldap_says_what_a_refusal_means_and_what_to_do_next() {
    let Some(stage) = Stage::before_slapd("", ELSEWHERE).await else { return };
    let refused = try_ldap(&stage, "--user user0001", &slapd::user_password(1));
    assert_says(&refused, 1, &["49 invalidCredentials", "not signed in", "tells nobody why", "audit tail"]);
    let clear = try_ldap(&stage, "--user user0001 --listener local", &slapd::user_password(1));
    assert_says(&clear, 1, &["without TLS", "13 confidentialityRequired", "only taken with TLS", "allow_plaintext"]);
    let elsewhere = try_ldap(&stage, "--user user0001 --application wiki", &slapd::user_password(1));
    assert_says(&elsewhere, 64, &["cannot play application wiki", "192.0.2.7", "from 127.0.0.1 it is app"]);
    let decided = stage.events().await.len();
    // LDP-07
    let empty = try_ldap(&stage, "--user user0001 --code 492039", "");
    assert_says(&empty, 64, &["no password to try", "never sent"]);
    assert_eq!(stage.events().await.len(), decided, "the gateway heard of it");
    stage.end().await;
}

#[tokio::test]
async fn try_ldap_asks_a_gateway_it_knows_nothing_of_and_believes_only_its_authority() {
    let Some(stage) = Stage::before_slapd("", "").await else { return };
    let token = stage.enrolled(1).await;
    let password = slapd::user_password(1);
    let ca = stage.door.ca_file();
    let to = |scheme: &str, port: u16| format!("--user user0001 --server {scheme}://localhost:{port}");
    let (secure, plain) = (to("ldaps", stage.door.secure().port()), to("ldap", stage.door.plain().port()));
    let strange = try_ldap(&stage, &secure, &password);
    assert_says(&strange, 1, &["is not believed", "--ca"]);
    let trusted = |words: &str| format!("{words} --ca {}", ca.display());
    let known = try_ldap(&stage, &format!("{} --code {}", trusted(&secure), token.code()), &password);
    assert_says(&known, 0, &["0 success", "Signed in."]);
    assert_says(&try_ldap(&stage, &trusted(&plain), &password), 1, &["with StartTLS", "on the gateway"]);
    let local = to("ldap", stage.door.local().port());
    assert_says(&try_ldap(&stage, &trusted(&local), &password), 1, &["does not begin TLS", "ldaps://"]);
    assert_says(&try_ldap(&stage, "--user a --server login.example.org", &password), 64, &["ldaps://"]);
    stage.end().await;
}

#[tokio::test]
async fn try_ldap_without_a_gateway_or_without_a_door_says_so() {
    let Some(stage) = Stage::before_slapd("", "").await else { return };
    let Stage { site, door: _door, daemon, store } = stage;
    daemon.stop().await;
    store.close().await;
    let config = site.path("vestibule.yaml");
    let gone = vestibule(Some(&config), &["try", "ldap", "--user", "user0001"], "secret\n");
    assert_says(&gone, 1, &["cannot be reached", "nobody listens there", "vestibule -c", " run"]);
    let text = std::fs::read_to_string(&config).unwrap();
    let (without, _) = text.split_once("\nldap:\n").unwrap();
    site.file("without.yaml", without);
    let closed = vestibule(Some(&site.path("without.yaml")), &["try", "ldap", "--user", "user0001"], "secret\n");
    assert_says(&closed, 1, &["no LDAP door to try", "config/ldap-door.md"]);
}
