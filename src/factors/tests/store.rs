//! A store in memory, as far as phones and app passwords need one. What neither of them ever asks is refused.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use vestibule_engine::*;

#[derive(Default)]
pub(crate) struct MemoryStore {
    pub(crate) devices: Mutex<HashMap<AuthenticatorId, Device>>,
    pub(crate) deliveries: Mutex<Vec<Delivery>>,
    pub(crate) marks: Mutex<Vec<(AuthenticatorId, DeviceMark)>>,
    pub(crate) tokens: Mutex<Vec<Token>>,
    pub(crate) audit: Mutex<Vec<AuditRecord>>,
    kept: Mutex<HashMap<String, SecretBytes>>,
    pub(crate) is_down: AtomicBool,
    /// Nothing can be added to the audit log.
    pub(crate) is_silent: AtomicBool,
    bells: Bells,
}

impl MemoryStore {
    fn up(&self) -> Result<(), StoreError> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable { doing: "read the book".into(), cause: None });
        }
        Ok(())
    }

    pub(crate) fn states(&self) -> Vec<DeliveryState> {
        self.deliveries.lock().unwrap().iter().map(|one| one.state).collect()
    }
}

fn elsewhere() -> StoreError {
    StoreError::Refused("no factor asks for this".into())
}

#[async_trait]
impl Store for MemoryStore {
    fn bells(&self) -> &Bells {
        &self.bells
    }

    async fn device(&self, id: AuthenticatorId) -> Result<Option<Device>, StoreError> {
        self.up()?;
        Ok(self.devices.lock().unwrap().get(&id).cloned())
    }

    async fn set_push(&self, id: AuthenticatorId, push: Option<SecretBytes>, now: Timestamp) -> Result<(), StoreError> {
        let push_since = push.is_some().then_some(now);
        let device =
            Device { id, push, push_since, last_seen: None, last_shown: None, last_answered: None, trouble: None };
        self.devices.lock().unwrap().insert(id, device);
        Ok(())
    }

    async fn drop_push(&self, id: AuthenticatorId, given_by: Timestamp, _: &str) -> Result<(), StoreError> {
        if let Some(device) = self.devices.lock().unwrap().get_mut(&id)
            && device.push_since.is_some_and(|since| since <= given_by)
        {
            device.push = None;
        }
        Ok(())
    }

    async fn mark_device(&self, id: AuthenticatorId, mark: DeviceMark, _: Timestamp) -> Result<(), StoreError> {
        self.marks.lock().unwrap().push((id, mark));
        Ok(())
    }

    async fn note_delivery(&self, delivery: Delivery) -> Result<bool, StoreError> {
        self.up()?;
        self.deliveries.lock().unwrap().push(delivery);
        Ok(true)
    }

    async fn deliveries(&self, _: AttemptId) -> Result<Vec<Delivery>, StoreError> {
        self.up()?;
        Ok(self.deliveries.lock().unwrap().clone())
    }

    async fn kept(&self, name: &str) -> Result<Option<SecretBytes>, StoreError> {
        Ok(self.kept.lock().unwrap().get(name).cloned())
    }

    async fn keep(&self, name: &str, value: SecretBytes) -> Result<SecretBytes, StoreError> {
        Ok(self.kept.lock().unwrap().entry(name.to_owned()).or_insert(value).clone())
    }

    async fn put_token(&self, token: Token) -> Result<(), StoreError> {
        self.up()?;
        self.tokens.lock().unwrap().push(token);
        Ok(())
    }

    async fn token(&self, kind: TokenKind, digest: &[u8; 32], now: Timestamp) -> Result<Option<Token>, StoreError> {
        self.up()?;
        let tokens = self.tokens.lock().unwrap();
        Ok(tokens.iter().find(|one| one.kind == kind && one.digest == *digest && one.expires > now).cloned())
    }

