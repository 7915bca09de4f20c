//! Who signs in: people with a phone, and people with codes, put into the store before the gateway runs.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, bail};
use tokio::task::JoinSet;
use vestibule::cli::Context;
use vestibule_engine::{AuthenticatorId, NewUser, Password, Random, Store, Timestamp, UserId};
use vestibule_factors::hash_password;
use vestibule_factors::push::protocol::{DeviceKey, PublicKey};
use vestibule_factors::push::{DeviceRecord, GatewayKey, VestibuleDevice, new_device};

use crate::code;
use crate::gateway::{CHEAP_HASH, Prepared, enrol, finish, open, wait_for_room};
use crate::packet::Login;

/// Everybody, by number.
pub(super) struct People {
    pub(super) gateway: PublicKey,
    pub(super) phones: Vec<Phone>,
    codes: Range<u32>,
}

/// A phone in somebody's hand.
pub(super) struct Phone {
    pub(super) device: AuthenticatorId,
    pub(super) key: DeviceKey,
}

impl People {
    /// The logins of everybody with a phone.
    pub(super) fn with_phones(&self) -> Vec<Login> {
        (0..self.phones.len()).map(|number| Login { user: phone_user(number), password: password(number) }).collect()
    }

    /// The next so many of those with codes. Nobody comes twice.
    pub(super) fn take_codes(&mut self, count: u32) -> anyhow::Result<Codes> {
        let first = self.codes.start;
        let end = first.saturating_add(count);
        if end > self.codes.end {
            bail!("there are only {} people with codes", self.codes.end);
        }
        self.codes.start = end;
        Ok(Codes(first..end))
    }
}

/// Some of those with codes.
pub(super) struct Codes(Range<u32>);

impl Codes {
    /// Their logins, with the code of now.
    pub(super) fn logins(self) -> Vec<Login> {
        let code = code::now();
        let login = |number: u32| {
            let number = usize::try_from(number).unwrap_or(usize::MAX);
            Login { user: code_user(number), password: format!("{},{code}", password(number)) }
        };
        self.0.map(login).collect()
    }
}

fn phone_user(number: usize) -> String {
    format!("phone{number:06}")
}

fn code_user(number: usize) -> String {
    format!("code{number:06}")
}

fn password(number: usize) -> String {
    format!("correct-horse-{number}")
}

/// Make everybody.
pub(super) async fn seed(prepared: &Prepared, phones: u32, codes: u32) -> anyhow::Result<People> {
    let context = open(prepared.config()).await?;
    let gateway = GatewayKey::kept(context.store()).await.context("read the gateway's key")?.public_key();
    let mut tasks = JoinSet::new();
    for number in 0..usize::try_from(codes)? {
        wait_for_room(&mut tasks).await?;
        let user = new_user(&context, code_user(number), number)?;
        let (store, random, now) = by(&context);
        tasks.spawn(async move {
            let user = store.create_user(user, "bench", now).await?;
            enrol(&*store, user.id, &*random, now).await
        });
    }
    let paired = Arc::new(Mutex::new(Vec::new()));
    for number in 0..usize::try_from(phones)? {
        wait_for_room(&mut tasks).await?;
        let user = new_user(&context, phone_user(number), number)?;
        let ((store, random, now), paired) = (by(&context), Arc::clone(&paired));
        tasks.spawn(async move {
            let user = store.create_user(user, "bench", now).await?;
            let phone = pair(&*store, user.id, &*random, now).await?;
            paired.lock().unwrap_or_else(PoisonError::into_inner).push((number, phone));
            Ok(())
        });
    }
    finish(tasks).await?;
    context.close().await;
    let mut paired = std::mem::take(&mut *paired.lock().unwrap_or_else(PoisonError::into_inner));
    paired.sort_unstable_by_key(|(number, _)| *number);
    Ok(People { gateway, phones: paired.into_iter().map(|(_, phone)| phone).collect(), codes: 0..codes })
}

fn by(context: &Context) -> (Arc<dyn Store>, Arc<dyn Random>, Timestamp) {
    (context.store.clone(), Arc::clone(&context.random), context.now())
}

fn new_user(context: &Context, name: String, number: usize) -> anyhow::Result<NewUser> {
    let hash = hash_password(&Password::new(password(number)), CHEAP_HASH, &*context.random)?;
    Ok(NewUser { name, display_name: None, mail: None, groups: Vec::new(), password_hash: Some(hash) })
}

/// A confirmed phone, as if its owner had paired it in the portal.
async fn pair(store: &dyn Store, user: UserId, random: &dyn Random, now: Timestamp) -> anyhow::Result<Phone> {
    let key = DeviceKey::generate().context("make a phone's key")?;
    let record = VestibuleDevice { public_key: key.public_key(), platform: "bench".to_owned(), verification: None };
    let mut new = new_device(user, "Phone", &DeviceRecord::Vestibule(record), random)?;
    new.confirmed = true;
    let device = new.id;
    store.add_authenticator(new, "bench", now).await?;
    Ok(Phone { device, key })
}
