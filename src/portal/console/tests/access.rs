//! Who may what: every role at every route, made of the router's own list (ADM-03).

use std::time::Duration;

use vestibule_engine::Method;

use super::stage::{JENKINS, Stage, with_console};
use crate::app_passwords::tests::site::{Browser, Page};
use crate::console::{Right, Route, routes};
use crate::settings::Named;

const JUST_NOW: Duration = Duration::ZERO;

/// Somebody who may do nothing here, with what tells them from those who may.
fn nobodies(stage: &Stage) -> Vec<(&'static str, Browser<'_>)> {
    let person = stage.site.signed_in("bob", JUST_NOW);
    stage.change(person.user, |user| user.groups = vec!["adminsof".to_owned()]);
    let namesake = stage.administrator();
    stage.change(namesake.user, |user| user.subject.source = "corp".to_owned());
    let in_the_same_group_elsewhere = stage.site.signed_in("dora", JUST_NOW);
    stage.change(in_the_same_group_elsewhere.user, |user| {
        user.groups = vec!["admins".to_owned()];
        user.subject.source = "corp".to_owned();
    });
    let (mut outside, mut untold) = (stage.administrator(), stage.administrator());
    outside.address = Some("203.0.113.9");
    untold.address = None;
    vec![
        ("a person", person),
        ("a namesake", namesake),
        ("a namesake's group", in_the_same_group_elsewhere),
        ("outside", outside),
        ("behind a proxy that does not tell", untold),
        ("invited", stage.site.invited("ada")),
    ]
}

/// The route's path, with things of Eve that are there.
async fn at(stage: &Stage, route: &Route) -> String {
    let password = stage.app_password(stage.eve, "Build server").await;
    let eve = stage.site.signed_in("eve", JUST_NOW);
    let mut path = route.path.replace("{password}", &password.to_string());
    let owner = if path.contains("{session}") { eve.user } else { stage.eve };
    path = path.replace("{session}", &stage.sessions(eve.user)[0]).replace("{id}", &owner.to_string());
    if path.ends_with("/sessions/end") { path.replace(&stage.eve.to_string(), &eve.user.to_string()) } else { path }
}

/// What somebody reads, without the reference that is another each time and the address they came from.
fn text(page: &Page, path: &str) -> String {
    let is_one = |word: &&str| word.len() == 9 && word.as_bytes().get(4) == Some(&b'-');
    let escaped = crate::fault::escaped(path);
    let words = page.text.split([' ', '<', '>']).filter(|word| !is_one(word));
    words.collect::<Vec<_>>().join(" ").replace(&escaped, "")
}

// ADM-03
#[tokio::test]
async fn every_route_answers_those_who_may_and_is_not_there_for_all_others() {
    let stage = Stage::new();
    for route in routes() {
        let id = stage.remember(1, stage.eve, JENKINS, "laptop-7").to_string();
        let fields = [("reason", "x"), ("id", id.as_str())];
        let path = at(&stage, &route).await;
        for (who, browser) in nobodies(&stage) {
            for page in [browser.get(&path).await, browser.post(&path, &fields).await] {
                assert_eq!(page.status.as_u16(), 404, "{who} at {path}");
            }
        }
        let auditor = stage.auditor();
        let looked = auditor.get(&path).await;
        assert_eq!(looked.status.as_u16() != 404, route.needs == Right::Look, "{path}");
        assert_eq!(auditor.post(&path, &fields).await.status.as_u16(), 404, "{path}");
        let by_recovery_code = stage.site.signed_in_with("ada", &[Method::RecoveryCode]);
        let is_told_why = |page: &Page| page.to == "/console/remembered";
        let looked = by_recovery_code.get(&path).await;
        assert_eq!(is_told_why(&looked), route.needs == Right::Act || path == "/console", "{path}: {}", looked.text);
        let acted = by_recovery_code.post(&path, &fields).await;
        assert_eq!(is_told_why(&acted), route.needs == Right::Act, "{path}: {}", acted.text);
        assert!(stage.audit().is_empty(), "nothing was done so far");
        let administrator = stage.administrator();
        assert!(matches!(administrator.get(&path).await.status.as_u16(), 200 | 303), "{path}");
        let acted = administrator.post(&path, &fields).await.status.as_u16();
        assert_eq!(acted != 404, route.needs == Right::Act, "{path}");
        assert!(matches!(acted, 303 | 404), "{path} {acted}");
        stage.site.world.store.lock().audit.clear();
    }
}

#[tokio::test]
async fn stranger_is_sent_to_sign_in_where_the_console_may_be_used_and_sees_none_elsewhere() {
    let stage = Stage::new();
    for route in routes() {
        let mut stranger = stage.site.stranger();
        assert_eq!(stranger.get(route.path).await.to, "/sign-in", "{}", route.path);
        stranger.address = Some("203.0.113.9");
        let page = stranger.get(route.path).await;
        assert_eq!((page.status.as_u16(), page.to.as_str()), (404, ""), "{}", route.path);
    }
}

