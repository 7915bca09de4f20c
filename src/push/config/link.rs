//! From the section as written to what is meant, with every problem told.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;
use vestibule_engine::config::{Problems, Sources, load_secret};

use super::{ApnsConfig, FcmConfig, LimitsConfig, PushConfig, WebPushConfig, contact, keys, tls};
use crate::http::{HostRule, Permitted};
use crate::settings::{ApnsSettings, FcmSettings, Limits, PushSettings, WebPushSettings};

const APPLE: &str = "https://api.push.apple.com/";
const APPLE_SANDBOX: &str = "https://api.sandbox.push.apple.com/";
const GOOGLE: &str = "https://fcm.googleapis.com/";

impl PushConfig {
    /// What is meant, or every problem of this section. `path` is where it stands in the file.
    pub fn link(self, path: &str, sources: &dyn Sources, problems: &mut Problems) -> Option<PushSettings> {
        // Each is asked, so that each tells its problems.
        let web_push = self.web_push.link(&format!("{path}.web_push"), sources, problems);
        let apns = self.apns.map(|apns| apns.link(&format!("{path}.apns"), sources, problems));
        let fcm = self.fcm.map(|fcm| fcm.link(&format!("{path}.fcm"), sources, problems));
        let proxy = self.proxy.map(|proxy| link_proxy(&proxy, &format!("{path}.proxy"), problems));
        let limits = self.limits.link(&format!("{path}.limits"), problems);
        Some(PushSettings {
            web_push: web_push?,
            apns: told(apns)?,
            fcm: told(fcm)?,
            proxy: told(proxy)?,
            limits: limits?,
        })
    }
}

/// What was not written is fine; what was written and is wrong is not.
fn told<T>(linked: Option<Option<T>>) -> Option<Option<T>> {
    match linked {
        None => Some(None),
        Some(Some(meant)) => Some(Some(meant)),
        Some(None) => None,
    }
}

impl WebPushConfig {
    /// The inner `None`: turned off.
    fn link(self, path: &str, sources: &dyn Sources, problems: &mut Problems) -> Option<Option<WebPushSettings>> {
        let mut fine = true;
        if let Some(contact) = self.contact.as_ref().filter(|contact| !contact::is_plausible(contact)) {
            let remedy = "write mailto: and a mail address, or an https URL, that can be reached from outside";
            problems.error(format!("{path}.contact"), format!("{contact:?}"), remedy);
            fine = false;
        }
        let mut hosts = Vec::new();
        for (index, text) in self.allowed_hosts.iter().enumerate() {
            match HostRule::parse(text) {
                Some(rule) => hosts.push(rule),
                None => {
                    let remedy =
                        "write a host name, or *. and a name of two parts or more, with :port if it is not 443";
                    problems.error(format!("{path}.allowed_hosts.{index}"), format!("{text:?}"), remedy);
                    fine = false;
                }
            }
        }
        let mut private = Vec::new();
        for (index, text) in self.allow_private.iter().enumerate() {
            match network(text) {
                Some(network) => private.push(network),
                None => {
                    let remedy = "write a network of 8 bits or more, like 10.20.0.0/16, or an address";
                    problems.error(format!("{path}.allow_private.{index}"), format!("{text:?}"), remedy);
                    fine = false;
                }
            }
        }
        let tls = tls::tls(self.ca_file.as_deref(), path, sources, problems)?;
        let settings = WebPushSettings { contact: self.contact, hosts, permitted: Permitted { private }, tls };
        fine.then(|| Some(settings).filter(|settings| !settings.hosts.is_empty()))
    }
}

/// A network, or an address as the network of itself. Half the Internet is no private network.
fn network(text: &str) -> Option<IpNet> {
    let network = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))?;
    (network.prefix_len() >= 7).then(|| network.trunc())
}

