//! The RADIUS section of the configuration, as an administrator writes it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vestibule_engine::config::{SecretRef, Span};

mod attribute;
mod client;
mod door;
mod secret;
mod upstream;
mod words;

pub use crate::wire::Kind;
pub use attribute::{ReplyAttributeConfig, VendorConfig, WrittenValue};
pub use upstream::{RadiusUpstreamConfig, UpstreamServerConfig};
pub use words::{Append, OnFault, PassThrough, PromptMode, RequireSignature};

/// Who may ask by RADIUS, and how they are answered.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RadiusConfig {
    /// Addresses and UDP ports to listen on. An IPv6 address takes IPv6 only: write both families to have both.
    #[serde(default = "default_listeners")]
    pub listeners: Vec<String>,
    /// The systems that may ask, each by a name of your choice. The name is what policy calls the service.
    #[serde(default)]
    pub clients: BTreeMap<String, ClientConfig>,
    /// What holds for every client that does not say otherwise.
    #[serde(default)]
    pub defaults: ClientDefaults,
    /// How much is done at once.
    #[serde(default)]
    pub limits: LimitsConfig,
}

fn default_listeners() -> Vec<String> {
    vec!["0.0.0.0:1812".to_owned()]
}

impl Default for RadiusConfig {
    fn default() -> Self {
        Self {
            listeners: default_listeners(),
            clients: BTreeMap::new(),
            defaults: ClientDefaults::default(),
            limits: LimitsConfig::default(),
        }
    }
}

/// One system that may ask: a VPN gateway, a switch, a firewall, or a network of them that share a secret.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientConfig {
    /// The addresses it sends from: single ones (`192.0.2.7`) or networks (`192.0.2.0/24`). Where networks of two
    /// clients contain each other, the smaller one wins.
    pub addresses: Vec<String>,
    /// The shared secret. 24 or more random characters, another for each client.
    pub secret: SecretRef,
    /// The primary login that checks the passwords of this client's users, by its name under `primaries`.
    pub primary: String,
    /// Whether requests must be signed with a Message-Authenticator. `yes` (default): unsigned ones are dropped. `auto`:
    /// unsigned ones are taken until the first signed one has been seen, then dropped; a restart of the gateway forgets
    /// what was seen, so write `yes` once the client signs. `no`: unsigned ones are taken.
    /// Without `yes`, somebody on the path to the client can forge an acceptance (Blast-RADIUS).
    #[serde(default)]
    pub require_message_authenticator: Option<RequireSignature>,
    /// How the user is asked for the second factor. `challenge` (default): by an Access-Challenge, which most VPN
    /// gateways show as a second input. `none`: never; the code comes with the password or the phone is asked.
    #[serde(default)]
    pub prompt: Option<PromptMode>,
    /// How a code may come with the password. `{ delimiter: "," }` (default): after the last comma, as in
    /// `secret,492039`. `{ digits: 6 }`: the last six characters, if they are digits. `never`: not at all.
    #[serde(default)]
    pub append: Option<Append>,
    /// How long this client waits for an answer before it gives up, over all its repetitions. A login is decided within
    /// that time or refused. Default 25s, at least 3s.
    #[serde(default)]
    pub patience: Option<Span>,
    /// How long after the request a refusal is sent at the earliest; a random quarter is added. It slows down guessing.
    /// Default 1s, at most 10s.
    #[serde(default)]
    pub reject_delay: Option<Span>,
    /// What the client hears when a login could not be decided because something is broken. `silence` (default): nothing,
    /// so that it asks its next server. `reject`: a refusal.
    #[serde(default)]
    pub on_fault: Option<OnFault>,
    /// The attribute that says where the person sits. Default `Calling-Station-Id`.
    #[serde(default)]
    pub station_attribute: Option<String>,
    /// Which attributes of an upstream RADIUS server's acceptance are handed on to the client. `all` (default), `none`,
    /// or `{ only: [Class, Filter-Id] }`.
    #[serde(default)]
    pub pass_through: Option<PassThrough>,
    /// Attributes that are added to an acceptance.
    #[serde(default)]
    pub reply_attributes: Vec<ReplyAttributeConfig>,
}

/// What holds for every client that does not say otherwise. The fields mean what they mean at a client.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientDefaults {
    /// Whether requests must be signed with a Message-Authenticator: `yes` (default), `auto` or `no`.
    #[serde(default)]
    pub require_message_authenticator: Option<RequireSignature>,
    /// How the user is asked for the second factor: `challenge` (default) or `none`.
    #[serde(default)]
    pub prompt: Option<PromptMode>,
    /// How a code may come with the password: `{ delimiter: "," }` (default), `{ digits: 6 }` or `never`.
    #[serde(default)]
    pub append: Option<Append>,
    /// How long a client waits for an answer before it gives up. Default 25s.
    #[serde(default)]
    pub patience: Option<Span>,
    /// How long after the request a refusal is sent at the earliest. Default 1s, at most 10s.
    #[serde(default)]
    pub reject_delay: Option<Span>,
    /// What a client hears when something is broken: `silence` (default) or `reject`.
    #[serde(default)]
    pub on_fault: Option<OnFault>,
    /// The attribute that says where the person sits. Default `Calling-Station-Id`.
    #[serde(default)]
    pub station_attribute: Option<String>,
    /// Which attributes of an upstream RADIUS server are handed on: `all` (default), `none` or `{ only: [...] }`.
    #[serde(default)]
    pub pass_through: Option<PassThrough>,
}

/// How much is done at once. What is beyond a limit is dropped and counted, and the client tries again.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Logins being decided or waiting for a phone, over all clients. Answers to challenges have a quarter more, so that
    /// those who are half in get in first. Default 100000 (about 4 KiB each).
    pub open_logins: usize,
    /// The same for one client, so that one cannot crowd out the others. Default 50000.
    pub open_logins_per_client: usize,
    /// Answers kept for clients that did not hear them, for each listener. Default 200000.
    pub kept_answers: usize,
    /// How long an answer is kept, 5s to 30s. Default 15s.
    pub kept_answer_lifetime: Span,
    /// Refusals waiting for their delay to pass. Beyond it they are sent at once. Default 10000.
    pub delayed_rejects: usize,
    /// Octets the kernel may hold for us while we are busy. The system's `net.core.rmem_max` caps it. Default 4194304.
    pub receive_buffer: usize,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            open_logins: 100_000,
            open_logins_per_client: 50_000,
            kept_answers: 200_000,
            kept_answer_lifetime: Span::secs(15),
            delayed_rejects: 10_000,
            receive_buffer: 4 << 20,
        }
    }
}

#[cfg(test)]
mod tests;
