//! Names for the attributes administrators write down, and the shapes of their values.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::Ipv6Net;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::VALUE_OCTETS_MAX;

/// How the value of an attribute is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Text in UTF-8.
    Text,
    /// Octets, written as hexadecimal digits after `0x`, or as text.
    Octets,
    /// A whole number of 32 bits, or the name of a value.
    Integer,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// An IPv6 prefix like `2001:db8::/64`.
    Ipv6Prefix,
}

pub(crate) struct Definition {
    pub(crate) name: &'static str,
    pub(crate) number: u8,
    pub(crate) kind: Kind,
}

pub(crate) fn find(name: &str) -> Option<&'static Definition> {
    TABLE.iter().find(|definition| definition.name.eq_ignore_ascii_case(name))
}

pub(crate) fn find_number(number: u8) -> Option<&'static Definition> {
    TABLE.iter().find(|definition| definition.number == number)
}

/// The number behind the name of a value, where the attribute has named values.
pub(crate) fn enumerated(attribute: u8, name: &str) -> Option<u32> {
    let found = |(number, known, value): &(u8, &str, u32)| {
        (*number == attribute && known.eq_ignore_ascii_case(name)).then_some(*value)
    };
    VALUES.iter().find_map(found)
}

impl Kind {
    /// The octets of a value as an administrator writes it, or what is wrong with it.
    pub(crate) fn encode(self, attribute: Option<u8>, written: &str) -> Result<Vec<u8>, String> {
        let octets = match self {
            Self::Text => written.as_bytes().to_vec(),
            Self::Octets => match written.strip_prefix("0x") {
                Some(digits) => hexadecimal(digits).ok_or_else(|| format!("{written} is not hexadecimal"))?,
                None => written.as_bytes().to_vec(),
            },
            Self::Integer => {
                let named = attribute.and_then(|attribute| enumerated(attribute, written));
                let value = named.or_else(|| written.parse().ok());
                value.ok_or_else(|| format!("{written} is not a whole number below 4294967296"))?.to_be_bytes().to_vec()
            }
            Self::Ipv4 => {
                let address: Ipv4Addr = written.parse().map_err(|_| format!("{written} is not an IPv4 address"))?;
                address.octets().to_vec()
            }
            Self::Ipv6 => {
                let address: Ipv6Addr = written.parse().map_err(|_| format!("{written} is not an IPv6 address"))?;
                address.octets().to_vec()
            }
            Self::Ipv6Prefix => {
                let prefix: Ipv6Net = written.parse().map_err(|_| format!("{written} is not an IPv6 prefix"))?;
                [&[0, prefix.prefix_len()][..], &prefix.network().octets()].concat()
            }
        };
        match octets.len() {
            0 => Err("the value is empty".to_owned()),
            1..=VALUE_OCTETS_MAX => Ok(octets),
            longer => Err(format!("the value has {longer} octets; at most {VALUE_OCTETS_MAX} fit")),
        }
    }

    /// A value for people to read.
    pub(crate) fn show(self, value: &[u8]) -> String {
        let shown = match self {
            Self::Text => std::str::from_utf8(value).ok().map(str::to_owned),
            Self::Octets => None,
            Self::Integer => value.try_into().ok().map(|octets| u32::from_be_bytes(octets).to_string()),
            Self::Ipv4 => <[u8; 4]>::try_from(value).ok().map(|octets| Ipv4Addr::from(octets).to_string()),
            Self::Ipv6 => <[u8; 16]>::try_from(value).ok().map(|octets| Ipv6Addr::from(octets).to_string()),
            Self::Ipv6Prefix => show_prefix(value),
        };
        shown.unwrap_or_else(|| value.iter().fold("0x".to_owned(), |text, octet| format!("{text}{octet:02x}")))
    }
}

fn show_prefix(value: &[u8]) -> Option<String> {
    let (&[_, length], address) = value.split_first_chunk::<2>()?;
    let mut octets = [0; 16];
    octets.get_mut(..address.len())?.copy_from_slice(address);
    Some(format!("{}/{length}", Ipv6Addr::from(octets)))
}

fn hexadecimal(digits: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let pair = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    rest.is_empty().then(|| pairs.iter().map(pair).collect())?
}

const fn define(name: &'static str, number: u8, kind: Kind) -> Definition {
    Definition { name, number, kind }
}

use Kind::{Integer, Ipv4, Ipv6, Ipv6Prefix, Octets, Text};

