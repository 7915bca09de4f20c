//! The port of the engine, over whichever database was opened. Changes go through the writer; reads go straight to the
//! database.

mod adopted;
mod reads;

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use async_trait::async_trait;
use tokio::task::JoinSet;
use tokio::time::Instant;
use vestibule_engine::{
    AttemptId, AttemptRow, AuditLine, AuditRecord, Authenticator, AuthenticatorId, Bells, CoalesceKey, Committed,
    Counter, CounterKey, Delivery, Device, DeviceMark, LocalAccount, NewAuthenticator, NewUser, Person, SecretBytes,
    Spend, Station, Store, StoreError, Subject, Timestamp, Token, TokenKind, Transition, TrustEntry, TrustId, User,
    UserChange, UserId,
};

use crate::audit::Head;
use crate::change::{Change, Order, Outcome, SWEEP_ROWS};
use crate::fault::Fault;
use crate::session::Session;
use crate::writer::{Desk, Queue};
use crate::{accounts, attempts, audit, book, deliveries, devices, kept, tokens, trust};

pub(crate) use reads::{Lease, Readers, Reads, Working};

use adopted::Adopted;

/// An open store.
pub struct Handle {
    pub(crate) desk: Arc<Desk>,
    queue: Queue,
    pub(crate) reads: Reads,
    pub(crate) running: Mutex<Running>,
    /// The ends of other nodes' chains that we wrote into ours last.
    pub(crate) witnessed: Mutex<Vec<(String, Head)>>,
    adopted: Adopted,
}

/// What has to be waited for when the store closes.
#[derive(Default)]
pub(crate) struct Running {
    pub(crate) thread: Option<JoinHandle<()>>,
    pub(crate) writer: JoinSet<()>,
    pub(crate) listener: JoinSet<()>,
}

impl Handle {
    pub(crate) fn new(desk: Arc<Desk>, queue: Queue, reads: Reads, running: Running) -> Self {
        let (running, witnessed, adopted) = (Mutex::new(running), Mutex::default(), Adopted::default());
        Self { desk, queue, reads, running, witnessed, adopted }
    }

    pub fn as_store(self: &Arc<Self>) -> Arc<dyn Store> {
        Arc::<Self>::clone(self)
    }

    /// The name under which this process writes its audit records.
    pub fn node(&self) -> &str {
        &self.desk.node
    }

    /// Which deployment this database belongs to, drawn when it was made.
    pub fn deployment(&self) -> &str {
        &self.desk.deployment
    }

    pub(crate) async fn read(&self, doing: &str) -> Result<Lease, StoreError> {
        self.reads.lease().await.map_err(|fault| fault.while_doing(doing))
    }

    /// A read that takes long: not on a thread that logins need.
    pub(crate) async fn read_long<T: Send + 'static>(
        &self,
        doing: &str,
        work: impl for<'a> FnOnce(&'a mut Session) -> Working<'a, T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.reads.long(work).await.map_err(|fault| fault.while_doing(doing))
    }

    pub(crate) async fn change(
        &self,
        doing: &str,
        change: Change,
        by: &str,
        now: Timestamp,
    ) -> Result<Outcome, StoreError> {
        self.queue.carry_out(doing, Order { change, by: by.to_owned(), now }).await
    }

    pub(crate) fn stop_writer(&self) -> Running {
        self.queue.stop();
        std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").field("node", &self.desk.node).finish_non_exhaustive()
    }
}

/// The writer answered with something else than was asked: a fault of ours, and never a yes.
fn mixed_up(doing: &str) -> StoreError {
    Fault::damaged("the writer gave an answer of another kind").while_doing(doing)
}

fn while_doing(doing: &str) -> impl Fn(Fault) -> StoreError {
    move |fault| fault.while_doing(doing)
}

#[async_trait]
impl Store for Handle {
    async fn user_of(&self, subject: &Subject) -> Result<Option<User>, StoreError> {
        let doing = "look up a user";
        accounts::user_of(&mut *self.read(doing).await?, subject).await.map_err(while_doing(doing))
    }

    async fn adopt(&self, person: &Person, now: Timestamp) -> Result<User, StoreError> {
        let is_as_kept = |user: &User| !accounts::needs_adoption(user, person);
        if let Some(user) = self.adopted.get(&person.subject).filter(is_as_kept) {
            return Ok(user);
        }
        let read = Instant::now();
        let user = match self.user_of(&person.subject).await?.filter(is_as_kept) {
            Some(user) => user,
            None => {
                let doing = "bring a user up to date";
                match self.change(doing, Change::Adopt(Box::new(person.clone())), "", now).await? {
                    Outcome::User(user) => *user,
                    _ => return Err(mixed_up(doing)),
                }
            }
        };
        self.adopted.keep(read, &user);
        Ok(user)
    }

