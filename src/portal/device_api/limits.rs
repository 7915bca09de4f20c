//! How much of us one phone, or one place in the network, may use.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use vestibule_engine::AuthenticatorId;
use vestibule_factors::push::protocol::ProblemCode;

use super::Refusal;

/// Any call, by address. A company with thousands of phones shares one address, so this is only against floods.
const OF_ADDRESS: Rate = Rate { burst: 5_000, refill: Duration::from_millis(2) };
/// Calls that failed for want of a key or a code, by address: that is guessing. It slows down those who guess, and nobody
/// else behind the same address: one phone that was unpaired and does not know it must not silence an office.
const FAILED: Rate = Rate { burst: 30, refill: Duration::from_secs(2) };
/// Properly signed calls of one phone. A person opens the app, the service worker looks as well, a page reloads.
const OF_DEVICE: Rate = Rate { burst: 60, refill: Duration::from_millis(500) };
/// Whom we keep count of at a time. 50 000 entries are some four megabytes.
const KEYS_MAX: usize = 50_000;

/// Phones of one device that may wait at the same time: its page and its service worker.
const WAITING_OF_DEVICE_MAX: u8 = 2;
/// Phones that may wait at the same time. Each holds a connection, of which the portal's settings allow fewer by default;
/// this bounds those that HTTP/2 packs into one.
const WAITING_MAX: usize = 100_000;

/// So many at once, and then one per `refill`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    pub(crate) burst: u32,
    pub(crate) refill: Duration,
}

/// Keeps everybody to a rate of their own.
#[derive(Debug)]
pub(crate) struct Pace<K> {
    rate: Rate,
    /// When each will be back at a full burst. Whoever is not in here has all of it.
    full_at: Mutex<HashMap<K, Instant>>,
}

impl<K: Eq + Hash> Pace<K> {
    pub(crate) fn new(rate: Rate) -> Self {
        Self { rate, full_at: Mutex::default() }
    }

    /// Use up one; or how long to wait until there is one.
    pub(crate) fn take(&self, key: K) -> Result<(), Duration> {
        let now = Instant::now();
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let full = full_at.get(&key).copied().unwrap_or(now).max(now);
        let after = full.checked_add(self.rate.refill).unwrap_or(full);
        let most = self.rate.refill.saturating_mul(self.rate.burst);
        let owed = after.duration_since(now);
        if owed > most {
            return Err(owed.saturating_sub(most));
        }
        if full_at.len() >= KEYS_MAX {
            full_at.retain(|_, full| *full > now);
        }
        // Still full: so many are being counted that a new one cannot be. It is a flood, and it waits.
        if full_at.len() >= KEYS_MAX && !full_at.contains_key(&key) {
            return Err(self.rate.refill);
        }
        full_at.insert(key, after);
        Ok(())
    }
}

/// One host's own addresses: for IPv6 that is the /64.
pub(crate) fn place(address: Option<IpAddr>) -> Option<IpAddr> {
    address.map(|address| match address.to_canonical() {
        IpAddr::V6(six) => IpAddr::V6((six.to_bits() & !u128::from(u64::MAX)).into()),
        four => four,
    })
}

pub(super) struct Limits {
    pub(super) of_address: Pace<Option<IpAddr>>,
    pub(super) failed: Pace<Option<IpAddr>>,
    pub(super) of_device: Pace<AuthenticatorId>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { of_address: Pace::new(OF_ADDRESS), failed: Pace::new(FAILED), of_device: Pace::new(OF_DEVICE) }
    }
}

impl Limits {
    /// What a call that failed is told: its reason, or to come later where too many failed.
    pub(super) fn slowed(&self, refusal: Refusal, place: Option<IpAddr>) -> Refusal {
        match refusal.code() {
            ProblemCode::Device | ProblemCode::Signature | ProblemCode::Token => {
                self.failed.take(place).map_or_else(Refusal::later, |()| refusal)
            }
            _ => refusal,
        }
    }
}

type Waiters = Arc<Mutex<HashMap<AuthenticatorId, u8>>>;

/// Phones that wait for something to happen.
pub(super) struct Waiting {
    in_all: Arc<Semaphore>,
    of_device: Waiters,
}

impl Default for Waiting {
    fn default() -> Self {
        Self { in_all: Arc::new(Semaphore::new(WAITING_MAX)), of_device: Waiters::default() }
    }
}

/// A place to wait in, until it is dropped.
pub(super) struct Place {
    _in_all: OwnedSemaphorePermit,
    of_device: Waiters,
    device: AuthenticatorId,
}

impl Waiting {
    pub(super) fn enter(&self, device: AuthenticatorId) -> Option<Place> {
        let in_all = Arc::clone(&self.in_all).try_acquire_owned().ok()?;
        let mut of_device = self.of_device.lock().unwrap_or_else(PoisonError::into_inner);
        let here = of_device.entry(device).or_default();
        if *here >= WAITING_OF_DEVICE_MAX {
            return None;
        }
        *here += 1;
        Some(Place { _in_all: in_all, of_device: Arc::clone(&self.of_device), device })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut of_device = self.of_device.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(here) = of_device.get_mut(&self.device) {
            *here = here.saturating_sub(1);
            if *here == 0 {
                of_device.remove(&self.device);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn everybody_has_a_burst_of_their_own_and_then_one_per_interval() {
        let pace = Pace::new(Rate { burst: 3, refill: Duration::from_secs(10) });
        assert_eq!((0..5).filter(|_| pace.take("ada").is_ok()).count(), 3);
        assert_eq!(pace.take("ada"), Err(Duration::from_secs(10)));
        assert_eq!(pace.take("bob"), Ok(()));
        tokio::time::advance(Duration::from_secs(11)).await;
        assert_eq!((0..5).filter(|_| pace.take("ada").is_ok()).count(), 1);
    }

    #[test]
    fn a_device_has_two_places_to_wait_in_and_gets_them_back() {
        let waiting = Waiting::default();
        let device = AuthenticatorId(uuid::Uuid::from_u128(1));
        let other = AuthenticatorId(uuid::Uuid::from_u128(2));
        let places = (waiting.enter(device), waiting.enter(device));
        assert!(places.0.is_some() && places.1.is_some());
        assert!(waiting.enter(device).is_none());
        assert!(waiting.enter(other).is_some());
        drop(places);
        assert!(waiting.enter(device).is_some());
        assert!(waiting.of_device.lock().unwrap().is_empty(), "nothing is kept of who left");
    }

    #[test]
    fn neighbours_of_one_ipv6_network_are_one_place() {
        let at = |text: &str| place(Some(text.parse().unwrap()));
        assert_eq!(at("2001:db8::1"), at("2001:db8::ffff:1"));
        assert_ne!(at("2001:db8::1"), at("2001:db8:0:1::1"));
        assert_eq!(at("::ffff:192.0.2.1"), at("192.0.2.1"));
    }
}
