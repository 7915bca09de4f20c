//! From the section as written to what it means.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use url::Url;
use vestibule_engine::config::{Problems, Sources, Span, load_secret};
use vestibule_listen::ServerIdentity;

use super::console::Asked;
use super::contrast::TEXT_CONTRAST_MIN;
use super::{Colour, PortalConfig, PortalLimitsConfig, PortalTlsConfig, SessionConfig, SiteConfig};
use crate::settings::{Help, Origin, PortalSettings, SessionTimes, Site};

const SITE_NAME_CHARS_MAX: usize = 64;
const HELP_CHARS_MAX: usize = 128;
const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

impl PortalConfig {
    /// Turn the section into what it means, or note every problem of it. `primaries` are the names that may be named, each
    /// with the source that its people are kept under.
    pub fn link(
        self,
        path: &str,
        primaries: &BTreeMap<String, String>,
        sources: &dyn Sources,
        problems: &mut Problems,
    ) -> Option<PortalSettings> {
        let listen = link_listen(&self.listen, path, problems);
        let origin = link_origin(&self.origin, path, problems);
        let is_open = self.tls.is_none() && self.trusted_proxies.is_empty();
        if is_open {
            let remedy = "write a certificate and its key, or the addresses of the reverse proxy that ends TLS under \
                          trusted_proxies";
            problems.error(format!("{path}.tls"), "no certificate, and no trusted proxy in front", remedy);
        }
        let trusted_proxies = link_networks(&self.trusted_proxies, &format!("{path}.trusted_proxies"), problems);
        let balancers = link_networks(&self.balancers, &format!("{path}.balancers"), problems);
        let identity = match self.tls {
            Some(tls) => tls.link(path, sources, problems).map(Some),
            None => (!is_open).then_some(None),
        };
        let primaries_hold = link_primaries(&self.primaries, primaries, path, problems);
        let site = self.site.link(path, problems);
        let session = self.session.link(path, problems);
        let asked = Asked { names: &self.primaries, sources: primaries };
        let console = match self.console {
            Some(console) => console.link(&format!("{path}.console"), &asked, problems).map(Some),
            None => Some(None),
        };
        let limits_hold = self.limits.check(path, problems);
        let (listen, origin, identity, site, session) = (listen?, origin?, identity?, site?, session?);
        let (trusted_proxies, balancers, console) = (trusted_proxies?, balancers?, console?);
        (primaries_hold && limits_hold).then(|| PortalSettings {
            listen,
            origin,
            identity,
            trusted_proxies,
            balancers,
            primaries: self.primaries,
            site,
            session,
            console,
            connections: self.limits.connections,
            connections_per_source: self.limits.connections_per_source,
            refusal_delay: self.limits.refusal_delay.0,
        })
    }
}

fn link_listen(written: &[String], path: &str, problems: &mut Problems) -> Option<Vec<SocketAddr>> {
    let mut listen = Vec::new();
    for (index, text) in written.iter().enumerate() {
        let path = format!("{path}.listen.{index}");
        match text.parse() {
            Ok(address) if listen.contains(&address) => {
                problems.error(path, format!("{address} a second time"), "listen on each address once");
            }
            Ok(address) => listen.push(address),
            Err(_) => problems.error(path, text, "write an address and a port, like 0.0.0.0:8443 or [::]:8443"),
        }
    }
    if written.is_empty() {
        problems.error(format!("{path}.listen"), "no address to listen on", "write for example 0.0.0.0:8443");
    }
    (!listen.is_empty() && listen.len() == written.len()).then_some(listen)
}

pub(super) fn link_networks(written: &[String], path: &str, problems: &mut Problems) -> Option<Vec<IpNet>> {
    let mut networks = Vec::new();
    for (index, text) in written.iter().enumerate() {
        let text = text.trim();
        match text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)) {
            Ok(network) => networks.push(network.trunc()),
            Err(_) => problems.error(format!("{path}.{index}"), text, "write an address or a network, like 10.0.0.0/8"),
        }
    }
    (networks.len() == written.len()).then_some(networks)
}

fn link_origin(written: &str, path: &str, problems: &mut Problems) -> Option<Origin> {
    let is_bare = |url: &Url| {
        url.scheme() == "https"
            && url.host_str().is_some()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    };
    match Url::parse(written.trim()) {
        Ok(url) if is_bare(&url) => Some(Origin(url.origin().ascii_serialization())),
        _ => {
            problems.error(
                format!("{path}.origin"),
                written,
                "write https:// and a name, like https://login.example.com",
            );
            None
        }
    }
}

