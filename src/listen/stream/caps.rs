//! Places under the caps. Whoever holds one is counted; dropping it frees it, whatever the reason.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Who is counted as one: an IPv4 address, or the /64 that an IPv6 network gives to one customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Source {
    V4(Ipv4Addr),
    V6([u16; 4]),
}

#[derive(Debug, Default)]
pub(super) struct Caps(Mutex<Taken>);

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    /// Never longer than `all`.
    by_source: HashMap<Source, usize>,
}

/// One place under the cap of all connections, and perhaps one under its source's.
#[derive(Debug)]
pub(super) struct Place {
    caps: Arc<Caps>,
    source: Option<Source>,
}

/// Keeps a connection counted. Clone it into whatever outlives the future that serves the connection.
#[derive(Debug, Clone)]
pub struct ConnectionGuard {
    _place: Arc<Place>,
}

impl Caps {
    pub(super) fn enter(self: &Arc<Self>, most: usize) -> Option<Place> {
        let mut taken = self.taken();
        if taken.all >= most {
            return None;
        }
        taken.all = taken.all.saturating_add(1);
        Some(Place { caps: Arc::clone(self), source: None })
    }

    pub(super) fn open(&self) -> usize {
        self.taken().all
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Count it for `address` too; `None` when that has `most` already.
    pub(super) fn of(mut self, address: IpAddr, most: usize) -> Option<Self> {
        let source = Source::of(address);
        let counted = self.caps.taken().count(source, most);
        self.source = counted.then_some(source);
        counted.then_some(self)
    }

    pub(super) fn guard(self) -> ConnectionGuard {
        ConnectionGuard { _place: Arc::new(self) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.caps.taken();
        taken.all = taken.all.saturating_sub(1);
        if let Some(source) = self.source {
            taken.forget(source);
        }
    }
}

impl Taken {
    fn count(&mut self, source: Source, most: usize) -> bool {
        let own = self.by_source.get(&source).copied().unwrap_or_default();
        if own >= most {
            return false;
        }
        self.by_source.insert(source, own.saturating_add(1));
        true
    }

    fn forget(&mut self, source: Source) {
        if let Entry::Occupied(mut own) = self.by_source.entry(source) {
            match own.get().saturating_sub(1) {
                0 => drop(own.remove()),
                left => drop(own.insert(left)),
            }
        }
    }
}

impl Source {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self::V6([a, b, c, d])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_it_is_dropped_and_nothing_is_remembered() {
        let caps = Arc::new(Caps::default());
        let address = IpAddr::from([192, 0, 2, 1]);
        let first = caps.enter(2).unwrap().of(address, 1).unwrap();
        assert!(caps.enter(2).unwrap().of(address, 1).is_none(), "the second of one source");
        let other = caps.enter(2).unwrap().of(IpAddr::from([192, 0, 2, 2]), 1).unwrap();
        assert!(caps.enter(2).is_none(), "the third of all");
        drop((first, other));
        assert_eq!((caps.open(), caps.taken().by_source.len()), (0, 0));
    }

    #[test]
    fn an_ipv6_customer_is_one_source_and_an_ipv4_address_is_the_same_in_either_notation() {
        let source = |address: &str| Source::of(address.parse().unwrap());
        assert_eq!(source("2001:db8:1:2::1"), source("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
        assert_ne!(source("192.0.2.1"), source("192.0.2.2"));
    }
}
