//! Signing in with a phone, and pairing one.

use std::time::Duration;

use vestibule::phone::{Answered, PairingLink, Phone, Surroundings};

use super::browser::{Browser, Page};
use super::{PASSWORD, Portal};

pub(super) async fn phone(portal: &Portal) -> Phone {
    let store = portal.store().await;
    let phone = portal.site.phone(&store, portal.ada.id, "ada").await;
    store.close().await;
    phone
}

/// The number on the page.
fn number(page: &Page) -> String {
    let after = page.text.split("class=\"number\"").nth(1).unwrap_or_else(|| panic!("no number: {}", page.text));
    after.split('>').nth(1).unwrap().split('<').next().unwrap().to_owned()
}

pub(super) async fn request(phone: &Phone) -> vestibule::phone::Request {
    phone.next_request(Duration::from_secs(10)).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn number_on_the_page_typed_on_the_phone_opens_a_session() {
    let portal = Portal::open().await;
    let phone = phone(&portal).await;
    let mut browser = Browser::new(&portal.site);
    let page = browser.sign_in("ada", PASSWORD).await;
    assert!(page.says("Approve on your phone"), "{}", page.text);
    let asked = request(&phone).await;
    phone.opened(asked.attempt()).await.unwrap();
    let waiting = browser.get("/sign-in/step").await;
    assert!(waiting.says("Opened on your phone"), "{}", waiting.text);
    let early = browser.post("/sign-in/step", &[("act", "look")]).await;
    assert_eq!(early.path, "/sign-in/step", "nobody answered yet");
    let answered = phone.approve(&asked, Some(&number(&page))).await.unwrap();
    assert!(matches!(answered, Answered::Approved { .. }), "{answered:?}");
    let inside = browser.post("/sign-in/step", &[("act", "look")]).await;
    assert_eq!(inside.path, "/devices", "{}", inside.text);
    portal.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn script_of_the_page_hears_of_the_approval_by_itself() {
    let portal = Portal::open().await;
    let phone = phone(&portal).await;
    let mut browser = Browser::new(&portal.site);
    let page = browser.sign_in("ada", PASSWORD).await;
    let (form, seen) = (browser.form.clone(), "evidence-asking");
    let asked = request(&phone).await;
    let number = number(&page);
    let fields = [("form", form.as_str()), ("seen", seen)];
    let (answer, _) = tokio::join!(
        browser.bare(reqwest::Method::POST, "/sign-in/look", &[], &fields),
        phone.approve(&asked, Some(&number)),
    );
    let cookies: Vec<_> =
        answer.headers().get_all("set-cookie").iter().map(|line| line.to_str().unwrap().to_owned()).collect();
    assert!(cookies.iter().any(|line| line.starts_with("__Host-vestibule=")), "{cookies:?}");
    let news: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(news["to"], "/devices");
    portal.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn denied_reported_or_wrong_number_lets_nobody_in_and_says_what_happened() {
    let portal = Portal::open().await;
    let phone = phone(&portal).await;
    for (act, words) in [("deny", "Denied on your phone"), ("report", "Reported")] {
        let mut browser = Browser::new(&portal.site);
        browser.sign_in("ada", PASSWORD).await;
        let asked = request(&phone).await;
        match act {
            "deny" => phone.deny(&asked).await.unwrap(),
            _ => phone.report(&asked).await.unwrap(),
        };
        let page = browser.post("/sign-in/step", &[("act", "look")]).await;
        assert!(page.says(words), "{act}: {}", page.text);
        assert!(!browser.cookies.contains_key("__Host-vestibule"), "{act}");
    }
    portal.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn code_can_be_typed_instead_while_the_phone_is_asked() {
    let portal = Portal::open().await;
    let _phone = phone(&portal).await;
    let mut browser = Browser::new(&portal.site);
    browser.sign_in("ada", PASSWORD).await;
    let page = browser.get("/sign-in/step?with=code").await;
    assert!(page.says("Enter your code") && page.says("Back to the request on my phone"), "{}", page.text);
    let inside = browser.post("/sign-in/step", &[("code", &portal.token.code())]).await;
    assert_eq!(inside.path, "/devices", "{}", inside.text);
    portal.close().await;
}

// OOB-09
#[tokio::test(flavor = "multi_thread")]
async fn phone_is_paired_by_its_code_compared_and_tried() {
    let portal = Portal::open().await;
    let mut browser = portal.signed_in().await;
    browser.get("/add").await;
    let shown = browser.post("/add/phone", &[("replaces", "")]).await;
    assert!(shown.says("Scan with your phone") && shown.text.contains("<svg"), "{}", shown.text);
    let link = PairingLink::parse(&shown.link(&portal.site.portal().origin)).unwrap();
    let surroundings = Surroundings::of_this_machine().trusting(portal.site.portal().ca.ca_pem()).unwrap();
    let paired = Phone::pair(&link, "Pixel 8", "Android", &surroundings).await.unwrap();
    let compare = browser.get(&shown.path).await;
    assert!(compare.says("Is this your phone?") && compare.says(&paired.code.to_string()), "{}", compare.text);
    let done = browser.post(&format!("{}/confirm", shown.path), &[("replaces", "")]).await;
    assert!(done.says("This phone is added.") && done.says("Pixel 8"), "{}", done.text);

    let phone = paired.phone;
    let device = done.path.split('?').next().unwrap().to_owned();
    let waiting = browser.post(&format!("{device}/test"), &[]).await;
    assert!(waiting.says("A request to try Pixel 8"), "{}", waiting.text);
    let asked = request(&phone).await;
    phone.approve(&asked, Some(&number(&waiting))).await.unwrap();
    let tried = browser.post("/sign-in/step", &[("act", "look")]).await;
    assert!(tried.says("It works: your phone was asked and approved."), "{}", tried.text);
    portal.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pairing_belongs_to_the_session_that_began_it() {
    let portal = Portal::open().await;
    let mut browser = portal.signed_in().await;
    browser.get("/add").await;
    let shown = browser.post("/add/phone", &[("replaces", "")]).await;
    let store = portal.store().await;
    let second = crate::harness::enrol(&store, portal.ada.id).await;
    store.close().await;
    let mut other = Browser::new(&portal.site);
    other.sign_in("ada", PASSWORD).await;
    other.post("/sign-in/step", &[("code", &second.code())]).await;
    let page = other.get(&shown.path).await;
    assert!(page.says("The code is over") && !page.text.contains("#pair="), "{}", page.text);
    portal.close().await;
}
