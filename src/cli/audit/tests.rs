use clap::Parser;
use vestibule_engine::{
    AttemptId, AuditEvent, AuditLine, AuditRecord, AuthenticatorId, Decision, DeliveryState, Denial, FirstFactor,
    Method, UserId, Withdrawn,
};
use vestibule_store::{Problem, ProblemKind, Verification};

use super::*;
use crate::cli::desk::tests::Bench;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: AuditArgs,
}

/// A command as it is typed after `vestibule audit`.
async fn run(bench: &mut Bench, typed: &str) -> Outcome {
    let words = std::iter::once("audit").chain(typed.split_whitespace());
    match Line::try_parse_from(words)?.args.command {
        Command::Tail(args) => tail::run(&args, &mut bench.desk).await,
        Command::Verify => verify::run(&bench.handle, &mut bench.desk).await,
        Command::Export(args) => export::run(&args, &mut bench.desk).await,
    }
}

const AT: Timestamp = Timestamp::from_secs(1_780_000_002);

fn decision(typed: &str, denial: Option<Denial>) -> AuditRecord {
    let decision = Decision {
        attempt: AttemptId(uuid::Uuid::from_u128(7)),
        allowed: denial.is_none(),
        denial,
        typed: typed.to_owned(),
        user: None,
        name: None,
        service: "radius/vpn".to_owned(),
        address: "192.0.2.7".to_owned(),
        station: None,
        first_factor: FirstFactor::Accepted,
        methods: vec![Method::Totp],
        authenticator: None,
        client: None,
        remembered: false,
        rule: Some("staff".to_owned()),
        took: 1000,
    };
    AuditRecord::new(AT, AuditEvent::LoginDecided(Box::new(decision)))
}

fn placed(record: AuditRecord) -> AuditLine {
    AuditLine { node: "here".to_owned(), sequence: 3, record, hash: "ab".repeat(32) }
}

async fn logged(records: Vec<AuditRecord>) -> Bench {
    let bench = Bench::new().await;
    bench.desk.store.record(records).await.unwrap();
    bench
}

#[tokio::test]
async fn a_login_is_one_readable_line() {
    let mut bench = logged(vec![decision("Ada", None), decision("bob", Some(Denial::WrongCode))]).await;
    run(&mut bench, "tail -n 2").await.unwrap();
    assert_eq!(
        bench.screen(),
        "2026-05-28 20:26:42 UTC  allowed  Ada               radius/vpn  \
         password + totp, from 192.0.2.7 (rule staff)\n\
         2026-05-28 20:26:42 UTC  refused  bob               radius/vpn  \
         the code was wrong, from 192.0.2.7 (rule staff)\n"
    );
}

#[tokio::test]
async fn what_an_administrator_did_is_told_with_the_persons_name() {
    let mut bench = Bench::new().await;
    let ada = bench.add_ada().await;
    bench.add("bob").await;
    let event = AuditEvent::LockCleared { user: ada.id, by: "cli:root".to_owned() };
    bench.desk.store.record(vec![AuditRecord::new(AT, event)]).await.unwrap();
    run(&mut bench, "tail --user ada").await.unwrap();
    let shown = bench.screen();
    assert!(shown.ends_with("noted    ada               unlocked by cli:root\n"), "{shown}");
    assert!(!shown.contains("bob"), "{shown}");
}

/// LOG-03
#[tokio::test]
async fn a_forged_name_stays_in_its_line_in_every_format() {
    let forged = "eve\r\n2026-05-28 allowed root\u{1b}[2K\u{202e}|x=\"y\",=cmd";
    let mut bench = logged(vec![decision(forged, Some(Denial::UnknownUser))]).await;
    run(&mut bench, "tail -n 1").await.unwrap();
    let shown = bench.screen();
    assert_eq!(shown.lines().count(), 1);
    for format in [Format::Jsonl, Format::Csv, Format::Cef] {
        let line = export::formatted(&placed(decision(forged, Some(Denial::UnknownUser))), format);
        assert!(!line.chars().any(|c| c.is_control() || c == '\u{202e}'), "{line}");
    }
}

