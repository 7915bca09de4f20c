//! From the section as written to what it means. Every problem is told, not only the first.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use vestibule_engine::config::{Problems, Sources, Span, load_secret};
use vestibule_engine::{Order, Splitting};
use vestibule_listen::ServerIdentity;

use super::{
    AnonymousConfig, AppendConfig, ApplicationConfig, DiagnosticsConfig, LdapDoorConfig, LdapDoorTlsConfig,
    LdapLimitsConfig, LdapListenerConfig, LdapListenerTlsConfig, OrderConfig,
};
use crate::settings::{
    AccountSettings, Anonymous, ApplicationSettings, Diagnostics, LdapDoorSettings, Limits, ListenerSettings,
    ListenerTls,
};

const PATIENCE: RangeInclusive<Duration> = Duration::from_secs(3)..=Duration::from_secs(600);
const REJECT_DELAY: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(10);
const COALESCE: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(86_400);
/// A longer one is a remembered station in all but name.
const COALESCE_USUAL: Duration = Duration::from_secs(3_600);
/// A name is part of log lines and counters.
const NAME_OCTETS_MAX: usize = 64;

/// A primary login as this door sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behind {
    /// A directory whose people are searched for.
    Searched,
    /// A directory whose people are not searched for, so that who they are is known too late.
    NotSearched,
    /// Something other than a directory.
    Other,
}

impl LdapDoorConfig {
    /// Turn the section into what it means, or note every problem of it. `primaries` are the names an application may
    /// name, and what stands behind each.
    pub fn link(
        self,
        path: &str,
        primaries: &BTreeMap<String, Behind>,
        sources: &dyn Sources,
        problems: &mut Problems,
    ) -> Option<LdapDoorSettings> {
        let listeners = link_listeners(&self.listeners, path, problems);
        let wants_tls = self.listeners.values().any(|listener| listener.tls != LdapListenerTlsConfig::Never);
        let identity = match &self.tls {
            Some(tls) => tls.link(path, sources, problems).map(Some),
            None if wants_tls => {
                let remedy = "write a certificate and its key, or `tls: never` at listeners on this machine";
                problems.error(format!("{path}.tls"), "no certificate, and a listener that speaks TLS", remedy);
                None
            }
            None => Some(None),
        };
        let balancers = networks(&self.balancers, &format!("{path}.balancers"), problems);
        let limits = self.limits.link(path, problems);
        let count = self.applications.len();
        let names: BTreeSet<&String> = self.listeners.keys().collect();
        let applications: Vec<ApplicationSettings> = self
            .applications
            .iter()
            .filter_map(|(name, application)| {
                application.link(&format!("{path}.applications.{name}"), name, &names, primaries, problems)
            })
            .collect();
        if count == 0 {
            let remedy = "add an application, or nobody can sign in by LDAP";
            problems.warn(format!("{path}.applications"), "no applications", remedy);
        }
        let apart = are_apart(&applications, path, problems);
        let (listeners, identity, balancers, limits) = (listeners?, identity?, balancers?, limits?);
        let whole = applications.len() == count && apart;
        whole.then_some(LdapDoorSettings { listeners, identity, balancers, applications, limits })
    }
}

fn link_listeners(
    written: &BTreeMap<String, LdapListenerConfig>,
    path: &str,
    problems: &mut Problems,
) -> Option<Vec<ListenerSettings>> {
    if written.is_empty() {
        let remedy = "write for example `secure: { address: \"0.0.0.0:636\" }`";
        problems.error(format!("{path}.listeners"), "no address to listen on", remedy);
        return None;
    }
    let mut listeners: Vec<ListenerSettings> = Vec::new();
    for (name, listener) in written {
        let path = format!("{path}.listeners.{name}");
        let name_fits = check_name(name, &path, problems);
        let path = format!("{path}.address");
        match listener.address.parse::<SocketAddr>() {
            Ok(address) if address.port() != 0 && listeners.iter().any(|other| other.address == address) => {
                problems.error(path, format!("{address} a second time"), "listen on each address once");
            }
            Ok(address) if name_fits => {
                let tls = match listener.tls {
                    LdapListenerTlsConfig::Immediate => ListenerTls::Immediate,
                    LdapListenerTlsConfig::StartTls => ListenerTls::StartTls,
                    LdapListenerTlsConfig::Never => ListenerTls::Never,
                };
                listeners.push(ListenerSettings { name: name.as_str().into(), address, tls });
            }
            Ok(_) => {}
            Err(_) => problems.error(path, &listener.address, "write an address and a port, like 0.0.0.0:636"),
        }
    }
    (listeners.len() == written.len()).then_some(listeners)
}

