//! Where a person is not asked again: places that are remembered, and programs that sign in by themselves.

use std::time::Duration;

use serde_json::json;
use vestibule::clock::SystemClock;
use vestibule_engine::{AttemptId, Clock, Method, Station, Store, Transition, TrustEntry, TrustId, User};
use vestibule_store::Handle;

use super::Portal;

/// As the engine keeps the address of a sign-in that is repeated.
pub(super) const REPEATS: &str = "192.0.2.10\u{1}00ff.01";

pub(super) async fn remember(store: &Handle, number: u128, user: &User, service: &str, station: &str) -> TrustId {
    let (id, now) = (uuid::Uuid::from_u128(number), SystemClock::new().now());
    let station: Station = serde_json::from_value(json!(station)).unwrap();
    let mut change = Transition::new(AttemptId(id), now);
    change.trust = Some(TrustEntry {
        id: TrustId(id),
        user: user.id,
        service: service.to_owned(),
        station,
        method: Method::Totp,
        granted: now,
        until: now.after(Duration::from_secs(600)),
    });
    store.commit(change).await.unwrap();
    TrustId(id)
}

#[tokio::test(flavor = "multi_thread")]
async fn person_sees_what_signs_in_without_being_asked_and_ends_it_for_themselves_alone() {
    let portal = Portal::open().await;
    let store = portal.store().await;
    let eve = store.users(Some("eve"), 0, 1).await.unwrap().remove(0);
    let place = remember(&store, 1, &portal.ada, "radius/vpn", "laptop-7").await;
    let repeats = remember(&store, 2, &portal.ada, "ldap/jenkins", REPEATS).await;
    let foreign = remember(&store, 3, &eve, "ldap/jenkins", "laptop-8").await;

    let mut browser = portal.signed_in().await;
    let page = browser.get("/sessions").await;
    assert!(page.says("laptop-7") && page.says("vpn · until"), "{}", page.text);
    assert!(page.says("Signs in by itself from 192.0.2.10 until") && page.says(" UTC</time>"), "{}", page.text);
    assert!(!page.text.contains("00ff") && !page.text.contains('\u{1}'), "{}", page.text);
    assert!(!page.says("laptop-8"), "{}", page.text);

    let refused = browser.post(&format!("/places/{foreign}/forget"), &[]).await;
    assert_eq!(refused.status.as_u16(), 404);
    browser.get("/sessions").await;
    let page = browser.post(&format!("/places/{repeats}/forget"), &[]).await;
    assert!(page.says("laptop-7") && !page.says("192.0.2.10 until"), "{}", page.text);
    let page = browser.post(&format!("/places/{place}/forget"), &[]).await;
    assert!(!page.says("Remembered places"), "{}", page.text);
    let left = store.trust_entries(None, SystemClock::new().now()).await.unwrap();
    assert_eq!(left.into_iter().map(|entry| entry.id).collect::<Vec<_>>(), [foreign]);
    store.close().await;
    portal.close().await;
}