    async fn local_account(&self, canonical_name: &str) -> Result<Option<LocalAccount>, StoreError> {
        let doing = "look up a local user";
        let session = &mut *self.read(doing).await?;
        accounts::local_account(session, &self.desk.keyring, canonical_name).await.map_err(while_doing(doing))
    }

    async fn authenticators(&self, user: UserId) -> Result<Vec<Authenticator>, StoreError> {
        let doing = "read a user's authenticators";
        let session = &mut *self.read(doing).await?;
        accounts::authenticators(session, &self.desk.keyring, user).await.map_err(while_doing(doing))
    }

    async fn counters(&self, keys: &[CounterKey]) -> Result<Vec<Counter>, StoreError> {
        let doing = "read counters";
        let Reads::Sqlite(_) = &self.reads else {
            return book::counters(&mut *self.read(doing).await?, keys).await.map_err(while_doing(doing));
        };
        let look = match self.desk.counted.get(keys) {
            Ok(counters) => return Ok(counters),
            Err(look) => look,
        };
        let counters = book::counters(&mut *self.read(doing).await?, keys).await.map_err(while_doing(doing))?;
        self.desk.counted.keep(&look, keys, &counters);
        Ok(counters)
    }

    async fn attempt(&self, id: AttemptId) -> Result<Option<AttemptRow>, StoreError> {
        let doing = "read a login attempt";
        let session = &mut *self.read(doing).await?;
        attempts::by_id(session, &self.desk.keyring, id).await.map_err(while_doing(doing))
    }

    async fn attempt_by_key(&self, key: &CoalesceKey, now: Timestamp) -> Result<Option<AttemptId>, StoreError> {
        let doing = "look for the same login";
        attempts::by_key(&mut *self.read(doing).await?, key, now).await.map_err(while_doing(doing))
    }

    async fn commit(&self, change: Transition) -> Result<Committed, StoreError> {
        let (doing, now) = ("record a login", change.now);
        match self.change(doing, Change::Transition(Box::new(change)), "", now).await? {
            Outcome::Committed(committed) => {
                if matches!(committed, Committed::UserGone) {
                    self.adopted.forget();
                }
                Ok(committed)
            }
            _ => Err(mixed_up(doing)),
        }
    }

    async fn trusted(
        &self,
        user: UserId,
        service: &str,
        station: &Station,
        now: Timestamp,
    ) -> Result<Option<TrustEntry>, StoreError> {
        let doing = "look up a trusted station";
        let session = &mut *self.read(doing).await?;
        trust::trusted(session, &self.desk, user, service, station, now).await.map_err(while_doing(doing))
    }

    fn bells(&self) -> &Bells {
        &self.desk.bells
    }

    async fn ringing(&self, user: UserId, now: Timestamp) -> Result<Vec<AttemptRow>, StoreError> {
        let doing = "read what a phone is asked";
        let session = &mut *self.read(doing).await?;
        attempts::ringing(session, &self.desk.keyring, user, now).await.map_err(while_doing(doing))
    }

    async fn expired(&self, now: Timestamp, limit: u32) -> Result<Vec<AttemptId>, StoreError> {
        let doing = "look for login attempts whose time is up";
        attempts::expired(&mut *self.read(doing).await?, now, limit).await.map_err(while_doing(doing))
    }

    async fn sweep(&self, over: Timestamp, counted: Timestamp) -> Result<(), StoreError> {
        let doing = "drop what is over";
        loop {
            match self.change(doing, Change::Sweep { over, counted }, "", over).await? {
                Outcome::Count(rows) if rows >= SWEEP_ROWS => {}
                Outcome::Count(_) => return Ok(()),
                _ => return Err(mixed_up(doing)),
            }
        }
    }

    async fn open_attempts(&self) -> Result<u64, StoreError> {
        let doing = "count open login attempts";
        attempts::count_open(&mut *self.read(doing).await?).await.map_err(while_doing(doing))
    }

    async fn create_user(&self, user: NewUser, audit_by: &str, now: Timestamp) -> Result<User, StoreError> {
        let doing = "create a user";
        match self.change(doing, Change::CreateUser(user), audit_by, now).await? {
            Outcome::User(user) => Ok(*user),
            _ => Err(mixed_up(doing)),
        }
    }

    async fn change_user(
        &self,
        user: UserId,
        change: UserChange,
        audit_by: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let changed = self.change("change a user", Change::EditUser(user, change), audit_by, now).await;
        self.adopted.forget();
        changed.map(drop)
    }

    async fn delete_user(&self, user: UserId, audit_by: &str, now: Timestamp) -> Result<(), StoreError> {
        let deleted = self.change("delete a user", Change::DeleteUser(user), audit_by, now).await;
        self.adopted.forget();
        deleted.map(drop)
    }

