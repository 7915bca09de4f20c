//! The pages of a sign-in, as their templates see them.

use askama::Template;

use super::Page;

#[derive(Template)]
#[template(path = "password.html")]
pub(crate) struct PasswordPage {
    pub(crate) page: Page,
    pub(crate) user: String,
    pub(crate) notice: Option<&'static str>,
    pub(crate) refusal: Option<&'static str>,
    pub(crate) is_enrolment: bool,
}

#[derive(Template)]
#[template(path = "code.html")]
pub(crate) struct CodePage {
    pub(crate) page: Page,
    pub(crate) user: String,
    /// `code`, `recovery`, `invitation`, `number` or `primary`.
    pub(crate) kind: &'static str,
    /// What the primary login asks, in its words.
    pub(crate) question: Option<String>,
    pub(crate) again: bool,
    pub(crate) can_ring: bool,
    /// A phone is asked meanwhile.
    pub(crate) can_wait: bool,
    pub(crate) has_recovery: bool,
}

#[derive(Template)]
#[template(path = "waiting.html")]
pub(crate) struct WaitingPage {
    pub(crate) page: Page,
    pub(crate) user: String,
    pub(crate) number: Option<String>,
    pub(crate) evidence: &'static str,
    pub(crate) can_type: bool,
    /// The device that is tried.
    pub(crate) device: Option<String>,
}

#[derive(Template)]
#[template(path = "unanswered.html")]
pub(crate) struct UnansweredPage {
    pub(crate) page: Page,
    pub(crate) can_ring: bool,
    /// Seconds until the phone may be rung again.
    pub(crate) wait: u64,
}

#[derive(Template)]
#[template(path = "ended.html")]
pub(crate) struct EndedPage {
    pub(crate) page: Page,
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) minutes: Option<u64>,
}

#[derive(Template)]
#[template(path = "told.html")]
pub(crate) struct ToldPage {
    pub(crate) page: Page,
    pub(crate) title: String,
    pub(crate) text: String,
}
