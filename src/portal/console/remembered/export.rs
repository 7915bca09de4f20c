//! The list as a file: what the view shows, all pages of it, in its order.

use axum::extract::RawForm;
use axum::http::HeaderName;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use vestibule_engine::{TrustEntry, plain_text};

use super::filter::{Filter, Kind};
use super::found::Found;
use super::list::PLACE_CHARS_MAX;
use crate::console::access::Auditor;
use crate::console::asked::Asked;
use crate::console::csv;
use crate::console::persons::{NAME_CHARS_MAX, Persons};
use crate::fault::Fault;
use crate::visit::Visit;
use crate::words::machine_time;

const HEADING: [&str; 10] =
    ["id", "source", "name", "display_name", "service", "from", "kind", "factor", "since", "until"];

pub(crate) async fn export(visit: Visit, _: Auditor, RawForm(form): RawForm) -> Result<Response, Fault> {
    let filter = Filter::read(&Asked::read(&form));
    let store = &*visit.desk.store;
    let mut found = Found::by(&filter, store, visit.now()).await?;
    let entries = std::mem::take(&mut found.entries);
    let persons = found.persons(store, &entries).await?;
    let mut file = csv::BEGINNING.to_owned();
    file.push_str(&csv::line(HEADING));
    for entry in &entries {
        file.push_str(&line(entry, &persons));
    }
    let headers: [(HeaderName, &str); 2] = [
        (CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (CONTENT_DISPOSITION, "attachment; filename=\"remembered.csv\""),
    ];
    Ok((headers, file).into_response())
}

fn line(entry: &TrustEntry, persons: &Persons) -> String {
    let somebody = persons.get(entry.user);
    let text = |text: Option<&str>| plain_text(text.unwrap_or_default(), NAME_CHARS_MAX);
    let cells = [
        entry.id.to_string(),
        text(somebody.map(|somebody| somebody.source.as_str())),
        text(somebody.map(|somebody| somebody.name.as_str())),
        text(somebody.and_then(|somebody| somebody.display_name.as_deref())),
        plain_text(&entry.service, PLACE_CHARS_MAX),
        plain_text(entry.station.shown(), PLACE_CHARS_MAX),
        Kind::of(&entry.station).word().to_owned(),
        entry.method.name().to_owned(),
        machine_time(entry.granted),
        machine_time(entry.until),
    ];
    csv::line(cells.iter().map(String::as_str))
}
