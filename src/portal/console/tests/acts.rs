//! Acting: asked first, with a reason, recorded before it is done.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use vestibule_engine::{AuditEvent, TrustId};

use super::stage::{FORGET, JENKINS, REASON, REPEATS, Stage, done};

const LONG_AGO: Duration = Duration::from_secs(301);

fn asked(id: TrustId) -> String {
    format!("{FORGET}?id={id}")
}

// ADM-02
#[tokio::test]
async fn act_asks_for_the_second_step_when_it_is_old() {
    let stage = Stage::new();
    let id = stage.remember(1, stage.eve, JENKINS, REPEATS);
    let password = stage.app_password(stage.eve, "Build server").await;
    let eve = stage.site.signed_in("eve", Duration::ZERO);
    let ada = stage.administrator();
    stage.site.world.clock.pass(LONG_AGO);
    let person = format!("/console/people/{}", stage.eve);
    let other = format!("/console/people/{}", eve.user);
    for path in [
        asked(id),
        format!("{person}/app-passwords/{password}/revoke"),
        format!("{other}/sessions/end"),
        format!("{other}/sessions/{}/end", stage.sessions(eve.user)[0]),
    ] {
        let field = ("id", id.to_string());
        let to = format!("/again?then={}", crate::fault::escaped(&path));
        let post_to = path.split('?').next().unwrap();
        for page in [ada.get(&path).await, ada.post(post_to, &[REASON, (field.0, &field.1)]).await] {
            assert_eq!(page.to, to, "{}", page.text);
        }
    }
    assert!(stage.is_remembered(id) && stage.audit().is_empty());
    let again = ada.get("/again?then=/console/remembered/forget").await;
    assert!(again.says("This changes something for other people") && again.says("Remembered"), "{}", again.text);
}

#[tokio::test]
async fn entry_is_forgotten_after_saying_to_whom_and_the_reason_is_kept() {
    let stage = Stage::new();
    let id = stage.remember(1, stage.eve, JENKINS, REPEATS);
    let ada = stage.administrator();
    let page = ada.get(&asked(id)).await;
    let sentence = "eve (local/eve) is asked for the second step again at jenkins from 192.0.2.7.";
    assert!(page.says("Forget one entry?") && page.says(sentence), "{}", page.text);
    assert!(stage.is_remembered(id), "asking is not doing");

    let page = ada.post(FORGET, &[("id", &id.to_string()), REASON]).await;
    assert_eq!(done(&page), "forgotten");
    assert!(!stage.is_remembered(id));
    let [AuditEvent::ConsoleActed { user, by, what, reason }, AuditEvent::TrustRevoked { trust, by: revoker, .. }] =
        &stage.audit()[..]
    else {
        panic!("{:?}", stage.audit());
    };
    assert_eq!((*user, *trust), (stage.eve, id));
    assert_eq!((by.as_str(), revoker.as_str()), ("console:local/ada", "console:local/ada"));
    assert_eq!((what.as_str(), reason.as_str()), ("forget ldap/jenkins from 192.0.2.7", "Ticket 4711"));
    assert!(ada.get(&page.to).await.says("Forgotten. The second step is asked for again."));
}

#[tokio::test]
async fn without_a_reason_nothing_is_done_and_what_was_written_stays() {
    let stage = Stage::new();
    let id = stage.remember(1, stage.eve, JENKINS, REPEATS);
    let password = stage.app_password(stage.eve, "Build server").await;
    let eve = stage.site.signed_in("eve", Duration::ZERO);
    let ada = stage.administrator();
    let long = "x".repeat(201);
    for path in [
        FORGET.to_owned(),
        format!("/console/people/{}/app-passwords/{password}/revoke", stage.eve),
        format!("/console/people/{}/sessions/end", eve.user),
    ] {
        for reason in ["", "   ", &long] {
            let page = ada.post(&path, &[("id", &id.to_string()), ("reason", reason)]).await;
            assert!(page.says("Nothing was done. Write a reason"), "{path}: {}", page.text);
            assert!(page.says(reason.trim()), "{path}");
        }
    }
    assert!(stage.is_remembered(id) && stage.audit().is_empty());
    assert_eq!(stage.sessions(eve.user).len(), 1);
}

