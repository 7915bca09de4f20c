//! Answers, and what the gateway makes of them.

use std::time::Duration;

use reqwest::Method;
use vestibule_engine::AttemptId;
use vestibule_factors::push::protocol::{self, AnswerBody, AnswerResult, Decision, Reason, Seen, SeenState};

use super::{Phone, PhoneError, Request};

/// What became of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// `code`: digits to type at the login, where it waits for them.
    Approved {
        code: Option<String>,
    },
    Denied,
    Reported,
}

impl Phone {
    /// Yes. A request that shows a number at the login takes that number; it is not sent without.
    pub async fn approve(&self, request: &Request, number: Option<&str>) -> Result<Answered, PhoneError> {
        if request.needs_verification() {
            return Err(PhoneError::VerificationNeeded);
        }
        // Digits that nobody asked for would only spoil the answer.
        let Some(digits) = request.digits() else {
            return self.answer(request, Decision::Approve, None, None).await;
        };
        // What cannot be right is asked for again, here: the gateway takes one answer.
        let number = number
            .map(without_spaces)
            .filter(|number| number.len() == digits && number.bytes().all(|octet| octet.is_ascii_digit()));
        match number {
            Some(number) => self.answer(request, Decision::Approve, Some(&number), None).await,
            None => Err(PhoneError::NumberNeeded { digits }),
        }
    }

    /// No, without a reason.
    pub async fn deny(&self, request: &Request) -> Result<Answered, PhoneError> {
        self.answer(request, Decision::Deny, None, None).await
    }

    /// Somebody else has the password: no, and tell the administrators.
    pub async fn report(&self, request: &Request) -> Result<Answered, PhoneError> {
        self.answer(request, Decision::Report, None, Some(Reason::NotMe)).await
    }

    async fn answer(
        &self,
        request: &Request,
        decision: Decision,
        number: Option<&str>,
        reason: Option<Reason>,
    ) -> Result<Answered, PhoneError> {
        let path = format!("/device/v1/requests/{}/answer", request.attempt());
        let make = |now| {
            let answer = AnswerBody::sign(&self.key, &request.signed, request, decision, number, reason, now);
            let answer = answer.map_err(|_| PhoneError::Unusable("the key of this account"))?;
            let body = serde_json::to_vec(&answer).map_err(|_| PhoneError::Unusable("this answer"))?;
            self.signed(now, &Method::POST, &path, &body)
        };
        let heard = self.line.exchange(Method::POST, &path, Duration::ZERO, make).await?;
        let answered: protocol::Answered = heard.body()?;
        match (answered.result, decision) {
            (AnswerResult::Approved, Decision::Approve) => Ok(Answered::Approved { code: answered.code }),
            (AnswerResult::Denied, Decision::Deny) => Ok(Answered::Denied),
            (AnswerResult::Reported, Decision::Report) => Ok(Answered::Reported),
            _ => Err(PhoneError::Untrusted("the gateway says that it heard another answer")),
        }
    }

    /// It is on the screen.
    pub async fn shown(&self, attempt: AttemptId) -> Result<(), PhoneError> {
        self.seen(attempt, SeenState::Shown).await
    }

    /// Somebody looks at it.
    pub async fn opened(&self, attempt: AttemptId) -> Result<(), PhoneError> {
        self.seen(attempt, SeenState::Opened).await
    }

    async fn seen(&self, attempt: AttemptId, state: SeenState) -> Result<(), PhoneError> {
        let path = format!("/device/v1/requests/{attempt}/seen");
        let body = serde_json::to_vec(&Seen { state }).map_err(|_| PhoneError::Unusable("this mark"))?;
        let make = |now| self.signed(now, &Method::POST, &path, &body);
        self.line.exchange(Method::POST, &path, Duration::ZERO, make).await.map(|_| ())
    }
}

/// Spaces between digits are how people read them out.
fn without_spaces(number: &str) -> String {
    number.chars().filter(|c| !c.is_whitespace()).collect()
}
