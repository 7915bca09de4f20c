//! The pages in a real browser: nothing refused by their own policy, nothing wider than the window, nothing too small for
//! a thumb, in both colours. With `VESTIBULE_SCREENSHOTS` set to a folder, every state is photographed for people to look
//! at.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use vestibule::phone::{PairingLink, Phone, Surroundings};
use vestibule_peers::chromium::{Chromium, DESKTOP, Look, Options, PHONE, Page};

use super::app_passwords::told_of_a_sign_in;
use super::phones::{phone, request};
use super::places::{REPEATS, remember};
use super::{PASSWORD, Portal};
use crate::harness::Site;

/// Buttons and fields that are seen and lower than a thumb needs, and text that runs out of the window.
const TROUBLE: &str = "(() => {
  const told = [];
  if (document.documentElement.scrollWidth > innerWidth) told.push('wider than the window: ' + document.documentElement.scrollWidth);
  for (const one of document.querySelectorAll('button, .button, select, input:not([type=hidden]), nav a, summary')) {
    const box = one.getBoundingClientRect();
    if (box.height > 0 && box.height < 44) told.push(one.outerHTML.slice(0, 80) + ' is ' + box.height + ' high');
  }
  for (const field of document.querySelectorAll('select, input:not([type=hidden])')) if (!field.labels.length) told.push('no label: ' + field.name);
  if (document.querySelectorAll('h1').length !== 1) told.push('one heading, not ' + document.querySelectorAll('h1').length);
  return told;
})()";

pub(super) struct Eyes {
    pub(super) page: Page,
    origin: String,
    folder: Option<PathBuf>,
}

impl Eyes {
    pub(super) async fn open(chromium: &Chromium, site: &Site) -> Self {
        let folder = std::env::var_os("VESTIBULE_SCREENSHOTS").map(PathBuf::from);
        let eyes = Self { page: chromium.page().await.unwrap(), origin: site.portal().origin.clone(), folder };
        eyes.page.agent("Mozilla/5.0 (X11; Linux x86_64) Chrome/150.0 Safari/537.36", "en").await.unwrap();
        eyes
    }

    pub(super) async fn look(&self, name: &str) {
        self.look_for(name, &[]).await;
    }

