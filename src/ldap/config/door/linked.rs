//! One application: from what is written to what is meant.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use vestibule_engine::config::Problems;
use vestibule_engine::{Order, Splitting};

use super::link::{check_name, networks, within};
use super::{
    AnonymousConfig, AppendConfig, ApplicationConfig, Behind, DiagnosticsConfig, LdapListenerConfig,
    LdapListenerTlsConfig, OrderConfig,
};
use crate::settings::{AccountSettings, Anonymous, ApplicationSettings, Diagnostics};

const PATIENCE: RangeInclusive<Duration> = Duration::from_secs(3)..=Duration::from_secs(600);
const REJECT_DELAY: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(10);
const COALESCE: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(86_400);
/// A longer one is a remembered station in all but name.
const COALESCE_USUAL: Duration = Duration::from_secs(3_600);

impl ApplicationConfig {
    pub(super) fn link(
        &self,
        path: &str,
        name: &str,
        listeners: &BTreeMap<String, LdapListenerConfig>,
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
        self.warn(path, listeners, problems);
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

    fn check_listeners(
        &self,
        path: &str,
        known: &BTreeMap<String, LdapListenerConfig>,
        problems: &mut Problems,
    ) -> bool {
        let mut fine = true;
        for (index, name) in self.listeners.iter().enumerate().filter(|(_, name)| !known.contains_key(*name)) {
            let names = known.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
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

    fn warn(&self, path: &str, listeners: &BTreeMap<String, LdapListenerConfig>, problems: &mut Problems) {
        let is_reached = |name: &String| self.listeners.is_empty() || self.listeners.contains(name);
        let reached: Vec<_> = listeners.iter().filter(|(name, _)| is_reached(name)).collect();
        let is_never_protected = reached.iter().all(|(_, listener)| listener.tls == LdapListenerTlsConfig::Never);
        if is_never_protected && !reached.is_empty() && !self.allow_plaintext {
            let found = "only listeners without TLS, where this application may send no password";
            let remedy = "give it a listener with TLS, or (on one machine) write allow_plaintext: true";
            problems.warn(format!("{path}.listeners"), found, remedy);
        }
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

fn check_primary(primary: &str, known: &BTreeMap<String, Behind>, path: &str, problems: &mut Problems) -> bool {
    let path = format!("{path}.primary");
    match known.get(primary) {
        Some(Behind::Searched) => return true,
        Some(Behind::NotSearched) => {
            let remedy =
                "write find: { search: ... } there: who somebody is must be known before their factor is asked";
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
