//! Setting up a second step: only for those who were invited (OOB-10).

use serde_json::Value;
use totp_rs::Secret;

use super::browser::Browser;
use super::{PASSWORD, Portal};
use crate::harness::Token;

fn invite(portal: &Portal, more: &[&str]) -> String {
    let mut words = vec!["users", "--json", "invite", "eve"];
    words.extend(more);
    let output = portal.site.vestibule(&words);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let told: Value = serde_json::from_str(text.lines().next().unwrap_or_default())
        .unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
    told["code"].as_str().unwrap_or_default().to_owned()
}

async fn bring(portal: &Portal, user: &str, password: &str, code: &str) -> (Browser, super::browser::Page) {
    let mut browser = Browser::new(&portal.site);
    browser.get("/enrol").await;
    let page = browser.post("/enrol", &[("user", user), ("password", password), ("invitation", code)]).await;
    (browser, page)
}

/// What an app makes of the key on the page.
fn app(page: &super::browser::Page) -> Token {
    let key: String = page.value("key").chars().filter(char::is_ascii_alphanumeric).collect();
    Token::with_key(Secret::try_from_base32(key).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn invited_person_adds_an_app_and_is_in_and_the_invitation_is_used_up() {
    let portal = Portal::open().await;
    let code = invite(&portal, &[]);
    let (mut browser, page) = bring(&portal, "eve", PASSWORD, &code).await;
    assert_eq!(page.path, "/devices", "{}", page.text);
    assert!(page.says("You have no second step yet."), "{}", page.text);
    let elsewhere = browser.get("/history").await;
    assert_eq!(elsewhere.path, "/devices", "an invitation opens enrolment and nothing else");
    let before = browser.cookies["__Host-vestibule"].clone();

    browser.get("/add").await;
    let shown = browser.post("/add/app", &[("label", "My app")]).await;
    let (token, confirm) = (app(&shown), shown.link("/add/app/"));
    let (uri, key) = (shown.value("uri"), shown.value("key"));
    let wrong = browser.post(&confirm, &[("code", &token.wrong()), ("uri", &uri), ("key", &key)]).await;
    assert!(wrong.says("That code did not match.") && wrong.text.contains("<svg"), "{}", wrong.text);
    let done = browser.post(&confirm, &[("code", &token.code()), ("uri", &uri), ("key", &key)]).await;
    assert!(done.path.starts_with("/devices") && done.says("My app"), "{}", done.text);
    assert_ne!(browser.cookies["__Host-vestibule"], before, "more rights, another secret (SES-01)");
    assert_eq!(browser.get("/history").await.path, "/history");

    let (_, again) = bring(&portal, "eve", PASSWORD, &code).await;
    assert!(!again.path.starts_with("/devices"), "used once: {}", again.text);
    portal.close().await;
}

// OOB-10
#[tokio::test(flavor = "multi_thread")]
async fn password_alone_enrols_nobody() {
    let portal = Portal::open().await;
    for code in ["", "enrolment-window", "K3FA-9X2M-AAAA-BBBB"] {
        let (mut browser, page) = bring(&portal, "eve", PASSWORD, code).await;
        assert!(page.says("That did not work."), "{code}: {}", page.text);
        assert!(!browser.cookies.contains_key("__Host-vestibule"));
        assert!(browser.get("/add").await.path.starts_with("/sign-in"));
    }
    invite(&portal, &[]);
    for code in ["", "enrolment-window", "K3FA-9X2M-AAAA-BBBB"] {
        let (mut browser, _) = bring(&portal, "eve", PASSWORD, code).await;
        assert!(!browser.cookies.contains_key("__Host-vestibule"), "{code}");
        assert!(browser.get("/add").await.path.starts_with("/sign-in"), "{code}");
    }
    portal.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invitation_without_its_password_opens_nothing() {
    let portal = Portal::open().await;
    let code = invite(&portal, &[]);
    let (browser, page) = bring(&portal, "eve", "wrong", &code).await;
    assert!(page.says("That did not work."), "{}", page.text);
    assert!(!browser.cookies.contains_key("__Host-vestibule"));
    let (browser, page) = bring(&portal, "ada", PASSWORD, &code).await;
    assert!(!browser.cookies.contains_key("__Host-vestibule"), "somebody else's: {}", page.text);
    portal.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn window_lets_in_without_a_code_while_it_is_open() {
    let portal = Portal::open().await;
    invite(&portal, &["--window"]);
    let (_, page) = bring(&portal, "eve", PASSWORD, "").await;
    assert_eq!(page.path, "/devices", "{}", page.text);
    portal.close().await;
}

// OOB-10: whoever else had the password and came through the window before it closed is out again.
#[tokio::test(flavor = "multi_thread")]
async fn first_enrolment_closes_the_window_for_those_who_are_in_already() {
    let portal = Portal::open().await;
    invite(&portal, &["--window"]);
    let (mut stranger, page) = bring(&portal, "eve", PASSWORD, "").await;
    assert_eq!(page.path, "/devices", "{}", page.text);
    let (mut owner, _) = bring(&portal, "eve", PASSWORD, "").await;
    owner.get("/add").await;
    let shown = owner.post("/add/app", &[("label", "My app")]).await;
    let (token, confirm) = (app(&shown), shown.link("/add/app/"));
    let (uri, key) = (shown.value("uri"), shown.value("key"));
    let done = owner.post(&confirm, &[("code", &token.code()), ("uri", &uri), ("key", &key)]).await;
    assert!(done.path.starts_with("/devices"), "{}", done.text);
    assert!(stranger.get("/add").await.path.starts_with("/sign-in"), "enrols beside the owner");
    portal.close().await;
}
