//! Who people are, for lists that know them by their ids.

use std::collections::{BTreeSet, HashMap};

use vestibule_engine::{Store, StoreError, User, UserId, plain_text};

/// So many are looked up one by one; for more, all people are read in turn.
const ONE_BY_ONE_MAX: usize = 200;
/// People that are read at once.
const BATCH: u32 = 1_000;
/// The longest name on a page.
pub(super) const NAME_CHARS_MAX: usize = 80;

#[derive(Default)]
pub(super) struct Persons(HashMap<UserId, User>);

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
                found.extend(batch.into_iter().filter(|user| wanted.contains(&user.id)).map(|user| (user.id, user)));
            }
        }
        // The few, and whoever moved in the list while it was read.
        for id in wanted {
            if !found.contains_key(id)
                && let Some(user) = store.user(*id).await?
            {
                found.insert(*id, user);
            }
        }
        Ok(Self(found))
    }

    pub(super) fn get(&self, id: UserId) -> Option<&User> {
        self.0.get(&id)
    }

    /// What somebody is called; their id where they are gone.
    pub(super) fn name(&self, id: UserId) -> String {
        self.get(id).map_or_else(|| id.to_string(), called)
    }

    /// Their name where they sign in.
    pub(super) fn account(&self, id: UserId) -> String {
        self.get(id).map_or_else(String::new, account)
    }

    /// Both: a name that others may have too decides nothing.
    pub(super) fn full_name(&self, id: UserId) -> String {
        self.get(id).map_or_else(|| id.to_string(), full_name)
    }

    /// Whether name, display name or mail contain this, which is in lower case.
    pub(super) fn match_text(&self, id: UserId, text: &str) -> bool {
        let Some(user) = self.get(id) else { return false };
        let contains = |field: &str| field.to_lowercase().contains(text);
        contains(&user.subject.name)
            || user.display_name.as_deref().is_some_and(contains)
            || user.mail.as_deref().is_some_and(contains)
    }
}

pub(super) fn called(user: &User) -> String {
    let name =
        user.display_name.as_deref().map(|name| plain_text(name, NAME_CHARS_MAX)).filter(|name| !name.is_empty());
    name.unwrap_or_else(|| plain_text(&user.subject.name, NAME_CHARS_MAX))
}

/// `Ada Example (corp/ada)`
pub(super) fn full_name(user: &User) -> String {
    format!("{} ({})", called(user), account(user))
}

/// `corp/ada`
pub(super) fn account(user: &User) -> String {
    plain_text(&format!("{}/{}", user.subject.source, user.subject.name), NAME_CHARS_MAX)
}
