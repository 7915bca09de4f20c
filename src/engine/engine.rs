//! The engine (being written).
use crate::*;
use std::sync::Arc;
/// What the engine is given.
pub struct Ports {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub factors: Vec<Arc<dyn SecondFactor>>,
}

/// What an administrator sets and a reload swaps as a whole.
#[derive(Debug, Clone)]
pub struct Settings {
    pub policy: Policy,
    pub budgets: Budgets,
    /// How long a question stays open.
    pub prompt_lifetime: std::time::Duration,
    /// Wrong answers in one attempt before it ends.
    pub tries_per_attempt: u32,
}
pub struct Engine {}
impl Engine {
    pub fn new(_ports: Ports, _settings: Settings) -> Result<Self, EngineError> {
        loop {}
    }
    /// Swap the settings as a whole; attempts that began under the old ones end under them.
    pub fn adopt(&self, _settings: Settings) {}
    /// For doors that cannot ask: yes or no.
    pub async fn decide(&self, _request: LoginRequest, _primary: Primary<'_>) -> Result<Verdict, EngineError> {
        loop {}
    }
    /// For doors that can ask.
    pub async fn begin(&self, _request: LoginRequest, _primary: Primary<'_>) -> Result<Step, EngineError> {
        loop {}
    }
    /// An answer from the place of the login. `service` and `user` are those of whoever brings the answer: an answer from elsewhere or for
    /// somebody else is refused and leaves the attempt as it was. `primary` goes on with a relayed question.
    pub async fn answer(
        &self,
        _attempt: AttemptId,
        _turn: Turn,
        _answer: Answer,
        _from: &LoginRequest,
        _primary: Option<&mut dyn PrimaryAuthenticator>,
    ) -> Result<Step, EngineError> {
        loop {}
    }
    /// Wait for the end of an attempt, wherever it is decided.
    pub async fn watch(&self, _attempt: AttemptId) -> Result<Verdict, EngineError> {
        loop {}
    }
    /// The login went away.
    pub async fn cancel(&self, _attempt: AttemptId, _why: Withdrawn) -> Result<(), EngineError> {
        loop {}
    }
    /// End what nobody answered, forget what is long over. Called at intervals by the daemon.
    pub async fn tend(&self) -> Result<(), EngineError> {
        loop {}
    }
}
