//! Answering: what is shown first, what each button says to the gateway, and what is never shown.

use serde_json::json;
use vestibule_peers::chromium::Page;

use super::browser::Phone;
use super::gateway::Signer;

/// The buttons do not count a click before a person can have read them.
async fn wait_until_meant(page: &Page) {
    page.wait_for_text("Berlin, Germany").await.unwrap();
    page.evaluate("new Promise((resolve) => setTimeout(resolve, 450))").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn request_is_approved_with_the_number_that_the_login_shows() {
    let Some(phone) = Phone::paired().await else { return };
    let page = &phone.page;
    let attempt = phone.gateway.ask(Some("47"), |_| {});
    wait_until_meant(page).await;
    let text = page.text().await.unwrap();
    // App, place, browser, time: in that order. OOB-06
    let order = ["Grafana", "Berlin, Germany", "Firefox on Windows", "now"].map(|words| text.find(words).unwrap());
    assert!(order.is_sorted(), "{text}");
    page.fill("Type the 2 digits that the sign-in shows", "47").await.unwrap();
    page.click("button", "Approve").await.unwrap();
    page.wait_for_text("You approved the sign-in to Grafana").await.unwrap();
    let book = phone.gateway.book();
    let answer = &book.answers[0];
    assert_eq!(
        (&answer["decision"], &answer["number"], &answer["reason"]),
        (&json!("approve"), &json!("47"), &json!(null))
    );
    assert!(book.seen.contains(&format!("{attempt} opened")));
    drop(book);
    phone.nothing_went_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn request_is_denied_without_any_number() {
    let Some(phone) = Phone::paired().await else { return };
    phone.gateway.ask(Some("47"), |_| {});
    wait_until_meant(&phone.page).await;
    phone.page.click("button", "Deny").await.unwrap();
    phone.page.wait_for_text("You denied the sign-in to Grafana").await.unwrap();
    let answer = phone.gateway.book().answers[0].clone();
    assert_eq!((&answer["decision"], &answer["number"]), (&json!("deny"), &json!(null)));
    phone.nothing_went_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn not_me_asks_once_and_reports() {
    let Some(phone) = Phone::paired().await else { return };
    phone.gateway.ask(None, |_| {});
    wait_until_meant(&phone.page).await;
    phone.page.click("button", "This wasn’t me").await.unwrap();
    assert_eq!(phone.gateway.book().answers.len(), 0);
    phone.page.click("button", "I did not start it: report").await.unwrap();
    phone.page.wait_for_text("You reported the sign-in to Grafana").await.unwrap();
    let answer = phone.gateway.book().answers[0].clone();
    assert_eq!((&answer["decision"], &answer["reason"]), (&json!("report"), &json!("not_me")));
    phone.nothing_went_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn mistake_of_ones_own_is_only_denied() {
    let Some(phone) = Phone::paired().await else { return };
    phone.gateway.ask(None, |_| {});
    wait_until_meant(&phone.page).await;
    phone.page.click("button", "This wasn’t me").await.unwrap();
    phone.page.click("button", "I started it by mistake: deny only").await.unwrap();
    phone.page.wait_for_text("You denied the sign-in to Grafana").await.unwrap();
    let answer = phone.gateway.book().answers[0].clone();
    assert_eq!((&answer["decision"], &answer["reason"]), (&json!("deny"), &json!("mistake")));
    phone.nothing_went_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn approval_without_the_whole_number_is_not_sent() {
    let Some(phone) = Phone::paired().await else { return };
    phone.gateway.ask(Some("471122"), |_| {});
    wait_until_meant(&phone.page).await;
    phone.page.fill("Type the 6 digits that the sign-in shows", "4711").await.unwrap();
    phone.page.click("button", "Approve").await.unwrap();
    phone.page.wait_for_text("Type all 6 digits first").await.unwrap();
    assert_eq!(phone.gateway.book().answers.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_number_ends_the_request_in_words() {
    let Some(phone) = Phone::paired().await else { return };
    phone.gateway.ask(Some("47"), |_| {});
    wait_until_meant(&phone.page).await;
    phone.page.fill("Type the 2 digits that the sign-in shows", "48").await.unwrap();
    phone.page.click("button", "Approve").await.unwrap();
    phone.page.wait_for_text("That number did not match").await.unwrap();
    assert!(!phone.page.has("button", "Approve").await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn enter_never_approves_and_nothing_is_preselected() {
    let Some(phone) = Phone::paired().await else { return };
    let page = &phone.page;
    phone.gateway.ask(Some("47"), |_| {});
    wait_until_meant(page).await;
    assert_eq!(page.evaluate("document.activeElement.tagName").await.unwrap(), json!("H1"));
    page.press("Enter").await.unwrap();
    page.fill("Type the 2 digits that the sign-in shows", "47").await.unwrap();
    page.press("Enter").await.unwrap();
    page.press("Tab").await.unwrap();
    assert_eq!(page.evaluate("document.activeElement.innerText.trim()").await.unwrap(), json!("Approve"));
    page.press("Enter").await.unwrap();
    page.wait_for("document.getElementById('told').textContent.includes('Enter does not approve')").await.unwrap();
    assert_eq!(phone.gateway.book().answers.len(), 0);
    // The space bar is a decision.
    page.press(" ").await.unwrap();
    page.wait_for_text("You approved the sign-in to Grafana").await.unwrap();
    phone.nothing_went_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn code_for_the_login_is_shown_after_the_approval() {
    let Some(phone) = Phone::paired().await else { return };
    phone.gateway.ask(None, |challenge| challenge["code"] = json!(true));
    wait_until_meant(&phone.page).await;
    phone.page.click("button", "Approve").await.unwrap();
    phone.page.wait_for_text("Type this code at the sign-in").await.unwrap();
    phone.page.wait_for_text("4821").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn request_that_is_withdrawn_while_it_is_read_loses_its_buttons() {
    let Some(phone) = Phone::paired().await else { return };
    phone.gateway.ask(None, |_| {});
    wait_until_meant(&phone.page).await;
    phone.gateway.withdraw();
    // OOB-08
    phone.page.wait_for_text("This request is over").await.unwrap();
    assert!(!phone.page.has("button", "Approve").await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn late_request_is_never_shown_with_buttons() {
    let Some(phone) = Phone::paired().await else { return };
    // OOB-08
    let attempt = phone.gateway.ask(None, |challenge| {
        let asked = challenge["asked"].as_u64().unwrap();
        challenge["asked"] = json!(asked - 400_000);
        challenge["until"] = json!(asked - 300_000);
    });
    phone.page.goto(&format!("{}#request={attempt}", phone.gateway.app())).await.unwrap();
    phone.page.wait_for_text("This request is over").await.unwrap();
    assert!(!phone.page.has("button", "Approve").await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn request_that_another_key_signed_is_not_shown_but_told() {
    let Some(phone) = Phone::paired().await else { return };
    phone.gateway.ask_signed_by(&Signer::new(), None, |_| {});
    phone.page.wait_for_text("A request came that your gateway did not sign").await.unwrap();
    assert!(!phone.page.text().await.unwrap().contains("Grafana"));
}

#[tokio::test(flavor = "multi_thread")]
async fn request_for_another_device_or_origin_is_not_shown() {
    let Some(phone) = Phone::paired().await else { return };
    phone.gateway.ask(None, |challenge| challenge["device"] = json!("0190aaaa-0000-7000-8000-000000000000"));
    phone.page.wait_for_text("A request came that your gateway did not sign").await.unwrap();
    phone.gateway.book().open.clear();
    phone.gateway.ask(None, |challenge| challenge["origin"] = json!("https://login.example.net"));
    phone.page.wait_for_text("A request came that your gateway did not sign").await.unwrap();
    assert!(!phone.page.text().await.unwrap().contains("Grafana"));
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_strangers_chose_are_shown_without_their_tricks() {
    let Some(phone) = Phone::paired().await else { return };
    let page = &phone.page;
    phone.gateway.ask(None, |challenge| {
        challenge["where"]["client"] = json!("<b>safe</b>\u{202e}evil\u{0007}\nApprove now");
    });
    wait_until_meant(page).await;
    // OOB-06
    page.wait_for_text("<b>safe</b>evilApprove now").await.unwrap();
    assert_eq!(page.evaluate("document.querySelectorAll('.facts b').length").await.unwrap(), json!(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn approval_is_bound_to_the_fingerprint_where_the_site_asks_for_it() {
    let Some(phone) = Phone::new().await else { return };
    let page = &phone.page;
    let reader = page.virtual_authenticator().await.unwrap();
    phone.gateway.book().verification_required = true;
    page.goto(&phone.gateway.invite()).await.unwrap();
    page.click("button", "Pair").await.unwrap();
    page.wait_for_text("Compare the code").await.unwrap();
    phone.gateway.confirm();
    page.wait_for_text("Show that it is you").await.unwrap();
    page.click("button", "Set up fingerprint or face").await.unwrap();
    page.wait_for_text("This device is paired").await.unwrap();
    page.click("button", "Done").await.unwrap();
    phone.gateway.ask(None, |challenge| challenge["verification"] = json!("required"));
    wait_until_meant(page).await;
    page.click("button", "Approve").await.unwrap();
    page.wait_for_text("You approved the sign-in to Grafana").await.unwrap();
    assert!(phone.gateway.book().answers[0]["verification"].is_object());
    page.click("button", "Done").await.unwrap();
    // Somebody else holds the phone.
    page.recognises(&reader, false).await.unwrap();
    phone.gateway.ask(None, |challenge| challenge["verification"] = json!("required"));
    wait_until_meant(page).await;
    page.click("button", "Approve").await.unwrap();
    page.wait_for_text("Fingerprint or face was not confirmed").await.unwrap();
    assert_eq!(phone.gateway.book().answers.len(), 1);
    phone.nothing_went_wrong();
}
