//! App passwords: what somebody gives to a program that knows a name and a password and cannot ask for a second step.
//! Listed, made and shown once, revoked.
//!
//! One lets a program in without a second step, so making one asks for that step first, as adding a device does: neither a
//! password that was stolen nor a session that was left open is enough (OOB-13). Revoking one asks for nothing.

mod list;
mod make;
mod revoke;
mod templates;
#[cfg(test)]
pub(crate) mod tests;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use vestibule_factors::{AppPassword, AppPasswordId};

use crate::fault::Fault;
use crate::session::Member;
use crate::visit::Visit;

/// Where the form to make one is.
const NEW: &str = "/app-passwords/new";

pub(crate) fn router() -> Router {
    Router::new()
        .route("/app-passwords", get(list::show))
        .route(NEW, get(make::show).post(make::post))
        .route("/app-passwords/{id}/revoke", get(revoke::show).post(revoke::post))
}

/// The app password of that path, if it is this person's. Somebody else's looks like none.
async fn own(visit: &Visit, member: &Member, Path(id): Path<String>) -> Result<AppPassword, Fault> {
    let id: AppPasswordId = id.parse().map_err(|_| Fault::NotThere)?;
    let held = visit.desk.app_passwords.list(member.user.id).await?;
    held.into_iter().find(|one| one.id == id).ok_or(Fault::NotThere)
}
