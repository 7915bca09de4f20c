//! What a server says, as it came, and as much of it as a test asks about.

use std::fmt;

/// One whole message of a server.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) id: i64,
    pub(crate) tag: u8,
    /// All of it, from its first octet to its last.
    pub(crate) octets: Vec<u8>,
}

pub(crate) const ENTRY: u8 = 0x64;
pub(crate) const REFERENCE: u8 = 0x73;
pub(crate) const INTERMEDIATE: u8 = 0x79;

impl Response {
    /// The message at the front of what was read, if it is there whole.
    pub(super) fn take(buffer: &mut Vec<u8>) -> Option<Self> {
        let (head, length) = length_at(buffer.get(1..)?)?;
        assert_eq!(buffer[0], 0x30, "no LDAP message: {buffer:02x?}");
        let total = 1 + head + length;
        if buffer.len() < total {
            return None;
        }
        let octets: Vec<u8> = buffer.drain(..total).collect();
        let (tag, id, rest) = element_at(&octets[1 + head..]).expect("a message id");
        assert_eq!(tag, 0x02, "{octets:02x?}");
        let id = id.iter().fold(0, |id, octet| id << 8 | i64::from(*octet));
        let tag = *rest.first().expect("an operation");
        Some(Self { id, tag, octets })
    }

    /// Whether nothing more comes for its id.
    pub(crate) fn is_final(&self) -> bool {
        ![ENTRY, REFERENCE, INTERMEDIATE].contains(&self.tag)
    }

    pub(crate) fn code(&self) -> u32 {
        assert!(self.is_final(), "{self:?} has no result");
        self.parts()[0].1.iter().fold(0, |code, octet| code << 8 | u32::from(*octet))
    }

    /// What the result says beside its code.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.parts()[2].1.clone()).unwrap()
    }

    /// The name of an extended response.
    pub(crate) fn name(&self) -> Option<String> {
        self.part(0x8A).map(|name| String::from_utf8(name).unwrap())
    }

    /// The value of an extended response.
    pub(crate) fn value(&self) -> Option<Vec<u8>> {
        self.part(0x8B)
    }

    /// The DN of an entry.
    pub(crate) fn dn(&self) -> String {
        assert_eq!(self.tag, ENTRY, "{self:?}");
        String::from_utf8(self.parts()[0].1.clone()).unwrap()
    }

    /// An entry's attributes with their values.
    pub(crate) fn attributes(&self) -> Vec<(String, Vec<Vec<u8>>)> {
        assert_eq!(self.tag, ENTRY, "{self:?}");
        let of = |(_, attribute): (u8, Vec<u8>)| {
            let parts = elements(&attribute);
            let values = elements(&parts[1].1).into_iter().map(|(_, value)| value).collect();
            (String::from_utf8(parts[0].1.clone()).unwrap(), values)
        };
        elements(&self.parts()[1].1).into_iter().map(of).collect()
    }

    /// The values of its controls by their names.
    pub(crate) fn controls(&self) -> Vec<(String, Vec<u8>)> {
        let Some((_, controls)) = self.message().into_iter().nth(2) else { return Vec::new() };
        let of = |(_, control): (u8, Vec<u8>)| {
            let parts = elements(&control);
            let value = parts.iter().skip(1).find(|(tag, _)| *tag == 0x04).map(|(_, value)| value.clone());
            (String::from_utf8(parts[0].1.clone()).unwrap(), value.unwrap_or_default())
        };
        elements(&controls).into_iter().map(of).collect()
    }

    fn message(&self) -> Vec<(u8, Vec<u8>)> {
        elements(&elements(&self.octets)[0].1)
    }

    fn parts(&self) -> Vec<(u8, Vec<u8>)> {
        elements(&self.message()[1].1)
    }

    fn part(&self, tag: u8) -> Option<Vec<u8>> {
        self.parts().into_iter().find(|(found, _)| *found == tag).map(|(_, content)| content)
    }
}

/// Elements one after another: tag and content.
pub(super) fn elements(mut octets: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut list = Vec::new();
    while !octets.is_empty() {
        let (tag, content, rest) = element_at(octets).unwrap_or_else(|| panic!("no element: {octets:02x?}"));
        list.push((tag, content.to_vec()));
        octets = rest;
    }
    list
}

fn element_at(octets: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (head, length) = length_at(octets.get(1..)?)?;
    let content = octets.get(1 + head..1 + head + length)?;
    Some((octets[0], content, &octets[1 + head + length..]))
}

/// How many octets a length takes, and what it says.
fn length_at(octets: &[u8]) -> Option<(usize, usize)> {
    let first = *octets.first()?;
    if first < 0x80 {
        return Some((1, usize::from(first)));
    }
    let count = usize::from(first & 0x7F);
    assert!((1..=4).contains(&count), "a length in {count} octets");
    let length = octets.get(1..=count)?.iter().fold(0, |length, octet| length << 8 | usize::from(*octet));
    Some((1 + count, length))
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response {{ id: {}, tag: {:02x}", self.id, self.tag)?;
        if self.is_final() {
            write!(f, ", code: {}, text: {:?}", self.code(), self.text())?;
        }
        if self.tag == ENTRY {
            write!(f, ", dn: {:?}", self.dn())?;
        }
        write!(f, ", {} octets }}", self.octets.len())
    }
}
