//! People who were looked up a moment ago: a program that signs in a hundred times a second is not read as often.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use vestibule_engine::{Subject, User};

/// How long what was read is believed. Nothing hangs on it that is not looked at again: each step of a login is committed
/// only if its user is there and enabled.
const BELIEVED_FOR: Duration = Duration::from_secs(1);
/// More are not kept at once.
const ADOPTED_MAX: usize = 4_096;

#[derive(Debug, Default)]
pub(super) struct Adopted(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    people: HashMap<String, (Instant, User)>,
    /// When those who are not believed any more were dropped last.
    swept: Option<Instant>,
}

impl Adopted {
    /// Somebody who was here and enabled a moment ago.
    pub(super) fn get(&self, subject: &Subject) -> Option<User> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (read, user) = known.people.get(&key(subject))?;
        (read.elapsed() < BELIEVED_FOR).then(|| user.clone())
    }

    /// `read`: before the store was asked.
    pub(super) fn keep(&self, read: Instant, user: &User) {
        if !user.enabled {
            return;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Not with every login while it is full: each would look through all of them.
        if known.people.len() >= ADOPTED_MAX && known.swept.is_none_or(|swept| swept.elapsed() >= BELIEVED_FOR) {
            known.people.retain(|_, (read, _)| read.elapsed() < BELIEVED_FOR);
            known.swept = Some(Instant::now());
        }
        if known.people.len() < ADOPTED_MAX {
            known.people.insert(key(&user.subject), (read, user.clone()));
        }
    }

    /// Somebody was changed, or is not who they were.
    pub(super) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).people.clear();
    }
}

fn key(Subject { source, id, .. }: &Subject) -> String {
    format!("{source}\n{id}")
}

#[cfg(test)]
mod tests {
    use vestibule_engine::{Timestamp, UserId};

    use super::*;

    fn user(id: &str, enabled: bool) -> User {
        User {
            id: UserId(uuid::Uuid::from_u128(1)),
            subject: Subject { source: "corp".into(), id: id.into(), name: "ada".into() },
            display_name: None,
            mail: None,
            groups: Vec::new(),
            enabled,
            created: Timestamp(0),
            last_login: None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_was_read_is_believed_for_a_second_and_who_is_disabled_never() {
        let adopted = Adopted::default();
        let (ada, bob) = (user("1", true), user("2", false));
        adopted.keep(Instant::now(), &ada);
        adopted.keep(Instant::now(), &bob);
        assert!(adopted.get(&ada.subject).is_some() && adopted.get(&bob.subject).is_none());
        tokio::time::advance(Duration::from_millis(999)).await;
        assert!(adopted.get(&ada.subject).is_some());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(adopted.get(&ada.subject).is_none());
        adopted.keep(Instant::now(), &ada);
        adopted.forget();
        assert!(adopted.get(&ada.subject).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_are_kept_than_there_may_be() {
        let adopted = Adopted::default();
        let keep = |from: usize| {
            (from..from + ADOPTED_MAX).for_each(|n| adopted.keep(Instant::now(), &user(&n.to_string(), true)))
        };
        keep(0);
        keep(ADOPTED_MAX);
        assert_eq!(adopted.0.lock().unwrap().people.len(), ADOPTED_MAX);
        tokio::time::advance(BELIEVED_FOR).await;
        keep(2 * ADOPTED_MAX);
        assert!(adopted.get(&user(&(2 * ADOPTED_MAX).to_string(), true).subject).is_some(), "the old ones made room");
    }
}
