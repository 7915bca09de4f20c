//! How often somebody may guess. Pure arithmetic: the store keeps a [`Counter`] a key and asks it here, inside the
//! transaction that decides, so that parallel guesses, other nodes and restarts cannot reset it (OTP-05).
//!
//! Passwords and codes have budgets of their own. Code budgets are charged only after a right password, so that a
//! stranger cannot lock a person's factor (OTP-06); password budgets are kept per person *and place* beside a wide one
//! per person, so that a stranger elsewhere does not lock the person at home.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Subject, Timestamp, UserId};

/// What is counted. The text is the key in the store.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CounterKey(pub String);

impl CounterKey {
    /// Wrong passwords for one person from one place.
    pub fn password_at(subject: &Subject, place: &str) -> Self {
        Self(format!("password-at|{}|{}|{place}", subject.source, subject.id))
    }

    /// Wrong passwords for one person from anywhere.
    pub fn password_of(subject: &Subject) -> Self {
        Self(format!("password-of|{}|{}", subject.source, subject.id))
    }

    /// No failures: when this person was last let in from this place. Failures elsewhere do not lock them out of it.
    pub fn known_at(source: &str, source_id: &str, place: &str) -> Self {
        Self(format!("known-at|{source}|{source_id}|{place}"))
    }

    /// No failures either: when the account of a program was last let in from this address.
    pub fn account_at(source: &str, source_id: &str, address: IpAddr) -> Self {
        Self(format!("account-at|{source}|{source_id}|{}", block(address)))
    }

    /// Wrong passwords, and unknown names, from one address.
    pub fn password_from(address: IpAddr) -> Self {
        Self(format!("password-from|{}", block(address)))
    }

    /// Wrong codes for one person, whatever the factor, door or node.
    pub fn code_of(user: UserId) -> Self {
        Self(format!("code-of|{user}"))
    }

    /// The same, from a place where the person was let in before: strangers elsewhere do not use it up (OTP-06).
    pub fn code_at(user: UserId, place: &str) -> Self {
        Self(format!("code-at|{user}|{place}"))
    }

    /// Requests to one person's phone for logins from a place where they were let in before.
    pub fn push_at(user: UserId, place: &str) -> Self {
        Self(format!("push-at|{user}|{place}"))
    }

    /// Requests to one person's phone since they last answered one with a yes.
    pub fn push_of(user: UserId) -> Self {
        Self(format!("push-of|{user}"))
    }

    /// Reports on one person's phone. Apart from what rang: a yes on the phone does not lift it, and what a stranger rang
    /// before does not make it longer.
    pub fn report_of(user: UserId) -> Self {
        Self(format!("report-of|{user}"))
    }

    /// No failures: when all that stood of this person was ended last, by a report of theirs or because they were disabled.
    /// Nothing lifts it: what stood before that is over, whatever came since.
    pub fn standing_ended(user: UserId) -> Self {
        Self(format!("standing-ended|{user}"))
    }

    /// Requests to anybody's phone from one address.
    pub fn push_from(address: IpAddr) -> Self {
        Self(format!("push-from|{}", block(address)))
    }

    /// Wrong codes from one address.
    pub fn code_from(address: IpAddr) -> Self {
        Self(format!("code-from|{}", block(address)))
    }
}

/// An IPv6 host owns a /64: counting single addresses there counts nothing.
pub(crate) fn block(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            v6.to_ipv4_mapped().map_or_else(|| IpAddr::V6((u128::from(v6) & !u128::from(u64::MAX)).into()), IpAddr::V4)
        }
    }
}

/// How many failures are free, and how the wait grows after them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Failures before the first wait.
    pub tries: u32,
    /// The first wait; each failure after it doubles the wait.
    pub wait_first: Duration,
    pub wait_max: Duration,
    /// Failures are forgotten after this long without one.
    pub forget_after: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counter {
    pub failures: u32,
    pub last_failure: Option<Timestamp>,
    pub locked_until: Option<Timestamp>,
}

impl Counter {
    pub fn is_locked(&self, now: Timestamp) -> Option<Timestamp> {
        self.locked_until.filter(|until| *until > now)
    }

    /// Whether a sighting says the same again: it is written down once an hour, not with every login of a busy program.
    pub fn knows_already(&self, budget: &Budget, now: Timestamp) -> bool {
        let is_sighting = *budget == SIGHTING;
        is_sighting && self.last_failure.is_some_and(|seen| seen <= now && now.since(seen) < SIGHTED_EVERY)
    }

    #[must_use]
    pub fn after_failure(self, budget: &Budget, now: Timestamp) -> Self {
        let forgotten = self.last_failure.is_some_and(|last| now.since(last) >= budget.forget_after);
        let failures = if forgotten { 1 } else { self.failures.saturating_add(1) };
        let locked_until = failures.checked_sub(budget.tries).map(|beyond| {
            let factor = 1_u32.checked_shl(beyond.min(31)).unwrap_or(u32::MAX);
            now.after(budget.wait_first.saturating_mul(factor).min(budget.wait_max))
        });
        Self { failures, last_failure: Some(now), locked_until }
    }
}

/// How long a place stays known after somebody was let in from there.
pub(crate) const KNOWN_FOR: Duration = Duration::from_secs(30 * 86_400);

/// How exactly a sighting tells the time.
const SIGHTED_EVERY: Duration = Duration::from_secs(3_600);

/// What a sighting is written with: it never locks anything.
pub const SIGHTING: Budget =
    Budget { tries: u32::MAX, wait_first: Duration::ZERO, wait_max: Duration::ZERO, forget_after: KNOWN_FOR };

/// What the end of all that stood is written with: it locks nothing, and unlike a [`SIGHTING`] each one counts.
pub const ENDING: Budget = Budget { wait_first: Duration::from_micros(1), ..SIGHTING };

/// The budgets of a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budgets {
    pub password_at: Budget,
    pub password_of: Budget,
    pub password_from: Budget,
    pub code_of: Budget,
    pub code_from: Budget,
    pub push_of: Budget,
    pub push_from: Budget,
    /// What a report on the phone costs: one is enough to stop the phone from ringing.
    pub report_of: Budget,
}

impl Budgets {
    /// How long a counter can matter at all.
    pub(crate) fn longest_memory(&self) -> Duration {
        [
            self.password_at,
            self.password_of,
            self.password_from,
            self.code_of,
            self.code_from,
            self.push_of,
            self.push_from,
            self.report_of,
        ]
        .iter()
        .map(|budget| budget.forget_after.max(budget.wait_max))
        .fold(KNOWN_FOR, Duration::max)
    }
}

impl Default for Budgets {
    fn default() -> Self {
        let hour = Duration::from_secs(3600);
        let of = |tries, wait_first: u64, wait_max: u64| Budget {
            tries,
            wait_first: Duration::from_secs(wait_first),
            wait_max: Duration::from_secs(wait_max),
            forget_after: hour,
        };
        Self {
            password_at: of(5, 30, 900),
            password_of: of(50, 10, 60),
            password_from: of(200, 10, 300),
            code_of: Budget { forget_after: hour * 24, ..of(5, 30, 3600) },
            code_from: of(200, 10, 300),
            push_of: of(5, 300, 3600),
            push_from: of(100, 60, 600),
            report_of: Budget { forget_after: hour * 24, ..of(1, 3600, 86_400) },
        }
    }
}
