//! The `push` section of the configuration, as an administrator writes it.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vestibule_engine::config::{SecretRef, Span};

mod contact;
mod keys;
mod link;
mod tls;

pub(crate) use contact::is_plausible as is_plausible_contact;

/// How phones are rung when somebody signs in. A push message carries no name and no decision: a phone that cannot be
/// rung shows the request all the same when its app is opened.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PushConfig {
    /// The web app in browsers on Android, iPhone and desktops. Works without an account at anybody.
    pub web_push: WebPushConfig,
    /// Apple's service, for iPhones with a native app of your own. Leave it out without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apns: Option<ApnsConfig>,
    /// Google's service, for Android phones with a native app of your own. Leave it out without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fcm: Option<FcmConfig>,
    /// The HTTP proxy that push services are reached through, like `http://proxy.example.com:3128`. Default: none, they
    /// are asked directly. With a proxy it is the proxy that looks names up, so let it refuse private addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// How much is done at once.
    pub limits: LimitsConfig,
}

/// Web Push, the standard every current browser speaks.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WebPushConfig {
    /// Whom a push service asks when our messages trouble it: `mailto:security@example.com` or an https URL. Apple
    /// refuses messages without a real one. Default: the portal's own URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// Hosts that messages may be sent to: a name, `*.` and a name for all names below it, either with a port if it is
    /// not 443. A phone that names another host is not registered, so that nobody can make the gateway call addresses of
    /// their choice. Default: the push services of Google, Mozilla, Microsoft and Apple. An empty list turns Web Push off.
    pub allowed_hosts: Vec<String>,
    /// Networks with private addresses that messages may be sent to, like `10.20.0.0/16`: for a push service of your
    /// own. Default: none.
    pub allow_private: Vec<String>,
    /// A PEM file with authorities that are trusted besides those of this system: for a push service of your own.
    /// Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

impl Default for WebPushConfig {
    fn default() -> Self {
        // Chromium and most of its relatives, a second name Google hands out, Firefox, Edge, Safari.
        let hosts = [
            "fcm.googleapis.com",
            "jmt17.google.com",
            "*.push.services.mozilla.com",
            "*.notify.windows.com",
            "*.push.apple.com",
        ];
        Self { contact: None, allowed_hosts: hosts.map(str::to_owned).into(), allow_private: Vec::new(), ca_file: None }
    }
}

/// Apple Push Notification service.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApnsConfig {
    /// The signing key Apple's developer site hands out once, a `.p8` file.
    pub key: SecretRef,
    /// The ten characters that name that key.
    pub key_id: String,
    /// The ten characters that name your team at Apple.
    pub team_id: String,
    /// The bundle identifier of your app, like `com.example.vestibule`.
    pub topic: String,
    /// Whether your app is a development build, which Apple rings over other servers. Default: false.
    #[serde(default)]
    pub sandbox: bool,
    /// The server to ask instead of Apple's, as an https URL: for tests. Default: Apple's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// A PEM file with authorities that are trusted besides those of this system. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

/// Firebase Cloud Messaging.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FcmConfig {
    /// The JSON key file of a service account that may send messages, as Firebase's console hands it out. The project
    /// is read from it.
    pub service_account: SecretRef,
    /// The server to ask instead of Google's, as an https URL: for tests. Default: Google's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// A PEM file with authorities that are trusted besides those of this system. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

/// How much is done at once, for each of the three services by itself, so that one which hangs holds up no other.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Messages that wait or are being sent, 1 to 200000. Beyond it phones are not rung; their app still shows what is
    /// open. Default: 20000.
    pub queue: usize,
    /// Requests that are open at the same time, 1 to 10000. Default: 256.
    pub at_once: usize,
    /// The same for one host of the service. Default: 128.
    pub at_once_per_host: usize,
    /// How long the first request for a message may take, 500ms to 30s. It is sent again while somebody waits for the
    /// answer, with twice the time each. Default: 2s.
    pub patience: Span,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self { queue: 20_000, at_once: 256, at_once_per_host: 128, patience: Span::secs(2) }
    }
}

#[cfg(test)]
mod tests;
