//! Who people are, for lists that know them by their ids.

use std::collections::{BTreeSet, HashMap};

use vestibule_engine::{Store, StoreError, User, UserId, plain_text};

/// So many are looked up one by one; for more, all people are read in turn.
const ONE_BY_ONE_MAX: usize = 200;
/// People that are read at once.
const BATCH: u32 = 1_000;
/// The longest name on a page.
pub(super) const NAME_CHARS_MAX: usize = 80;

/// What lists show of somebody. The rest, above all their groups, would be kept in memory for every person of a long list.
pub(super) struct Somebody {
    pub(super) source: String,
    pub(super) name: String,
    pub(super) display_name: Option<String>,
    mail: Option<String>,
}

impl From<&User> for Somebody {
    fn from(user: &User) -> Self {
        let User { subject, display_name, mail, .. } = user;
        let (source, name) = (subject.source.clone(), subject.name.clone());
        Self { source, name, display_name: display_name.clone(), mail: mail.clone() }
    }
}

#[derive(Default)]
pub(super) struct Persons(HashMap<UserId, Somebody>);

impl Persons {
    pub(super) async fn of(store: &dyn Store, wanted: &BTreeSet<UserId>) -> Result<Self, StoreError> {
        let mut found = HashMap::new();
        if wanted.len() > ONE_BY_ONE_MAX {
            let mut offset = 0;
            while found.len() < wanted.len() {
                let batch = store.users(None, offset, BATCH).await?;
                if batch.is_empty() {
                    break;
                }
                offset = offset.saturating_add(batch.len() as u64);
                let of_these = batch.iter().filter(|user| wanted.contains(&user.id));
                found.extend(of_these.map(|user| (user.id, Somebody::from(user))));
            }
        }
        // The few, and whoever moved in the list while it was read.
        for id in wanted {
            if !found.contains_key(id)
                && let Some(user) = store.user(*id).await?
            {
                found.insert(*id, Somebody::from(&user));
            }
        }
        Ok(Self(found))
    }

    pub(super) fn get(&self, id: UserId) -> Option<&Somebody> {
        self.0.get(&id)
    }

    /// What somebody is called; their id where they are gone.
    pub(super) fn name(&self, id: UserId) -> String {
        self.get(id).map_or_else(|| id.to_string(), Somebody::called)
    }

    /// Their name where they sign in.
    pub(super) fn account(&self, id: UserId) -> String {
        self.get(id).map_or_else(String::new, Somebody::account)
    }

    /// Both: a name that others may have too decides nothing.
    pub(super) fn full_name(&self, id: UserId) -> String {
        self.get(id).map_or_else(|| id.to_string(), Somebody::full_name)
    }

    /// Whether name, display name or mail contain this, which is in lower case.
    pub(super) fn match_text(&self, id: UserId, text: &str) -> bool {
        let Some(somebody) = self.get(id) else { return false };
        let contains = |field: &str| field.to_lowercase().contains(text);
        contains(&somebody.name)
            || somebody.display_name.as_deref().is_some_and(contains)
            || somebody.mail.as_deref().is_some_and(contains)
    }
}

impl Somebody {
    fn called(&self) -> String {
        let name = self.display_name.as_deref().map(|name| plain_text(name, NAME_CHARS_MAX));
        name.filter(|name| !name.is_empty()).unwrap_or_else(|| plain_text(&self.name, NAME_CHARS_MAX))
    }

    /// `Ada Example (corp/ada)`
    fn full_name(&self) -> String {
        format!("{} ({})", self.called(), self.account())
    }

    /// `corp/ada`
    fn account(&self) -> String {
        plain_text(&format!("{}/{}", self.source, self.name), NAME_CHARS_MAX)
    }
}

pub(super) fn called(user: &User) -> String {
    Somebody::from(user).called()
}

pub(super) fn full_name(user: &User) -> String {
    Somebody::from(user).full_name()
}

pub(super) fn account(user: &User) -> String {
    Somebody::from(user).account()
}
