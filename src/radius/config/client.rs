//! One client: from what is written to what is meant.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use ipnet::IpNet;
use vestibule_engine::Splitting;
use vestibule_engine::config::{Problems, Sources, Span};

use super::secret::link_secret;
use super::{Append, ClientConfig, ClientDefaults, PassThrough, RequireSignature, attribute};
use crate::settings::{ClientSettings, Pass};
use crate::wire::{self, number};

const PATIENCE: RangeInclusive<Duration> = Duration::from_secs(3)..=Duration::from_secs(600);
const REJECT_DELAY: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(10);
/// A name is part of log lines and counters.
const NAME_OCTETS_MAX: usize = 64;

impl ClientConfig {
    pub(super) fn link(
        self,
        path: &str,
        name: &str,
        defaults: &ClientDefaults,
        primaries: &BTreeSet<String>,
        sources: &dyn Sources,
        problems: &mut Problems,
    ) -> Option<ClientSettings> {
        let name_fits = check_name(name, path, problems);
        let networks = link_networks(&self.addresses, path, problems);
        let secret = link_secret(&self.secret, &format!("{path}.secret"), sources, problems);
        let primary_known = check_primary(&self.primary, primaries, path, problems);
        let splitting = link_append(self.append.or(defaults.append).unwrap_or_default(), path, problems);
        let patience = self.patience.or(defaults.patience).unwrap_or(Span::secs(25));
        let patience = within(patience, PATIENCE, format!("{path}.patience"), problems);
        let reject_delay = self.reject_delay.or(defaults.reject_delay).unwrap_or(Span::secs(1));
        let reject_delay = within(reject_delay, REJECT_DELAY, format!("{path}.reject_delay"), problems);
        let station = self.station_attribute.as_ref().or(defaults.station_attribute.as_ref());
        let station = link_station(station.map(String::as_str), path, problems);
        let pass = self.pass_through.or_else(|| defaults.pass_through.clone()).unwrap_or_default();
        let pass = link_pass(&pass, path, problems);
        let reply_attributes = attribute::link_all(&self.reply_attributes, path, problems);
        let require = self.require_message_authenticator.or(defaults.require_message_authenticator).unwrap_or_default();
        warn_of_unsigned(require, path, problems);
        if !(name_fits && primary_known) {
            return None;
        }
        Some(ClientSettings {
            name: name.into(),
            networks: networks?,
            secret: secret?,
            primary: self.primary,
            require_signature: require,
            prompt: self.prompt.or(defaults.prompt).unwrap_or_default(),
            splitting: splitting?,
            patience: patience?,
            reject_delay: reject_delay?,
            on_fault: self.on_fault.or(defaults.on_fault).unwrap_or_default(),
            station_attribute: station?,
            pass: pass?,
            reply_attributes: reply_attributes?,
        })
    }
}

fn check_name(name: &str, path: &str, problems: &mut Problems) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let fits = !name.is_empty() && name.len() <= NAME_OCTETS_MAX && name.chars().all(plain);
    if !fits {
        problems.error(
            path,
            format!("the name \"{name}\""),
            "use up to 64 letters, digits, dashes, dots and underscores",
        );
    }
    fits
}

fn check_primary(primary: &str, known: &BTreeSet<String>, path: &str, problems: &mut Problems) -> bool {
    let is_known = known.contains(primary);
    if !is_known {
        let names = known.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let remedy =
            if names.is_empty() { "define a primary login first".to_owned() } else { format!("name one of: {names}") };
        problems.error(format!("{path}.primary"), format!("no primary login named {primary}"), remedy);
    }
    is_known
}

