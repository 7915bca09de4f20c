//! A store in memory with the semantics of the port, and a switch that fails its n-th call. The real adapters are held to
//! the same semantics by their own suite.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use uuid::Uuid;

use crate::*;

/// Fails one call, by number, over all ports together.
#[derive(Default)]
pub(super) struct Fuse {
    calls: AtomicU64,
    fails_at: AtomicU64,
}

impl Fuse {
    pub(super) fn fail_at(&self, call: u64) {
        self.calls.store(0, Ordering::SeqCst);
        self.fails_at.store(call, Ordering::SeqCst);
    }

    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    /// Whether this call is the one.
    pub(super) fn blows(&self) -> bool {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        self.fails_at.load(Ordering::SeqCst) == call
    }
}

#[derive(Default)]
pub(super) struct Inner {
    pub(super) users: BTreeMap<Uuid, User>,
    pub(super) authenticators: BTreeMap<Uuid, Authenticator>,
    pub(super) attempts: HashMap<AttemptId, AttemptRow>,
    pub(super) counters: HashMap<CounterKey, Counter>,
    pub(super) trust: Vec<TrustEntry>,
    pub(super) spent: HashSet<(AuthenticatorId, String)>,
    pub(super) audit: Vec<AuditRecord>,
    /// Every successful spend, for the invariant that there is one at most.
    pub(super) spends: Vec<Spend>,
    /// Whose sessions and trust entries were dropped.
    pub(super) forgotten: Vec<UserId>,
}

pub(super) struct MemoryStore {
    pub(super) inner: Mutex<Inner>,
    pub(super) fuse: std::sync::Arc<Fuse>,
    bells: Bells,
}