#[tokio::test]
async fn second_of_two_is_told_that_it_is_over() {
    let stage = Stage::new();
    let (one, other) = (stage.remember(1, stage.eve, JENKINS, REPEATS), stage.remember(2, stage.eve, JENKINS, "pc"));
    let password = stage.app_password(stage.eve, "Build server").await;
    let eve = stage.site.signed_in("eve", Duration::ZERO);
    let (first, second) = (stage.administrator(), stage.administrator());
    let (one, other) = (one.to_string(), other.to_string());
    assert_eq!(done(&first.post(FORGET, &[("id", &one), REASON]).await), "forgotten");
    let before = stage.audit().len();
    assert_eq!(done(&second.post(FORGET, &[("id", &one), REASON]).await), "over");
    assert_eq!(done(&second.get(&format!("{FORGET}?id={one}")).await), "over");
    assert_eq!(stage.audit().len(), before, "nothing was done, and nothing is told of");
    assert_eq!(done(&second.post(FORGET, &[("id", &one), ("id", &other), REASON]).await), "partly-over");

    let sessions = format!("/console/people/{}/sessions/{}/end", eve.user, stage.sessions(eve.user)[0]);
    let revoke = format!("/console/people/{}/app-passwords/{password}/revoke", stage.eve);
    for (path, word) in [(sessions, "ended"), (revoke, "revoked")] {
        assert_eq!(done(&first.post(&path, &[REASON]).await), word);
        assert_eq!(done(&second.post(&path, &[REASON]).await), "over");
        assert_eq!(done(&second.get(&path).await), "over");
    }
    assert!(second.get("/console/remembered?done=over").await.says("That was over already. Nothing was changed."));
}

#[tokio::test]
async fn all_that_a_view_shows_is_forgotten_and_nothing_that_came_since() {
    let stage = Stage::new();
    let bob = stage.site.world.person("bob");
    let meant = [stage.remember(1, stage.eve, JENKINS, REPEATS), stage.remember(2, bob, JENKINS, REPEATS)];
    let other = stage.remember(3, bob, "radius/vpn", "laptop-7");
    let ada = stage.administrator();
    let page = ada.get(&format!("{FORGET}?all=yes&service=ldap%2Fjenkins")).await;
    assert!(
        page.says("Forget 2 entries?")
            && page.says("bob (local/bob) is asked")
            && page.says("eve (local/eve) is asked"),
        "{}",
        page.text
    );
    let seen = page.between("name=\"seen\" value=\"", "\"").to_owned();
    stage.site.world.clock.pass(Duration::from_secs(1));
    let since = stage.remember(4, stage.eve, JENKINS, "pc-9");
    let fields = [("all", "yes"), ("seen", &*seen), ("service", JENKINS), REASON];
    let page = ada.post(FORGET, &fields).await;
    assert_eq!(page.to, "/console/remembered?service=ldap%2Fjenkins&done=forgotten");
    assert!(meant.iter().all(|id| !stage.is_remembered(*id)));
    assert!(stage.is_remembered(other) && stage.is_remembered(since));
    let told: Vec<_> = stage.audit().iter().map(AuditEvent::id).collect();
    assert_eq!(told, ["console.acted", "console.acted", "trust.revoked", "trust.revoked"], "recorded, then done");
}

#[tokio::test]
async fn more_than_is_done_at_once_is_told_before_and_left() {
    let stage = Stage::new();
    // Their ids are in another order than their times.
    for number in 0..505 {
        stage.remember(1_000 - number, stage.eve, JENKINS, &format!("pc-{number}"));
        stage.site.world.clock.pass(Duration::from_secs(1));
    }
    let ada = stage.administrator();
    let page = ada.get(&format!("{FORGET}?all=yes&sort=-since")).await;
    assert!(page.says("Forget 500 entries?") && page.says("And the same for 480 more."), "{}", page.text);
    assert!(page.says("5 entries are left for another time"), "{}", page.text);
    let seen = page.between("name=\"seen\" value=\"", "\"").to_owned();
    ada.post(FORGET, &[("all", "yes"), ("seen", &seen), ("sort", "-since"), REASON]).await;
    let left: BTreeSet<String> =
        stage.site.world.store.lock().trust.values().map(|entry| entry.station.shown().to_owned()).collect();
    let newest: BTreeSet<String> = (500..505).map(|number| format!("pc-{number}")).collect();
    assert_eq!(left, newest, "the oldest went");
    let AuditEvent::ConsoleActed { what, .. } = &stage.audit()[0] else { panic!("{:?}", stage.audit()[0]) };
    assert_eq!(what, "forget 500 remembered entries");
}

