use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use serde_json::{Value, json};

use super::state::{StateFault, StateFile};
use super::*;
use crate::cli::terminal::Looks;
use crate::cli::terminal::tests::Screen;
use crate::phone::tests::gateway::{Gateway, Said, challenge, problem};
use crate::phone::{PairingLink, Phone, Surroundings};

const PERSON: Looks = Looks { colour: false, unicode: true, interactive: true };

/// A phone with one account, and a screen that can be read.
struct Hand {
    pocket: Pocket,
    screen: Screen,
    _folder: tempfile::TempDir,
}

impl Hand {
    async fn with(gateway: &Gateway, typed: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFile::at(folder.path().join("phone.json"));
        let surroundings = Surroundings::of_this_machine().at(Arc::new(Still)).trusting(&gateway.authority).unwrap();
        let link = PairingLink::parse(&gateway.link()).unwrap();
        let paired = Phone::pair(&link, "Pixel", "test", &surroundings).await.unwrap();
        state.keep(&paired.phone.account()).unwrap();
        let screen = Screen::default();
        let terminal = screen.terminal(if typed.is_empty() { Looks::default() } else { PERSON }, typed);
        let pocket = Pocket { state, surroundings, terminal, json: false, wanted: None };
        Self { pocket, screen, _folder: folder }
    }

    /// A command as it is typed after `vestibule phone`.
    async fn run(&mut self, typed: &str) -> Outcome {
        use clap::Parser;

        #[derive(Parser)]
        struct Line {
            #[command(flatten)]
            args: PhoneArgs,
        }
        let words = std::iter::once("phone").chain(typed.split_whitespace());
        Line::try_parse_from(words)?.args.command.run(&mut self.pocket).await
    }
}

/// The moment in which the gateway of a test lives.
struct Still;

impl vestibule_engine::Clock for Still {
    fn now(&self) -> vestibule_engine::Timestamp {
        vestibule_engine::Timestamp::from_secs(1_780_000_000)
    }
}

/// One request that takes a number, and what comes of an answer.
fn asking(change: impl Fn(&mut Value) + Send + 'static) -> Gateway {
    Gateway::start(move |asked, keys| match asked.path.as_str() {
        path if path.starts_with("/device/v1/requests?") => {
            let mut asked = challenge(keys, Some(2));
            change(&mut asked);
            keys.requests("r1", &[asked])
        }
        path if path.ends_with("/seen") => Said::empty(204),
        _ => {
            let body: Value = serde_json::from_slice(&asked.body).unwrap();
            match (body["decision"].as_str().unwrap(), body["number"].as_str()) {
                ("approve", Some("47")) => Said::json(200, &json!({ "result": "approved", "code": null })),
                ("approve", _) => problem(422, "number"),
                ("deny", _) => Said::json(200, &json!({ "result": "denied", "code": null })),
                _ => Said::json(200, &json!({ "result": "reported", "code": null })),
            }
        }
    })
}

fn answers(gateway: &Gateway) -> usize {
    gateway.heard().iter().filter(|asked| asked.path.ends_with("/answer")).count()
}

#[tokio::test]
async fn request_is_shown_with_app_place_device_and_time_before_anything_is_asked() {
    let gateway = asking(|asked| {
        asked["where"] = json!({
            "address": "192.0.2.7", "station": "laptop\u{1b}[2J", "client": null, "place": "Head office", "known": true
        });
    });
    let mut hand = Hand::with(&gateway, "").await;
    let told = hand.run("approve").await.unwrap_err().to_string();
    assert!(told.contains("2 digits") && told.contains("next: the same command with --number NN"), "{told}");
    let shown = hand.screen.text();
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[0], "Sign in to vpn?");
    assert_eq!(lines[1], "  App      vpn (network access)");
    assert_eq!(lines[2], "  Place    Head office (192.0.2.7) · you signed in from there before");
    assert_eq!(lines[3], "  Device   laptop\\u{1b}[2J");
    assert_eq!(lines[4], "  Time     just now · 60 s left");
    assert_eq!(answers(&gateway), 0);
    assert!(gateway.heard().iter().any(|asked| asked.path.ends_with("/seen")), "the login page is told");
}

#[tokio::test]
async fn number_is_asked_for_and_approves() {
    let gateway = asking(|_| ());
    let mut hand = Hand::with(&gateway, "47\n").await;
    hand.run("approve").await.unwrap();
    let shown = hand.screen.text();
    assert!(shown.contains("new place for you") && shown.ends_with("Approved. vpn lets you in.\n"), "{shown}");
}

#[tokio::test]
async fn wrong_number_is_told_with_what_to_do() {
    let gateway = asking(|_| ());
    let mut hand = Hand::with(&gateway, "").await;
    let told = hand.run("approve --number 11").await.unwrap_err().to_string();
    assert!(told.contains("not the number") && told.contains("change your password"), "{told}");
}

