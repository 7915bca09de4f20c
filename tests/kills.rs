//! kill -9: nothing accepted twice, nothing forgotten, no acceptance without its record (FLT-22, LOG-05).

use std::collections::HashSet;

use vestibule_engine::{AuditEvent, Store};

use crate::harness::{Site, StoreKind, add_user, challenge, enrol, pap};

async fn killed_in_the_middle_of_a_challenge(kind: StoreKind) {
    let Some(site) = Site::local(kind).await.unwrap() else { return };
    let store = site.store().await;
    let user = add_user(&store, "ada", "correct horse").await;
    let token = enrol(&store, user.id).await;
    store.close().await;
    let Some(client) = challenge(&site) else { return };
    let daemon = site.start().await.unwrap();
    let asked = client.login("ada", "correct horse").await.unwrap();
    assert!(asked.is("Access-Challenge"), "{asked:?}");
    daemon.kill();
    let daemon = site.start().await.unwrap();
    let code = token.code();
    let state = asked.reply().unwrap().value("State").unwrap().to_owned();
    let answer = [
        ("User-Name", "ada"),
        ("User-Password", code.as_str()),
        ("State", state.as_str()),
        ("Message-Authenticator", "0x00"),
    ];
    let accepted = client.send("auth", &answer).await.unwrap();
    assert!(accepted.is("Access-Accept"), "the login does not finish after the restart: {accepted:?}");
    daemon.kill();
    // RAD-20, OTP-03: neither the handle nor the code is good again, in whatever life of the daemon.
    let daemon = site.start().await.unwrap();
    assert!(client.send("auth", &answer).await.unwrap().is("Access-Reject"));
    let again = client.login("ada", &format!("correct horse,{code}")).await.unwrap();
    assert!(again.is("Access-Reject"), "a spent code was accepted after kill -9: {again:?}");
    daemon.stop().await;
    let store = site.store().await;
    assert!(store.audit_verify().await.unwrap().problem.is_none());
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn login_killed_in_the_middle_of_a_challenge_finishes_once_over_sqlite() {
    killed_in_the_middle_of_a_challenge(StoreKind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn login_killed_in_the_middle_of_a_challenge_finishes_once_over_postgresql() {
    killed_in_the_middle_of_a_challenge(StoreKind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn acceptance_that_left_the_gateway_before_a_kill_is_on_record_and_its_code_spent() {
    // I3, I6: the daemon is killed right after an answer, again and again.
    const ROUNDS: usize = 12;
    let Some(site) = Site::local(StoreKind::Sqlite).await.unwrap() else { return };
    let store = site.store().await;
    let mut people = Vec::new();
    for n in 0..ROUNDS {
        let name = format!("user{n}");
        let user = add_user(&store, &name, "correct horse").await;
        people.push((name, enrol(&store, user.id).await));
    }
    store.close().await;
    let Some(client) = pap(&site) else { return };
    let mut accepted = HashSet::new();
    for (name, token) in &people {
        let daemon = site.start().await.unwrap();
        let typed = format!("correct horse,{}", token.code());
        if client.login(name, &typed).await.unwrap().is("Access-Accept") {
            accepted.insert(name.clone());
        }
        daemon.kill();
    }
    assert_eq!(accepted.len(), ROUNDS, "not every login was let in");
    let daemon = site.start().await.unwrap();
    for (name, token) in &people {
        let typed = format!("correct horse,{}", token.code_at(crate::harness::now()));
        let again = client.login(name, &typed).await.unwrap();
        let spent = token.code() == token.code_at(crate::harness::now());
        assert!(again.is("Access-Reject") || spent, "{name}: {again:?}");
    }
    daemon.stop().await;
    let store = site.store().await;
    assert!(store.audit_verify().await.unwrap().problem.is_none());
    let lines = store.audit_tail(10_000, None).await.unwrap();
    let recorded: HashSet<String> = lines
        .into_iter()
        .filter_map(|line| match line.record.event {
            AuditEvent::LoginDecided(decision) if decision.allowed => decision.name,
            _ => None,
        })
        .collect();
    assert!(accepted.is_subset(&recorded), "an acceptance without its record");
    store.close().await;
}