impl MemoryStore {
    pub(super) fn new(fuse: std::sync::Arc<Fuse>) -> Self {
        Self { inner: Mutex::default(), fuse, bells: Bells::default() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    async fn call(&self) -> Result<(), StoreError> {
        // A real store takes its time: let others run in between.
        tokio::task::yield_now().await;
        if self.fuse.blows() {
            return Err(StoreError::Unavailable { doing: "blown fuse".into(), cause: None });
        }
        Ok(())
    }
}

impl Inner {
    fn spendable(&self, spend: &Spend) -> bool {
        let Some(authenticator) = self.authenticators.get(&spend.authenticator().0) else { return false };
        match spend {
            Spend::Step { step, .. } => *step > authenticator.high_water,
            Spend::Item { authenticator, item } => !self.spent.contains(&(*authenticator, item.clone())),
            Spend::Attempt { .. } => true,
        }
    }

    fn obstacle(&self, change: &Transition) -> Option<Committed> {
        let row = self.attempts.get(&change.attempt);
        let in_place = match (row, change.from) {
            (None, None) => true,
            (Some(row), Some(version)) => row.version == version && matches!(row.position, Position::Open(_)),
            _ => false,
        };
        if !in_place {
            return Some(Committed::Moved(row.cloned()));
        }
        if let Some(Position::Open(OpenAttempt { coalesce: Some(key), .. })) = &change.to {
            let holds = |row: &&AttemptRow| {
                row.id != change.attempt
                    && matches!(&row.position, Position::Open(open) if open.coalesce == Some(*key) && open.expires > change.now)
            };
            if let Some(other) = self.attempts.values().find(holds) {
                return Some(Committed::Moved(Some(other.clone())));
            }
        }
        let locks = change.unless_locked.iter().filter_map(|key| self.counters.get(key)?.is_locked(change.now));
        if let Some(until) = locks.max() {
            return Some(Committed::Locked(until));
        }
        if let Some(user) = change.if_enabled
            && !self.users.get(&user.0).is_some_and(|user| user.enabled)
        {
            return Some(Committed::UserGone);
        }
        if let Some(trust) = change.relies_on
            && !self.trust.iter().any(|entry| entry.id == trust && entry.until > change.now)
        {
            return Some(Committed::TrustGone);
        }
        if let Some(crowd) = &change.unless_crowded {
            let others = self.attempts.values().filter(|row| row.id != change.attempt);
            let ringing: Vec<&String> = others
                .filter_map(|row| match &row.position {
                    Position::Open(open) if open.user == Some(crowd.user) && open.expires > change.now => {
                        open.ringing.as_ref()
                    }
                    _ => None,
                })
                .collect();
            let same = ringing.iter().filter(|service| ***service == crowd.service).count();
            if same >= crowd.of_service as usize || ringing.len() >= crowd.in_all as usize {
                return Some(Committed::Crowded);
            }
        }
        (!change.spend.iter().all(|spend| self.spendable(spend))).then_some(Committed::Spent)
    }

    fn apply(&mut self, change: Transition) -> Vec<(CounterKey, Timestamp)> {
        for spend in &change.spend {
            self.spends.push(spend.clone());
            match spend {
                Spend::Step { authenticator, step, drift } => {
                    let row = self.authenticators.get_mut(&authenticator.0).unwrap();
                    (row.high_water, row.drift, row.last_used) = (*step, *drift, Some(change.now));
                }
                Spend::Item { authenticator, item } => {
                    self.spent.insert((*authenticator, item.clone()));
                }
                Spend::Attempt { .. } => {}
            }
        }
        let mut locked = Vec::new();
        for charge in &change.charge {
            let counter = self.counters.entry(charge.key.clone()).or_default();
            *counter = counter.after_failure(&charge.budget, change.now);
            locked.extend(counter.is_locked(change.now).map(|until| (charge.key.clone(), until)));
        }
        for key in &change.clear {
            self.counters.remove(key);
        }
        if let Some(user) = change.forget {
            self.trust.retain(|entry| entry.user != user);
            self.forgotten.push(user);
        }
        if let Some(entry) = change.trust {
            let is_same = |other: &TrustEntry| {
                (other.user, &other.service, &other.station) == (entry.user, &entry.service, &entry.station)
            };
            self.trust.retain(|other| !is_same(other));
            self.trust.push(entry);
        }
        let version = change.from.map_or(1, |from| from + 1);
        if let Some(position) = change.to {
            self.attempts.insert(change.attempt, AttemptRow { id: change.attempt, version, position });
        }
        self.audit.extend(change.audit);
        locked
    }
}

fn not_here<T>() -> Result<T, StoreError> {
    Err(StoreError::Refused("the engine does not administer".into()))
}

#[async_trait]
impl Store for MemoryStore {
    async fn user_of(&self, subject: &Subject) -> Result<Option<User>, StoreError> {
        self.call().await?;
        Ok(self.lock().users.values().find(|user| user.subject.id == subject.id).cloned())
    }

    async fn adopt(&self, person: &Person, now: Timestamp) -> Result<User, StoreError> {
        self.call().await?;
        let mut inner = self.lock();
        if let Some(user) = inner
            .users
            .values_mut()
            .find(|user| (&user.subject.source, &user.subject.id) == (&person.subject.source, &person.subject.id))
        {
            user.groups.clone_from(&person.groups);
            return Ok(user.clone());
        }
        let user = User {
            id: UserId(Uuid::new_v4()),
            subject: person.subject.clone(),
            display_name: None,
            mail: None,
            groups: person.groups.clone(),
            enabled: true,
            created: now,
            last_login: None,
        };
        inner.users.insert(user.id.0, user.clone());
        Ok(user)
    }

    async fn local_account(&self, _: &str) -> Result<Option<LocalAccount>, StoreError> {
        not_here()
    }

    async fn authenticators(&self, user: UserId) -> Result<Vec<Authenticator>, StoreError> {
        self.call().await?;
        Ok(self.lock().authenticators.values().filter(|one| one.user == user).cloned().collect())
    }

    async fn counters(&self, keys: &[CounterKey]) -> Result<Vec<Counter>, StoreError> {
        self.call().await?;
        let inner = self.lock();
        Ok(keys.iter().map(|key| inner.counters.get(key).copied().unwrap_or_default()).collect())
    }

    async fn attempt(&self, id: AttemptId) -> Result<Option<AttemptRow>, StoreError> {
        self.call().await?;
        Ok(self.lock().attempts.get(&id).cloned())
    }

    async fn attempt_by_key(&self, key: &CoalesceKey, now: Timestamp) -> Result<Option<AttemptId>, StoreError> {
        self.call().await?;
        let open = |row: &&AttemptRow| matches!(&row.position, Position::Open(open) if open.coalesce == Some(*key) && open.expires > now);
        Ok(self.lock().attempts.values().find(open).map(|row| row.id))
    }

    async fn commit(&self, change: Transition) -> Result<Committed, StoreError> {
        self.call().await?;
        let attempt = change.attempt;
        let rings = |row: &AttemptRow| match &row.position {
            Position::Open(OpenAttempt { ringing: Some(_), user, .. }) => *user,
            _ => None,
        };
        let committed = {
            let mut inner = self.lock();
            let before = inner.attempts.get(&attempt).and_then(rings);
            match inner.obstacle(&change) {
                Some(obstacle) => obstacle,
                None => {
                    let locked = inner.apply(change);
                    self.bells.ring(Bell::Attempt(attempt));
                    let after = inner.attempts.get(&attempt).and_then(rings);
                    for user in [before, after].into_iter().flatten() {
                        self.bells.ring(Bell::User(user));
                    }
                    Committed::Done { locked }
                }
            }
        };
        Ok(committed)
    }

    async fn trusted(
        &self,
        user: UserId,
        service: &str,
        station: &Station,
        now: Timestamp,
    ) -> Result<Option<TrustEntry>, StoreError> {
        self.call().await?;
        let matches = |entry: &&TrustEntry| {
            entry.user == user && entry.service == service && entry.station == *station && entry.until > now
        };
        Ok(self.lock().trust.iter().find(matches).cloned())
    }

    fn bells(&self) -> &Bells {
        &self.bells
    }

    async fn ringing(&self, user: UserId, now: Timestamp) -> Result<Vec<AttemptRow>, StoreError> {
        self.call().await?;
        let rings = |row: &&AttemptRow| matches!(&row.position, Position::Open(open) if open.user == Some(user) && open.ringing.is_some() && open.expires > now);
        Ok(self.lock().attempts.values().filter(rings).cloned().collect())
    }

    async fn expired(&self, now: Timestamp, _: u32) -> Result<Vec<AttemptId>, StoreError> {
        self.call().await?;
        let over = |row: &&AttemptRow| matches!(&row.position, Position::Open(open) if open.expires <= now);
        Ok(self.lock().attempts.values().filter(over).map(|row| row.id).collect())
    }

    async fn sweep(&self, over: Timestamp, counted: Timestamp) -> Result<(), StoreError> {
        let mut inner = self.lock();
        inner.counters.retain(|_, counter| counter.last_failure.is_none_or(|last| last >= counted));
        inner.trust.retain(|entry| entry.until >= over);
        Ok(())
    }

    async fn open_attempts(&self) -> Result<u64, StoreError> {
        Ok(self.lock().attempts.values().filter(|row| matches!(row.position, Position::Open(_))).count() as u64)
    }

    async fn create_user(&self, _: NewUser, _: &str, _: Timestamp) -> Result<User, StoreError> {
        not_here()
    }

    async fn change_user(&self, _: UserId, _: UserChange, _: &str, _: Timestamp) -> Result<(), StoreError> {
        not_here()
    }

    async fn delete_user(&self, _: UserId, _: &str, _: Timestamp) -> Result<(), StoreError> {
        not_here()
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.call().await?;
        Ok(self.lock().users.values().find(|user| user.id == id).cloned())
    }

    async fn users(&self, _: Option<&str>, _: u64, _: u32) -> Result<Vec<User>, StoreError> {
        not_here()
    }

    async fn add_authenticator(&self, _: NewAuthenticator, _: &str, _: Timestamp) -> Result<(), StoreError> {
        not_here()
    }

    async fn confirm_authenticator(&self, _: AuthenticatorId, _: &Spend, _: Timestamp) -> Result<bool, StoreError> {
        not_here()
    }

    async fn remove_authenticator(&self, _: AuthenticatorId, _: &str, _: Timestamp) -> Result<(), StoreError> {
        not_here()
    }

    async fn authenticator(&self, id: AuthenticatorId) -> Result<Option<Authenticator>, StoreError> {
        self.call().await?;
        Ok(self.lock().authenticators.get(&id.0).cloned())
    }

    async fn label_authenticator(&self, _: AuthenticatorId, _: &str, _: &str, _: Timestamp) -> Result<(), StoreError> {
        not_here()
    }

    async fn reseal_authenticator(&self, _: AuthenticatorId, _: SecretBytes, _: Timestamp) -> Result<(), StoreError> {
        not_here()
    }

    async fn prefer_authenticator(
        &self,
        _: UserId,
        _: Option<AuthenticatorId>,
        _: Timestamp,
    ) -> Result<(), StoreError> {
        not_here()
    }

    async fn devices(&self, _: UserId) -> Result<Vec<Device>, StoreError> {
        not_here()
    }

    async fn device(&self, _: AuthenticatorId) -> Result<Option<Device>, StoreError> {
        not_here()
    }

    async fn set_push(&self, _: AuthenticatorId, _: Option<SecretBytes>, _: Timestamp) -> Result<(), StoreError> {
        not_here()
    }

    async fn drop_push(&self, _: AuthenticatorId, _: Timestamp, _: &str) -> Result<(), StoreError> {
        not_here()
    }

    async fn mark_device(&self, _: AuthenticatorId, _: DeviceMark, _: Timestamp) -> Result<(), StoreError> {
        not_here()
    }

    async fn note_delivery(&self, _: Delivery) -> Result<bool, StoreError> {
        not_here()
    }

    async fn deliveries(&self, _: AttemptId) -> Result<Vec<Delivery>, StoreError> {
        not_here()
    }

    async fn put_token(&self, _: Token) -> Result<(), StoreError> {
        not_here()
    }

    async fn token(&self, _: TokenKind, _: &[u8; 32], _: Timestamp) -> Result<Option<Token>, StoreError> {
        not_here()
    }

    async fn take_token(&self, _: TokenKind, _: &[u8; 32], _: Timestamp) -> Result<Option<Token>, StoreError> {
        not_here()
    }

    async fn change_token(&self, _: TokenKind, _: &[u8; 32], _: SecretBytes, _: Timestamp) -> Result<bool, StoreError> {
        not_here()
    }

    async fn tokens_of(&self, _: UserId, _: TokenKind, _: Timestamp) -> Result<Vec<Token>, StoreError> {
        not_here()
    }

    async fn drop_tokens(&self, _: UserId, _: TokenKind) -> Result<u64, StoreError> {
        not_here()
    }

    async fn kept(&self, _: &str) -> Result<Option<SecretBytes>, StoreError> {
        not_here()
    }

    async fn keep(&self, _: &str, _: SecretBytes) -> Result<SecretBytes, StoreError> {
        not_here()
    }

    async fn spent_items(&self, _: AuthenticatorId) -> Result<Vec<String>, StoreError> {
        not_here()
    }

    async fn clear_locks(&self, _: UserId, _: &str, _: Timestamp) -> Result<(), StoreError> {
        not_here()
    }

    async fn trust_entries(&self, user: Option<UserId>, now: Timestamp) -> Result<Vec<TrustEntry>, StoreError> {
        self.call().await?;
        let matches = |entry: &&TrustEntry| user.is_none_or(|user| entry.user == user) && entry.until > now;
        Ok(self.lock().trust.iter().filter(matches).cloned().collect())
    }

    async fn revoke_trust(&self, id: TrustId, audit_by: &str, now: Timestamp) -> Result<bool, StoreError> {
        self.call().await?;
        let mut inner = self.lock();
        let Some(at) = inner.trust.iter().position(|entry| entry.id == id) else { return Ok(false) };
        let entry = inner.trust.remove(at);
        let event = AuditEvent::TrustRevoked {
            user: entry.user,
            trust: id,
            service: entry.service,
            station: entry.station.as_str().to_owned(),
            by: audit_by.into(),
        };
        inner.audit.push(AuditRecord::new(now, event));
        Ok(true)
    }

    async fn record(&self, records: Vec<AuditRecord>) -> Result<(), StoreError> {
        self.call().await?;
        self.lock().audit.extend(records);
        Ok(())
    }

    async fn audit_tail(&self, _: u32, _: Option<UserId>) -> Result<Vec<AuditLine>, StoreError> {
        not_here()
    }

    async fn audit_from(&self, _: &str, _: u64, _: u32) -> Result<Vec<AuditLine>, StoreError> {
        not_here()
    }

    async fn audit_nodes(&self) -> Result<Vec<String>, StoreError> {
        not_here()
    }
}
