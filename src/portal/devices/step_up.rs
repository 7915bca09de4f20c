//! Showing again that it is you, before something dangerous (ADM-02, OOB-13).

use axum::Form;
use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;

use super::templates::AgainPage;
use crate::console;
use crate::fault::{Fault, own_path};
use crate::pages::{self, Page, Section};
use crate::session::Resident;
use crate::sign_in::begin_proven;
use crate::signing_in::Purpose;
use crate::visit::Visit;

#[derive(Deserialize)]
pub(crate) struct Then {
    #[serde(default)]
    then: String,
}

pub(crate) async fn show(
    visit: Visit,
    Resident(member): Resident,
    Query(then): Query<Then>,
) -> Result<Response, Fault> {
    let then = leads_to(&then);
    let is_for_console = then.starts_with("/console/") && console::is_open_to(&visit, &member);
    let (section, text, cancel) = match is_for_console {
        true => (Section::Remembered, "again-text-console", "/console/remembered"),
        false => (Section::Devices, "again-text", "/devices"),
    };
    pages::html(&AgainPage { page: Page::of(&visit, &member, section), text, cancel, then })
}

pub(crate) async fn post(visit: Visit, Resident(member): Resident, Form(then): Form<Then>) -> Result<Response, Fault> {
    let purpose = Purpose::StepUp { session: member.digest, then: leads_to(&then) };
    begin_proven(&visit, member.person(), purpose).await
}

fn leads_to(then: &Then) -> String {
    own_path(&then.then).unwrap_or_else(|| "/devices".to_owned())
}
