//! The pages of app passwords, as their templates see them.

use askama::Template;
use vestibule_factors::{AppPasswordId, ShownOnce};

use super::list::Shown;
use crate::pages::Page;

#[derive(Template)]
#[template(path = "app_passwords.html")]
pub(super) struct AppPasswordsPage {
    pub(super) page: Page,
    pub(super) held: Vec<Shown>,
    pub(super) notice: Option<&'static str>,
    pub(super) can_make: bool,
}

#[derive(Template)]
#[template(path = "app_password_new.html")]
pub(super) struct NewPage {
    pub(super) page: Page,
    /// As the form sends it, and as a person knows it.
    pub(super) services: Vec<(String, String)>,
    /// Chosen before.
    pub(super) service: String,
    pub(super) label: String,
    pub(super) label_max: usize,
    pub(super) refused: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "app_password_made.html")]
pub(super) struct MadePage {
    pub(super) page: Page,
    pub(super) service: String,
    pub(super) account: String,
    pub(super) secret: ShownOnce,
}

#[derive(Template)]
#[template(path = "app_password_revoke.html")]
pub(super) struct RevokePage {
    pub(super) page: Page,
    pub(super) id: AppPasswordId,
    pub(super) label: String,
    pub(super) service: String,
}
