//! Waiting, and the ways in which waiting ends without an answer.

use tokio::time::{Duration, Instant, timeout_at};

use crate::attempt::{Attempt, EndRecord, Reached, Stage, Waiting, read};
use crate::engine::Engine;
use crate::{
    AttemptId, AttemptRow, AuditEvent, AuditRecord, Authenticator, AuthenticatorId, Bell, Denial, EngineError,
    OpenAttempt, Position, Prompt, PromptKind, Step, StoreError, Transition, Verdict, Withdrawn,
};

/// Whoever waits looks at the store this often even if nobody rings: a ring may be lost on its way from another node. A
/// hundred thousand who wait look some seven thousand times a second.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(15);

/// How often ending an attempt is tried while others keep moving it. Each of them is an answer, and answers are few.
const END_TRIES: u32 = 16;

/// Ended attempts are kept this long: somebody on another node may still wait for how one ended.
const OVER_KEPT: Duration = Duration::from_secs(3_600);

/// Overdue attempts ended in one go.
const TEND_AT_ONCE: u32 = 256;

impl Engine {
    /// Wait for the end of an attempt, wherever it is decided; at `deadline` it ends unanswered. Only for whoever began it.
    pub(super) async fn watch_until(&self, attempt: AttemptId, deadline: Instant) -> Result<Verdict, EngineError> {
        let mut bell = self.store.bells().listen(Bell::Attempt(attempt));
        loop {
            if let Some(verdict) = self.verdict_so_far(attempt).await? {
                return Ok(verdict);
            }
            if Instant::now() >= deadline {
                return Box::pin(self.end(attempt, Denial::FactorTimedOut)).await;
            }
            let next_look = deadline.min(Instant::now() + LOOK_EVERY);
            // Rung or not, the store says what is.
            drop(timeout_at(next_look, bell.rung()).await);
        }
    }

    pub(super) async fn verdict_so_far(&self, attempt: AttemptId) -> Result<Option<Verdict>, EngineError> {
        match self.store.attempt(attempt).await?.map(|row| row.position) {
            None => Ok(Some(Verdict::Deny(Denial::AttemptUnknown))),
            Some(Position::Open(_)) => Ok(None),
            Some(Position::Ended(ended)) => Ok(Some(read::<EndRecord>(&ended.payload)?.into_verdict(attempt))),
        }
    }

    /// The login went away: nobody may answer it any more.
    pub async fn cancel(&self, attempt: AttemptId, why: Withdrawn) -> Result<(), EngineError> {
        let verdict = self.end(attempt, Denial::Withdrawn).await?;
        if matches!(verdict, Verdict::Deny(Denial::Withdrawn)) {
            let event = AuditEvent::LoginWithdrawn { attempt, why };
            self.store.record(vec![AuditRecord::new(self.clock.now(), event)]).await?;
        }
        Ok(())
    }

    /// End what nobody answered in time. The daemon calls this at intervals, on every node; one of them wins each.
    pub async fn tend(&self) -> Result<(), EngineError> {
        let mut failed = None;
        for attempt in self.store.expired(self.clock.now(), TEND_AT_ONCE).await? {
            // One that cannot be read must not keep the others open.
            if let Err(error) = self.end(attempt, Denial::FactorTimedOut).await {
                failed = failed.or(Some(error));
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Forget what cannot matter any more. The daemon calls this every hour or so.
    pub async fn sweep(&self) -> Result<(), EngineError> {
        let now = self.clock.now();
        let counted = self.settings().budgets.longest_memory();
        Ok(self.store.sweep(now.before(OVER_KEPT), now.before(counted)).await?)
    }

    /// End an attempt without an answer. If it was decided in the meantime, that verdict stands, and is returned.
    pub(super) async fn end(&self, attempt: AttemptId, denial: Denial) -> Result<Verdict, EngineError> {
        for _ in 0..END_TRIES {
            if let Some(verdict) = self.verdict_so_far(attempt).await? {
                return Ok(verdict);
            }
            let Some(waiting) = self.waiting(attempt).await? else { continue };
            let reached = Reached::stage(&waiting.attempt.stage);
            let login = &waiting.attempt.login;
            if let Step::Done(Verdict::Deny(said)) =
                self.refuse(login, Some(&waiting), &reached, denial.clone(), Vec::new()).await?
                && said == denial
            {
                return Ok(Verdict::Deny(denial));
            }
        }
        Err(EngineError::Joined)
    }

    /// What the attempt asked is over: whatever rings for it stops, but for the device that answered.
    pub(super) async fn over(&self, from: Option<&Waiting>, answered: Option<AuthenticatorId>) {
        let Some(waiting) = from else { return };
        let Stage::Factor { owed, kind: PromptKind::Wait { method, .. }, .. } = &waiting.attempt.stage else { return };
        let (Some(challenge), Some(factor)) = (waiting.attempt.stage.rings(), self.factor(*method)) else { return };
        match self.store.authenticators(owed.identity.user).await {
            Ok(mut held) => {
                let is_asked = |one: &Authenticator| challenge.device.is_none_or(|device| device == one.id);
                held.retain(|one| one.method == *method && one.confirmed && is_asked(one) && Some(one.id) != answered);
                if !held.is_empty() {
                    factor.withdraw(&held, challenge).await;
                }
            }
            // The phone finds out when it asks; what it shows until then opens nothing.
            Err(error) => tracing::debug!(%error, "A phone could not be told that a request is over"),
        }
    }

    /// The attempt, if it is open.
    pub(super) async fn waiting(&self, attempt: AttemptId) -> Result<Option<Waiting>, EngineError> {
        match self.store.attempt(attempt).await? {
            Some(row) => Ok(Waiting::of(&row)?),
            None => Ok(None),
        }
    }
}

impl Waiting {
    /// Nothing if it has ended.
    pub(super) fn of(row: &AttemptRow) -> Result<Option<Self>, StoreError> {
        let Position::Open(OpenAttempt { turn, expires, payload, coalesce, .. }) = &row.position else {
            return Ok(None);
        };
        let attempt = read::<Attempt>(payload)?;
        Ok(Some(Self { attempt, version: row.version, turn: *turn, expires: *expires, coalesce: *coalesce }))
    }

    pub(super) fn prompt(&self, again: bool) -> Prompt {
        let (attempt, kind) = (self.attempt.login.id, self.attempt.stage.kind());
        Prompt { attempt, turn: self.turn, kind, until: self.expires, again }
    }

    /// What waits once `change` is committed; nothing if it ends there.
    pub(super) fn after(&self, change: &Transition, stage: Stage) -> Option<Self> {
        let Some(Position::Open(open)) = &change.to else { return None };
        let attempt = Attempt { login: self.attempt.login.clone(), stage };
        let version = self.version.saturating_add(1);
        Some(Self { attempt, version, turn: open.turn, expires: open.expires, coalesce: open.coalesce })
    }
}
