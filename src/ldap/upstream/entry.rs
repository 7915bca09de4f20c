//! An entry of a directory as it was read, and what to read.

use tokio::time::Instant;

use super::fault::Fault;
use crate::wire::{FoundEntry, Scope, SearchRequest, Values, attributes};

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

impl Ask<'_> {
    /// The question in octets, behind its message id. The server gives up about when we do.
    pub(super) fn octets(&self, deadline: Instant) -> Result<Vec<u8>, Fault> {
        let patience = deadline.saturating_duration_since(Instant::now()).as_secs().saturating_add(1);
        let limited =
            |number: u64| u32::try_from(number).map_or(i32::MAX.unsigned_abs(), |number| number & 0x7FFF_FFFF);
        let &Ask { base, scope, filter, attributes, limit } = self;
        let entries_max = limited(limit as u64);
        let request = SearchRequest { base, scope, entries_max, seconds_max: limited(patience), filter, attributes };
        request.octets().map_err(|_| Fault::NotAsked("the filter cannot be read"))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) dn: String,
    /// The list of its attributes, as it came.
    attributes: Box<[u8]>,
}

impl Entry {
    /// `None` for what is beyond our limits, or has no readable name.
    pub(super) fn read(found: &FoundEntry<'_>) -> Option<Self> {
        let is_within =
            found.attributes_count <= ATTRIBUTES_MAX && found.longest.max(found.dn.len()) <= VALUE_OCTETS_MAX;
        let dn = std::str::from_utf8(found.dn).ok().filter(|_| is_within)?;
        Some(Self { dn: dn.to_owned(), attributes: found.attributes.into() })
    }

    /// The octets that it takes.
    pub(super) fn size(&self) -> usize {
        self.dn.len() + self.attributes.len()
    }

    /// All values of an attribute, by its name in any case.
    pub(crate) fn values(&self, name: &str) -> Values<'_> {
        let mut all = attributes(&self.attributes);
        all.find(|(found, _)| found.eq_ignore_ascii_case(name.as_bytes())).map(|(_, values)| values).unwrap_or_default()
    }

    /// The first value as text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.values(name).next().and_then(|value| std::str::from_utf8(value).ok()).filter(|value| !value.is_empty())
    }

    /// A part of an attribute with more values than the server tells at once: the values, and where the rest begins
    /// (`memberOf;range=0-1499`, LDP-31).
    pub(crate) fn range(&self, name: &str) -> Option<(Values<'_>, Option<u32>)> {
        attributes(&self.attributes).find_map(|(found, values)| {
            let (kind, range) = std::str::from_utf8(found).ok()?.split_once(';')?;
            let range = range.strip_prefix("range=").filter(|_| kind.eq_ignore_ascii_case(name))?;
            let (_, last) = range.split_once('-')?;
            let next = if last == "*" { None } else { Some(last.parse::<u32>().ok()?.checked_add(1)?) };
            Some((values, next))
        })
    }
}
