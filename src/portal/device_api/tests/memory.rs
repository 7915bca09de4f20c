//! A store in memory with the semantics of the port, as far as phones and pairing need it. The real adapters are held to
//! the same semantics by their own suite.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use vestibule_engine::*;

type Digest = [u8; 32];

#[derive(Default)]
pub(crate) struct Inner {
    pub(crate) users: BTreeMap<UserId, User>,
    pub(crate) authenticators: BTreeMap<AuthenticatorId, Authenticator>,
    pub(crate) devices: HashMap<AuthenticatorId, Device>,
    pub(crate) attempts: HashMap<AttemptId, AttemptRow>,
    pub(crate) counters: HashMap<CounterKey, Counter>,
    pub(crate) deliveries: Vec<Delivery>,
    pub(crate) tokens: HashMap<(TokenKind, Digest), Token>,
    pub(crate) kept: HashMap<String, SecretBytes>,
    pub(crate) audit: Vec<AuditRecord>,
    pub(crate) trust: BTreeMap<TrustId, TrustEntry>,
    spent: HashSet<AuthenticatorId>,
}

#[derive(Default)]
pub(crate) struct MemoryStore {
    inner: Mutex<Inner>,
    bells: Bells,
    /// From now on nothing can be read or written.
    pub(crate) broken: AtomicBool,
    /// From now on what is remembered cannot be taken back.
    pub(crate) is_stuck: AtomicBool,
    /// So many sessions of whose sessions are listed are opened in between, one after each listing.
    pub(crate) opened_meanwhile: AtomicUsize,
}

impl MemoryStore {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// A real store takes its time: others run in between.
    async fn call(&self) -> Result<(), StoreError> {
        tokio::task::yield_now().await;
        if self.broken.load(Ordering::SeqCst) {
            let doing = "read the secret file of ada at /var/lib/vestibule".into();
            return Err(StoreError::Unavailable { doing, cause: None });
        }
        Ok(())
    }

    pub(crate) fn events(&self) -> Vec<&'static str> {
        self.lock().audit.iter().map(|record| record.event.id()).collect()
    }
}

impl Inner {
    fn note(&mut self, now: Timestamp, event: AuditEvent) {
        self.audit.push(AuditRecord::new(now, event));
    }

    fn known(&self, id: AuthenticatorId) -> Result<Authenticator, StoreError> {
        let known = self.authenticators.get(&id).cloned();
        known.ok_or_else(|| StoreError::Refused(format!("there is no authenticator {id}")))
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
        let locks = change.unless_locked.iter().filter_map(|key| self.counters.get(key)?.is_locked(change.now));
        if let Some(until) = locks.max() {
            return Some(Committed::Locked(until));
        }
        if let Some(user) = change.if_enabled
            && !self.users.get(&user).is_some_and(|user| user.enabled)
        {
            return Some(Committed::UserGone);
        }
        let usable = |spend: &Spend| self.authenticators.contains_key(&spend.authenticator());
        (!change.spend.iter().all(usable)).then_some(Committed::Spent)
    }
}

fn not_here<T>() -> Result<T, StoreError> {
    Err(StoreError::Refused("phones do not administer".into()))
}

