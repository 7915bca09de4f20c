//! What the application keeps and for whom: offline codes, the lock, several accounts; and how it is rung.

use ring::hmac;
use serde_json::json;
use vestibule_peers::chromium::Page;

use super::browser::Phone;
use super::gateway::now;

const SECRET: &[u8] = b"12345678901234567890";
/// The same in base32.
const TYPED: &str = "gezd gnbv gy3t qojq gezd gnbv gy3t qojq";

/// RFC 6238, by other code than the page's.
fn code(digits: u32, step: u64) -> String {
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, SECRET), &step.to_be_bytes());
    let octets = mac.as_ref();
    let at = usize::from(octets[19] & 15);
    let number = u32::from_be_bytes(octets[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:0width$}", number % 10_u32.pow(digits), width = digits as usize)
}

async fn shown_code(page: &Page) -> String {
    page.wait_for("/^[0-9 ]+$/.test(document.querySelector('.digits')?.textContent)").await.unwrap();
    let shown = page.evaluate("document.querySelector('.digits').textContent").await.unwrap();
    shown.as_str().unwrap().replace(' ', "")
}

/// A code is right when it belongs to the time before or after it was read.
async fn shows_the_right_code(page: &Page) {
    let before = now() / 30_000;
    let shown = shown_code(page).await;
    assert!((before..=now() / 30_000).any(|step| code(6, step) == shown), "{shown}");
}

async fn add_typed_account(phone: &Phone) {
    let page = &phone.page;
    page.goto(&phone.gateway.app()).await.unwrap();
    page.click("button", "Type a secret instead").await.unwrap();
    page.fill("Name of the account", "Wiki").await.unwrap();
    page.fill("Secret", TYPED).await.unwrap();
    page.click("button", "Add account").await.unwrap();
    page.wait_for_text("Account added").await.unwrap();
    page.click("button", "Save").await.unwrap();
    page.wait_for("document.querySelector('.digits')").await.unwrap();
}

