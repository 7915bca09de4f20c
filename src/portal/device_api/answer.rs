//! The person's yes or no. The engine decides; here it is told apart what the device hears of it.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use vestibule_engine::{AttemptId, Challenge, DeliveryState, DeviceMark, Responded};
use vestibule_factors::push::protocol::{AnswerBody, AnswerResult, Answered, ProblemCode};
use vestibule_factors::push::{Improper, Proof};

use super::requests::named;
use super::signed::Caller;
use super::{DeviceApi, Refusal};

pub(super) async fn answer(
    State(api): State<Arc<DeviceApi>>,
    attempt: Result<Path<String>, PathRejection>,
    request: Request<Body>,
) -> Result<Json<Answered>, Refusal> {
    let caller = api.caller(request).await?.confirmed()?;
    let attempt = named(attempt)?;
    let body: AnswerBody = caller.sent()?;
    if !body.is_sane() {
        return Err(Refusal::of(ProblemCode::Malformed));
    }
    let challenge = api.challenge(&caller, attempt).await?;
    // An answer that is none goes to the engine all the same: it writes down what was refused, and the login is unharmed.
    let proof = Proof::of_device(caller.device.id, body.clone()).into_answer();
    let responded = api.engine.respond(attempt, caller.device.id, proof).await?;
    // Only what was refused is looked at a second time, to tell the phone what was wrong with it.
    let proper = |challenge: &Challenge| api.push.proper(&caller.device, challenge, &body).err();
    let improper = challenge.as_ref().filter(|_| responded == Responded::Over).and_then(proper);
    let answered = api.told(responded, improper)?;
    if let Err(refusal) = api.note(&caller, attempt, DeliveryState::Answered, DeviceMark::Answered).await {
        // The login is decided; that a line of its history is missing must not look to the person as if it were not.
        tracing::warn!(attempt.id = %attempt, code = ?refusal.code(), "An answer from a phone is not in the history");
    }
    Ok(Json(answered))
}

impl DeviceApi {
    /// What is asked right now under this name, if the caller's owner is asked it.
    async fn challenge(&self, caller: &Caller, attempt: AttemptId) -> Result<Option<Challenge>, Refusal> {
        let pending = self.engine.pending(caller.user.id).await?;
        Ok(pending.into_iter().find(|challenge| challenge.attempt == attempt))
    }

    fn told(&self, responded: Responded, improper: Option<Improper>) -> Result<Answered, Refusal> {
        let told = |result, code| Ok(Answered { result, code });
        match responded {
            Responded::Approved { show } => told(AnswerResult::Approved, show.map(|number| number.expose().to_owned())),
            Responded::Declined => told(AnswerResult::Denied, None),
            Responded::Reported => told(AnswerResult::Reported, None),
            Responded::WrongNumber => Err(Refusal::of(ProblemCode::Number)),
            Responded::Locked(until) => Err(Refusal::later(until.since(self.clock.now()))),
            Responded::Over => Err(match improper {
                None | Some(Improper::Over) => Refusal::of(ProblemCode::Over),
                Some(Improper::Malformed) => Refusal::of(ProblemCode::Malformed),
                Some(Improper::Clock) => Refusal::clock(self.clock.now()),
                Some(Improper::Signature) => Refusal::of(ProblemCode::Signature),
                Some(Improper::Verification) => Refusal::of(ProblemCode::Verification),
            }),
        }
    }
}
