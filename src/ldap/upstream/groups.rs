//! The groups of a person: each by its DN and by its short name, nested ones included where the directory or the
//! configuration knows how (LDP-31).

use std::borrow::Cow;
use std::collections::BTreeSet;

use tokio::time::Instant;
use vestibule_engine::PortError;

use super::connection::Connection;
use super::directory::Directory;
use super::entry::{Ask, Entry};
use super::identifier::{in_filter, sid_in_domain_of};
use super::person::{Found, Wanted};
use crate::config::Groups;
use crate::names::distinguished::Dn;
use crate::names::escape::escape_in_filter;
use crate::names::template::Template;
use crate::wire::{Scope, Values};

/// Active Directory itself stops at 1015. Policy may forbid by a group, so more than we look at is an error and not a
/// shorter list.
const GROUPS_MAX: usize = 2048;
/// How deep groups are in groups; loops end by themselves.
const NESTING_MAX: usize = 16;
/// How many groups one filter names, so that it stays some kilobytes.
const IN_ONE_FILTER: usize = 32;

/// Nothing but the DN.
const NO_ATTRIBUTES: &str = "1.1";

/// As whom groups are read.
pub(super) enum Reader<'a> {
    Account,
    Person(&'a mut Connection),
}

impl Reader<'_> {
    pub(super) async fn search(
        &mut self,
        directory: &Directory,
        ask: &Ask<'_>,
        deadline: Instant,
    ) -> Result<Vec<Entry>, PortError> {
        match self {
            Self::Account => directory.search(ask, deadline).await,
            Self::Person(connection) => connection.search(ask, deadline).await.map_err(|fault| {
                fault.into_port_error(format!("read a person's own entry in the directory \"{}\"", directory.name))
            }),
        }
    }
}

/// Whether a name is told from a DN. A group can be called `cn=admins,dc=example,dc=org`: whoever may make one anywhere would
/// otherwise be in the group of that DN.
fn is_short(name: &str) -> bool {
    !name.contains('=')
}

/// The groups' names: DNs, and the values of their first parts where those cannot be taken for a DN.
pub(super) async fn groups_of(
    found: &Found,
    directory: &Directory,
    mut reader: Reader<'_>,
    deadline: Instant,
) -> Result<Vec<String>, PortError> {
    let mut search = GroupSearch { directory, reader: &mut reader, deadline, dns: BTreeSet::new() };
    match &directory.settings.groups {
        Groups::None => {}
        Groups::MemberOf => search.member_of(&found.entry).await?,
        Groups::Search { base, filter, nested } => search.containing(found, base, filter, *nested).await?,
        Groups::Tokens { base } => search.token_groups(found, base).await?,
        Groups::MatchingRule { base } => search.matching_rule(found, base).await?,
    }
    let leaf = |dn: &String| Dn::parse(dn)?.leaf_value().map(str::to_owned);
    let short = search.dns.iter().filter_map(leaf).filter(|name| is_short(name));
    let names: BTreeSet<String> = short.chain(search.dns.iter().cloned()).collect();
    Ok(names.into_iter().collect())
}

struct GroupSearch<'a, 'b> {
    directory: &'a Directory,
    reader: &'a mut Reader<'b>,
    deadline: Instant,
    dns: BTreeSet<String>,
}

impl GroupSearch<'_, '_> {
    async fn member_of(&mut self, entry: &Entry) -> Result<(), PortError> {
        self.add(entry.values("memberOf"))?;
        let mut part = Cow::Borrowed(entry);
        // More values than the server tells at once come in parts.
        while let Some((values, next)) = part.range("memberOf") {
            self.add(values)?;
            let Some(next) = next else { return Ok(()) };
            let attributes = [format!("memberOf;range={next}-*")];
            let mut parts = self.ask(&Wanted::entry(&entry.dn).ask(&attributes)).await?;
            let rest = parts.pop().ok_or_else(|| self.failed("read the rest of a person's groups"))?;
            part = Cow::Owned(rest);
        }
        Ok(())
    }