    async fn user(&self, user: UserId) -> Result<Option<User>, StoreError> {
        let doing = "read a user";
        accounts::user(&mut *self.read(doing).await?, user).await.map_err(while_doing(doing))
    }

    async fn users(&self, search: Option<&str>, offset: u64, limit: u32) -> Result<Vec<User>, StoreError> {
        let search = search.map(str::to_owned);
        self.read_long("list users", move |session| {
            Box::pin(async move { accounts::users(session, search.as_deref(), offset, limit).await })
        })
        .await
    }

    async fn add_authenticator(&self, new: NewAuthenticator, audit_by: &str, now: Timestamp) -> Result<(), StoreError> {
        self.change("add an authenticator", Change::AddAuthenticator(Box::new(new)), audit_by, now).await.map(drop)
    }

    async fn confirm_authenticator(
        &self,
        id: AuthenticatorId,
        spend: &Spend,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let doing = "confirm an authenticator";
        match self.change(doing, Change::ConfirmAuthenticator(id, spend.clone()), "", now).await? {
            Outcome::Flag(confirmed) => Ok(confirmed),
            _ => Err(mixed_up(doing)),
        }
    }

    async fn remove_authenticator(
        &self,
        id: AuthenticatorId,
        audit_by: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.change("remove an authenticator", Change::RemoveAuthenticator(id), audit_by, now).await.map(drop)
    }

    async fn authenticator(&self, id: AuthenticatorId) -> Result<Option<Authenticator>, StoreError> {
        let doing = "read an authenticator";
        let session = &mut *self.read(doing).await?;
        accounts::authenticator(session, &self.desk.keyring, id).await.map_err(while_doing(doing))
    }

    async fn label_authenticator(
        &self,
        id: AuthenticatorId,
        label: &str,
        audit_by: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let change = Change::LabelAuthenticator(id, label.to_owned());
        self.change("rename an authenticator", change, audit_by, now).await.map(drop)
    }

    async fn reseal_authenticator(
        &self,
        id: AuthenticatorId,
        secret: SecretBytes,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let change = Change::ResealAuthenticator(id, secret);
        self.change("change an authenticator", change, "", now).await.map(drop)
    }

    async fn prefer_authenticator(
        &self,
        user: UserId,
        preferred: Option<AuthenticatorId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let change = Change::PreferAuthenticator(user, preferred);
        self.change("set which authenticator is asked first", change, "", now).await.map(drop)
    }

    async fn spent_items(&self, id: AuthenticatorId) -> Result<Vec<String>, StoreError> {
        let doing = "read what was spent";
        accounts::spent_items(&mut *self.read(doing).await?, id).await.map_err(while_doing(doing))
    }

    async fn clear_locks(&self, user: UserId, audit_by: &str, now: Timestamp) -> Result<(), StoreError> {
        self.change("clear a user's locks", Change::ClearLocks(user), audit_by, now).await.map(drop)
    }

    async fn trust_entries(&self, user: Option<UserId>, now: Timestamp) -> Result<Vec<TrustEntry>, StoreError> {
        let doing = "list trusted stations";
        if user.is_some() {
            return trust::entries(&mut *self.read(doing).await?, &self.desk, user, now)
                .await
                .map_err(while_doing(doing));
        }
        let desk = Arc::clone(&self.desk);
        self.read_long(doing, move |session| Box::pin(async move { trust::entries(session, &desk, None, now).await }))
            .await
    }

    async fn revoke_trust(&self, id: TrustId, audit_by: &str, now: Timestamp) -> Result<bool, StoreError> {
        let doing = "forget a trusted station";
        match self.change(doing, Change::RevokeTrust(id), audit_by, now).await? {
            Outcome::Flag(was_there) => Ok(was_there),
            _ => Err(mixed_up(doing)),
        }
    }

    async fn devices(&self, user: UserId) -> Result<Vec<Device>, StoreError> {
        let doing = "read a user's devices";
        let session = &mut *self.read(doing).await?;
        devices::of_user(session, &self.desk.keyring, user).await.map_err(while_doing(doing))
    }

    async fn device(&self, id: AuthenticatorId) -> Result<Option<Device>, StoreError> {
        let doing = "read a device";
        let session = &mut *self.read(doing).await?;
        devices::device(session, &self.desk.keyring, id).await.map_err(while_doing(doing))
    }

    async fn set_push(&self, id: AuthenticatorId, push: Option<SecretBytes>, now: Timestamp) -> Result<(), StoreError> {
        self.change("write down where a device is rung", Change::SetPush(id, push), "", now).await.map(drop)
    }

    async fn drop_push(&self, id: AuthenticatorId, given_by: Timestamp, why: &str) -> Result<(), StoreError> {
        let change = Change::DropPush(id, why.to_owned());
        self.change("forget where a device is rung", change, "", given_by).await.map(drop)
    }

