//! Who makes none, and who sees nothing.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::site::{Browser, Site};

const JENKINS: &str = "ldap/jenkins";
const JUST_NOW: Duration = Duration::ZERO;
const LONG_AGO: Duration = Duration::from_secs(301);
const FIELDS: [(&str, &str); 2] = [("service", JENKINS), ("label", "Build server")];

async fn id_of_the_first(browser: &Browser<'_>) -> String {
    browser.get("/app-passwords").await.between("href=\"/app-passwords/", "/revoke").to_owned()
}

// OOB-13, ADM-02
#[tokio::test]
async fn session_whose_second_step_is_old_makes_none_and_still_revokes() {
    let site = Site::with(&[JENKINS]);
    let ada = site.signed_in("ada", JUST_NOW);
    ada.make(JENKINS, "Build server").await;
    site.world.clock.pass(LONG_AGO);
    for page in [ada.get("/app-passwords/new").await, ada.post("/app-passwords/new", &FIELDS).await] {
        assert_eq!(page.to, "/again?then=%2Fapp-passwords%2Fnew", "{}", page.text);
    }
    assert_eq!(site.made_at_all(), 1);
    let path = format!("/app-passwords/{}/revoke", id_of_the_first(&ada).await);
    assert_eq!(ada.post(&path, &[]).await.to, "/app-passwords?done=revoked");
    assert_eq!(site.made_at_all(), 0);
}

#[tokio::test]
async fn nobody_without_a_full_session_sees_or_makes_any() {
    let site = Site::with(&[JENKINS]);
    let stranger = site.stranger();
    assert_eq!(stranger.get("/app-passwords").await.to, "/sign-in");
    assert_eq!(stranger.get("/app-passwords/new").await.to, "/sign-in");
    assert_eq!(stranger.post("/app-passwords/new", &FIELDS).await.status.as_u16(), 403);
    let invited = site.invited("eve");
    for page in [
        invited.get("/app-passwords").await,
        invited.get("/app-passwords/new").await,
        invited.post("/app-passwords/new", &FIELDS).await,
    ] {
        assert_eq!(page.to, "/devices", "{}", page.text);
    }
    assert!(!invited.get("/add").await.says("/app-passwords"));
    assert_eq!(site.made_at_all(), 0);
}

// HTP-18
#[tokio::test]
async fn form_of_somebody_else_makes_and_revokes_none() {
    let site = Site::with(&[JENKINS]);
    let mut ada = site.signed_in("ada", JUST_NOW);
    let secret = ada.make(JENKINS, "Build server").await;
    let path = format!("/app-passwords/{}/revoke", id_of_the_first(&ada).await);
    for foreign in [site.signed_in("eve", JUST_NOW).form, site.stranger().form, String::new()] {
        ada.form = foreign;
        assert_eq!(ada.post("/app-passwords/new", &FIELDS).await.status.as_u16(), 403);
        assert_eq!(ada.post(&path, &[]).await.status.as_u16(), 403);
    }
    assert_eq!(site.made_at_all(), 1);
    assert!(ada.opens(&secret, JENKINS).await);
}

#[tokio::test]
async fn none_is_made_for_an_application_that_takes_none() {
    let site = Site::with(&[JENKINS]);
    let ada = site.signed_in("ada", JUST_NOW);
    for service in ["ldap/gitlab", "jenkins", "radius/jenkins", ""] {
        let page = ada.post("/app-passwords/new", &[("service", service), ("label", "Build server")]).await;
        assert_eq!(page.status.as_u16(), 404, "{service}");
    }
    assert_eq!(site.made_at_all(), 0);
}

#[tokio::test]
async fn where_no_application_takes_any_there_is_no_such_section() {
    let site = Site::with(&[]);
    let ada = site.signed_in("ada", JUST_NOW);
    assert!(!ada.get("/add").await.says("/app-passwords"));
    for page in [
        ada.get("/app-passwords").await,
        ada.get("/app-passwords/new").await,
        ada.post("/app-passwords/new", &FIELDS).await,
    ] {
        assert_eq!(page.status.as_u16(), 404);
    }
    assert!(Site::with(&[JENKINS]).signed_in("ada", JUST_NOW).get("/add").await.says("href=\"/app-passwords\""));
}

/// What was made before is there to be revoked.
#[tokio::test]
async fn app_password_of_an_application_that_takes_none_any_more_is_told_as_such() {
    let site = Site::with(&[]);
    let ada = site.signed_in("ada", JUST_NOW);
    site.desk.app_passwords.make(ada.user, JENKINS, "Build server", "portal:ada").await.unwrap();
    let page = ada.get("/app-passwords").await;
    assert!(page.says("This application takes no app passwords at present."), "{}", page.text);
    assert!(!page.says("/app-passwords/new"), "{}", page.text);
    let path = format!("/app-passwords/{}/revoke", id_of_the_first(&ada).await);
    ada.post(&path, &[]).await;
    assert_eq!(site.made_at_all(), 0);
}

#[tokio::test]
async fn app_password_of_somebody_else_looks_like_none() {
    let site = Site::with(&[JENKINS]);
    let (ada, eve) = (site.signed_in("ada", JUST_NOW), site.signed_in("eve", JUST_NOW));
    let secret = ada.make(JENKINS, "Build server").await;
    let path = format!("/app-passwords/{}/revoke", id_of_the_first(&ada).await);
    assert!(!eve.get("/app-passwords").await.says("Build server"));
    for page in [eve.get(&path).await, eve.post(&path, &[]).await, eve.get("/app-passwords/x/revoke").await] {
        assert_eq!(page.status.as_u16(), 404);
    }
    assert!(ada.opens(&secret, JENKINS).await && !eve.opens(&secret, JENKINS).await);
}

#[tokio::test]
async fn when_the_store_is_away_nothing_is_shown_as_made() {
    let site = Site::with(&[JENKINS]);
    let ada = site.signed_in("ada", JUST_NOW);
    site.world.store.broken.store(true, Ordering::SeqCst);
    let page = ada.post("/app-passwords/new", &FIELDS).await;
    assert_eq!(page.status.as_u16(), 503);
    assert!(!page.says("vap-"), "{}", page.text);
}
