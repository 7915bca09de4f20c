//! What one group of transitions touches, and the rules by which each of them is taken or refused.
//!
//! The rows are loaded (and, on PostgreSQL, locked) first, the rules then run in memory, and what changed is written at
//! the end. So the rules are plain code that knows no database, every check of a transition comes before its first
//! change, and a hundred logins cost a few statements.

mod crowd;
mod load;
mod write;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use vestibule_engine::{
    AttemptId, AuthenticatorId, Bell, CoalesceKey, Committed, Counter, CounterKey, Position, Spend, Timestamp,
    Transition, TrustEntry, TrustId, UserId,
};

use crate::attempts::Attempt;
use crate::fault::Fault;
use crate::keyring::Keyring;

use crowd::Ringing;
pub(crate) use load::counters;

/// How exactly the time of a last login is told.
const SIGNED_IN_EVERY: Duration = Duration::from_secs(60);

/// One row: whether it is in the database, and what it is by now.
#[derive(Debug)]
struct Tracked<T> {
    existed: bool,
    now: Option<T>,
    changed: bool,
}

impl<T> Tracked<T> {
    fn found(row: T) -> Self {
        Self { existed: true, now: Some(row), changed: false }
    }

    fn set(&mut self, row: Option<T>) {
        self.now = row;
        self.changed = true;
    }
}

impl<T> Default for Tracked<T> {
    fn default() -> Self {
        Self { existed: false, now: None, changed: false }
    }
}

#[derive(Debug)]
struct Person {
    enabled: bool,
    last_login: Option<Timestamp>,
    /// What the row is to say from now on.
    signed_in: Option<Timestamp>,
}

impl Person {
    /// Written down to the minute: a program that signs in a hundred times a second does not write its row as often.
    fn signs_in(&mut self, now: Timestamp) {
        let said = self.signed_in.or(self.last_login);
        if said.is_none_or(|said| now < said || now.since(said) >= SIGNED_IN_EVERY) {
            self.signed_in = Some(now);
        }
    }
}

#[derive(Debug)]
struct Held {
    user: UserId,
    confirmed: bool,
    high_water: i64,
    drift: i32,
    held_until: Option<Timestamp>,
    used: Option<Timestamp>,
}

/// Everything that a group of transitions may look at or change. A row that is not here is not there.
#[derive(Debug, Default)]
pub(crate) struct Book {
    users: HashMap<UserId, Person>,
    attempts: HashMap<AttemptId, Tracked<Attempt>>,
    /// Which open attempt holds a key.
    keys: HashMap<CoalesceKey, AttemptId>,
    authenticators: HashMap<AuthenticatorId, Held>,
    spent: HashSet<(AuthenticatorId, String)>,
    newly_spent: Vec<(AuthenticatorId, String, Timestamp)>,
    counters: HashMap<CounterKey, Tracked<Counter>>,
    trust: HashMap<TrustId, TrustEntry>,
    granted: Vec<TrustEntry>,
    /// Whose trust entries and sessions go, and when that was asked for last.
    forgotten: BTreeMap<UserId, Timestamp>,
    /// What rings the phones of those for whom it matters how many do.
    ringing: HashMap<AttemptId, Ringing>,
    rings: HashSet<Bell>,
}

impl Book {
    /// Take `change` whole, or leave everything as it is and say why.
    pub(crate) fn apply(&mut self, change: &Transition, keyring: &Keyring) -> Result<Committed, Fault> {
        check_size(change)?;
        if let Some(other) = self.moved(change) {
            let row = other.and_then(|id| self.attempt(id).map(|attempt| attempt.opened(id, keyring)));
            return Ok(Committed::Moved(row.transpose()?));
        }
        if let Some(until) = self.locked(change) {
            return Ok(Committed::Locked(until));
        }
        if self.user_is_gone(change) {
            return Ok(Committed::UserGone);
        }
        if self.trust_is_gone(change) {
            return Ok(Committed::TrustGone);
        }
        if self.is_crowded(change) {
            return Ok(Committed::Crowded);
        }
        if self.was_spent(change) {
            return Ok(Committed::Spent);
        }
        Ok(Committed::Done { locked: self.take(change) })
    }

