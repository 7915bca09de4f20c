//! The first page: name and password; and the one for those who were invited, with a code beside them.

use axum::Form;
use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use vestibule_engine::{Passcode, Password, UserName};
use vestibule_factors::ENROLMENT_WINDOW;

use super::begin::{Brought, begin, refused};
use crate::fault::Fault;
use crate::pages::{self, PasswordPage, Section};
use crate::session;
use crate::typed::Typed;
use crate::visit::Visit;

/// Longer passwords are refused before anybody is asked; directories take less.
const PASSWORD_OCTETS_MAX: usize = 1_024;

#[derive(Deserialize)]
pub(crate) struct Arrived {
    away: Option<String>,
    out: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct SignIn {
    #[serde(default)]
    user: String,
    #[serde(default)]
    password: Typed,
    #[serde(default)]
    invitation: Typed,
}

/// Which of the two pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    SignIn,
    Enrol,
}

pub(crate) async fn show(visit: Visit, Query(arrived): Query<Arrived>) -> Result<Response, Fault> {
    if is_signed_in(&visit).await? {
        return Ok(Redirect::to("/devices").into_response());
    }
    let notice = match (arrived.away, arrived.out) {
        (Some(_), _) => Some("notice-away"),
        (None, Some(_)) => Some("notice-signed-out"),
        (None, None) => None,
    };
    page(&visit, Kind::SignIn, "", notice, None)
}

pub(crate) async fn show_enrol(visit: Visit) -> Result<Response, Fault> {
    page(&visit, Kind::Enrol, "", None, None)
}

pub(crate) async fn post(visit: Visit, Form(form): Form<SignIn>) -> Result<Response, Fault> {
    let brought = brought(&form, None);
    take(visit, Kind::SignIn, form.user, brought).await
}

/// OOB-10: a password alone enrols nobody. What it takes beside it, an invitation, the engine judges.
pub(crate) async fn enrol(visit: Visit, Form(form): Form<SignIn>) -> Result<Response, Fault> {
    let typed = form.invitation.as_str().trim();
    let code = Passcode::parse(if typed.is_empty() { ENROLMENT_WINDOW } else { typed });
    let brought = code.and_then(|code| brought(&form, Some(code)));
    take(visit, Kind::Enrol, form.user, brought).await
}

fn brought(form: &SignIn, invitation: Option<Passcode>) -> Option<Brought> {
    let user = UserName::parse(&form.user).ok()?;
    let password = form.password.as_str();
    let fits = !password.is_empty() && password.len() <= PASSWORD_OCTETS_MAX;
    fits.then(|| Brought { user, password: Password::new(password.as_bytes()), invitation })
}

/// Everything that does not lead on looks alike: same words, same status, same time (ADM-04).
async fn take(visit: Visit, kind: Kind, user: String, brought: Option<Brought>) -> Result<Response, Fault> {
    let begun = match brought {
        Some(brought) => begin(&visit, brought).await?,
        None => None,
    };
    if let Some(response) = begun {
        return Ok(response);
    }
    refused(&visit).await;
    let refusal = match kind {
        Kind::SignIn => "refused-text",
        Kind::Enrol => "refused-enrol-text",
    };
    tracing::debug!(reference = visit.reference, "A sign-in at the portal was refused, reference {}", visit.reference);
    page(&visit, kind, &user, None, Some(refusal))
}

async fn is_signed_in(visit: &Visit) -> Result<bool, Fault> {
    let Some(secret) = &visit.cookies.session else { return Ok(false) };
    Ok(session::find(&*visit.desk.store, secret, visit.live.settings.session, visit.now()).await?.is_some())
}

fn page(
    visit: &Visit,
    kind: Kind,
    user: &str,
    notice: Option<&'static str>,
    refusal: Option<&'static str>,
) -> Result<Response, Fault> {
    const SHOWN_CHARS_MAX: usize = 253;
    let user = user.chars().filter(|c| !c.is_control()).take(SHOWN_CHARS_MAX).collect();
    let section = if kind == Kind::Enrol { Section::Enrol } else { Section::SignIn };
    let page = pages::Page::new(visit, section);
    pages::html(&PasswordPage { page, user, notice, refusal, is_enrolment: kind == Kind::Enrol })
}