fn link_networks(written: &[String], path: &str, problems: &mut Problems) -> Option<Vec<IpNet>> {
    let mut networks = Vec::new();
    for (index, text) in written.iter().enumerate() {
        let path = format!("{path}.addresses.{index}");
        match text.parse::<IpAddr>().map(IpNet::from).or_else(|_| text.parse::<IpNet>()) {
            Ok(network) if network != network.trunc() => {
                let found = format!("{network}, which has octets beyond its length");
                problems.error(
                    path,
                    found,
                    format!("write {} or the single address {}", network.trunc(), network.addr()),
                );
            }
            Ok(network) if networks.contains(&network) => {
                problems.error(path, format!("{network} a second time"), "write each address once");
            }
            Ok(network) => {
                if network.prefix_len() == 0 {
                    let remedy = "name the networks that really ask: this secret is now accepted from everywhere";
                    problems.warn(path, network.to_string(), remedy);
                }
                networks.push(network);
            }
            Err(_) => problems.error(path, text, "write an address or a network, like 192.0.2.7 or 192.0.2.0/24"),
        }
    }
    if written.is_empty() {
        problems.error(format!("{path}.addresses"), "no address", "write the addresses this client sends from");
    }
    (!networks.is_empty() && networks.len() == written.len()).then_some(networks)
}

fn link_append(append: Append, path: &str, problems: &mut Problems) -> Option<Splitting> {
    match append {
        Append::Never => Some(Splitting::Never),
        Append::Delimiter(delimiter) if delimiter.is_alphanumeric() || delimiter.is_control() => {
            let remedy = "use a character that codes do not contain, like a comma";
            problems.error(format!("{path}.append.delimiter"), format!("{delimiter:?}"), remedy);
            None
        }
        Append::Delimiter(delimiter) => Some(Splitting::After { delimiter }),
        Append::Digits(digits @ 6..=8) => Some(Splitting::Suffix { digits }),
        Append::Digits(digits) => {
            problems.error(
                format!("{path}.append.digits"),
                digits.to_string(),
                "write 6, 7 or 8: codes have that many",
            );
            None
        }
    }
}

fn within(span: Span, range: RangeInclusive<Duration>, path: String, problems: &mut Problems) -> Option<Duration> {
    if range.contains(&span.0) {
        return Some(span.0);
    }
    let remedy = format!("write {} to {}", Span(*range.start()), Span(*range.end()));
    problems.error(path, span.to_string(), remedy);
    None
}

fn link_station(name: Option<&str>, path: &str, problems: &mut Problems) -> Option<u8> {
    let Some(name) = name else { return Some(number::CALLING_STATION_ID) };
    let found = wire::find(name).map(|definition| definition.number);
    if found.is_none() {
        let remedy = "write a standard name, like Calling-Station-Id";
        problems.error(format!("{path}.station_attribute"), format!("{name}, which is not a known attribute"), remedy);
    }
    found
}

fn link_pass(written: &PassThrough, path: &str, problems: &mut Problems) -> Option<Pass> {
    match written {
        PassThrough::All => Some(Pass::All),
        PassThrough::None => Some(Pass::Only(Vec::new())),
        PassThrough::Only(names) => {
            let mut kinds = Vec::new();
            for (index, name) in names.iter().enumerate() {
                match wire::find(name) {
                    Some(definition) => kinds.push(definition.number),
                    None => problems.error(
                        format!("{path}.pass_through.only.{index}"),
                        format!("{name}, which is not a known attribute"),
                        "write a standard name, like Class; Vendor-Specific means those of all vendors",
                    ),
                }
            }
            (kinds.len() == names.len()).then_some(Pass::Only(kinds))
        }
    }
}

fn warn_of_unsigned(require: RequireSignature, path: &str, problems: &mut Problems) {
    let found = match require {
        RequireSignature::Yes => return,
        RequireSignature::Auto => "auto: unsigned requests are taken until the first signed one",
        RequireSignature::No => "no: unsigned requests are taken",
    };
    let remedy =
        "update the client so that it signs, then write yes: until then an acceptance can be forged on the way";
    problems.warn(format!("{path}.require_message_authenticator"), found, remedy);
}