    /// The same; each of these questions lists more trouble, of which there must be none.
    pub(super) async fn look_for(&self, name: &str, questions: &[&str]) {
        for (screen, wide) in [(PHONE, "phone"), (DESKTOP, "desktop")] {
            for (look, colour) in [(Look::Light, "light"), (Look::Dark, "dark")] {
                self.page.screen(screen).await.unwrap();
                self.page.look(look, true).await.unwrap();
                for question in questions.iter().chain([&TROUBLE]) {
                    let trouble = self.page.evaluate(question).await.unwrap();
                    assert_eq!(trouble, json!([]), "{name} on a {wide}");
                }
                if let Some(folder) = &self.folder {
                    // The whole page, as long as it is.
                    let size = "[innerWidth, Math.max(innerHeight, document.documentElement.scrollHeight)]";
                    let size = self.page.evaluate(size).await.unwrap();
                    let clip = json!({ "x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1 });
                    let wanted = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
                    let shot = self.page.call("Page.captureScreenshot", wanted).await.unwrap();
                    let picture = STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
                    std::fs::write(folder.join(format!("{name}-{wide}-{colour}.png")), picture).unwrap();
                }
            }
        }
        assert_eq!(self.page.problems(), [] as [String; 0], "{name}");
    }

    pub(super) async fn goto(&self, path: &str) {
        self.page.goto(&format!("{}{path}", self.origin)).await.unwrap();
    }

    pub(super) async fn sign_in(&self, name: &str, password: &str) {
        self.goto("/sign-in").await;
        self.page.fill("User name or e-mail", name).await.unwrap();
        self.page.fill("Password", password).await.unwrap();
        self.page.press("Enter").await.unwrap();
    }

    pub(super) async fn text(&self, words: &str) {
        self.page.wait_for_text(words).await.unwrap();
    }

    pub(super) async fn click(&self, role: &str, name: &str) {
        self.page.click(role, name).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_whole_in_a_real_browser() {
    let portal = Portal::open().await;
    let options = Options { ca_file: Some(portal.site.portal().ca.ca_file()), ..Options::default() };
    let Some(chromium) = Chromium::start(options).await.unwrap() else { return };
    let eyes = Eyes::open(&chromium, &portal.site).await;

    eyes.goto("/sign-in").await;
    eyes.look("sign-in").await;
    eyes.goto("/enrol").await;
    eyes.look("enrol").await;
    eyes.sign_in("ada", PASSWORD).await;
    eyes.text("Enter your code").await;
    eyes.look("code").await;
    // Six digits are enough: the page sends them by itself.
    eyes.page.fill("Code", &portal.token.code()).await.unwrap();
    eyes.text("App for codes").await;
    eyes.look("devices").await;
    eyes.goto("/add").await;
    eyes.look("add").await;
    eyes.click("button", "Make codes").await;
    eyes.text("Your recovery codes").await;
    eyes.look("codes").await;
    eyes.goto("/add").await;
    eyes.click("button", "Set up").await;
    eyes.text("Set up an app for codes").await;
    eyes.look("app").await;

    eyes.goto("/add").await;
    eyes.click("button", "Show the code").await;
    eyes.text("Scan with your phone").await;
    eyes.look("scan").await;
    let link = eyes.page.evaluate("document.querySelector('a[href*=\"#pair=\"]').href").await.unwrap();
    let link = PairingLink::parse(link.as_str().unwrap()).unwrap();
    let surroundings = Surroundings::of_this_machine().trusting(portal.site.portal().ca.ca_pem()).unwrap();
    let paired = Phone::pair(&link, "Pixel 8", "Android", &surroundings).await.unwrap();
    // The page moves on by itself.
    eyes.text("Is this your phone?").await;
    eyes.look("compare").await;
    eyes.click("button", "Yes, the same").await;
    eyes.text("This phone is added.").await;
    eyes.look("device").await;
    eyes.click("button", "Send a test request").await;
    eyes.text("A request to try").await;
    let asked = request(&paired.phone).await;
    let number = eyes.page.evaluate("document.querySelector('.number').textContent").await.unwrap();
    paired.phone.opened(asked.attempt()).await.unwrap();
    eyes.text("Opened on your phone").await;
    eyes.look("waiting").await;
    paired.phone.approve(&asked, number.as_str()).await.unwrap();
    eyes.text("It works: your phone was asked and approved.").await;

    let path = eyes.page.evaluate("location.pathname").await.unwrap();
    eyes.goto(&format!("{}/remove", path.as_str().unwrap())).await;
    eyes.look("remove").await;
    eyes.goto("/again?then=/add").await;
    eyes.look("again").await;
    told_of_a_sign_in(&portal, "Build server").await;
    eyes.goto("/history").await;
    eyes.look("history").await;
    eyes.click("link", "That was not me").await;
    eyes.text("That was not you?").await;
    eyes.look("disown").await;
    let store = portal.store().await;
    remember(&store, 1, &portal.ada, "radius/vpn", "laptop-7").await;
    remember(&store, 2, &portal.ada, "ldap/jenkins", REPEATS).await;
    store.close().await;
    eyes.goto("/sessions").await;
    eyes.look("sessions").await;
    for tag in ["de", "it", "fr", "es"] {
        eyes.goto(&format!("/language/{tag}?back=/devices")).await;
        eyes.look(&format!("devices-{tag}")).await;
        eyes.goto(&format!("/language/{tag}?back=/add")).await;
        eyes.look(&format!("add-{tag}")).await;
    }
    eyes.goto("/language/en").await;
    eyes.click("button", "Sign out").await;
    eyes.text("You are signed out.").await;

    let other = phone(&portal).await;
    eyes.sign_in("ada", PASSWORD).await;
    eyes.text("Approve on your phone").await;
    let asked = request(&other).await;
    eyes.look("waiting-asked").await;
    other.deny(&asked).await.unwrap();
    eyes.text("Denied on your phone").await;
    eyes.look("denied").await;
    for (name, path) in [("unanswered", "unanswered"), ("reported", "reported"), ("locked", "locked")] {
        eyes.goto(&format!("/sign-in/ended/{path}")).await;
        eyes.look(name).await;
    }
    drop(chromium);
    portal.close().await;
}
