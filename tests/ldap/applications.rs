//! How applications sign people in: what each sends for one login of one person, and that the person gives one factor for
//! it (LDP-24). Traces of some as scripts, and some as they are.

mod installed;
mod traces;

use std::time::Duration;

use serde_json::json;
use traces::{TRACES, Trace};
use vestibule_peers::python_ldap::Python;
use vestibule_peers::slapd::{self, PEOPLE, READER_DN, READER_PASSWORD};

use super::stage::{Approving, Stage};
use crate::harness::{Site, StoreKind, reader_account};

/// A site whose people may have phones, and an application with an account of its own.
async fn stage(application: &str) -> Option<Stage> {
    let mut site = Site::with_directory(StoreKind::Sqlite).await.unwrap()?;
    site.with_portal("").unwrap();
    let door = site.with_ldap(&format!("{application}{}", reader_account()), "").unwrap();
    Stage::start(site, door).await
}

/// What an application's administrator has written, and a person's name.
fn python(stage: &Stage, number: u32) -> Option<Python> {
    let python = Python::python_ldap(&stage.door.secure_url())?.ca(&stage.door.ca_file());
    let python = python.give("manager", READER_DN).give("manager_password", READER_PASSWORD).give("base", PEOPLE);
    Some(python.give("login", slapd::user_name(number)))
}

/// Run a trace for a person with this text typed; the code of each bind as them.
async fn run(stage: &Stage, number: u32, trace: &Trace, typed: &str) -> Option<Vec<u32>> {
    let said = python(stage, number)?.give("typed", typed).run(&trace.script()).await.unwrap();
    let codes: Vec<u32> = serde_json::from_value(said).unwrap();
    assert_eq!(codes.len(), trace.binds, "{}", trace.application);
    Some(codes)
}

#[tokio::test]
async fn person_gives_one_factor_for_a_login_however_often_the_application_binds_for_it() {
    let Some(stage) = stage("").await else { return };
    for (number, trace) in (1..).zip(TRACES) {
        let (application, user) = (trace.application, slapd::user_name(number));
        let token = stage.enrolled(number).await;
        let typed = format!("{},{}", slapd::user_password(number), token.code());
        let Some(codes) = run(&stage, number, trace, &typed).await else { return };
        assert_eq!(codes, vec![0; trace.binds], "{application}");
        assert_eq!(stage.let_in(&user).await, (1, trace.binds - 1), "{application}: one code");

        let (number, user) = (number + 20, slapd::user_name(number + 20));
        let phone = Approving::with(stage.with_phone(number).await);
        let Some(codes) = run(&stage, number, trace, &slapd::user_password(number)).await else { return };
        assert_eq!(codes, vec![0; trace.binds], "{application}");
        assert_eq!(phone.rang(), 1, "{application}: one push");
        assert_eq!(stage.let_in(&user).await, (1, trace.binds - 1), "{application}: one push");
    }
    let prompted = stage.events().await.iter().filter(|event| event.id() == "login.prompted").count();
    assert_eq!(prompted, TRACES.len());
    stage.end().await;
}

#[tokio::test]
async fn where_nothing_is_coalesced_each_bind_is_a_login_of_its_own() {
    let Some(stage) = stage("      coalesce: 0s\n").await else { return };
    for (number, trace) in (1..).zip(TRACES) {
        let (application, user) = (trace.application, slapd::user_name(number));
        let token = stage.enrolled(number).await;
        let typed = format!("{},{}", slapd::user_password(number), token.code());
        let Some(codes) = run(&stage, number, trace, &typed).await else { return };
        let (good, refused): (Vec<u32>, Vec<u32>) = codes.iter().partition(|code| **code == 0);
        assert_eq!((good.len(), refused), (1, vec![49; trace.binds - 1]), "{application}: a code is good once");
        assert_eq!(stage.let_in(&user).await, (1, 0), "{application}");
        assert_eq!(stage.last_denial(&user).await, (trace.binds > 1).then_some("code-used-before"), "{application}");

        // Several requests at once are more than a phone shows.
        if trace.is_parallel {
            continue;
        }
        let (number, user) = (number + 20, slapd::user_name(number + 20));
        let phone = Approving::with(stage.with_phone(number).await);
        let Some(codes) = run(&stage, number, trace, &slapd::user_password(number)).await else { return };
        assert_eq!(codes, vec![0; trace.binds], "{application}");
        assert_eq!((phone.rang(), stage.let_in(&user).await), (trace.binds, (trace.binds, 0)), "{application}");
    }
    stage.end().await;
}

#[tokio::test]
async fn what_was_typed_counts_for_its_window_and_nothing_else_does() {
    let Some(stage) = stage("      coalesce: 3s\n").await else { return };
    let token = stage.enrolled(1).await;
    let person = |typed: &str| stage.door.person("user0001", typed).unwrap();
    let typed = format!("pw-user0001,{}", token.code());
    for _ in 0..2 {
        assert_eq!(person(&typed).whoami().await.unwrap().code, 0);
    }
    // Another text is another sign-in, and changes nothing for this one.
    assert_eq!(person("pw-user0001").whoami().await.unwrap().code, 49);
    assert_eq!(stage.last_denial("user0001").await, Some("code-missing"));
    assert_eq!(person(&typed).whoami().await.unwrap().code, 0);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(person(&typed).whoami().await.unwrap().code, 49, "the window is over");
    assert_eq!(stage.last_denial("user0001").await, Some("code-used-before"));
    stage.end().await;
}

#[tokio::test]
async fn person_whose_phone_says_no_is_refused_once_for_all_binds_of_that_login() {
    let Some(stage) = stage("").await else { return };
    let phone = stage.with_phone(1).await;
    let Some(python) = python(&stage, 1) else { return };
    let denying = tokio::spawn(async move {
        let request = phone.next_request(Duration::from_secs(20)).await.unwrap().unwrap();
        phone.deny(&request).await.unwrap();
        phone
    });
    let script = traces::PARALLEL.script();
    let codes = python.give("typed", "pw-user0001").run(&script).await.unwrap();
    assert_eq!(codes, json!([49, 49, 49, 49]));
    let phone = denying.await.unwrap();
    assert!(phone.requests(Duration::ZERO).await.unwrap().is_empty(), "asked once");
    assert_eq!(stage.let_in("user0001").await, (0, 0));
    stage.end().await;
}
