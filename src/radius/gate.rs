//! How many logins are open, and no more than that.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[derive(Debug)]
pub(crate) struct Gate {
    inside: AtomicUsize,
}

/// A place inside, given back when dropped.
#[derive(Debug)]
pub(crate) struct Place(Arc<Gate>);

impl Gate {
    pub(crate) const fn new() -> Self {
        Self { inside: AtomicUsize::new(0) }
    }

    pub(crate) fn enter(self: &Arc<Self>, limit: usize) -> Option<Place> {
        let place = |inside| (inside < limit).then_some(inside + 1);
        self.inside.fetch_update(Ordering::Relaxed, Ordering::Relaxed, place).ok().map(|_| Place(Arc::clone(self)))
    }

    pub(crate) fn inside(&self) -> usize {
        self.inside.load(Ordering::Relaxed)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The limit for those who are half in already: they go before new ones (RAD-33).
pub(crate) fn with_reserve(limit: usize) -> usize {
    limit.saturating_add((limit / 4).max(1))
}
