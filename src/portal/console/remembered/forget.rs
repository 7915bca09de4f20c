//! Forgetting: what was selected, or all that a view shows. First what will happen to whom, then it happens.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::RawForm;
use axum::response::{IntoResponse, Redirect, Response};
use vestibule_engine::{Timestamp, TrustEntry, TrustId, UserId, plain_text};

use super::filter::Filter;
use super::found::{Found, persons};
use super::list::{FORGET, PATH, PLACE_CHARS_MAX};
use crate::console::access::Administrator;
use crate::console::act::{Deed, Reason, announce};
use crate::console::asked::{Asked, address};
use crate::console::confirm::{ConfirmPage, LINES_MAX};
use crate::console::persons::Persons;
use crate::console::result::Outcome;
use crate::fault::Fault;
use crate::history::service_name;
use crate::pages::{Page, Section};
use crate::session::Member;
use crate::visit::Visit;

/// Entries that are forgotten in one act: each is a change of its own in the store, and a request has its time.
const AT_ONCE_MAX: usize = 500;
/// So many are named one by one in the audit log.
const NAMED_MAX: usize = 3;

/// Which entries are meant.
struct Choice {
    filter: Filter,
    which: Which,
}

enum Which {
    These(BTreeSet<TrustId>),
    /// All that the view shows and that were there when it was asked: what came since, nobody has confirmed.
    AllUntil(Timestamp),
}

impl Choice {
    fn read(asked: &Asked, now: Timestamp) -> Self {
        let which = if asked.fields("all").next().is_some() {
            all_until(asked, now).map(Which::AllUntil)
        } else {
            let ids = || asked.fields("id").filter_map(|id| id.parse().ok()).collect();
            (!asked.is_cut()).then(ids).map(Which::These)
        };
        // Something was meant that we did not understand: then nothing is.
        Self { filter: Filter::read(asked), which: which.unwrap_or_else(|| Which::These(BTreeSet::new())) }
    }

    fn is_nothing(&self) -> bool {
        matches!(&self.which, Which::These(ids) if ids.is_empty())
    }

    /// Those of them that are there still, the oldest first.
    async fn entries(&self, visit: &Visit) -> Result<Vec<TrustEntry>, Fault> {
        let (store, now) = (&*visit.desk.store, visit.now());
        let mut entries = match &self.which {
            Which::These(ids) => {
                let mut entries = store.trust_entries(None, now).await?;
                entries.retain(|entry| ids.contains(&entry.id));
                entries
            }
            Which::AllUntil(seen) => {
                let mut entries = Found::by(&self.filter, store, now).await?.entries;
                entries.retain(|entry| entry.granted <= *seen);
                entries
            }
        };
        entries.sort_by_key(|entry| (entry.granted, entry.id));
        Ok(entries)
    }

    fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = self.filter.fields();
        match &self.which {
            Which::These(ids) => fields.extend(ids.iter().map(|id| ("id", id.to_string()))),
            Which::AllUntil(seen) => fields.extend([("all", "yes".to_owned()), ("seen", seen.0.to_string())]),
        }
        fields
    }

    /// The page that asks, again.
    fn address(&self) -> String {
        address(FORGET, self.fields())
    }

    /// Where it began: the page of one person, or the view.
    fn back(&self, more: &[(&str, &str)]) -> String {
        match self.filter.person {
            Some(person) => address(&format!("/console/people/{person}"), more.iter().copied()),
            None => self.filter.address(PATH, more),
        }
    }

    fn after(&self, outcome: Outcome) -> Response {
        Redirect::to(&self.back(&[("done", outcome.word())])).into_response()
    }
}

/// Until when all that the view shows is meant; `None` where any of it cannot be read.
fn all_until(asked: &Asked, now: Timestamp) -> Option<Timestamp> {
    let is_all = asked.field("all") == Some("yes") && Filter::read_exactly(asked).is_some();
    let seen = match asked.field("seen") {
        Some(seen) => Timestamp(seen.parse().ok()?),
        None => now,
    };
    is_all.then_some(seen.min(now))
}

