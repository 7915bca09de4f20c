//! Addresses that were not locked a moment ago: a program signs people in from one address again and again, and its lock is
//! read once a second and not before each.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::Timestamp;
use crate::throttle::block;

/// How long what was read is believed. It only spares the directory a question: before a password is tried, the lock is
/// read with the person's own.
const BELIEVED_FOR: Duration = Duration::from_secs(1);
/// More are not kept at once.
const ADDRESSES_MAX: usize = 1_024;

#[derive(Default)]
pub(super) struct Unlocked(Mutex<HashMap<IpAddr, Timestamp>>);

impl Unlocked {
    pub(super) fn is_fresh(&self, address: IpAddr, now: Timestamp) -> bool {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(&block(address)).is_some_and(|read| *read <= now && now.since(*read) < BELIEVED_FOR)
    }

    /// `read`: before the store was asked.
    pub(super) fn note(&self, address: IpAddr, read: Timestamp) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= ADDRESSES_MAX {
            seen.clear();
        }
        seen.insert(block(address), read);
    }

    /// Something was locked.
    pub(super) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_believed_for_a_second_and_not_across_a_lock() {
        let (unlocked, address) = (Unlocked::default(), "192.0.2.7".parse().unwrap());
        let began = Timestamp(1_000_000_000_000);
        assert!(!unlocked.is_fresh(address, began));
        unlocked.note(address, began);
        assert!(unlocked.is_fresh(address, began.after(Duration::from_millis(999))));
        assert!(unlocked.is_fresh("::ffff:192.0.2.7".parse().unwrap(), began), "the same host");
        assert!(!unlocked.is_fresh("192.0.2.8".parse().unwrap(), began));
        assert!(!unlocked.is_fresh(address, began.after(BELIEVED_FOR)));
        assert!(!unlocked.is_fresh(address, Timestamp(began.0 - 1)), "a clock that was set back");
        unlocked.forget();
        assert!(!unlocked.is_fresh(address, began));
    }
}
