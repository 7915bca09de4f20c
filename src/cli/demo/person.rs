//! Ada: a local user with a password, a phone and a list of recovery codes.

use std::time::Duration;

use anyhow::Context as _;
use vestibule_engine::{Clock, NewUser, Passcode, Password, Random, Spend, Store, Timestamp, User};
use vestibule_factors::{Confirmation, Totp, hash_password};
use vestibule_store::Opening;

use super::super::files::{PRIVATE, new_file};
use super::super::{Outcome, context};
use super::folder::Folder;
use super::phone::Phone;
use crate::clock::SystemClock;

pub(super) const NAME: &str = "ada";
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
    phone(folder, &*store, &config.factors.totp(), &user, now, random).await?;
    let recovery = config.factors.recovery_codes(config.factors.pool());
    let codes = recovery.enrol(user.id, "On paper", random).await.context("draw recovery codes")?;
    store.add_authenticator(codes.new, BY, now).await.context("add recovery codes")?;
    store.close().await;
    let printed: String = codes.codes.iter().map(|code| format!("{}\n", code.reveal())).collect();
    new_file(&folder.recovery_codes(), printed.as_bytes(), PRIVATE)
}

/// Enrol the phone and prove that it works, with the code of half a minute ago: the present one is for the tour.
async fn phone(
    folder: &Folder,
    store: &dyn Store,
    totp: &Totp,
    user: &User,
    now: Timestamp,
    random: &dyn Random,
) -> Outcome {
    let enrolment = totp.enrol(user.id, NAME, "Ada's phone", random).context("enrol ada's phone")?;
    folder.secret("ada.phone", enrolment.uri.reveal())?;
    let id = enrolment.new.id;
    store.add_authenticator(enrolment.new, BY, now).await.context("add ada's phone")?;
    let earlier = Timestamp(now.0.saturating_sub(30_000_000));
    let code = Phone::of(folder)?.code(earlier);
    let added = store.authenticators(user.id).await.context("read ada's phone")?;
    let added = added.iter().find(|added| added.id == id).context("ada's phone was not kept")?;
    let passcode = Passcode::parse(&code).context("a code that is none")?;
    let spend: Spend = match totp.confirm(added, &passcode, earlier).context("check ada's phone")? {
        Confirmation::Right(spend) => spend,
        other => anyhow::bail!("ada's phone shows another code than we expect: {other:?}"),
    };
    let confirmed = store.confirm_authenticator(id, &spend, now).await.context("confirm ada's phone")?;
    anyhow::ensure!(confirmed, "ada's phone could not be confirmed");
    Ok(())
}

/// How long the present code of a phone can still be used for sure.
pub(super) fn left_of_step(now: Timestamp) -> Duration {
    let into = u64::try_from(now.secs().rem_euclid(30)).unwrap_or(0);
    Duration::from_secs(30_u64.saturating_sub(into))
}
