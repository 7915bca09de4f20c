//! The account of a program: where it may be used from, for what, and until when.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vestibule_engine::Timestamp;
use vestibule_engine::config::Problems;

use super::link::{check_name, networks};
use crate::names::distinguished::Dn;
use crate::settings::{AccountSettings, Operations};

/// The account of a program: it signs in with its password alone, from where and for what is written here. From anywhere
/// else, or later, it is refused like a person without a second step, and that is an alert in the log and the audit log;
/// so is its first use from a new address.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceAccountConfig {
    /// Its DN in the directory. Any spelling of it may be used to sign in; the directory is asked for this one.
    pub dn: String,
    /// Where it may be used from, as addresses or networks. Default: from where the application may connect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<String>,
    /// What it may ask for: `search`, `compare`, `modify`, `add`, `delete`, `rename`, `extended`, and
    /// `proxied_authorization` (to act as anybody, without their second step). Default: search and compare.
    #[serde(default = "default_operations")]
    pub operations: Vec<OperationConfig>,
    /// The day on which it ends (UTC), as `2027-12-31`; on that day it is refused. Default: it does not end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperationConfig {
    Search,
    Compare,
    Modify,
    Add,
    Delete,
    Rename,
    Extended,
    ProxiedAuthorization,
}

fn default_operations() -> Vec<OperationConfig> {
    vec![OperationConfig::Search, OperationConfig::Compare]
}

impl ServiceAccountConfig {
    pub(super) fn link(&self, path: &str, name: &str, problems: &mut Problems) -> Option<AccountSettings> {
        let name_fits = check_name(name, path, problems);
        let parsed = Dn::parse(&self.dn);
        if parsed.is_none() {
            let remedy = "write the whole DN, like cn=grafana,ou=services,dc=example,dc=org";
            problems.error(format!("{path}.dn"), format!("\"{}\" is no DN", self.dn), remedy);
        }
        let networks = networks(&self.networks, &format!("{path}.networks"), problems);
        let operations = self.link_operations(path, problems);
        let expires = self.link_expires(path, problems);
        let (parsed, networks, expires) = (parsed?, networks?, expires?);
        name_fits.then(|| AccountSettings {
            name: name.into(),
            dn: self.dn.clone(),
            parsed,
            networks,
            operations,
            expires,
        })
    }

    fn link_operations(&self, path: &str, problems: &mut Problems) -> Operations {
        let has = |wanted| self.operations.contains(&wanted);
        if has(OperationConfig::ProxiedAuthorization) {
            let found = "proxied_authorization: this account can act as anybody, without their second step";
            let remedy = "leave it out unless the application cannot do without";
            problems.warn(format!("{path}.operations"), found, remedy);
        }
        Operations {
            search: has(OperationConfig::Search),
            compare: has(OperationConfig::Compare),
            modify: has(OperationConfig::Modify),
            add: has(OperationConfig::Add),
            delete: has(OperationConfig::Delete),
            rename: has(OperationConfig::Rename),
            extended: has(OperationConfig::Extended),
            proxied_authorization: has(OperationConfig::ProxiedAuthorization),
        }
    }

    #[expect(clippy::option_option, reason = "no date is one of the good answers")]
    fn link_expires(&self, path: &str, problems: &mut Problems) -> Option<Option<Timestamp>> {
        let Some(written) = &self.expires else { return Some(None) };
        let day = NaiveDate::parse_from_str(written, "%Y-%m-%d").ok().and_then(|day| day.and_hms_opt(0, 0, 0));
        if day.is_none() {
            problems.error(format!("{path}.expires"), format!("\"{written}\""), "write a day, like 2027-12-31");
        }
        day.map(|day| Some(Timestamp::from_secs(day.and_utc().timestamp())))
    }
}
