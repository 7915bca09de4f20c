//! An entry of a directory as it was read, and what to read.

use ldap3::asn1::StructureTag;
use ldap3::{ResultEntry, Scope};

/// The most attributes of an entry, and octets of a value, that are looked at. We ask for few and short ones.
const ATTRIBUTES_MAX: usize = 64;
const VALUE_OCTETS_MAX: usize = 4096;

/// A question to a directory.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) base: &'a str,
    pub(crate) scope: Scope,
    pub(crate) filter: &'a str,
    pub(crate) attributes: &'a [String],
    /// The most entries that are taken; what to do when there are more is the caller's.
    pub(crate) limit: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) dn: String,
    attributes: Vec<(String, Vec<Vec<u8>>)>,
}

impl Entry {
    /// `None` for what is not an entry, whatever the server meant by it.
    pub(super) fn read(found: ResultEntry) -> Option<Self> {
        let mut parts = found.0.match_id(4)?.expect_constructed()?.into_iter();
        let dn = text(parts.next()?)?;
        let attributes = parts.next()?.expect_constructed()?;
        if attributes.len() > ATTRIBUTES_MAX {
            return None;
        }
        let attributes = attributes.into_iter().map(attribute).collect::<Option<_>>()?;
        Some(Self { dn, attributes })
    }

    /// All values of an attribute, by its name in any case.
    pub(crate) fn values(&self, name: &str) -> &[Vec<u8>] {
        let found = self.attributes.iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map_or(&[], |(_, values)| values)
    }

    /// The first value as text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.values(name).first().and_then(|value| std::str::from_utf8(value).ok()).filter(|value| !value.is_empty())
    }

    /// A part of an attribute with more values than the server tells at once: the values, and where the rest begins
    /// (`memberOf;range=0-1499`, LDP-31).
    pub(crate) fn range(&self, name: &str) -> Option<(&[Vec<u8>], Option<u32>)> {
        self.attributes.iter().find_map(|(found, values)| {
            let (kind, range) = found.split_once(';')?;
            let range = range.strip_prefix("range=").filter(|_| kind.eq_ignore_ascii_case(name))?;
            let (_, last) = range.split_once('-')?;
            let next = if last == "*" { None } else { Some(last.parse::<u32>().ok()?.checked_add(1)?) };
            Some((values.as_slice(), next))
        })
    }
}

fn attribute(part: StructureTag) -> Option<(String, Vec<Vec<u8>>)> {
    let mut parts = part.expect_constructed()?.into_iter();
    let name = text(parts.next()?)?;
    let values: Option<Vec<_>> = parts.next()?.expect_constructed()?.into_iter().map(octets).collect();
    Some((name, values?))
}

fn octets(part: StructureTag) -> Option<Vec<u8>> {
    part.expect_primitive().filter(|value| value.len() <= VALUE_OCTETS_MAX)
}

fn text(part: StructureTag) -> Option<String> {
    octets(part).and_then(|octets| String::from_utf8(octets).ok())
}
