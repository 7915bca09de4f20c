//! The web authenticator in a real browser, against the real gateway: from the portal's QR code to a login that opens.

use serde_json::json;
use vestibule_peers::chromium::{Chromium, DESKTOP, Options, PHONE, Page};

use crate::harness::{Daemon, Site, StoreKind, Token, add_user, enrol};

const PASSWORD: &str = "correct horse";

/// Ada at her desk with a phone in her hand: two tabs that share nothing but the gateway.
struct Desk {
    site: Site,
    daemon: Daemon,
    token: Token,
    desktop: Page,
    phone: Page,
    chromium: Chromium,
}

impl Desk {
    async fn new() -> Option<Self> {
        let mut site = Site::local(StoreKind::Sqlite).await.unwrap()?;
        site.with_portal("").unwrap();
        let options = Options { ca_file: Some(site.portal().ca.ca_file()), ..Options::default() };
        let chromium = Chromium::start(options).await.unwrap()?;
        let store = site.store().await;
        let ada = add_user(&store, "ada", PASSWORD).await;
        let token = enrol(&store, ada.id).await;
        store.close().await;
        let daemon = site.start().await.unwrap();
        let (desktop, phone) = (chromium.page().await.unwrap(), chromium.page().await.unwrap());
        desktop.screen(DESKTOP).await.unwrap();
        phone.screen(PHONE).await.unwrap();
        chromium.permit(&site.portal().origin, "notifications", "denied").await.unwrap();
        for page in [&desktop, &phone] {
            page.language("en-US").await.unwrap();
        }
        Some(Self { site, daemon, token, desktop, phone, chromium })
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.site.portal().origin)
    }

    async fn types_password(&self) {
        self.desktop.goto(&self.address("/sign-in")).await.unwrap();
        self.desktop.fill("User name or e-mail", "ada").await.unwrap();
        self.desktop.click_selector("#password").await.unwrap();
        self.desktop.type_text(PASSWORD).await.unwrap();
        self.desktop.click("button", "Sign in").await.unwrap();
    }

    async fn signs_in_with_a_code(&self) {
        self.types_password().await;
        self.desktop.wait_for_text("Enter your code").await.unwrap();
        self.desktop.click_selector("#code").await.unwrap();
        // The page sends the sixth digit by itself.
        self.desktop.type_text(&self.token.code()).await.unwrap();
        self.desktop.wait_for("location.pathname === '/devices'").await.unwrap();
    }

    /// From the portal's page to the confirmed pairing.
    async fn pairs(&self) {
        self.desktop.goto(&self.address("/add")).await.unwrap();
        self.desktop.click("button", "Show the code").await.unwrap();
        self.desktop.wait_for_text("I am on the phone already").await.unwrap();
        let link = self.desktop.evaluate("document.querySelector('a[href*=\"#pair=\"]').href").await.unwrap();
        self.phone.goto(link.as_str().unwrap()).await.unwrap();
        self.phone.click("button", "Pair").await.unwrap();
        self.phone.wait_for_text("Compare the code").await.unwrap();
        let code = self.phone.evaluate("document.querySelector('.hero').textContent").await.unwrap();
        self.desktop.wait_for_text(code.as_str().unwrap()).await.unwrap();
        self.desktop.click("button", "Yes, the same").await.unwrap();
        self.phone.wait_for_text("This device is paired").await.unwrap();
        self.phone.click("button", "Done").await.unwrap();
        self.desktop.wait_for_text("This phone is added.").await.unwrap();
    }

    async fn number(&self) -> String {
        self.desktop.wait_for("document.querySelector('.number')").await.unwrap();
        let number = self.desktop.evaluate("document.querySelector('.number').textContent.trim()").await.unwrap();
        number.as_str().unwrap().to_owned()
    }

    /// The request is on the phone, and long enough for a person to have read it.
    async fn reads_the_request(&self, heading: &str) {
        self.phone.wait_for_text(heading).await.unwrap();
        self.phone.wait_for("document.querySelector('.choice.yes')").await.unwrap();
        self.phone.evaluate("new Promise((resolve) => setTimeout(resolve, 450))").await.unwrap();
    }

    async fn close(self) {
        assert_eq!(self.phone.problems(), Vec::<String>::new());
        drop(self.chromium);
        self.daemon.stop().await;
    }
}

