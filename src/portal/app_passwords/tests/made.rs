//! Made, shown once, listed, revoked.

use std::time::Duration;

use vestibule_engine::AuditEvent;
use vestibule_factors::APP_PASSWORDS_MAX;

use super::site::Site;

const JENKINS: &str = "ldap/jenkins";
const JUST_NOW: Duration = Duration::ZERO;

#[tokio::test]
async fn person_makes_one_sees_it_once_and_revokes_it() {
    let site = Site::with(&[JENKINS, "ldap/gitlab"]);
    let ada = site.signed_in("ada", JUST_NOW);
    let empty = ada.get("/app-passwords").await;
    assert!(empty.says("You have none yet.") && empty.says("href=\"/app-passwords/new\""), "{}", empty.text);
    let form = ada.get("/app-passwords/new").await;
    assert!(form.says(">jenkins</option>") && form.says(">gitlab</option>"), "{}", form.text);

    let secret = ada.make(JENKINS, "Build server").await;
    assert!(ada.opens(&secret, JENKINS).await && !ada.opens(&secret, "ldap/gitlab").await);
    let list = ada.get("/app-passwords?done=made").await;
    assert!(list.says("It works from now on.") && list.says("Build server") && list.says("jenkins"), "{}", list.text);
    assert!(list.says("just now") && !list.says(secret.as_text().unwrap()), "{}", list.text);

    let path = format!("/app-passwords/{}/revoke", list.between("href=\"/app-passwords/", "/revoke"));
    let asked = ada.get(&path).await;
    assert!(asked.says("Revoke Build server?") && asked.says("can no longer sign in to jenkins"), "{}", asked.text);
    assert!(ada.opens(&secret, JENKINS).await, "asking is not doing");
    assert_eq!(ada.post(&path, &[]).await.to, "/app-passwords?done=revoked");
    assert!(!ada.opens(&secret, JENKINS).await);
    assert_eq!(ada.post(&path, &[]).await.status.as_u16(), 404);
}

#[tokio::test]
async fn making_and_revoking_stand_in_the_audit_log_by_their_person() {
    let site = Site::with(&[JENKINS]);
    let ada = site.signed_in("ada", JUST_NOW);
    ada.make(JENKINS, "Build server").await;
    let id = ada.get("/app-passwords").await.between("href=\"/app-passwords/", "/revoke").to_owned();
    ada.post(&format!("/app-passwords/{id}/revoke"), &[]).await;
    let inner = site.world.store.lock();
    let told = inner.audit.iter().filter_map(|record| match &record.event {
        AuditEvent::AppPasswordMade { by, label, .. } => Some(("made", by.as_str(), label.as_str())),
        AuditEvent::AppPasswordRevoked { by, label, .. } => Some(("revoked", by.as_str(), label.as_str())),
        _ => None,
    });
    let told: Vec<_> = told.collect();
    assert_eq!(told, [("made", "portal:ada", "Build server"), ("revoked", "portal:ada", "Build server")]);
}

#[tokio::test]
async fn beyond_the_limit_the_person_is_told_and_none_is_made() {
    let site = Site::with(&[JENKINS]);
    let ada = site.signed_in("ada", JUST_NOW);
    for number in 0..APP_PASSWORDS_MAX {
        ada.make(JENKINS, &format!("Number {number}")).await;
    }
    let told = ada.post("/app-passwords/new", &[("service", JENKINS), ("label", "One more")]).await;
    assert!(told.says("You have as many app passwords as there may be."), "{}", told.text);
    assert!(told.says("value=\"One more\"") && !told.says("id=\"secret\""), "{}", told.text);
    assert_eq!(site.made_at_all(), APP_PASSWORDS_MAX);
}

#[tokio::test]
async fn label_with_control_characters_is_refused_and_one_with_markup_is_shown_as_it_is() {
    let site = Site::with(&[JENKINS]);
    let ada = site.signed_in("ada", JUST_NOW);
    let long = "x".repeat(41);
    for odd in ["", "a\nb", "a\u{1b}[31mb", "abc\u{202E}def", &long] {
        let told = ada.post("/app-passwords/new", &[("service", JENKINS), ("label", odd)]).await;
        assert!(told.says("That name cannot be used.") && !told.says("\u{1b}"), "{odd:?} {}", told.text);
    }
    assert_eq!(site.made_at_all(), 0);
    ada.make(JENKINS, "<script>alert(1)</script>\"'&").await;
    for path in ["/app-passwords".to_owned(), {
        let list = ada.get("/app-passwords").await;
        format!("/app-passwords/{}/revoke", list.between("href=\"/app-passwords/", "/revoke"))
    }] {
        let page = ada.get(&path).await;
        assert!(page.says("alert(1)") && !page.says("<script>alert"), "{}", page.text);
    }
}
