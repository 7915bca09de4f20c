//! All of somebody's devices on one page.

use std::collections::HashMap;

use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;
use vestibule_engine::{Authenticator, AuthenticatorId, Device, Method, Timestamp};
use vestibule_factors::RecoveryCodes;

use super::templates::DevicesPage;
use crate::fault::Fault;
use crate::pages::{self, Page, Section};
use crate::session::Member;
use crate::visit::Visit;
use crate::words::{Words, machine_time};

#[derive(Deserialize)]
pub(crate) struct Done {
    done: Option<String>,
}

/// A device as pages show it.
pub(crate) struct Shown {
    pub(crate) id: AuthenticatorId,
    pub(crate) label: String,
    /// The key of the sentence that names its kind.
    pub(crate) kind: String,
    pub(crate) is_push: bool,
    pub(crate) is_preferred: bool,
    pub(crate) facts: Vec<Fact>,
    /// Why it could not be rung the last time.
    pub(crate) trouble: Option<String>,
    /// A phone without an address: it is asked only while its app is open.
    pub(crate) is_silent: bool,
    pub(crate) is_low: bool,
}

/// One line about a device, with its time where it has one.
pub(crate) struct Fact {
    pub(crate) key: &'static str,
    pub(crate) at: Option<(String, String)>,
    pub(crate) count: Option<u64>,
}

/// So few recovery codes are worth a word.
const CODES_LOW: u64 = 3;

pub(crate) async fn show(visit: Visit, member: Member, Query(done): Query<Done>) -> Result<Response, Fault> {
    let devices = shown(&visit, &member).await?;
    let notice = match done.done.as_deref() {
        Some("added") => Some("done-added"),
        Some("too-many") => Some("too-many-phones"),
        Some("removed") => Some("done-removed"),
        Some("labelled") => Some("done-labelled"),
        Some("label-refused") => Some("label-refused"),
        Some("preferred") => Some("done-preferred"),
        _ => None,
    };
    let has = |kind: &str| devices.iter().any(|one| one.kind == kind);
    let needs_recovery = !devices.is_empty() && !has("kind-recovery-code");
    let may_act = member.record.level == crate::session::Level::Full;
    let page = Page::of(&visit, &member, Section::Devices);
    pages::html(&DevicesPage { page, devices, notice, needs_recovery, may_act })
}

/// The person's confirmed factors, the preferred one first.
async fn shown(visit: &Visit, member: &Member) -> Result<Vec<Shown>, Fault> {
    let store = &visit.desk.store;
    let mut held = store.authenticators(member.user.id).await?;
    held.retain(|one| one.confirmed && one.method != Method::Invitation);
    held.sort_by_key(|one| (!one.preferred, one.method != Method::Push, one.created));
    let known: HashMap<AuthenticatorId, Device> =
        store.devices(member.user.id).await?.into_iter().map(|device| (device.id, device)).collect();
    let mut all = Vec::new();
    for one in held {
        let codes_left = if one.method == Method::RecoveryCode {
            let spent = store.spent_items(one.id).await?.len();
            Some(RecoveryCodes::size(&one)?.saturating_sub(spent) as u64)
        } else {
            None
        };
        all.push(describe(&one, known.get(&one.id), codes_left, visit.words, visit.now()));
    }
    Ok(all)
}

pub(super) fn describe(
    one: &Authenticator,
    device: Option<&Device>,
    codes_left: Option<u64>,
    words: Words,
    now: Timestamp,
) -> Shown {
    let fact = |key, at: Timestamp| Fact { key, at: Some((machine_time(at), words.ago(at, now))), count: None };
    let mut facts = vec![fact("fact-created", one.created)];
    match one.last_used {
        Some(at) => facts.push(fact("fact-used", at)),
        None => facts.push(Fact { key: "fact-never-used", at: None, count: None }),
    }
    if let Some(device) = device {
        facts.extend(device.last_shown.map(|at| fact("fact-shown", at)));
        facts.extend(device.last_answered.map(|at| fact("fact-answered", at)));
    }
    facts.extend(codes_left.map(|count| Fact { key: "fact-codes-left", at: None, count: Some(count) }));
    let is_push = one.method == Method::Push;
    Shown {
        id: one.id,
        label: one.label.clone(),
        kind: format!("kind-{}", one.method.name()),
        is_push,
        is_preferred: one.preferred,
        facts,
        trouble: device.and_then(|device| device.trouble.clone()),
        is_silent: is_push && device.is_none_or(|device| device.push.is_none()),
        is_low: codes_left.is_some_and(|left| left <= CODES_LOW),
    }
}
