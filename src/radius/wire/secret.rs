//! The shared secret, and what it proves about a packet.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use subtle::ConstantTimeEq;
use vestibule_engine::SecretBytes;

use super::{Authenticator, PACKET_OCTETS_MIN, Packet, number};

/// A shared secret, with the digests that begin with it already begun.
#[derive(Clone)]
pub(crate) struct SharedSecret {
    octets: SecretBytes,
    keyed: Hmac<Md5>,
    begun: Md5,
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSecret(..)")
    }
}

impl PartialEq for SharedSecret {
    fn eq(&self, other: &Self) -> bool {
        self.octets == other.octets
    }
}

impl Eq for SharedSecret {}

impl SharedSecret {
    pub(crate) fn new(octets: SecretBytes) -> Self {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let keyed = Hmac::new_from_slice(octets.expose()).expect("HMAC takes a key of any length");
        let begun = Md5::new().chain_update(octets.expose());
        Self { octets, keyed, begun }
    }

    /// MD5 over the secret and `more`: the stream that hides passwords (RFC 2865 §5.2).
    pub(super) fn stream(&self, more: &[u8]) -> Authenticator {
        self.begun.clone().chain_update(more).finalize().into()
    }

    /// HMAC-MD5 over `parts` (RFC 3579 §3.2).
    pub(super) fn sign<'a>(&self, parts: impl IntoIterator<Item = &'a [u8]>) -> Authenticator {
        let mut mac = self.keyed.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// The Response Authenticator: MD5 over the answer with the request's authenticator in it, and the secret
    /// (RFC 2865 §3).
    pub(super) fn response_authenticator(
        &self,
        header: &[u8],
        request: &Authenticator,
        attributes: &[u8],
    ) -> Authenticator {
        let digest = Md5::new().chain_update(header).chain_update(request).chain_update(attributes);
        digest.chain_update(self.octets.expose()).finalize().into()
    }

    #[cfg(test)]
    pub(crate) fn sign_for_test(&self, octets: &[u8]) -> Authenticator {
        self.sign([octets])
    }

    /// For servers of tests that answer without a Message-Authenticator.
    #[cfg(test)]
    pub(crate) fn response_authenticator_for_test(&self, header: &[u8], request: &Authenticator) -> Authenticator {
        self.response_authenticator(header, request, &[])
    }
}

/// What the Message-Authenticator of a packet says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signature {
    Valid,
    Wrong,
    Absent,
}

/// Check the Message-Authenticator of a packet, wherever in it that is (BLA-07). `authenticator` is the packet's own for
/// a request, the request's for an answer. More than one is as wrong as a wrong one (RFC 3579 §3.2).
pub(crate) fn signature(packet: &Packet<'_>, secret: &SharedSecret, authenticator: &Authenticator) -> Signature {
    let octets = packet.octets();
    let mut run = packet.attributes();
    let mut found = None;
    while let Some(attribute) = run.next() {
        if attribute.kind == number::MESSAGE_AUTHENTICATOR {
            let Ok(value) = <&Authenticator>::try_from(attribute.value) else { return Signature::Wrong };
            let end = octets.len().saturating_sub(run.0.len());
            if found.replace((value, end)).is_some() {
                return Signature::Wrong;
            }
        }
    }
    let Some((value, end)) = found else { return Signature::Absent };
    let parts = (octets.get(..4), octets.get(PACKET_OCTETS_MIN..end.saturating_sub(16)), octets.get(end..));
    let (Some(header), Some(before), Some(after)) = parts else { return Signature::Wrong };
    let expected = secret.sign([header, authenticator, before, &[0; 16], after]);
    if expected.ct_eq(value).into() { Signature::Valid } else { Signature::Wrong }
}

/// Whether an answer's Response Authenticator fits the request it claims to answer.
pub(crate) fn is_answer_to(packet: &Packet<'_>, secret: &SharedSecret, request: &Authenticator) -> bool {
    let octets = packet.octets();
    let (Some(header), Some(attributes)) = (octets.get(..4), octets.get(PACKET_OCTETS_MIN..)) else { return false };
    secret.response_authenticator(header, request, attributes).ct_eq(packet.authenticator()).into()
}
