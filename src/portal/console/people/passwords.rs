//! Revoking an app password of somebody.

use axum::extract::{Path, RawForm};
use axum::response::{IntoResponse, Redirect, Response};
use vestibule_engine::{User, plain_text};
use vestibule_factors::{AppPassword, AppPasswordId};

use super::{after, page_of, thing_of};
use crate::console::access::Administrator;
use crate::console::act::{Deed, Reason, announce};
use crate::console::asked::Asked;
use crate::console::confirm::ConfirmPage;
use crate::console::persons::{NAME_CHARS_MAX, full_name};
use crate::console::result::Outcome;
use crate::fault::Fault;
use crate::history::service_name;
use crate::pages::{Page, Section};
use crate::session::Member;
use crate::visit::Visit;

/// What is about to be revoked.
struct Meant {
    user: User,
    password: AppPassword,
}

impl Meant {
    /// `Err`: the way back, where somebody else was first.
    async fn find(visit: &Visit, path: Path<(String, String)>) -> Result<Result<Self, Response>, Fault> {
        let (user, id) = thing_of(visit, path).await?;
        let id: AppPasswordId = id.parse().map_err(|_| Fault::NotThere)?;
        let held = visit.desk.app_passwords.list(user.id).await?;
        Ok(match held.into_iter().find(|one| one.id == id) {
            Some(password) => Ok(Self { user, password }),
            None => Err(Redirect::to(&after(user.id, Outcome::Over)).into_response()),
        })
    }

    fn path(&self) -> String {
        format!("{}/app-passwords/{}/revoke", page_of(self.user.id), self.password.id)
    }

    fn confirm(&self, visit: &Visit, member: &Member, refused: Option<String>) -> Result<Response, Fault> {
        let label = plain_text(&self.password.label, NAME_CHARS_MAX);
        let service = plain_text(&service_name(visit.words, &self.password.service), NAME_CHARS_MAX);
        let page = ConfirmPage {
            page: Page::of(visit, member, Section::People),
            title: visit.words.with("app-password-revoke-title", &label),
            lines: vec![visit.words.about("revoke-line", &full_name(&self.user), &label, &service)],
            more: None,
            left: None,
            action: self.path(),
            fields: Vec::new(),
            button: "app-password-revoke",
            back: page_of(self.user.id),
            refused,
        };
        page.answer()
    }
}

pub(crate) async fn ask_revoke(
    visit: Visit,
    Administrator(member): Administrator,
    path: Path<(String, String)>,
) -> Result<Response, Fault> {
    match Meant::find(&visit, path).await? {
        Ok(meant) => {
            member.stepped_up(visit.now(), &meant.path())?;
            meant.confirm(&visit, &member, None)
        }
        Err(back) => Ok(back),
    }
}

pub(crate) async fn revoke(
    visit: Visit,
    Administrator(member): Administrator,
    path: Path<(String, String)>,
    RawForm(form): RawForm,
) -> Result<Response, Fault> {
    let meant = match Meant::find(&visit, path).await? {
        Ok(meant) => meant,
        Err(back) => return Ok(back),
    };
    member.stepped_up(visit.now(), &meant.path())?;
    let asked = Asked::read(&form);
    let written = asked.field("reason").unwrap_or_default();
    let Some(reason) = Reason::parse(written) else {
        return meant.confirm(&visit, &member, Some(written.to_owned()));
    };
    let Meant { user, password } = meant;
    let what = format!("revoke the app password \"{}\" for {}", password.label, password.service);
    let announced = announce(&visit, &member, &reason, vec![Deed { user: user.id, what }]).await?;
    let was_there = visit.desk.app_passwords.revoke(user.id, password.id, &announced.by).await?;
    let outcome = if was_there { Outcome::Revoked } else { Outcome::Over };
    Ok(Redirect::to(&after(user.id, outcome)).into_response())
}
