//! Ada: a local user with a password, a phone and a list of recovery codes. And Grace, whose password a directory has.

use std::time::Duration;

use anyhow::Context as _;
use vestibule_engine::{
    Carried, Clock, NewUser, Passcode, Password, Person, Random, Spend, Store, Subject, Timestamp, User,
};
use vestibule_factors::{Confirmation, Totp, hash_password};
use vestibule_store::Opening;

use super::super::files::{PRIVATE, new_file};
use super::super::{Outcome, context};
use super::folder::Folder;
use super::phone::Phone;
use crate::clock::SystemClock;

pub(super) const NAME: &str = "ada";
pub(super) const GRACE: &str = "grace";
pub(super) const GRACE_DN: &str = "uid=grace,ou=people,dc=demo";
/// Her `entryUUID`.
pub(super) const GRACE_ID: &str = "4d1c6a52-9e0b-4c8e-8f53-6d0e1b7a2c90";
const BY: &str = "demo";

pub(super) async fn make(folder: &Folder, random: &dyn Random) -> Outcome {
    let config = context::load(&folder.config())?;
    let clock = SystemClock::new();
    let now = clock.now();
    let opened = vestibule_store::open(config.store, config.keyring, &config.node, Opening::Create, now).await;
    let store = opened.context("make the store")?;
    let password = Password::new(folder.read(&folder.password())?.as_bytes());
    let hash = hash_password(&password, config.factors.password_cost, random).context("hash ada's password")?;
    let new = NewUser {
        name: NAME.to_owned(),
        display_name: Some("Ada Lovelace".to_owned()),
        mail: None,
        groups: Vec::new(),
        password_hash: Some(hash),
    };
    let user = store.create_user(new, BY, now).await.context("add ada")?;
    phone(folder, &*store, &config.factors.totp(), &user, "Ada's phone", random).await?;
    let recovery = config.factors.recovery_codes(config.factors.pool());
    let codes = recovery.enrol(user.id, "On paper", random).await.context("draw recovery codes")?;
    store.add_authenticator(codes.new, BY, now).await.context("add recovery codes")?;
    store.close().await;
    let printed: String = codes.codes.iter().map(|code| format!("{}\n", code.reveal())).collect();
    new_file(&folder.recovery_codes(), printed.as_bytes(), PRIVATE)
}

/// Grace is known from her first sign-in on; here it is as if she had signed in before, and had been given a phone since.
pub(super) async fn meet_grace(folder: &Folder, store: &dyn Store, totp: &Totp, random: &dyn Random) -> Outcome {
    if folder.phone_of(GRACE).exists() {
        return Ok(());
    }
    let subject = Subject { source: "directory".to_owned(), id: GRACE_ID.to_owned(), name: GRACE.to_owned() };
    let person = Person {
        subject,
        groups: Vec::new(),
        display_name: Some("Grace Hopper".to_owned()),
        mail: None,
        carried: Carried::default(),
    };
    let user = store.adopt(&person, SystemClock::new().now()).await.context("add grace")?;
    phone(folder, store, totp, &user, "Grace's phone", random).await
}

/// Enrol a phone and prove that it works, with the code of half a minute ago: the present one is for the tour.
async fn phone(
    folder: &Folder,
    store: &dyn Store,
    totp: &Totp,
    user: &User,
    label: &str,
    random: &dyn Random,
) -> Outcome {
    let (name, now) = (&*user.subject.name, SystemClock::new().now());
    let doing = |what: &str| format!("{what} the phone of {name}");
    let enrolment = totp.enrol(user.id, name, label, random).with_context(|| doing("enrol"))?;
    folder.secret(&format!("{name}.phone"), enrolment.uri.reveal())?;
    let id = enrolment.new.id;
    store.add_authenticator(enrolment.new, BY, now).await.with_context(|| doing("add"))?;
    let earlier = Timestamp(now.0.saturating_sub(30_000_000));
    let code = Phone::of(folder, name)?.code(earlier);
    let added = store.authenticators(user.id).await.with_context(|| doing("read"))?;
    let added = added.iter().find(|added| added.id == id).with_context(|| doing("keep"))?;
    let passcode = Passcode::parse(&code).context("a code that is none")?;
    let spend: Spend = match totp.confirm(added, &passcode, earlier).with_context(|| doing("check"))? {
        Confirmation::Right(spend) => spend,
        other => anyhow::bail!("the phone of {name} shows another code than we expect: {other:?}"),
    };
    let confirmed = store.confirm_authenticator(id, &spend, now).await.with_context(|| doing("confirm"))?;
    anyhow::ensure!(confirmed, "the phone of {name} could not be confirmed");
    Ok(())
}

/// How long the present code of a phone can still be used for sure.
pub(super) fn left_of_step(now: Timestamp) -> Duration {
    let into = u64::try_from(now.secs().rem_euclid(30)).unwrap_or(0);
    Duration::from_secs(30_u64.saturating_sub(into))
}
