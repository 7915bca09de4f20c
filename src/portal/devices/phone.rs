//! Pairing a phone: the code to scan, whether both show the same number, and a first request to try it.

use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Json};
use serde::{Deserialize, Serialize};
use vestibule_engine::{AuthenticatorId, Method};

use super::enrolled;
use super::templates::{PairConfirmPage, PairOverPage, PairScanPage};
use crate::fault::Fault;
use crate::pages::{self, Page, Section};
use crate::pairing::{PairingFault, PairingId, PairingStatus};
use crate::session::Member;
use crate::visit::Visit;

#[derive(Deserialize)]
pub(crate) struct Replaces {
    #[serde(default)]
    replaces: String,
}

#[derive(Serialize)]
struct State {
    state: &'static str,
}

/// The click that shows the code: it is not on any page before.
pub(crate) async fn begin(visit: Visit, member: Member, Form(form): Form<Replaces>) -> Result<Response, Fault> {
    member.stepped_up(visit.now(), "/add")?;
    let begun = match visit.desk.pairing.begin(member.user.id, member.digest).await {
        Err(PairingFault::TooManyDevices) => return Ok(Redirect::to("/devices?done=too-many").into_response()),
        begun => begun?,
    };
    let query = form.replaces.parse::<AuthenticatorId>().map(|id| format!("?replaces={id}")).unwrap_or_default();
    Ok(Redirect::to(&format!("/add/phone/{}{query}", begun.id)).into_response())
}

pub(crate) async fn show(
    visit: Visit,
    member: Member,
    Path(id): Path<String>,
    Query(query): Query<Replaces>,
) -> Result<Response, Fault> {
    let id = pairing(&id)?;
    let page = Page::of(&visit, &member, Section::Devices);
    // Only what reads as an id goes back into a page.
    let replaces = query.replaces.parse::<AuthenticatorId>().map(|id| id.to_string()).unwrap_or_default();
    match visit.desk.pairing.status(member.user.id, member.digest, id).await? {
        PairingStatus::Waiting { link, qr, until } => {
            let minutes = until.since(visit.now()).as_secs().div_ceil(60);
            pages::html(&PairScanPage { page, id: id.to_string(), qr, link, minutes })
        }
        PairingStatus::Confirm { code, label, platform, .. } => {
            pages::html(&PairConfirmPage { page, id: id.to_string(), code, label, platform, replaces })
        }
        PairingStatus::Done { device, .. } => Ok(Redirect::to(&format!("/devices/{device}?paired=1")).into_response()),
        PairingStatus::Over => pages::html(&PairOverPage { page }),
    }
}

/// For the page's script, which loads the page again when this changes.
pub(crate) async fn state(visit: Visit, member: Member, Path(id): Path<String>) -> Result<Response, Fault> {
    let state = match visit.desk.pairing.status(member.user.id, member.digest, pairing(&id)?).await? {
        PairingStatus::Waiting { .. } => "waiting",
        PairingStatus::Confirm { .. } => "confirm",
        PairingStatus::Done { .. } => "done",
        PairingStatus::Over => "over",
    };
    Ok(Json(State { state }).into_response())
}

pub(crate) async fn confirm(
    visit: Visit,
    member: Member,
    Path(id): Path<String>,
    Form(form): Form<Replaces>,
) -> Result<Response, Fault> {
    let id = pairing(&id)?;
    let status = visit.desk.pairing.confirm(member.user.id, member.digest, id).await?;
    let PairingStatus::Done { device, .. } = status else {
        return Ok(Redirect::to(&format!("/add/phone/{id}")).into_response());
    };
    let query = form.replaces.parse::<AuthenticatorId>().map(|old| format!("&replaces={old}")).unwrap_or_default();
    let mut response = Redirect::to(&format!("/devices/{device}?paired=1{query}")).into_response();
    enrolled(&visit, &member, Method::Push, &mut response).await?;
    Ok(response)
}

pub(crate) async fn refuse(visit: Visit, member: Member, Path(id): Path<String>) -> Result<Response, Fault> {
    visit.desk.pairing.refuse(member.user.id, member.digest, pairing(&id)?).await?;
    Ok(Redirect::to("/add").into_response())
}

fn pairing(id: &str) -> Result<PairingId, Fault> {
    id.parse().map_err(|_| Fault::NotThere)
}
