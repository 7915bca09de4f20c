//! From what is written to what is meant. Every problem is told, not only the first.

use vestibule_engine::Password;
use vestibule_engine::config::{Problems, SecretRef, Sources, Span, load_secret};

use super::settings::{Account, Attributes, Below, Find, Groups, LdapSettings};
use super::{
    DirectoryKind, FindConfig, GroupBaseConfig, GroupSearchConfig, GroupsConfig, LdapConfig, ServerAddress, defaults,
};
use crate::names::distinguished::Dn;
use crate::names::template::{OF_A_MEMBER, OF_A_PERSON, Template};
use crate::wire::is_filter;

/// More servers than that would not be asked within one login anyway.
const SERVERS_MAX: usize = 8;
/// A directory serves a few thousand connections in all, and we are not its only client.
const CONNECTIONS_MAX: u32 = 256;
const DOMAINS_MAX: usize = 64;

/// Attributes that are renamed, reused or shared: not a person for ever.
const CHANGEABLE: [&str; 6] = ["uid", "cn", "mail", "samaccountname", "userprincipalname", "dn"];

impl LdapConfig {
    /// The meant settings, or problems at `path` (`sources.corp.ldap`).
    pub fn link(self, path: &str, sources: &dyn Sources, problems: &mut Problems) -> Option<LdapSettings> {
        let servers = self.link_servers(path, problems);
        let tls = if self.wants_tls() {
            self.tls.link(&format!("{path}.tls"), sources, problems).map(Some)
        } else {
            self.check_no_tls_settings(path, problems);
            Some(None)
        };
        let find = link_find(&self.find, self.directory, &format!("{path}.find"), sources, problems);
        let attributes = self.link_attributes(path, problems);
        let groups = self.link_groups(path, problems);
        let domains = self.link_domains(path, problems);
        let numbers = self.check_numbers(path, problems);
        numbers.then_some(())?;
        Some(LdapSettings {
            kind: self.directory,
            servers: servers?,
            tls: tls?,
            start_tls: self.tls.start_tls,
            find: find?,
            attributes: attributes?,
            groups: groups?,
            domains: domains?,
            timeout: self.timeout.0,
            connect_timeout: self.connect_timeout.0,
            connections: usize::try_from(self.connections).ok()?,
            bind_connections: usize::try_from(self.bind_connections).ok()?,
            idle_timeout: self.idle_timeout.0,
            cool_down: self.cool_down.0,
            cool_down_max: self.cool_down_max.0,
        })
    }

    fn wants_tls(&self) -> bool {
        self.tls.start_tls || self.servers.iter().any(|server| server.starts_with("ldaps:"))
    }

    fn link_servers(&self, path: &str, problems: &mut Problems) -> Option<Vec<ServerAddress>> {
        if self.servers.is_empty() || self.servers.len() > SERVERS_MAX {
            let found = format!("{} servers", self.servers.len());
            problems.error(format!("{path}.servers"), found, format!("write 1 to {SERVERS_MAX} servers"));
            return None;
        }
        let servers: Vec<_> = self
            .servers
            .iter()
            .enumerate()
            .filter_map(|(index, text)| self.link_server(&format!("{path}.servers.{index}"), text, problems))
            .collect();
        (servers.len() == self.servers.len()).then_some(servers)
    }

    fn link_server(&self, path: &str, text: &str, problems: &mut Problems) -> Option<ServerAddress> {
        let server = match ServerAddress::parse(text) {
            Ok(server) => server,
            Err(remedy) => {
                problems.error(path, format!("\"{text}\" is not a server"), remedy);
                return None;
            }
        };
        let is_protected = server.is_ldaps || self.tls.start_tls;
        if is_protected && server.is_ipv6() {
            let remedy = "write the server's name: its certificate is checked against that";
            problems.error(path, format!("the IPv6 address {} with TLS", server.host), remedy);
            return None;
        }
        // LDP-29
        if !is_protected && !self.allow_plaintext {
            let remedy = "write ldaps://, or set tls.start_tls: true, or (on one machine) allow_plaintext: true";
            problems.error(path, format!("{server} would carry passwords unprotected"), remedy);
            return None;
        }
        if !is_protected {
            let remedy = "use ldaps:// or tls.start_tls unless the directory is on this machine";
            problems.warn(path, format!("{server} carries passwords unprotected"), remedy);
        }
        Some(server)
    }

    fn check_no_tls_settings(&self, path: &str, problems: &mut Problems) {
        if self.tls.ca_file.is_some() {
            let remedy = "write ldaps:// in servers or set tls.start_tls: true, else it has no effect";
            problems.error(format!("{path}.tls.ca_file"), "an authority, but no server uses TLS", remedy);
        }
    }