impl ApnsConfig {
    fn link(self, path: &str, sources: &dyn Sources, problems: &mut Problems) -> Option<ApnsSettings> {
        let mut fine = true;
        for (field, id) in [("key_id", &self.key_id), ("team_id", &self.team_id)] {
            if id.len() != 10 || !id.bytes().all(|octet| octet.is_ascii_alphanumeric()) {
                let remedy = "write the ten characters Apple's developer site shows";
                problems.error(format!("{path}.{field}"), format!("{id:?}"), remedy);
                fine = false;
            }
        }
        let topic_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        if self.topic.is_empty() || self.topic.len() > 255 || !self.topic.chars().all(topic_char) {
            let remedy = "write the bundle identifier of the app, like com.example.vestibule";
            problems.error(format!("{path}.topic"), format!("{:?}", self.topic), remedy);
            fine = false;
        }
        let key_path = format!("{path}.key");
        let key = load_secret(sources, &self.key, &key_path, problems).and_then(|pem| {
            let refuse = |why: String| problems.error(&key_path, why, "name the .p8 file Apple handed out");
            keys::apns(&pem).map_err(refuse).ok()
        });
        let default = if self.sandbox { APPLE_SANDBOX } else { APPLE };
        let endpoint = link_endpoint(self.endpoint.as_deref().unwrap_or(default), path, problems);
        let tls = tls::tls(self.ca_file.as_deref(), path, sources, problems);
        let (key, endpoint, tls) = (key?, endpoint?, tls?);
        let Self { key_id, team_id, topic, .. } = self;
        fine.then_some(ApnsSettings { key, key_id, team_id, topic, endpoint, tls })
    }
}

impl FcmConfig {
    fn link(self, path: &str, sources: &dyn Sources, problems: &mut Problems) -> Option<FcmSettings> {
        let account_path = format!("{path}.service_account");
        let account = load_secret(sources, &self.service_account, &account_path, problems).and_then(|json| {
            let remedy = "name the JSON key file Firebase's console handed out";
            keys::service_account(&json).map_err(|why| problems.error(&account_path, why, remedy)).ok()
        });
        let endpoint = link_endpoint(self.endpoint.as_deref().unwrap_or(GOOGLE), path, problems);
        let tls = tls::tls(self.ca_file.as_deref(), path, sources, problems);
        Some(FcmSettings { account: account?.into(), endpoint: endpoint?, tls: tls? })
    }
}

/// A server to ask, with a slash at its end, so that paths are joined to it and do not replace it.
fn link_endpoint(text: &str, path: &str, problems: &mut Problems) -> Option<Url> {
    let mut slashed = text.trim_end_matches('/').to_owned();
    slashed.push('/');
    let usable =
        |url: &Url| url.scheme() == "https" && url.has_host() && url.query().is_none() && url.fragment().is_none();
    let url = Url::parse(&slashed).ok().filter(usable);
    if url.is_none() {
        problems.error(format!("{path}.endpoint"), format!("{text:?}"), "write an https URL, or leave it out");
    }
    url
}

fn link_proxy(text: &str, path: &str, problems: &mut Problems) -> Option<Url> {
    let usable = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty();
    let url = Url::parse(text).ok().filter(usable);
    if url.is_none() {
        // A login in it would be a secret: it is not repeated.
        problems.error(path, "no URL of a proxy", "write a URL like http://proxy.example.com:3128, without a login");
    }
    url
}

impl LimitsConfig {
    fn link(self, path: &str, problems: &mut Problems) -> Option<Limits> {
        let mut fine = true;
        for (field, found, most) in [
            ("queue", self.queue, 200_000),
            ("at_once", self.at_once, 10_000),
            ("at_once_per_host", self.at_once_per_host, 10_000),
        ] {
            if !(1..=most).contains(&found) {
                let remedy = format!("write a number from 1 to {most}");
                problems.error(format!("{path}.{field}"), found.to_string(), remedy);
                fine = false;
            }
        }
        let patience = self.patience.0;
        if !(Duration::from_millis(500)..=Duration::from_secs(30)).contains(&patience) {
            problems.error(format!("{path}.patience"), self.patience.to_string(), "write a time from 500ms to 30s");
            fine = false;
        }
        let Self { queue, at_once, at_once_per_host, .. } = self;
        fine.then_some(Limits { queue, at_once, at_once_per_host, patience })
    }
}
