//! One device: its name, whether it is asked first, whether it rings.

use axum::Form;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use vestibule_engine::{AuthenticatorId, Method};

use super::list::describe;
use super::own;
use super::templates::DevicePage;
use crate::fault::Fault;
use crate::pages::{self, Page, Section};
use crate::session::Resident;
use crate::sign_in::begin_proven;
use crate::signing_in::Purpose;
use crate::visit::Visit;

#[derive(Deserialize)]
pub(crate) struct Tested {
    tested: Option<String>,
    paired: Option<String>,
    replaces: Option<AuthenticatorId>,
}

#[derive(Deserialize)]
pub(crate) struct Label {
    #[serde(default)]
    label: String,
}

#[derive(Deserialize)]
pub(crate) struct Prefer {
    /// Empty: as policy says.
    #[serde(default)]
    prefer: String,
}

pub(crate) async fn show(
    visit: Visit,
    Resident(member): Resident,
    id: Path<String>,
    Query(tested): Query<Tested>,
) -> Result<Response, Fault> {
    let one = own(&visit, &member, id).await?;
    let known = visit.desk.store.device(one.id).await?;
    let device = describe(&one, known.as_ref(), None, visit.words, visit.now());
    let can_prefer = matches!(one.method, Method::Push | Method::Totp);
    let page = Page::of(&visit, &member, Section::Devices);
    let (was_tested, was_paired) = (tested.tested.is_some(), tested.paired.is_some());
    let replaces = match tested.replaces.filter(|old| *old != one.id) {
        Some(old) => visit.desk.store.authenticator(old).await?.filter(|old| old.user == member.user.id),
        None => None,
    };
    let replaces = replaces.map(|old| (old.id, old.label));
    pages::html(&DevicePage { page, device, can_prefer, was_tested, was_paired, replaces })
}

pub(crate) async fn label(
    visit: Visit,
    Resident(member): Resident,
    id: Path<String>,
    Form(written): Form<Label>,
) -> Result<Response, Fault> {
    let one = own(&visit, &member, id).await?;
    let Some(label) = super::label(&written.label) else {
        return Ok(Redirect::to("/devices?done=label-refused").into_response());
    };
    visit.desk.store.label_authenticator(one.id, &label, &member.by(), visit.now()).await?;
    Ok(Redirect::to("/devices?done=labelled").into_response())
}

pub(crate) async fn prefer(
    visit: Visit,
    Resident(member): Resident,
    id: Path<String>,
    Form(choice): Form<Prefer>,
) -> Result<Response, Fault> {
    let one = own(&visit, &member, id).await?;
    let preferred = (!choice.prefer.is_empty()).then_some(one.id);
    visit.desk.store.prefer_authenticator(member.user.id, preferred, visit.now()).await?;
    Ok(Redirect::to("/devices?done=preferred").into_response())
}

/// Ring this phone, to see whether it rings. Its answer opens nothing.
pub(crate) async fn test(visit: Visit, Resident(member): Resident, id: Path<String>) -> Result<Response, Fault> {
    let one = own(&visit, &member, id).await?;
    if one.method != Method::Push || !one.confirmed {
        return Err(Fault::NotThere);
    }
    let purpose = Purpose::Test { session: member.digest, device: one.id, label: one.label };
    begin_proven(&visit, member.person(), purpose).await
}
