//! What a device is asked right now, told at once or as soon as it changes; and how far it showed it.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use serde::Deserialize;
use tokio::time::Instant;
use vestibule_engine::{AttemptId, Bell, Challenge, Delivery, DeliveryState, DeviceMark};
use vestibule_factors::push::note_evidence;
use vestibule_factors::push::protocol::{Digest, Millis, ProblemCode, Requests, Seen, SeenState, WAIT_MAX};

use super::signed::Caller;
use super::{DeviceApi, Refusal};

/// A ring may be lost between nodes, and a device that was revoked rings nothing: whoever waits looks this often (OOB-12).
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// A revision of ours is shorter.
const REVISION_CHARS_MAX: usize = 64;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Poll {
    #[serde(default)]
    wait: u64,
    after: Option<String>,
}

pub(super) async fn list(State(api): State<Arc<DeviceApi>>, request: Request<Body>) -> Result<Json<Requests>, Refusal> {
    let caller = api.caller(request).await?;
    let Poll { wait, after } = poll(&caller)?;
    api.heard_of(&caller).await;
    // Listening begins before looking, or what happens in between would wait for the next look.
    let mut bell = api.store.bells().listen(Bell::User(caller.user.id));
    let mut stopping = api.stopping.subscribe();
    let now = Instant::now();
    let deadline = now.checked_add(Duration::from_secs(wait)).unwrap_or(now);
    let mut place = None;
    loop {
        let requests = api.requests(&caller).await?;
        let is_news = after.as_deref() != Some(requests.revision.as_str());
        if is_news || Instant::now() >= deadline || *stopping.borrow_and_update() {
            return Ok(Json(requests));
        }
        if place.is_none() {
            let entered = api.waiting.enter(caller.device.id);
            place = Some(entered.ok_or_else(|| Refusal::later(LOOK_AGAIN))?);
        }
        let again = Instant::now().checked_add(LOOK_AGAIN).unwrap_or(deadline).min(deadline);
        tokio::select! {
            () = bell.rung() => {}
            () = tokio::time::sleep_until(again) => {}
            // The sender lives as long as the interface does: this ends only with a change.
            _ = stopping.changed() => {}
        }
    }
}

fn poll(caller: &Caller) -> Result<Poll, Refusal> {
    let Query(poll): Query<Poll> =
        Query::try_from_uri(&caller.parts.uri).map_err(|_| Refusal::of(ProblemCode::Malformed))?;
    let fits =
        poll.wait <= WAIT_MAX.as_secs() && poll.after.as_ref().is_none_or(|after| after.len() <= REVISION_CHARS_MAX);
    if fits { Ok(poll) } else { Err(Refusal::of(ProblemCode::Malformed)) }
}

impl DeviceApi {
    /// As it stands now. The device is read again each time: one that was revoked while it waited is told so.
    async fn requests(&self, caller: &Caller) -> Result<Requests, Refusal> {
        let device = self.device(caller.device.id).await?;
        let mut challenges = if device.confirmed { self.engine.pending(device.user).await? } else { Vec::new() };
        challenges.retain(|challenge| challenge.device.is_none_or(|only| only == device.id));
        let server_time = Millis::from(self.clock.now());
        Ok(Requests {
            revision: revision(&challenges),
            requests: self.push.requests(&device, &challenges),
            server_time,
        })
    }
}

/// The same on every node for the same requests, whoever signed them.
fn revision(challenges: &[Challenge]) -> String {
    let named = challenges.iter().map(|challenge| format!("{} {}\n", challenge.attempt, challenge.nonce.as_str()));
    Digest::of(named.collect::<String>()).to_string().chars().take(16).collect()
}

pub(super) async fn seen(
    State(api): State<Arc<DeviceApi>>,
    attempt: Result<Path<String>, PathRejection>,
    request: Request<Body>,
) -> Result<StatusCode, Refusal> {
    let caller = api.caller(request).await?;
    let Seen { state } = caller.sent()?;
    let caller = caller.confirmed()?;
    let attempt = named(attempt)?;
    let pending = api.engine.pending(caller.user.id).await?;
    let mine = |challenge: &Challenge| {
        challenge.attempt == attempt && challenge.device.is_none_or(|only| only == caller.device.id)
    };
    // What is over, and what is somebody else's, is not written down, and not told apart either.
    if pending.iter().any(mine) {
        let state = match state {
            SeenState::Shown => DeliveryState::Shown,
            SeenState::Opened => DeliveryState::Opened,
        };
        api.note(&caller, attempt, state, DeviceMark::Shown).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The attempt of a path. One that cannot be is nobody's: the same as one that is over.
pub(super) fn named(attempt: Result<Path<String>, PathRejection>) -> Result<AttemptId, Refusal> {
    let Path(text) = attempt.map_err(|_| Refusal::of(ProblemCode::Malformed))?;
    let id: AttemptId = text.parse().map_err(|_| Refusal::of(ProblemCode::Malformed))?;
    if id.to_string() == text { Ok(id) } else { Err(Refusal::of(ProblemCode::Malformed)) }
}

impl DeviceApi {
    pub(super) async fn note(
        &self,
        caller: &Caller,
        attempt: AttemptId,
        state: DeliveryState,
        mark: DeviceMark,
    ) -> Result<(), Refusal> {
        let (user, authenticator, at) = (caller.user.id, caller.device.id, self.clock.now());
        let is_new = note_evidence(&*self.store, Delivery { attempt, user, authenticator, state, at }).await?;
        if is_new {
            self.store.mark_device(authenticator, mark, at).await?;
        }
        Ok(())
    }
}
