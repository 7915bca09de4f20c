//! The engine as this door sees it.

use async_trait::async_trait;
use vestibule_engine::{
    Answer, Carried, Denial, Engine, EngineError, Grant, LoginRequest, Primary, PrimaryAuthenticator, Prompt, Step,
    Verdict,
};

use crate::challenge::StateRef;

/// What the door asks of the engine; its tests answer in the engine's place.
#[async_trait]
pub(crate) trait Logins: Send + Sync {
    async fn decide(&self, request: Box<LoginRequest>, primary: Primary<'_>) -> Result<Outcome, EngineError>;

    async fn begin(&self, request: Box<LoginRequest>, primary: Primary<'_>) -> Result<Outcome, EngineError>;

    async fn answer(
        &self,
        state: StateRef,
        answer: Answer,
        from: &LoginRequest,
        primary: &mut dyn PrimaryAuthenticator,
    ) -> Result<Outcome, EngineError>;
}

#[derive(Debug)]
pub(crate) enum Outcome {
    Allow(Permit),
    Deny(Denial),
    Show(Prompt),
}

/// What an acceptance is written from. Outside tests only a [`Grant`] makes one.
#[derive(Debug)]
pub(crate) struct Permit {
    groups: Vec<String>,
    carried: Carried,
}

impl Permit {
    pub(crate) fn groups(&self) -> &[String] {
        &self.groups
    }

    pub(crate) fn carried(&self) -> &Carried {
        &self.carried
    }

    #[cfg(test)]
    pub(crate) fn for_test(groups: &[&str], carried: Carried) -> Self {
        Self { groups: groups.iter().map(|&group| group.to_owned()).collect(), carried }
    }
}

impl From<&Grant> for Permit {
    fn from(grant: &Grant) -> Self {
        Self { groups: grant.identity().groups.clone(), carried: grant.carried().clone() }
    }
}

impl From<Verdict> for Outcome {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Allow(grant) => Self::Allow(Permit::from(&grant)),
            Verdict::Deny(denial) => Self::Deny(denial),
        }
    }
}

impl From<Step> for Outcome {
    fn from(step: Step) -> Self {
        match step {
            Step::Show(prompt) => Self::Show(prompt),
            Step::Done(verdict) => verdict.into(),
        }
    }
}

#[async_trait]
impl Logins for Engine {
    async fn decide(&self, request: Box<LoginRequest>, primary: Primary<'_>) -> Result<Outcome, EngineError> {
        // A client that stops waiting says nothing: its patience is what tells.
        Self::decide(self, *request, primary, std::future::pending()).await.map(Outcome::from)
    }

    async fn begin(&self, request: Box<LoginRequest>, primary: Primary<'_>) -> Result<Outcome, EngineError> {
        Self::begin(self, *request, primary).await.map(Outcome::from)
    }

    async fn answer(
        &self,
        state: StateRef,
        answer: Answer,
        from: &LoginRequest,
        primary: &mut dyn PrimaryAuthenticator,
    ) -> Result<Outcome, EngineError> {
        Self::answer(self, state.attempt, state.turn, answer, from, Some(primary)).await.map(Outcome::from)
    }
}
