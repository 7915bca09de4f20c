//! The same request twice gets one login and one answer (RFC 5080 §2.2.2; RAD-12, RAD-13).
//!
//! Clients repeat what they think was lost. A repetition of a request that is being decided is dropped; one of a request
//! that was answered gets the same octets again. A new authenticator under an old identifier means that the client gave
//! up on the old request: its answer is not sent any more.

use std::collections::VecDeque;
use std::collections::hash_map::{self, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::wire::Authenticator;

/// One listener's requests of the last seconds.
#[derive(Debug, Default)]
pub(crate) struct Duplicates {
    known: Mutex<Known>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    source: SocketAddr,
    identifier: u8,
}

#[derive(Debug, Default)]
struct Known {
    requests: HashMap<Key, Request>,
    /// Answered ones, oldest first.
    answered: VecDeque<(Instant, Key, u64)>,
    drawn: u64,
}

#[derive(Debug)]
struct Request {
    /// Tells this request from an earlier or later one under the same key.
    serial: u64,
    authenticator: Authenticator,
    answer: Option<Arc<[u8]>>,
}

#[derive(Debug)]
pub(crate) enum Seen {
    /// Not seen before.
    First(Ticket),
    /// Being decided.
    Open,
    Answered(Arc<[u8]>),
    /// Not seen before, and there is no room.
    NoRoom,
}

/// The right to answer one request once.
#[derive(Debug)]
pub(crate) struct Ticket {
    cache: Arc<Duplicates>,
    key: Key,
    serial: u64,
    spent: bool,
}

impl Duplicates {
    /// Look for a request, and remember it if it is new. `room` is how many may be remembered; `None` when no new one may
    /// begin, in which case nothing that is remembered changes.
    pub(crate) fn see(
        self: &Arc<Self>,
        source: SocketAddr,
        identifier: u8,
        authenticator: &Authenticator,
        lifetime: Duration,
        room: Option<usize>,
    ) -> Seen {
        let key = Key { source, identifier };
        let mut known = self.lock();
        known.forget_old(lifetime);
        if let Some(request) = known.requests.get(&key)
            && request.authenticator == *authenticator
        {
            return request.answer.as_ref().map_or(Seen::Open, |answer| Seen::Answered(Arc::clone(answer)));
        }
        let Some(room) = room else { return Seen::NoRoom };
        while known.requests.len() >= room && !known.requests.contains_key(&key) {
            if !known.forget_oldest() {
                return Seen::NoRoom;
            }
        }
        // Answers that a new request under the same key replaced stay in the queue only.
        while known.answered.len() >= room && known.forget_oldest() {}
        known.drawn += 1;
        let serial = known.drawn;
        known.requests.insert(key, Request { serial, authenticator: *authenticator, answer: None });
        Seen::First(Ticket { cache: Arc::clone(self), key, serial, spent: false })
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn forget_old(&mut self, lifetime: Duration) {
        let now = Instant::now();
        while self.answered.front().is_some_and(|(at, ..)| now.duration_since(*at) >= lifetime) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) -> bool {
        let Some((_, key, serial)) = self.answered.pop_front() else { return false };
        self.forget(key, serial);
        true
    }

    fn forget(&mut self, key: Key, serial: u64) {
        if let hash_map::Entry::Occupied(entry) = self.requests.entry(key)
            && entry.get().serial == serial
        {
            entry.remove();
        }
    }
}

impl Ticket {
    /// Keep `answer` for repetitions. False when the client has given up on this request, so that nothing may be sent.
    pub(crate) fn answered(mut self, answer: &Arc<[u8]>) -> bool {
        self.spent = true;
        let mut known = self.cache.lock();
        let Some(request) = known.requests.get_mut(&self.key).filter(|request| request.serial == self.serial) else {
            return false;
        };
        request.answer = Some(Arc::clone(answer));
        known.answered.push_back((Instant::now(), self.key, self.serial));
        true
    }
}

impl Drop for Ticket {
    /// Nothing was answered: a repetition is a new request.
    fn drop(&mut self) {
        if !self.spent {
            self.cache.lock().forget(self.key, self.serial);
        }
    }
}

#[cfg(test)]
mod tests;
