//! Adding an app that shows codes: the key to scan, and one code to show that it works (OTP-10).

use axum::Form;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use vestibule_engine::{AuthenticatorId, Method, Passcode};
use vestibule_factors::Confirmation;

use super::templates::AppPage;
use super::{enrolled, own};
use crate::fault::Fault;
use crate::pages::{self, Page, Section};
use crate::session::Member;
use crate::typed::Typed;
use crate::visit::Visit;

#[derive(Deserialize)]
pub(crate) struct Begin {
    #[serde(default)]
    label: String,
}

/// The key comes back with the code, so that the page can be drawn again after a mistake; it is kept nowhere else.
#[derive(Deserialize)]
pub(crate) struct Given {
    #[serde(default)]
    code: Typed,
    #[serde(default)]
    uri: Typed,
    #[serde(default)]
    key: Typed,
}

/// An `otpauth://` address of ours is shorter.
const URI_OCTETS_MAX: usize = 1_024;

pub(crate) async fn begin(visit: Visit, member: Member, Form(form): Form<Begin>) -> Result<Response, Fault> {
    member.stepped_up(visit.now(), "/add")?;
    let (store, user) = (&visit.desk.store, &member.user);
    // What was begun before and never shown to work goes.
    for one in store.authenticators(user.id).await? {
        if one.method == Method::Totp && !one.confirmed {
            store.remove_authenticator(one.id, &member.by(), visit.now()).await?;
        }
    }
    let label = super::label(&form.label).unwrap_or_else(|| visit.words.say("app-default-label"));
    let enrolment = visit.live.totp.enrol(user.id, &user.subject.name, &label, &*visit.desk.random)?;
    let id = enrolment.new.id;
    store.add_authenticator(enrolment.new, &member.by(), visit.now()).await?;
    page(&visit, &member, id, enrolment.uri.reveal(), enrolment.secret_text.reveal(), None)
}

pub(crate) async fn confirm(
    visit: Visit,
    member: Member,
    id: Path<String>,
    Form(given): Form<Given>,
) -> Result<Response, Fault> {
    let one = own(&visit, &member, id).await?;
    if one.method != Method::Totp || one.confirmed {
        return Err(Fault::NotThere);
    }
    member.stepped_up(visit.now(), "/add")?;
    let now = visit.now();
    let judged = match Passcode::parse(given.code.as_str()) {
        Some(code) => visit.live.totp.confirm(&one, &code, now)?,
        None => Confirmation::NotACode,
    };
    let why = match judged {
        Confirmation::Right(spend) => {
            if visit.desk.store.confirm_authenticator(one.id, &spend, now).await? {
                let mut response = Redirect::to("/devices?done=added").into_response();
                enrolled(&visit, &member, Method::Totp, &mut response).await?;
                return Ok(response);
            }
            "code-again-code"
        }
        Confirmation::ClockOff { .. } => "app-clock-off",
        Confirmation::Wrong | Confirmation::NotACode => "code-again-code",
    };
    let (uri, key) = (given.uri.as_str(), given.key.as_str());
    let fits = uri.starts_with("otpauth://totp/") && uri.len() <= URI_OCTETS_MAX;
    if !fits {
        return Ok(Redirect::to("/add").into_response());
    }
    page(&visit, &member, one.id, uri, key, Some(why))
}

fn page(
    visit: &Visit,
    member: &Member,
    id: AuthenticatorId,
    uri: &str,
    key: &str,
    why: Option<&'static str>,
) -> Result<Response, Fault> {
    let mut page = Page::of(visit, member, Section::Devices);
    // This page is the answer to a form: there is no address that shows it again.
    page.here = crate::fault::escaped("/add");
    let qr = crate::pairing::drawn(uri)?;
    pages::html(&AppPage { page, id, qr, uri: uri.to_owned(), key: key.to_owned(), why })
}
