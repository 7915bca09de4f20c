//! The password of somebody who binds over a line of their own: checked there, so that what they do afterwards they do as
//! themselves.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::time::{Instant, sleep_until, timeout_at};
use vestibule_engine::{
    Carried, Identified, Password, Person, PortError, PrimaryAuthenticator, PrimaryOutcome, PrimaryRefusal, Subject,
    UserName,
};

use super::bind_result::judge;
use super::directory::{Directory, Place};
use super::entry::Ask;
use super::fault::Fault;
use super::groups::{Reader, groups_of};
use super::line::{Bound, Line};
use super::login::is_a_password;
use super::person::Found;
use crate::config::Find;
use crate::wire::Scope;

/// One bind of one client.
pub(crate) struct LineLogin {
    directory: Arc<Directory>,
    whom: Whom,
    found: Option<Found>,
    /// The line to bind on, if there is one already; after an acceptance, the one that is bound.
    line: Option<Line>,
    /// The client's own number and controls, so that the answer is for it.
    id: i32,
    controls: Vec<u8>,
    said: Option<Bound>,
}

/// Who is asked for.
pub(crate) enum Whom {
    /// Whoever the name means.
    Person,
    /// The account of a program. It binds as the entry that is configured, however the client spells it.
    Account { dn: String },
}

impl LineLogin {
    pub(crate) fn new(directory: Arc<Directory>, whom: Whom, line: Option<Line>, id: i32, controls: &[u8]) -> Self {
        Self { directory, whom, found: None, line, id, controls: controls.to_vec(), said: None }
    }

    /// What the directory answered, and the line if it is bound.
    pub(crate) fn into_parts(self) -> (Option<Bound>, Option<Line>) {
        (self.said, self.line)
    }

    async fn found_as(&mut self, user: &UserName, subject: &Subject) -> Result<Option<Found>, PortError> {
        let found = match self.found.take() {
            Some(found) => Some(found),
            None => self.directory.find_by_name(user).await?,
        };
        Ok(found.filter(|found| found.subject.id == subject.id))
    }

    /// Bind as `dn`: on the line there is, or on a new one to the first server that can be reached. A bind is sent once;
    /// again only where an idle line turns out to be closed before any answer (FLT-04).
    async fn bind(&mut self, dn: &str, password: &Password, preferred: Option<Place>) -> Result<Bound, PortError> {
        let directory = Arc::clone(&self.directory);
        let doing = || format!("check a password in the directory \"{}\"", directory.name);
        let deadline = directory.deadline();
        // Another server than the one that knows the name may not know of a change yet, and have somebody else there.
        let line = self.line.take().filter(|line| preferred.is_none_or(|preferred| preferred == line.server));
        if let Some(mut line) = line {
            match line.bind(self.id, dn, password.octets(), &self.controls, deadline).await {
                Ok(bound) => {
                    self.line = Some(line);
                    return Ok(bound);
                }
                Err(Fault::Disconnected) => {}
                Err(fault) => return Err(fault.into_port_error(doing())),
            }
        }
        let mut last = None;
        for server in directory.candidates(preferred) {
            let began = Instant::now();
            let mut line = match Line::open(&directory, server, deadline).await {
                Ok(line) => line,
                Err(fault) if fault.means_down() => {
                    directory.has_failed(server, &fault, began);
                    last = Some(fault);
                    continue;
                }
                Err(fault) => return Err(fault.into_port_error(doing())),
            };
            let bound = line.bind(self.id, dn, password.octets(), &self.controls, deadline).await;
            match &bound {
                Ok(_) => directory.is_well(server),
                // Lookups notice a hung server; this one password may be checked somewhere behind it.
                Err(Fault::TimedOut) => {}
                Err(fault) => directory.has_failed(server, fault, began),
            }
            self.line = bound.is_ok().then_some(line);
            return bound.map_err(|fault| fault.into_port_error(doing()));
        }
        Err(directory.all_failed(last, &doing()))
    }

    /// What the directory says to this password. An acceptance with conditions (a password to be changed first) is one:
    /// the client is told of them, and the directory holds it to them (LDP-20).
    async fn checked(
        &mut self,
        dn: &str,
        password: &Password,
        preferred: Option<Place>,
    ) -> Result<Option<PrimaryRefusal>, PortError> {
        let began = Instant::now();
        let bound = self.bind(dn, password, preferred).await?;
        let judged = if bound.result.code == 0 { Ok(None) } else { judge(&bound.result) };
        let doing = || format!("check a password in the directory \"{}\"", self.directory.name);
        let refusal = judged.map_err(|fault| fault.into_port_error(doing()))?;
        if refusal == Some(PrimaryRefusal::WrongPassword) {
            self.directory.pretence.note(began.elapsed());
            self.directory.refusals.note(&self.controls, &bound);
        }
        if refusal.is_some() {
            self.line = None;
        }
        self.said = Some(bound);
        Ok(refusal)
    }

