//! Every screen, in every language, on a phone and a desktop, light and dark: nothing hangs out, nothing is too small to
//! hit, everything can be read, and everything that can be pressed has a name.
//!
//! Pictures are put into the folder `authenticator-shots` of the system's temporary folder, where that folder exists.

use serde_json::{Value, json};
use vestibule_peers::chromium::{DESKTOP, Look, PHONE, Page, Screen};

use super::browser::Phone;

const TOTP: &str =
    "otpauth://totp/Example%20Corp:ada@example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Example%20Corp";

/// What is wrong with the screen that is shown: a list of words.
const LOOK: &str = r#"(() => {
    const wrong = [];
    const root = document.documentElement;
    if (root.scrollWidth > innerWidth) wrong.push(`wider than the window: ${root.scrollWidth}`);
    if (document.querySelectorAll("h1").length !== 1) wrong.push("not one heading");
    const channels = (color) => color.match(/[\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
        .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
    const ground = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const color = channels(getComputedStyle(at).backgroundColor);
            if (color.length === 3 || color[3] === 1) return color;
        }
        return [255, 255, 255];
    };
    for (const element of document.querySelectorAll("body *")) {
        const box = element.getBoundingClientRect();
        if (box.width <= 1 || box.height <= 1 || element.closest(".unseen, svg, option")) continue;
        const about = `${element.tagName} ${element.className} "${element.textContent.slice(0, 30)}"`;
        const pressed = element.matches("button, input, select, summary");
        if (pressed && (box.height < 44 || box.width < 44)) wrong.push(`too small: ${about} ${box.width}x${box.height}`);
        if (element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== "inline"
            && !element.matches("input, video")) wrong.push(`cut off: ${about}`);
        const written = [...element.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
        if (!written || element.matches(":disabled, :disabled *")) continue;
        const [one, other] = [light(channels(getComputedStyle(element).color)), light(ground(element))];
        const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
        if (contrast < 4.5) wrong.push(`contrast ${contrast.toFixed(1)}: ${about}`);
    }
    return wrong;
})()"#;

/// Screens that need nothing but what they are given.
fn plain_screens() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("pair", "pair", json!({ "token": "token-for-the-picture" })),
        ("bell", "bell", json!({})),
        ("paired", "paired", json!({ "trouble": "service" })),
        ("refused-host", "refused", json!({ "reason": "host", "host": "login.example.net" })),
        ("scan", "scan", json!({})),
        ("type", "type", json!({})),
        ("settings", "settings", json!({})),
        ("pin", "pin", json!({})),
        ("notifications", "notifications", json!({})),
        ("over", "ended", json!({ "words": "request.over" })),
        ("number-wrong", "ended", json!({ "words": "answer.number" })),
        ("approved", "result", json!({ "decision": "approved", "service": "Grafana", "at": 1_800_000_000_000_u64 })),
        ("reported", "result", json!({ "decision": "reported", "service": "Grafana", "at": 1_800_000_000_000_u64 })),
        (
            "code",
            "result",
            json!({ "decision": "approved", "service": "Grafana", "at": 1_800_000_000_000_u64, "code": "4821" }),
        ),
    ]
}

struct Tour<'a> {
    phone: &'a Phone,
    /// Says which variation, in the names of pictures.
    variation: String,
    wrong: Vec<String>,
}

impl Tour<'_> {
    fn page(&self) -> &Page {
        &self.phone.page
    }

    async fn look(&mut self, name: &str) {
        let found = self.page().evaluate(LOOK).await.unwrap();
        for one in found.as_array().unwrap() {
            self.wrong.push(format!("{} {name}: {}", self.variation, one.as_str().unwrap()));
        }
        for named in self.page().accessibility().await.unwrap() {
            let pressed =
                ["button", "textbox", "combobox", "link", "DisclosureTriangle"].contains(&named.role.as_str());
            if pressed && named.name.trim().is_empty() {
                self.wrong.push(format!("{} {name}: a {} without a name", self.variation, named.role));
            }
        }
        let folder = std::env::temp_dir().join("authenticator-shots");
        if folder.is_dir() {
            self.page().screenshot(&folder.join(format!("{name}-{}.png", self.variation))).await.unwrap();
        }
    }

    async fn show(&mut self, name: &str, screen: &str, given: &Value) {
        let go = format!(
            "import('/authenticator/screens.js').then((screens) => screens.replace({}, {given}))",
            json!(screen)
        );
        self.page().evaluate(&go).await.unwrap();
        self.page()
            .wait_for(&format!(
                "document.querySelector('.at-{screen} h1') && !document.querySelector('.screen .busy .dot')"
            ))
            .await
            .unwrap();
        self.look(name).await;
    }

    async fn account_id(&self) -> Value {
        let id = self.page().evaluate("vestibule.records.accounts().then((all) => all[0].id)").await.unwrap();
        json!({ "id": id })
    }

    async fn all_screens(&mut self) {
        for (name, screen, given) in plain_screens() {
            self.show(name, screen, &given).await;
        }
        let account = self.account_id().await;
        self.show("account", "account", &account).await;
        self.show("remove", "remove", &account).await;
        let attempt = self.phone.gateway.ask(Some("47"), |challenge| challenge["where"]["known"] = json!(false));
        self.show("request", "request", &json!({ "attempt": attempt })).await;
        self.page().click_selector(".more button").await.unwrap();
        self.look("why").await;
        self.phone.gateway.ask(Some("471122"), |challenge| challenge["service"]["name"] = json!("VPN Milano"));
        self.show("home", "home", &json!({})).await;
        self.page().wait_for("document.querySelectorAll('.request-row').length === 2").await.unwrap();
        self.look("home").await;
        self.phone.gateway.withdraw();
        self.page().wait_for("document.querySelectorAll('.request-row').length === 0").await.unwrap();
        self.look("home-quiet").await;
    }
}

