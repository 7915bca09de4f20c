//! A phone at a terminal, from the link to the approval, as somebody types it: `vestibule devices pair`, `vestibule phone`.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use vestibule::clock::SystemRandom;
use vestibule_engine::{Password, SecretBytes};
use vestibule_radius::client::{Exchange, Peer, Question, Said};

use crate::harness::{Daemon, SECRET, Site, StoreKind, add_user};

const PASSWORD: &str = "correct horse";

/// A site with a portal, ada, and nobody's phone.
async fn site() -> Option<(Site, Daemon)> {
    let mut site = Site::local(StoreKind::Sqlite).await.unwrap()?;
    site.with_portal("").unwrap();
    let store = site.store().await;
    add_user(&store, "ada", PASSWORD).await;
    store.close().await;
    site.file("ca.pem", site.portal().ca.ca_pem());
    let daemon = site.start().await.unwrap();
    Some((site, daemon))
}

fn command(site: &Site, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    command.arg("--config").arg(site.path("vestibule.yaml")).args(words);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// `vestibule phone ... --json`, with its accounts in a file of this site.
fn phone(site: &Site, words: &[&str]) -> Output {
    phone_command(site, words).output().unwrap()
}

fn phone_command(site: &Site, words: &[&str]) -> Command {
    let mut command = command(site, &["phone"]);
    command.arg("--state").arg(site.path("phone.json")).arg("--ca").arg(site.path("ca.pem")).arg("--json").args(words);
    command
}

fn json(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let told = || format!("{text}{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(text.lines().next().unwrap_or_default()).unwrap_or_else(|_| panic!("{}", told()))
}

fn complaint(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A VPN gateway that shows our question; an empty answer is Enter alone.
async fn vpn(site: &Site, typed: &str, state: Option<Vec<u8>>) -> Exchange {
    let peer = Peer::new(site.with_prompts(), SecretBytes::new(SECRET.as_bytes().to_vec()));
    let question = Question {
        user: "ada".to_owned(),
        password: Password::new(typed.as_bytes()),
        state,
        nas_identifier: "vpn-1".to_owned(),
        calling_station: None,
    };
    peer.ask(&question, 3, &SystemRandom::new()).await.unwrap()
}

/// An administrator who pairs a phone of ada's, and the link on their screen.
fn counter(site: &Site) -> (Child, String) {
    let mut counter = command(site, &["devices", "--json", "pair", "ada"]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(counter.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let shown: Value = serde_json::from_str(&line).unwrap();
    (counter, shown["link"].as_str().unwrap().to_owned())
}

fn type_code(mut counter: Child, code: &str) -> Output {
    writeln!(counter.stdin.take().unwrap(), "{code}").unwrap();
    counter.wait_with_output().unwrap()
}

fn pair(site: &Site) {
    let (counter, link) = counter(site);
    let paired = json(&phone(site, &["pair", &link, "--no-wait", "--label", "Laptop"]));
    assert_eq!((&paired["status"], &paired["account"]), (&"pending".into(), &"ada".into()));
    let confirmed = type_code(counter, paired["confirmation_code"].as_str().unwrap());
    assert!(confirmed.status.success(), "{confirmed:?}");
    // It has to listen now: whoever saw the link has nothing of it.
    let again = complaint(&phone(site, &["pair", &link, "--no-wait"]));
    assert!(again.contains("used before"), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn phone_at_a_terminal_is_paired_and_approves_a_vpn_login_with_its_number() {
    let Some((site, daemon)) = site().await else { return };
    pair(&site);
    let idle = complaint(&phone(&site, &["approve"]));
    assert!(idle.contains("no request waits"), "{idle}");

    let asked = vpn(&site, PASSWORD, None).await;
    let text = asked.messages.join(" ");
    let number: String = text.chars().filter(char::is_ascii_digit).collect();
    assert_eq!(number.len(), 2, "{text}");
    let watched = json(&phone(&site, &["watch", "--once"]));
    assert_eq!((&watched["service"], &watched["digits"]), (&"challenge".into(), &2.into()));
    assert!(!watched.to_string().contains(&format!("\"{number}\"")), "OOB-02: the number is not sent to the phone");

    let unsure = complaint(&phone(&site, &["approve"]));
    assert!(unsure.contains("--number"), "{unsure}");
    assert_eq!(json(&phone(&site, &["approve", "--number", &number, "--wait", "5s"]))["result"], "approved");
    assert_eq!(vpn(&site, "", asked.state).await.said, Said::Accept);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_in_that_is_denied_or_reported_on_the_phone_lets_nobody_in() {
    let Some((site, daemon)) = site().await else { return };
    pair(&site);
    for (word, result) in [("deny", "denied"), ("report", "reported")] {
        let asked = vpn(&site, PASSWORD, None).await;
        assert_eq!(json(&phone(&site, &[word]))["result"], result);
        assert_eq!(vpn(&site, "", asked.state).await.said, Said::Reject, "{word}");
        let late = complaint(&phone(&site, &[word]));
        assert!(late.contains("no request waits"), "{late}");
    }
    let audit = command(&site, &["audit", "tail", "--json"]).output().unwrap();
    assert!(String::from_utf8_lossy(&audit.stdout).contains("login.reported"));
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn phone_that_shows_another_code_is_not_paired() {
    let Some((site, daemon)) = site().await else { return };
    let (counter, link) = counter(&site);
    let waiting = phone_command(&site, &["pair", &link]).spawn().unwrap();
    let refused = complaint(&type_code(counter, "000 000"));
    assert!(refused.contains("another phone"), "{refused}");
    let told = complaint(&waiting.wait_with_output().unwrap());
    assert!(told.contains("not paired"), "{told}");
    let left = phone(&site, &["list"]);
    assert!(left.status.success() && left.stdout.is_empty(), "{left:?}");
    let held = command(&site, &["devices", "--json", "list", "ada"]).output().unwrap();
    assert!(held.status.success() && held.stdout.is_empty(), "{held:?}");
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn device_that_was_revoked_approves_nothing_and_is_told_so() {
    let Some((site, daemon)) = site().await else { return };
    pair(&site);
    let held = json(&command(&site, &["devices", "--json", "list", "ada"]).output().unwrap());
    assert_eq!((&held["label"], &held["method"]), (&"Laptop".into(), &"push".into()));
    assert_eq!(vpn(&site, PASSWORD, None).await.said, Said::Challenge);
    let id = held["id"].as_str().unwrap();
    assert!(command(&site, &["devices", "revoke", id, "--yes"]).output().unwrap().status.success());
    let told = complaint(&phone(&site, &["approve", "--number", "00"]));
    assert!(told.contains("knows this device no more") && told.contains("vestibule phone unpair"), "{told}");
    assert_eq!(json(&phone(&site, &["list"]))["state"], "removed at the gateway");
    assert_eq!(json(&phone(&site, &["unpair"]))["unpaired"], true);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn phone_that_is_unpaired_is_gone_on_both_sides() {
    let Some((site, daemon)) = site().await else { return };
    pair(&site);
    assert_eq!(json(&phone(&site, &["unpair"]))["unpaired"], true);
    let held = command(&site, &["devices", "--json", "list", "ada"]).output().unwrap();
    assert!(!String::from_utf8_lossy(&held.stdout).contains("\"push\""), "{held:?}");
    let none = complaint(&phone(&site, &["approve"]));
    assert!(none.contains("this phone has no account"), "{none}");
    daemon.stop().await;
}
