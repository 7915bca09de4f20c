//! A server's address: `ldaps://host:port`.

use std::fmt;
use std::net::IpAddr;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerAddress {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// TLS from the first octet on.
    pub(crate) is_ldaps: bool,
}

impl ServerAddress {
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = text.split_once("://").ok_or("write ldaps://host or ldaps://host:port")?;
        let is_ldaps = match scheme {
            "ldaps" => true,
            "ldap" => false,
            _ => return Err("the scheme is ldaps or ldap"),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((address, port)) => (address, (!port.is_empty()).then_some(port.strip_prefix(':').unwrap_or("bad"))),
            None => match rest.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (rest, None),
            },
        };
        let default = if is_ldaps { 636 } else { 389 };
        let port = port.map_or(Ok(default), str::parse).map_err(|_| "the port is a number from 1 to 65535")?;
        let usable = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        let is_host = !host.is_empty() && (host.chars().all(usable) || host.parse::<IpAddr>().is_ok());
        if !is_host || port == 0 {
            return Err("write a host name or an address and a port, and nothing behind them");
        }
        Ok(Self { host: host.to_owned(), port, is_ldaps })
    }

    pub(super) fn is_ipv6(&self) -> bool {
        self.host.contains(':')
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_ldaps { "ldaps" } else { "ldap" };
        if self.is_ipv6() {
            return write!(f, "{scheme}://[{}]:{}", self.host, self.port);
        }
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_with_its_scheme_and_port() {
        let read = |text| ServerAddress::parse(text).unwrap().to_string();
        assert_eq!(read("ldaps://dc1.corp.example"), "ldaps://dc1.corp.example:636");
        assert_eq!(read("ldap://127.0.0.1:1389/"), "ldap://127.0.0.1:1389");
        assert_eq!(read("ldap://[::1]"), "ldap://[::1]:389");
        assert_eq!(read("ldaps://[2001:db8::1]:3269"), "ldaps://[2001:db8::1]:3269");
    }

    #[test]
    fn an_address_with_anything_else_in_it_is_refused() {
        for text in [
            "dc1.corp.example",
            "http://dc1",
            "ldaps://",
            "ldaps://dc1:0",
            "ldaps://dc1:99999",
            "ldaps://dc1/dc=corp",
            "ldaps://admin:secret@dc1",
            "ldaps://dc1 dc2",
            "ldap://[::1]389",
        ] {
            assert!(ServerAddress::parse(text).is_err(), "{text}");
        }
    }
}
