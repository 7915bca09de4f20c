//! The lists: filtered, sorted, paged, exported.

use std::time::Duration;

use super::stage::{JENKINS, REMEMBERED, REPEATS, Stage};
use crate::app_passwords::tests::site::Page;

/// The stations in the order of the page.
fn stations(page: &Page) -> Vec<&str> {
    let cells = page.text.split("data-label=\"From\"><bdi>").skip(1);
    cells.map(|rest| rest.split('<').next().unwrap()).collect()
}

fn three(stage: &Stage) {
    let bob = stage.site.world.person("bob");
    stage.change(bob, |user| user.display_name = Some("Robert Example".to_owned()));
    stage.remember(1, stage.eve, JENKINS, REPEATS);
    stage.site.world.clock.pass(Duration::from_secs(60));
    stage.remember(2, bob, "radius/vpn", "laptop-7");
    stage.site.world.clock.pass(Duration::from_secs(60));
    stage.remember(3, bob, JENKINS, "192.0.2.8\u{1}00aa.02");
}

#[tokio::test]
async fn auditor_sees_who_is_remembered_where() {
    let stage = Stage::new();
    three(&stage);
    let page = stage.auditor().get(REMEMBERED).await;
    for words in ["3 entries", "Robert Example", "local/bob", "eve", "Repeated sign-in", "Remembered place", "LDAP"] {
        assert!(page.says(words), "{words}: {}", page.text);
    }
    assert_eq!(stations(&page), ["192.0.2.8", "laptop-7", "192.0.2.7"], "the newest first");
    assert!(!page.says("00ff") && !page.says("00aa"), "digests are nobody's reading");
}

#[tokio::test]
async fn view_is_narrowed_and_sorted_by_its_address() {
    let stage = Stage::new();
    three(&stage);
    let carl = stage.auditor();
    for (query, shown) in [
        ("q=robert", &["192.0.2.8", "laptop-7"][..]),
        ("q=EVE", &["192.0.2.7"]),
        ("q=laptop", &["laptop-7"]),
        ("service=ldap/jenkins", &["192.0.2.8", "192.0.2.7"]),
        ("kind=station", &["laptop-7"]),
        ("kind=repeats&q=robert", &["192.0.2.8"]),
        ("sort=station", &["192.0.2.7", "192.0.2.8", "laptop-7"]),
        ("sort=since", &["192.0.2.7", "laptop-7", "192.0.2.8"]),
        ("sort=person", &["192.0.2.7", "laptop-7", "192.0.2.8"]),
        ("sort=-service", &["laptop-7", "192.0.2.8", "192.0.2.7"]),
        ("page=7&kind=nothing", &["192.0.2.8", "laptop-7", "192.0.2.7"]),
    ] {
        assert_eq!(stations(&carl.get(&format!("{REMEMBERED}?{query}")).await), shown, "{query}");
    }
    let of_eve = carl.get(&format!("{REMEMBERED}?person={}", stage.eve)).await;
    assert_eq!(stations(&of_eve), ["192.0.2.7"]);
    assert!(of_eve.says("Only eve is shown."), "{}", of_eve.text);
    let none = carl.get(&format!("{REMEMBERED}?q=nobody")).await;
    assert!(none.says("Nothing that is remembered fits this filter."), "{}", none.text);
}

#[tokio::test]
async fn where_nobody_is_remembered_the_page_says_so() {
    let page = Stage::new().auditor().get(REMEMBERED).await;
    assert!(page.says("Nobody is remembered anywhere"), "{}", page.text);
}

#[tokio::test]
async fn every_entry_is_on_one_page_of_a_long_list() {
    let stage = Stage::new();
    for number in 0..230 {
        stage.remember(number, stage.eve, JENKINS, &format!("pc-{number:03}"));
    }
    let carl = stage.auditor();
    let mut seen = Vec::new();
    let mut next = Some(format!("{REMEMBERED}?sort=station"));
    while let Some(path) = next.take() {
        let page = carl.get(&path).await;
        assert!(page.says("230 entries"), "{}", page.text);
        seen.extend(stations(&page).into_iter().map(str::to_owned));
        next = page
            .text
            .contains("rel=\"next\"")
            .then(|| page.between("rel=\"next\" href=\"", "\"").replace("&#38;", "&"));
    }
    assert_eq!(seen, (0..230).map(|number| format!("pc-{number:03}")).collect::<Vec<_>>());
}