fn rings(row: &AttemptRow) -> Option<UserId> {
    match &row.position {
        Position::Open(OpenAttempt { ringing: Some(_), user, .. }) => *user,
        _ => None,
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn user_of(&self, subject: &Subject) -> Result<Option<User>, StoreError> {
        self.call().await?;
        Ok(self.lock().users.values().find(|user| user.subject.id == subject.id).cloned())
    }

    async fn adopt(&self, person: &Person, _: Timestamp) -> Result<User, StoreError> {
        let known = self.user_of(&person.subject).await?;
        known.ok_or_else(|| StoreError::Refused("nobody is made here".into()))
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

    async fn attempt_by_key(&self, _: &CoalesceKey, _: Timestamp) -> Result<Option<AttemptId>, StoreError> {
        Ok(None)
    }

    async fn commit(&self, change: Transition) -> Result<Committed, StoreError> {
        self.call().await?;
        let (attempt, mut inner) = (change.attempt, self.lock());
        if let Some(obstacle) = inner.obstacle(&change) {
            return Ok(obstacle);
        }
        let before = inner.attempts.get(&attempt).and_then(rings);
        let mut locked = Vec::new();
        for charge in change.charge {
            let counter = inner.counters.entry(charge.key.clone()).or_default();
            *counter = counter.after_failure(&charge.budget, change.now);
            locked.extend(counter.is_locked(change.now).map(|until| (charge.key, until)));
        }
        let version = change.from.map_or(1, |from| from + 1);
        if let Some(position) = change.to {
            inner.attempts.insert(attempt, AttemptRow { id: attempt, version, position });
        }
        inner.spent.extend(change.spend.iter().map(Spend::authenticator));
        inner.audit.extend(change.audit);
        self.bells.ring(Bell::Attempt(attempt));
        let after = inner.attempts.get(&attempt).and_then(rings);
        for user in [before, after].into_iter().flatten() {
            self.bells.ring(Bell::User(user));
        }
        Ok(Committed::Done { locked })
    }

    async fn trusted(&self, _: UserId, _: &str, _: &Station, _: Timestamp) -> Result<Option<TrustEntry>, StoreError> {
        Ok(None)
    }

    fn bells(&self) -> &Bells {
        &self.bells
    }

    async fn ringing(&self, user: UserId, now: Timestamp) -> Result<Vec<AttemptRow>, StoreError> {
        self.call().await?;
        let open = |row: &&AttemptRow| matches!(&row.position, Position::Open(open) if open.expires > now);
        let mine = |row: &&AttemptRow| rings(row) == Some(user);
        Ok(self.lock().attempts.values().filter(open).filter(mine).cloned().collect())
    }

    async fn expired(&self, _: Timestamp, _: u32) -> Result<Vec<AttemptId>, StoreError> {
        not_here()
    }

    async fn sweep(&self, _: Timestamp, _: Timestamp) -> Result<(), StoreError> {
        not_here()
    }

    async fn open_attempts(&self) -> Result<u64, StoreError> {
        not_here()
    }

    async fn create_user(&self, _: NewUser, _: &str, _: Timestamp) -> Result<User, StoreError> {
        not_here()
    }

    async fn change_user(&self, id: UserId, change: UserChange, _: &str, _: Timestamp) -> Result<(), StoreError> {
        if let (UserChange::Enabled(enabled), Some(user)) = (change, self.lock().users.get_mut(&id)) {
            user.enabled = enabled;
        }
        Ok(())
    }

    async fn delete_user(&self, _: UserId, _: &str, _: Timestamp) -> Result<(), StoreError> {
        not_here()
    }

    async fn user(&self, user: UserId) -> Result<Option<User>, StoreError> {
        self.call().await?;
        Ok(self.lock().users.get(&user).cloned())
    }

    async fn users(&self, search: Option<&str>, offset: u64, limit: u32) -> Result<Vec<User>, StoreError> {
        self.call().await?;
        let mut found: Vec<User> = self.lock().users.values().cloned().collect();
        found.retain(|user| user.subject.name.contains(search.unwrap_or_default()));
        Ok(found.into_iter().skip(offset as usize).take(limit as usize).collect())
    }

    async fn add_authenticator(&self, new: NewAuthenticator, by: &str, now: Timestamp) -> Result<(), StoreError> {
        self.call().await?;
        let NewAuthenticator { id, user, method, label, secret, confirmed, high_water } = new;
        let mut inner = self.lock();
        let event =
            AuditEvent::AuthenticatorAdded { user, authenticator: id, method, label: label.clone(), by: by.to_owned() };
        inner.note(now, event);
        let added = Authenticator {
            id,
            user,
            method,
            label,
            secret,
            high_water,
            drift: 0,
            confirmed,
            preferred: false,
            created: now,
            last_used: None,
        };
        inner.authenticators.insert(id, added);
        Ok(())
    }

    async fn confirm_authenticator(&self, id: AuthenticatorId, _: &Spend, now: Timestamp) -> Result<bool, StoreError> {
        self.call().await?;
        let mut inner = self.lock();
        let known = inner.known(id)?;
        if known.confirmed {
            return Ok(false);
        }
        inner.authenticators.insert(id, Authenticator { confirmed: true, ..known.clone() });
        inner.note(now, AuditEvent::AuthenticatorConfirmed { user: known.user, authenticator: id });
        Ok(true)
    }

    async fn remove_authenticator(&self, id: AuthenticatorId, by: &str, now: Timestamp) -> Result<(), StoreError> {
        self.call().await?;
        let mut inner = self.lock();
        let Authenticator { user, method, .. } = inner.known(id)?;
        inner.authenticators.remove(&id);
        inner.devices.remove(&id);
        let event = AuditEvent::AuthenticatorRemoved { user, authenticator: id, method, by: by.to_owned() };
        inner.note(now, event);
        Ok(())
    }

    async fn authenticator(&self, id: AuthenticatorId) -> Result<Option<Authenticator>, StoreError> {
        self.call().await?;
        Ok(self.lock().authenticators.get(&id).cloned())
    }

    async fn label_authenticator(&self, _: AuthenticatorId, _: &str, _: &str, _: Timestamp) -> Result<(), StoreError> {
        not_here()
    }

    async fn reseal_authenticator(
        &self,
        id: AuthenticatorId,
        secret: SecretBytes,
        _: Timestamp,
    ) -> Result<(), StoreError> {
        self.call().await?;
        let mut inner = self.lock();
        let known = inner.known(id)?;
        inner.authenticators.insert(id, Authenticator { secret, ..known });
        Ok(())
    }

    async fn prefer_authenticator(
        &self,
        _: UserId,
        _: Option<AuthenticatorId>,
        _: Timestamp,
    ) -> Result<(), StoreError> {
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
        let fits = |entry: &&TrustEntry| entry.until > now && user.is_none_or(|user| user == entry.user);
        Ok(self.lock().trust.values().filter(fits).cloned().collect())
    }

    async fn revoke_trust(&self, id: TrustId, by: &str, now: Timestamp) -> Result<bool, StoreError> {
        self.call().await?;
        if self.is_stuck.load(Ordering::SeqCst) {
            return not_here();
        }
        let mut inner = self.lock();
        let Some(TrustEntry { user, service, station, .. }) = inner.trust.remove(&id) else { return Ok(false) };
        let station = station.as_str().to_owned();
        inner.note(now, AuditEvent::TrustRevoked { user, trust: id, service, station, by: by.to_owned() });
        Ok(true)
    }

    async fn devices(&self, _: UserId) -> Result<Vec<Device>, StoreError> {
        Ok(self.lock().devices.values().cloned().collect())
    }

    async fn device(&self, id: AuthenticatorId) -> Result<Option<Device>, StoreError> {
        self.call().await?;
        Ok(self.lock().devices.get(&id).cloned())
    }

    async fn set_push(&self, id: AuthenticatorId, push: Option<SecretBytes>, now: Timestamp) -> Result<(), StoreError> {
        self.call().await?;
        let mut inner = self.lock();
        let device = inner.devices.entry(id).or_insert_with(|| never_heard_of(id));
        (device.push_since, device.push) = (push.as_ref().map(|_| now), push);
        Ok(())
    }

    async fn drop_push(&self, _: AuthenticatorId, _: Timestamp, _: &str) -> Result<(), StoreError> {
        not_here()
    }

    async fn mark_device(&self, id: AuthenticatorId, mark: DeviceMark, now: Timestamp) -> Result<(), StoreError> {
        self.call().await?;
        let mut inner = self.lock();
        let device = inner.devices.entry(id).or_insert_with(|| never_heard_of(id));
        match mark {
            DeviceMark::Seen => device.last_seen = Some(now),
            DeviceMark::Shown => device.last_shown = Some(now),
            DeviceMark::Answered => device.last_answered = Some(now),
            DeviceMark::Trouble(why) => device.trouble = Some(why),
            DeviceMark::Reached => device.trouble = None,
        }
        Ok(())
    }

    async fn note_delivery(&self, delivery: Delivery) -> Result<bool, StoreError> {
        self.call().await?;
        let mut inner = self.lock();
        let key = |one: &Delivery| (one.attempt, one.authenticator, one.state);
        let is_new = inner.deliveries.iter().all(|known| key(known) != key(&delivery));
        if is_new {
            inner.deliveries.push(delivery);
        }
        Ok(is_new)
    }

    async fn deliveries(&self, attempt: AttemptId) -> Result<Vec<Delivery>, StoreError> {
        self.call().await?;
        Ok(self.lock().deliveries.iter().filter(|one| one.attempt == attempt).cloned().collect())
    }

    async fn put_token(&self, token: Token) -> Result<(), StoreError> {
        self.call().await?;
        self.lock().tokens.insert((token.kind, token.digest), token);
        Ok(())
    }

    async fn token(&self, kind: TokenKind, digest: &Digest, now: Timestamp) -> Result<Option<Token>, StoreError> {
        self.call().await?;
        Ok(self.lock().tokens.get(&(kind, *digest)).filter(|token| token.expires > now).cloned())
    }

    async fn take_token(&self, kind: TokenKind, digest: &Digest, now: Timestamp) -> Result<Option<Token>, StoreError> {
        self.call().await?;
        Ok(self.lock().tokens.remove(&(kind, *digest)).filter(|token| token.expires > now))
    }

    async fn change_token(
        &self,
        kind: TokenKind,
        digest: &Digest,
        payload: SecretBytes,
        expires: Timestamp,
    ) -> Result<bool, StoreError> {
        self.call().await?;
        let mut inner = self.lock();
        let Some(token) = inner.tokens.get_mut(&(kind, *digest)) else { return Ok(false) };
        (token.payload, token.expires) = (payload, expires);
        Ok(true)
    }

    async fn tokens_of(&self, user: UserId, kind: TokenKind, _: Timestamp) -> Result<Vec<Token>, StoreError> {
        let mine = |token: &&Token| token.user == Some(user) && token.kind == kind;
        let mut inner = self.lock();
        let found: Vec<Token> = inner.tokens.values().filter(mine).cloned().collect();
        let more = self.opened_meanwhile.load(Ordering::SeqCst);
        if let Some(token) = found.first().filter(|_| kind == TokenKind::Session && more > 0) {
            self.opened_meanwhile.store(more - 1, Ordering::SeqCst);
            let digest = [u8::try_from(more).unwrap(); 32];
            inner.tokens.insert((kind, digest), Token { digest, ..token.clone() });
        }
        Ok(found)
    }

    async fn drop_tokens(&self, user: UserId, kind: TokenKind) -> Result<u64, StoreError> {
        self.call().await?;
        let mut inner = self.lock();
        let before = inner.tokens.len();
        inner.tokens.retain(|_, token| token.user != Some(user) || token.kind != kind);
        Ok((before - inner.tokens.len()) as u64)
    }

    async fn kept(&self, name: &str) -> Result<Option<SecretBytes>, StoreError> {
        Ok(self.lock().kept.get(name).cloned())
    }

    async fn keep(&self, name: &str, value: SecretBytes) -> Result<SecretBytes, StoreError> {
        Ok(self.lock().kept.entry(name.to_owned()).or_insert(value).clone())
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

fn never_heard_of(id: AuthenticatorId) -> Device {
    Device { id, push: None, push_since: None, last_seen: None, last_shown: None, last_answered: None, trouble: None }
}
