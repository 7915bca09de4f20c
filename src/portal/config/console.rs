//! The console's part of the section: who may use it, and from where.

use std::collections::BTreeMap;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vestibule_engine::config::Problems;
use vestibule_engine::{UserId, UserName};

use super::link::link_networks;
use crate::settings::{ConsoleSettings, Named, Team};

/// The console: where administrators see who is remembered where, and take it back. Without this section there is none.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsoleConfig {
    /// Who may look at everything and act on it, after giving a second step within the last five minutes. A recovery code
    /// alone does not act: its owner first adds a second step of their own, which stands in their history and in the audit
    /// log. At least one entry.
    pub administrators: Vec<TeamConfig>,
    /// Who may look at everything and change nothing. Default: nobody but the administrators.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub auditors: Vec<TeamConfig>,
    /// Addresses and networks that the console may be used from. To everywhere else it looks as if there were none, and so
    /// it does where one of `trusted_proxies` or `balancers` does not tell the visitor's own address. Write them where
    /// addresses are translated on the way here: everybody seems to be local then. Default: this machine and private
    /// networks (RFC 1918, RFC 4193, link-local).
    #[serde(default = "default_networks")]
    pub networks: Vec<String>,
}

/// People of one primary login. Somebody of the same name at another one is somebody else and has no rights by this.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamConfig {
    /// The primary login that these people sign in with: a name under `primaries` that the portal asks.
    pub source: String,
    /// User names (any spelling of upper and lower case) or user ids. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<String>,
    /// Groups at that source, in any spelling of upper and lower case. The DN of a group is exact; a short name means every
    /// group of that name, anywhere in the directory. Whoever was in one of them at their last sign-in has these rights.
    /// Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

fn default_networks() -> Vec<String> {
    let local = ["127.0.0.0/8", "::1/128", "169.254.0.0/16", "fe80::/10"];
    let private = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];
    local.into_iter().chain(private).map(str::to_owned).collect()
}

/// The primary logins that a team may be of.
pub(super) struct Asked<'a> {
    /// Those the portal asks.
    pub(super) names: &'a [String],
    /// What the people of each are kept under.
    pub(super) sources: &'a BTreeMap<String, String>,
}

impl ConsoleConfig {
    pub(super) fn link(self, path: &str, asked: &Asked<'_>, problems: &mut Problems) -> Option<ConsoleSettings> {
        if self.administrators.is_empty() {
            let remedy = "write a source with its users or groups, or leave the whole section out";
            problems.error(format!("{path}.administrators"), "nobody", remedy);
        }
        let has_administrators = !self.administrators.is_empty();
        let administrators = teams(self.administrators, &format!("{path}.administrators"), asked, problems);
        let auditors = teams(self.auditors, &format!("{path}.auditors"), asked, problems);
        let networks = networks(&self.networks, &format!("{path}.networks"), problems);
        let (administrators, auditors, networks) = (administrators?, auditors?, networks?);
        has_administrators.then_some(ConsoleSettings { administrators, auditors, networks })
    }
}

fn networks(written: &[String], path: &str, problems: &mut Problems) -> Option<Vec<IpNet>> {
    if written.is_empty() {
        problems.error(path, "no network", "write one, like 10.0.0.0/8, or leave the option out");
        return None;
    }
    let networks = link_networks(written, path, problems)?;
    for (index, network) in networks.iter().enumerate().filter(|(_, network)| network.prefix_len() == 0) {
        let found = format!("{network}: the console may be used from everywhere");
        problems.warn(format!("{path}.{index}"), found, "name the networks that administrators are in");
    }
    Some(networks)
}

fn teams(written: Vec<TeamConfig>, path: &str, asked: &Asked<'_>, problems: &mut Problems) -> Option<Vec<Team>> {
    let linked: Vec<_> = written
        .into_iter()
        .enumerate()
        .map(|(index, team)| team.link(&format!("{path}.{index}"), asked, problems))
        .collect();
    linked.into_iter().collect()
}

impl TeamConfig {
    fn link(self, path: &str, asked: &Asked<'_>, problems: &mut Problems) -> Option<Team> {
        let source = asked.sources.get(&self.source).filter(|_| asked.names.contains(&self.source));
        if source.is_none() {
            let names = asked.names.join(", ");
            problems.error(format!("{path}.source"), &self.source, format!("name one that the portal asks: {names}"));
        }
        let is_nobody = self.users.is_empty() && self.groups.is_empty();
        if is_nobody {
            let remedy = "write users, groups or both: a source alone would be everybody there";
            problems.error(path, "neither users nor groups", remedy);
        }
        let users = self.users.iter().enumerate().map(|(index, user)| {
            let named = named(user);
            if named.is_none() {
                problems.error(format!("{path}.users.{index}"), format!("{user:?}"), "write a user name or a user id");
            }
            named
        });
        let users: Vec<_> = users.collect();
        for (index, group) in self.groups.iter().enumerate().filter(|(_, group)| group.trim().is_empty()) {
            problems.error(format!("{path}.groups.{index}"), format!("{group:?}"), "write the name of a group");
        }
        let groups_hold = self.groups.iter().all(|group| !group.trim().is_empty());
        let (source, users) = (source?.clone(), users.into_iter().collect::<Option<Vec<_>>>()?);
        (groups_hold && !is_nobody).then_some(Team { source, users, groups: self.groups })
    }
}

/// A user id stands for that person alone, whatever somebody else calls themselves.
fn named(written: &str) -> Option<Named> {
    if let Ok(id) = written.trim().parse::<UserId>() {
        return Some(Named::Id(id));
    }
    UserName::parse(written).ok().map(|name| Named::Name(name.canonical()))
}
