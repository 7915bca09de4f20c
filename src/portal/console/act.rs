//! What an administrator does to others: written down with its reason, then done.

use vestibule_engine::{AuditEvent, AuditRecord, UserId, plain_text};

use crate::fault::Fault;
use crate::session::Member;
use crate::visit::Visit;

/// The longest reason: it stands in every line of the audit log that it is about.
pub(super) const REASON_CHARS_MAX: usize = 200;
/// What is done in one act stands in the audit log up to this length.
const WHAT_CHARS_MAX: usize = 300;

/// Why, in an administrator's words: one line of them.
pub(super) struct Reason(String);

impl Reason {
    pub(super) fn parse(written: &str) -> Option<Self> {
        let written = written.trim();
        let text = plain_text(written, REASON_CHARS_MAX);
        (!text.trim().is_empty() && written.chars().count() <= REASON_CHARS_MAX).then_some(Self(text))
    }
}

/// One thing that is about to be done to somebody.
pub(super) struct Deed {
    pub(super) user: UserId,
    /// For the audit log, in its language.
    pub(super) what: String,
}

/// It stands in the audit log; now it may be done.
pub(super) struct Announced {
    /// As the act's own events name whoever did it.
    pub(super) by: String,
}

/// Write down what is about to be done. A failure afterwards leaves a record of something that was not done, never
/// something done that no record tells of.
pub(super) async fn announce(
    visit: &Visit,
    member: &Member,
    reason: &Reason,
    deeds: Vec<Deed>,
) -> Result<Announced, Fault> {
    let subject = &member.user.subject;
    let by = format!("console:{}/{}", subject.source, subject.name);
    let record = |Deed { user, what }: Deed| {
        let (what, reason) = (plain_text(&what, WHAT_CHARS_MAX), reason.0.clone());
        AuditRecord::new(visit.now(), AuditEvent::ConsoleActed { user, by: by.clone(), what, reason })
    };
    visit.desk.store.record(deeds.into_iter().map(record).collect()).await?;
    Ok(Announced { by })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_line_that_says_something() {
        let read = |written: &str| Reason::parse(written).map(|reason| reason.0);
        assert_eq!(read("  Ticket 4711: laptop lost ").as_deref(), Some("Ticket 4711: laptop lost"));
        assert_eq!(read("a\nb\u{202E}c").as_deref(), Some("abc"));
        assert_eq!(read(&"ä".repeat(200)).map(|text| text.chars().count()), Some(200));
        for nothing in ["", "   ", "\u{200B}", "\u{202E} \n", &"x".repeat(201)] {
            assert!(read(nothing).is_none(), "{nothing:?}");
        }
    }
}