impl LdapDoorTlsConfig {
    fn link(&self, path: &str, sources: &dyn Sources, problems: &mut Problems) -> Option<ServerIdentity> {
        let chain = match sources.file(&self.certificate) {
            Ok(chain) => Some(chain),
            Err(why) => {
                problems.error(format!("{path}.tls.certificate"), why, "name a PEM file that the gateway may read");
                None
            }
        };
        let key = load_secret(sources, &self.key, &format!("{path}.tls.key"), problems);
        let (chain, key) = (chain?, key?);
        match ServerIdentity::from_pem(&chain, key.expose()) {
            Ok(identity) => Some(identity),
            Err(error) => {
                let remedy = "put the certificate first, its authorities after it, and the key that belongs to it";
                problems.error(format!("{path}.tls"), error.to_string(), remedy);
                None
            }
        }
    }
}

impl ApplicationConfig {
    fn link(
        &self,
        path: &str,
        name: &str,
        listeners: &BTreeSet<&String>,
        primaries: &BTreeMap<String, Behind>,
        problems: &mut Problems,
    ) -> Option<ApplicationSettings> {
        let name_fits = check_name(name, path, problems);
        let addresses = networks(&self.addresses, &format!("{path}.addresses"), problems);
        if self.addresses.is_empty() {
            let remedy = "write the addresses this application connects from";
            problems.error(format!("{path}.addresses"), "no address", remedy);
        }
        let listeners_hold = self.check_listeners(path, listeners, problems);
        let primary_holds = check_primary(&self.primary, primaries, path, problems);
        let splitting = link_append(self.append, path, problems);
        let patience = within(self.patience, PATIENCE, format!("{path}.patience"), problems);
        let reject_delay = within(self.reject_delay, REJECT_DELAY, format!("{path}.reject_delay"), problems);
        let coalesce = within(self.coalesce, COALESCE, format!("{path}.coalesce"), problems);
        let mechanisms_hold = self.check_mechanisms(path, problems);
        self.warn(path, problems);
        let accounts = self.link_accounts(path, problems);
        let (networks, splitting, patience) = (addresses?, splitting?, patience?);
        let (reject_delay, coalesce, accounts) = (reject_delay?, coalesce?, accounts?);
        let whole = name_fits && listeners_hold && primary_holds && mechanisms_hold && !networks.is_empty();
        whole.then(|| ApplicationSettings {
            name: name.into(),
            networks,
            listeners: self.listeners.iter().map(|name| Arc::from(name.as_str())).collect(),
            primary: self.primary.clone(),
            splitting,
            patience,
            reject_delay,
            order: match self.order {
                OrderConfig::PasswordFirst => Order::PasswordFirst,
                OrderConfig::FactorFirst => Order::FactorFirst,
            },
            direct: self.direct,
            allow_plaintext: self.allow_plaintext,
            anonymous: match self.anonymous {
                AnonymousConfig::RootDse => Anonymous::RootDse,
                AnonymousConfig::Read => Anonymous::Read,
                AnonymousConfig::Refuse => Anonymous::Refuse,
            },
            coalesce: Some(coalesce).filter(|span| !span.is_zero()),
            diagnostics: match self.diagnostics {
                DiagnosticsConfig::Pass => Diagnostics::Pass,
                DiagnosticsConfig::Generic => Diagnostics::Generic,
            },
            app_passwords: self.app_passwords,
            sasl: self.sasl.clone().into(),
            accounts,
        })
    }

    fn check_listeners(&self, path: &str, known: &BTreeSet<&String>, problems: &mut Problems) -> bool {
        let mut fine = true;
        for (index, name) in self.listeners.iter().enumerate().filter(|(_, name)| !known.contains(name)) {
            let names = known.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
            let found = format!("no listener named {name}");
            problems.error(format!("{path}.listeners.{index}"), found, format!("name one of: {names}"));
            fine = false;
        }
        fine
    }