/// Somebody mistypes an address, or a program writes it: what it does not say in our words never means everybody.
#[tokio::test]
async fn filter_that_cannot_be_read_selects_nothing() {
    let stage = Stage::new();
    let id = stage.remember(1, stage.eve, JENKINS, REPEATS);
    let ada = stage.administrator();
    let (eve, long) = (stage.eve.to_string(), "a".repeat(65));
    for (name, value) in [
        ("person", "eve"),
        ("person", eve.get(1..).unwrap()),
        ("kind", "repeat"),
        ("q", &long),
        ("q", "\u{200B}"),
        ("service", "\u{202E}"),
        ("persn", &eve),
        ("seen", "yesterday"),
        ("all", ""),
        ("id", "x"),
    ] {
        let value_in_address = crate::fault::escaped(value);
        let asked = ada.get(&format!("{FORGET}?all=yes&{name}={value_in_address}")).await;
        assert_eq!(done(&asked), "nothing", "{name}={value}");
        assert_eq!(
            done(&ada.post(FORGET, &[("all", "yes"), (name, value), REASON]).await),
            "nothing",
            "{name}={value}"
        );
    }
    for all in ["", "no", "Yes"] {
        assert_eq!(done(&ada.post(FORGET, &[("all", all), REASON]).await), "nothing", "{all}");
    }
    let id_in_form = id.to_string();
    let flood = vec![("service", JENKINS); 300];
    for first in [("all", "yes"), ("id", &*id_in_form)] {
        let fields: Vec<_> = [first, REASON].into_iter().chain(flood.clone()).collect();
        assert_eq!(done(&ada.post(FORGET, &fields).await), "nothing", "{first:?}");
    }
    assert!(stage.is_remembered(id) && stage.audit().is_empty());
    let looked = ada.get("/console/remembered?person=eve&kind=repeat&persn=x").await;
    assert!(looked.says("1 entry"), "looking narrows nothing: {}", looked.text);
    let fields = [("all", "yes"), ("q", " "), ("kind", ""), ("person", &eve), REASON];
    assert_eq!(done(&ada.post(FORGET, &fields).await), "forgotten");
}

#[tokio::test]
async fn session_that_is_opened_while_all_are_ended_ends_too() {
    let stage = Stage::new();
    let (ada, eve) = (stage.administrator(), stage.site.signed_in("eve", Duration::ZERO));
    let all_of = |user| format!("/console/people/{user}/sessions/end");
    // One of them before it is written down what is done.
    stage.site.world.store.opened_meanwhile.store(3, Ordering::SeqCst);
    assert_eq!(done(&ada.post(&all_of(eve.user), &[REASON]).await), "ended");
    assert!(stage.sessions(eve.user).is_empty());
    let told: Vec<_> = stage.audit().iter().map(AuditEvent::id).collect();
    assert_eq!(told, ["console.acted", "session.ended", "session.ended", "session.ended", "session.ended"]);

    // Whoever opens them faster than they end does not hold the page up.
    let eve = stage.site.signed_in("eve", Duration::ZERO);
    stage.site.world.store.opened_meanwhile.store(100, Ordering::SeqCst);
    assert_eq!(done(&ada.post(&all_of(eve.user), &[REASON]).await), "ended");
    assert_eq!(stage.sessions(eve.user).len(), 1);
}

