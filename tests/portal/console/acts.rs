//! Acting on somebody: with a fresh second step, for a reason, and to be read by whom it concerns.

use reqwest::Method;
use vestibule_engine::{Store, TrustId};

use super::super::browser::Browser;
use super::super::places::{REPEATS, remember};
use super::super::{PASSWORD, sessions};
use super::{FORGET, Office, REASON, REMEMBERED, confirm};
use crate::harness::enrol;

async fn remembered(office: &Office) -> TrustId {
    let store = office.portal.store().await;
    let id = remember(&store, 1, &office.eve, "ldap/jenkins", REPEATS).await;
    store.close().await;
    id
}

async fn is_remembered(office: &Office) -> bool {
    let store = office.portal.store().await;
    let now = vestibule_engine::Clock::now(&vestibule::clock::SystemClock::new());
    let left = store.trust_entries(None, now).await.unwrap();
    store.close().await;
    !left.is_empty()
}

// ADM-02: the second step again, and then the question that was asked before.
#[tokio::test(flavor = "multi_thread")]
async fn old_second_step_is_given_again_and_leads_back_to_the_question() {
    let office = Office::open().await;
    let id = remembered(&office).await;
    let mut ada = office.administrator().await;
    sessions::change(&office.portal, &[("proven", 301)]).await;
    assert!(ada.get(REMEMBERED).await.says("192.0.2.10"), "looking asks for nothing");
    let refused = ada.post(FORGET, &[("id", &id.to_string()), REASON]).await;
    assert!(refused.path.starts_with("/again") && refused.says("something for other people"), "{}", refused.text);
    assert!(is_remembered(&office).await);

    let store = office.portal.store().await;
    let another = enrol(&store, office.portal.ada.id).await;
    store.close().await;
    let then = format!("{FORGET}?id={id}");
    assert!(ada.get(&then).await.path.starts_with("/again?then="));
    ada.post("/again", &[("then", &then)]).await;
    let asked = ada.post("/sign-in/step", &[("code", &another.code())]).await;
    assert_eq!(asked.path, then, "{}", asked.text);
    assert!(confirm(&mut ada, &asked).await.says("Forgotten."));
    assert!(!is_remembered(&office).await);
    office.portal.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn act_needs_a_reason_and_is_recorded_with_it_before_it_is_done() {
    let office = Office::open().await;
    let id = remembered(&office).await.to_string();
    let mut ada = office.administrator().await;
    ada.get(REMEMBERED).await;
    for reason in ["", "  ", &"x".repeat(201)] {
        let page = ada.post(FORGET, &[("id", &id), ("reason", reason)]).await;
        assert!(page.says("Nothing was done."), "{}", page.text);
    }
    assert!(is_remembered(&office).await && !office.audit().contains("console.acted"));
    assert!(ada.post(FORGET, &[("id", &id), REASON]).await.says("Forgotten."));
    assert!(ada.post(FORGET, &[("id", &id), REASON]).await.says("That was over already."), "posted twice");
    let audit = office.audit();
    let acted = audit.find("console.acted").unwrap();
    assert!(acted < audit.find("trust.revoked").unwrap(), "{audit}");
    assert!(audit.contains("Ticket 4711") && audit.contains("console:local/ada"), "{audit}");
    assert_eq!(audit.matches("console.acted").count(), 1, "{audit}");
    let verified = office.portal.site.vestibule(&["audit", "verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    office.portal.close().await;
}

// SES-03
#[tokio::test(flavor = "multi_thread")]
async fn person_whose_session_was_ended_is_out_and_reads_who_did_it() {
    let office = Office::open().await;
    let store = office.portal.store().await;
    let (token, other) = (enrol(&store, office.eve.id).await, enrol(&store, office.eve.id).await);
    remember(&store, 1, &office.eve, "ldap/jenkins", REPEATS).await;
    store.close().await;
    let mut eve = Browser::new(&office.portal.site);
    eve.sign_in("eve", PASSWORD).await;
    assert_eq!(eve.post("/sign-in/step", &[("code", &token.code())]).await.path, "/devices");

    let mut ada = office.administrator().await;
    let person = format!("/console/people/{}", office.eve.id);
    let page = ada.get(&person).await;
    for words in ["local/eve", "App for codes", "Firefox, Linux", "127.0.0.1", "192.0.2.10", "Confirmed"] {
        assert!(page.says(words), "{words}: {}", page.text);
    }
    let asked = ada.get(&page.link(&format!("{person}/sessions/"))).await;
    assert!(
        asked.says("eve (local/eve) is signed out of these pages in Firefox, Linux at 127.0.0.1."),
        "{}",
        asked.text
    );
    assert!(confirm(&mut ada, &asked).await.says("Ended. Whoever used it has to sign in again."));
    assert!(eve.get("/devices").await.path.starts_with("/sign-in"));
    let asked = ada.get(&page.link("/console/remembered/forget?person=").replace("&#38;", "&")).await;
    let back = confirm(&mut ada, &asked).await;
    assert!(back.path.starts_with(&person) && back.says("remembered nowhere"), "{}", back.text);

    eve.sign_in("eve", PASSWORD).await;
    eve.post("/sign-in/step", &[("code", &other.code())]).await;
    let history = eve.get("/history").await;
    assert!(history.says("An administrator ended a session on these pages"), "{}", history.text);
    assert!(history.says("An administrator took back where you were remembered"), "{}", history.text);
    assert!(!history.says("Ticket 4711"), "the reason is for the audit log");
    office.portal.close().await;
}

// HTP-18, HTP-19
#[tokio::test(flavor = "multi_thread")]
async fn console_takes_no_foreign_forms_and_keeps_the_headers_of_the_portal() {
    let office = Office::open().await;
    let id = remembered(&office).await.to_string();
    let mut ada = office.administrator().await;
    let mut stranger = Browser::new(&office.portal.site);
    stranger.get("/sign-in").await;
    let page = ada.get(REMEMBERED).await;
    let (own, foreign) = (ada.form.clone(), stranger.form.clone());
    for (headers, form) in [
        (&[("origin", "https://evil.example")][..], &own),
        (&[("sec-fetch-site", "cross-site")], &own),
        (&[], &foreign),
        (&[], &String::new()),
    ] {
        let fields = [("form", form.as_str()), ("id", &id), REASON];
        let answer = ada.bare(Method::POST, FORGET, headers, &fields).await;
        assert_eq!(answer.status().as_u16(), 403, "{headers:?}");
    }
    assert!(is_remembered(&office).await);
    for page in [page, ada.get("/console/remembered.csv").await, ada.get("/console/people").await] {
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{}", page.path);
        assert_eq!(
            (&page.headers["cache-control"], &page.headers["x-content-type-options"]),
            (&"no-store".parse().unwrap(), &"nosniff".parse().unwrap())
        );
        assert!(!page.text.contains("style=") && !page.text.contains(" onclick"), "{}", page.path);
    }
    office.portal.close().await;
}