    fn check_mechanisms(&self, path: &str, problems: &mut Problems) -> bool {
        let mut fine = true;
        for (index, name) in self.sasl.iter().enumerate() {
            let allowed = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
            let remedy = match name.as_str() {
                "EXTERNAL" => "leave it out: the directory would take the gateway's own certificate for the client's",
                "ANONYMOUS" => "leave it out: what may be asked without signing in is said by `anonymous`",
                "PLAIN" => "leave it out: it is always taken, and checked like a simple bind",
                // RFC 4422 §3.1
                name if !(1..=20).contains(&name.len()) || !name.chars().all(allowed) => {
                    "write the name of a mechanism in capitals, like GSSAPI"
                }
                _ => continue,
            };
            problems.error(format!("{path}.sasl.{index}"), format!("\"{name}\""), remedy);
            fine = false;
        }
        if !self.sasl.is_empty() && self.order == OrderConfig::FactorFirst {
            let found = "mechanisms that the directory checks first, with order: factor_first";
            problems.error(format!("{path}.sasl"), found, "leave one of them out");
            fine = false;
        }
        fine
    }

    fn warn(&self, path: &str, problems: &mut Problems) {
        if self.allow_plaintext {
            let remedy = "use TLS unless the application is on this machine";
            problems.warn(format!("{path}.allow_plaintext"), "passwords are taken unprotected", remedy);
        }
        if self.coalesce.0 > COALESCE_USUAL {
            let found = format!("{}: whoever knows a password needs no second step there for so long", self.coalesce);
            problems.warn(format!("{path}.coalesce"), found, "write some seconds, or at most an hour");
        }
    }

    fn link_accounts(&self, path: &str, problems: &mut Problems) -> Option<Vec<AccountSettings>> {
        let mut accounts: Vec<AccountSettings> = Vec::new();
        for (name, account) in &self.service_accounts {
            let path = format!("{path}.service_accounts.{name}");
            let Some(account) = account.link(&path, name, problems) else { continue };
            if accounts.iter().any(|other| other.parsed.is(&account.parsed)) {
                problems.error(format!("{path}.dn"), format!("{} a second time", account.dn), "write each DN once");
                continue;
            }
            accounts.push(account);
        }
        (accounts.len() == self.service_accounts.len()).then_some(accounts)
    }
}

impl LdapLimitsConfig {
    fn link(&self, path: &str, problems: &mut Problems) -> Option<Limits> {
        let mut fine = true;
        for (name, value, range) in [
            ("connections", self.connections, 16..=1_000_000),
            ("connections_per_source", self.connections_per_source, 4..=1_000_000),
            ("open_binds", self.open_binds, 1..=1_000_000),
            ("request_before_bind", self.request_before_bind, 4_096..=16 << 20),
            ("request", self.request, 4_096..=64 << 20),
            ("outstanding_before_bind", self.outstanding_before_bind, 1..=100_000),
            ("outstanding", self.outstanding, 1..=100_000),
        ] {
            if !range.contains(&value) {
                let remedy = format!("write {} to {}", range.start(), range.end());
                problems.error(format!("{path}.limits.{name}"), value.to_string(), remedy);
                fine = false;
            }
        }
        let at = |name: &str| format!("{path}.limits.{name}");
        let seconds = |from, to| Duration::from_secs(from)..=Duration::from_secs(to);
        let idle_timeout = within(self.idle_timeout, seconds(10, 604_800), at("idle_timeout"), problems);
        let request_timeout = within(self.request_timeout, seconds(1, 600), at("request_timeout"), problems);
        let write_timeout = within(self.write_timeout, seconds(1, 600), at("write_timeout"), problems);
        let (idle_timeout, request_timeout, write_timeout) = (idle_timeout?, request_timeout?, write_timeout?);
        fine.then_some(Limits {
            connections: self.connections,
            connections_per_source: self.connections_per_source,
            open_binds: self.open_binds,
            request_before_bind: self.request_before_bind,
            request: self.request,
            outstanding_before_bind: self.outstanding_before_bind,
            outstanding: self.outstanding,
            idle_timeout,
            request_timeout,
            write_timeout,
        })
    }
}

