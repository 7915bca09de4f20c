//! RADIUS packets: octets to attributes and back, and the keyed digests that make them believable.
//!
//! Knows nothing of logins, clients or sockets. No input makes it panic or loop: what breaks the length rules is
//! malformed, and what is merely unknown is kept as it came.

mod dictionary;
mod packet;
mod password;
mod secret;
mod text;
mod writer;

pub use dictionary::Kind;
pub(crate) use dictionary::{find, find_number};
pub(crate) use packet::{Attribute, AttributeRun, Packet};
pub(crate) use password::{PASSWORD_OCTETS_MAX, hide, reveal};
pub(crate) use secret::{SharedSecret, Signature, is_answer_to, signature};
pub(crate) use text::pieces;
pub(crate) use writer::{DoesNotFit, Writer};

#[cfg(test)]
pub(crate) use packet::Malformed;

/// The shortest packet: a header without attributes (RFC 2865 §3).
pub(crate) const PACKET_OCTETS_MIN: usize = 20;
/// The longest packet (RFC 2865 §3).
pub(crate) const PACKET_OCTETS_MAX: usize = 4096;
/// The longest value of one attribute.
pub(crate) const VALUE_OCTETS_MAX: usize = 253;

pub(crate) type Authenticator = [u8; 16];

/// The first octet of a packet. Not an enum: every value may arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Code(pub(crate) u8);

impl Code {
    pub(crate) const ACCESS_REQUEST: Self = Self(1);
    pub(crate) const ACCESS_ACCEPT: Self = Self(2);
    pub(crate) const ACCESS_REJECT: Self = Self(3);
    pub(crate) const ACCESS_CHALLENGE: Self = Self(11);
    pub(crate) const STATUS_SERVER: Self = Self(12);
}

/// Attribute numbers that the code itself looks at; all others are only names in the dictionary.
pub(crate) mod number {
    pub(crate) const USER_NAME: u8 = 1;
    pub(crate) const USER_PASSWORD: u8 = 2;
    pub(crate) const CHAP_PASSWORD: u8 = 3;
    pub(crate) const SERVICE_TYPE: u8 = 6;
    pub(crate) const REPLY_MESSAGE: u8 = 18;
    pub(crate) const STATE: u8 = 24;
    pub(crate) const VENDOR_SPECIFIC: u8 = 26;
    pub(crate) const CALLING_STATION_ID: u8 = 31;
    pub(crate) const NAS_IDENTIFIER: u8 = 32;
    pub(crate) const PROXY_STATE: u8 = 33;
    pub(crate) const CHAP_CHALLENGE: u8 = 60;
    pub(crate) const TUNNEL_PASSWORD: u8 = 69;
    pub(crate) const PROMPT: u8 = 76;
    pub(crate) const EAP_MESSAGE: u8 = 79;
    pub(crate) const MESSAGE_AUTHENTICATOR: u8 = 80;

    /// Microsoft's number among vendors (RFC 2548).
    pub(crate) const VENDOR_MICROSOFT: u32 = 311;
}

#[cfg(test)]
mod tests;
