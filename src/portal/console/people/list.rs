//! Finding somebody.

use askama::Template;
use axum::extract::RawForm;
use axum::response::Response;
use vestibule_engine::{User, UserId, plain_text};

use crate::console::access::Auditor;
use crate::console::asked::{Asked, address};
use crate::console::paging::PAGE_ROWS;
use crate::console::persons::{NAME_CHARS_MAX, account, called};
use crate::fault::Fault;
use crate::pages::{self, Page, Section};
use crate::visit::Visit;
use crate::words::machine_time;

const PATH: &str = "/console/people";
/// The longest text that is searched for.
const SEARCH_CHARS_MAX: usize = 64;
/// No site has so many people that somebody turns more pages than these.
const PAGE_MAX: u64 = 100_000;

struct Row {
    id: UserId,
    name: String,
    account: String,
    mail: String,
    is_enabled: bool,
    last_login: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "console_people.html")]
struct PeoplePage {
    page: Page,
    rows: Vec<Row>,
    search: String,
    number: u64,
    before: Option<String>,
    after: Option<String>,
}

pub(crate) async fn search(visit: Visit, auditor: Auditor, RawForm(form): RawForm) -> Result<Response, Fault> {
    let asked = Asked::read(&form);
    let search = plain_text(asked.field("q").unwrap_or_default(), SEARCH_CHARS_MAX).trim().to_owned();
    let wanted: u64 = asked.field("page").and_then(|page| page.parse().ok()).unwrap_or(1);
    let number = wanted.clamp(1, PAGE_MAX);
    let rows = PAGE_ROWS as u64;
    let offset = number.saturating_sub(1).saturating_mul(rows);
    let wanted = Some(search.as_str()).filter(|search| !search.is_empty());
    // One more than is shown tells whether there is another page.
    let limit = u32::try_from(PAGE_ROWS.saturating_add(1)).unwrap_or(u32::MAX);
    let mut found = visit.desk.store.users(wanted, offset, limit).await?;
    let has_more = found.len() > PAGE_ROWS;
    found.truncate(PAGE_ROWS);
    let to_page = |page: u64| {
        let fields = [("q", search.clone()), ("page", page.to_string())];
        address(PATH, fields.into_iter().filter(|(_, value)| !value.is_empty()))
    };
    let page = PeoplePage {
        page: Page::of(&visit, &auditor.member, Section::People),
        rows: found.iter().map(|user| row(user, &visit)).collect(),
        number,
        before: (number > 1).then(|| to_page(number.saturating_sub(1))),
        after: has_more.then(|| to_page(number.saturating_add(1))),
        search,
    };
    pages::html(&page)
}

fn row(user: &User, visit: &Visit) -> Row {
    Row {
        id: user.id,
        name: called(user),
        account: account(user),
        mail: plain_text(user.mail.as_deref().unwrap_or_default(), NAME_CHARS_MAX),
        is_enabled: user.enabled,
        last_login: user.last_login.map(|at| (machine_time(at), visit.words.ago(at, visit.now()))),
    }
}
