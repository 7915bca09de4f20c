//! What the configuration means: checked, linked, with secrets loaded.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use vestibule_engine::Splitting;

use crate::config::{LimitsConfig, OnFault, PromptMode, RequireSignature};
use crate::wire::SharedSecret;

/// Everything the RADIUS door is told.
#[derive(Debug, Clone)]
pub struct RadiusSettings {
    pub(crate) listeners: Vec<SocketAddr>,
    pub(crate) clients: Vec<ClientSettings>,
    pub(crate) limits: LimitsConfig,
}

impl RadiusSettings {
    /// The configured names of the clients: the services that policy may name.
    pub fn service_names(&self) -> impl Iterator<Item = &str> {
        self.clients.iter().map(|client| &*client.name)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct ClientSettings {
    pub(crate) name: Arc<str>,
    pub(crate) networks: Vec<IpNet>,
    pub(crate) secret: SharedSecret,
    pub(crate) primary: String,
    pub(crate) require_signature: RequireSignature,
    pub(crate) prompt: PromptMode,
    pub(crate) splitting: Splitting,
    pub(crate) patience: Duration,
    pub(crate) reject_delay: Duration,
    pub(crate) on_fault: OnFault,
    pub(crate) station_attribute: u8,
    pub(crate) pass: Pass,
    pub(crate) reply_attributes: Vec<ReplyAttribute>,
}

/// Which attributes of an upstream's acceptance go on to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pass {
    All,
    Only(Vec<u8>),
}

impl Pass {
    pub(crate) fn lets(&self, kind: u8) -> bool {
        match self {
            Self::All => true,
            Self::Only(kinds) => kinds.contains(&kind),
        }
    }
}

/// An attribute added to acceptances, in wire form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReplyAttribute {
    pub(crate) kind: u8,
    pub(crate) value: Vec<u8>,
    /// In lower case. Empty: for everybody.
    pub(crate) groups: Vec<String>,
}

impl ReplyAttribute {
    /// Sources spell a group one way or another; its case never tells two groups apart.
    pub(crate) fn is_for(&self, groups: &[String]) -> bool {
        self.groups.is_empty() || groups.iter().any(|group| self.groups.contains(&group.to_lowercase()))
    }
}