#[test]
fn json_lines_hold_the_record_word_for_word() {
    let line = placed(decision("eve\u{1b}\u{202e}", None));
    let read: serde_json::Value = serde_json::from_str(&export::formatted(&line, Format::Jsonl)).unwrap();
    assert_eq!(read["record"], serde_json::to_value(&line.record).unwrap());
    assert_eq!((&read["node"], &read["sequence"], &read["hash"]), (&"here".into(), &3.into(), &line.hash.into()));
    assert_eq!(read["time"], "2026-05-28T20:26:42Z");
}

#[test]
fn a_spreadsheet_row_has_a_cell_for_each_heading_and_no_formula() {
    let row = export::formatted(&placed(decision("=cmd|' /C calc'!A0", Some(Denial::WrongCode))), Format::Csv);
    let cells: Vec<&str> = row.split("\",\"").collect();
    assert_eq!(cells.len(), csv::heading().split(',').count());
    assert_eq!(cells[7], "'=cmd|' /C calc'!A0");
    assert_eq!((cells[3], cells[4], cells[8], cells[12]), ("login.decided", "refused", "radius/vpn", "wrong-code"));
    let quoted = export::formatted(&placed(decision("a\"b", None)), Format::Csv);
    assert!(quoted.contains("\"a\"\"b\""), "{quoted}");
}

/// LOG-07: read back by the rules of the format.
#[test]
fn a_cef_event_reads_back_whatever_the_name() {
    for typed in ["ada", "a|b", "a=b", "a\\b", "a\\|=b", "ends\\", "two words"] {
        let event = export::formatted(&placed(decision(typed, Some(Denial::WrongCode))), Format::Cef);
        let (header, pairs) = read_cef(&event);
        assert_eq!(header[..3], ["CEF:0", "Vestibule", "Vestibule"]);
        assert_eq!(header[4..], ["login.decided", "refused", "5"]);
        let value = |key: &str| pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
        assert_eq!(value("cs1"), Some(typed));
        assert_eq!(value("src"), Some("192.0.2.7"));
        assert_eq!(value("reason"), Some("wrong-code"));
        assert_eq!(value("rt"), Some("1780000002000"));
        assert_eq!(value("externalId"), Some("here:3"));
    }
}

/// A reader of the Common Event Format of its own: fields end at bars, values where the next ` key=` begins.
fn read_cef(event: &str) -> (Vec<String>, Vec<(String, String)>) {
    let mut header = vec![String::new()];
    let mut chars = event.chars();
    while header.len() < 8 {
        match chars.next().unwrap() {
            '\\' => header.last_mut().unwrap().push(chars.next().unwrap()),
            '|' => header.push(String::new()),
            c => header.last_mut().unwrap().push(c),
        }
    }
    header.pop();
    let rest: Vec<char> = chars.collect();
    let mut pairs: Vec<(String, String)> = Vec::new();
    let (mut at, mut value) = (0, String::new());
    let key_at = |from: usize| {
        let key: String = rest[from..].iter().take_while(|c| c.is_ascii_alphanumeric()).collect();
        (!key.is_empty() && rest.get(from + key.len()) == Some(&'=')).then_some(key)
    };
    while at < rest.len() {
        let is_start = at == 0 || rest[at] == ' ';
        let from = if at == 0 { 0 } else { at + 1 };
        if let Some(key) = is_start.then(|| key_at(from)).flatten() {
            if let Some(last) = pairs.last_mut() {
                last.1 = std::mem::take(&mut value);
            }
            at = from + key.len() + 1;
            pairs.push((key, String::new()));
            continue;
        }
        if rest[at] == '\\' {
            at += 1;
        }
        value.push(rest[at]);
        at += 1;
    }
    pairs.last_mut().unwrap().1 = value;
    (header, pairs)
}

