//! Who subscribed, what waits for whom, and what happened.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

/// A message that was brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// What the sender was answered.
    pub status: u16,
    /// Why it was refused.
    pub refusal: Option<&'static str>,
    pub topic: Option<String>,
    pub ttl: Option<u64>,
    pub urgency: Option<String>,
    pub octets: usize,
}

/// What a browser made of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    pub version: String,
    /// 100: a service worker got it. 101: it could not be read. 102: it got lost for another reason.
    pub code: u64,
}

/// What a sender left for a browser.
pub(super) struct Message {
    pub(super) topic: Option<String>,
    pub(super) life: Duration,
    pub(super) body: Vec<u8>,
}

/// How far a token leads.
pub(super) enum Found {
    Unknown,
    Unsubscribed,
    /// The key of the only sender that may use it, if the page named one.
    Subscribed {
        key: Option<String>,
    },
}

struct Subscription {
    browser: String,
    channel: String,
    key: Option<String>,
    is_over: bool,
}

#[derive(Default)]
struct Browser {
    say: Option<UnboundedSender<Value>>,
    /// Not acknowledged yet.
    waiting: Vec<Waiting>,
}

struct Waiting {
    version: String,
    token: String,
    topic: Option<String>,
    until: Instant,
    said: Value,
}

#[derive(Default)]
struct Pages {
    /// By the token in the address.
    subscriptions: HashMap<String, Subscription>,
    browsers: HashMap<String, Browser>,
    sent: Vec<Sent>,
    acknowledged: Vec<Acknowledged>,
}

pub(super) struct Book {
    pub(super) origin: String,
    pages: Mutex<Pages>,
}

impl Book {
    pub(super) fn new(origin: String) -> Self {
        Self { origin, pages: Mutex::default() }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn sent(&self) -> Vec<Sent> {
        self.pages().sent.clone()
    }

    pub(super) fn acknowledged(&self) -> Vec<Acknowledged> {
        self.pages().acknowledged.clone()
    }

    pub(super) fn note(&self, sent: Sent) {
        self.pages().sent.push(sent);
    }

    /// A browser is there, under a name it got here before or a new one. What waits for it is said at once.
    pub(super) fn arrive(&self, name: Option<&str>, say: &UnboundedSender<Value>) -> String {
        let mut pages = self.pages();
        let known = name.filter(|name| pages.browsers.contains_key(*name));
        let name = known.map_or_else(|| hexadecimal(&random::<16>()), str::to_owned);
        let browser = pages.browsers.entry(name.clone()).or_default();
        browser.say = Some(say.clone());
        let hello =
            json!({ "messageType": "hello", "uaid": name, "status": 200, "use_webpush": true, "broadcasts": {} });
        say.send(hello).ok();
        let now = Instant::now();
        browser.waiting.retain(|waiting| waiting.until > now);
        for waiting in &browser.waiting {
            say.send(waiting.said.clone()).ok();
        }
        name
    }

    /// A new address for a page's channel.
    pub(super) fn subscribe(&self, browser: &str, channel: &str, key: Option<String>) -> String {
        let token = URL_SAFE_NO_PAD.encode(random::<24>());
        let subscription =
            Subscription { browser: browser.to_owned(), channel: channel.to_owned(), key, is_over: false };
        self.pages().subscriptions.insert(token.clone(), subscription);
        format!("{}/wpush/v2/{token}", self.origin)
    }

    pub(super) fn unsubscribe(&self, browser: &str, channel: &str) {
        let mut pages = self.pages();
        let of_channel = |one: &&mut Subscription| one.browser == browser && one.channel == channel;
        pages.subscriptions.values_mut().filter(of_channel).for_each(|one| one.is_over = true);
    }

    pub(super) fn find(&self, token: &str) -> Found {
        match self.pages().subscriptions.get(token) {
            None => Found::Unknown,
            Some(one) if one.is_over => Found::Unsubscribed,
            Some(one) => Found::Subscribed { key: one.key.clone() },
        }
    }

    /// Say it to the browser if it is there, and keep it until it is acknowledged or over (RFC 8030 §5.2, §5.4).
    pub(super) fn deliver(&self, token: &str, message: Message) -> String {
        let version = URL_SAFE_NO_PAD.encode(random::<12>());
        let mut pages = self.pages();
        let Pages { subscriptions, browsers, .. } = &mut *pages;
        let Some(subscription) = subscriptions.get(token) else { return version };
        let said = json!({
            "messageType": "notification", "channelID": subscription.channel, "version": version,
            "data": URL_SAFE_NO_PAD.encode(message.body), "headers": { "encoding": "aes128gcm" },
        });
        let browser = browsers.entry(subscription.browser.clone()).or_default();
        if message.topic.is_some() {
            browser.waiting.retain(|waiting| waiting.token != token || waiting.topic != message.topic);
        }
        if let Some(say) = &browser.say {
            say.send(said.clone()).ok();
        }
        let until = Instant::now() + message.life;
        let (token, topic) = (token.to_owned(), message.topic);
        browser.waiting.push(Waiting { version: version.clone(), token, topic, until, said });
        version
    }

    pub(super) fn acknowledge(&self, browser: &str, acknowledged: Acknowledged) {
        let mut pages = self.pages();
        if let Some(browser) = pages.browsers.get_mut(browser) {
            browser.waiting.retain(|waiting| waiting.version != acknowledged.version);
        }
        pages.acknowledged.push(acknowledged);
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut octets = [0; N];
    SystemRandom::new().fill(&mut octets).expect("the machine has random octets");
    octets
}

fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