    async fn take_token(
        &self,
        kind: TokenKind,
        digest: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<Token>, StoreError> {
        let taken = self.token(kind, digest, now).await?;
        self.tokens.lock().unwrap().retain(|one| one.kind != kind || one.digest != *digest);
        Ok(taken)
    }

    async fn change_token(
        &self,
        kind: TokenKind,
        digest: &[u8; 32],
        payload: SecretBytes,
        expires: Timestamp,
    ) -> Result<bool, StoreError> {
        self.up()?;
        let mut tokens = self.tokens.lock().unwrap();
        let Some(token) = tokens.iter_mut().find(|one| one.kind == kind && one.digest == *digest) else {
            return Ok(false);
        };
        (token.payload, token.expires) = (payload, expires);
        Ok(true)
    }

    async fn tokens_of(&self, user: UserId, kind: TokenKind, now: Timestamp) -> Result<Vec<Token>, StoreError> {
        self.up()?;
        let mine = |one: &&Token| one.user == Some(user) && one.kind == kind && one.expires > now;
        Ok(self.tokens.lock().unwrap().iter().filter(mine).cloned().collect())
    }

    async fn record(&self, records: Vec<AuditRecord>) -> Result<(), StoreError> {
        self.up()?;
        if self.is_silent.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable { doing: "write the audit log".into(), cause: None });
        }
        self.audit.lock().unwrap().extend(records);
        Ok(())
    }

    async fn user_of(&self, _: &Subject) -> Result<Option<User>, StoreError> {
        Err(elsewhere())
    }
    async fn adopt(&self, _: &Person, _: Timestamp) -> Result<User, StoreError> {
        Err(elsewhere())
    }
    async fn local_account(&self, _: &str) -> Result<Option<LocalAccount>, StoreError> {
        Err(elsewhere())
    }
    async fn authenticators(&self, _: UserId) -> Result<Vec<Authenticator>, StoreError> {
        Err(elsewhere())
    }
    async fn counters(&self, _: &[CounterKey]) -> Result<Vec<Counter>, StoreError> {
        Err(elsewhere())
    }
    async fn attempt(&self, _: AttemptId) -> Result<Option<AttemptRow>, StoreError> {
        Err(elsewhere())
    }
    async fn attempt_by_key(&self, _: &CoalesceKey, _: Timestamp) -> Result<Option<AttemptId>, StoreError> {
        Err(elsewhere())
    }
    async fn commit(&self, _: Transition) -> Result<Committed, StoreError> {
        Err(elsewhere())
    }
    async fn trusted(&self, _: UserId, _: &str, _: &Station, _: Timestamp) -> Result<Option<TrustEntry>, StoreError> {
        Err(elsewhere())
    }
    async fn ringing(&self, _: UserId, _: Timestamp) -> Result<Vec<AttemptRow>, StoreError> {
        Err(elsewhere())
    }
    async fn expired(&self, _: Timestamp, _: u32) -> Result<Vec<AttemptId>, StoreError> {
        Err(elsewhere())
    }
    async fn sweep(&self, _: Timestamp, _: Timestamp) -> Result<(), StoreError> {
        Err(elsewhere())
    }
    async fn open_attempts(&self) -> Result<u64, StoreError> {
        Err(elsewhere())
    }
    async fn create_user(&self, _: NewUser, _: &str, _: Timestamp) -> Result<User, StoreError> {
        Err(elsewhere())
    }
    async fn change_user(&self, _: UserId, _: UserChange, _: &str, _: Timestamp) -> Result<(), StoreError> {
        Err(elsewhere())
    }
    async fn delete_user(&self, _: UserId, _: &str, _: Timestamp) -> Result<(), StoreError> {
        Err(elsewhere())
    }
    async fn user(&self, _: UserId) -> Result<Option<User>, StoreError> {
        Err(elsewhere())
    }
    async fn users(&self, _: Option<&str>, _: u64, _: u32) -> Result<Vec<User>, StoreError> {
        Err(elsewhere())
    }
    async fn add_authenticator(&self, _: NewAuthenticator, _: &str, _: Timestamp) -> Result<(), StoreError> {
        Err(elsewhere())
    }
    async fn confirm_authenticator(&self, _: AuthenticatorId, _: &Spend, _: Timestamp) -> Result<bool, StoreError> {
        Err(elsewhere())
    }
    async fn remove_authenticator(&self, _: AuthenticatorId, _: &str, _: Timestamp) -> Result<(), StoreError> {
        Err(elsewhere())
    }
    async fn authenticator(&self, _: AuthenticatorId) -> Result<Option<Authenticator>, StoreError> {
        Err(elsewhere())
    }
    async fn label_authenticator(&self, _: AuthenticatorId, _: &str, _: &str, _: Timestamp) -> Result<(), StoreError> {
        Err(elsewhere())
    }
    async fn reseal_authenticator(&self, _: AuthenticatorId, _: SecretBytes, _: Timestamp) -> Result<(), StoreError> {
        Err(elsewhere())
    }
    async fn prefer_authenticator(
        &self,
        _: UserId,
        _: Option<AuthenticatorId>,
        _: Timestamp,
    ) -> Result<(), StoreError> {
        Err(elsewhere())
    }
    async fn spent_items(&self, _: AuthenticatorId) -> Result<Vec<String>, StoreError> {
        Err(elsewhere())
    }
    async fn clear_locks(&self, _: UserId, _: &str, _: Timestamp) -> Result<(), StoreError> {
        Err(elsewhere())
    }
    async fn trust_entries(&self, _: Option<UserId>, _: Timestamp) -> Result<Vec<TrustEntry>, StoreError> {
        Err(elsewhere())
    }
    async fn revoke_trust(&self, _: TrustId, _: &str, _: Timestamp) -> Result<bool, StoreError> {
        Err(elsewhere())
    }
    async fn devices(&self, _: UserId) -> Result<Vec<Device>, StoreError> {
        Err(elsewhere())
    }
    async fn drop_tokens(&self, _: UserId, _: TokenKind) -> Result<u64, StoreError> {
        Err(elsewhere())
    }
    async fn audit_tail(&self, _: u32, _: Option<UserId>) -> Result<Vec<AuditLine>, StoreError> {
        Err(elsewhere())
    }
    async fn audit_from(&self, _: &str, _: u64, _: u32) -> Result<Vec<AuditLine>, StoreError> {
        Err(elsewhere())
    }
    async fn audit_nodes(&self) -> Result<Vec<String>, StoreError> {
        Err(elsewhere())
    }
}
