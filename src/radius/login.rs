//! One login, from the decoded request to the octets of its answer.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use vestibule_engine::{
    Answer, Channel, Door, EngineError, Insist, LoginRequest, Origin, Passcode, Password, Primary, PrimarySource,
    Prompts, Random, Service, Terms,
};

use crate::challenge::StateRef;
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

/// What the engine is to judge.
enum Brought {
    Password(Password),
    /// RAD-23: a code. It goes to the engine as one, and nowhere else.
    Answer(StateRef, Answer),
}

/// Decide `login` and answer it. `_places` are held until the verdict is there.
pub(crate) async fn run(desk: Arc<Desk>, login: Login, reply: Reply, _places: [Place; 2]) {
    let Some((request, brought)) = translate(login, &reply) else {
        reply.client.memory.notices.refused(reply.client.name(), reply.path.source, Cause::UnreadableAnswer);
        refuse(&desk, reply);
        return;
    };
    let limit = reply.client.settings.patience + GRACE;
    let judged = tokio::time::timeout(limit, judge(&desk, request, brought, &*reply.client.primary)).await;
    match judged {
        Ok(Ok(outcome)) => {
            if let Some(outgoing) = conclude(&desk, outcome, reply) {
                outgoing.send().await;
            }
        }
        Ok(Err(error)) => fault(&desk, &error, reply),
        Err(_elapsed) => fault(&desk, &NoVerdict(limit), reply),
    }
}

/// `None` when an answer to a question cannot be read at all: too long, or not text.
fn translate(login: Login, reply: &Reply) -> Option<(Box<LoginRequest>, Brought)> {
    let settings = &reply.client.settings;
    let Login { user, typed, state, station } = login;
    let prompts = match settings.prompt {
        PromptMode::Challenge => Prompts::Text,
        PromptMode::None => Prompts::None,
    };
    // In a box: it is handed on through what waits, and each place it passed would keep room for it.
    let request = Box::new(LoginRequest {
        user,
        service: Service { door: Door::Radius, name: Arc::clone(&settings.name) },
        origin: Origin { address: reply.path.source.ip().to_canonical(), station, direct: false, client: None },
        channel: Channel { prompts, patience: settings.patience },
        passcode: None,
        splitting: settings.splitting.clone(),
        insist: Insist::Policy,
        terms: Terms::default(),
    });
    let brought = match state {
        None => Brought::Password(typed),
        Some(state) if typed.is_empty() => Brought::Answer(state, Answer::Look),
        Some(state) => Brought::Answer(state, Answer::Typed(Passcode::parse(typed.as_text()?)?)),
    };
    Some((request, brought))
}

async fn judge(
    desk: &Desk,
    request: Box<LoginRequest>,
    brought: Brought,
    source: &dyn PrimarySource,
) -> Result<Outcome, EngineError> {
    let mut primary = source.authenticator();
    match brought {
        Brought::Answer(state, answer) => desk.logins.answer(state, answer, &request, primary.as_mut()).await,
        Brought::Password(password) => {
            let prompts = request.channel.prompts;
            let primary = Primary::Password { password, with: primary.as_mut() };
            match prompts {
                Prompts::None => desk.logins.decide(request, primary).await,
                Prompts::Text | Prompts::Page => desk.logins.begin(request, primary).await,
            }
        }
    }
}

/// What is sent now, if anything is.
fn conclude(desk: &Desk, outcome: Outcome, reply: Reply) -> Option<Outgoing> {
    let counters = &reply.client.memory.counters;
    let (octets, counter) = match outcome {
        Outcome::Allow(permit) => (reply.asked.accept(&reply.client, &permit), &counters.accepted),
        Outcome::Show(prompt) => (reply.asked.challenge(&reply.client, &prompt), &counters.challenged),
        Outcome::Deny(denial) => {
            let (client, denial, why) = (reply.client.name(), denial.name(), denial.sentence());
            tracing::debug!(client, denial, "Refused a login of client {client}: {why}");
            refuse(desk, reply);
            return None;
        }
    };
    if octets.is_ok() {
        counter.add_one();
    }
    reply.with(octets)
}

fn fault(desk: &Desk, error: &(dyn std::error::Error + Sync), reply: Reply) {
    let client = &reply.client;
    client.memory.counters.faults.add_one();
    client.memory.notices.failed(client.name(), reply.path.source, Cause::Fault, error);
    if client.settings.on_fault == OnFault::Reject {
        hold(desk, reply);
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