fn link_primaries(written: &[String], known: &BTreeMap<String, String>, path: &str, problems: &mut Problems) -> bool {
    let mut fine = true;
    if written.is_empty() {
        problems.error(
            format!("{path}.primaries"),
            "no primary login",
            "name at least one that stands under primaries",
        );
        fine = false;
    }
    for (index, name) in written.iter().enumerate() {
        let path = format!("{path}.primaries.{index}");
        if !known.contains_key(name) {
            let names = known.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            problems.error(path, name, format!("name one of: {names}"));
            fine = false;
        } else if written.iter().take(index).any(|earlier| earlier == name) {
            problems.error(path, format!("{name} a second time"), "name each primary login once");
            fine = false;
        }
    }
    fine
}

impl PortalTlsConfig {
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

impl SiteConfig {
    fn link(self, path: &str, problems: &mut Problems) -> Option<Site> {
        let name = self.name.trim().to_owned();
        let length = name.chars().count();
        let name_holds = (1..=SITE_NAME_CHARS_MAX).contains(&length) && !name.chars().any(char::is_control);
        if !name_holds {
            problems.error(format!("{path}.site.name"), format!("{name:?}"), "write 1 to 64 characters");
        }
        let help = match self.help.as_deref().map(Help::parse) {
            None => Some(None),
            Some(Some(help)) => Some(Some(help)),
            Some(None) => {
                let remedy = "write an e-mail address, an https:// address or a telephone number";
                problems.error(format!("{path}.site.help"), self.help.unwrap_or_default(), remedy);
                None
            }
        };
        let accent = match self.accent {
            None => Some(None),
            Some(written) => link_accent(&written, path, problems).map(Some),
        };
        let (help, accent) = (help?, accent?);
        name_holds.then_some(Site { name, help, accent })
    }
}

fn link_accent(written: &str, path: &str, problems: &mut Problems) -> Option<Colour> {
    let path = format!("{path}.site.accent");
    let Some(colour) = Colour::parse(written.trim()) else {
        problems.error(path, written, "write a colour as # and six hexadecimal digits, like \"#2B50C8\"");
        return None;
    };
    let contrast = colour.contrast_as_accent();
    if contrast < TEXT_CONTRAST_MIN {
        let found = format!("{colour}, whose contrast on our pages is {contrast:.1} : 1");
        problems.error(path, found, "write a darker colour: 4.5 : 1 is the least that people can read");
        return None;
    }
    Some(colour)
}

impl Help {
    pub(crate) fn parse(written: &str) -> Option<Self> {
        let shown = written.trim();
        if shown.is_empty() || shown.chars().count() > HELP_CHARS_MAX || shown.chars().any(char::is_control) {
            return None;
        }
        let is_phone =
            shown.starts_with(['+', '0']) && shown.chars().all(|c| c.is_ascii_digit() || "+-()/ ".contains(c));
        let link = if shown.starts_with("https://") {
            Url::parse(shown).ok()?.to_string()
        } else if is_phone {
            format!("tel:{}", shown.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect::<String>())
        } else if shown.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
            && !shown.contains([' ', '?', '&', '<', '>', '"'])
        {
            format!("mailto:{shown}")
        } else {
            return None;
        };
        Some(Self { shown: shown.to_owned(), link })
    }
}

impl SessionConfig {
    fn link(self, path: &str, problems: &mut Problems) -> Option<SessionTimes> {
        let mut within = |name: &str, found: Span, least: u64, most: u64| {
            let holds = (Duration::from_secs(least)..=Duration::from_secs(most)).contains(&found.0);
            if !holds {
                let remedy = format!("write {} to {}", Span::secs(least), Span::secs(most));
                problems.error(format!("{path}.session.{name}"), found.to_string(), remedy);
            }
            holds
        };
        let holds = within("idle", self.idle, MINUTE, DAY) & within("absolute", self.absolute, 5 * MINUTE, 7 * DAY);
        if holds && self.absolute < self.idle {
            let found = format!("{}, shorter than idle ({})", self.absolute, self.idle);
            problems.warn(format!("{path}.session.absolute"), found, "write a longer one, or a shorter idle");
        }
        holds.then_some(SessionTimes { idle: self.idle.0, absolute: self.absolute.0 })
    }
}

impl PortalLimitsConfig {
    fn check(&self, path: &str, problems: &mut Problems) -> bool {
        let mut within = |name: &str, found: usize, least: usize| {
            let holds = (least..=1_000_000).contains(&found);
            if !holds {
                let remedy = format!("write {least} to 1000000");
                problems.error(format!("{path}.limits.{name}"), found.to_string(), remedy);
            }
            holds
        };
        let counts = within("connections", self.connections, 16)
            & within("connections_per_source", self.connections_per_source, 4);
        let delay_holds = self.refusal_delay.0 <= Duration::from_secs(10);
        if !delay_holds {
            problems.error(format!("{path}.limits.refusal_delay"), self.refusal_delay.to_string(), "write at most 10s");
        }
        counts && delay_holds
    }
}
