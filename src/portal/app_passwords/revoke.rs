//! Revoking one: first what will happen, then it happens.

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};

use super::own;
use super::templates::RevokePage;
use crate::fault::Fault;
use crate::history::service_name;
use crate::pages::{self, Page, Section};
use crate::session::Resident;
use crate::visit::Visit;

pub(crate) async fn show(visit: Visit, Resident(member): Resident, id: Path<String>) -> Result<Response, Fault> {
    let one = own(&visit, &member, id).await?;
    let page = Page::of(&visit, &member, Section::AppPasswords);
    let service = service_name(visit.words, &one.service);
    pages::html(&RevokePage { page, id: one.id, label: one.label, service })
}

pub(crate) async fn post(visit: Visit, Resident(member): Resident, id: Path<String>) -> Result<Response, Fault> {
    let one = own(&visit, &member, id).await?;
    visit.desk.app_passwords.revoke(member.user.id, one.id, &member.by()).await?;
    Ok(Redirect::to("/app-passwords?done=revoked").into_response())
}