    /// What moved in this group, and whose phone it concerns.
    pub(crate) fn rings(&self) -> &HashSet<Bell> {
        &self.rings
    }

    /// Whether a counter is another one now, or known places of somebody are forgotten.
    pub(crate) fn has_counted(&self) -> bool {
        !self.forgotten.is_empty() || self.counters.values().any(|counter| counter.changed)
    }

    pub(crate) fn is_enabled(&self, user: UserId) -> bool {
        self.users.get(&user).is_some_and(|person| person.enabled)
    }

    fn attempt(&self, id: AttemptId) -> Option<&Attempt> {
        self.attempts.get(&id).and_then(|tracked| tracked.now.as_ref())
    }

    /// The attempt that stands in the way, if one does: this one in another state (or gone), or another login that
    /// holds the same key.
    fn moved(&self, change: &Transition) -> Option<Option<AttemptId>> {
        let here = self.attempt(change.attempt);
        let as_expected = match (change.from, here) {
            (None, None) => true,
            // What ended stays as it ended.
            (Some(version), Some(attempt)) => attempt.is_open && attempt.version == version,
            _ => false,
        };
        if !as_expected {
            return Some(here.map(|_| change.attempt));
        }
        let holder = self.keys.get(&wanted_key(change)?).copied().filter(|holder| *holder != change.attempt)?;
        self.attempt(holder).filter(|other| other.is_open && other.expires > change.now).map(|_| Some(holder))
    }

    fn user_is_gone(&self, change: &Transition) -> bool {
        let is_gone = |user: &UserId| !self.is_enabled(*user);
        change.if_enabled.iter().any(is_gone)
            || change.signed_in.iter().chain(change.trust.iter().map(|entry| &entry.user)).any(is_gone)
            || change.unless_crowded.iter().any(|crowd| is_gone(&crowd.user))
    }

    fn locked(&self, change: &Transition) -> Option<Timestamp> {
        change.unless_locked.iter().filter_map(|key| self.counter(key).is_locked(change.now)).max()
    }

    fn counter(&self, key: &CounterKey) -> Counter {
        self.counters.get(key).and_then(|tracked| tracked.now).unwrap_or_default()
    }

    /// Whether anything that `change` spends was spent before, be it earlier in the same change.
    fn was_spent(&self, change: &Transition) -> bool {
        let mut steps: HashMap<AuthenticatorId, i64> = HashMap::new();
        let mut items: HashSet<&str> = HashSet::new();
        !change.spend.iter().all(|spend| {
            let Some(held) = self.usable(spend.authenticator(), change) else { return false };
            match spend {
                Spend::Step { authenticator, step, .. } => {
                    let high_water = steps.entry(*authenticator).or_insert(held.high_water);
                    std::mem::replace(high_water, *step) < *step
                }
                Spend::Item { authenticator, item } => {
                    !self.spent.contains(&(*authenticator, item.clone())) && items.insert(item)
                }
                Spend::Attempt { .. } => true,
            }
        })
    }

    fn usable(&self, id: AuthenticatorId, change: &Transition) -> Option<&Held> {
        self.authenticators.get(&id).filter(|held| {
            held.confirmed
                && change.if_enabled.is_none_or(|user| user == held.user)
                && held.held_until.is_none_or(|until| until <= change.now)
        })
    }

    fn trust_is_gone(&self, change: &Transition) -> bool {
        change.relies_on.is_some_and(|id| {
            !self.trust.get(&id).is_some_and(|entry| {
                entry.until > change.now && change.if_enabled.is_none_or(|user| user == entry.user)
            })
        })
    }

    /// Every check was passed: change what is to be changed.
    fn take(&mut self, change: &Transition) -> Vec<(CounterKey, Timestamp)> {
        self.move_attempt(change);
        self.spend(change);
        for key in &change.clear {
            if let Some(counter) = self.counters.get_mut(key) {
                counter.set(None);
            }
        }
        let locked = self.charge(change);
        if let Some(person) = change.signed_in.and_then(|user| self.users.get_mut(&user)) {
            person.signs_in(change.now);
        }
        if let Some(user) = change.forget {
            self.trust.retain(|_, entry| entry.user != user);
            self.granted.retain(|entry| entry.user != user);
            self.forgotten.insert(user, change.now);
        }
        if let Some(entry) = &change.trust {
            self.grant(entry);
        }
        locked
    }