    fn link_attributes(&self, path: &str, problems: &mut Problems) -> Option<Attributes> {
        let mut attribute = |key: &str, written: &Option<String>, default: &str| {
            let name = written.clone().unwrap_or_else(|| default.to_owned());
            let is_attribute = name.starts_with(|c: char| c.is_ascii_alphanumeric())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
            if !is_attribute {
                problems.error(format!("{path}.{key}"), format!("\"{name}\""), "write the name of one attribute");
            }
            is_attribute.then_some(name)
        };
        let id = attribute("id_attribute", &self.id_attribute, self.directory.id_attribute());
        let name = attribute("name_attribute", &self.name_attribute, self.directory.name_attribute());
        let display_name =
            attribute("display_name_attribute", &self.display_name_attribute, self.directory.display_name_attribute());
        let mail = attribute("mail_attribute", &self.mail_attribute, "mail");
        let id = id?;
        if CHANGEABLE.contains(&id.to_lowercase().as_str()) {
            let remedy =
                "use one that never changes (entryUUID, objectGUID): who gets an old name inherits its factors";
            problems.warn(format!("{path}.id_attribute"), format!("{id} can change or be given away"), remedy);
        }
        Some(Attributes { id, name: name?, display_name: display_name?, mail: mail? })
    }

    fn link_groups(&self, path: &str, problems: &mut Problems) -> Option<Groups> {
        let path = format!("{path}.groups");
        match (&self.groups, self.directory) {
            (Some(GroupsConfig::None {}), _) => Some(Groups::None),
            (Some(GroupsConfig::MemberOf {}), _) | (None, DirectoryKind::OpenLdap) => Some(Groups::MemberOf),
            (Some(GroupsConfig::Search(search)), _) => link_group_search(search, &format!("{path}.search"), problems),
            (Some(GroupsConfig::TokenGroups(groups)), _) => {
                let base = self.group_base(groups, &format!("{path}.token_groups"), problems)?;
                Some(Groups::Tokens { base })
            }
            (Some(GroupsConfig::MatchingRule(groups)), _) => {
                let base = self.group_base(groups, &format!("{path}.matching_rule"), problems)?;
                Some(Groups::MatchingRule { base })
            }
            (None, DirectoryKind::ActiveDirectory) => {
                let base = self.group_base(&GroupBaseConfig::default(), &path, problems)?;
                Some(Groups::Tokens { base })
            }
        }
    }

    fn group_base(&self, groups: &GroupBaseConfig, path: &str, problems: &mut Problems) -> Option<String> {
        if let Some(base) = &groups.base {
            return dn(base, &format!("{path}.base"), problems).map(|_| base.clone());
        }
        let people = match &self.find {
            FindConfig::Search(search) => search.base.clone(),
            FindConfig::UpnTemplate(upn) => upn.base.clone(),
            FindConfig::DnTemplate(template) => template.template.replace("{user}", "x").replace("{name}", "x"),
        };
        let domain = Dn::parse(&people).and_then(|base| base.domain());
        if domain.is_none() {
            let remedy = "write the base of the groups: token_groups: {base: \"dc=corp,dc=example\"}";
            problems.error(path, "no base, and the people's base has no dc= parts to take it from", remedy);
        }
        domain
    }

    fn link_domains(&self, path: &str, problems: &mut Problems) -> Option<Vec<String>> {
        let usable = |domain: &String| !domain.trim().is_empty() && !domain.contains(['@', '\\', ' ']);
        if self.domains.len() > DOMAINS_MAX || !self.domains.iter().all(usable) {
            let remedy = format!("write at most {DOMAINS_MAX} domains, like CORP or corp.example");
            problems.error(format!("{path}.domains"), format!("{:?}", self.domains), remedy);
            return None;
        }
        Some(self.domains.clone())
    }

    fn check_numbers(&self, path: &str, problems: &mut Problems) -> bool {
        let mut good = true;
        let mut within = |key: &str, span: Span, least: Span, most: Span| {
            if span < least || span > most {
                good = false;
                problems.error(format!("{path}.{key}"), span.to_string(), format!("write {least} to {most}"));
            }
        };
        let millis = |millis| Span(std::time::Duration::from_millis(millis));
        within("timeout", self.timeout, millis(100), Span::secs(60));
        within("connect_timeout", self.connect_timeout, millis(100), Span::secs(30));
        within("idle_timeout", self.idle_timeout, Span::secs(1), Span::secs(3600));
        within("cool_down", self.cool_down, millis(100), self.cool_down_max);
        within("cool_down_max", self.cool_down_max, millis(100), Span::secs(600));
        for (key, count) in [("connections", self.connections), ("bind_connections", self.bind_connections)] {
            if !(1..=CONNECTIONS_MAX).contains(&count) {
                good = false;
                problems.error(format!("{path}.{key}"), count.to_string(), format!("write 1 to {CONNECTIONS_MAX}"));
            }
        }
        good
    }
}

