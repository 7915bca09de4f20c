//! Writing a packet. The first attribute is always a Message-Authenticator (BLA-01, BLA-02): there is no way to write a
//! packet without one.

use super::{Authenticator, Code, PACKET_OCTETS_MAX, PACKET_OCTETS_MIN, SharedSecret, VALUE_OCTETS_MAX, number};

pub(crate) struct Writer {
    octets: Vec<u8>,
}

/// What was to be said is longer than the protocol can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("attribute {kind} of {octets} octets does not fit")]
pub(crate) struct DoesNotFit {
    pub(crate) kind: u8,
    pub(crate) octets: usize,
}

const SIGNATURE_AT: usize = PACKET_OCTETS_MIN + 2;

impl Writer {
    pub(crate) fn new(code: Code, identifier: u8) -> Self {
        let mut octets = Vec::with_capacity(256);
        octets.extend_from_slice(&[code.0, identifier]);
        octets.resize(PACKET_OCTETS_MIN, 0);
        octets.extend_from_slice(&[number::MESSAGE_AUTHENTICATOR, 18]);
        octets.resize(SIGNATURE_AT + 16, 0);
        Self { octets }
    }

    pub(crate) fn put(&mut self, kind: u8, value: &[u8]) -> Result<(), DoesNotFit> {
        let does_not_fit = DoesNotFit { kind, octets: value.len() };
        if value.len() > VALUE_OCTETS_MAX || self.octets.len() + 2 + value.len() > PACKET_OCTETS_MAX {
            return Err(does_not_fit);
        }
        let length = u8::try_from(value.len() + 2).map_err(|_| does_not_fit)?;
        self.octets.extend_from_slice(&[kind, length]);
        self.octets.extend_from_slice(value);
        Ok(())
    }

    /// Attributes that are already in wire form.
    pub(crate) fn put_run(&mut self, run: &[u8]) -> Result<(), DoesNotFit> {
        if self.octets.len() + run.len() > PACKET_OCTETS_MAX {
            return Err(DoesNotFit { kind: run.first().copied().unwrap_or(0), octets: run.len() });
        }
        self.octets.extend_from_slice(run);
        Ok(())
    }

    pub(crate) fn seal_request(mut self, authenticator: &Authenticator, secret: &SharedSecret) -> Vec<u8> {
        self.write_signature(authenticator, secret);
        self.octets
    }

    pub(crate) fn seal_answer(mut self, request: &Authenticator, secret: &SharedSecret) -> Vec<u8> {
        self.write_signature(request, secret);
        if let (Some(header), Some(attributes)) = (self.octets.get(..4), self.octets.get(PACKET_OCTETS_MIN..)) {
            let authenticator = secret.response_authenticator(header, request, attributes);
            self.overwrite(4, &authenticator);
        }
        self.octets
    }

    /// Length, authenticator, then the signature over everything with zeroes in its own place.
    fn write_signature(&mut self, authenticator: &Authenticator, secret: &SharedSecret) {
        let length = u16::try_from(self.octets.len()).unwrap_or(u16::MAX);
        self.overwrite(2, &length.to_be_bytes());
        self.overwrite(4, authenticator);
        let signature = secret.sign([self.octets.as_slice()]);
        self.overwrite(SIGNATURE_AT, &signature);
    }

    fn overwrite(&mut self, at: usize, octets: &[u8]) {
        if let Some(place) = self.octets.get_mut(at..at + octets.len()) {
            place.copy_from_slice(octets);
        }
    }
}
