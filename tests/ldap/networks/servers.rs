//! Servers of the directory that are dead, hang or restart (L10).

use std::time::{Duration, Instant};

use vestibule_peers::slapd::{Options, PEOPLE, READER_DN, READER_PASSWORD, Slapd, user_dn, user_name, user_password};

use super::{said, until_said};
use crate::harness::ldap_wire::Wire;
use crate::harness::ldap_wire::request::{find, root_dse};
use crate::harness::reader_account;
use crate::ldap::stage::{Stage, site_with, slapd_primary};

/// The most patient of the impatient: sssd gives up after that.
const PATIENCE: Duration = Duration::from_secs(8);

/// Both have the same people, told apart by their names, since each has ids of its own.
const SAME: &str = "id_attribute: uid";

async fn pair() -> Option<(Slapd, Slapd)> {
    let (first, second) = tokio::join!(Slapd::start(Options::small()), Slapd::start(Options::small()));
    first.unwrap().zip(second.unwrap())
}

/// A gateway before both, whose first person needs no factor.
async fn stage(servers: &[&str], more: &[&str], authorities: &str) -> Option<Stage> {
    let more =
        [&[SAME, "timeout: 3s", "connect_timeout: 500ms", "cool_down: 300ms", "cool_down_max: 300ms"], more].concat();
    let mut site = site_with(&slapd_primary(servers, &more)).await?;
    site.file("directory.pem", authorities);
    let rule = format!("{{ name: exempt, doors: [ldap], users: [{}], require: skip }}", user_name(1));
    site.more.push_str(&format!("policy: {{ rules: [{rule}] }}\n"));
    let door = site.with_ldap(&reader_account(), "").unwrap();
    Stage::start(site, door).await
}

async fn wire(stage: &Stage) -> Wire {
    Wire::tls(stage.door.secure(), stage.door.ca.ca_pem()).await
}

/// A program, a person and nobody are served, and none of them waits too long.
async fn assert_served(stage: &Stage, when: &str) {
    let began = Instant::now();
    let mut program = wire(stage).await;
    assert_eq!(program.bind(1, READER_DN, READER_PASSWORD).await, 0, "{when}: {}", stage.daemon.log());
    assert_eq!(program.ask(2, &find(PEOPLE, "user0009")).await.len(), 2, "{when}");
    let took = began.elapsed();
    assert!(took < PATIENCE, "{when}: the program waited {took:?}");
    let began = Instant::now();
    let mut person = wire(stage).await;
    assert_eq!(person.bind(1, &user_dn(1), &user_password(1)).await, 0, "{when}");
    assert_eq!(person.ask(2, &find(&user_dn(1), "user0001")).await.len(), 2, "{when}");
    assert_eq!(wire(stage).await.ask(1, &root_dse(&["namingContexts"])).await.len(), 2, "{when}");
    let took = began.elapsed();
    assert!(took < PATIENCE, "{when}: the others waited {took:?}");
}

fn signal(slapd: &Slapd, signal: &str) {
    let pid = slapd.pid().unwrap().to_string();
    assert!(std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success());
}

/// Sign in until the log says that the first server answers again.
async fn until_well(stage: &Stage, server: &str, times: usize) {
    for _ in 0..20 {
        assert_served(stage, "while it comes back").await;
        if said(&stage.daemon, &format!("{server} of \"staff\" answers again")) >= times {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("it never answers again:\n{}", stage.daemon.log());
}

#[tokio::test]
async fn server_that_dies_or_hangs_is_passed_over_and_taken_again_when_it_answers() {
    let Some((mut first, second)) = pair().await else { return };
    let authorities = [first.ca().unwrap().ca_pem(), second.ca().unwrap().ca_pem()].concat();
    let (server, other) = (first.tls_url(), second.tls_url());
    let Some(stage) = stage(&[&server, &other], &["tls: { ca_file: directory.pem }"], &authorities).await else {
        return;
    };
    assert_served(&stage, "both are well").await;
    first.stop();
    assert_served(&stage, "the first is dead").await;
    until_said(&stage.daemon, &format!("{server} of \"staff\" cannot be used"), 1).await;
    first.serve().await.unwrap();
    until_well(&stage, &server, 1).await;
    signal(&first, "-STOP");
    assert_served(&stage, "the first hangs").await;
    until_said(&stage.daemon, &format!("{server} of \"staff\" cannot be used"), 2).await;
    assert_served(&stage, "the first still hangs").await;
    signal(&first, "-CONT");
    until_well(&stage, &server, 2).await;
    drop(second);
    assert_served(&stage, "the first is alone").await;
    stage.end().await;
}

#[tokio::test]
async fn server_that_hangs_without_a_word_on_a_bare_connection_is_found_out_by_the_next_sign_in() {
    let Some((first, second)) = pair().await else { return };
    let (server, other) = (first.url(), second.url());
    let Some(mut stage) = stage(&[&server, &other], &["allow_plaintext: true"], "").await else { return };
    stage.daemon.expecting("could not be served");
    assert_served(&stage, "both are well").await;
    signal(&first, "-STOP");
    // The password is out, and may be checked somewhere behind the server: that one sign-in cannot be decided.
    let mut codes = Vec::new();
    for _ in 0..3 {
        codes.push(wire(&stage).await.bind(1, READER_DN, READER_PASSWORD).await);
    }
    assert_eq!(codes[1..], [0, 0], "{codes:?}: {}", stage.daemon.log());
    assert_served(&stage, "the first is known to hang").await;
    stage.end().await;
}

#[tokio::test]
async fn restart_of_the_directory_is_told_to_who_was_signed_in_and_to_nobody_else() {
    let Some(mut stage) = Stage::before_slapd(&reader_account(), "").await else { return };
    stage.daemon.expecting("could not be served");
    let (mut nobody, mut program) = (wire(&stage).await, wire(&stage).await);
    assert_eq!(nobody.ask(1, &root_dse(&["namingContexts"])).await.len(), 2);
    assert_eq!(program.bind(1, READER_DN, READER_PASSWORD).await, 0);
    assert_eq!(program.ask(2, &find(PEOPLE, "user0009")).await.len(), 2);
    stage.site.directory.as_mut().unwrap().stop();
    assert_eq!(program.ended_within(Duration::from_secs(5)).await, Some(52), "who was somebody there is nobody now");
    until_said(&stage.daemon, "The directory \"staff\" ended a connection of app", 1).await;
    // The other line has ended too, and that is told to nobody, so it cannot be waited for.
    tokio::time::sleep(Duration::from_millis(500)).await;
    // Away is an answer, and not the end of the connection.
    let away = nobody.ask(2, &root_dse(&["namingContexts"])).await;
    assert_eq!((away.len(), away[0].code()), (1, 52));
    assert_eq!(nobody.bind(3, READER_DN, READER_PASSWORD).await, 52);
    stage.site.directory.as_mut().unwrap().serve().await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(nobody.ask(4, &root_dse(&["namingContexts"])).await.len(), 2);
    assert_eq!(nobody.bind(5, READER_DN, READER_PASSWORD).await, 0, "{}", stage.daemon.log());
    assert_eq!(nobody.ask(6, &find(PEOPLE, "user0009")).await.len(), 2);
    stage.end().await;
}
