//! Long lists over the real store.

use reqwest::Method;

use super::super::places::{REPEATS, remember};
use super::{Office, REMEMBERED, confirm};

async fn many(office: &Office) {
    let store = office.portal.store().await;
    for number in 0..130 {
        remember(&store, number, &office.eve, "radius/vpn", &format!("pc-{number:03}")).await;
    }
    remember(&store, 200, &office.portal.ada, "ldap/jenkins", REPEATS).await;
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_list_is_paged_narrowed_exported_and_forgotten_as_it_is_shown() {
    let office = Office::open().await;
    many(&office).await;
    let mut ada = office.administrator().await;
    let page = ada.get(&format!("{REMEMBERED}?sort=station")).await;
    assert!(page.says("131 entries") && page.says("Page 1 of 2"), "{}", page.text);
    assert_eq!(page.text.matches("name=\"id\"").count(), 100);
    let next = page.text.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
    let second = ada.get(&next).await;
    assert_eq!(second.text.matches("name=\"id\"").count(), 31);
    assert!(second.says("pc-129") && !second.says("pc-005"), "{}", second.text);

    let narrowed = ada.get(&format!("{REMEMBERED}?q=pc-12&service=radius%2Fvpn&kind=station")).await;
    assert!(narrowed.says("10 entries") && narrowed.says("pc-120") && !narrowed.says("pc-013"), "{}", narrowed.text);
    let file = ada.get(&narrowed.link("/console/remembered.csv?").replace("&#38;", "&")).await;
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8; header=present");
    assert_eq!(file.headers["content-disposition"], "attachment; filename=\"remembered.csv\"");
    assert_eq!(file.text.matches("\r\n").count(), 11, "{}", file.text);
    let bare = ada.bare(Method::GET, "/console/remembered.csv", &[], &[]).await;
    assert!(bare.bytes().await.unwrap().starts_with(b"\xEF\xBB\xBF\"id\","), "spreadsheets read it as UTF-8");
    assert!(
        file.text.contains("\"local\",\"eve\",\"\",\"radius/vpn\",\"pc-124\",\"station\",\"totp\","),
        "{}",
        file.text
    );

    let forget_all = narrowed.text.split("class=\"button danger\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let asked = ada.get(&forget_all.replace("&#38;", "&")).await;
    assert!(asked.says("Forget 10 entries?"), "{}", asked.text);
    let done = confirm(&mut ada, &asked).await;
    assert!(done.path.contains("q=pc-12") && done.says("Nothing that is remembered fits"), "{}", done.text);
    assert!(ada.get(REMEMBERED).await.says("121 entries"));
    let of_ada = ada.get(&format!("{REMEMBERED}?q=ada")).await;
    assert!(of_ada.says("1 entry") && of_ada.says("192.0.2.10") && !of_ada.text.contains("00ff"), "{}", of_ada.text);
    office.portal.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_found_by_name_and_known_by_their_source() {
    let office = Office::open().await;
    let mut carl = office.auditor().await;
    let everybody = carl.get("/console/people").await;
    assert!(["local/ada", "local/carl", "local/eve"].iter().all(|name| everybody.says(name)), "{}", everybody.text);
    let found = carl.get("/console/people?q=CAR").await;
    assert!(found.says("local/carl") && !found.says("local/eve") && found.says("just now"), "{}", found.text);
    assert!(carl.get("/console/people?q=%25").await.says("Nobody has a name like that."));
    office.portal.close().await;
}
