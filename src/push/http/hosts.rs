//! Which hosts a device may have us talk to (PSH-05). An endpoint is text that somebody else chose.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

/// One entry of the list of allowed hosts: `push.example.com`, `*.push.example.com`, either with a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostRule {
    name: Name,
    port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Name {
    Exactly(String),
    /// Any name below this one, which begins with a dot.
    Below(String),
    Address(IpAddr),
}

impl HostRule {
    /// `None` when it is no host, or a star that would allow a whole top-level domain.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.contains(['/', '@', '?', '#', '\\', ' ']) {
            return None;
        }
        let (star, rest) = text.strip_prefix("*.").map_or((false, text), |rest| (true, rest));
        // What a browser makes of it is what an endpoint will say: the same parser reads both.
        let url = Url::parse(&format!("https://{rest}/")).ok()?;
        if rest.contains('*') {
            return None;
        }
        let name = match (url.host()?, star) {
            (Host::Domain(name), false) => Name::Exactly(name.to_owned()),
            (Host::Domain(name), true) if name.contains('.') => Name::Below(format!(".{name}")),
            (Host::Ipv4(address), false) => Name::Address(address.into()),
            (Host::Ipv6(address), false) => Name::Address(address.into()),
            _ => return None,
        };
        Some(Self { name, port: url.port_or_known_default()? })
    }

    pub(crate) fn allows(&self, url: &Url) -> bool {
        let fits = match (&self.name, url.host()) {
            (Name::Exactly(name), Some(Host::Domain(host))) => host == name,
            (Name::Below(end), Some(Host::Domain(host))) => host.ends_with(end.as_str()) && host.len() > end.len(),
            (Name::Address(IpAddr::V4(address)), Some(Host::Ipv4(host))) => host == *address,
            (Name::Address(IpAddr::V6(address)), Some(Host::Ipv6(host))) => host == *address,
            _ => false,
        };
        fits && url.port_or_known_default() == Some(self.port)
    }
}

impl fmt::Display for HostRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Name::Exactly(name) => f.write_str(name),
            Name::Below(end) => write!(f, "*{end}"),
            Name::Address(address) => write!(f, "{address}"),
        }?;
        if self.port == 443 { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PSH-05
    #[test]
    fn only_listed_hosts_and_ports_are_allowed() {
        let rules: Vec<_> = ["push.example.com", "*.push.example.net", "push.example.org:8443", "192.0.2.7"]
            .map(|text| HostRule::parse(text).unwrap())
            .into();
        for (endpoint, allowed) in [
            ("https://push.example.com/x", true),
            ("https://PUSH.example.com:443/x", true),
            ("https://push.example.com:444/x", false),
            ("https://a.push.example.com/x", false),
            ("https://push.example.com.evil.test/x", false),
            ("https://a.push.example.net/x", true),
            ("https://a.b.push.example.net/x", true),
            ("https://push.example.net/x", false),
            ("https://evilpush.example.net/x", false),
            ("https://push.example.org/x", false),
            ("https://push.example.org:8443/x", true),
            ("https://192.0.2.7/x", true),
            ("https://0xc0.0.2.7/x", true),
            ("https://192.0.2.8/x", false),
            ("https://push.example.com./x", false),
        ] {
            let url = Url::parse(endpoint).unwrap();
            assert_eq!(rules.iter().any(|rule| rule.allows(&url)), allowed, "{endpoint}");
        }
    }

    #[test]
    fn a_rule_that_is_no_host_or_allows_half_the_world_is_refused() {
        for text in ["", "*", "*.com", "*.192.0.2.1", "a/b", "a?b", "user@a.example", "https://a.example", "a b"] {
            assert_eq!(HostRule::parse(text), None, "{text:?}");
        }
    }
}
