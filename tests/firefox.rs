//! A push all the way with nothing of ours played by somebody else: the gateway's sender, a push service as strict as the
//! real ones, Firefox, our service worker, and the login that waits for the answer.

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};
use vestibule_engine::DeliveryState::{self, Accepted, Answered, Failed, Opened, Queued, Shown};
use vestibule_engine::{AuditEvent, Delivery, Device, Store, UserId};
use vestibule_peers::firefox::{Firefox, Options, Page};
use vestibule_peers::push_service::PushService;
use vestibule_peers::radclient::{Answer, Radclient};
use vestibule_store::Handle;

use crate::harness::{Daemon, Site, StoreKind, Token, add_user, challenge, enrol};

const PASSWORD: &str = "correct horse";

/// What has not come by then will not. Generous: the machine may be building beside us.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Ada with her portal in one window and her authenticator in another.
struct Desk {
    site: Site,
    daemon: Daemon,
    /// Beside the daemon, to see what it wrote down.
    store: std::sync::Arc<Handle>,
    ada: UserId,
    token: Token,
    push_service: PushService,
    firefox: Firefox,
    desktop: Page,
    phone: Page,
    vpn: Radclient,
}

/// A VPN login that waits for the phone.
struct Waiting {
    number: String,
    state: String,
}

impl Desk {
    async fn new() -> Option<Self> {
        let mut site = Site::local(StoreKind::Sqlite).await.unwrap()?;
        site.with_portal("").unwrap();
        let vpn = challenge(&site)?;
        let push_service = PushService::start(&site.portal().ca).await.unwrap();
        let options =
            Options { ca_file: Some(site.portal().ca.ca_file()), push_server: Some(push_service.browser_address()) };
        let firefox = Firefox::start(&options).await.unwrap()?;
        site.file("ca.pem", site.portal().ca.ca_pem());
        site.more.push_str(&format!(
            "push:\n  web_push:\n    allowed_hosts: [\"{}\"]\n    allow_private: [\"127.0.0.0/8\", \"::1/128\"]\n    \
             ca_file: ca.pem\n",
            push_service.authority()
        ));
        let store = site.store().await;
        let ada = add_user(&store, "ada", PASSWORD).await.id;
        let token = enrol(&store, ada).await;
        let daemon = Daemon::start(&site).await.unwrap();
        let (desktop, phone) = (firefox.page().await.unwrap(), firefox.page().await.unwrap());
        Some(Self { site, daemon, store, ada, token, push_service, firefox, desktop, phone, vpn })
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.site.portal().origin)
    }

    /// From the password to a phone that is paired, and that the gateway knows how to ring.
    async fn pairs(&self) {
        self.desktop.goto(&self.address("/sign-in")).await.unwrap();
        self.desktop.fill("User name or e-mail", "ada").await.unwrap();
        self.desktop.fill_selector("#password", PASSWORD).await.unwrap();
        self.desktop.click("Sign in").await.unwrap();
        // The page sends the sixth digit by itself.
        self.desktop.fill_selector("#code", &self.token.code()).await.unwrap();
        self.desktop.wait_for("location.pathname === '/devices'").await.unwrap();
        self.desktop.goto(&self.address("/add")).await.unwrap();
        self.desktop.click("Show the code").await.unwrap();
        self.desktop.wait_for("document.querySelector('a[href*=\"#pair=\"]')").await.unwrap();
        let link = self.desktop.evaluate("document.querySelector('a[href*=\"#pair=\"]').href").await.unwrap();
        self.phone.goto(link.as_str().unwrap()).await.unwrap();
        self.phone.click("Pair").await.unwrap();
        self.phone.wait_for_text("Compare the code").await.unwrap();
        let code = self.phone.evaluate("document.querySelector('.hero').textContent").await.unwrap();
        self.desktop.wait_for_text(code.as_str().unwrap()).await.unwrap();
        self.desktop.click("Yes, the same").await.unwrap();
        self.phone.wait_for_text("This device is paired").await.unwrap();
        self.desktop.wait_for_text("This phone is added.").await.unwrap();
        self.device("rung", |device| device.push.is_some()).await;
    }

    /// The page of the authenticator is closed; what is left of it is its service worker.
    async fn puts_the_phone_away(&self) {
        self.phone.goto("about:blank").await.unwrap();
    }

    async fn logs_in(&self) -> Waiting {
        let asked = self.vpn.login("ada", PASSWORD).await.unwrap();
        assert!(asked.is("Access-Challenge"), "{asked:?}");
        let reply = asked.reply().unwrap();
        let text = reply.value("Reply-Message").unwrap();
        let number: String = text.chars().filter(char::is_ascii_digit).collect();
        assert_eq!(number.len(), 2, "{text}");
        Waiting { number, state: reply.value("State").unwrap().to_owned() }
    }

    /// Type the number of the login on the phone, in whichever window it is open.
    async fn approves(&self, phone: &Page, waiting: &Waiting) {
        phone.wait_for_text("Are you signing in?").await.unwrap();
        // Long enough for a person to have read it: the page takes no answer before.
        phone.evaluate("new Promise((resolve) => setTimeout(resolve, 450))").await.unwrap();
        phone.fill("Type the 2 digits that the sign-in shows", &waiting.number).await.unwrap();
        phone.click("Approve").await.unwrap();
        phone.wait_for_text("You approved the sign-in").await.unwrap();
    }

    /// Enter, without a code, at the VPN's question.
    async fn presses_enter(&self, waiting: &Waiting) -> Answer {
        let attributes =
            [("User-Name", "ada"), ("User-Password", ""), ("State", &waiting.state), ("Message-Authenticator", "0x00")];
        self.vpn.send("auth", &attributes).await.unwrap()
    }

    /// The paired phone as the store has it, once it is so.
    async fn device(&self, what: &str, is_so: impl Fn(&Device) -> bool) -> Device {
        let patience = Instant::now() + PATIENCE;
        loop {
            let devices = self.store.devices(self.ada).await.unwrap();
            match devices.into_iter().find(&is_so) {
                Some(device) => return device,
                None if Instant::now() > patience => panic!("no device is {what}: {:?}", self.push_service.sent()),
                None => sleep(LOOK_EVERY).await,
            }
        }
    }

    /// How far the request of the newest login got, in the order of the states, once it got that far.
    async fn deliveries(&self, until: DeliveryState) -> Vec<Delivery> {
        let patience = Instant::now() + PATIENCE;
        loop {
            let lines = self.store.audit_tail(100, Some(self.ada)).await.unwrap();
            let attempt = lines.iter().rev().find_map(|line| match line.record.event {
                AuditEvent::PushDelivery { attempt, .. } => Some(attempt),
                _ => None,
            });
            let mut came = match attempt {
                Some(attempt) => self.store.deliveries(attempt).await.unwrap(),
                None => Vec::new(),
            };
            if came.iter().any(|delivery| delivery.state == until) {
                came.sort_by_key(|delivery| delivery.state);
                return came;
            }
            let told = (self.push_service.sent(), self.push_service.acknowledged());
            assert!(Instant::now() < patience, "not {until:?}: {came:?} {told:?}\n{}", self.daemon.log());
            sleep(LOOK_EVERY).await;
        }
    }

    async fn close(self) {
        drop(self.firefox);
        self.store.close().await;
        self.daemon.stop().await;
    }
}

