//! What has come of one search, and how much of it is taken.

use super::entry::{Ask, Entry};
use super::fault::{Fault, Words};
use super::result::LdapResult;
use crate::wire::{Scope, SearchAnswer};

/// References to other servers among the entries of a search. They are not followed; a server that sends only these
/// without an end is left.
const REFERENCES_MAX: usize = 256;
/// What is kept of one search at most. Two thousand groups by their DN are less than one megabyte.
const OCTETS_MAX: usize = 16 << 20;

/// One answer among those to a search.
#[derive(Debug)]
pub(super) enum Heard {
    Entry(Entry),
    /// An entry that cannot be read, or is beyond a limit.
    StrangeEntry,
    Aside,
    Done(LdapResult),
    /// What is no answer to a search.
    Other,
}

impl Heard {
    pub(super) fn of(answer: SearchAnswer<'_>) -> Self {
        match answer {
            SearchAnswer::Entry(found) => Entry::read(&found).map_or(Self::StrangeEntry, Self::Entry),
            SearchAnswer::Aside => Self::Aside,
            SearchAnswer::Done(outcome) => Self::Done(LdapResult::of(outcome)),
            SearchAnswer::Other => Self::Other,
        }
    }
}

#[derive(Debug)]
pub(super) struct Findings {
    limit: usize,
    entries: Vec<Entry>,
    octets: usize,
    references: usize,
}

impl Findings {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, entries: Vec::new(), octets: 0, references: 0 }
    }

    /// Take an answer; the result, if it was the last. After a fault more may come, and is not wanted.
    pub(super) fn take(&mut self, heard: Heard) -> Result<Option<LdapResult>, Fault> {
        match heard {
            Heard::Entry(_) if self.entries.len() >= self.limit => {
                Err(Fault::Garbled("more entries than were asked for"))
            }
            Heard::Entry(entry) => {
                self.octets += entry.size();
                if self.octets > OCTETS_MAX {
                    return Err(Fault::Garbled("more than is taken of one search"));
                }
                self.entries.push(entry);
                Ok(None)
            }
            Heard::StrangeEntry => Err(Fault::Garbled("an entry that cannot be read")),
            Heard::Aside => {
                self.references += 1;
                if self.references > REFERENCES_MAX { Err(Fault::Garbled("too many references")) } else { Ok(None) }
            }
            Heard::Done(result) => Ok(Some(result)),
            Heard::Other => Err(Fault::Garbled("it is no answer to a search")),
        }
    }

    /// What the search has found, by how it ended.
    pub(super) fn conclude(self, result: &LdapResult, ask: &Ask<'_>) -> Result<Vec<Entry>, Fault> {
        match result.code {
            0 => Ok(self.entries),
            // More than we want to know of: the caller sees the limit reached.
            4 if self.entries.len() >= self.limit => Ok(self.entries),
            // An entry that was asked for by its DN is not there. Below a base, it is the base that is missing.
            32 | 34 if ask.scope == Scope::Base => Ok(Vec::new()),
            _ => Err(Fault::Answered(Words::of(result))),
        }
    }
}