pub(crate) async fn ask(
    visit: Visit,
    Administrator(member): Administrator,
    RawForm(form): RawForm,
) -> Result<Response, Fault> {
    let choice = Choice::read(&Asked::read(&form), visit.now());
    if choice.is_nothing() {
        return Ok(choice.after(Outcome::NothingSelected));
    }
    member.stepped_up(visit.now(), &choice.address())?;
    let entries = choice.entries(&visit).await?;
    if entries.is_empty() {
        return Ok(choice.after(Outcome::Over));
    }
    confirm(&visit, &member, &choice, &entries, None).await
}

pub(crate) async fn forget(
    visit: Visit,
    Administrator(member): Administrator,
    RawForm(form): RawForm,
) -> Result<Response, Fault> {
    let asked = Asked::read(&form);
    let choice = Choice::read(&asked, visit.now());
    if choice.is_nothing() {
        return Ok(choice.after(Outcome::NothingSelected));
    }
    member.stepped_up(visit.now(), &choice.address())?;
    let mut entries = choice.entries(&visit).await?;
    if entries.is_empty() {
        return Ok(choice.after(Outcome::Over));
    }
    let written = asked.field("reason").unwrap_or_default();
    let Some(reason) = Reason::parse(written) else {
        return confirm(&visit, &member, &choice, &entries, Some(written.to_owned())).await;
    };
    let wanted = match &choice.which {
        Which::These(ids) => ids.len(),
        Which::AllUntil(_) => entries.len().min(AT_ONCE_MAX),
    };
    entries.truncate(AT_ONCE_MAX);
    let announced = announce(&visit, &member, &reason, deeds(&entries)).await?;
    let mut forgotten: usize = 0;
    for entry in &entries {
        let was_there = visit.desk.store.revoke_trust(entry.id, &announced.by, visit.now()).await?;
        forgotten = forgotten.saturating_add(usize::from(was_there));
    }
    Ok(choice.after(match forgotten {
        0 => Outcome::Over,
        some if some < wanted => Outcome::PartlyOver,
        _ => Outcome::Forgotten,
    }))
}

/// What stands in the audit log, for each person.
fn deeds(entries: &[TrustEntry]) -> Vec<Deed> {
    let mut of_person: BTreeMap<UserId, Vec<&TrustEntry>> = BTreeMap::new();
    for entry in entries {
        of_person.entry(entry.user).or_default().push(entry);
    }
    let what = |entries: &[&TrustEntry]| match entries.len() {
        0..=NAMED_MAX => {
            let named = entries.iter().map(|entry| format!("{} from {}", entry.service, entry.station.shown()));
            format!("forget {}", named.collect::<Vec<_>>().join(", "))
        }
        many => format!("forget {many} remembered entries"),
    };
    of_person.into_iter().map(|(user, entries)| Deed { user, what: what(&entries) }).collect()
}

async fn confirm(
    visit: &Visit,
    member: &Member,
    choice: &Choice,
    entries: &[TrustEntry],
    refused: Option<String>,
) -> Result<Response, Fault> {
    let words = visit.words;
    let named = entries.get(..entries.len().min(LINES_MAX)).unwrap_or_default();
    let persons = persons(&*visit.desk.store, named).await?;
    let goes = entries.len().min(AT_ONCE_MAX);
    let beyond = |most: usize, all: usize| Some(all.saturating_sub(most) as u64).filter(|beyond| *beyond > 0);
    let page = ConfirmPage {
        page: Page::of(visit, member, Section::Remembered),
        title: words.count("forget-title", goes as u64),
        lines: named.iter().map(|entry| sentence(entry, &persons, visit)).collect(),
        more: beyond(LINES_MAX, goes),
        left: beyond(AT_ONCE_MAX, entries.len()),
        action: FORGET.to_owned(),
        fields: choice.fields(),
        button: "forget-button",
        back: choice.back(&[]),
        refused,
    };
    page.answer()
}

fn sentence(entry: &TrustEntry, persons: &Persons, visit: &Visit) -> String {
    let service = plain_text(&service_name(visit.words, &entry.service), PLACE_CHARS_MAX);
    let station = plain_text(entry.station.shown(), PLACE_CHARS_MAX);
    visit.words.about("forget-line", &persons.full_name(entry.user), &service, &station)
}
