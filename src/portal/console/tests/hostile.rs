//! Names, labels and stations come from strangers. They are read, and do nothing else.

use super::stage::{FORGET, JENKINS, REASON, REMEMBERED, Stage};

const SCRIPT: &str = "<script>alert(1)</script>\"'>";
const TURNED: &str = "\u{202E}moc.rekcatta\u{2066}\u{1}\n<b>";

#[tokio::test]
async fn foreign_text_is_text_on_every_page() {
    let stage = Stage::new();
    let ada = stage.administrator();
    for (number, text) in (1..).zip([SCRIPT, TURNED]) {
        stage.change(stage.eve, |user| {
            user.display_name = Some(text.to_owned());
            user.mail = Some(text.to_owned());
            user.groups = vec![text.to_owned()];
            user.subject.name = text.to_owned();
        });
        let station = text.replace('\u{1}', "");
        let id = stage.remember(number, stage.eve, &format!("ldap/{text}"), &station);
        let query = crate::fault::escaped(text);
        for path in [
            REMEMBERED.to_owned(),
            format!("{REMEMBERED}?q={query}&service={query}&sort={query}&person={query}&done={query}"),
            format!("{REMEMBERED}?person={}", stage.eve),
            format!("{FORGET}?id={id}&q={query}&service={query}"),
            "/console/people".to_owned(),
            format!("/console/people?q={query}"),
            format!("/console/people/{}?done={query}", stage.eve),
        ] {
            let page = ada.get(&path).await;
            assert_eq!(page.status.as_u16(), 200, "{path}");
            assert!(!page.says("<script>alert") && !page.says("<b>"), "{path}: {}", page.text);
            let odd = |c: char| matches!(c, '\u{202E}' | '\u{2066}' | '\u{1}');
            assert!(!page.text.contains(odd), "{path}: {}", page.text);
        }
        let refused = ada.post(FORGET, &[("id", &id.to_string()), ("reason", &text.repeat(20))]).await;
        assert!(refused.says("Nothing was done.") && !refused.says("<script>alert"), "{}", refused.text);
    }
}

#[tokio::test]
async fn long_names_are_cut_and_keep_no_page_from_being_shown() {
    let stage = Stage::new();
    let long = "n".repeat(1_000);
    stage.change(stage.eve, |user| user.subject.name.clone_from(&long));
    let id = stage.remember(1, stage.eve, JENKINS, &"s".repeat(253));
    let ada = stage.administrator();
    for path in [REMEMBERED.to_owned(), format!("{FORGET}?id={id}"), "/console/people".to_owned()] {
        let page = ada.get(&path).await;
        assert!(page.says(&format!("{}…", "n".repeat(79))) && !page.says(&"n".repeat(80)), "{path}");
        assert!(!page.says(&"s".repeat(121)), "{path}");
    }
}

/// A selection of a whole page, and more fields than any form has.
#[tokio::test]
async fn whole_page_can_be_selected_and_a_flood_of_fields_is_cut() {
    let stage = Stage::new();
    let ids: Vec<String> = (0..100)
        .map(|number| stage.remember(number, stage.eve, JENKINS, &format!("pc-{number}")).to_string())
        .collect();
    let ada = stage.administrator();
    let query: Vec<String> = ids.iter().map(|id| format!("id={id}")).collect();
    let path = format!("{FORGET}?{}", query.join("&"));
    assert!(ada.get(&path).await.says("Forget 100 entries?"));
    let again = format!("/again?then={}", crate::fault::escaped(&path));
    assert!(ada.get(&again).await.says(&query.join("&#38;")), "step-up leads back to the selection");
    let flood = vec![("x", "y"); 2_000];
    assert_eq!(ada.post(FORGET, &flood).await.to, "/console/remembered?done=nothing");
    let fields: Vec<(&str, &str)> = ids.iter().map(|id| ("id", id.as_str())).chain([REASON]).collect();
    assert_eq!(ada.post(FORGET, &fields).await.to, "/console/remembered?done=forgotten");
    assert!(stage.site.world.store.lock().trust.is_empty());
}
