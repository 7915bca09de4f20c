//! Pairing: the key is made here, the code is compared, the account is there.

use serde_json::json;

use super::browser::Phone;

#[tokio::test(flavor = "multi_thread")]
async fn pairing_shows_the_code_that_the_portal_shows_and_ends_when_the_person_confirms() {
    let Some(phone) = Phone::new().await else { return };
    let page = &phone.page;
    page.goto(&phone.gateway.invite()).await.unwrap();
    page.wait_for_text("Pair this device").await.unwrap();
    // Opening the link is inert, and the token does not stay in the address. OOB-09
    assert_eq!(phone.gateway.book().devices.len(), 0);
    assert_eq!(page.evaluate("location.href").await.unwrap(), json!(phone.gateway.app()));
    page.fill("Name of this device", "Ada's phone").await.unwrap();
    page.click("button", "Pair").await.unwrap();
    page.wait_for_text("Compare the code").await.unwrap();
    let device = phone.gateway.book().devices[0].clone();
    assert_eq!(device.label, "Ada's phone");
    page.wait_for_text(&device.confirmation).await.unwrap();
    phone.gateway.confirm();
    page.wait_for_text("This device is paired").await.unwrap();
    page.click("button", "Done").await.unwrap();
    page.wait_for_text("Example Corp").await.unwrap();
    phone.nothing_went_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn key_that_signs_cannot_be_read_by_anybody() {
    let Some(phone) = Phone::paired().await else { return };
    // OOB-03
    let tried =
        "vestibule.records.accounts().then(([account]) => [account.key.extractable, account.key.usages.join()])";
    assert_eq!(phone.page.evaluate(tried).await.unwrap(), json!([false, "sign"]));
    let export = "vestibule.records.accounts().then(([account]) => crypto.subtle.exportKey('pkcs8', account.key))\
                  .then(() => 'read', () => 'refused')";
    assert_eq!(phone.page.evaluate(export).await.unwrap(), json!("refused"));
}

#[tokio::test(flavor = "multi_thread")]
async fn used_pairing_code_is_refused_in_words() {
    let Some(phone) = Phone::new().await else { return };
    let link = phone.gateway.invite();
    phone.gateway.book().tokens.clear();
    phone.page.goto(&link).await.unwrap();
    phone.page.click("button", "Pair").await.unwrap();
    phone.page.wait_for_text("This QR code was used or is too old").await.unwrap();
    assert_eq!(phone.gateway.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn pairing_survives_a_reload_before_it_is_confirmed() {
    let Some(phone) = Phone::new().await else { return };
    let page = &phone.page;
    page.goto(&phone.gateway.invite()).await.unwrap();
    page.click("button", "Pair").await.unwrap();
    page.wait_for_text("Compare the code").await.unwrap();
    page.goto(&phone.gateway.app()).await.unwrap();
    page.reload().await.unwrap();
    page.wait_for_text("Waiting for your confirmation").await.unwrap();
    page.click_selector(".card-head").await.unwrap();
    let confirmation = phone.gateway.book().devices[0].confirmation.clone();
    page.wait_for_text(&confirmation).await.unwrap();
    phone.gateway.confirm();
    page.wait_for_text("This device is paired").await.unwrap();
    phone.nothing_went_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_that_differ_unpair_the_device_again() {
    let Some(phone) = Phone::new().await else { return };
    phone.page.goto(&phone.gateway.invite()).await.unwrap();
    phone.page.click("button", "Pair").await.unwrap();
    phone.page.click("button", "The codes differ: cancel").await.unwrap();
    phone.page.wait_for_text("Approve your sign-ins here").await.unwrap();
    assert_eq!(phone.gateway.book().devices.len(), 0);
    phone.nothing_went_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn clock_that_is_an_hour_off_is_put_right_by_the_gateway() {
    let Some(phone) = Phone::new().await else { return };
    let wrong = "const right = Date.now; Date.now = () => right() - 3600000;";
    phone.page.before_scripts(wrong).await.unwrap();
    phone.pair().await;
    assert!(phone.gateway.book().devices[0].active);
    assert_eq!(phone.gateway.complaints(), Vec::<String>::new());
}
