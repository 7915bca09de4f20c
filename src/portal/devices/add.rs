//! What can be added, and how it is done.

use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;
use vestibule_engine::{AuthenticatorId, Method};

use super::templates::AddPage;
use crate::fault::Fault;
use crate::pages::{self, Page, Section};
use crate::session::Member;
use crate::visit::Visit;

#[derive(Deserialize)]
pub(crate) struct Replaces {
    /// The device that goes when the new one works.
    pub(super) replaces: Option<AuthenticatorId>,
}

// OOB-09, OOB-13: not without a second step of the highest kind the person has, given just now.
pub(crate) async fn show(visit: Visit, member: Member, Query(query): Query<Replaces>) -> Result<Response, Fault> {
    let then = query.replaces.map_or_else(|| "/add".to_owned(), |id| format!("/add?replaces={id}"));
    member.stepped_up(visit.now(), &then)?;
    let held = visit.desk.store.authenticators(member.user.id).await?;
    let has_recovery = held.iter().any(|one| one.method == Method::RecoveryCode && one.confirmed);
    let page = Page::of(&visit, &member, Section::Devices);
    let replaces = query.replaces.map(|id| id.to_string()).unwrap_or_default();
    pages::html(&AddPage { page, has_recovery, has_privacyidea: visit.desk.privacyidea.get().is_some(), replaces })
}
