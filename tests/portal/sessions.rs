//! Sessions: begun anew, ended at the server, bound to a person who may still sign in (SES-01, SES-03).

use serde_json::Value;
use vestibule_engine::{SecretBytes, Store, Timestamp, TokenKind, UserChange};

use super::browser::Browser;
use super::{PASSWORD, Portal};

const COOKIE: &str = "__Host-vestibule";

// SES-01, HTP-16
#[tokio::test(flavor = "multi_thread")]
async fn session_has_a_secret_that_nobody_chose_before_and_is_over_after_signing_out() {
    let portal = Portal::open().await;
    let planted = "A".repeat(43);
    let mut browser = Browser::new(&portal.site);
    browser.cookies.insert(COOKIE.to_owned(), planted.clone());
    browser.sign_in("ada", PASSWORD).await;
    browser.post("/sign-in/step", &[("code", &portal.token.code())]).await;
    assert_ne!(browser.cookies[COOKIE], planted);
    let mut attacker = Browser::new(&portal.site);
    attacker.cookies.insert(COOKIE.to_owned(), planted);
    assert!(attacker.get("/devices").await.path.starts_with("/sign-in"));

    browser.get("/devices").await;
    let mut kept = browser.clone();
    let out = browser.post("/sign-out", &[]).await;
    assert!(out.says("You are signed out."), "{}", out.text);
    assert!(kept.get("/devices").await.path.starts_with("/sign-in"), "over at the server, whatever the browser keeps");
    portal.close().await;
}

/// Change what the store keeps of ada's one session.
pub(super) async fn change(portal: &Portal, fields: &[(&str, i64)]) {
    let store = portal.store().await;
    let now = Timestamp(i64::try_from(crate::harness::now()).unwrap() * 1_000_000);
    let token = store.tokens_of(portal.ada.id, TokenKind::Session, now).await.unwrap().remove(0);
    let mut record: Value = serde_json::from_slice(token.payload.expose()).unwrap();
    for (name, seconds_ago) in fields {
        record[*name] = (now.0 - seconds_ago * 1_000_000).into();
    }
    let payload = SecretBytes::new(serde_json::to_vec(&record).unwrap());
    let expires = Timestamp(now.0 + 600_000_000);
    assert!(store.change_token(TokenKind::Session, &token.digest, payload, expires).await.unwrap());
    store.close().await;
}

// SES-01
#[tokio::test(flavor = "multi_thread")]
async fn session_ends_when_its_owner_was_away_and_ends_in_any_case() {
    for fields in [&[("seen", 3_601)][..], &[("seen", 1), ("began", 86_401)], &[("seen", 1), ("ends", 1)]] {
        let portal = Portal::open().await;
        let mut browser = portal.signed_in().await;
        change(&portal, fields).await;
        let page = browser.get("/devices").await;
        assert!(page.says("You were away for a while. Sign in again."), "{fields:?} {}", page.text);
        portal.close().await;
    }
}

// SES-03
#[tokio::test(flavor = "multi_thread")]
async fn session_of_somebody_who_was_disabled_is_over_at_once() {
    let portal = Portal::open().await;
    let mut browser = portal.signed_in().await;
    let store = portal.store().await;
    let now = Timestamp(i64::try_from(crate::harness::now()).unwrap() * 1_000_000);
    store.change_user(portal.ada.id, UserChange::Enabled(false), "test", now).await.unwrap();
    store.close().await;
    assert!(browser.get("/devices").await.path.starts_with("/sign-in"));
    portal.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn owner_sees_where_they_are_signed_in_and_ends_the_others() {
    let portal = Portal::open().await;
    let mut first = portal.signed_in().await;
    let store = portal.store().await;
    let second_token = crate::harness::enrol(&store, portal.ada.id).await;
    store.close().await;
    let mut second = Browser::new(&portal.site);
    second.sign_in("ada", PASSWORD).await;
    assert_eq!(second.post("/sign-in/step", &[("code", &second_token.code())]).await.path, "/devices");
    let page = first.get("/sessions").await;
    assert_eq!(page.text.matches("Firefox, Linux").count(), 2, "{}", page.text);
    assert!(page.link("/sessions/").ends_with("/end"), "only the other one can be ended alone");
    first.post("/sessions/end-others", &[]).await;
    assert!(second.get("/devices").await.path.starts_with("/sign-in"));
    assert_eq!(first.get("/sessions").await.text.matches("Firefox, Linux").count(), 1);
    portal.close().await;
}

// ADM-02, OOB-13
#[tokio::test(flavor = "multi_thread")]
async fn change_of_factors_asks_for_the_second_step_again_when_it_is_old() {
    let portal = Portal::open().await;
    let mut browser = portal.signed_in().await;
    assert_eq!(browser.get("/add").await.path, "/add", "given just now");
    change(&portal, &[("proven", 301)]).await;
    let page = browser.get("/add").await;
    assert!(page.path.starts_with("/again?then=") && page.says("Show that it is you"), "{}", page.text);
    for path in ["/add/phone", "/add/app", "/add/recovery"] {
        let mut other = browser.clone();
        assert!(other.post(path, &[]).await.path.starts_with("/again"), "{path}");
    }
    let store = portal.store().await;
    let another = crate::harness::enrol(&store, portal.ada.id).await;
    store.close().await;
    let before = browser.cookies[COOKIE].clone();
    let asked = browser.post("/again", &[("then", "/add")]).await;
    assert_eq!(asked.path, "/sign-in/step", "{}", asked.text);
    let done = browser.post("/sign-in/step", &[("code", &another.code())]).await;
    assert_eq!(done.path, "/add", "{}", done.text);
    assert_ne!(browser.cookies[COOKIE], before, "new at step-up");
    portal.close().await;
}

// OOB-13: an enrolment window lets somebody in to enrol; to whoever took a session that is there it proves nothing.
#[tokio::test(flavor = "multi_thread")]
async fn open_window_is_no_second_step_for_a_session_that_has_one() {
    let portal = Portal::open().await;
    let mut browser = portal.signed_in().await;
    portal.site.vestibule(&["users", "invite", "ada", "--window"]);
    change(&portal, &[("proven", 301)]).await;
    let asked = browser.post("/again", &[("then", "/add")]).await;
    assert_eq!(asked.path, "/sign-in/step", "{}", asked.text);
    let page = browser.post("/sign-in/step", &[("act", "window")]).await;
    assert_ne!(page.path, "/add", "{}", page.text);
    assert!(browser.get("/add").await.path.starts_with("/again"));
    portal.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn login_that_was_not_me_ends_every_session() {
    let portal = Portal::open().await;
    let mut browser = portal.signed_in().await;
    let page = browser.get("/history").await;
    assert!(page.says("Signed in to these pages") && page.says("Firefox, Linux"), "{}", page.text);
    let path = page.link("/history/");
    let asked = browser.get(&path).await;
    assert!(asked.says("All sessions and remembered places of your account end"), "{}", asked.text);
    let kept = browser.clone();
    let done = browser.post(&path, &[]).await;
    assert!(done.says("Change your password now."), "{}", done.text);
    for mut one in [kept, browser] {
        assert!(one.get("/devices").await.path.starts_with("/sign-in"));
    }
    let audit = portal.site.vestibule(&["audit", "tail", "--json"]);
    assert!(String::from_utf8_lossy(&audit.stdout).contains("login.reported"));
    portal.close().await;
}
