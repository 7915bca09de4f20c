//! Whether a device's answer is properly given. Everything it signed is compared with what we asked; nothing is taken
//! from the answer that we can know ourselves (OOB-01, OOB-03).

use vestibule_engine::{Authenticator, Challenge, Checked, Matching, Method, Spend, Timestamp};

use super::assertion::{self, Site};
use super::protocol::{AnswerBody, CLOCK_MAX, Decision, Digest, Policy, Request};
use super::record::VestibuleDevice;

/// Why an answer is none. The engine hears "not mine"; the device is told which, so that it can tell its person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Improper {
    #[error("the answer is not written as the protocol wants it")]
    Malformed,
    #[error("the answer is not to what this device is asked now")]
    Over,
    #[error("the device's clock is more than five minutes off")]
    Clock,
    #[error("the answer is not signed by the device")]
    Signature,
    #[error("the person did not show the phone that it is them")]
    Verification,
}

/// What an answer is judged by.
pub(super) struct Judge<'a> {
    pub(super) site: &'a Site,
    pub(super) policy: Policy,
    pub(super) now: Timestamp,
}

impl Judge<'_> {
    pub(super) fn proper(
        &self,
        authenticator: &Authenticator,
        device: &VestibuleDevice,
        challenge: &Challenge,
        answer: &AnswerBody,
    ) -> Result<(), Improper> {
        if !answer.is_sane() {
            return Err(Improper::Malformed);
        }
        if !may_answer(authenticator, challenge) || self.now >= challenge.until {
            return Err(Improper::Over);
        }
        let text = answer.text(&self.site.origin, challenge.attempt, authenticator.id).to_string();
        device.public_key.verify(&text, &answer.signature).map_err(|_| Improper::Signature)?;
        let asked = Request::of(challenge, authenticator.id, &self.site.origin, self.policy);
        if answer.nonce != challenge.nonce.as_str() || answer.context != Digest::of(asked.to_text()) {
            return Err(Improper::Over);
        }
        if !answer.time.is_near(self.now, CLOCK_MAX) {
            return Err(Improper::Clock);
        }
        // Saying no takes no proof of who says it: whoever holds the phone may stop a login.
        if answer.decision == Decision::Approve {
            self.person_is_there(device, answer, &text)?;
        }
        Ok(())
    }

    fn person_is_there(&self, device: &VestibuleDevice, answer: &AnswerBody, text: &str) -> Result<(), Improper> {
        match self.policy {
            Policy::Off => Ok(()),
            Policy::Required => {
                let assertion = answer.verification.as_ref().ok_or(Improper::Verification)?;
                let credential = device.verification.as_ref().ok_or(Improper::Verification)?;
                assertion::verify(assertion, &credential.public_key, self.site, text).map_err(|refused| {
                    tracing::debug!(error = %refused, "A phone's user verification was refused");
                    Improper::Verification
                })
            }
        }
    }
}

/// Whether this device is one of those that were asked.
pub(super) fn may_answer(authenticator: &Authenticator, challenge: &Challenge) -> bool {
    authenticator.method == Method::Push
        && authenticator.confirmed
        && challenge.device.is_none_or(|only| only == authenticator.id)
}

/// What a properly given answer is worth. A no needs no number; a yes needs the one that the login shows (OOB-02).
pub(super) fn worth(
    authenticator: &Authenticator,
    challenge: &Challenge,
    decision: Decision,
    number: Option<&str>,
) -> Checked {
    let right = Checked::Right(Spend::Attempt { authenticator: authenticator.id });
    match (decision, &challenge.matching, number) {
        (Decision::Deny | Decision::Report, ..) => right,
        (Decision::Approve, Matching::Shown(wanted), Some(typed)) if wanted.is(typed) => right,
        (Decision::Approve, Matching::Shown(_), _) => Checked::WrongNumber,
        (Decision::Approve, Matching::Off | Matching::FromPhone(_), None) => right,
        (Decision::Approve, Matching::Off | Matching::FromPhone(_), Some(_)) => Checked::NotMine,
    }
}