    fn move_attempt(&mut self, change: &Transition) {
        let before = self.attempt(change.attempt);
        let had_key = before.and_then(|attempt| attempt.coalesce);
        let existed = before.is_some();
        let after = change.to.as_ref().map(|position| Attempt::after(before, position, change.now));
        if !existed && after.is_none() {
            return;
        }
        let asked: Vec<_> = before.into_iter().chain(&after).filter_map(Attempt::rings).collect();
        self.rings.extend(asked.into_iter().map(Bell::User));
        if existed {
            self.rings.insert(Bell::Attempt(change.attempt));
        }
        self.count_ringing(change.attempt, after.as_ref());
        if let Some(key) = had_key {
            self.keys.remove(&key);
        }
        if let Some(key) = after.as_ref().and_then(|attempt| attempt.coalesce) {
            self.release(key);
            self.keys.insert(key, change.attempt);
        }
        self.attempts.entry(change.attempt).or_default().set(after);
    }

    /// Take the key from an attempt that ran out of time and was not yet ended.
    fn release(&mut self, key: CoalesceKey) {
        let Some(tracked) = self.keys.remove(&key).and_then(|holder| self.attempts.get_mut(&holder)) else { return };
        if let Some(attempt) = tracked.now.as_mut() {
            attempt.coalesce = None;
            tracked.changed = true;
        }
    }

    fn spend(&mut self, change: &Transition) {
        for spend in &change.spend {
            let Some(held) = self.authenticators.get_mut(&spend.authenticator()) else { continue };
            held.used = Some(change.now);
            match spend {
                Spend::Step { step, drift, .. } => (held.high_water, held.drift) = (*step, *drift),
                Spend::Item { authenticator, item } => {
                    self.spent.insert((*authenticator, item.clone()));
                    self.newly_spent.push((*authenticator, item.clone(), change.now));
                }
                Spend::Attempt { .. } => {}
            }
        }
    }

    fn charge(&mut self, change: &Transition) -> Vec<(CounterKey, Timestamp)> {
        let mut locked = Vec::new();
        for charge in &change.charge {
            let before = self.counter(&charge.key);
            if before.knows_already(&charge.budget, change.now) {
                continue;
            }
            let after = before.after_failure(&charge.budget, change.now);
            if let Some(until) = after.is_locked(change.now)
                && before.is_locked(change.now).is_none()
            {
                locked.push((charge.key.clone(), until));
            }
            self.counters.entry(charge.key.clone()).or_default().set(Some(after));
        }
        locked
    }

    fn grant(&mut self, entry: &TrustEntry) {
        let is_same = |other: &TrustEntry| {
            (other.user, &other.service, &other.station) == (entry.user, &entry.service, &entry.station)
        };
        self.trust.retain(|_, other| !is_same(other));
        self.granted.retain(|other| !is_same(other));
        self.trust.insert(entry.id, entry.clone());
        self.granted.push(entry.clone());
    }
}

/// The most that an attempt may carry: a record of the engine with an upstream's answer in it, and room to spare.
const PAYLOAD_OCTETS_MAX: usize = 256 * 1024;

fn check_size(change: &Transition) -> Result<(), Fault> {
    let octets = match &change.to {
        Some(Position::Open(open)) => open.payload.expose().len(),
        Some(Position::Ended(ended)) => ended.payload.expose().len(),
        None => 0,
    };
    if octets > PAYLOAD_OCTETS_MAX {
        return Fault::refused(format!("a login attempt carries {octets} octets; {PAYLOAD_OCTETS_MAX} are kept"));
    }
    Ok(())
}

fn wanted_key(change: &Transition) -> Option<CoalesceKey> {
    match &change.to {
        Some(Position::Open(open)) => open.coalesce,
        _ => None,
    }
}

#[cfg(test)]
mod tests;