#[tokio::test]
async fn an_export_holds_the_asked_for_span_and_all_pages_of_it() {
    let day = |number: i64| Timestamp::from_secs(AT.secs() + number * 86_400);
    let records = (0..2500).map(|number| AuditRecord { at: day(number / 1000), ..decision("ada", None) }).collect();
    let mut bench = logged(records).await;
    run(&mut bench, "export --format csv --from 2026-05-29 --to 2026-05-30T00:00:00Z").await.unwrap();
    let shown = bench.screen();
    assert_eq!(shown.lines().filter(|line| line.contains("login.decided")).count(), 1000);
    assert!(shown.starts_with("time,node,sequence,"));

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("audit.jsonl");
    run(&mut bench, &format!("export --format jsonl --output {}", file.display())).await.unwrap();
    let exported = std::fs::read_to_string(&file).unwrap();
    assert_eq!(exported.lines().filter(|line| line.contains("login.decided")).count(), 2500);
}

#[test]
fn moments_are_dates_or_rfc_3339() {
    assert_eq!(moment::parse("2026-05-28T22:26:42+02:00"), Ok(AT));
    assert_eq!(moment::parse("1970-01-02"), Ok(Timestamp::from_secs(86_400)));
    for wrong in ["", "yesterday", "2026-13-01", "28.05.2026", "1780000002"] {
        moment::parse(wrong).unwrap_err();
    }
}

/// LOG-04
#[tokio::test]
async fn a_whole_log_is_said_to_be_whole_and_a_broken_one_names_the_place() {
    let mut bench = logged(vec![decision("ada", None)]).await;
    run(&mut bench, "verify").await.unwrap();
    let shown = bench.screen();
    assert!(shown.starts_with("The audit log is whole: "), "{shown}");
    assert!(shown.ends_with("of 1 node, each where it was written.\n"), "{shown}");

    let problem = Problem { node: "there".to_owned(), sequence: 42, kind: ProblemKind::Edit };
    let found = Verification { lines: 41, nodes: 1, problem: Some(problem) };
    let error = verify::report(&found, &mut bench.desk).unwrap_err().to_string();
    assert!(error.contains("line 42 of node there was edited"), "{error}");
}

#[test]
fn every_event_has_a_sentence_of_its_own() {
    let user = UserId(uuid::Uuid::from_u128(1));
    let by = || "root".to_owned();
    let attempt = AttemptId(uuid::Uuid::nil());
    let authenticator = AuthenticatorId(uuid::Uuid::nil());
    let events = [
        AuditEvent::UserChanged { user, what: "groups".to_owned(), by: by() },
        AuditEvent::UserDeleted { user, name: "ada".to_owned(), by: by() },
        AuditEvent::LockStarted { counter: "code-of".to_owned(), until: AT },
        AuditEvent::GatewayStarted { version: "1".to_owned(), config: "x".to_owned() },
        AuditEvent::GatewayStopped { open_attempts: 2 },
        AuditEvent::ConfigReloaded { config: "x".to_owned() },
        AuditEvent::ConfigRefused { problems: 3 },
        AuditEvent::KeyRotated { key: "k".to_owned(), rows: 5, by: by() },
        AuditEvent::AuditWitness { node: "b".to_owned(), sequence: 9, hash: "h".to_owned() },
        AuditEvent::StoreRestored { missing: 4 },
        AuditEvent::FactorFailed { attempt, user, why: Denial::WrongCode },
        AuditEvent::LoginPrompted { attempt, user: None, methods: vec![Method::Totp] },
        AuditEvent::FactorApproved { attempt, user, authenticator, method: Method::Push },
        AuditEvent::FactorDeclined { attempt, user, authenticator, method: Method::Push, why: Denial::WrongNumber },
        AuditEvent::LoginReported {
            attempt,
            user,
            authenticator: None,
            service: "radius/vpn".to_owned(),
            address: by(),
        },
        AuditEvent::PushRefused { attempt, user, authenticator, why: Denial::AnswerStale },
        AuditEvent::PushWithheld { attempt, user, service: "radius/vpn".to_owned() },
        AuditEvent::PushDelivery { attempt, user, authenticator, state: DeliveryState::Shown },
        AuditEvent::LoginWithdrawn { attempt, why: Withdrawn::ClientGone },
        AuditEvent::SessionStarted { user, methods: vec![Method::Push], address: by() },
        AuditEvent::SessionEnded { user, by: by() },
        AuditEvent::UserInvited { user, authenticator, until: AT, by: by() },
        AuditEvent::AuthenticatorChanged { user, authenticator, what: "label".to_owned(), by: by() },
        AuditEvent::ServiceAccountNewAddress { user, account: by(), service: by(), address: by() },
        AuditEvent::ServiceAccountMisused { account: by(), service: by(), address: by(), why: by() },
        AuditEvent::AppPasswordMade { user, service: by(), label: by(), by: by() },
        AuditEvent::AppPasswordRevoked { user, service: by(), label: by(), by: by() },
        AuditEvent::ConsoleActed { user, by: by(), what: by(), reason: by() },
    ];
    for event in events {
        let id = event.id();
        let said = line::said(&AuditRecord::new(AT, event), |_| "then".to_owned());
        assert_ne!(said.sentence, id, "only its id");
    }
}

