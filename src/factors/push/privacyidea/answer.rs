//! What that app answers.

use serde::{Deserialize, Serialize};
use vestibule_engine::Challenge;

use super::{PiDevice, PiRefused};
use crate::push::protocol::{Decision, Policy};

/// The fields of its form. Those that are left out are absent in the signed text as well.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PiAnswer {
    /// Which request it answers; very old apps do not say.
    pub nonce: Option<String>,
    pub decline: bool,
    pub decline_reason: Option<String>,
    pub presence_answer: Option<String>,
    /// In base 32.
    pub signature: String,
}

impl PiAnswer {
    pub fn decision(&self) -> Decision {
        match (self.decline, self.decline_reason.as_deref()) {
            (false, _) => Decision::Approve,
            (true, Some("unknown_trigger")) => Decision::Report,
            (true, _) => Decision::Deny,
        }
    }

    /// Whether it may be meant for this challenge.
    pub fn is_for(&self, challenge: &Challenge) -> bool {
        self.nonce.as_deref().is_none_or(|nonce| nonce == challenge.nonce.as_str())
    }

    /// That app proves nothing about its person.
    pub(in crate::push) fn is_enough_for(&self, policy: Policy) -> bool {
        self.decline || policy == Policy::Off
    }

    /// Whether no field can be read as another: the text has no names, only places.
    fn is_sane(&self) -> bool {
        let is_reason =
            |text: &str| (1..=32).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_lowercase() || c == b'_');
        let is_number = |text: &str| (1..=9).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit());
        self.decline_reason.as_deref().is_none_or(|reason| self.decline && is_reason(reason))
            && self.presence_answer.as_deref().is_none_or(is_number)
    }

    fn text(&self, nonce: &str, serial: &str) -> String {
        let decline = self.decline.then_some("decline");
        let fields =
            [Some(nonce), Some(serial), decline, self.decline_reason.as_deref(), self.presence_answer.as_deref()];
        fields.into_iter().flatten().collect::<Vec<_>>().join("|")
    }
}

impl PiDevice {
    /// Whether this device signed this answer to this challenge. What the answer is worth is another matter.
    pub fn verify_answer(&self, challenge: &Challenge, answer: &PiAnswer) -> Result<(), PiRefused> {
        if !answer.is_sane() || !answer.is_for(challenge) {
            return Err(PiRefused::Malformed);
        }
        self.verify(&answer.text(challenge.nonce.as_str(), &self.serial), &answer.signature)
    }
}

/// What was pressed is not for logs.
impl std::fmt::Debug for PiAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PiAnswer").field("decline", &self.decline).finish_non_exhaustive()
    }
}
