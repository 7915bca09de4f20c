//! One person: who they are, what they have, where they are signed in.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Path, RawForm};
use axum::response::Response;
use vestibule_engine::{
    Authenticator, AuthenticatorId, Device, Method, Timestamp, TokenKind, User, UserId, plain_text,
};
use vestibule_factors::{AppPassword, AppPasswordId};

use super::person;
use crate::console::access::{Auditor, Standing};
use crate::console::asked::{Asked, address};
use crate::console::persons::{NAME_CHARS_MAX, Persons, account, called};
use crate::console::remembered::Row;
use crate::console::result::Outcome;
use crate::fault::Fault;
use crate::history::service_name;
use crate::pages::{self, Page, Section};
use crate::secrets::reference;
use crate::session::Record;
use crate::visit::Visit;
use crate::words::machine_time;

/// Groups that are named; somebody may be in hundreds.
const GROUPS_MAX: usize = 20;

/// A time for machines and for people.
type Time = (String, String);

struct DeviceRow {
    label: String,
    kind: String,
    is_confirmed: bool,
    added: Time,
    seen: Option<Time>,
}

struct PasswordRow {
    id: AppPasswordId,
    label: String,
    service: String,
    made: Time,
    used: Option<Time>,
}

pub(super) struct SessionRow {
    pub(super) reference: String,
    pub(super) client: String,
    pub(super) address: String,
    pub(super) began: Time,
    pub(super) seen: Time,
}

/// What is known of somebody, each with the key of its name.
struct Fact {
    key: &'static str,
    text: String,
}

#[derive(Template)]
#[template(path = "console_person.html")]
struct PersonPage {
    page: Page,
    id: UserId,
    person: String,
    is_enabled: bool,
    facts: Vec<Fact>,
    created: Time,
    last_login: Option<Time>,
    devices: Vec<DeviceRow>,
    passwords: Vec<PasswordRow>,
    remembered: Vec<Row>,
    forget_all: String,
    sessions: Vec<SessionRow>,
    may_act: bool,
    lacks_a_step: bool,
    notice: Option<&'static str>,
}

pub(crate) async fn show(
    visit: Visit,
    auditor: Auditor,
    Path(id): Path<String>,
    RawForm(form): RawForm,
) -> Result<Response, Fault> {
    let user = person(&visit, &id).await?;
    let (store, now) = (&*visit.desk.store, visit.now());
    let entries = store.trust_entries(Some(user.id), now).await?;
    let persons = Persons::of(store, &[user.id].into()).await?;
    let passwords = visit.desk.app_passwords.list(user.id).await?;
    let page = PersonPage {
        page: Page::of(&visit, &auditor.member, Section::People),
        id: user.id,
        person: called(&user),
        is_enabled: user.enabled,
        facts: facts(&user),
        created: time(user.created, &visit),
        last_login: user.last_login.map(|at| time(at, &visit)),
        devices: devices(&user, &visit).await?,
        passwords: passwords.iter().map(|one| password(one, &visit)).collect(),
        remembered: entries.iter().map(|entry| Row::of(entry, &persons, visit.words, now)).collect(),
        forget_all: address("/console/remembered/forget", [("person", &*user.id.to_string()), ("all", "yes")]),
        sessions: sessions(&user, &visit).await?,
        may_act: auditor.standing == Standing::Acts,
        lacks_a_step: auditor.standing == Standing::LacksAStep,
        notice: Outcome::told_in(&Asked::read(&form)).map(Outcome::sentence),
    };
    pages::html(&page)
}

fn time(at: Timestamp, visit: &Visit) -> Time {
    (machine_time(at), visit.words.ago(at, visit.now()))
}

fn facts(user: &User) -> Vec<Fact> {
    let clean = |text: &str| plain_text(text, NAME_CHARS_MAX);
    let mut groups: Vec<String> = user.groups.iter().take(GROUPS_MAX).map(|group| clean(group)).collect();
    if user.groups.len() > GROUPS_MAX {
        groups.push("…".to_owned());
    }
    let facts = [
        ("person-account", account(user)),
        ("person-mail", clean(user.mail.as_deref().unwrap_or_default())),
        ("person-groups", groups.join(" · ")),
    ];
    facts.into_iter().filter(|(_, text)| !text.is_empty()).map(|(key, text)| Fact { key, text }).collect()
}

async fn devices(user: &User, visit: &Visit) -> Result<Vec<DeviceRow>, Fault> {
    let store = &visit.desk.store;
    let known: HashMap<AuthenticatorId, Device> =
        store.devices(user.id).await?.into_iter().map(|device| (device.id, device)).collect();
    let mut held: Vec<Authenticator> = store.authenticators(user.id).await?;
    held.sort_by_key(|one| (one.method == Method::Invitation, one.created));
    let row = |one: &Authenticator| DeviceRow {
        label: plain_text(&one.label, NAME_CHARS_MAX),
        kind: format!("kind-{}", one.method.name()),
        is_confirmed: one.confirmed,
        added: time(one.created, visit),
        seen: known.get(&one.id).and_then(|device| device.last_seen).max(one.last_used).map(|at| time(at, visit)),
    };
    Ok(held.iter().map(row).collect())
}

fn password(one: &AppPassword, visit: &Visit) -> PasswordRow {
    PasswordRow {
        id: one.id,
        label: plain_text(&one.label, NAME_CHARS_MAX),
        service: plain_text(&service_name(visit.words, &one.service), NAME_CHARS_MAX),
        made: time(one.created, visit),
        used: one.last_used.map(|at| time(at, visit)),
    }
}

/// Where they are signed in, the latest first.
pub(super) async fn sessions(user: &User, visit: &Visit) -> Result<Vec<SessionRow>, Fault> {
    let mut open = Vec::new();
    for token in visit.desk.store.tokens_of(user.id, TokenKind::Session, visit.now()).await? {
        let record: Record = serde_json::from_slice(token.payload.expose())?;
        open.push((reference(&token.digest), record));
    }
    open.sort_by_key(|(_, record)| std::cmp::Reverse(record.seen));
    let row = |(reference, record): (String, Record)| SessionRow {
        reference,
        client: plain_text(&record.client.unwrap_or_else(|| visit.words.say("browser-unknown")), NAME_CHARS_MAX),
        address: record.address,
        began: time(record.began, visit),
        seen: time(record.seen, visit),
    };
    Ok(open.into_iter().map(row).collect())
}