/// L5
#[tokio::test]
async fn programs_and_their_passwords_are_told_of_by_name_and_service() {
    let mut bench = Bench::new().await;
    let ada = bench.add_ada().await;
    let (user, service, address) = (ada.id, "ldap/wiki".to_owned(), "192.0.2.7".to_owned());
    let account = || "reader".to_owned();
    let made = |label: &str| (user, service.clone(), label.to_owned(), "ada".to_owned());
    let new = AuditEvent::ServiceAccountNewAddress {
        user,
        account: account(),
        service: service.clone(),
        address: address.clone(),
    };
    let why = "it may not be used from there".to_owned();
    let misused = AuditEvent::ServiceAccountMisused { account: account(), service: service.clone(), address, why };
    let (user, service, label, by) = made("my phone");
    let app = AuditEvent::AppPasswordMade { user, service, label, by };
    let (user, service, label, by) = made("my phone");
    let gone = AuditEvent::AppPasswordRevoked { user, service, label, by };
    let records = [new, misused, app, gone].into_iter().map(|event| AuditRecord::new(AT, event)).collect();
    bench.desk.store.record(records).await.unwrap();
    run(&mut bench, "tail -n 4").await.unwrap();
    let shown = bench.screen();
    let lines: Vec<&str> = shown.lines().map(|line| line.split_once("UTC").unwrap().1.trim()).collect();
    assert_eq!(
        lines,
        [
            "alarm    reader            ldap/wiki  the service account signed in from the new address 192.0.2.7",
            "alarm    reader            ldap/wiki  the service account was misused, from 192.0.2.7: it may not be used from there",
            "noted    ada               ldap/wiki  app password \"my phone\" made by ada",
            "noted    ada               ldap/wiki  app password \"my phone\" revoked by ada",
        ]
    );
}

#[test]
fn factor_that_was_given_before_is_told_apart_by_what_it_was_given_for() {
    let said = |station: Option<&str>| {
        let mut record = decision("ada", None);
        if let AuditEvent::LoginDecided(decision) = &mut record.event {
            (decision.station, decision.remembered) = (station.map(str::to_owned), true);
            decision.methods.clear();
        }
        line::said(&record, |_| String::new()).sentence
    };
    assert_eq!(said(Some("laptop")), "password + remembered station, from 192.0.2.7 (rule staff)");
    assert_eq!(said(None), "password + repeated sign-in, from 192.0.2.7 (rule staff)");
}