    async fn person(&self, found: &Found) -> Result<Person, PortError> {
        self.directory.with_groups(found).await
    }
}

#[async_trait]
impl PrimaryAuthenticator for LineLogin {
    async fn identify(&mut self, user: &UserName) -> Result<Identified, PortError> {
        if let Whom::Account { dn } = &self.whom {
            let subject = self.directory.account_subject(dn).await?;
            return Ok(subject.map_or(Identified::Unknown, Identified::Known));
        }
        self.found = self.directory.find_by_name(user).await?;
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
        if let Whom::Account { dn } = &self.whom {
            let dn = dn.clone();
            let server = self.directory.accounts.server_of(&dn);
            let checked = self.checked(&dn, password, server).await;
            let refusal = checked.inspect_err(|_| self.directory.accounts.forget(&dn))?;
            return Ok(refusal.map_or_else(|| PrimaryOutcome::Accepted(account(subject)), PrimaryOutcome::Refused));
        }
        let Some(found) = self.found_as(user, subject).await? else {
            // Gone, or somebody else by now.
            return Ok(PrimaryOutcome::Refused(PrimaryRefusal::UnknownUser));
        };
        let refusal = self.checked(&found.entry.dn, password, found.server).await?;
        if let Some(refusal) = refusal {
            return Ok(PrimaryOutcome::Refused(refusal));
        }
        let person = self.person(&found).await?;
        self.found = Some(found);
        Ok(PrimaryOutcome::Accepted(person))
    }

    fn is_bound(&self) -> bool {
        true
    }

    fn password_version(&self) -> Option<String> {
        self.found.as_ref().and_then(|found| self.directory.password_version(&found.entry))
    }

    async fn describe(&mut self, subject: &Subject) -> Result<Option<Person>, PortError> {
        if matches!(self.whom, Whom::Account { .. }) {
            return Ok(Some(account(subject)));
        }
        let Some(found) = self.found.clone().filter(|found| found.subject.id == subject.id) else { return Ok(None) };
        self.person(&found).await.map(Some)
    }

    async fn pretend(&mut self, _password: &Password) {
        self.directory.pretend().await;
    }
}

/// A program, as the engine knows persons.
fn account(subject: &Subject) -> Person {
    Person { subject: subject.clone(), groups: Vec::new(), display_name: None, mail: None, carried: Carried::default() }
}

impl Directory {
    /// Whom a name means.
    pub(crate) async fn find_by_name(&self, user: &UserName) -> Result<Option<Found>, PortError> {
        let Find::Search { below, .. } = &self.settings.find else {
            return Err(PortError::unusable("find a person: the directory is not searched"));
        };
        self.find(user, below, self.deadline()).await
    }

    /// A person by name, with their groups, without their password.
    pub(crate) async fn described(&self, user: &UserName) -> Result<Option<Person>, PortError> {
        match self.find_by_name(user).await? {
            Some(found) => self.with_groups(&found).await.map(Some),
            None => Ok(None),
        }
    }

    pub(crate) async fn with_groups(&self, found: &Found) -> Result<Person, PortError> {
        let groups = groups_of(found, self, Reader::Account, self.deadline()).await?;
        Ok(self.person_of(found, groups))
    }

    /// The account of a program, by its DN.
    pub(crate) async fn described_account(&self, dn: &str) -> Result<Option<Person>, PortError> {
        Ok(self.account_subject(dn).await?.map(|subject| account(&subject)))
    }

    /// Spend about the time that a refused password takes (ADM-04).
    pub(crate) async fn pretend(&self) {
        let began = Instant::now();
        let deadline = self.deadline();
        if self.has_account() {
            let attributes = ["1.1".to_owned()];
            let root =
                Ask { base: "", scope: Scope::Base, filter: "(objectClass=*)", attributes: &attributes, limit: 1 };
            // What it answers does not matter, only that it was asked.
            timeout_at(deadline, self.search(&root, deadline)).await.ok();
        }
        sleep_until(deadline.min(began + self.pretended_duration())).await;
    }

    /// A line of a client's own, bound as nobody.
    pub(crate) async fn line(&self) -> Result<Line, PortError> {
        let doing = || format!("connect a client to the directory \"{}\"", self.name);
        let deadline = self.deadline();
        let mut last = None;
        for server in self.candidates(None) {
            let began = Instant::now();
            match Line::open(self, server, deadline).await {
                Ok(line) => {
                    // A bare connection is made by the kernel of a server that hangs, too.
                    if line.is_protected() {
                        self.is_well(server);
                    }
                    return Ok(line);
                }
                Err(fault) if fault.means_down() => {
                    self.has_failed(server, &fault, began);
                    last = Some(fault);
                }
                Err(fault) => return Err(fault.into_port_error(doing())),
            }
        }
        Err(self.all_failed(last, &doing()))
    }
}
