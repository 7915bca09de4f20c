//! The first step at the engine, for those who bring a password and those who are known already.

use std::time::Duration;

use axum::response::{IntoResponse, Redirect, Response};
use tokio::time::sleep_until;
use vestibule_engine::{Insist, Passcode, Password, Person, Primary, Step, UserName};

use super::ended::Ended;
use super::step::conclude;
use crate::fault::Fault;
use crate::primaries::InOrder;
use crate::signing_in::{self, Purpose, SigningIn};
use crate::visit::Visit;

/// What was brought to the first step.
pub(super) struct Brought {
    pub(super) user: UserName,
    pub(super) password: Password,
    /// The code of an invitation, or the word for a window.
    pub(super) invitation: Option<Passcode>,
}

/// `None`: refused, for whatever reason; the caller says so when the time has come.
pub(super) async fn begin(visit: &Visit, brought: Brought) -> Result<Option<Response>, Fault> {
    let Brought { user, password, invitation } = brought;
    let mut with = InOrder::new(&visit.live.primaries);
    let request = visit.login(user.clone(), crate::visit::SIGN_IN, Insist::Factor, Duration::ZERO);
    let primary = Primary::Password { password, with: &mut with };
    let step = visit.desk.engine.begin(request.clone(), primary).await?;
    let prompt = match step {
        Step::Done(verdict) => return conclude(visit, &Purpose::SignIn, verdict).await,
        Step::Show(prompt) => prompt,
    };
    let person = with.accepted().cloned();
    let mut record = SigningIn::new(Purpose::SignIn, &user, &prompt, person, visit.now());
    if let Some(code) = invitation {
        let answer = vestibule_engine::Answer::Typed(code);
        match visit.desk.engine.answer(record.attempt, record.turn, answer, &request, Some(&mut with)).await? {
            Step::Done(verdict) => return conclude(visit, &Purpose::SignIn, verdict).await,
            Step::Show(prompt) => record.asked(&prompt, visit.now()),
        }
    }
    let mut response = Redirect::to("/sign-in/step").into_response();
    signing_in::begin(visit, &record, None, &mut response).await?;
    Ok(Some(response))
}

/// A second step for somebody who is signed in: to show again that it is them, or to try a device.
pub(crate) async fn begin_proven(visit: &Visit, person: Person, purpose: Purpose) -> Result<Response, Fault> {
    let user = UserName::parse(&person.subject.name).map_err(|_| Fault::NotThere)?;
    let id = visit.desk.store.user_of(&person.subject).await?.map(|user| user.id);
    let (service, insist) = match purpose {
        Purpose::SignIn | Purpose::StepUp { .. } => (crate::visit::SIGN_IN, Insist::Factor),
        Purpose::Test { device, .. } => (crate::visit::TEST, Insist::Test(device)),
    };
    let request = visit.login(user.clone(), service, insist, Duration::ZERO);
    match visit.desk.engine.begin(request, Primary::Proven(person.clone())).await? {
        Step::Done(verdict) => {
            let concluded = conclude(visit, &purpose, verdict).await?;
            Ok(concluded.unwrap_or_else(|| Redirect::to(&Ended::Refused.path()).into_response()))
        }
        Step::Show(prompt) => {
            let record = SigningIn::new(purpose, &user, &prompt, Some(person), visit.now());
            let mut response = Redirect::to("/sign-in/step").into_response();
            signing_in::begin(visit, &record, id, &mut response).await?;
            Ok(response)
        }
    }
}

/// Wait until a refusal may be told: all of them at the same time after the request, whatever they took (ADM-04). A random
/// quarter is added.
pub(super) async fn refused(visit: &Visit) {
    let delay = visit.live.settings.refusal_delay;
    let mut chance = [0];
    // Without chance the refusal is late all the same, only more evenly.
    let [part] = if visit.desk.random.fill(&mut chance).is_ok() { chance } else { [255] };
    let jitter = delay / 4 * u32::from(part) / 255;
    sleep_until(visit.arrived + delay + jitter).await;
}