fn link_find(
    find: &FindConfig,
    directory: DirectoryKind,
    path: &str,
    sources: &dyn Sources,
    problems: &mut Problems,
) -> Option<Find> {
    match find {
        FindConfig::Search(search) => {
            let path = format!("{path}.search");
            let below = link_below(&search.base, search.filter.as_deref(), directory, &path, problems);
            let account = link_account(&search.bind_dn, &search.password, &path, sources, problems);
            Some(Find::Search { account: account?, below: below? })
        }
        FindConfig::DnTemplate(config) => {
            let path = format!("{path}.dn_template.template");
            let template = template(&config.template, OF_A_PERSON, &path, problems)?;
            dn(&config.template.replace("{user}", "x").replace("{name}", "x"), &path, problems)?;
            if !config.read_own_entry {
                let remedy = "leave read_own_entry on, so that people are told apart by an id that never changes";
                problems.warn(path, "people are known by their name alone", remedy);
            }
            Some(Find::DnTemplate { template, read_own_entry: config.read_own_entry })
        }
        FindConfig::UpnTemplate(upn) => {
            let path = format!("{path}.upn_template");
            let below = link_below(&upn.base, upn.filter.as_deref(), directory, &path, problems);
            let template = template(&upn.template, OF_A_PERSON, &format!("{path}.template"), problems);
            Some(Find::UpnTemplate { template: template?, below: below? })
        }
    }
}

fn link_below(
    base: &str,
    filter: Option<&str>,
    directory: DirectoryKind,
    path: &str,
    problems: &mut Problems,
) -> Option<Below> {
    let base_dn = dn(base, &format!("{path}.base"), problems);
    let filter =
        link_filter(filter.unwrap_or_else(|| directory.filter()), OF_A_PERSON, &format!("{path}.filter"), problems);
    Some(Below { base: base.to_owned(), base_dn: base_dn?, filter: filter? })
}

fn link_filter(text: &str, places: &[&str], path: &str, problems: &mut Problems) -> Option<Template> {
    let filter = template(text, places, path, problems)?;
    if !is_filter(&filter.any_name()) {
        let remedy = "write an LDAP filter in brackets, like (uid={user})";
        problems.error(path, format!("\"{text}\" is not a filter"), remedy);
        return None;
    }
    Some(filter)
}

fn link_account(
    bind_dn: &str,
    password: &SecretRef,
    path: &str,
    sources: &dyn Sources,
    problems: &mut Problems,
) -> Option<Account> {
    // Active Directory takes `name@domain` and `DOMAIN\name` here, so it need not be a DN.
    let usable = !bind_dn.trim().is_empty();
    if !usable {
        problems.error(format!("{path}.bind_dn"), "nothing", "write the DN of the service account");
    }
    let password_path = format!("{path}.password");
    let secret = load_secret(sources, password, &password_path, problems)?;
    let Ok(text) = std::str::from_utf8(secret.expose()) else {
        problems.error(password_path, format!("{password} is not UTF-8"), "set a password of letters and digits");
        return None;
    };
    usable.then(|| Account { dn: bind_dn.to_owned(), password: Password::new(text.as_bytes()) })
}

fn link_group_search(search: &GroupSearchConfig, path: &str, problems: &mut Problems) -> Option<Groups> {
    let base = dn(&search.base, &format!("{path}.base"), problems);
    let filter = search.filter.as_deref().unwrap_or(defaults::GROUP_FILTER);
    let filter = link_filter(filter, OF_A_MEMBER, &format!("{path}.filter"), problems);
    base?;
    Some(Groups::Search { base: search.base.clone(), filter: filter?, nested: search.nested })
}

fn template(text: &str, places: &[&str], path: &str, problems: &mut Problems) -> Option<Template> {
    let remedy = || format!("the places are {{{}}}", places.join("} and {"));
    Template::parse(text, places).map_err(|why| problems.error(path, format!("\"{text}\" has {why}"), remedy())).ok()
}

fn dn(text: &str, path: &str, problems: &mut Problems) -> Option<Dn> {
    let parsed = Dn::parse(text);
    if parsed.is_none() {
        problems.error(path, format!("\"{text}\" is not a DN"), "write one, like ou=people,dc=example,dc=org");
    }
    parsed
}
