//! What happened with somebody's account, in words, and "That was not me".

mod story;
mod templates;

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::get;
use vestibule_engine::{AttemptId, AuditEvent, Decision};

use crate::cookies::{self, Cookie};
use crate::fault::Fault;
use crate::pages::{self, Page, Section};
use crate::session::{Member, Resident};
use crate::visit::Visit;
pub(crate) use story::service_name;

use story::Story;
use templates::{DisownPage, DisownedPage, HistoryPage};

/// Audit records that are looked through for one page.
const RECORDS_MAX: u32 = 400;
/// Lines on it.
const LINES_MAX: usize = 100;

pub(crate) fn router() -> Router {
    Router::new().route("/history", get(show)).route("/history/{attempt}/not-me", get(ask).post(disown))
}

async fn show(visit: Visit, Resident(member): Resident) -> Result<Response, Fault> {
    let lines = visit.desk.store.audit_tail(RECORDS_MAX, Some(member.user.id)).await?;
    let mut story = Story::new(visit.words, visit.now());
    for line in &lines {
        story.add(&line.record);
    }
    let page = Page::of(&visit, &member, Section::History);
    pages::html(&HistoryPage { page, lines: story.newest(LINES_MAX) })
}

/// What it will do, before it is done.
async fn ask(visit: Visit, Resident(member): Resident, attempt: Path<String>) -> Result<Response, Fault> {
    let decision = own(&visit, &member, attempt).await?;
    let page = Page::of(&visit, &member, Section::History);
    let service = service_name(visit.words, &decision.service);
    let app_password = story::app_password_of(&decision).map(str::to_owned);
    pages::html(&DisownPage { page, attempt: decision.attempt, service, app_password })
}

/// Sessions and remembered places end, this one too: whoever was let in may be the one who reads this.
async fn disown(visit: Visit, Resident(member): Resident, attempt: Path<String>) -> Result<Response, Fault> {
    let decision = own(&visit, &member, attempt).await?;
    if let Some(label) = story::app_password_of(&decision) {
        revoke_app_password(&visit, &member, &decision.service, label).await?;
    }
    let Decision { attempt, service, address, .. } = decision;
    visit.desk.engine.disown(member.user.id, attempt, service, address).await?;
    let page = Page::new(&visit, Section::SignIn);
    let mut response = pages::html(&DisownedPage { page, reference: pages::attempt_reference(attempt) })?;
    cookies::clear(response.headers_mut(), Cookie::Session);
    Ok(response)
}

/// What let a stranger in lets nobody in any more. Two of the same name cannot be told apart afterwards, so both go.
async fn revoke_app_password(visit: &Visit, member: &Member, service: &str, label: &str) -> Result<(), Fault> {
    let app_passwords = &visit.desk.app_passwords;
    let held = app_passwords.list(member.user.id).await?;
    for one in held.into_iter().filter(|one| one.service == service && one.label == label) {
        app_passwords.revoke(member.user.id, one.id, &member.by()).await?;
    }
    Ok(())
}

/// The login of that path, if it was let in as this person.
async fn own(visit: &Visit, member: &Member, Path(attempt): Path<String>) -> Result<Decision, Fault> {
    let attempt: AttemptId = attempt.parse().map_err(|_| Fault::NotThere)?;
    let lines = visit.desk.store.audit_tail(RECORDS_MAX, Some(member.user.id)).await?;
    let found = lines.into_iter().find_map(|line| match line.record.event {
        AuditEvent::LoginDecided(decision) if decision.attempt == attempt => Some(*decision),
        _ => None,
    });
    found.filter(|decision| decision.allowed && decision.user == Some(member.user.id)).ok_or(Fault::NotThere)
}
