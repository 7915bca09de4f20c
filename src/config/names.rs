//! The names in a configuration, and whether they lead to each other.

use std::collections::BTreeSet;

use vestibule_engine::config::Problems;

use super::file::{ConfigFile, PrimaryConfig};

/// A name is part of keys, log lines and paths.
const NAME_CHARS_MAX: usize = 64;

/// What local users are kept under, whatever their primary is called.
pub(super) const LOCAL: &str = "local";

pub(crate) fn check(file: &ConfigFile, primaries: &[String], problems: &mut Problems) {
    primaries_are_named(file, primaries, problems);
    services_exist(file, problems);
}

fn primaries_are_named(file: &ConfigFile, primaries: &[String], problems: &mut Problems) {
    for name in primaries.iter().filter(|name| !is_name(name)) {
        problems.error(format!("primaries.{name}"), format!("\"{name}\" as a name"), NAME_REMEDY);
    }
    let local = file.primaries.values().filter(|primary| matches!(primary, PrimaryConfig::Local(_))).count();
    if file.primaries.get(LOCAL).is_some_and(|primary| !matches!(primary, PrimaryConfig::Local(_))) {
        let remedy = "give it another name: users are kept under the name, and this one is that of local users";
        problems.error(format!("primaries.{LOCAL}"), format!("\"{LOCAL}\" as the name of another kind"), remedy);
    }
    if local > 1 {
        problems.error("primaries", "more than one `local`", "keep one: local users are one set of people");
    }
}

/// A rule for a service that does not exist never matches. That may be on purpose for a while, so it is a warning.
fn services_exist(file: &ConfigFile, problems: &mut Problems) {
    let clients = file.radius.iter().flat_map(|radius| radius.clients.keys());
    let applications = file.ldap.iter().flat_map(|ldap| ldap.applications.keys());
    let services: BTreeSet<&str> = clients.chain(applications).map(String::as_str).collect();
    for (at, rule) in file.policy.rules.iter().enumerate() {
        for (index, service) in rule.services.iter().enumerate() {
            if !services.contains(service.as_str()) {
                problems.warn(
                    format!("policy.rules.{at}.services.{index}"),
                    format!("no client or application is named \"{service}\", so this never matches"),
                    "correct the name, or remove it",
                );
            }
        }
    }
}

const NAME_REMEDY: &str = "use letters, digits, `-`, `_` and `.`, at most 64, beginning with a letter or digit";

/// The gateway's own name: as written, or the machine's.
pub(crate) fn node(written: Option<String>, host: Option<String>, problems: &mut Problems) -> Option<String> {
    let (name, whose) = match (written, host) {
        (Some(name), _) => (name, "the name of this gateway"),
        (None, Some(host)) => (host.trim().to_lowercase(), "the machine's host name"),
        (None, None) => {
            problems.error("node", "the machine has no host name", "write `node: NAME`");
            return None;
        }
    };
    if !is_name(&name) {
        problems.error("node", format!("{name:?} as {whose}"), format!("write `node: NAME`; {NAME_REMEDY}"));
        return None;
    }
    Some(name)
}

fn is_name(name: &str) -> bool {
    let usable = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.len() <= NAME_CHARS_MAX && name.chars().all(usable)
}
