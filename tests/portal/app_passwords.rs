//! App passwords in the portal, at the command line and in what happened with an account. How one is made is tested beside
//! the pages: which applications take them is told by the doors.

use std::sync::Arc;

use serde_json::Value;
use vestibule::clock::{SystemClock, SystemRandom};
use vestibule_engine::{AuditEvent, AuditRecord, Clock, Password, Store};
use vestibule_factors::{AppPasswords, MadeAppPassword};
use vestibule_store::Handle;

use super::Portal;

const JENKINS: &str = "ldap/jenkins";

fn app_passwords(store: &Arc<Handle>) -> AppPasswords {
    AppPasswords::new(store.as_store(), Arc::new(SystemClock::new()), Arc::new(SystemRandom::new()))
}

async fn make(portal: &Portal, label: &str) -> MadeAppPassword {
    let store = portal.store().await;
    let made = app_passwords(&store).make(portal.ada.id, JENKINS, label, "portal:ada").await.unwrap();
    store.close().await;
    made
}

async fn opens(portal: &Portal, made: &MadeAppPassword) -> bool {
    let store = portal.store().await;
    let typed = Password::new(made.secret.reveal());
    let label = app_passwords(&store).check(&typed, portal.ada.id, JENKINS).await.unwrap();
    store.close().await;
    label.is_some()
}

/// What the engine writes down when ada's app password of that name let somebody in.
pub(super) async fn told_of_a_sign_in(portal: &Portal, label: &str) -> uuid::Uuid {
    let attempt = uuid::Uuid::from_u128(7);
    let decision = serde_json::json!({
        "event": "login.decided", "attempt": attempt, "allowed": true, "typed": "ada", "user": portal.ada.id,
        "name": "ada", "service": JENKINS, "address": "203.0.113.9", "first_factor": "accepted", "methods": [],
        "rule": format!("app password {label}"), "took": 5,
    });
    let event: AuditEvent = serde_json::from_value(decision).unwrap();
    let store = portal.store().await;
    store.record(vec![AuditRecord::new(SystemClock::new().now(), event)]).await.unwrap();
    store.close().await;
    attempt
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_revoked_in_the_portal_is_gone_at_the_command_line_and_the_other_way_round() {
    let portal = Portal::open().await;
    let (server, laptop) = (make(&portal, "Build server").await, make(&portal, "Laptop").await);
    let mut browser = portal.signed_in().await;
    let page = browser.get("/app-passwords").await;
    assert!(page.says("Build server") && page.says("Laptop") && page.says("jenkins"), "{}", page.text);

    let listed = portal.site.vestibule(&["app-passwords", "list", "ada", "--json"]);
    let lines: Vec<Value> =
        String::from_utf8_lossy(&listed.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: Vec<&str> = lines.iter().map(|line| line["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [server.id.to_string(), laptop.id.to_string()]);
    assert!(portal.site.vestibule(&["app-passwords", "revoke", ids[0]]).status.success());
    assert!(!opens(&portal, &server).await);
    assert!(!browser.get("/app-passwords").await.says("Build server"));

    let gone = browser.post(&format!("/app-passwords/{}/revoke", laptop.id), &[]).await;
    assert_eq!(gone.status.as_u16(), 404, "nothing is left, and no application takes them: {}", gone.text);
    assert!(!opens(&portal, &laptop).await);
    let listed = portal.site.vestibule(&["app-passwords", "list"]);
    assert_eq!(String::from_utf8_lossy(&listed.stdout), "There is no app password.\n");
    portal.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_in_with_an_app_password_is_told_as_such_and_disowning_it_revokes_that_one() {
    let portal = Portal::open().await;
    let (stolen, kept) = (make(&portal, "Build server").await, make(&portal, "Laptop").await);
    let attempt = told_of_a_sign_in(&portal, "Build server").await;
    let mut browser = portal.signed_in().await;
    let page = browser.get("/history").await;
    assert!(page.says("Signed in to jenkins with the app password Build server"), "{}", page.text);
    assert!(page.says("The app password Laptop was made for jenkins"), "{}", page.text);
    let path = format!("/history/{attempt}/not-me");
    let asked = browser.get(&path).await;
    assert!(asked.says("The app password Build server is revoked."), "{}", asked.text);
    assert!(opens(&portal, &stolen).await, "asking is not doing");
    assert!(browser.post(&path, &[]).await.says("Reported"));
    assert!(!opens(&portal, &stolen).await && opens(&portal, &kept).await);
    portal.close().await;
}
