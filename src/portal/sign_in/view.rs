//! The page of the second step, by what is asked.

use axum::response::Response;
use vestibule_engine::{Matching, Method, PromptKind};

use super::evidence;
use crate::fault::Fault;
use crate::pages::{self, CodePage, Page, Section, UnansweredPage, WaitingPage};
use crate::signing_in::{Purpose, SigningIn};
use crate::visit::Visit;

/// `wants_code`: the person would rather type a code than wait for the phone.
pub(super) async fn page(visit: &Visit, record: &SigningIn, wants_code: bool) -> Result<Response, Fault> {
    let now = visit.now();
    if now >= record.until {
        let wait = record.ring_again_at().since(now).as_secs();
        let can_ring = record.person(now).is_some() && matches!(record.question, PromptKind::Wait { .. });
        let page = UnansweredPage { page: page_of(visit, record), can_ring, wait };
        return pages::html(&page);
    }
    match &record.question {
        PromptKind::Relayed { text } => code(visit, record, Asked::Primary(text.clone())),
        PromptKind::EnterCode { methods, others } => {
            code(visit, record, Asked::Code { methods, can_ring: others.contains(&Method::Push), can_wait: false })
        }
        PromptKind::Wait { approved: true, .. } => code(visit, record, Asked::NumberOnPhone),
        PromptKind::Wait { others, .. } if wants_code => {
            code(visit, record, Asked::Code { methods: others, can_ring: false, can_wait: true })
        }
        PromptKind::Wait { others, matching, .. } => waiting(visit, record, others, matching).await,
    }
}

/// What a field for typing is for.
enum Asked<'a> {
    /// A question of the primary login, in its words.
    Primary(String),
    Code {
        methods: &'a [Method],
        can_ring: bool,
        can_wait: bool,
    },
    NumberOnPhone,
}

fn code(visit: &Visit, record: &SigningIn, asked: Asked<'_>) -> Result<Response, Fault> {
    let page = page_of(visit, record);
    let user = record.user.clone();
    let again = record.again;
    let (kind, question, can_ring, can_wait, has_recovery) = match asked {
        Asked::Primary(text) => ("primary", Some(text), false, false, false),
        Asked::NumberOnPhone => ("number", None, false, false, false),
        Asked::Code { methods, can_ring, can_wait } => {
            let has = |method| methods.contains(&method);
            let kind = match (has(Method::Totp), has(Method::Invitation), has(Method::RecoveryCode)) {
                (false, true, _) => "invitation",
                (false, false, true) => "recovery",
                _ => "code",
            };
            (kind, None, can_ring, can_wait, has(Method::RecoveryCode))
        }
    };
    pages::html(&CodePage { page, user, kind, question, again, can_ring, can_wait, has_recovery })
}

async fn waiting(visit: &Visit, record: &SigningIn, others: &[Method], matching: &Matching) -> Result<Response, Fault> {
    let number = match matching {
        Matching::Shown(number) => Some(number.expose().to_owned()),
        Matching::Off | Matching::FromPhone(_) => None,
    };
    let evidence = evidence::so_far(visit, record).await?.key();
    let can_type =
        others.iter().any(|method| matches!(method, Method::Totp | Method::RecoveryCode | Method::ExternalCode));
    let device = match &record.purpose {
        Purpose::Test { label, .. } => Some(label.clone()),
        Purpose::SignIn | Purpose::StepUp { .. } => None,
    };
    let page = page_of(visit, record);
    pages::html(&WaitingPage { page, user: record.user.clone(), number, evidence, can_type, device })
}

fn page_of(visit: &Visit, record: &SigningIn) -> Page {
    let mut page = Page::new(visit, Section::SignIn);
    // The login by which an administrator finds it in the audit log.
    page.reference = pages::attempt_reference(record.attempt);
    page
}
