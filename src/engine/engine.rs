//! The engine: its public calls, and the order of a login.
//!
//! ```text
//! decide / begin ─▶ first ──▶ Accepted ─▶ rule ──▶ Owed ─▶ second ─┬─▶ Allow | Deny
//!                     │                                            └─▶ Waiting ─▶ answer / respond ─▶ ...
//!                     └─▶ Relayed (the primary asks) ─▶ answer ─▶ Accepted ...
//! ```

mod answer;
mod exempt;
mod factor_first;
mod first;
mod memory;
mod password;
mod push;
mod repeats;
mod ruling;
mod second;
mod settle;
mod standing;
mod together;
mod wait;

use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::time::Instant;

use crate::attempt::{Login, draw};
use crate::coalesce::Coalescer;
use crate::engine::first::Begun;
use crate::engine::together::Due;
use crate::factor::SecondFactor;
use crate::{
    AttemptId, Budgets, Clock, Denial, EngineError, LoginRequest, Method, Policy, Primary, PromptKind, Prompts, Random,
    SecretBytes, Step, Store, Turn, Verdict,
};

/// What the engine is given.
pub struct Ports {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub factors: Vec<Arc<dyn SecondFactor>>,
    /// The key under which credentials are digested to recognise a login asked twice; the same on every node.
    pub digest_key: SecretBytes,
}

/// What an administrator sets and a reload swaps as a whole.
#[derive(Debug, Clone)]
pub struct Settings {
    pub policy: Policy,
    pub budgets: Budgets,
    /// How long a question stays open.
    pub prompt_lifetime: Duration,
    /// Wrong answers in one attempt before it ends.
    pub tries_per_attempt: u32,
    pub push: PushRules,
    /// The names of networks, as people are shown them.
    pub places: Vec<(ipnet::IpNet, String)>,
}

/// How phones are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushRules {
    pub matching: MatchingRule,
    /// Digits of the number.
    pub digits: u8,
    /// As NIST SP 800-63B-4 §3.1.3 wants it: no request without a number, and no station is remembered.
    pub nist: bool,
    /// Logins to one service that ring one person's phone at the same time.
    pub of_service: u32,
    /// Logins to all services that ring one person's phone at the same time.
    pub in_all: u32,
    /// A report on the phone stops it from ringing, until the time is up or an administrator clears it.
    pub report_locks: bool,
}

/// Where the number stands, and where it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchingRule {
    Off,
    /// It stands at the login and is typed on the phone.
    Shown,
    /// It stands on the phone and is typed at the login.
    FromPhone,
}

impl Default for PushRules {
    fn default() -> Self {
        Self { matching: MatchingRule::Shown, digits: 2, nist: false, of_service: 1, in_all: 3, report_locks: true }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            budgets: Budgets::default(),
            prompt_lifetime: Duration::from_secs(120),
            tries_per_attempt: 3,
            push: PushRules::default(),
            places: Vec::new(),
        }
    }
}

pub struct Engine {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    factors: Vec<Arc<dyn SecondFactor>>,
    digest_key: ring::hmac::Key,
    settings: RwLock<Arc<Settings>>,
    running: Coalescer,
    gates: crate::gate::Gates,
    sightings: exempt::Sightings,
}

impl Engine {
    pub fn new(ports: Ports, settings: Settings) -> Self {
        Self {
            store: ports.store,
            clock: ports.clock,
            random: ports.random,
            factors: ports.factors,
            digest_key: ring::hmac::Key::new(ring::hmac::HMAC_SHA256, ports.digest_key.expose()),
            settings: RwLock::new(Arc::new(settings)),
            running: Coalescer::default(),
            gates: crate::gate::Gates::default(),
            sightings: exempt::Sightings::default(),
        }
    }

    /// Swap the settings as a whole. A step that runs ends under those it began with.
    pub fn adopt(&self, settings: Settings) {
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
    }

    fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// For doors that cannot ask: yes or no, within the channel's patience and on the request's [`Terms`](crate::Terms):
    /// what a program repeats, and the factor before the password, are for these. `gone` ends when the client is no longer there
    /// to hear it: then the login is withdrawn, and nobody can approve it any more. A door that cannot tell passes
    /// `std::future::pending()`. Run to its end, never dropped: what is dropped cannot be withdrawn.
    pub fn decide(
        &self,
        request: LoginRequest,
        primary: Primary<'_>,
        gone: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = Result<Verdict, EngineError>> + Send {
        let patience = request.channel.patience;
        let request = LoginRequest { channel: crate::Channel { prompts: Prompts::None, patience }, ..request };
        // In boxes, because what it takes to begin and to end a login need not be held while a hundred thousand wait.
        let begun = Box::pin(self.begun(request, primary));
        self.decided(begun, patience, gone)
    }

    async fn decided<'a>(
        &self,
        begun: Pin<Box<impl Future<Output = Result<Begun<'a>, EngineError>> + Send>>,
        patience: Duration,
        gone: impl Future<Output = ()> + Send,
    ) -> Result<Verdict, EngineError> {
        let now = Instant::now();
        let deadline = now.checked_add(patience).unwrap_or(now);
        let gone = std::pin::pin!(gone);
        match begun.await? {
            Begun::Step(step) => self.hold(step, deadline, gone).await,
            Begun::Owes(due) => Box::pin(self.owing(due, deadline, gone)).await,
        }
    }

    /// Hold a login until its phone has answered.
    async fn hold(
        &self,
        step: Step,
        deadline: Instant,
        gone: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<Verdict, EngineError> {
        match step {
            Step::Done(verdict) => Ok(verdict),
            Step::Show(prompt) if matches!(prompt.kind, PromptKind::Wait { .. }) => {
                tokio::select! {
                    biased;
                    verdict = self.watch_until(prompt.attempt, deadline) => verdict,
                    () = gone => Box::pin(self.end(prompt.attempt, Denial::Withdrawn)).await,
                }
            }
            // There is nobody to ask. The first step does not open such a question over this channel; if one is there all
            // the same, it ends here.
            Step::Show(prompt) => Box::pin(self.end(prompt.attempt, Denial::CodeMissing)).await,
        }
    }

    /// For doors that can ask.
    pub async fn begin(&self, request: LoginRequest, primary: Primary<'_>) -> Result<Step, EngineError> {
        match self.begun(request, primary).await? {
            Begun::Step(step) => Ok(step),
            Begun::Owes(due) if due.unchecked.is_some() => Err(first::unusable(first::ASKS_NOTHING)),
            // Nobody holds it here, so it is shared with nobody.
            Begun::Owes(due) => {
                let Due { login, owed, typed, clear, .. } = *due;
                self.second_step(&self.settings(), login, owed, typed, clear, None, None).await
            }
        }
    }

    async fn begun<'a>(&self, request: LoginRequest, primary: Primary<'a>) -> Result<Begun<'a>, EngineError> {
        let id = self.draw_attempt()?;
        let login = Login::new(id, self.clock.now(), &request);
        let service = login.service_name();
        let typed = login.typed.clone();
        let begun = self.first_step(login, request, primary).await;
        if let Err(error) = &begun {
            self.note_undecided(id, typed, service, error).await;
        }
        begun
    }

    fn factor(&self, method: Method) -> Option<&Arc<dyn SecondFactor>> {
        self.factors.iter().find(|factor| factor.method() == method)
    }

    fn draw_attempt(&self) -> Result<AttemptId, EngineError> {
        let octets = draw::<16>(&*self.random).map_err(EngineError::Random)?;
        Ok(AttemptId(uuid::Builder::from_random_bytes(octets).into_uuid()))
    }

    fn draw_turn(&self) -> Result<Turn, EngineError> {
        draw::<8>(&*self.random).map(|octets| Turn(u64::from_be_bytes(octets))).map_err(EngineError::Random)
    }
}
