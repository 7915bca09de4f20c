//! The page before an act: what will happen to whom, and the question why.

use askama::Template;
use axum::response::Response;

use super::act::REASON_CHARS_MAX;
use crate::fault::Fault;
use crate::pages::{self, Page};

/// So many of the people it will happen to are named.
pub(super) const LINES_MAX: usize = 20;

#[derive(Template)]
#[template(path = "console_confirm.html")]
pub(super) struct ConfirmPage {
    pub(super) page: Page,
    pub(super) title: String,
    /// What will happen, each to one person.
    pub(super) lines: Vec<String>,
    /// Beyond those that are named.
    pub(super) more: Option<u64>,
    /// What is not done, and must be asked for again.
    pub(super) left: Option<u64>,
    /// Where the form goes, and what it carries besides the reason.
    pub(super) action: String,
    pub(super) fields: Vec<(&'static str, String)>,
    pub(super) button: &'static str,
    /// Where nothing is done.
    pub(super) back: String,
    /// What was written before, and was no reason.
    pub(super) refused: Option<String>,
}

impl ConfirmPage {
    pub(super) fn answer(self) -> Result<Response, Fault> {
        pages::html(&self)
    }

    fn reason(&self) -> &str {
        self.refused.as_deref().unwrap_or_default()
    }

    fn reason_max(&self) -> usize {
        REASON_CHARS_MAX
    }
}