#[tokio::test]
async fn watching_enter_alone_approves_nothing() {
    let gateway = asking(|_| ());
    let mut hand = Hand::with(&gateway, "\nyes\n\na\n\nd\n").await;
    hand.run("watch --once").await.unwrap();
    let shown = hand.screen.text();
    assert!(shown.ends_with("Denied. Nobody was let in.\n"), "{shown}");
    assert_eq!(answers(&gateway), 1);
}

#[tokio::test]
async fn watching_somebody_reports_and_is_told_about_the_password() {
    let gateway = asking(|_| ());
    let mut hand = Hand::with(&gateway, "r\n").await;
    hand.run("watch --once").await.unwrap();
    assert!(hand.screen.text().ends_with("Somebody may know your password: change it.\n"));
}

#[tokio::test]
async fn watching_where_nobody_sits_shows_and_answers_nothing() {
    let gateway = asking(|_| ());
    let mut hand = Hand::with(&gateway, "").await;
    hand.run("watch --once").await.unwrap();
    assert!(hand.screen.text().contains("Sign in to vpn?"));
    hand.pocket.json = true;
    hand.run("watch --once").await.unwrap();
    let told: Value = serde_json::from_str(&hand.screen.text()).unwrap();
    assert_eq!((&told["service"], &told["digits"], &told["known"]), (&"vpn".into(), &2.into(), &false.into()));
    assert_eq!(answers(&gateway), 0);
}

#[tokio::test]
async fn request_that_needs_a_fingerprint_is_not_approved_here_but_can_be_denied() {
    let gateway = asking(|asked| asked["verification"] = "required".into());
    let mut hand = Hand::with(&gateway, "").await;
    let told = hand.run("approve --number 47").await.unwrap_err().to_string();
    assert!(told.contains("fingerprint"), "{told}");
    assert_eq!(answers(&gateway), 0);
    hand.run("deny").await.unwrap();
    assert_eq!(answers(&gateway), 1);
}

#[tokio::test]
async fn request_of_another_id_is_not_answered() {
    let gateway = asking(|_| ());
    let mut hand = Hand::with(&gateway, "").await;
    let told = hand.run("approve 2222 --number 47").await.unwrap_err().to_string();
    assert!(told.contains("no request 2222 waits"), "{told}");
    hand.run("approve 1111 --number 47").await.unwrap();
}

#[tokio::test]
async fn account_is_named_by_person_host_or_device() {
    let gateway = asking(|_| ());
    let mut hand = Hand::with(&gateway, "").await;
    let device = hand.pocket.accounts().unwrap()[0].device.to_string();
    let (beginning, _) = device.split_at(6);
    let host = gateway.origin.replace("https://", "");
    for wanted in ["ada", "localhost", &host, &format!("ada@{host}"), beginning] {
        hand.pocket.wanted = Some(wanted.to_owned());
        assert_eq!(hand.pocket.phones().unwrap().len(), 1, "{wanted}");
    }
    hand.pocket.wanted = Some("bob".to_owned());
    assert!(hand.pocket.phones().is_err());
}

#[tokio::test]
async fn file_that_others_can_read_is_told_with_the_command_that_mends_it() {
    let gateway = asking(|_| ());
    let mut hand = Hand::with(&gateway, "").await;
    let path = hand.pocket.state.path().to_owned();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let told = hand.run("list").await.unwrap_err().to_string();
    assert!(told.contains(&format!("next: chmod 600 {}", path.display())), "{told}");
}

#[tokio::test]
async fn accounts_are_kept_for_their_owner_alone_and_work_the_next_time() {
    let gateway = asking(|_| ());
    let another = asking(|_| ());
    let (first, second) = (Hand::with(&gateway, "").await, Hand::with(&another, "").await);
    let (one, two) = (first.pocket.phone().unwrap(), second.pocket.phone().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let file = StateFile::at(folder.path().join("deep/phone.json"));
    assert!(file.accounts().unwrap().is_empty());
    for phone in [&one, &two, &one] {
        file.keep(&phone.account()).unwrap();
    }
    let kept = file.accounts().unwrap();
    assert_eq!(kept.iter().map(|account| account.device).collect::<Vec<_>>(), [two.device(), one.device()]);
    assert_eq!(std::fs::metadata(file.path()).unwrap().permissions().mode() & 0o777, 0o600);
    file.forget(two.device()).unwrap();
    assert_eq!(file.accounts().unwrap().len(), 1);
    std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(file.accounts(), Err(StateFault::Open { .. })));
    assert!(matches!(file.forget(one.device()), Err(StateFault::Open { .. })), "nothing is overwritten");
}

#[test]
fn file_of_something_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = StateFile::at(folder.path().join("phone.json"));
    for text in ["dear diary", "{}", r#"{"version":2,"accounts":[]}"#] {
        std::fs::write(file.path(), text).unwrap();
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(file.accounts(), Err(StateFault::Unreadable { .. })), "{text}");
        let device = vestibule_engine::AuthenticatorId(uuid::Uuid::nil());
        assert!(matches!(file.forget(device), Err(StateFault::Unreadable { .. })));
        assert_eq!(std::fs::read_to_string(file.path()).unwrap(), text);
    }
}
