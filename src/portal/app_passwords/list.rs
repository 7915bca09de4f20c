//! All of somebody's app passwords on one page.

use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;
use vestibule_factors::{AppPassword, AppPasswordId};

use super::templates::AppPasswordsPage;
use crate::fault::Fault;
use crate::history::service_name;
use crate::pages::{self, Page, Section};
use crate::session::Resident;
use crate::visit::Visit;
use crate::words::machine_time;

#[derive(Deserialize)]
pub(crate) struct Done {
    done: Option<String>,
}

/// An app password as the page shows it.
pub(super) struct Shown {
    pub(super) id: AppPasswordId,
    pub(super) label: String,
    pub(super) service: String,
    pub(super) made: (String, String),
    pub(super) used: Option<(String, String)>,
    /// Its application takes none, at least not now.
    pub(super) is_idle: bool,
}

pub(crate) async fn show(
    visit: Visit,
    Resident(member): Resident,
    Query(done): Query<Done>,
) -> Result<Response, Fault> {
    let held = visit.desk.app_passwords.list(member.user.id).await?;
    let can_make = !visit.live.app_password_services.is_empty();
    if held.is_empty() && !can_make {
        return Err(Fault::NotThere);
    }
    let notice = match done.done.as_deref() {
        Some("made") => Some("done-app-password-made"),
        Some("revoked") => Some("done-app-password-revoked"),
        _ => None,
    };
    let held = held.into_iter().map(|one| shown(one, &visit)).collect();
    let page = Page::of(&visit, &member, Section::AppPasswords);
    pages::html(&AppPasswordsPage { page, held, notice, can_make })
}

fn shown(one: AppPassword, visit: &Visit) -> Shown {
    let time = |at| (machine_time(at), visit.words.ago(at, visit.now()));
    Shown {
        is_idle: !visit.live.app_password_services.contains(&one.service),
        id: one.id,
        label: one.label,
        service: service_name(visit.words, &one.service),
        made: time(one.created),
        used: one.last_used.map(time),
    }
}
