//! A search as we ask it, and its answers (RFC 4511 §4.5).

use super::ber::{self, BOOLEAN, ENUMERATED, Elements, INTEGER, OCTET_STRING, SEQUENCE, SET};
use super::filter_text::{NotAFilter, put_filter};
use super::frame::response_head;
use super::response::{Outcome, is_controls_or_nothing};
use super::write::{ending, put, put_around, put_number};

const SEARCH: u8 = 0x63;
const ENTRY: u8 = 0x64;
const REFERENCE: u8 = 0x73;
const INTERMEDIATE: u8 = 0x79;
const NEVER_DEREF: u32 = 0;

/// The largest answer that is taken into memory. Entries are small: few attributes are asked for.
pub(crate) const ANSWER_MAX: usize = 4 << 20;

/// What to ask.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SearchRequest<'a> {
    pub(crate) base: &'a str,
    pub(crate) scope: Scope,
    pub(crate) entries_max: u32,
    pub(crate) seconds_max: u32,
    pub(crate) filter: &'a str,
    pub(crate) attributes: &'a [String],
}

/// How far from the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    Base,
    Subtree,
}

impl SearchRequest<'_> {
    /// The operation, behind the message id.
    pub(crate) fn octets(&self) -> Result<Vec<u8>, NotAFilter> {
        let names: usize = self.attributes.iter().map(|name| name.len() + 2).sum();
        let mut octets = Vec::with_capacity(self.base.len() + self.filter.len() + names + 64);
        put_around(&mut octets, SEARCH, |octets| {
            put(octets, OCTET_STRING, self.base.as_bytes());
            put_number(octets, ENUMERATED, if self.scope == Scope::Base { 0 } else { 2 });
            put_number(octets, ENUMERATED, NEVER_DEREF);
            put_number(octets, INTEGER, self.entries_max);
            put_number(octets, INTEGER, self.seconds_max);
            // Values too, not only the names of attributes.
            put(octets, BOOLEAN, &[0]);
            put_filter(octets, self.filter)?;
            put_around(octets, SEQUENCE, |octets| {
                self.attributes.iter().for_each(|name| put(octets, OCTET_STRING, name.as_bytes()));
            });
            Ok(())
        })?;
        Ok(octets)
    }
}

/// One message among the answers to searches.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SearchAnswer<'a> {
    Entry(FoundEntry<'a>),
    /// A reference to another server, or word of how it goes on.
    Aside,
    Done(Outcome<'a>),
    /// What is no answer to a search.
    Other,
    /// What is not as LDAP has it, behind its message id.
    Unreadable,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FoundEntry<'a> {
    pub(crate) dn: &'a [u8],
    /// The list of attributes, as it came; its form was looked through.
    pub(crate) attributes: &'a [u8],
    pub(crate) attributes_count: usize,
    /// The octets of the longest name or value.
    pub(crate) longest: usize,
}

impl<'a> SearchAnswer<'a> {
    /// Which message is answered, and how, by the content of a message; `None` where that cannot be told.
    pub(crate) fn read(content: &'a [u8]) -> Option<(i32, Self)> {
        let (id, _) = response_head(content, true).ok()??;
        Some((id, Self::behind_id(content).unwrap_or(Self::Unreadable)))
    }

    fn behind_id(content: &'a [u8]) -> Option<Self> {
        if !ber::is_well_formed(content) {
            return None;
        }
        let mut message = Elements(content);
        message.expect(INTEGER)?;
        let (tag, operation) = message.next()?;
        if !is_controls_or_nothing(message) {
            return None;
        }
        Some(match tag {
            ENTRY => Self::Entry(FoundEntry::read(operation)?),
            REFERENCE | INTERMEDIATE => Self::Aside,
            ending::SEARCH => Self::Done(Outcome::of_search(Elements(operation))?),
            _ => Self::Other,
        })
    }
}

impl<'a> FoundEntry<'a> {
    fn read(content: &'a [u8]) -> Option<Self> {
        let mut entry = Elements(content);
        let dn = entry.expect(OCTET_STRING)?;
        let attributes = entry.expect(SEQUENCE)?;
        let (mut list, mut attributes_count, mut longest) = (Elements(attributes), 0, 0);
        while !list.is_empty() {
            let mut attribute = Elements(list.expect(SEQUENCE)?);
            longest = longest.max(attribute.expect(OCTET_STRING)?.len());
            let mut values = Elements(attribute.expect(SET)?);
            while !values.is_empty() {
                longest = longest.max(values.expect(OCTET_STRING)?.len());
            }
            if !attribute.is_empty() {
                return None;
            }
            attributes_count += 1;
        }
        entry.is_empty().then_some(Self { dn, attributes, attributes_count, longest })
    }
}

/// The attributes of a list that was looked through: each with its values.
pub(crate) fn attributes(list: &[u8]) -> impl Iterator<Item = (&[u8], Values<'_>)> {
    let mut list = Elements(list);
    std::iter::from_fn(move || {
        let mut attribute = Elements(list.expect(SEQUENCE)?);
        Some((attribute.expect(OCTET_STRING)?, Values(Elements(attribute.expect(SET)?))))
    })
}

/// The values of an attribute.
#[derive(Debug, Clone, Default)]
pub(crate) struct Values<'a>(Elements<'a>);

impl<'a> Iterator for Values<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        self.0.expect(OCTET_STRING)
    }
}

#[cfg(test)]
mod tests;
