//! Reading a packet where it lies.

use super::{Authenticator, Code, PACKET_OCTETS_MAX, PACKET_OCTETS_MIN};

/// A packet whose lengths have been checked. Borrowed: reading one allocates nothing.
#[derive(Clone, Copy)]
pub(crate) struct Packet<'a> {
    /// Exactly as many octets as the length field says.
    octets: &'a [u8],
    code: Code,
    identifier: u8,
    authenticator: &'a Authenticator,
    attributes: &'a [u8],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("the datagram has {0} octets, fewer than a header")]
    Short(usize),
    #[error("the length field says {0}, outside 20 to 4096")]
    LengthField(usize),
    #[error("the length field says {said}, the datagram has {arrived} octets")]
    Truncated { said: usize, arrived: usize },
    #[error("an attribute of type {kind} at octet {at} has an impossible length")]
    Attribute { kind: u8, at: usize },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attribute<'a> {
    pub(crate) kind: u8,
    pub(crate) value: &'a [u8],
}

impl<'a> Packet<'a> {
    /// RFC 2865 §3 and §5: what is longer than its length field is padded, what is shorter is dropped, an attribute
    /// that does not add up spoils the packet (RAD-01, RAD-02).
    pub(crate) fn parse(datagram: &'a [u8]) -> Result<Self, Malformed> {
        let &[code, identifier, high, low, ..] = datagram else { return Err(Malformed::Short(datagram.len())) };
        let said = usize::from(u16::from_be_bytes([high, low]));
        if !(PACKET_OCTETS_MIN..=PACKET_OCTETS_MAX).contains(&said) {
            return Err(Malformed::LengthField(said));
        }
        let truncated = Malformed::Truncated { said, arrived: datagram.len() };
        let octets = datagram.get(..said).ok_or(truncated)?;
        let (_, rest) = octets.split_at_checked(4).ok_or(truncated)?;
        let (authenticator, attributes) = rest.split_first_chunk::<16>().ok_or(truncated)?;
        check_lengths(attributes)?;
        Ok(Self { octets, code: Code(code), identifier, authenticator, attributes })
    }

    pub(crate) fn code(&self) -> Code {
        self.code
    }

    pub(crate) fn identifier(&self) -> u8 {
        self.identifier
    }

    pub(crate) fn authenticator(&self) -> &'a Authenticator {
        self.authenticator
    }

    /// The packet as it came, without padding.
    pub(crate) fn octets(&self) -> &'a [u8] {
        self.octets
    }

    pub(crate) fn attributes(&self) -> AttributeRun<'a> {
        AttributeRun(self.attributes)
    }

    pub(crate) fn all(&self, kind: u8) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.attributes().filter(move |attribute| attribute.kind == kind).map(|attribute| attribute.value)
    }

    pub(crate) fn first(&self, kind: u8) -> Option<&'a [u8]> {
        self.all(kind).next()
    }

    pub(crate) fn has(&self, kind: u8) -> bool {
        self.first(kind).is_some()
    }
}

fn check_lengths(attributes: &[u8]) -> Result<(), Malformed> {
    let mut run = AttributeRun(attributes);
    while run.next().is_some() {}
    match run.0 {
        [] => Ok(()),
        [kind, ..] => Err(Malformed::Attribute {
            kind: *kind,
            at: PACKET_OCTETS_MIN + attributes.len().saturating_sub(run.0.len()),
        }),
    }
}

/// Attributes one after the other. Ends at the first one whose length is impossible; a [`Packet`] holds none such.
#[derive(Clone, Copy)]
pub(crate) struct AttributeRun<'a>(pub(crate) &'a [u8]);

impl<'a> Iterator for AttributeRun<'a> {
    type Item = Attribute<'a>;

    fn next(&mut self) -> Option<Attribute<'a>> {
        let &[kind, length, ..] = self.0 else { return None };
        let (attribute, rest) = self.0.split_at_checked(usize::from(length))?;
        let value = attribute.get(2..)?;
        self.0 = rest;
        Some(Attribute { kind, value })
    }
}