    async fn mark_device(&self, id: AuthenticatorId, mark: DeviceMark, now: Timestamp) -> Result<(), StoreError> {
        // A phone that polls says the same again and again: a read is cheaper than a write.
        if devices::is_known(self.device(id).await?.as_ref(), &mark, now) {
            return Ok(());
        }
        self.change("write down what a device did", Change::MarkDevice(id, mark), "", now).await.map(drop)
    }

    async fn note_delivery(&self, delivery: Delivery) -> Result<bool, StoreError> {
        let (doing, now) = ("write down how far a request to a phone got", delivery.at);
        match self.change(doing, Change::NoteDelivery(delivery), "", now).await? {
            Outcome::Flag(is_new) => Ok(is_new),
            _ => Err(mixed_up(doing)),
        }
    }

    async fn deliveries(&self, attempt: AttemptId) -> Result<Vec<Delivery>, StoreError> {
        let doing = "read how far a request to a phone got";
        deliveries::of_attempt(&mut *self.read(doing).await?, attempt).await.map_err(while_doing(doing))
    }

    async fn put_token(&self, token: Token) -> Result<(), StoreError> {
        let now = token.created;
        self.change("write a token", Change::PutToken(Box::new(token)), "", now).await.map(drop)
    }

    async fn token(&self, kind: TokenKind, digest: &[u8; 32], now: Timestamp) -> Result<Option<Token>, StoreError> {
        let doing = "look up a token";
        let session = &mut *self.read(doing).await?;
        tokens::token(session, &self.desk.keyring, kind, digest, now).await.map_err(while_doing(doing))
    }

    async fn take_token(
        &self,
        kind: TokenKind,
        digest: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<Token>, StoreError> {
        let doing = "take a token";
        match self.change(doing, Change::TakeToken(kind, *digest), "", now).await? {
            Outcome::Token(taken) => Ok(taken.map(|token| *token)),
            _ => Err(mixed_up(doing)),
        }
    }

    async fn change_token(
        &self,
        kind: TokenKind,
        digest: &[u8; 32],
        payload: SecretBytes,
        expires: Timestamp,
    ) -> Result<bool, StoreError> {
        let doing = "change a token";
        match self.change(doing, Change::EditToken(kind, *digest, payload, expires), "", expires).await? {
            Outcome::Flag(was_there) => Ok(was_there),
            _ => Err(mixed_up(doing)),
        }
    }

    async fn tokens_of(&self, user: UserId, kind: TokenKind, now: Timestamp) -> Result<Vec<Token>, StoreError> {
        let doing = "list a user's tokens";
        let session = &mut *self.read(doing).await?;
        tokens::of_user(session, &self.desk.keyring, user, kind, now).await.map_err(while_doing(doing))
    }

    async fn drop_tokens(&self, user: UserId, kind: TokenKind) -> Result<u64, StoreError> {
        let doing = "drop a user's tokens";
        match self.change(doing, Change::DropTokens(user, kind), "", Timestamp(0)).await? {
            Outcome::Count(dropped) => Ok(dropped),
            _ => Err(mixed_up(doing)),
        }
    }

    async fn kept(&self, name: &str) -> Result<Option<SecretBytes>, StoreError> {
        let doing = "read what is kept for all gateways";
        kept::kept(&mut *self.read(doing).await?, &self.desk.keyring, name).await.map_err(while_doing(doing))
    }

    async fn keep(&self, name: &str, value: SecretBytes) -> Result<SecretBytes, StoreError> {
        if let Some(kept) = self.kept(name).await? {
            return Ok(kept);
        }
        let doing = "keep something for all gateways";
        match self.change(doing, Change::Keep(name.to_owned(), value), "", Timestamp(0)).await? {
            Outcome::Kept(kept) => Ok(kept),
            _ => Err(mixed_up(doing)),
        }
    }

    async fn record(&self, records: Vec<AuditRecord>) -> Result<(), StoreError> {
        let Some(now) = records.first().map(|record| record.at) else { return Ok(()) };
        self.change("write the audit log", Change::Record(records), "", now).await.map(drop)
    }

    async fn audit_tail(&self, limit: u32, user: Option<UserId>) -> Result<Vec<AuditLine>, StoreError> {
        self.read_long("read the audit log", move |session| Box::pin(audit::tail(session, limit, user))).await
    }

    async fn audit_from(&self, node: &str, sequence: u64, limit: u32) -> Result<Vec<AuditLine>, StoreError> {
        let node = node.to_owned();
        self.read_long("read the audit log", move |session| {
            Box::pin(async move { audit::from(session, &node, sequence, limit).await })
        })
        .await
    }

    async fn audit_nodes(&self) -> Result<Vec<String>, StoreError> {
        let doing = "list the nodes of the audit log";
        audit::nodes(&mut *self.read(doing).await?).await.map_err(while_doing(doing))
    }
}