/// RFC 2865, 2866, 2868, 2869, 3162, 4372, 4675, 4818, 4849, 5580, 6911. Of the tunnel attributes, the form without a tag.
#[rustfmt::skip]
const TABLE: &[Definition] = &[
    define("User-Name", 1, Text), define("User-Password", 2, Octets), define("CHAP-Password", 3, Octets),
    define("NAS-IP-Address", 4, Ipv4), define("NAS-Port", 5, Integer), define("Service-Type", 6, Integer),
    define("Framed-Protocol", 7, Integer), define("Framed-IP-Address", 8, Ipv4), define("Framed-IP-Netmask", 9, Ipv4),
    define("Framed-Routing", 10, Integer), define("Filter-Id", 11, Text), define("Framed-MTU", 12, Integer),
    define("Framed-Compression", 13, Integer), define("Login-IP-Host", 14, Ipv4), define("Login-Service", 15, Integer),
    define("Login-TCP-Port", 16, Integer), define("Reply-Message", 18, Text), define("Callback-Number", 19, Text),
    define("Callback-Id", 20, Text), define("Framed-Route", 22, Text), define("Framed-IPX-Network", 23, Integer),
    define("State", 24, Octets), define("Class", 25, Octets), define("Vendor-Specific", 26, Octets),
    define("Session-Timeout", 27, Integer), define("Idle-Timeout", 28, Integer),
    define("Termination-Action", 29, Integer), define("Called-Station-Id", 30, Text),
    define("Calling-Station-Id", 31, Text), define("NAS-Identifier", 32, Text), define("Proxy-State", 33, Octets),
    define("Login-LAT-Service", 34, Text), define("Login-LAT-Node", 35, Text), define("Login-LAT-Group", 36, Octets),
    define("Framed-AppleTalk-Link", 37, Integer), define("Framed-AppleTalk-Network", 38, Integer),
    define("Framed-AppleTalk-Zone", 39, Text), define("CHAP-Challenge", 60, Octets),
    define("NAS-Port-Type", 61, Integer), define("Port-Limit", 62, Integer), define("Login-LAT-Port", 63, Text),
    define("Tunnel-Type", 64, Integer), define("Tunnel-Medium-Type", 65, Integer),
    define("Tunnel-Client-Endpoint", 66, Text), define("Tunnel-Server-Endpoint", 67, Text),
    define("Tunnel-Password", 69, Octets), define("ARAP-Password", 70, Octets), define("Prompt", 76, Integer),
    define("Connect-Info", 77, Text), define("Configuration-Token", 78, Text), define("EAP-Message", 79, Octets),
    define("Message-Authenticator", 80, Octets), define("Tunnel-Private-Group-Id", 81, Text),
    define("Tunnel-Assignment-Id", 82, Text), define("Tunnel-Preference", 83, Integer),
    define("Acct-Interim-Interval", 85, Integer), define("NAS-Port-Id", 87, Text), define("Framed-Pool", 88, Text),
    define("Chargeable-User-Identity", 89, Octets), define("Tunnel-Client-Auth-Id", 90, Text),
    define("Tunnel-Server-Auth-Id", 91, Text), define("NAS-Filter-Rule", 92, Text), define("NAS-IPv6-Address", 95, Ipv6),
    define("Framed-Interface-Id", 96, Octets), define("Framed-IPv6-Prefix", 97, Ipv6Prefix),
    define("Login-IPv6-Host", 98, Ipv6), define("Framed-IPv6-Route", 99, Text), define("Framed-IPv6-Pool", 100, Text),
    define("Error-Cause", 101, Integer), define("Egress-VLANID", 56, Integer), define("Egress-VLAN-Name", 58, Text),
    define("Delegated-IPv6-Prefix", 123, Ipv6Prefix), define("Operator-Name", 126, Text),
    define("Framed-IPv6-Address", 168, Ipv6), define("DNS-Server-IPv6-Address", 169, Ipv6),
];

#[rustfmt::skip]
const VALUES: &[(u8, &str, u32)] = &[
    (6, "Login-User", 1), (6, "Framed-User", 2), (6, "Callback-Login-User", 3), (6, "Callback-Framed-User", 4),
    (6, "Outbound-User", 5), (6, "Administrative-User", 6), (6, "NAS-Prompt-User", 7), (6, "Authenticate-Only", 8),
    (7, "PPP", 1), (7, "SLIP", 2),
    (29, "Default", 0), (29, "RADIUS-Request", 1),
    (64, "PPTP", 1), (64, "L2TP", 3), (64, "VLAN", 13),
    (65, "IPv4", 1), (65, "IPv6", 2), (65, "IEEE-802", 6),
];