/// The proxy itself is inside, and whoever is behind it may be anywhere.
#[tokio::test]
async fn administrator_whose_address_the_proxy_does_not_tell_is_outside() {
    let stage = Stage::new();
    let mut ada = stage.administrator();
    for told in ["10.1.1.1", "6.6.6.6, 10.1.1.1", "10.1.1.1, 127.0.0.1"] {
        ada.address = Some(told);
        assert_eq!(ada.get("/console/people").await.status.as_u16(), 200, "{told}");
        assert!(ada.get("/again").await.says("href=\"/console/remembered\""), "{told}");
    }
    for untold in [None, Some(""), Some("unknown"), Some("10.1.1.1:4711"), Some("10.1.1.1, x"), Some("127.0.0.1")] {
        ada.address = untold;
        for route in routes() {
            assert_eq!(ada.get(route.path).await.status.as_u16(), 404, "{untold:?} at {}", route.path);
            let mut stranger = stage.site.stranger();
            stranger.address = untold;
            assert_eq!(stranger.get(route.path).await.status.as_u16(), 404, "{untold:?} at {}", route.path);
        }
        let page = ada.get("/again").await;
        assert!(
            page.status.as_u16() == 200 && !page.says("/console"),
            "the rest of the portal is as it was: {untold:?}"
        );
    }
}

#[tokio::test]
async fn whoever_has_no_right_reads_what_an_unknown_path_says() {
    let stage = Stage::new();
    for (who, browser) in nobodies(&stage) {
        let nowhere = browser.get("/nowhere").await;
        for route in routes() {
            let page = browser.get(route.path).await;
            assert_eq!(text(&page, route.path), text(&nowhere, "/nowhere"), "{who} at {}", route.path);
            let posted = browser.post(route.path, &[]).await;
            let elsewhere = browser.post("/nowhere", &[]).await;
            assert_eq!(text(&posted, route.path), text(&elsewhere, "/nowhere"), "{who} at {}", route.path);
        }
        assert!(!browser.get("/again").await.says("/console"), "{who}");
    }
    assert_eq!(stage.site.desk.asked_without_the_right.due(), None, "the log was told of the first of them");
    assert!(stage.auditor().get("/again").await.says("href=\"/console/remembered\""));
}

#[tokio::test]
async fn without_the_section_there_is_no_console_for_anybody() {
    let stage = Stage::new();
    let administrator = stage.administrator();
    assert_eq!(administrator.get("/console/remembered").await.status.as_u16(), 200);
    stage.site.change(|_| {});
    for route in routes() {
        assert_eq!(administrator.get(route.path).await.status.as_u16(), 404, "{}", route.path);
        assert_eq!(stage.site.stranger().get(route.path).await.status.as_u16(), 404, "{}", route.path);
    }
}

// SES-03
#[tokio::test]
async fn what_was_taken_from_an_administrator_is_gone_at_once() {
    let stage = Stage::new();
    let ada = stage.administrator();
    let by_group = stage.site.signed_in("dora", JUST_NOW);
    stage.change(by_group.user, |user| user.groups = vec!["ADMINS".to_owned()]);
    for browser in [&ada, &by_group] {
        assert_eq!(browser.get("/console/people").await.status.as_u16(), 200);
    }
    stage.change(by_group.user, |user| user.groups.clear());
    assert_eq!(by_group.get("/console/people").await.status.as_u16(), 404);
    stage.change(ada.user, |user| user.enabled = false);
    assert_eq!(ada.get("/console/people").await.to, "/sign-in?away=1");
    stage.change(ada.user, |user| user.enabled = true);
    stage.site.change(|settings| {
        with_console(settings);
        settings.console.as_mut().unwrap().administrators[0].users.clear();
    });
    assert_eq!(ada.get("/console/people").await.status.as_u16(), 404);
}

#[tokio::test]
async fn user_id_stands_for_one_person_whatever_others_call_themselves() {
    let stage = Stage::new();
    let meant = stage.site.signed_in("dora", JUST_NOW);
    let named_so = stage.site.signed_in(&meant.user.to_string(), JUST_NOW);
    stage.site.change(|settings| {
        with_console(settings);
        settings.console.as_mut().unwrap().administrators[0].users = vec![Named::Id(meant.user)];
    });
    assert_eq!(meant.get("/console/people").await.status.as_u16(), 200);
    assert_eq!(named_so.get("/console/people").await.status.as_u16(), 404);
}

#[tokio::test]
async fn session_of_a_recovery_code_is_told_why_it_may_only_look() {
    let stage = Stage::new();
    stage.remember(1, stage.eve, JENKINS, "laptop-7");
    let ada = stage.site.signed_in_with("ada", &[Method::RecoveryCode]);
    for path in ["/console/remembered".to_owned(), format!("/console/people/{}", stage.eve)] {
        let page = ada.get(&path).await;
        assert!(page.says("You last used a recovery code.") && !page.says("Forget"), "{}", page.text);
    }
    let page = stage.administrator().get("/console/remembered").await;
    assert!(!page.says("recovery code") && page.says("Forget selected"), "{}", page.text);
    let page = stage.auditor().get("/console/remembered").await;
    assert!(!page.says("recovery code") && !page.says("Forget") && !page.says("checkbox"), "{}", page.text);
}
