//! Who the accounts of programs are: an entry by its DN, and its immutable id. A program binds again and again, so what was
//! read is believed for a little while.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use vestibule_engine::{PortError, Subject};

use super::directory::{Directory, Place};
use super::person::Wanted;

/// The bind itself is always the directory's to judge; this is only the name under which it is recorded.
const BELIEVED_FOR: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct Accounts(Mutex<HashMap<String, Known>>);

#[derive(Debug)]
struct Known {
    read: Instant,
    subject: Subject,
    /// The server that told of it, and so is well.
    server: Place,
}

impl Accounts {
    fn known(&self, dn: &str) -> Option<Subject> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(dn).filter(|known| known.read.elapsed() < BELIEVED_FOR).map(|known| known.subject.clone())
    }

    /// Where to bind as this account.
    pub(super) fn server_of(&self, dn: &str) -> Option<Place> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(dn).map(|known| known.server)
    }

    /// A bind as it came to nothing. The next one looks it up again, and so finds out which server hangs.
    pub(super) fn forget(&self, dn: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(dn);
    }

    fn keep(&self, dn: &str, subject: Subject, server: Place) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(dn.to_owned(), Known { read: Instant::now(), subject, server });
    }
}

impl Directory {
    /// Who the entry `dn` is; nothing where there is no such entry. `dn` comes from the configuration, so there are few.
    pub(super) async fn account_subject(&self, dn: &str) -> Result<Option<Subject>, PortError> {
        if let Some(subject) = self.accounts.known(dn) {
            return Ok(Some(subject));
        }
        let attributes = [self.settings.attributes.id.clone()];
        let wanted = Wanted::entry(dn);
        let (entries, server) = self.search_anywhere(&wanted.ask(&attributes), self.deadline()).await?;
        let Some(entry) = entries.into_iter().next() else { return Ok(None) };
        // What identifies persons (an employee's number) an account need not have.
        let id = self.subject(&entry).map_or_else(|_| dn.to_owned(), |subject| subject.id);
        let subject = Subject { source: self.name.to_string(), id, name: dn.to_owned() };
        self.accounts.keep(dn, subject.clone(), server);
        Ok(Some(subject))
    }
}
