//! One login: whom the name means, and whether the password is theirs.

use std::sync::Arc;

use async_trait::async_trait;
use vestibule_engine::{
    Carried, Identified, Password, Person, PortError, PrimaryAuthenticator, PrimaryOutcome, PrimaryRefusal, Subject,
    UserName, is_plain,
};

use super::check::{Afterwards, Check, Checked, Session};
use super::directory::Directory;
use super::groups::{Reader, groups_of};
use super::person::{Found, Wanted};
use crate::config::{Below, Find};
use crate::names::escape::escape_in_dn;
use crate::names::spelling::Spelling;
use crate::names::template::{Template, escape_nothing};

pub(super) struct Login {
    directory: Arc<Directory>,
    /// What `identify` read, so that `authenticate` need not read it again.
    found: Option<Found>,
}

impl Login {
    pub(super) fn new(directory: Arc<Directory>) -> Self {
        Self { directory, found: None }
    }

    /// The password of somebody who was found before.
    async fn check_found(&mut self, found: Found, password: &Password) -> Result<PrimaryOutcome, PortError> {
        let deadline = self.directory.deadline();
        let (name, preferred) = (found.entry.dn.as_str(), found.server);
        let check = Check { name, password, afterwards: Afterwards::Reuse, preferred, deadline };
        match self.directory.check(&check).await? {
            Checked::Refused(refusal) => Ok(PrimaryOutcome::Refused(refusal)),
            Checked::Accepted(_) => {
                let groups = groups_of(&found, &self.directory, Reader::Account, deadline).await?;
                Ok(PrimaryOutcome::Accepted(self.person(&found, groups)))
            }
        }
    }

    /// The password of somebody whose bind name is made from their name. Who they are is read afterwards, as
    /// themselves.
    async fn check_then_read(
        &mut self,
        bind_name: &str,
        own: Own<'_>,
        spelling: Spelling,
        password: &Password,
    ) -> Result<PrimaryOutcome, PortError> {
        let deadline = self.directory.deadline();
        let (wanted, below) = match own {
            Own::Entry => (Some(Wanted::entry(bind_name)), None),
            Own::Below(below) => (Wanted::of(&spelling, below), Some(below)),
        };
        let Some(wanted) = wanted else { return Ok(PrimaryOutcome::Refused(PrimaryRefusal::UnknownUser)) };
        let check = Check { name: bind_name, password, afterwards: Afterwards::GoOn, preferred: None, deadline };
        let session = match self.directory.check(&check).await? {
            Checked::Refused(refusal) => return Ok(PrimaryOutcome::Refused(refusal)),
            Checked::Accepted(session) => session,
        };
        let Some(Session { mut connection, .. }) = session else {
            return Err(PortError::unusable("read a person's own entry without a connection"));
        };
        let mut reader = Reader::Person(&mut connection);
        let entries = reader.search(&self.directory, &wanted.ask(&self.directory.attributes), deadline).await?;
        let Some(found) = self.directory.only_one(entries, &spelling, below)? else {
            // The password was right, but who this is cannot be told for certain.
            return Err(PortError::unusable(format!(
                "find the entry of somebody who signed in to the directory \"{}\": let people read their own entry",
                self.directory.name
            )));
        };
        let groups = groups_of(&found, &self.directory, reader, deadline).await?;
        Ok(PrimaryOutcome::Accepted(self.person(&found, groups)))
    }

    /// The password of somebody who is known by name alone.
    async fn check_by_name(
        &mut self,
        bind_name: &str,
        subject: &Subject,
        password: &Password,
    ) -> Result<PrimaryOutcome, PortError> {
        let deadline = self.directory.deadline();
        let check = Check { name: bind_name, password, afterwards: Afterwards::Reuse, preferred: None, deadline };
        Ok(match self.directory.check(&check).await? {
            Checked::Refused(refusal) => PrimaryOutcome::Refused(refusal),
            Checked::Accepted(_) => PrimaryOutcome::Accepted(Person {
                subject: subject.clone(),
                groups: Vec::new(),
                display_name: None,
                mail: None,
                carried: Carried::default(),
            }),
        })
    }

