//! Who is locked out, and letting them in again (`vestibule users unlock`).

use vestibule_engine::{CounterKey, Timestamp, User};

use super::Outcome;
use super::desk::{Desk, told};
use super::terminal::{clean, rfc3339};

/// A lock that holds now.
pub struct Lock {
    pub what: &'static str,
    pub failures: u32,
    pub until: Timestamp,
}

impl Lock {
    pub fn as_json(&self) -> serde_json::Value {
        serde_json::json!({ "what": self.what, "failures": self.failures, "until": rfc3339(self.until) })
    }
}

/// The locks on this person from anywhere. Those of one place, or of an address, are not theirs alone.
pub async fn of(user: &User, desk: &Desk) -> Outcome<Vec<Lock>> {
    let counted = [
        (CounterKey::code_of(user.id), "too many wrong codes"),
        (CounterKey::password_of(&user.subject), "too many wrong passwords"),
        (CounterKey::push_of(user.id), "too many requests on the phone"),
        (CounterKey::report_of(user.id), "a request on the phone was reported"),
    ];
    let keys: Vec<CounterKey> = counted.iter().map(|(key, _)| key.clone()).collect();
    let counters = desk.store.counters(&keys).await.map_err(told)?;
    let now = desk.now();
    let locks = counted.iter().zip(counters).filter_map(|((_, what), counter)| {
        counter.is_locked(now).map(|until| Lock { what, failures: counter.failures, until })
    });
    Ok(locks.collect())
}

pub async fn clear(name: &str, desk: &mut Desk) -> Outcome {
    let user = desk.person(name).await?;
    desk.store.clear_locks(user.id, &desk.by, desk.now()).await.map_err(told)?;
    let name = &user.subject.name;
    if desk.json {
        return desk.terminal.json(&serde_json::json!({ "user": user.id, "name": name, "unlocked": true }));
    }
    desk.terminal.line(format!("{} can try again now.", clean(name)))
}
