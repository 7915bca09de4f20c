//! The pages of the history, as their templates see them.

use askama::Template;
use vestibule_engine::AttemptId;

use super::story::Line;
use crate::pages::Page;

#[derive(Template)]
#[template(path = "history.html")]
pub(super) struct HistoryPage {
    pub(super) page: Page,
    pub(super) lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "disown.html")]
pub(super) struct DisownPage {
    pub(super) page: Page,
    pub(super) attempt: AttemptId,
    pub(super) service: String,
    /// The app password that let somebody in.
    pub(super) app_password: Option<String>,
}

#[derive(Template)]
#[template(path = "disowned.html")]
pub(super) struct DisownedPage {
    pub(super) page: Page,
    pub(super) reference: String,
}