async fn set_pin(page: &Page, pin: &str) {
    page.click("button", "Settings").await.unwrap();
    page.click("button", "Set a PIN").await.unwrap();
    page.fill("New PIN", pin).await.unwrap();
    page.fill("The same PIN again", pin).await.unwrap();
    page.click("button", "Set PIN").await.unwrap();
    page.wait_for_text("Remove the lock").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_go_on_offline_from_the_first_paint() {
    let Some(phone) = Phone::new().await else { return };
    let page = &phone.page;
    add_typed_account(&phone).await;
    shows_the_right_code(page).await;
    page.wait_for("navigator.serviceWorker.controller").await.unwrap();
    page.offline(true).await.unwrap();
    page.reload().await.unwrap();
    shows_the_right_code(page).await;
    assert_eq!(page.evaluate("navigator.onLine").await.unwrap(), json!(false));
}

#[tokio::test(flavor = "multi_thread")]
async fn offline_is_told_and_the_requests_come_back_with_the_network() {
    let Some(phone) = Phone::paired().await else { return };
    let page = &phone.page;
    page.offline(true).await.unwrap();
    page.wait_for_text("You are offline. Your codes go on working.").await.unwrap();
    phone.gateway.ask(None, |_| {});
    page.offline(false).await.unwrap();
    page.wait_for_text("Berlin, Germany").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn gateway_in_trouble_is_told_and_comes_back() {
    let Some(phone) = Phone::paired().await else { return };
    let page = &phone.page;
    phone.gateway.book().in_trouble = true;
    phone.gateway.changed();
    page.wait_for_text("Your gateway does not answer").await.unwrap();
    phone.gateway.book().in_trouble = false;
    page.wait_for("!document.body.innerText.includes('Your gateway does not answer')").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn device_that_was_revoked_says_so() {
    let Some(phone) = Phone::paired().await else { return };
    phone.gateway.book().devices.clear();
    phone.gateway.changed();
    // OOB-12
    phone.page.wait_for_text("No longer paired").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn second_account_has_a_key_of_its_own_and_a_label_that_can_be_changed() {
    let Some(phone) = Phone::paired().await else { return };
    let page = &phone.page;
    phone.pair().await;
    let keys: Vec<_> = phone.gateway.book().devices.iter().map(|device| device.public_key.clone()).collect();
    assert_eq!(keys.len(), 2);
    assert_ne!(keys[0], keys[1]);
    page.click_selector(".card-head").await.unwrap();
    page.fill("Your label", "Work").await.unwrap();
    page.click("button", "Save").await.unwrap();
    page.wait_for("document.querySelector('.accounts')?.innerText.startsWith('Work')").await.unwrap();
    phone.nothing_went_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn removed_account_is_unpaired_at_the_gateway() {
    let Some(phone) = Phone::paired().await else { return };
    phone.page.click_selector(".card-head").await.unwrap();
    phone.page.click("button", "Remove from this device").await.unwrap();
    phone.page.click("button", "Remove").await.unwrap();
    phone.page.wait_for_text("Approve your sign-ins here").await.unwrap();
    assert_eq!(phone.gateway.book().devices.len(), 0);
    phone.nothing_went_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn pin_closes_the_screens_and_seals_the_secrets() {
    let Some(phone) = Phone::new().await else { return };
    let page = &phone.page;
    add_typed_account(&phone).await;
    set_pin(page, "314159").await;
    page.goto(&phone.gateway.app()).await.unwrap();
    page.reload().await.unwrap();
    page.wait_for_text("Vestibule is locked").await.unwrap();
    assert!(!page.text().await.unwrap().contains("Wiki"));
    // Neither the back button nor a link leads around it.
    for way in ["history.back()", "location.hash = '#pair=token-0123456789abcdef'", "location.hash = ''"] {
        page.evaluate(way).await.unwrap();
        page.evaluate("new Promise((resolve) => setTimeout(resolve, 100))").await.unwrap();
        page.wait_for_text("Vestibule is locked").await.unwrap();
        assert!(!page.text().await.unwrap().contains("Wiki"), "{way}");
    }
    // Nothing that opens the box is left beside it.
    assert_eq!(
        page.evaluate("vestibule.records.setting('box').then((box) => box ?? null)").await.unwrap(),
        json!(null)
    );
    page.fill("PIN", "314158").await.unwrap();
    page.click("button", "Open").await.unwrap();
    page.wait_for_text("That PIN did not match.").await.unwrap();
    page.fill("PIN", "314159").await.unwrap();
    page.click("button", "Open").await.unwrap();
    // The link waited behind the door.
    page.click("button", "Cancel").await.unwrap();
    shows_the_right_code(page).await;
    phone.nothing_went_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_pins_cost_a_wait_that_a_reload_does_not_end() {
    let Some(phone) = Phone::new().await else { return };
    let page = &phone.page;
    add_typed_account(&phone).await;
    set_pin(page, "314159").await;
    page.goto(&phone.gateway.app()).await.unwrap();
    page.reload().await.unwrap();
    for _ in 0..3 {
        page.fill("PIN", "271828").await.unwrap();
        page.click("button", "Open").await.unwrap();
        page.wait_for("document.querySelector('input').value === ''").await.unwrap();
    }
    page.wait_for_text("Too many wrong PINs.").await.unwrap();
    page.reload().await.unwrap();
    page.wait_for_text("Too many wrong PINs.").await.unwrap();
    // The right one does not help before the wait is over.
    let tried = "import('/authenticator/lock.js').then((lock) => lock.openWithPin('314159'))";
    assert_eq!(page.evaluate(tried).await.unwrap(), json!(false));
}

#[tokio::test(flavor = "multi_thread")]
async fn easy_pins_are_refused() {
    let Some(phone) = Phone::new().await else { return };
    let page = &phone.page;
    page.goto(&phone.gateway.app()).await.unwrap();
    page.click("button", "Settings").await.unwrap();
    page.click("button", "Set a PIN").await.unwrap();
    for (pin, words) in [
        ("1234", "A PIN has at least 6 digits."),
        ("123456", "This PIN is guessed first."),
        ("111111", "guessed first"),
    ] {
        page.fill("New PIN", pin).await.unwrap();
        page.click("button", "Set PIN").await.unwrap();
        page.wait_for_text(words).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fingerprint_opens_the_same_lock() {
    let Some(phone) = Phone::new().await else { return };
    let page = &phone.page;
    page.virtual_authenticator().await.unwrap();
    phone.pair().await;
    page.goto(&phone.gateway.app()).await.unwrap();
    set_pin(page, "314159").await;
    page.click("button", "Set up fingerprint or face").await.unwrap();
    page.click("button", "Open with fingerprint or face").await.unwrap();
    page.fill("Your PIN", "314159").await.unwrap();
    page.click("button", "Set up fingerprint or face").await.unwrap();
    page.wait_for_text("or your fingerprint or face, when you open it").await.unwrap();
    page.goto(&phone.gateway.app()).await.unwrap();
    page.reload().await.unwrap();
    page.click("button", "Use fingerprint or face").await.unwrap();
    page.wait_for_text("Example Corp").await.unwrap();
    phone.nothing_went_wrong();
}

fn doorbell(attempt: &str, device: &str, state: &str) -> String {
    json!({
        "web_push": 8030,
        "notification": { "title": "Sign-in request", "body": "Open to see who is asking.", "tag": "vestibule-request" },
        "vestibule": { "attempt": attempt, "device": device, "state": state, "until": now() + 60_000 },
    })
    .to_string()
}

async fn ring(phone: &Phone, data: &str) {
    phone.page.deliver_push(phone.gateway.origin(), &phone.gateway.app(), data).await.unwrap();
}

/// What the worker shows from now on, noted once the browser has taken it.
const NOTE: &str = "globalThis.shown = []; const given = registration.showNotification.bind(registration);\
    registration.showNotification = async (title, options) => {\
        await given(title, options); shown.push([title, options.body, options.tag]); }; true";

async fn noting_worker(phone: &Phone) -> Page {
    phone.page.wait_for("navigator.serviceWorker.controller").await.unwrap();
    let worker = phone.chromium.worker("/authenticator/sw.js").await.unwrap();
    assert_eq!(worker.evaluate(NOTE).await.unwrap(), json!(true));
    worker
}

#[tokio::test(flavor = "multi_thread")]
async fn push_always_shows_a_notification_and_says_that_it_was_shown() {
    let Some(phone) = Phone::paired().await else { return };
    let device = phone.gateway.book().devices[0].id.clone();
    let attempt = phone.gateway.ask(Some("47"), |_| {});
    let worker = noting_worker(&phone).await;
    ring(&phone, &doorbell(&attempt, &device, "asked")).await;
    let patience = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while !phone.gateway.book().seen.contains(&format!("{attempt} shown")) {
        assert!(tokio::time::Instant::now() < patience, "{:?}", phone.gateway.book().seen);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    // PSH-07: even what cannot be understood rings.
    ring(&phone, "no JSON").await;
    worker.wait_for("shown.length === 2").await.unwrap();
    let rung = json!(["Sign-in request", "Open to see who is asking.", "vestibule-request"]);
    assert_eq!(worker.evaluate("shown").await.unwrap(), json!([rung, rung]));
    phone.nothing_went_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn notification_that_comes_late_says_that_the_request_is_over() {
    let Some(phone) = Phone::paired().await else { return };
    let device = phone.gateway.book().devices[0].id.clone();
    // OOB-08: the gateway knows no such request any more.
    let worker = noting_worker(&phone).await;
    ring(&phone, &doorbell("0190aaaa-0000-7000-8000-000000000000", &device, "asked")).await;
    worker.wait_for("shown.length === 2").await.unwrap();
    let over = json!(["Request is over", "Nothing to do.", "vestibule-request"]);
    // The same tag: it takes the place of the first.
    assert_eq!(worker.evaluate("shown[1]").await.unwrap(), over);
    phone.nothing_went_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn click_on_the_notification_opens_the_request() {
    let Some(phone) = Phone::paired().await else { return };
    let page = &phone.page;
    page.click("button", "Settings").await.unwrap();
    let device = phone.gateway.book().devices[0].id.clone();
    let attempt = phone.gateway.ask(None, |_| {});
    let worker = noting_worker(&phone).await;
    ring(&phone, &doorbell(&attempt, &device, "asked")).await;
    worker.wait_for("shown.length === 1").await.unwrap();
    let click = "self.registration.getNotifications().then(([notification]) => \
                 { self.dispatchEvent(new NotificationEvent('notificationclick', { notification })); })";
    worker.evaluate(click).await.unwrap();
    page.wait_for_text("Berlin, Germany").await.unwrap();
    phone.nothing_went_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn push_service_that_cannot_be_reached_stops_nobody() {
    let Some(phone) = Phone::new().await else { return };
    let page = &phone.page;
    // Any point of the curve; the browser's push service hangs here.
    let key = "(async () => { const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign']);\
               return vestibule.toBase64(await crypto.subtle.exportKey('raw', pair.publicKey)); })()";
    page.goto(&phone.gateway.app()).await.unwrap();
    let key = page.evaluate(key).await.unwrap();
    phone.gateway.book().vapid_key = key.as_str().map(str::to_owned);
    phone.pair().await;
    phone.gateway.ask(None, |_| {});
    page.wait_for_text("Berlin, Germany").await.unwrap();
    page.goto(&phone.gateway.app()).await.unwrap();
    page.click("button", "Settings").await.unwrap();
    page.click("button", "Check notifications").await.unwrap();
    page.wait_for_text("This browser is not registered for notifications.").await.unwrap();
    page.click("button", "Set up again").await.unwrap();
    page.wait_for_text("The push service of this browser did not answer.").await.unwrap();
}

/// A browser whose push service answers: the address is kept as a real one keeps it, one at a time, and whoever asks again
/// with its key gets the same (Push API, `subscribe()`).
const PUSH_SERVICE: &str = r#"
    const kept = () => JSON.parse(localStorage.getItem("held") ?? "null");
    const made = ({ endpoint, key }) => ({
        endpoint,
        options: { applicationServerKey: Uint8Array.from(key).buffer },
        toJSON: () => ({ endpoint, keys: { p256dh: "p".repeat(87), auth: "a".repeat(22) } }),
        unsubscribe: async () => { localStorage.removeItem("held"); return true; },
    });
    PushManager.prototype.getSubscription = async () => (kept() ? made(kept()) : null);
    PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
        if (!userVisibleOnly) throw new Error("a push must be seen");
        const before = kept();
        const key = [...applicationServerKey];
        if (before && String(before.key) !== String(key)) throw new DOMException("another key", "InvalidStateError");
        if (before) return made(before);
        const held = { endpoint: `https://push.example.com/${Math.random()}`, key };
        localStorage.setItem("held", JSON.stringify(held));
        return made(held);
    };
"#;

async fn held_endpoint(page: &Page) -> String {
    let held = page.evaluate("JSON.parse(localStorage.getItem('held'))?.endpoint ?? ''").await.unwrap();
    held.as_str().unwrap().to_owned()
}

async fn gateway_knows(phone: &Phone, endpoint: &str) {
    let patience = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while phone.gateway.book().devices[0].push_endpoint != endpoint {
        assert!(tokio::time::Instant::now() < patience, "{:?}", phone.gateway.book().devices[0]);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn subscription_is_given_to_the_gateway_again_at_every_open_and_made_anew_for_a_new_key() {
    let Some(phone) = Phone::new().await else { return };
    let page = &phone.page;
    page.before_scripts(PUSH_SERVICE).await.unwrap();
    phone.gateway.book().vapid_key = Some("B".repeat(86) + "A");
    phone.pair().await;
    page.wait_for("localStorage.getItem('held')").await.unwrap();
    let first = held_endpoint(page).await;
    gateway_knows(&phone, &first).await;
    // PSH-07: the gateway lost it; opening the app is enough.
    phone.gateway.book().devices[0].push_endpoint = String::new();
    page.reload().await.unwrap();
    gateway_knows(&phone, &first).await;
    page.click("button", "Settings").await.unwrap();
    page.click("button", "Check notifications").await.unwrap();
    page.wait_for_text("Example Corp knows where to ring this device.").await.unwrap();
    // PSH-03: a subscription belongs to one key for life.
    phone.gateway.book().vapid_key = Some("C".repeat(86) + "A");
    page.reload().await.unwrap();
    page.wait_for(&format!("JSON.parse(localStorage.getItem('held'))?.endpoint !== {}", json!(first))).await.unwrap();
    page.wait_for("localStorage.getItem('held')").await.unwrap();
    gateway_knows(&phone, &held_endpoint(page).await).await;
    phone.nothing_went_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_would_install_it() {
    let Some(phone) = Phone::new().await else { return };
    phone.page.goto(&phone.gateway.app()).await.unwrap();
    phone.page.wait_for("navigator.serviceWorker.controller").await.unwrap();
    assert_eq!(phone.page.missing_for_installation().await.unwrap(), Vec::<String>::new());
}
