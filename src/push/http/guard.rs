//! Names are looked up here, and what they lead to is looked at before anybody is asked (PSH-05).
//!
//! The connection is made to the very addresses that passed, so a name that changes its mind between check and use
//! gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Addresses that may be asked: those anybody on the Internet can reach, and the networks an administrator listed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Permitted {
    pub(crate) private: Vec<IpNet>,
}

impl Permitted {
    pub(crate) fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public(address) || self.private.iter().any(|network| network.contains(&address))
    }
}

/// Resolves names for a client, and lets permitted addresses through only.
#[derive(Debug)]
pub(crate) struct Guard {
    permitted: Permitted,
    /// The proxy an administrator configured may be wherever it likes.
    proxy_host: Option<String>,
}

#[derive(Debug, thiserror::Error)]
#[error("the host of the endpoint leads to private addresses only, and allow_private does not list them")]
pub(super) struct PrivateAddress;

impl Guard {
    pub(crate) fn new(permitted: Permitted, proxy_host: Option<&str>) -> Self {
        Self { permitted, proxy_host: proxy_host.map(str::to_owned) }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str().to_owned();
        let permitted = self.permitted.clone();
        let anywhere = self.proxy_host.as_ref().is_some_and(|proxy| *proxy == name);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let kept: Vec<SocketAddr> = found.filter(|address| anywhere || permitted.allows(address.ip())).collect();
            if kept.is_empty() {
                return Err(PrivateAddress.into());
            }
            Ok(Box::new(kept.into_iter()) as Addrs)
        })
    }
}

/// Whether the whole Internet reaches this address (IANA special-purpose registries).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    const SPECIAL: [(u32, u32); 15] = [
        (0x0000_0000, 8),  // this network
        (0x0A00_0000, 8),  // private
        (0x6440_0000, 10), // carrier-grade NAT
        (0x7F00_0000, 8),  // loopback
        (0xA9FE_0000, 16), // link-local, cloud metadata
        (0xAC10_0000, 12), // private
        (0xC000_0000, 24), // protocol assignments
        (0xC000_0200, 24), // documentation
        (0xC058_6300, 24), // 6to4 relays
        (0xC0A8_0000, 16), // private
        (0xC612_0000, 15), // benchmarks
        (0xC633_6400, 24), // documentation
        (0xCB00_7100, 24), // documentation
        (0xE000_0000, 4),  // multicast
        (0xF000_0000, 4),  // reserved, broadcast
    ];
    let address = u32::from(address);
    !SPECIAL.iter().any(|(network, length)| address >> (32 - length) == network >> (32 - length))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let bits = u128::from(address);
    let within = |network: u128, length: u32| bits >> (128 - length) == network >> (128 - length);
    // NAT64: what is behind it is an IPv4 address.
    if within(0x0064_ff9b_0000_0000_0000_0000_0000_0000, 96) {
        let [.., a, b, c, d] = address.octets();
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    let global_unicast = within(0x2000_0000_0000_0000_0000_0000_0000_0000, 3);
    let special = within(0x2001_0000_0000_0000_0000_0000_0000_0000, 23) // protocol assignments, Teredo
        || within(0x2001_0db8_0000_0000_0000_0000_0000_0000, 32) // documentation
        || within(0x2002_0000_0000_0000_0000_0000_0000_0000, 16) // 6to4: any IPv4 address may be inside
        || within(0x3fff_0000_0000_0000_0000_0000_0000_0000, 20); // documentation
    global_unicast && !special
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn permitted(private: &[&str]) -> Permitted {
        Permitted { private: private.iter().map(|network| network.parse().unwrap()).collect() }
    }

    /// PSH-05
    #[test]
    fn no_private_address_is_asked() {
        for address in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "192.0.0.8",
            "198.18.0.1",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "192.0.2.1",
            "198.51.100.1",
            "203.0.113.1",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2001::1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "fec0::1",
            "3fff::1",
            "100::1",
        ] {
            assert!(!permitted(&[]).allows(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn public_addresses_are_asked() {
        for address in [
            "8.8.8.8",
            "17.57.146.20",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "2607:f8b0::1",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            assert!(permitted(&[]).allows(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn a_listed_network_is_asked_and_its_neighbour_is_not() {
        let permitted = permitted(&["10.20.0.0/16", "fd00:1::/32"]);
        for (address, allowed) in [
            ("10.20.3.4", true),
            ("::ffff:10.20.3.4", true),
            ("10.21.0.1", false),
            ("fd00:1::5", true),
            ("fd00:2::5", false),
        ] {
            assert_eq!(permitted.allows(address.parse().unwrap()), allowed, "{address}");
        }
    }

    proptest! {
        /// What the standard library calls private, loopback, link-local or multicast is never public here.
        #[test]
        fn nothing_private_is_public(bits: u32) {
            let address = Ipv4Addr::from(bits);
            let private = address.is_private() || address.is_loopback() || address.is_link_local()
                || address.is_multicast() || address.is_unspecified() || address.is_documentation();
            prop_assert!(!(private && is_public_v4(address)));
            let mapped = IpAddr::V6(address.to_ipv6_mapped());
            prop_assert_eq!(Permitted::default().allows(mapped), is_public_v4(address));
        }
    }
}
