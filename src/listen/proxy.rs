//! The PROXY protocol, versions 1 and 2: how a load balancer in front of us says whose connection it is.
//!
//! Whoever writes such a header chooses the address we believe, so it is read from listed balancers only, and from them
//! it is required. From anybody else the octets are never looked at as a header.

mod read;
mod v1;
mod v2;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;

pub(crate) use self::read::read;

/// How long a header may be, with everything a balancer adds: the address and a client certificate's name are a few
/// hundred octets. What is longer is not meant for us.
pub(crate) const HEADER_OCTETS_MAX: usize = 4096;

/// The shortest prefix that tells the two versions apart: the signature of version 2, and less than any line of
/// version 1.
const PREFIX_OCTETS: usize = v2::SIGNATURE.len();

/// Who may say whose connection it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Balancers(Arc<[IpNet]>);

/// What a balancer said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyHeader {
    /// The connection is of `client`, who dialled `server`.
    Relayed { client: SocketAddr, server: SocketAddr },
    /// The connection is the balancer's own (a health check), or it does not know whose it is.
    Own,
}

/// How far the octets go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyParsed {
    /// The first `octets` octets are the header.
    Whole { header: ProxyHeader, octets: usize },
    /// At least this many more belong to the header.
    Needs(usize),
    /// The header ends with the next line feed.
    NeedsLine,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    #[error("the connection does not begin with a PROXY protocol header")]
    Missing,
    #[error("the PROXY protocol header is longer than {HEADER_OCTETS_MAX} octets")]
    TooLong,
    #[error("the PROXY protocol header is malformed")]
    Malformed,
    #[error("the PROXY protocol header is about something else than a TCP connection")]
    NotTcp,
}

impl Balancers {
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks.into())
    }

    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// Read the header at the beginning of `octets`. Never asks for an octet that is not the header's.
pub fn parse_proxy_header(octets: &[u8]) -> Result<ProxyParsed, HeaderError> {
    let Some(prefix) = octets.get(..PREFIX_OCTETS) else {
        let missing = PREFIX_OCTETS.saturating_sub(octets.len());
        let known = v2::SIGNATURE.starts_with(octets) || v1::may_begin(octets);
        return if known { Ok(ProxyParsed::Needs(missing)) } else { Err(HeaderError::Missing) };
    };
    if prefix == v2::SIGNATURE {
        v2::parse(octets)
    } else if v1::may_begin(prefix) {
        v1::parse(octets)
    } else {
        Err(HeaderError::Missing)
    }
}

/// Two addresses of one connection are of one family; one written as IPv6 that is IPv4 means the IPv4 one.
fn relayed(client: (IpAddr, u16), server: (IpAddr, u16)) -> ProxyHeader {
    let canonical = |(address, port): (IpAddr, u16)| SocketAddr::new(address.to_canonical(), port);
    ProxyHeader::Relayed { client: canonical(client), server: canonical(server) }
}

#[cfg(test)]
mod tests;
