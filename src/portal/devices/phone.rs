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
use crate::pairing::{Begun, PairingFault, PairingId, PairingStatus};
use crate::session::Member;
use crate::visit::Visit;

#[derive(Deserialize)]
pub(crate) struct Replaces {
    #[serde(default)]
    replaces: String,
}

/// Which app the phone is to be paired with.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    replaces: String,
    #[serde(default)]
    app: String,
}

#[derive(Serialize)]
struct State {
    state: &'static str,
}

/// The click that shows the code: it is not on any page before.
pub(crate) async fn begin(visit: Visit, member: Member, Form(form): Form<Wanted>) -> Result<Response, Fault> {
    member.stepped_up(visit.now(), "/add")?;
    let begun = match start(&visit, &member, &form.app).await {
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
    match status(&visit, &member, id).await? {
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
    let state = match status(&visit, &member, pairing(&id)?).await? {
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
    let (user, session) = (member.user.id, member.digest);
    let mut confirmed = visit.desk.pairing.confirm(user, session, id).await?;
    if let (PairingStatus::Over, Some(other)) = (&confirmed, visit.desk.privacyidea.get()) {
        confirmed = other.confirm(user, session, id).await?;
    }
    let PairingStatus::Done { device, .. } = confirmed else {
        return Ok(Redirect::to(&format!("/add/phone/{id}")).into_response());
    };
    let query = form.replaces.parse::<AuthenticatorId>().map(|old| format!("&replaces={old}")).unwrap_or_default();
    let mut response = Redirect::to(&format!("/devices/{device}?paired=1{query}")).into_response();
    enrolled(&visit, &member, Method::Push, &mut response).await?;
    Ok(response)
}

pub(crate) async fn refuse(visit: Visit, member: Member, Path(id): Path<String>) -> Result<Response, Fault> {
    let id = pairing(&id)?;
    visit.desk.pairing.refuse(member.user.id, member.digest, id).await?;
    if let Some(other) = visit.desk.privacyidea.get() {
        other.refuse(member.user.id, member.digest, id).await?;
    }
    Ok(Redirect::to("/add").into_response())
}

async fn start(visit: &Visit, member: &Member, app: &str) -> Result<Begun, PairingFault> {
    let (user, session) = (member.user.id, member.digest);
    match visit.desk.privacyidea.get().filter(|_| app == "privacyidea") {
        Some(other) => other.begin(user, session).await,
        None => visit.desk.pairing.begin(user, session).await,
    }
}

/// Of a pairing with our own app, or with the other one: an id belongs to one of them.
async fn status(visit: &Visit, member: &Member, id: PairingId) -> Result<PairingStatus, PairingFault> {
    let (user, session) = (member.user.id, member.digest);
    match (visit.desk.pairing.status(user, session, id).await?, visit.desk.privacyidea.get()) {
        (PairingStatus::Over, Some(other)) => other.status(user, session, id).await,
        (status, _) => Ok(status),
    }
}

fn pairing(id: &str) -> Result<PairingId, Fault> {
    id.parse().map_err(|_| Fault::NotThere)
}
