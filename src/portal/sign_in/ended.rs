//! How a sign-in ends without anybody getting in: a closed set of words.

use axum::extract::{Path, Query};
use axum::response::Response;
use serde::Deserialize;
use vestibule_engine::{Denial, Timestamp};

use crate::fault::Fault;
use crate::pages::{self, EndedPage, Section};
use crate::visit::Visit;

/// A time in a link further ahead than this is not one of ours.
const LOCK_SECONDS_MAX: i64 = 24 * 3_600;

/// Why it ended, as far as somebody may be told who gave the right password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Denied,
    Reported,
    WrongNumber,
    Unanswered,
    TooManyTries,
    /// The phone rings or rang too often.
    TooManyRings,
    Locked(Option<Timestamp>),
    /// Everything else.
    Refused,
}

impl Ended {
    pub(crate) fn of(denial: &Denial) -> Self {
        match denial {
            Denial::Declined => Self::Denied,
            Denial::Reported => Self::Reported,
            Denial::WrongNumber => Self::WrongNumber,
            Denial::FactorTimedOut | Denial::AttemptUnknown | Denial::Withdrawn => Self::Unanswered,
            Denial::TooManyTries => Self::TooManyTries,
            Denial::TooManyPushes => Self::TooManyRings,
            Denial::LockedOut { until } => Self::Locked(Some(*until)),
            _ => Self::Refused,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Reported => "reported",
            Self::WrongNumber => "wrong-number",
            Self::Unanswered => "unanswered",
            Self::TooManyTries => "tries",
            Self::TooManyRings => "rings",
            Self::Locked(_) => "locked",
            Self::Refused => "refused",
        }
    }

    /// Where its page is.
    pub(crate) fn path(self) -> String {
        let until = match self {
            Self::Locked(Some(until)) => format!("?until={}", until.secs()),
            _ => String::new(),
        };
        format!("/sign-in/ended/{}{until}", self.word())
    }

    fn parse(word: &str, until: Option<Timestamp>) -> Option<Self> {
        let all = [
            Self::Denied,
            Self::Reported,
            Self::WrongNumber,
            Self::Unanswered,
            Self::TooManyTries,
            Self::TooManyRings,
            Self::Locked(until),
            Self::Refused,
        ];
        all.into_iter().find(|ended| ended.word() == word)
    }
}

#[derive(Deserialize)]
pub(crate) struct Until {
    until: Option<i64>,
}

pub(crate) async fn show(visit: Visit, Path(why): Path<String>, Query(query): Query<Until>) -> Result<Response, Fault> {
    let now = visit.now();
    let until = query.until.filter(|until| (1..=LOCK_SECONDS_MAX).contains(&until.saturating_sub(now.secs())));
    let ended = Ended::parse(&why, until.map(Timestamp::from_secs)).ok_or(Fault::NotThere)?;
    let minutes = match ended {
        Ended::Locked(Some(until)) => Some(until.since(now).as_secs().div_ceil(60)),
        _ => None,
    };
    let page = EndedPage {
        page: pages::Page::new(&visit, Section::SignIn),
        title: format!("ended-{}-title", ended.word()),
        text: format!("ended-{}-text", ended.word()),
        minutes,
    };
    pages::html(&page)
}
