//! Who the accounts of programs are: an entry by its DN, and its immutable id. A program binds again and again, so what was
//! read is believed for a little while.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use vestibule_engine::{PortError, Subject};

use super::directory::Directory;
use super::person::Wanted;

/// The bind itself is always the directory's to judge; this is only the name under which it is recorded.
const BELIEVED_FOR: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct Accounts(Mutex<HashMap<String, (Instant, Subject)>>);

impl Accounts {
    fn known(&self, dn: &str) -> Option<Subject> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(dn).filter(|(read, _)| read.elapsed() < BELIEVED_FOR).map(|(_, subject)| subject.clone())
    }

    fn keep(&self, dn: &str, subject: Subject) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(dn.to_owned(), (Instant::now(), subject));
    }
}

impl Directory {
    /// Who the entry `dn` is; nothing where there is no such entry. `dn` comes from the configuration, so there are few.
    pub(super) async fn account_subject(&self, dn: &str) -> Result<Option<Subject>, PortError> {
        if let Some(subject) = self.accounts.known(dn) {
            return Ok(Some(subject));
        }
        let attributes = [self.settings.attributes.id.clone()];
        let entries = self.search(&Wanted::entry(dn).ask(&attributes), self.deadline()).await?;
        let Some(entry) = entries.into_iter().next() else { return Ok(None) };
        let subject = Subject { name: dn.to_owned(), ..self.subject(&entry)? };
        self.accounts.keep(dn, subject.clone());
        Ok(Some(subject))
    }
}
