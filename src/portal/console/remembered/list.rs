//! The list: filtered, sorted, a page at a time.

use askama::Template;
use axum::extract::RawForm;
use axum::response::Response;
use vestibule_engine::{Timestamp, TrustEntry, TrustId, UserId, plain_text};

use super::filter::{Column, Filter, Kind};
use super::found::Found;
use crate::console::access::{Auditor, Standing};
use crate::console::asked::Asked;
use crate::console::paging::Place;
use crate::console::persons::Persons;
use crate::console::result::Outcome;
use crate::fault::Fault;
use crate::history::service_name;
use crate::pages::{self, Page, Section};
use crate::visit::Visit;
use crate::words::{Words, machine_time};

pub(super) const PATH: &str = "/console/remembered";
pub(super) const FORGET: &str = "/console/remembered/forget";
const EXPORT: &str = "/console/remembered.csv";
/// The longest name of a station or an application on a page.
pub(super) const PLACE_CHARS_MAX: usize = 120;

/// One entry as pages show it.
pub(in crate::console) struct Row {
    pub(in crate::console) id: TrustId,
    pub(in crate::console) user: UserId,
    pub(in crate::console) person: String,
    /// `corp/ada`
    pub(in crate::console) account: String,
    pub(in crate::console) service: String,
    pub(in crate::console) door: String,
    pub(in crate::console) station: String,
    pub(in crate::console) kind: &'static str,
    pub(in crate::console) factor: String,
    pub(in crate::console) since: (String, String),
    pub(in crate::console) until: (String, String),
}

impl Row {
    pub(in crate::console) fn of(entry: &TrustEntry, persons: &Persons, words: Words, now: Timestamp) -> Self {
        Self {
            id: entry.id,
            user: entry.user,
            person: persons.name(entry.user),
            account: persons.account(entry.user),
            service: plain_text(&service_name(words, &entry.service), PLACE_CHARS_MAX),
            door: door(&entry.service),
            station: plain_text(entry.station.shown(), PLACE_CHARS_MAX),
            kind: Kind::of(&entry.station).sentence(),
            factor: format!("kind-{}", entry.method.name()),
            since: (machine_time(entry.granted), words.ago(entry.granted, now)),
            until: (machine_time(entry.until), words.until(entry.until)),
        }
    }
}

/// `ldap/jenkins` comes through the door that people write as LDAP.
fn door(service: &str) -> String {
    let (door, _) = service.split_once('/').unwrap_or_default();
    plain_text(&door.to_uppercase(), PLACE_CHARS_MAX)
}

/// A heading that sorts.
struct Heading {
    key: &'static str,
    address: String,
    /// `ascending`, `descending` or nothing, as `aria-sort` has it.
    sorted: Option<&'static str>,
}

impl Heading {
    fn of(column: Column, filter: &Filter) -> Self {
        let key = match column {
            Column::Person => "column-person",
            Column::Service => "column-service",
            Column::Station => "column-station",
            Column::Since => "column-since",
            Column::Until => "column-until",
        };
        let sorted = (filter.order.column == column).then_some(match filter.order.is_down {
            true => "descending",
            false => "ascending",
        });
        Self { key, address: filter.sorted_by(column).address(PATH, &[]), sorted }
    }
}

/// Something to choose in the filter.
struct Choice {
    value: String,
    text: String,
    is_chosen: bool,
}

#[derive(Template)]
#[template(path = "console_remembered.html")]
struct RememberedPage {
    page: Page,
    rows: Vec<Row>,
    count: u64,
    place: Place,
    search: String,
    services: Vec<Choice>,
    kinds: Vec<Choice>,
    /// Of one person only: their name, and the address without that.
    only: Option<(String, String)>,
    is_narrowed: bool,
    headings: Vec<Heading>,
    /// What a form that narrows further carries on.
    kept: Vec<(&'static str, String)>,
    /// What a selection comes back to.
    fields: Vec<(&'static str, String)>,
    before: Option<String>,
    after: Option<String>,
    forget_all: String,
    export: String,
    may_act: bool,
    lacks_a_step: bool,
    notice: Option<&'static str>,
}

pub(crate) async fn show(visit: Visit, auditor: Auditor, RawForm(form): RawForm) -> Result<Response, Fault> {
    let asked = Asked::read(&form);
    let filter = Filter::read(&asked);
    let (store, now, words) = (&*visit.desk.store, visit.now(), visit.words);
    let mut found = Found::by(&filter, store, now).await?;
    let wanted = asked.field("page").and_then(|page| page.parse().ok()).unwrap_or(1);
    let place = Place::of(wanted, found.entries.len());
    let of_page = place.cut(&found.entries).to_vec();
    let persons = found.persons(store, &of_page).await?;
    let to_page = |page: usize| filter.address(PATH, &[("page", &page.to_string())]);
    let (services, kinds) = choices(&filter, &found, words);
    let page = RememberedPage {
        page: Page::of(&visit, &auditor.member, Section::Remembered),
        rows: of_page.iter().map(|entry| Row::of(entry, &persons, words, now)).collect(),
        count: found.entries.len() as u64,
        place,
        search: filter.search.clone(),
        services,
        kinds,
        only: only(&filter, store, &persons).await?,
        is_narrowed: filter.is_narrowed(),
        headings: Column::ALL.map(|column| Heading::of(column, &filter)).into(),
        kept: filter.fields().into_iter().filter(|(name, _)| ["person", "sort"].contains(name)).collect(),
        fields: filter.fields(),
        before: place.before().map(to_page),
        after: place.after().map(to_page),
        forget_all: filter.address(FORGET, &[("all", "yes")]),
        export: filter.address(EXPORT, &[]),
        may_act: auditor.standing == Standing::Acts,
        lacks_a_step: auditor.standing == Standing::LacksAStep,
        notice: Outcome::told_in(&asked).map(Outcome::sentence),
    };
    pages::html(&page)
}

/// The person that the view is narrowed to, by name, and the view without that.
async fn only(
    filter: &Filter,
    store: &dyn vestibule_engine::Store,
    persons: &Persons,
) -> Result<Option<(String, String)>, Fault> {
    let Some(person) = filter.person else { return Ok(None) };
    let everybody = Filter { person: None, ..filter.clone() }.address(PATH, &[]);
    let name = match persons.get(person) {
        Some(_) => persons.name(person),
        None => Persons::of(store, &[person].into()).await?.name(person),
    };
    Ok(Some((name, everybody)))
}

/// What can be chosen, what is chosen included even where nothing has it any more.
fn choices(filter: &Filter, found: &Found, words: Words) -> (Vec<Choice>, Vec<Choice>) {
    let mut services = found.services.clone();
    services.extend(filter.service.clone());
    let services = services.into_iter().map(|service| Choice {
        text: format!("{} ({})", plain_text(&service_name(words, &service), PLACE_CHARS_MAX), door(&service)),
        is_chosen: filter.service.as_ref() == Some(&service),
        value: service,
    });
    let kinds = Kind::ALL.map(|kind| Choice {
        value: kind.word().to_owned(),
        text: words.say(kind.sentence()),
        is_chosen: filter.kind == Some(kind),
    });
    (services.collect(), kinds.into())
}
