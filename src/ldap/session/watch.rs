//! When a connection has rested, or something on it has taken, too long.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::pump::{Ending, Quiet};
use crate::settings::Limits;

/// How long what was asked before a bind has to end by itself.
const SETTLE_PATIENCE: Duration = Duration::from_secs(5);
/// Nothing is looked at more often than that.
const TICK: Duration = Duration::from_millis(10);
/// A connection that rests for so long gives back what it does not need.
const REST_AFTER: Duration = Duration::from_secs(5);
/// A client that takes less than that within its patience reads too slowly.
const TAKEN_MIN: usize = 16 << 10;

pub(super) struct Watch {
    sleep: Pin<Box<Sleep>>,
    last_moved: Instant,
    /// Since when something that has begun is to end: a request, what comes before a bind, a goodbye.
    begun: Option<Instant>,
    /// Since when the client does not take what there is for it, and how much it took all the same.
    stalled: Option<(Instant, usize)>,
}

/// What the watch has seen.
pub(super) enum Seen {
    TooLong(Ending),
    /// Nothing has happened for a while.
    Rest,
}

impl Watch {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self { sleep: Box::pin(sleep_until(now + REST_AFTER)), last_moved: now, begun: None, stalled: None }
    }

    pub(super) fn moved(&mut self) {
        self.last_moved = Instant::now();
    }

    /// Something has begun that has to end, if it has not before.
    pub(super) fn begin(&mut self) {
        self.begun.get_or_insert_with(Instant::now);
    }

    /// From now on, whatever began before.
    pub(super) fn begin_anew(&mut self) {
        self.begun = Some(Instant::now());
    }

    pub(super) fn end(&mut self) {
        self.begun = None;
    }

    /// Whether what was asked before a bind has had its time.
    pub(super) fn has_settled(&self) -> bool {
        self.begun.is_some_and(|since| since.elapsed() >= SETTLE_PATIENCE)
    }

    /// The client does not take any more for now.
    pub(super) fn stall(&mut self) {
        self.stalled.get_or_insert_with(|| (Instant::now(), 0));
    }

    /// The client took something; all there was, or enough of it to be worth waiting on.
    pub(super) fn take(&mut self, octets: usize, is_all: bool) {
        if let Some((_, taken)) = &mut self.stalled {
            *taken += octets;
            if is_all || *taken >= TAKEN_MIN {
                self.stalled = None;
            }
        }
    }

    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        limits: &Limits,
        quiet: Option<Quiet>,
        is_idle: bool,
        doubt_at: Option<Instant>,
    ) -> Poll<Seen> {
        let sooner = |(deadline, ending)| match doubt_at.filter(|at| *at < deadline) {
            Some(at) => (at, None),
            None => (deadline, ending),
        };
        let (deadline, ending) = sooner(self.next(Instant::now(), limits, quiet, is_idle));
        if self.sleep.deadline() > deadline {
            self.sleep.as_mut().reset(deadline);
        }
        ready!(self.sleep.as_mut().poll(cx));
        let now = Instant::now();
        if now >= deadline
            && let Some(ending) = ending
        {
            return Poll::Ready(Seen::TooLong(ending));
        }
        let (deadline, _) = sooner(self.next(now, limits, quiet, is_idle));
        self.sleep.as_mut().reset(deadline.max(now + TICK));
        Poll::Ready(Seen::Rest)
    }

    /// Whether nothing has happened for so long that what is not needed is given back.
    pub(super) fn is_at_rest(&self) -> bool {
        self.last_moved.elapsed() >= REST_AFTER
    }

    /// When to look again, and what it means if nothing has changed by then.
    fn next(&self, now: Instant, limits: &Limits, quiet: Option<Quiet>, is_idle: bool) -> (Instant, Option<Ending>) {
        if let Some((since, _)) = self.stalled {
            return (since + limits.write_timeout, Some(Ending::TooSlow));
        }
        match (quiet, self.begun) {
            (Some(Quiet::Bind | Quiet::StartTls), Some(since)) => {
                // Later than what settles it, which cannot cut a response in two.
                let settles = since + SETTLE_PATIENCE;
                let late = settles + limits.write_timeout;
                return if now < settles { (settles, None) } else { (late, Some(Ending::TooSlow)) };
            }
            (None, Some(since)) => return (since + limits.request_timeout, Some(Ending::TooSlow)),
            _ => {}
        }
        let rested = self.last_moved + REST_AFTER;
        if now < rested {
            return (rested, None);
        }
        if is_idle {
            (self.last_moved + limits.idle_timeout, Some(Ending::Idle))
        } else {
            // A search may take its time, or have no end.
            (now + limits.idle_timeout, None)
        }
    }
}
