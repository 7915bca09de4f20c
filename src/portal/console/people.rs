//! People: found by name, looked at one by one, and what can be taken from them.

mod list;
mod one;
mod passwords;
mod sessions;

use axum::extract::Path;
use vestibule_engine::{User, UserId};

use super::asked::address;
use super::result::Outcome;
use crate::fault::Fault;
use crate::visit::Visit;

pub(crate) use list::search;
pub(crate) use one::show;
pub(crate) use passwords::{ask_revoke, revoke};
pub(crate) use sessions::{ask_end, ask_end_all, end, end_all};

/// The person of that path.
async fn person(visit: &Visit, id: &str) -> Result<User, Fault> {
    let id: UserId = id.parse().map_err(|_| Fault::NotThere)?;
    visit.desk.store.user(id).await?.ok_or(Fault::NotThere)
}

/// The person of that path, and which of their things it names.
async fn thing_of(visit: &Visit, Path((id, thing)): Path<(String, String)>) -> Result<(User, String), Fault> {
    Ok((person(visit, &id).await?, thing))
}

fn page_of(id: UserId) -> String {
    format!("/console/people/{id}")
}

/// Back at their page, which says what became of it.
fn after(id: UserId, outcome: Outcome) -> String {
    address(&page_of(id), [("done", outcome.word())])
}