#[tokio::test]
async fn nothing_selected_is_told_and_an_odd_id_is_no_entry() {
    let stage = Stage::new();
    let id = stage.remember(1, stage.eve, JENKINS, REPEATS);
    let ada = stage.administrator();
    for fields in [&[REASON][..], &[("id", "1"), REASON], &[("id", ""), REASON]] {
        assert_eq!(done(&ada.post(FORGET, fields).await), "nothing", "{fields:?}");
    }
    let foreign = uuid::Uuid::from_u128(99).to_string();
    assert_eq!(done(&ada.post(FORGET, &[("id", &foreign), REASON]).await), "over");
    let password = stage.app_password(stage.eve, "Build server").await;
    let of_another = format!("/console/people/{}/app-passwords/{password}/revoke", ada.user);
    assert_eq!(done(&ada.post(&of_another, &[REASON]).await), "over");
    let gone = uuid::Uuid::from_u128(98);
    for path in [format!("/console/people/{gone}"), "/console/people/eve".to_owned()] {
        assert_eq!(ada.get(&path).await.status.as_u16(), 404, "{path}");
    }
    assert!(stage.is_remembered(id) && stage.audit().is_empty());
}

#[tokio::test]
async fn app_password_and_sessions_of_somebody_end_for_a_reason() {
    let stage = Stage::new();
    let password = stage.app_password(stage.eve, "Build server").await;
    let ada = stage.administrator();
    let path = format!("/console/people/{}/app-passwords/{password}/revoke", stage.eve);
    let page = ada.get(&path).await;
    let sentence = "The program in which eve (local/eve) uses Build server can no longer sign in to jenkins.";
    assert!(page.says("Revoke Build server?") && page.says(sentence), "{}", page.text);
    assert_eq!(done(&ada.post(&path, &[REASON]).await), "revoked");
    assert!(stage.site.desk.app_passwords.list(stage.eve).await.unwrap().is_empty());

    let eve = stage.site.signed_in("eve", Duration::ZERO);
    let path = format!("/console/people/{}/sessions/end", eve.user);
    let page = ada.get(&path).await;
    assert!(
        page.says("eve (local/eve) is signed out of these pages in Unknown browser at 192.0.2.1."),
        "{}",
        page.text
    );
    assert_eq!(done(&ada.post(&path, &[REASON]).await), "ended");
    assert_eq!(eve.get("/devices").await.to, "/sign-in?away=1");
    let told: Vec<_> = stage.audit().iter().map(AuditEvent::id).collect();
    assert_eq!(told, ["console.acted", "app-password.revoked", "console.acted", "session.ended"]);
    assert!(stage.audit().iter().all(|event| serde_json::to_string(event).unwrap().contains("console:local/ada")));
}

/// An act that cannot be written down is not done.
#[tokio::test]
async fn when_the_store_is_away_nothing_is_done() {
    let stage = Stage::new();
    let id = stage.remember(1, stage.eve, JENKINS, REPEATS);
    let ada = stage.administrator();
    stage.site.world.store.broken.store(true, Ordering::SeqCst);
    assert_eq!(ada.post(FORGET, &[("id", &id.to_string()), REASON]).await.status.as_u16(), 503);
    assert!(stage.is_remembered(id) && stage.audit().is_empty());
}

#[tokio::test]
async fn act_that_fails_in_between_leaves_a_record() {
    let stage = Stage::new();
    let id = stage.remember(1, stage.eve, JENKINS, REPEATS);
    let ada = stage.administrator();
    stage.site.world.store.is_stuck.store(true, Ordering::SeqCst);
    assert_eq!(ada.post(FORGET, &[("id", &id.to_string()), REASON]).await.status.as_u16(), 503);
    let told: Vec<_> = stage.audit().iter().map(AuditEvent::id).collect();
    assert_eq!(told, ["console.acted"], "of something that was not done");
    assert!(stage.is_remembered(id));
}

// HTP-18
#[tokio::test]
async fn form_of_somebody_else_does_nothing() {
    let stage = Stage::new();
    let id = stage.remember(1, stage.eve, JENKINS, REPEATS);
    let mut ada = stage.administrator();
    for foreign in [stage.auditor().form, stage.site.stranger().form, String::new()] {
        ada.form = foreign;
        assert_eq!(ada.post(FORGET, &[("id", &id.to_string()), REASON]).await.status.as_u16(), 403);
    }
    assert!(stage.is_remembered(id) && stage.audit().is_empty());
}
