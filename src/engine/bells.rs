//! Whoever waits for something to change waits at its bell, and nobody else is woken. A ring is a hint: it may come too
//! often, and after a lost connection it may not come at all, so whoever waits also looks now and then.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::{AttemptId, UserId};

/// What rings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bell {
    /// An attempt moved or ended.
    Attempt(AttemptId),
    /// What this person is asked on their phone changed.
    User(UserId),
}

type Hung = Mutex<HashMap<Bell, (Arc<Notify>, usize)>>;

/// The bells at which somebody waits.
#[derive(Debug, Clone, Default)]
pub struct Bells(Arc<Hung>);

impl Bells {
    /// Wait at this bell from now on. A ring between this call and [`Listening::rung`] is not lost.
    pub fn listen(&self, bell: Bell) -> Listening {
        let mut hung = self.hung();
        let (notify, listeners) = hung.entry(bell).or_default();
        *listeners += 1;
        let notify = Arc::clone(notify);
        drop(hung);
        let waiting = Box::pin(Arc::clone(&notify).notified_owned());
        let mut listening = Listening { bells: self.clone(), bell, notify, waiting };
        listening.waiting.as_mut().enable();
        listening
    }

    pub fn ring(&self, bell: Bell) {
        if let Some((notify, _)) = self.hung().get(&bell) {
            notify.notify_waiters();
        }
    }

    /// Rings may have been lost: everybody looks.
    pub fn ring_all(&self) {
        for (notify, _) in self.hung().values() {
            notify.notify_waiters();
        }
    }

    fn hung(&self) -> MutexGuard<'_, HashMap<Bell, (Arc<Notify>, usize)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody waits at a bell.
pub struct Listening {
    bells: Bells,
    bell: Bell,
    notify: Arc<Notify>,
    waiting: std::pin::Pin<Box<tokio::sync::futures::OwnedNotified>>,
}

impl Listening {
    /// The next ring since [`Bells::listen`] or since the last one that this returned.
    pub async fn rung(&mut self) {
        self.waiting.as_mut().await;
        self.waiting.set(Arc::clone(&self.notify).notified_owned());
        self.waiting.as_mut().enable();
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut hung = self.bells.hung();
        if let Some((_, listeners)) = hung.get_mut(&self.bell) {
            *listeners = listeners.saturating_sub(1);
            if *listeners == 0 {
                hung.remove(&self.bell);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bell() -> Bell {
        Bell::Attempt(AttemptId(uuid::Uuid::from_u128(7)))
    }

    #[tokio::test(start_paused = true)]
    async fn ring_before_the_wait_is_not_lost_and_rings_for_nobody_else() {
        let bells = Bells::default();
        let mut here = bells.listen(bell());
        let mut there = bells.listen(Bell::User(UserId(uuid::Uuid::from_u128(7))));
        bells.ring(bell());
        here.rung().await;
        let wait = std::time::Duration::from_secs(60);
        assert!(tokio::time::timeout(wait, here.rung()).await.is_err(), "one ring is one ring");
        assert!(tokio::time::timeout(wait, there.rung()).await.is_err(), "another bell");
        bells.ring_all();
        here.rung().await;
        there.rung().await;
    }

    #[test]
    fn nothing_is_kept_of_who_left() {
        let bells = Bells::default();
        let (one, two) = (bells.listen(bell()), bells.listen(bell()));
        drop(one);
        assert_eq!(bells.hung().len(), 1);
        drop(two);
        assert_eq!(bells.hung().len(), 0);
    }
}