// OOB-09, OOB-02, OOB-03
#[tokio::test(flavor = "multi_thread")]
async fn phone_is_paired_in_the_browser_tried_and_opens_the_next_login() {
    let Some(desk) = Desk::new().await else { return };
    desk.signs_in_with_a_code().await;
    desk.pairs().await;

    desk.desktop.click("button", "Send a test request").await.unwrap();
    let number = desk.number().await;
    desk.reads_the_request("A test from the portal").await;
    desk.phone.fill(&format!("Type the {} digits that the sign-in shows", number.len()), &number).await.unwrap();
    desk.phone.click("button", "Approve").await.unwrap();
    desk.phone.wait_for_text("You approved the sign-in").await.unwrap();
    desk.desktop.wait_for_text("It works: your phone was asked and approved.").await.unwrap();

    desk.phone.click("button", "Done").await.unwrap();
    desk.desktop.call("Network.clearBrowserCookies", json!({})).await.unwrap();
    desk.types_password().await;
    let number = desk.number().await;
    desk.reads_the_request("Are you signing in?").await;
    desk.desktop.wait_for_text("Opened on your phone").await.unwrap();
    desk.phone.fill(&format!("Type the {} digits that the sign-in shows", number.len()), &number).await.unwrap();
    desk.phone.click("button", "Approve").await.unwrap();
    desk.desktop.wait_for("location.pathname === '/devices'").await.unwrap();
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn login_that_is_denied_or_reported_in_the_browser_opens_nothing() {
    let Some(desk) = Desk::new().await else { return };
    desk.signs_in_with_a_code().await;
    desk.pairs().await;
    desk.desktop.call("Network.clearBrowserCookies", json!({})).await.unwrap();
    desk.types_password().await;
    desk.reads_the_request("Are you signing in?").await;
    desk.phone.click("button", "Deny").await.unwrap();
    desk.phone.wait_for_text("You denied the sign-in").await.unwrap();
    desk.desktop.wait_for_text("Denied on your phone").await.unwrap();

    desk.phone.click("button", "Done").await.unwrap();
    desk.types_password().await;
    desk.reads_the_request("Are you signing in?").await;
    desk.phone.click("button", "This wasn’t me").await.unwrap();
    desk.phone.click("button", "I did not start it: report").await.unwrap();
    desk.phone.wait_for_text("You reported the sign-in").await.unwrap();
    desk.desktop.wait_for_text("Reported").await.unwrap();
    assert_ne!(desk.desktop.evaluate("location.pathname").await.unwrap(), json!("/devices"));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn login_that_is_left_loses_its_buttons_on_the_phone() {
    let Some(desk) = Desk::new().await else { return };
    desk.signs_in_with_a_code().await;
    desk.pairs().await;
    desk.desktop.call("Network.clearBrowserCookies", json!({})).await.unwrap();
    desk.types_password().await;
    desk.reads_the_request("Are you signing in?").await;
    desk.desktop.click("button", "Not you?").await.unwrap();
    // OOB-07, OOB-08
    desk.phone.wait_for_text("This request is over").await.unwrap();
    assert!(!desk.phone.has("button", "Approve").await.unwrap());
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn device_that_is_removed_in_the_app_is_gone_from_the_portal() {
    let Some(desk) = Desk::new().await else { return };
    desk.signs_in_with_a_code().await;
    desk.pairs().await;
    desk.phone.click_selector(".card-head").await.unwrap();
    desk.phone.click("button", "Remove from this device").await.unwrap();
    desk.phone.click("button", "Remove").await.unwrap();
    desk.phone.wait_for_text("Approve your sign-ins here").await.unwrap();
    desk.desktop.goto(&desk.address("/devices")).await.unwrap();
    let listed = desk.desktop.text().await.unwrap();
    assert!(listed.contains("Devices and codes") && !listed.contains("Phone with approval"), "{listed}");
    desk.close().await;
}