    fn person(&self, found: &Found, groups: Vec<String>) -> Person {
        self.directory.person_of(found, groups)
    }

    /// Whom a name means where there is no service account to ask: the name itself, in its canonical form.
    fn by_name(&self, user: &UserName) -> Option<(Subject, Spelling)> {
        let spelling = Spelling::read(user, &self.directory.settings.domains);
        let canonical = spelling.canonical()?;
        // Another spelling of a name would be another person here, and the same to the directory.
        if !is_plain(&spelling.name) {
            return None;
        }
        // A second domain in a principal name would make it somebody else's. A DN has its special characters escaped.
        let is_upn = matches!(self.directory.settings.find, Find::UpnTemplate { .. });
        if is_upn && canonical.contains(['@', '\\']) {
            return None;
        }
        let subject =
            Subject { source: self.directory.name.to_string(), id: canonical.clone(), name: canonical.clone() };
        Some((subject, Spelling { name: spelling.name, user: canonical }))
    }
}

/// Where a person's own entry is.
enum Own<'a> {
    /// It has the name they signed in with.
    Entry,
    Below(&'a Below),
}

#[async_trait]
impl PrimaryAuthenticator for Login {
    async fn identify(&mut self, user: &UserName) -> Result<Identified, PortError> {
        let directory = self.directory.clone();
        let Find::Search { below, .. } = &directory.settings.find else {
            return Ok(self.by_name(user).map_or(Identified::Unknown, |(subject, _)| Identified::Provisional(subject)));
        };
        self.found = directory.find(user, below, directory.deadline()).await?;
        Ok(self.found.as_ref().map_or(Identified::Unknown, |found| Identified::Known(found.subject.clone())))
    }

    async fn authenticate(
        &mut self,
        user: &UserName,
        subject: &Subject,
        password: &Password,
    ) -> Result<PrimaryOutcome, PortError> {
        if !is_a_password(password) {
            return Ok(PrimaryOutcome::Refused(PrimaryRefusal::WrongPassword));
        }
        let directory = self.directory.clone();
        let (template, escape): (&Template, fn(&str) -> String) = match &directory.settings.find {
            Find::Search { below, .. } => {
                let found = match self.found.take().filter(|found| found.subject.id == subject.id) {
                    Some(found) => Some(found),
                    None => directory.find(user, below, directory.deadline()).await?,
                };
                return match found.filter(|found| found.subject.id == subject.id) {
                    Some(found) => self.check_found(found, password).await,
                    // Gone, or somebody else by now.
                    None => Ok(PrimaryOutcome::Refused(PrimaryRefusal::UnknownUser)),
                };
            }
            Find::DnTemplate { template, .. } => (template, escape_in_dn),
            Find::UpnTemplate { template, .. } => (template, escape_nothing),
        };
        let Some((subject, spelling)) = self.by_name(user).filter(|(named, _)| named.id == subject.id) else {
            return Ok(PrimaryOutcome::Refused(PrimaryRefusal::UnknownUser));
        };
        let bind_name = template.fill(&spelling, escape);
        match &directory.settings.find {
            Find::UpnTemplate { below, .. } => {
                self.check_then_read(&bind_name, Own::Below(below), spelling, password).await
            }
            Find::DnTemplate { read_own_entry: false, .. } => self.check_by_name(&bind_name, &subject, password).await,
            _ => self.check_then_read(&bind_name, Own::Entry, spelling, password).await,
        }
    }

    async fn pretend(&mut self, _password: &Password) {
        self.directory.pretend().await;
    }
}

/// What no directory takes for a password, and some take for none at all: nothing, and anything with a NUL in it, where
/// a directory written in C may stop reading (LDP-07). And what is not UTF-8, which LDAP cannot carry
/// (RFC 4511 §4.2).
pub(super) fn is_a_password(password: &Password) -> bool {
    password.as_text().is_some_and(|text| !text.is_empty() && !text.contains('\0'))
}
