//! Ending sessions of somebody: one, or all of them.

use axum::extract::{Path, RawForm};
use axum::response::{IntoResponse, Redirect, Response};
use vestibule_engine::{TokenKind, User};

use super::one::{self, SessionRow};
use super::{after, page_of, person, thing_of};
use crate::console::access::Administrator;
use crate::console::act::{Deed, Reason, announce};
use crate::console::asked::Asked;
use crate::console::confirm::{ConfirmPage, LINES_MAX};
use crate::console::persons::full_name;
use crate::console::result::Outcome;
use crate::fault::Fault;
use crate::pages::{Page, Section};
use crate::secrets::reference;
use crate::session::{self, Member};
use crate::visit::Visit;

/// How often all sessions are looked for: one that is opened or raised meanwhile is found the next time. Whoever opens them
/// faster than that is not signed out by ending sessions.
const ROUNDS_MAX: usize = 5;

/// Whose sessions are about to end, and which.
struct Meant {
    user: User,
    /// The reference of the one; `None`: all of them.
    only: Option<String>,
    sessions: Vec<SessionRow>,
}

impl Meant {
    async fn of(visit: &Visit, user: User, only: Option<String>) -> Result<Self, Fault> {
        let mut sessions = one::sessions(&user, visit).await?;
        sessions.retain(|session| only.as_ref().is_none_or(|only| *only == session.reference));
        Ok(Self { user, only, sessions })
    }

    fn path(&self) -> String {
        let page = page_of(self.user.id);
        match &self.only {
            Some(reference) => format!("{page}/sessions/{reference}/end"),
            None => format!("{page}/sessions/end"),
        }
    }

    fn after(&self, outcome: Outcome) -> Response {
        Redirect::to(&after(self.user.id, outcome)).into_response()
    }

    fn what(&self) -> String {
        match (&self.only, self.sessions.first()) {
            (Some(_), Some(session)) => format!("end the session of {} from {}", session.client, session.address),
            _ => format!("end all sessions, {} of them", self.sessions.len()),
        }
    }

    fn confirm(&self, visit: &Visit, member: &Member, refused: Option<String>) -> Result<Response, Fault> {
        let (words, who) = (visit.words, full_name(&self.user));
        let line = |session: &SessionRow| words.about("end-line", &who, &session.client, &session.address);
        let beyond = self.sessions.len().saturating_sub(LINES_MAX) as u64;
        let page = ConfirmPage {
            page: Page::of(visit, member, Section::People),
            title: words.count("end-title", self.sessions.len() as u64),
            lines: self.sessions.iter().take(LINES_MAX).map(line).collect(),
            more: Some(beyond).filter(|beyond| *beyond > 0),
            left: None,
            action: self.path(),
            fields: Vec::new(),
            button: "end-button",
            back: page_of(self.user.id),
            refused,
        };
        page.answer()
    }

    fn ask(&self, visit: &Visit, member: &Member) -> Result<Response, Fault> {
        if self.sessions.is_empty() {
            return Ok(self.after(Outcome::Over));
        }
        member.stepped_up(visit.now(), &self.path())?;
        self.confirm(visit, member, None)
    }

    async fn end(&self, visit: &Visit, member: &Member, asked: &Asked) -> Result<Response, Fault> {
        if self.sessions.is_empty() {
            return Ok(self.after(Outcome::Over));
        }
        member.stepped_up(visit.now(), &self.path())?;
        let written = asked.field("reason").unwrap_or_default();
        let Some(reason) = Reason::parse(written) else {
            return self.confirm(visit, member, Some(written.to_owned()));
        };
        let deed = Deed { user: self.user.id, what: self.what() };
        let announced = announce(visit, member, &reason, vec![deed]).await?;
        let mut ended = false;
        for _ in 0..ROUNDS_MAX {
            let mut open = visit.desk.store.tokens_of(self.user.id, TokenKind::Session, visit.now()).await?;
            open.retain(|token| self.only.as_ref().is_none_or(|only| *only == reference(&token.digest)));
            if open.is_empty() {
                break;
            }
            for token in open {
                ended |= session::end(visit, &token.digest, &announced.by).await?;
            }
        }
        Ok(self.after(if ended { Outcome::Ended } else { Outcome::Over }))
    }
}

pub(crate) async fn ask_end(
    visit: Visit,
    Administrator(member): Administrator,
    path: Path<(String, String)>,
) -> Result<Response, Fault> {
    let (user, reference) = thing_of(&visit, path).await?;
    Meant::of(&visit, user, Some(reference)).await?.ask(&visit, &member)
}

pub(crate) async fn end(
    visit: Visit,
    Administrator(member): Administrator,
    path: Path<(String, String)>,
    RawForm(form): RawForm,
) -> Result<Response, Fault> {
    let (user, reference) = thing_of(&visit, path).await?;
    Meant::of(&visit, user, Some(reference)).await?.end(&visit, &member, &Asked::read(&form)).await
}

pub(crate) async fn ask_end_all(
    visit: Visit,
    Administrator(member): Administrator,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let user = person(&visit, &id).await?;
    Meant::of(&visit, user, None).await?.ask(&visit, &member)
}

pub(crate) async fn end_all(
    visit: Visit,
    Administrator(member): Administrator,
    Path(id): Path<String>,
    RawForm(form): RawForm,
) -> Result<Response, Fault> {
    let user = person(&visit, &id).await?;
    Meant::of(&visit, user, None).await?.end(&visit, &member, &Asked::read(&form)).await
}
