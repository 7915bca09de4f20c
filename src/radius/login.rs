//! One login, from the decoded request to the octets of its answer.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use vestibule_engine::{
    Answer, Channel, Door, EngineError, LoginRequest, Origin, Passcode, Primary, Prompts, Random, Service,
};

use crate::clients::Client;
use crate::config::{OnFault, PromptMode};
use crate::delays::Delays;
use crate::gate::Place;
use crate::logins::{Logins, Outcome};
use crate::notice::Cause;
use crate::reply::{Outgoing, Reply};
use crate::request::Login;

/// What is left to a login after its client stopped waiting. The engine decides in time; this ends what hangs.
const GRACE: Duration = Duration::from_secs(10);

/// What the logins of a door share.
pub(crate) struct Desk {
    pub(crate) logins: Arc<dyn Logins>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) delays: Delays<Outgoing>,
}

/// The answer cannot be judged, because it did not come.
#[derive(Debug, thiserror::Error)]
#[error("wait for the verdict: none came within {} s", .0.as_secs())]
struct NoVerdict(Duration);

/// Decide `login` and answer it. `_places` are held until the verdict is there.
pub(crate) async fn run(desk: &Desk, login: Login, reply: Reply, _places: [Place; 2]) {
    let limit = reply.client.settings.patience + GRACE;
    match tokio::time::timeout(limit, verdict(desk, login, &reply)).await {
        Ok(Some(Ok(outcome))) => answer(desk, outcome, reply).await,
        Ok(Some(Err(error))) => fault(desk, &error, reply),
        Ok(None) => {
            reply.client.memory.notices.refused(reply.client.name(), reply.path.source, Cause::UnreadablePassword);
            refuse(desk, reply);
        }
        Err(_elapsed) => fault(desk, &NoVerdict(limit), reply),
    }
}

/// `None` when an answer to a question cannot be read at all: too long, or not text.
async fn verdict(desk: &Desk, login: Login, reply: &Reply) -> Option<Result<Outcome, EngineError>> {
    let client = &reply.client;
    let mut primary = client.primary.authenticator();
    let Login { user, typed, state, station } = login;
    let prompts = match client.settings.prompt {
        PromptMode::Challenge => Prompts::Text,
        PromptMode::None => Prompts::None,
    };
    let request = LoginRequest {
        user,
        service: Service { door: Door::Radius, name: Arc::clone(&client.settings.name) },
        origin: Origin { address: reply.path.source.ip().to_canonical(), station, direct: false },
        channel: Channel { prompts, patience: client.settings.patience },
        passcode: None,
        splitting: client.settings.splitting.clone(),
    };
    if let Some(state) = state {
        // RAD-23: a code. It goes to the engine as one, and nowhere else.
        let answer = if typed.is_empty() { Answer::Look } else { Answer::Typed(Passcode::parse(typed.as_text()?)?) };
        return Some(desk.logins.answer(state, answer, &request, primary.as_mut()).await);
    }
    let primary = Primary::Password { password: typed, with: primary.as_mut() };
    Some(match prompts {
        Prompts::None => desk.logins.decide(request, primary).await,
        Prompts::Text | Prompts::Page => desk.logins.begin(request, primary).await,
    })
}

async fn answer(desk: &Desk, outcome: Outcome, reply: Reply) {
    let counters = &reply.client.memory.counters;
    match outcome {
        Outcome::Allow(permit) => {
            let octets = reply.asked.accept(&reply.client, &permit);
            if octets.is_ok() {
                counters.accepted.add_one();
            }
            send(reply, octets).await;
        }
        Outcome::Show(prompt) => {
            let octets = reply.asked.challenge(&reply.client, &prompt);
            if octets.is_ok() {
                counters.challenged.add_one();
            }
            send(reply, octets).await;
        }
        Outcome::Deny(denial) => {
            tracing::debug!(
                client = reply.client.name(),
                denial = denial.name(),
                "Refused a login: {}",
                denial.sentence()
            );
            refuse(desk, reply);
        }
    }
}

async fn send(reply: Reply, octets: Result<Vec<u8>, crate::wire::DoesNotFit>) {
    if let Some(outgoing) = reply.with(octets) {
        outgoing.send().await;
    }
}

fn fault(desk: &Desk, error: &(dyn std::error::Error + Sync), reply: Reply) {
    let client = Arc::clone(&reply.client);
    client.memory.counters.faults.add_one();
    client.memory.notices.failed(client.name(), reply.path.source, Cause::Fault, error);
    match client.settings.on_fault {
        OnFault::Silence => drop(reply),
        OnFault::Reject => hold(desk, reply),
    }
}

/// Refuse, for whatever reason: the same words at the same time.
pub(crate) fn refuse(desk: &Desk, reply: Reply) {
    reply.client.memory.counters.rejected.add_one();
    hold(desk, reply);
}

fn hold(desk: &Desk, reply: Reply) {
    let at = earliest(desk, &reply.client, reply.arrived);
    let octets = reply.asked.reject(&reply.client);
    let Some(outgoing) = reply.with(octets) else { return };
    if let Err(outgoing) = desk.delays.hold(outgoing, at) {
        outgoing.send_now();
    }
}

/// The delay counts from the request, so that a refusal that took its time upstream is not late as well, and all
/// refusals look alike. A random quarter is added.
fn earliest(desk: &Desk, client: &Client, arrived: Instant) -> Instant {
    let delay = client.settings.reject_delay;
    let mut chance = [0];
    // Without chance the refusal is late all the same, only more evenly.
    let [part] = if desk.random.fill(&mut chance).is_ok() { chance } else { [255] };
    let jitter = delay / 4 * u32::from(part) / 255;
    arrived + delay + jitter
}