/// More people than are looked up one by one.
#[tokio::test]
async fn long_list_of_many_people_is_found_and_sorted_by_name() {
    let stage = Stage::new();
    for number in 0..250 {
        let user = stage.site.world.person(&format!("person-{number:03}"));
        stage.remember(number, user, JENKINS, &format!("pc-{:03}", 249 - number));
    }
    let carl = stage.auditor();
    let page = carl.get(&format!("{REMEMBERED}?sort=person")).await;
    assert_eq!(stations(&page)[..2], ["pc-249", "pc-248"]);
    assert_eq!(stations(&carl.get(&format!("{REMEMBERED}?q=person-117")).await), ["pc-132"]);
}

#[tokio::test]
async fn export_holds_what_the_view_shows() {
    let stage = Stage::new();
    three(&stage);
    stage.change(stage.eve, |user| user.display_name = Some("=HYPERLINK(\"x\") ü; =1+1".to_owned()));
    let page = stage.auditor().get("/console/remembered.csv?service=ldap/jenkins&sort=since").await;
    assert_eq!(page.kind, "text/csv; charset=utf-8; header=present");
    let lines: Vec<&str> = page.text.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 3, "{}", page.text);
    assert!(lines[0].starts_with("\u{FEFF}\"id\",\"source\","), "{}", page.text);
    assert!(
        lines[1].contains(
            "\"local\",\"eve\",\"'=HYPERLINK(\"\"x\"\") ü;' =1+1\",\"ldap/jenkins\",\"192.0.2.7\",\"repeats\""
        )
    );
    assert!(lines[2].contains("\"bob\",\"Robert Example\",\"ldap/jenkins\",\"192.0.2.8\",\"repeats\",\"totp\",\"20"));
    assert!(!page.text.contains("00ff"));
}

#[tokio::test]
async fn people_are_found_by_name_a_page_at_a_time() {
    let stage = Stage::new();
    for number in 0..120 {
        stage.site.world.person(&format!("person-{number:03}"));
    }
    let carl = stage.auditor();
    let page = carl.get("/console/people?q=person").await;
    assert_eq!(page.text.matches("<tr>").count(), 101);
    let next = page.between("rel=\"next\" href=\"", "\"").replace("&#38;", "&");
    assert_eq!(next, "/console/people?q=person&page=2");
    let page = carl.get(&next).await;
    assert_eq!(page.text.matches("<tr>").count(), 21);
    assert!(!page.text.contains("rel=\"next\"") && page.says("Page 2"), "{}", page.text);
    assert!(carl.get("/console/people?q=nobody").await.says("Nobody has a name like that."));
    let beyond = carl.get("/console/people?page=99999999999999999999").await;
    assert_eq!(beyond.status.as_u16(), 200);
}

#[tokio::test]
async fn person_is_shown_with_all_they_have() {
    let stage = Stage::new();
    let eve = stage.site.signed_in("eve", Duration::ZERO);
    stage.change(eve.user, |user| {
        user.mail = Some("eve@example.com".to_owned());
        user.groups = (0..40).map(|number| format!("group-{number}")).collect();
        user.enabled = true;
    });
    stage.app_password(eve.user, "Build server").await;
    stage.remember(1, eve.user, JENKINS, REPEATS);
    let page = stage.auditor().get(&format!("/console/people/{}", eve.user)).await;
    for words in [
        "eve@example.com",
        "<h1><bdi>eve</bdi></h1>",
        "group-19 · …",
        "Build server",
        "192.0.2.7",
        "Unknown browser",
        "May sign in",
    ] {
        assert!(page.says(words), "{words}: {}", page.text);
    }
    assert!(!page.says("Revoke") && !page.says("sessions/end") && !page.says("group-20"), "{}", page.text);
    stage.change(eve.user, |user| user.enabled = false);
    let page = stage.administrator().get(&format!("/console/people/{}", eve.user)).await;
    assert!(page.says("Disabled") && page.says("Revoke") && page.says("End all sessions"), "{}", page.text);
}
