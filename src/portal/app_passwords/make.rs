//! Making one: for which application, under which name; then it is shown once.

use axum::Form;
use axum::response::Response;
use serde::Deserialize;
use vestibule_factors::{APP_PASSWORD_LABEL_CHARS_MAX, AppPasswordRefused};

use super::NEW;
use super::templates::{MadePage, NewPage};
use crate::fault::Fault;
use crate::history::service_name;
use crate::pages::{self, Page, Section};
use crate::session::{Member, Resident};
use crate::visit::Visit;

#[derive(Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    service: String,
    #[serde(default)]
    label: String,
}

// OOB-13: not without a second step that was given just now.
pub(crate) async fn show(visit: Visit, Resident(member): Resident) -> Result<Response, Fault> {
    may_make(&visit, &member)?;
    form(&visit, &member, Wanted { service: String::new(), label: String::new() }, None)
}

pub(crate) async fn post(
    visit: Visit,
    Resident(member): Resident,
    Form(wanted): Form<Wanted>,
) -> Result<Response, Fault> {
    may_make(&visit, &member)?;
    if !visit.live.app_password_services.contains(&wanted.service) {
        return Err(Fault::NotThere);
    }
    let Wanted { service, label } = &wanted;
    let made = match visit.desk.app_passwords.make(member.user.id, service, label, &member.by()).await {
        Ok(made) => made,
        Err(AppPasswordRefused::Label) => return form(&visit, &member, wanted, Some("app-password-label-refused")),
        Err(AppPasswordRefused::TooMany) => return form(&visit, &member, wanted, Some("app-password-too-many")),
        Err(AppPasswordRefused::Random(error)) => return Err(error.into()),
        Err(AppPasswordRefused::Store(error)) => return Err(error.into()),
    };
    let page = Page::of(&visit, &member, Section::AppPasswords);
    let service = service_name(visit.words, service);
    pages::html(&MadePage { page, service, account: member.user.subject.name, secret: made.secret })
}

fn may_make(visit: &Visit, member: &Member) -> Result<(), Fault> {
    if visit.live.app_password_services.is_empty() {
        return Err(Fault::NotThere);
    }
    member.stepped_up(visit.now(), NEW)
}

fn form(visit: &Visit, member: &Member, wanted: Wanted, refused: Option<&'static str>) -> Result<Response, Fault> {
    let services = &visit.live.app_password_services;
    let services = services.iter().map(|service| (service.clone(), service_name(visit.words, service))).collect();
    let page = Page::of(visit, member, Section::AppPasswords);
    let Wanted { service, label } = wanted;
    // What the field itself would not take is not put back into it.
    let label = label.chars().filter(|c| !c.is_control()).take(APP_PASSWORD_LABEL_CHARS_MAX).collect();
    pages::html(&NewPage { page, services, service, label, label_max: APP_PASSWORD_LABEL_CHARS_MAX, refused })
}
