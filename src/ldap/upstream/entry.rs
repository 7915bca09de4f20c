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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::put;

    /// An entry with these attributes, each with its values.
    fn entry(attributes: &[(&str, &[&str])]) -> Entry {
        let mut list = Vec::new();
        for (name, values) in attributes {
            let (mut set, mut attribute) = (Vec::new(), Vec::new());
            values.iter().for_each(|value| put(&mut set, 0x04, value.as_bytes()));
            put(&mut attribute, 0x04, name.as_bytes());
            put(&mut attribute, 0x31, &set);
            put(&mut list, 0x30, &attribute);
        }
        Entry { dn: "cn=x".to_owned(), attributes: list.into() }
    }

    #[test]
    fn values_are_found_by_a_name_in_any_case() {
        let entry = entry(&[("cn", &["Ada"]), ("MAIL", &["a@b", "c@d"]), ("empty", &[]), ("title", &[""])]);
        assert_eq!(entry.values("mail").collect::<Vec<_>>(), [b"a@b", b"c@d"]);
        assert_eq!((entry.text("CN"), entry.text("empty"), entry.text("title")), (Some("Ada"), None, None));
        assert_eq!(entry.values("sn").count(), 0);
    }

    #[test] // LDP-31
    fn a_part_of_an_attribute_tells_where_the_rest_begins() {
        let parts = entry(&[("memberOf", &[]), ("memberOf;range=0-1499", &["a"]), ("member;range=5-*", &["b"])]);
        let range = |name| parts.range(name).map(|(values, next)| (values.count(), next));
        assert_eq!((range("memberof"), range("member"), range("cn")), (Some((1, Some(1500))), Some((1, None)), None));
    }

    proptest! {
        #[test]
        fn whatever_its_attributes_are_they_are_looked_through_without_a_panic(
            octets in proptest::collection::vec(any::<u8>(), 0..100),
            name in "[a-z]{0,3}",
        ) {
            let entry = Entry { dn: String::new(), attributes: octets.into() };
            entry.values(&name).for_each(drop);
            entry.text(&name);
            entry.range(&name);
        }
    }
}