async fn variation(phone: &Phone, language: &str, screen: Screen, look: Look) -> Vec<String> {
    phone.page.screen(screen).await.unwrap();
    phone.page.look(look, true).await.unwrap();
    let speak = format!("import('/authenticator/words.js').then((words) => words.speak({}))", json!(language));
    phone.page.evaluate(&speak).await.unwrap();
    let variation = format!("{language}-{}-{look:?}", screen.width).to_lowercase();
    let mut tour = Tour { phone, variation, wrong: Vec::new() };
    tour.all_screens().await;
    tour.wrong
}

#[tokio::test(flavor = "multi_thread")]
async fn every_screen_fits_and_can_be_read_in_every_language() {
    let Some(phone) = Phone::new().await else { return };
    phone.gateway.book().totp = Some(TOTP.to_owned());
    phone.pair().await;
    let mut wrong = Vec::new();
    for language in ["en", "de", "it", "fr", "es"] {
        wrong.extend(variation(&phone, language, PHONE, Look::Light).await);
    }
    wrong.extend(variation(&phone, "de", PHONE, Look::Dark).await);
    wrong.extend(variation(&phone, "en", DESKTOP, Look::Light).await);
    wrong.extend(variation(&phone, "en", DESKTOP, Look::Dark).await);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    phone.nothing_went_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn first_start_and_the_closed_lock_fit_in_every_language() {
    let Some(phone) = Phone::new().await else { return };
    let mut wrong = Vec::new();
    for (language, screen, look) in
        [("en", PHONE, Look::Light), ("de", PHONE, Look::Dark), ("fr", DESKTOP, Look::Light)]
    {
        phone.page.screen(screen).await.unwrap();
        phone.page.look(look, true).await.unwrap();
        phone.page.goto(&phone.gateway.app()).await.unwrap();
        phone.page.wait_for("document.querySelector('.scan-button')").await.unwrap();
        let speak = format!("import('/authenticator/words.js').then((words) => words.speak({}))", json!(language));
        phone.page.evaluate(&speak).await.unwrap();
        let variation = format!("{language}-{}-{look:?}", screen.width).to_lowercase();
        let mut tour = Tour { phone: &phone, variation, wrong: Vec::new() };
        tour.show("welcome", "home", &json!({})).await;
        let set = "import('/authenticator/lock.js').then((lock) => lock.setPin('314159'))";
        phone.page.evaluate(set).await.unwrap();
        tour.show("unlock", "unlock", &json!({})).await;
        phone.page.evaluate("import('/authenticator/lock.js').then((lock) => lock.removePin())").await.unwrap();
        wrong.append(&mut tour.wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn language_is_the_readers_and_can_be_changed() {
    let Some(phone) = Phone::new().await else { return };
    let page = &phone.page;
    page.language("it-IT").await.unwrap();
    page.goto(&phone.gateway.app()).await.unwrap();
    page.wait_for_text("Approva qui i tuoi accessi").await.unwrap();
    assert_eq!(page.evaluate("document.documentElement.lang").await.unwrap(), json!("it"));
    page.click("button", "Impostazioni").await.unwrap();
    let choose = "const list = document.querySelector('.at-settings select'); list.value = 'fr'; list.dispatchEvent(new Event('change'))";
    page.wait_for("document.querySelector('.at-settings select')").await.unwrap();
    page.evaluate(choose).await.unwrap();
    page.wait_for_text("Réglages").await.unwrap();
    page.reload().await.unwrap();
    page.wait_for_text("Approuvez vos connexions ici").await.unwrap();
    phone.nothing_went_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn iphone_is_told_to_install_first_and_others_are_not() {
    let Some(phone) = Phone::new().await else { return };
    let page = &phone.page;
    let agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
    page.agent(agent, "en-US").await.unwrap();
    page.goto(&phone.gateway.app()).await.unwrap();
    page.wait_for_text("First add Vestibule to your home screen").await.unwrap();
    page.goto(&phone.gateway.invite()).await.unwrap();
    page.wait_for_text("Then scan the QR code from inside Vestibule").await.unwrap();
    let folder = std::env::temp_dir().join("authenticator-shots");
    if folder.is_dir() {
        page.screenshot(&folder.join("install-first-iphone.png")).await.unwrap();
    }
    page.click("button", "Go on here without notifications").await.unwrap();
    page.wait_for_text("Pair this device").await.unwrap();
    phone.nothing_went_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn person_gets_everywhere_with_the_keyboard_alone() {
    let Some(phone) = Phone::paired().await else { return };
    let page = &phone.page;
    page.evaluate("document.activeElement.blur()").await.unwrap();
    page.reload().await.unwrap();
    page.wait_for_text("Example Corp").await.unwrap();
    for expected in ["Example Corp", "Scan"] {
        page.press("Tab").await.unwrap();
        let told = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText";
        let told = page.evaluate(told).await.unwrap();
        assert!(told.as_str().unwrap().trim().starts_with(expected), "{expected}: {told}");
        // Where the focus is can be seen.
        let outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle").await.unwrap();
        assert_eq!(outline, json!("solid"), "{expected}");
    }
    page.press("Enter").await.unwrap();
    page.wait_for_text("Scan a QR code").await.unwrap();
    phone.nothing_went_wrong();
}
