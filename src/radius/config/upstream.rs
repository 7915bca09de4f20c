//! An upstream RADIUS server as the primary login.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vestibule_engine::config::{Problems, SecretRef, Sources, Span};

use super::secret::link_secret;
use super::words::{maybe_yes_or_no, yes_or_no};
use crate::upstream::{ServerSettings, UpstreamSettings};
use crate::wire;

/// The port when none is written (RFC 2865 §3).
const PORT: u16 = 1812;

/// One or more upstream RADIUS servers that check the password. They are asked in the order written; a server that does
/// not answer is left out until it answers again.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RadiusUpstreamConfig {
    /// The servers. All must know the same users.
    pub servers: Vec<UpstreamServerConfig>,
    /// How long one login may take over all servers. Default 12s. Keep it below the `patience` of the clients.
    #[serde(default = "default_timeout")]
    pub timeout: Span,
    /// How often one server is asked before the next one is: the request is repeated after about 2s, then 4s, 8s, 16s.
    /// Default 2, at most 5.
    #[serde(default = "default_tries")]
    pub tries: u32,
    /// Whether the servers' answers must carry a Message-Authenticator: `yes` (default) or `no`. With `no`, somebody on the
    /// way can turn a server's refusals into acceptances (Blast-RADIUS). Servers updated since July 2024 can sign.
    #[serde(default = "yes", deserialize_with = "yes_or_no")]
    pub require_message_authenticator: bool,
    /// Whether a server that did not answer is asked by Status-Server requests if it is back. Default true. With false it
    /// is left out for a minute, then tried with a login.
    #[serde(default = "yes")]
    pub status_check: bool,
    /// How we name ourselves to the servers (NAS-Identifier). Default `vestibule`.
    #[serde(default = "default_nas_identifier")]
    pub nas_identifier: String,
    /// The attribute of an acceptance whose values are the user's groups, for example `Class` or `Filter-Id`. Default:
    /// none, users have no groups.
    #[serde(default)]
    pub group_attribute: Option<String>,
    /// Sockets that may be opened to each server. Each holds 256 open logins. Default 16.
    #[serde(default = "default_sockets")]
    pub sockets_per_server: usize,
}

/// One upstream server.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpstreamServerConfig {
    /// Its IP address, with a port unless that is 1812: `192.0.2.10`, `192.0.2.10:1645`, `[2001:db8::10]:1812`.
    pub address: String,
    /// The secret shared with it.
    pub secret: SecretRef,
    /// Whether this server's answers must carry a Message-Authenticator, if it differs from the others.
    #[serde(default, deserialize_with = "maybe_yes_or_no")]
    pub require_message_authenticator: Option<bool>,
    /// Whether this server is asked by Status-Server requests, if it differs from the others.
    #[serde(default)]
    pub status_check: Option<bool>,
}

fn default_timeout() -> Span {
    Span::secs(12)
}

fn default_tries() -> u32 {
    2
}

fn default_nas_identifier() -> String {
    "vestibule".to_owned()
}

fn default_sockets() -> usize {
    16
}

fn yes() -> bool {
    true
}

impl RadiusUpstreamConfig {
    pub fn link(self, path: &str, sources: &dyn Sources, problems: &mut Problems) -> Option<UpstreamSettings> {
        let count = self.servers.len();
        let servers: Vec<ServerSettings> = self
            .servers
            .iter()
            .enumerate()
            .filter_map(|(index, server)| server.link(&self, &format!("{path}.servers.{index}"), sources, problems))
            .collect();
        if !self.require_message_authenticator {
            warn_of_unsigned(path, problems);
        }
        if count == 0 {
            problems.error(format!("{path}.servers"), "no server", "write at least one");
        }
        let timeout_fits = (Duration::from_secs(1)..=Duration::from_secs(120)).contains(&self.timeout.0);
        if !timeout_fits {
            problems.error(format!("{path}.timeout"), self.timeout.to_string(), "write 1s to 2m");
        }
        let tries_fit = (1..=5).contains(&self.tries);
        if !tries_fit {
            problems.error(format!("{path}.tries"), self.tries.to_string(), "write 1 to 5");
        }
        let sockets_fit = (1..=256).contains(&self.sockets_per_server);
        if !sockets_fit {
            problems.error(format!("{path}.sockets_per_server"), self.sockets_per_server.to_string(), "write 1 to 256");
        }
        let identifier_fits = (1..=wire::VALUE_OCTETS_MAX).contains(&self.nas_identifier.len());
        if !identifier_fits {
            problems.error(
                format!("{path}.nas_identifier"),
                "a name that is empty or too long",
                "write 1 to 253 octets",
            );
        }
        let group_attribute = self.group_attribute.as_ref().map(|name| {
            let found = wire::find(name).map(|definition| definition.number);
            if found.is_none() {
                let found = format!("{name}, which is not a known attribute");
                problems.error(format!("{path}.group_attribute"), found, "write a standard name, like Class");
            }
            found
        });
        let groups_linked = group_attribute != Some(None);
        let whole = count > 0 && servers.len() == count && timeout_fits && tries_fit && sockets_fit;
        (whole && identifier_fits && groups_linked).then(|| UpstreamSettings {
            servers,
            timeout: self.timeout.0,
            tries: self.tries,
            nas_identifier: self.nas_identifier,
            group_attribute: group_attribute.flatten(),
            sockets_per_server: self.sockets_per_server,
        })
    }
}

impl UpstreamServerConfig {
    fn link(
        &self,
        all: &RadiusUpstreamConfig,
        path: &str,
        sources: &dyn Sources,
        problems: &mut Problems,
    ) -> Option<ServerSettings> {
        let with_port = |_| self.address.parse::<IpAddr>().map(|address| SocketAddr::new(address, PORT));
        let address = self.address.parse::<SocketAddr>().or_else(with_port).ok().filter(|address| address.port() != 0);
        if address.is_none() {
            let remedy = "write an IP address, with a port unless that is 1812";
            problems.error(format!("{path}.address"), &self.address, remedy);
        }
        if self.require_message_authenticator == Some(false) {
            warn_of_unsigned(path, problems);
        }
        let secret = link_secret(&self.secret, &format!("{path}.secret"), sources, problems);
        Some(ServerSettings {
            address: address?,
            secret: secret?,
            require_signature: self.require_message_authenticator.unwrap_or(all.require_message_authenticator),
            status_check: self.status_check.unwrap_or(all.status_check),
        })
    }
}

fn warn_of_unsigned(path: &str, problems: &mut Problems) {
    let remedy = "update the server so that it signs: until then its refusals can be turned into acceptances";
    problems.warn(format!("{path}.require_message_authenticator"), "no: unsigned answers are taken", remedy);
}
