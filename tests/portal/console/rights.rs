//! Who may what, in a running gateway. The matrix of all roles and routes is made of the router's list, beside it.

use std::time::Duration;

use super::super::PASSWORD;
use super::super::browser::Browser;
use super::super::places::{REPEATS, remember};
use super::{CONSOLE, FORGET, Office, REASON, REMEMBERED};
use crate::harness::enrol;

async fn reload(office: &mut Office, console: &str) {
    let more = office.portal.site.more.replace(CONSOLE, console);
    assert_ne!(more, office.portal.site.more, "nothing would change");
    office.portal.site.more = more;
    office.portal.site.write();
    for _ in 0..100 {
        if office.portal.daemon.log().contains("The changed configuration is in use") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{}", office.portal.daemon.log());
}

// ADM-03
#[tokio::test(flavor = "multi_thread")]
async fn auditor_looks_at_everything_and_acts_on_nothing() {
    let office = Office::open().await;
    let store = office.portal.store().await;
    let id = remember(&store, 1, &office.eve, "ldap/jenkins", REPEATS).await.to_string();
    store.close().await;
    let mut carl = office.auditor().await;
    let person = format!("/console/people/{}", office.eve.id);
    for path in [REMEMBERED, "/console/remembered.csv", "/console/people", &person] {
        let page = carl.get(path).await;
        assert_eq!(page.status.as_u16(), 200, "{path}");
        assert!(!page.says("/forget") && !page.says("/end\""), "{path}: {}", page.text);
    }
    carl.get(REMEMBERED).await;
    let nobody = uuid::Uuid::from_u128(7);
    for path in [
        FORGET.to_owned(),
        REMEMBERED.to_owned(),
        format!("{person}/sessions/end"),
        format!("{person}/sessions/0123456789abcdef/end"),
        format!("{person}/app-passwords/{nobody}/revoke"),
    ] {
        let page = carl.post(&path, &[("id", &id), REASON]).await;
        assert_eq!(page.status.as_u16(), 404, "{path}");
    }
    assert!(carl.get(REMEMBERED).await.says("192.0.2.10") && !office.audit().contains("console.acted"));
    office.portal.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn person_without_the_right_and_stranger_learn_of_no_console() {
    let office = Office::open().await;
    let store = office.portal.store().await;
    let token = enrol(&store, office.eve.id).await;
    store.close().await;
    let mut eve = Browser::new(&office.portal.site);
    eve.sign_in("eve", PASSWORD).await;
    let page = eve.post("/sign-in/step", &[("code", &token.code())]).await;
    assert!(!page.says("/console"), "{}", page.text);
    for path in ["/console", REMEMBERED, "/console/remembered.csv", FORGET, "/console/people"] {
        let (page, nowhere) = (eve.get(path).await, eve.get("/nowhere").await);
        assert_eq!((page.status, page.status.as_u16()), (nowhere.status, 404), "{path}");
        assert!(page.says("The page is gone, or it never was."), "{}", page.text);
    }
    assert!(Browser::new(&office.portal.site).get(REMEMBERED).await.path.starts_with("/sign-in"));
    let log = office.portal.daemon.log();
    let told = log.matches("eve asked for the console without the right to").count();
    assert_eq!(told, 1, "once in a while, however often they ask: {log}");
    assert!(office.administrator().await.get("/devices").await.says("href=\"/console/remembered\""));
    office.portal.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn right_that_a_reload_takes_is_gone_with_the_next_click() {
    let mut office = Office::open().await;
    let (mut ada, mut carl) = (office.administrator().await, office.auditor().await);
    assert_eq!(ada.get(REMEMBERED).await.status.as_u16(), 200);
    reload(&mut office, "  console: {administrators: [{source: staff, users: [carl]}]}\n").await;
    assert_eq!(ada.get(REMEMBERED).await.status.as_u16(), 404);
    assert!(!ada.get("/devices").await.says("/console"));
    assert!(carl.get(&format!("{FORGET}?id={}", uuid::Uuid::from_u128(7))).await.says("That was over already."));
    office.portal.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn console_is_not_there_outside_its_networks() {
    let mut office = Office::open().await;
    let mut ada = office.administrator().await;
    assert_eq!(ada.get(REMEMBERED).await.status.as_u16(), 200, "this machine is inside by default");
    reload(&mut office, &format!("{CONSOLE}    networks: [10.0.0.0/8]\n")).await;
    assert_eq!(ada.get(REMEMBERED).await.status.as_u16(), 404);
    assert!(!ada.get("/devices").await.says("/console"));
    assert_eq!(Browser::new(&office.portal.site).get(REMEMBERED).await.status.as_u16(), 404);
    assert!(office.portal.daemon.log().contains("ada asked for the console from outside its networks"));
    office.portal.close().await;
}
