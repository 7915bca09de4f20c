//! Looking after one's devices.

use vestibule_engine::{Method, Store};

use super::Portal;
use super::browser::Browser;

#[tokio::test(flavor = "multi_thread")]
async fn device_is_named_preferred_and_removed_by_its_owner_only() {
    let portal = Portal::open().await;
    let mut browser = portal.signed_in().await;
    let path = browser.get("/devices").await.link("/devices/");
    browser.get(&path).await;
    let named = browser.post(&format!("{path}/label"), &[("label", "Blue phone")]).await;
    assert!(named.says("The name is saved.") && named.says("Blue phone"), "{}", named.text);
    let refused = browser.post(&format!("{path}/label"), &[("label", "a\u{202E}b")]).await;
    assert!(refused.says("That name cannot be used."), "{}", refused.text);
    browser.post(&format!("{path}/prefer"), &[("prefer", "1")]).await;
    assert!(browser.get("/devices").await.says("Asked first"));

    let store = portal.store().await;
    let other = store.users(Some("eve"), 0, 1).await.unwrap().remove(0);
    let foreign = crate::harness::enrol(&store, other.id).await;
    let id = store.authenticators(other.id).await.unwrap()[0].id;
    for what in ["", "/remove"] {
        assert_eq!(browser.get(&format!("/devices/{id}{what}")).await.status.as_u16(), 404);
    }
    for what in ["label", "prefer", "remove", "test"] {
        let page = browser.post(&format!("/devices/{id}/{what}"), &[("label", "x")]).await;
        assert_eq!(page.status.as_u16(), 404, "{what}");
    }
    assert_eq!(store.authenticators(other.id).await.unwrap().len(), 1);
    drop(foreign);

    let asked = browser.get(&format!("{path}/remove")).await;
    assert!(asked.says("This is your last second step."), "{}", asked.text);
    let gone = browser.post(&format!("{path}/remove"), &[]).await;
    assert!(gone.says("Removed.") && gone.says("You have no second step yet."), "{}", gone.text);
    assert!(store.authenticators(portal.ada.id).await.unwrap().is_empty());
    store.close().await;
    portal.close().await;
}

// REC-01
#[tokio::test(flavor = "multi_thread")]
async fn recovery_codes_are_shown_once_and_each_opens_once() {
    let portal = Portal::open().await;
    let mut browser = portal.signed_in().await;
    browser.get("/add").await;
    let shown = browser.post("/add/recovery", &[]).await;
    let codes: Vec<String> = shown
        .text
        .split("<li>")
        .skip(1)
        .map(|item| item.split('<').next().unwrap().to_owned())
        .filter(|code| code.contains('-'))
        .collect();
    assert_eq!(codes.len(), 10, "{}", shown.text);
    let list = browser.get("/devices").await;
    assert!(list.says("Codes left:") && !list.says(&codes[0]), "{}", list.text);
    let sign_in = async |code: &str| {
        let mut browser = Browser::new(&portal.site);
        browser.sign_in("ada", super::PASSWORD).await;
        browser.post("/sign-in/step", &[("code", code)]).await.path
    };
    assert_eq!(sign_in(&codes[0]).await, "/devices");
    assert_ne!(sign_in(&codes[0]).await, "/devices", "used once");
    browser.get("/add").await;
    browser.post("/add/recovery", &[]).await;
    assert_ne!(sign_in(&codes[1]).await, "/devices", "new ones replace them");
    let store = portal.store().await;
    let sets = store.authenticators(portal.ada.id).await.unwrap();
    assert_eq!(sets.iter().filter(|one| one.method == Method::RecoveryCode).count(), 1);
    store.close().await;
    portal.close().await;
}
