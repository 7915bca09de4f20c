//! Where somebody is signed in, and ending it; signing out (SES-03).

use askama::Template;
use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use vestibule_engine::{TokenKind, TrustId};

use crate::cookies::{self, Cookie};
use crate::fault::Fault;
use crate::history::service_name;
use crate::pages::{self, Page, Section};
use crate::secrets::reference;
use crate::session::{self, Record, Resident};
use crate::visit::Visit;
use crate::words::machine_time;

pub(crate) fn router() -> Router {
    Router::new()
        .route("/sessions", get(show))
        .route("/sessions/{reference}/end", post(end))
        .route("/sessions/end-others", post(end_others))
        .route("/places/{id}/forget", post(forget))
        .route("/sign-out", post(sign_out))
}

struct Shown {
    reference: String,
    began: (String, String),
    seen: (String, String),
    address: String,
    client: String,
    is_this: bool,
}

struct Place {
    id: TrustId,
    service: String,
    station: String,
    /// A program signs in again and again from there with what was typed once.
    is_of_repeats: bool,
    until: (String, String),
}

#[derive(Template)]
#[template(path = "sessions.html")]
struct SessionsPage {
    page: Page,
    sessions: Vec<Shown>,
    places: Vec<Place>,
    has_others: bool,
}

async fn show(visit: Visit, Resident(member): Resident) -> Result<Response, Fault> {
    let now = visit.now();
    let time = |at| (machine_time(at), visit.words.ago(at, now));
    let mut sessions = Vec::new();
    for token in visit.desk.store.tokens_of(member.user.id, TokenKind::Session, now).await? {
        let record: Record = serde_json::from_slice(token.payload.expose())?;
        sessions.push(Shown {
            reference: reference(&token.digest),
            began: time(record.began),
            seen: time(record.seen),
            address: record.address,
            client: record.client.unwrap_or_else(|| visit.words.say("browser-unknown")),
            is_this: token.digest == member.digest,
        });
    }
    sessions.sort_by_key(|session| !session.is_this);
    let entries = visit.desk.store.trust_entries(Some(member.user.id), now).await?;
    let places = entries
        .into_iter()
        .map(|entry| Place {
            id: entry.id,
            service: service_name(visit.words, &entry.service),
            station: entry.station.shown().to_owned(),
            is_of_repeats: entry.station.is_of_repeats(),
            until: (machine_time(entry.until), visit.words.until(entry.until)),
        })
        .collect();
    let has_others = sessions.iter().any(|session| !session.is_this);
    let page = Page::of(&visit, &member, Section::Sessions);
    pages::html(&SessionsPage { page, sessions, places, has_others })
}

async fn end(visit: Visit, Resident(member): Resident, Path(wanted): Path<String>) -> Result<Response, Fault> {
    for token in visit.desk.store.tokens_of(member.user.id, TokenKind::Session, visit.now()).await? {
        if reference(&token.digest) == wanted {
            session::end(&visit, &token.digest, "portal").await?;
        }
    }
    Ok(Redirect::to("/sessions").into_response())
}

async fn end_others(visit: Visit, Resident(member): Resident) -> Result<Response, Fault> {
    for token in visit.desk.store.tokens_of(member.user.id, TokenKind::Session, visit.now()).await? {
        if token.digest != member.digest {
            session::end(&visit, &token.digest, "portal").await?;
        }
    }
    Ok(Redirect::to("/sessions").into_response())
}

async fn forget(visit: Visit, Resident(member): Resident, Path(id): Path<String>) -> Result<Response, Fault> {
    let id: TrustId = id.parse().map_err(|_| Fault::NotThere)?;
    let own = visit.desk.store.trust_entries(Some(member.user.id), visit.now()).await?;
    if !own.iter().any(|entry| entry.id == id) {
        return Err(Fault::NotThere);
    }
    visit.desk.store.revoke_trust(id, &member.by(), visit.now()).await?;
    Ok(Redirect::to("/sessions").into_response())
}

/// Over at the server, whatever the browser keeps.
async fn sign_out(visit: Visit) -> Result<Response, Fault> {
    session::close(&visit).await?;
    let mut response = Redirect::to("/signed-out").into_response();
    cookies::clear(response.headers_mut(), Cookie::Session);
    cookies::clear(response.headers_mut(), Cookie::SigningIn);
    Ok(response)
}
