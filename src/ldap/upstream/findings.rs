//! What has come of one search, and how much of it is taken.

use super::entry::{Ask, Entry};
use super::fault::{Fault, Words};
use super::result::LdapResult;
use crate::wire::{Scope, SearchAnswer};

/// References to other servers among the entries of a search. They are not followed; a server that sends only these
/// without an end is left.
const REFERENCES_MAX: usize = 256;
/// What is kept of one search at most. Two thousand groups by their DN are less than one megabyte.
const OCTETS_MAX: usize = 4 << 20;

/// One answer among those to a search.
#[derive(Debug)]
pub(super) enum Heard {
    Entry(Entry),
    Aside,
    Done(LdapResult),
    /// What cannot be used, and why.
    Strange(&'static str),
}

impl Heard {
    /// Which message is answered, and how, by the content of a message; `None` for what is not LDAP.
    pub(super) fn read(content: &[u8]) -> Option<(i32, Self)> {
        SearchAnswer::read(content).map(|(id, answer)| (id, Self::of(answer)))
    }

    fn of(answer: SearchAnswer<'_>) -> Self {
        match answer {
            SearchAnswer::Entry(found) => {
                Entry::read(&found).map_or(Self::Strange("an entry that cannot be read"), Self::Entry)
            }
            SearchAnswer::Aside => Self::Aside,
            SearchAnswer::Done(outcome) => Self::Done(LdapResult::of(outcome)),
            SearchAnswer::Other => Self::Strange("it is no answer to a search"),
            SearchAnswer::Unreadable => Self::Strange("it cannot be read"),
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
                Err(Fault::Strange("more entries than were asked for"))
            }
            Heard::Entry(entry) => {
                self.octets += entry.size();
                if self.octets > OCTETS_MAX {
                    return Err(Fault::Strange("more than is taken of one search"));
                }
                self.entries.push(entry);
                Ok(None)
            }
            Heard::Aside => {
                self.references += 1;
                if self.references > REFERENCES_MAX { Err(Fault::Strange("too many references")) } else { Ok(None) }
            }
            Heard::Done(result) => Ok(Some(result)),
            Heard::Strange(why) => Err(Fault::Strange(why)),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::FoundEntry;

    #[test] // LDP-02
    fn of_one_search_no_more_is_kept_than_of_one_message() {
        let attributes = vec![0; 1 << 20];
        let found = FoundEntry { dn: b"", attributes: &attributes, attributes_count: 1, longest: 1 };
        let mut findings = Findings::new(100);
        let taken = (0..100).map_while(|_| findings.take(Heard::Entry(Entry::read(&found)?)).ok());
        assert_eq!(taken.count(), 4);
    }
}