fn check_primary(primary: &str, known: &BTreeMap<String, Behind>, path: &str, problems: &mut Problems) -> bool {
    let path = format!("{path}.primary");
    match known.get(primary) {
        Some(Behind::Searched) => return true,
        Some(Behind::NotSearched) => {
            let remedy = "write find: { search: ... } there: who somebody is must be known before their factor is asked";
            problems.error(path, format!("{primary}, whose people are not searched for"), remedy);
        }
        Some(Behind::Other) => {
            let remedy = "name an `ldap` one: it is the directory behind this door";
            problems.error(path, format!("{primary}, which is no directory"), remedy);
        }
        None => {
            let names: Vec<&str> = known.keys().map(String::as_str).collect();
            let remedy = if names.is_empty() {
                "define a primary login first".to_owned()
            } else {
                format!("name one of: {}", names.join(", "))
            };
            problems.error(path, format!("no primary login named {primary}"), remedy);
        }
    }
    false
}

/// Two applications at one address and one listener could not be told apart.
fn are_apart(applications: &[ApplicationSettings], path: &str, problems: &mut Problems) -> bool {
    let mut apart = true;
    for (at, one) in applications.iter().enumerate() {
        for other in applications.iter().take(at) {
            let both_at_any = one.listeners.is_empty() || other.listeners.is_empty();
            let meet = both_at_any || one.listeners.iter().any(|name| other.listeners.contains(name));
            let shared = one.networks.iter().find(|network| other.networks.contains(network)).filter(|_| meet);
            if let Some(network) = shared {
                let found = format!("{network}, which {} has too", other.name);
                let remedy = "give each application addresses, or listeners, of its own";
                problems.error(format!("{path}.applications.{}.addresses", one.name), found, remedy);
                apart = false;
            }
        }
    }
    apart
}

fn link_append(append: AppendConfig, path: &str, problems: &mut Problems) -> Option<Splitting> {
    match append {
        AppendConfig::Never => Some(Splitting::Never),
        AppendConfig::Delimiter(delimiter) if delimiter.is_alphanumeric() || delimiter.is_control() => {
            let remedy = "use a character that codes do not contain, like a comma";
            problems.error(format!("{path}.append.delimiter"), format!("{delimiter:?}"), remedy);
            None
        }
        AppendConfig::Delimiter(delimiter) => Some(Splitting::After { delimiter }),
        AppendConfig::Digits(digits @ 6..=8) => Some(Splitting::Suffix { digits }),
        AppendConfig::Digits(digits) => {
            let remedy = "write 6, 7 or 8: codes have that many";
            problems.error(format!("{path}.append.digits"), digits.to_string(), remedy);
            None
        }
    }
}

pub(super) fn check_name(name: &str, path: &str, problems: &mut Problems) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let fits = !name.is_empty() && name.len() <= NAME_OCTETS_MAX && name.chars().all(plain);
    if !fits {
        let remedy = "use up to 64 letters, digits, dashes, dots and underscores";
        problems.error(path, format!("the name \"{name}\""), remedy);
    }
    fits
}

pub(super) fn networks(written: &[String], path: &str, problems: &mut Problems) -> Option<Vec<IpNet>> {
    let mut networks = Vec::new();
    for (index, text) in written.iter().enumerate() {
        let path = format!("{path}.{index}");
        match text.parse::<IpAddr>().map(IpNet::from).or_else(|_| text.parse::<IpNet>()) {
            Ok(network) if network != network.trunc() => {
                let found = format!("{network}, which has octets beyond its length");
                let remedy = format!("write {} or the single address {}", network.trunc(), network.addr());
                problems.error(path, found, remedy);
            }
            Ok(network) => networks.push(network),
            Err(_) => problems.error(path, text, "write an address or a network, like 192.0.2.7 or 192.0.2.0/24"),
        }
    }
    (networks.len() == written.len()).then_some(networks)
}

fn within(span: Span, range: RangeInclusive<Duration>, path: String, problems: &mut Problems) -> Option<Duration> {
    if range.contains(&span.0) {
        return Some(span.0);
    }
    let remedy = format!("write {} to {}", Span(*range.start()), Span(*range.end()));
    problems.error(path, span.to_string(), remedy);
    None
}