    /// Groups that list the person, then groups that list those, until nothing new comes.
    async fn containing(
        &mut self,
        found: &Found,
        base: &str,
        filter: &Template,
        nested: bool,
    ) -> Result<(), PortError> {
        // The name as the directory has it: what was typed may be another of the person's names.
        let user = found.entry.text(&self.directory.settings.attributes.name).unwrap_or(&found.subject.name);
        let of = |dn: &str| filter.fill_each(|place| escape_in_filter(if place == "dn" { dn } else { user }));
        let mut new = self.found_by(base, &of(&found.entry.dn)).await?;
        let mut depth = 0;
        while nested && !new.is_empty() {
            depth += 1;
            if depth > NESTING_MAX {
                return Err(self.failed("follow groups in groups: they are nested too deeply"));
            }
            let mut next = Vec::new();
            for some in new.chunks(IN_ONE_FILTER) {
                let filters: String = some.iter().map(|dn| of(dn)).collect();
                next.extend(self.found_by(base, &format!("(|{filters})")).await?);
            }
            new = next;
        }
        Ok(())
    }

    /// What Active Directory itself counts: every group, direct or not, and the primary one. It answers with security
    /// identifiers, which are then looked up; those of other domains have no entry here.
    async fn token_groups(&mut self, found: &Found, base: &str) -> Result<(), PortError> {
        let attributes = ["tokenGroups".to_owned()];
        let entries = self.ask(&Wanted::entry(&found.entry.dn).ask(&attributes)).await?;
        let sids: Vec<Vec<u8>> =
            entries.first().map(|entry| entry.values("tokenGroups").map(<[u8]>::to_vec).collect()).unwrap_or_default();
        if sids.is_empty() {
            // Everybody has a primary group, so nothing means that it may not be read.
            return Err(
                self.failed("read tokenGroups: the account that searches may not, or this is not Active Directory")
            );
        }
        self.by_sid(&sids, base).await
    }

    async fn matching_rule(&mut self, found: &Found, base: &str) -> Result<(), PortError> {
        let filter = format!("(member:1.2.840.113556.1.4.1941:={})", escape_in_filter(&found.entry.dn));
        self.found_by(base, &filter).await?;
        let relative = found.entry.text("primaryGroupID").and_then(|id| id.parse().ok());
        let sid = found.entry.values("objectSid").next();
        match sid.zip(relative).and_then(|(sid, relative)| sid_in_domain_of(sid, relative)) {
            Some(primary) => self.by_sid(&[primary], base).await,
            None => Ok(()),
        }
    }

    async fn by_sid(&mut self, sids: &[Vec<u8>], base: &str) -> Result<(), PortError> {
        if sids.len() > GROUPS_MAX {
            return Err(self.failed("count a person's groups: there are too many"));
        }
        for some in sids.chunks(IN_ONE_FILTER) {
            let filters: String = some.iter().map(|sid| format!("(objectSid={})", in_filter(sid))).collect();
            self.found_by(base, &format!("(|{filters})")).await?;
        }
        Ok(())
    }

    /// Groups that a filter finds; those that were not known before.
    async fn found_by(&mut self, base: &str, filter: &str) -> Result<Vec<String>, PortError> {
        let attributes = [NO_ATTRIBUTES.to_owned()];
        let ask = Ask { base, scope: Scope::Subtree, filter, attributes: &attributes, limit: GROUPS_MAX };
        let entries = self.ask(&ask).await?;
        let new: Vec<_> = entries.into_iter().map(|entry| entry.dn).filter(|dn| self.dns.insert(dn.clone())).collect();
        self.check_number()?;
        Ok(new)
    }

    fn add(&mut self, values: Values<'_>) -> Result<(), PortError> {
        self.dns.extend(values.filter_map(|value| String::from_utf8(value.to_vec()).ok()));
        self.check_number()
    }

    fn check_number(&self) -> Result<(), PortError> {
        if self.dns.len() < GROUPS_MAX {
            Ok(())
        } else {
            Err(self.failed("count a person's groups: there are too many"))
        }
    }

    async fn ask(&mut self, ask: &Ask<'_>) -> Result<Vec<Entry>, PortError> {
        self.reader.search(self.directory, ask, self.deadline).await
    }

    fn failed(&self, doing: &str) -> PortError {
        PortError::unusable(format!("{doing} (directory \"{}\")", self.directory.name))
    }
}
