//! The senders as they are meant: keys loaded, hosts and networks parsed, limits checked.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ring::rsa;
use ring::signature::EcdsaKeyPair;
use rustls::ClientConfig;
use url::Url;

use crate::http::{HostRule, Permitted};

#[derive(Debug, Clone)]
pub struct PushSettings {
    /// `None` where no host is allowed.
    pub(crate) web_push: Option<WebPushSettings>,
    pub(crate) apns: Option<ApnsSettings>,
    pub(crate) fcm: Option<FcmSettings>,
    pub(crate) limits: Limits,
    pub(crate) proxy: Option<Url>,
}

impl PushSettings {
    pub fn web_push(&self) -> bool {
        self.web_push.is_some()
    }

    pub fn apns(&self) -> bool {
        self.apns.is_some()
    }

    pub fn fcm(&self) -> bool {
        self.fcm.is_some()
    }
}

/// How much is done at once, for each provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub queue: usize,
    pub at_once: usize,
    pub at_once_per_host: usize,
    pub patience: Duration,
}

#[derive(Clone)]
pub struct WebPushSettings {
    pub(crate) contact: Option<String>,
    pub(crate) hosts: Vec<HostRule>,
    pub(crate) permitted: Permitted,
    pub(crate) tls: Arc<ClientConfig>,
}

#[derive(Clone)]
pub struct ApnsSettings {
    pub(crate) key: Arc<EcdsaKeyPair>,
    pub(crate) key_id: String,
    pub(crate) team_id: String,
    pub(crate) topic: String,
    pub(crate) endpoint: Url,
    pub(crate) tls: Arc<ClientConfig>,
}

#[derive(Clone)]
pub struct FcmSettings {
    pub(crate) account: Arc<ServiceAccount>,
    pub(crate) endpoint: Url,
    pub(crate) tls: Arc<ClientConfig>,
}

/// Who we are to Google: what is used of the key file its console hands out.
pub(crate) struct ServiceAccount {
    pub(crate) project: String,
    pub(crate) email: String,
    pub(crate) key_id: String,
    pub(crate) key: rsa::KeyPair,
    pub(crate) token_url: Url,
}

impl fmt::Debug for WebPushSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebPushSettings")
            .field("contact", &self.contact)
            .field("hosts", &self.hosts)
            .field("permitted", &self.permitted)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ApnsSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApnsSettings")
            .field("topic", &self.topic)
            .field("endpoint", &self.endpoint.as_str())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for FcmSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FcmSettings")
            .field("project", &self.account.project)
            .field("endpoint", &self.endpoint.as_str())
            .finish_non_exhaustive()
    }
}
