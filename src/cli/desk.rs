//! What the commands about people and their second steps work with, and how they find somebody by name.

use std::sync::Arc;

use vestibule_engine::{Clock, Random, Store, StoreError, Timestamp, User, UserId, UserName};
use vestibule_factors::Factors;
use vestibule_portal::PortalSettings;

use super::terminal::{Printing, Terminal, clean};
use super::{Context, Failure, Outcome};

/// People read in one go.
const PAGE: u32 = 200;

pub struct Desk {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub factors: Factors,
    /// Where people enrol, where they can.
    pub portal: Option<Portal>,
    /// Who gives the command, as the audit log names them.
    pub by: String,
    pub terminal: Terminal,
    pub json: bool,
}

/// The portal, as people and phones know it.
#[derive(Debug, Clone)]
pub struct Portal {
    /// `https://login.example.com`.
    pub origin: String,
    /// The name above every page.
    pub name: String,
}

impl Portal {
    pub fn of(settings: &PortalSettings) -> Self {
        Self { origin: settings.origin().to_owned(), name: settings.site_name().to_owned() }
    }
}

impl Desk {
    pub fn of(context: &Context, printing: Printing) -> Self {
        Self {
            store: Arc::<vestibule_store::Handle>::clone(&context.store),
            clock: Arc::clone(&context.clock),
            random: Arc::clone(&context.random),
            factors: context.config.factors.clone(),
            portal: context.config.portal.as_ref().map(Portal::of),
            by: context.by.clone(),
            terminal: Terminal::standard(printing),
            json: printing.json,
        }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Somebody by name, by `source/name` where two sources have the same name, or by id.
    pub async fn person(&self, named: &str) -> Outcome<User> {
        if let Ok(id) = named.parse::<UserId>() {
            let found = self.store.user(id).await.map_err(told)?;
            return Ok(found.ok_or_else(|| nobody(named))?);
        }
        let (source, name) = named.split_once('/').map_or((None, named), |(source, name)| (Some(source), name));
        let canonical = UserName::parse(name).map_err(|why| Failure::usage(why.to_string()))?.canonical();
        let mut found = self.called(&canonical).await?;
        found.retain(|user| source.is_none_or(|source| user.subject.source == source));
        let last = found.pop().ok_or_else(|| nobody(named))?;
        if found.is_empty() {
            return Ok(last);
        }
        found.push(last);
        let names: Vec<String> =
            found.iter().map(|user| format!("{}/{}", user.subject.source, user.subject.name)).collect();
        Err(Failure::new(format!("{} is the name of several people", clean(named)))
            .because(format!("they are {}", clean(&names.join(", "))))
            .then("the same command with one of these names")
            .into())
    }

    /// Everybody of exactly this name. The store finds everybody with this in a name, of whom there may be many.
    async fn called(&self, canonical: &str) -> Outcome<Vec<User>> {
        let mut found = Vec::new();
        let mut skip = 0;
        loop {
            let page = self.store.users(Some(canonical), skip, PAGE).await.map_err(told)?;
            let is_last = page.len() < PAGE as usize;
            skip += u64::from(PAGE);
            found.extend(page.into_iter().filter(|user| user.subject.name == canonical));
            if is_last {
                return Ok(found);
            }
        }
    }

    /// All there are, by name.
    pub async fn everybody(&self) -> Outcome<Vec<User>> {
        let mut found = Vec::new();
        loop {
            let page = self.store.users(None, found.len().try_into()?, PAGE).await.map_err(told)?;
            let is_last = page.len() < PAGE as usize;
            found.extend(page);
            if is_last {
                return Ok(found);
            }
        }
    }

    /// How many were revoked, as a number for scripts and as a sentence for people.
    pub fn revoked(&mut self, count: usize, sentence: &str) -> Outcome {
        if self.json {
            return self.terminal.json(&serde_json::json!({ "revoked": count }));
        }
        self.terminal.line(sentence)
    }

    /// A name for the person in a line; their id when they are gone.
    pub async fn name_of(&self, user: UserId) -> String {
        let known = self.store.user(user).await.ok().flatten();
        known.map_or_else(|| user.to_string(), |user| clean(&user.subject.name))
    }
}

fn nobody(named: &str) -> Failure {
    Failure::new(format!("there is no user {}", clean(named)))
        .because("nobody of that name was added here, or has signed in from a directory yet")
        .then("vestibule users list")
}

/// What the store said, for the person at the terminal.
pub fn told(error: StoreError) -> anyhow::Error {
    match error {
        StoreError::Refused(why) => Failure::new(why).into(),
        fault => fault.into(),
    }
}

#[cfg(test)]
pub(crate) mod tests;
