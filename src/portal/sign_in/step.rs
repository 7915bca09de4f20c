//! The second step: a code, or waiting for the phone; a choice between them; and what comes of it.

use std::time::Duration;

use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Json};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use vestibule_engine::{Answer, Denial, Method, Passcode, Primary, PromptKind, Step, Verdict};
use vestibule_factors::ENROLMENT_WINDOW;

use super::ended::Ended;
use super::evidence;
use super::view;
use crate::cookies::{self, Cookie};
use crate::fault::Fault;
use crate::primaries::InOrder;
use crate::session::{self, Raised};
use crate::signing_in::{self, Held, Purpose};
use crate::typed::Typed;
use crate::visit::Visit;

/// How long the page's script waits for one answer.
const LOOK_PATIENCE: Duration = Duration::from_secs(20);
/// How often, meanwhile, news of the delivery are looked for.
const EVIDENCE_EVERY: Duration = Duration::from_secs(2);

#[derive(Deserialize)]
pub(crate) struct Shown {
    /// `code`: show the field for a code, though a phone is asked.
    with: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Given {
    #[serde(default)]
    code: Typed,
    /// `look`, `push`, `window`, or nothing: the code.
    #[serde(default)]
    act: String,
}

#[derive(Deserialize)]
pub(crate) struct Looked {
    /// The evidence that the page shows by now.
    #[serde(default)]
    seen: String,
}

/// What the page's script hears.
#[derive(Serialize)]
struct News {
    /// Where to go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

/// What became of an answer.
enum Moved {
    /// The same question, or the next one.
    Asks,
    /// It is over.
    Over(Response),
}

pub(crate) async fn show(visit: Visit, Query(shown): Query<Shown>) -> Result<Response, Fault> {
    let Some(held) = signing_in::held(&visit).await? else { return Ok(start_over()) };
    view::page(&visit, &held.record, shown.with.as_deref() == Some("code")).await
}

pub(crate) async fn post(visit: Visit, Form(given): Form<Given>) -> Result<Response, Fault> {
    let Some(mut held) = signing_in::held(&visit).await? else { return Ok(start_over()) };
    let answer = match given.act.as_str() {
        "look" => Some(Answer::Look),
        // The engine knows what to do by these words, as it does where they are typed into a VPN client.
        "push" => Passcode::parse("push").map(Answer::Typed),
        "window" => Passcode::parse(ENROLMENT_WINDOW).map(Answer::Typed),
        _ => Passcode::parse(given.code.as_str()).map(Answer::Typed),
    };
    let Some(answer) = answer else {
        return Ok(Redirect::to("/sign-in/step?with=code").into_response());
    };
    let is_typed = given.act.is_empty();
    match answered(&visit, &mut held, answer, Duration::ZERO).await? {
        Moved::Over(response) => Ok(response),
        // A wrong code is asked again where it was typed.
        Moved::Asks if is_typed => Ok(Redirect::to("/sign-in/step?with=code").into_response()),
        Moved::Asks => Ok(Redirect::to("/sign-in/step").into_response()),
    }
}

/// The page's script waits here for the phone, and for news of the delivery.
pub(crate) async fn look(visit: Visit, Form(looked): Form<Looked>) -> Result<Response, Fault> {
    let deadline = Instant::now() + LOOK_PATIENCE;
    loop {
        let Some(mut held) = signing_in::held(&visit).await? else { return Ok(go("/sign-in")) };
        if !matches!(held.record.question, PromptKind::Wait { approved: false, .. }) {
            return Ok(go("/sign-in/step"));
        }
        let turn = held.record.turn;
        if let Moved::Over(response) = answered(&visit, &mut held, Answer::Look, EVIDENCE_EVERY).await? {
            return Ok(for_script(&response));
        }
        let has_moved =
            held.record.turn != turn || matches!(held.record.question, PromptKind::Wait { approved: true, .. });
        if has_moved {
            return Ok(go("/sign-in/step"));
        }
        let evidence = evidence::so_far(&visit, &held.record).await?.key();
        if evidence != looked.seen || Instant::now() >= deadline {
            let text = Some(visit.words.say(evidence));
            return Ok(Json(News { to: None, evidence: Some(evidence), text }).into_response());
        }
    }
}

/// Ring the phone again, after a wait that grows, without the password.
pub(crate) async fn ring_again(visit: Visit) -> Result<Response, Fault> {
    let Some(mut held) = signing_in::held(&visit).await? else { return Ok(start_over()) };
    let now = visit.now();
    let Some(person) = held.record.person(now).cloned() else { return Ok(start_over()) };
    if now < held.record.ring_again_at() {
        return Ok(Redirect::to("/sign-in/step").into_response());
    }
    // It may have been answered in the meantime: a no is not rung again, and a yes is not thrown away.
    if let Moved::Over(response) = answered(&visit, &mut held, Answer::Look, Duration::ZERO).await?
        && signing_in::held(&visit).await?.is_none()
    {
        return Ok(response);
    }
    visit.desk.engine.cancel(held.record.attempt, vestibule_engine::Withdrawn::Superseded).await?;
    let request = held.record.request(&visit, Duration::ZERO)?;
    match visit.desk.engine.begin(request, Primary::Proven(person)).await? {
        Step::Show(prompt) => {
            held.record.rung_again(&prompt, now);
            signing_in::change(&visit, &held).await?;
            Ok(Redirect::to("/sign-in/step").into_response())
        }
        Step::Done(verdict) => over(&visit, &mut held, verdict).await,
    }
}

/// "Not you?": nobody may answer it any more, and the browser forgets it.
pub(crate) async fn leave(visit: Visit) -> Result<Response, Fault> {
    let mut to = "/sign-in".to_owned();
    if let Some(held) = signing_in::held(&visit).await? {
        if signing_in::finish(&visit, &held.digest).await? {
            visit.desk.engine.cancel(held.record.attempt, vestibule_engine::Withdrawn::ClientGone).await?;
        }
        if held.record.purpose != Purpose::SignIn {
            to = "/devices".to_owned();
        }
    }
    let mut response = Redirect::to(&to).into_response();
    cookies::clear(response.headers_mut(), Cookie::SigningIn);
    Ok(response)
}

async fn answered(visit: &Visit, held: &mut Held, answer: Answer, patience: Duration) -> Result<Moved, Fault> {
    let request = held.record.request(visit, patience)?;
    let mut with = InOrder::new(&visit.live.primaries);
    let (attempt, turn) = (held.record.attempt, held.record.turn);
    match visit.desk.engine.answer(attempt, turn, answer, &request, Some(&mut with)).await? {
        Step::Show(prompt) => {
            let is_news =
                prompt.turn != turn || prompt.kind != held.record.question || prompt.again != held.record.again;
            held.record.asked(&prompt, visit.now());
            if is_news && !signing_in::change(visit, held).await? {
                return Ok(Moved::Over(start_over()));
            }
            Ok(Moved::Asks)
        }
        // Somebody asked another question in the meantime: this browser, in another tab or by its script.
        Step::Done(Verdict::Deny(Denial::AnswerStale)) => {
            if let Some(now) = signing_in::held(visit).await? {
                *held = now;
                return Ok(Moved::Asks);
            }
            Ok(Moved::Over(start_over()))
        }
        Step::Done(verdict) => over(visit, held, verdict).await.map(Moved::Over),
    }
}

/// The attempt is over, and so is what this browser held of it.
async fn over(visit: &Visit, held: &mut Held, verdict: Verdict) -> Result<Response, Fault> {
    let ended = match &verdict {
        Verdict::Deny(denial) => Some(Ended::of(denial)),
        Verdict::Allow(_) => None,
    };
    // A phone that nobody answered may be rung again from the page that says so.
    if ended == Some(Ended::Unanswered) && held.record.person(visit.now()).is_some() {
        held.record.until = visit.now();
        signing_in::change(visit, held).await?;
        return Ok(Redirect::to("/sign-in/step").into_response());
    }
    if !signing_in::finish(visit, &held.digest).await? {
        // The other tab, or the script, was first: what it opened is open for this one too.
        return Ok(Redirect::to("/devices").into_response());
    }
    let concluded = conclude(visit, &held.record.purpose, verdict).await?;
    let to = ended.unwrap_or(Ended::Refused).path();
    let mut response = concluded.unwrap_or_else(|| Redirect::to(&to).into_response());
    cookies::clear(response.headers_mut(), Cookie::SigningIn);
    Ok(response)
}

/// What a verdict opens; `None` where it opens nothing. Only a grant for this very thing counts.
pub(super) async fn conclude(visit: &Visit, purpose: &Purpose, verdict: Verdict) -> Result<Option<Response>, Fault> {
    let Verdict::Allow(grant) = verdict else { return Ok(None) };
    match purpose {
        Purpose::SignIn => {
            let mut response = Redirect::to("/devices").into_response();
            Ok(session::open(visit, &grant, &mut response).await?.map(|_| response))
        }
        Purpose::StepUp { session, then } => {
            let Some(member) = owner(visit, session).await? else { return Ok(None) };
            let is_theirs = grant.identity().user == member.user.id;
            let is_proof =
                !grant.methods().is_empty() && !grant.remembered() && &*grant.service().name == crate::visit::SIGN_IN;
            // An invitation is less than what this session was opened with: whoever found it open has no second step.
            let is_invited = grant.methods().contains(&Method::Invitation);
            if !is_theirs || !is_proof || is_invited {
                return Ok(None);
            }
            let mut response = Redirect::to(then).into_response();
            session::raise(visit, &member, Raised::SteppedUp(grant.methods()), &mut response).await?;
            Ok(Some(response))
        }
        Purpose::Test { session, device, .. } => {
            if owner(visit, session).await?.is_none() {
                return Ok(None);
            }
            Ok(Some(Redirect::to(&format!("/devices/{device}?tested=1")).into_response()))
        }
    }
}

/// The session that began this, if this browser still holds it.
async fn owner(visit: &Visit, digest: &[u8; 32]) -> Result<Option<session::Member>, Fault> {
    let Some(secret) = &visit.cookies.session else { return Ok(None) };
    let found = session::find(&*visit.desk.store, secret, visit.live.settings.session, visit.now()).await?;
    Ok(found.filter(|member| member.digest == *digest))
}

fn start_over() -> Response {
    let mut response = Redirect::to("/sign-in").into_response();
    cookies::clear(response.headers_mut(), Cookie::SigningIn);
    response
}

fn go(to: &str) -> Response {
    Json(News { to: Some(to.to_owned()), evidence: None, text: None }).into_response()
}

/// A script cannot see where a redirect leads without following it: it is told, with the cookies.
fn for_script(response: &Response) -> Response {
    let to = response.headers().get(axum::http::header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("/");
    let mut told = go(to);
    for cookie in response.headers().get_all(axum::http::header::SET_COOKIE) {
        told.headers_mut().append(axum::http::header::SET_COOKIE, cookie.clone());
    }
    told
}
