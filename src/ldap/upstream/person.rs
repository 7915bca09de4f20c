//! From a name to one person: the only place where a spelling becomes an identity (LDP-22).

use tokio::time::Instant;
use tracing::warn;
use vestibule_engine::{Carried, Person, PortError, Subject, UserName};

use super::directory::{Directory, Place};
use super::entry::{Ask, Entry};
use super::seldom::Seldom;
use super::{condition, identifier};
use crate::config::{Attributes, Below, DirectoryKind, Groups};
use crate::names::distinguished::Dn;
use crate::names::escape::escape_in_filter;
use crate::names::spelling::Spelling;
use crate::wire::Scope;

/// Enough to see that a name is not one person's.
const MATCHES_MAX: usize = 2;

/// A person's entry, and who they are by it.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) subject: Subject,
    pub(crate) entry: Entry,
    /// The server that told of them, where there was a choice.
    pub(super) server: Option<Place>,
}

/// Said when a name matches several people. One for all sources: it is a word of advice, not a count.
static AMBIGUOUS: Seldom = Seldom::new();

/// What to ask for a name.
pub(super) struct Wanted {
    base: String,
    scope: Scope,
    filter: String,
}

impl Wanted {
    /// The search for a name; a DN below the base is read directly, if its entry is one that the filter could find by
    /// any name. A DN means that entry and nobody else: whoever has it for a mail address is not who is asked for.
    pub(super) fn of(spelling: &Spelling, below: &Below) -> Option<Self> {
        match Dn::parse(&spelling.name) {
            Some(dn) => dn.is_below(&below.base_dn).then(|| Self {
                base: spelling.name.clone(),
                scope: Scope::Base,
                filter: below.filter.any_name(),
            }),
            None if has_the_form_of_a_dn(&spelling.name) => None,
            None => {
                let filter = below.filter.fill(spelling, escape_in_filter);
                Some(Self { base: below.base.clone(), scope: Scope::Subtree, filter })
            }
        }
    }

    /// A person's own entry.
    pub(super) fn entry(dn: &str) -> Self {
        Self { base: dn.to_owned(), scope: Scope::Base, filter: "(objectClass=*)".to_owned() }
    }

    pub(super) fn ask<'a>(&'a self, attributes: &'a [String]) -> Ask<'a> {
        let Self { base, scope, filter } = self;
        Ask { base, scope: *scope, filter, attributes, limit: MATCHES_MAX }
    }
}

/// `type=...`: what a directory would take for a DN, in whatever way it is written.
fn has_the_form_of_a_dn(name: &str) -> bool {
    let kind = name.split_once('=').map(|(kind, _)| kind.trim());
    kind.is_some_and(|kind| {
        !kind.is_empty() && kind.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'))
    })
}

impl Directory {
    /// Whom a name means, by the service account's lookup.
    pub(super) async fn find(
        &self,
        user: &UserName,
        below: &Below,
        deadline: Instant,
    ) -> Result<Option<Found>, PortError> {
        let spelling = Spelling::read(user, &self.settings.domains);
        let Some(wanted) = Wanted::of(&spelling, below) else { return Ok(None) };
        let (entries, server) = self.search_anywhere(&wanted.ask(&self.attributes), deadline).await?;
        let found = self.only_one(entries, &spelling, Some(below))?;
        Ok(found.map(|found| Found { server: Some(server), ..found }))
    }

    /// The one person among what was found. Several are nobody: to pick one would let one sign in as the other.
    pub(super) fn only_one(
        &self,
        entries: Vec<Entry>,
        spelling: &Spelling,
        below: Option<&Below>,
    ) -> Result<Option<Found>, PortError> {
        let mut entries = entries.into_iter();
        let (Some(entry), another) = (entries.next(), entries.next()) else { return Ok(None) };
        if let Some(another) = another {
            if AMBIGUOUS.is_due() {
                warn!(
                    source.name = %self.name, user.name = %spelling.name, first = %entry.dn, second = %another.dn,
                    "The name \"{}\" matches more than one entry of the directory \"{}\", so nobody can sign in by it; \
                     make the filter or the entries unambiguous", spelling.name, self.name
                );
            }
            return Ok(None);
        }
        // A server that answers with an entry from elsewhere, or with the nameless root, is not believed; nor one that was
        // asked for one entry by its DN, and tells of another.
        let is_asked_for = |below: &Below| {
            let asked = Dn::parse(&spelling.name);
            let is_it = |found: &Dn| asked.is_none_or(|asked| found.is(&asked));
            Dn::parse(&entry.dn).is_some_and(|found| found.is_below(&below.base_dn) && is_it(&found))
        };
        if entry.dn.trim().is_empty() || !below.is_none_or(is_asked_for) {
            return Ok(None);
        }
        let subject = self.subject(&entry)?;
        Ok(Some(Found { subject, entry, server: None }))
    }

    /// Who was found, with the groups that were read of them.
    pub(crate) fn person_of(&self, found: &Found, groups: Vec<String>) -> Person {
        let attributes = &self.settings.attributes;
        let text = |name: &str| found.entry.text(name).map(str::to_owned);
        Person {
            display_name: text(&attributes.display_name),
            mail: text(&attributes.mail),
            subject: found.subject.clone(),
            groups,
            carried: Carried::default(),
        }
    }

    pub(super) fn subject(&self, entry: &Entry) -> Result<Subject, PortError> {
        let Attributes { id, name, .. } = &self.settings.attributes;
        let unreadable = || {
            PortError::unusable(format!(
                "read {id} of {} in the directory \"{}\": give the account that searches the right to read it",
                entry.dn, self.name
            ))
        };
        let value = entry.values(id).next().ok_or_else(unreadable)?;
        let id = identity(id, value).ok_or_else(unreadable)?;
        let name = entry.text(name).and_then(|name| UserName::parse(name).ok());
        let name = name.map_or_else(|| entry.dn.clone(), |name| name.canonical());
        Ok(Subject { source: self.name.to_string(), id, name })
    }
}

/// An id as text: what is text stays so, known kinds of octets as people write them, other octets in hexadecimal.
fn identity(attribute: &str, value: &[u8]) -> Option<String> {
    if attribute.eq_ignore_ascii_case("objectGUID") {
        return identifier::guid(value);
    }
    if attribute.eq_ignore_ascii_case("objectSid") {
        return identifier::sid(value);
    }
    let text = std::str::from_utf8(value).ok().filter(|text| !text.chars().any(char::is_control));
    let id = text.map_or_else(|| identifier::hex(value), str::to_owned);
    (!id.is_empty()).then_some(id)
}

/// What is read of a person: few attributes, each needed.
pub(super) fn attributes(wanted: &Attributes, groups: &Groups, kind: DirectoryKind) -> Vec<String> {
    let Attributes { id, name, display_name, mail } = wanted.clone();
    let mut attributes = vec![id, name, display_name, mail];
    match groups {
        Groups::MemberOf => attributes.push("memberOf".to_owned()),
        Groups::MatchingRule { .. } => attributes.extend(["objectSid".to_owned(), "primaryGroupID".to_owned()]),
        Groups::None | Groups::Search { .. } | Groups::Tokens { .. } => {}
    }
    attributes.extend(condition::attributes(kind).map(str::to_owned));
    attributes
}