fn states(deliveries: &[Delivery]) -> Vec<DeliveryState> {
    deliveries.iter().map(|delivery| delivery.state).collect()
}

// PSH-02, PSH-03, PSH-07, OOB-02
#[tokio::test(flavor = "multi_thread")]
async fn push_rings_a_closed_authenticator_and_its_notification_leads_to_the_approval() {
    let Some(desk) = Desk::new().await else { return };
    desk.pairs().await;
    desk.puts_the_phone_away().await;
    let waiting = desk.logs_in().await;

    desk.deliveries(Shown).await;
    let shown = desk.desktop.notifications("/authenticator/").await.unwrap();
    let words = ["Sign-in request", "Open to see who is asking.", "vestibule-request"].map(str::to_owned);
    assert_eq!(shown, [words.into()]);
    let sent = desk.push_service.sent();
    assert_eq!((sent[0].status, sent[0].urgency.as_deref()), (201, Some("high")), "{sent:?}");
    assert!(sent[0].topic.is_some() && sent[0].ttl.is_some_and(|ttl| ttl > 0), "{sent:?}");
    assert_eq!(desk.push_service.acknowledged()[0].code, 100, "Firefox reads what the gateway encrypted");

    desk.firefox.click_notification("Sign-in request").await.unwrap();
    let phone = desk.firefox.page_at(&desk.address("/authenticator/")).await.unwrap();
    desk.approves(&phone, &waiting).await;
    assert!(desk.presses_enter(&waiting).await.is("Access-Accept"));

    let deliveries = desk.deliveries(Answered).await;
    assert_eq!(states(&deliveries), [Queued, Accepted, Shown, Opened, Answered]);
    let [queued, .., shown, opened, answered] = &deliveries[..] else { panic!("five states") };
    assert!(queued.at <= shown.at && shown.at <= opened.at && opened.at <= answered.at, "{deliveries:?}");
    desk.close().await;
}

// PSH-04, PSH-07, PSH-12
#[tokio::test(flavor = "multi_thread")]
async fn address_the_push_service_gave_up_is_dropped_and_opening_the_page_approves_and_heals() {
    let Some(desk) = Desk::new().await else { return };
    desk.pairs().await;
    let gave_up = "navigator.serviceWorker.ready.then((worker) => worker.pushManager.getSubscription())\
                   .then((held) => held.unsubscribe())";
    assert_eq!(desk.phone.evaluate(gave_up).await.unwrap(), json!(true));
    desk.puts_the_phone_away().await;
    let waiting = desk.logs_in().await;

    let deliveries = desk.deliveries(Failed).await;
    assert_eq!(states(&deliveries), [Queued, Failed]);
    let device = desk.device("in trouble", |device| device.trouble.is_some()).await;
    assert!(device.push.is_none(), "the address is forgotten");
    assert_eq!(desk.push_service.sent().iter().map(|sent| sent.status).collect::<Vec<_>>(), [410]);
    let listed = desk.site.vestibule(&["devices", "list", "--in-trouble"]);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.contains("the push service no longer knows this device"), "{listed}");
    desk.desktop.goto(&desk.address("/devices")).await.unwrap();
    desk.desktop.wait_for_text("This phone could not be reached the last time.").await.unwrap();

    desk.phone.goto(&desk.address("/authenticator/")).await.unwrap();
    desk.approves(&desk.phone, &waiting).await;
    assert!(desk.presses_enter(&waiting).await.is("Access-Accept"));
    // The page subscribes anew whenever it is opened.
    desk.device("rung again", |device| device.push.is_some() && device.trouble.is_none()).await;
    desk.close().await;
}
