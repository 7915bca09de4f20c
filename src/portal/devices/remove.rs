//! Removing a device: first what will happen, then it happens.

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use vestibule_engine::Method;
use vestibule_factors::push::{codes_of, take_away};

use super::own;
use super::templates::RemovePage;
use crate::fault::Fault;
use crate::pages::{self, Page, Section};
use crate::session::Resident;
use crate::visit::Visit;

pub(crate) async fn show(visit: Visit, Resident(member): Resident, id: Path<String>) -> Result<Response, Fault> {
    let one = own(&visit, &member, id).await?;
    member.stepped_up(visit.now(), &format!("/devices/{}/remove", one.id))?;
    let held = visit.desk.store.authenticators(member.user.id).await?;
    let goes = [one.id, codes_of(one.id)];
    let is_last =
        !held.iter().any(|other| other.confirmed && !goes.contains(&other.id) && other.method != Method::Invitation);
    let page = Page::of(&visit, &member, Section::Devices);
    let is_push = one.method == Method::Push;
    pages::html(&RemovePage { page, id: one.id, label: one.label, is_last, is_push })
}

// OOB-12: what was asked of it is over with it, because only what is enrolled is judged.
pub(crate) async fn post(visit: Visit, Resident(member): Resident, id: Path<String>) -> Result<Response, Fault> {
    let one = own(&visit, &member, id).await?;
    member.stepped_up(visit.now(), &format!("/devices/{}/remove", one.id))?;
    take_away(&*visit.desk.store, &one, &member.by(), visit.now()).await?;
    Ok(Redirect::to("/devices?done=removed").into_response())
}
