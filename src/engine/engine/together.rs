//! Logins that are one sign-in: a program binds again while the phone rings, or over several connections at once, here and
//! on other nodes. One of them asks for the factor. The others wait for what comes of it, and each is then decided by
//! itself: its own password checked on its own connection, its own record, its own verdict.
//!
//! ```text
//!  remembered? ──yes──▶ allowed
//!      │ no     ▲
//!      │        └───────────────────────────────────────────────┐
//!      ▼                                                        │
//!  does another ask? ──yes──▶ wait for its end ──allowed, away──┘
//!      │ no                        └──refused──▶ refused
//!      ▼
//!  judge the code, ring the phone ──▶ hold
//! ```

use std::pin::Pin;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use crate::attempt::{EndRecord, Login, Owed, Reached, read};
use crate::coalesce::{Outcome, Seat, follow};
use crate::engine::Engine;
use crate::engine::factor_first::Unchecked;
use crate::engine::first::Typed;
use crate::engine::second::Brought;
use crate::engine::wait::LOOK_EVERY;
use crate::{AttemptId, Bell, CoalesceKey, CounterKey, Denial, EngineError, Position, Prompt, Settings, Step, Verdict};

/// A login that owes a factor and may share it, or still owes its password as well.
pub(super) struct Due<'a> {
    pub(super) login: Login,
    pub(super) owed: Owed,
    pub(super) typed: Typed,
    /// What a right password clears.
    pub(super) clear: Vec<CounterKey>,
    /// Where the factor comes first: the password, until it was tried.
    pub(super) unchecked: Option<Unchecked<'a>>,
}

/// Whose turn it is to ask for the factor.
#[expect(clippy::large_enum_variant, reason = "one at a time, and most are the large one")]
enum Turn {
    /// Ours, and this came of it.
    Ours(Step),
    /// That of another login on this node, which begins right now.
    Begins(watch::Receiver<Option<Outcome>>),
    /// That of this attempt.
    Waits(AttemptId),
}

impl Engine {
    /// From what a login owes to its verdict.
    pub(super) async fn owing(
        &self,
        mut due: Box<Due<'_>>,
        deadline: Instant,
        gone: Pin<&mut (impl Future<Output = ()> + Send)>,
    ) -> Result<Verdict, EngineError> {
        let (id, typed, service) = (due.login.id, due.login.typed.clone(), due.login.service_name());
        let verdict = self.settled(&mut due, deadline, gone).await;
        if let Err(error) = &verdict {
            self.note_undecided(id, typed, service, error).await;
        }
        verdict
    }

    async fn settled(
        &self,
        due: &mut Due<'_>,
        deadline: Instant,
        mut gone: Pin<&mut (impl Future<Output = ()> + Send)>,
    ) -> Result<Verdict, EngineError> {
        let settings = self.settings();
        loop {
            // In a box, because what it takes need not be held while many wait.
            let heard = match Box::pin(self.turn(&settings, due)).await? {
                Turn::Ours(Step::Show(prompt)) if due.unchecked.is_some() => {
                    return self.hold_unchecked(&settings, due, prompt.attempt, deadline, gone).await;
                }
                Turn::Ours(step) => {
                    due.pretend().await;
                    return self.hold(step, deadline, gone).await;
                }
                Turn::Begins(receiver) => patiently(self.begun_by(receiver), deadline, gone.as_mut()).await?,
                Turn::Waits(other) => patiently(self.end_of(other), deadline, gone.as_mut()).await?,
            };
            if let Some(denial) = heard {
                let reached = Reached::owed(&due.owed);
                Box::pin(self.refuse(&due.login, None, &reached, denial.clone(), Vec::new())).await?;
                return Ok(Verdict::Deny(denial));
            }
        }
    }

    /// Be let in by what is remembered, wait for another login's turn, or take it.
    async fn turn(&self, settings: &Settings, due: &mut Due<'_>) -> Result<Turn, EngineError> {
        if let Some(step) = self.relied(settings, due).await? {
            return Ok(Turn::Ours(step));
        }
        let Some(key) = self.shared_key(&due.login) else {
            return self.take_turn(settings, due, None).await.map(Turn::Ours);
        };
        let lead = match self.running.sit(key) {
            Seat::Lead(lead) => lead,
            Seat::Follow(receiver) => return Ok(Turn::Begins(receiver)),
        };
        let step = match self.asked_before(&key).await? {
            Some(prompt) => Ok(Step::Show(prompt)),
            None => self.take_turn(settings, due, Some(key)).await,
        };
        lead.tell(Outcome::of(&step));
        Ok(match step? {
            Step::Show(prompt) if prompt.attempt != due.login.id => Turn::Waits(prompt.attempt),
            step => Turn::Ours(step),
        })
    }

    /// The question of another login that is the same sign-in, if one waits, here or on another node.
    async fn asked_before(&self, key: &CoalesceKey) -> Result<Option<Prompt>, EngineError> {
        let Some(id) = self.store.attempt_by_key(key, self.clock.now()).await? else { return Ok(None) };
        Ok(self.waiting(id).await?.map(|waiting| waiting.prompt(false)))
    }

    async fn take_turn(
        &self,
        settings: &Settings,
        due: &mut Due<'_>,
        key: Option<CoalesceKey>,
    ) -> Result<Step, EngineError> {
        // The one before us may have been let in while we came here.
        if let Some(step) = self.relied(settings, due).await? {
            return Ok(step);
        }
        let typed = due.typed.clone();
        let denial = match self.brought(settings, &due.login, &due.owed, typed, &due.clear, key, None).await? {
            Brought::Nothing(step) => return Ok(step),
            Brought::UsedBefore => Denial::CodeUsedBefore,
            Brought::Code(method, spend) => {
                if let Some(step) = self.check(settings, due, None).await? {
                    return Ok(step);
                }
                match self.try_to_allow(&due.login, &due.owed, method, spend, due.clear.clone(), None).await? {
                    Ok(step) => return Ok(step),
                    Err(denial) => denial,
                }
            }
        };
        // Another node may have let the same sign-in in with the same code in this moment.
        if denial == Denial::CodeUsedBefore
            && let Some(step) = self.relied(settings, due).await?
        {
            return Ok(step);
        }
        self.refuse(&due.login, None, &Reached::owed(&due.owed), denial, Vec::new()).await
    }

    /// Let in by a factor that was given not long ago; or refused, where the password was still to be tried and is wrong.
    async fn relied(&self, settings: &Settings, due: &mut Due<'_>) -> Result<Option<Step>, EngineError> {
        let Some(entry) = self.memory(&due.login, &due.owed).await? else { return Ok(None) };
        if due.unchecked.is_none() {
            return self.allow_remembered(&due.login, &due.owed, entry.id, due.clear.clone(), None).await;
        }
        if let Some(step) = self.check(settings, due, None).await? {
            return Ok(Some(step));
        }
        // It may have been given to an earlier password than the one that was right just now.
        self.remembered(&due.login, &due.owed, &due.clear, None).await
    }

    /// Wait for a login that begins on this node. The denial it got is ours as well; nothing where it was let in or went
    /// away, and we have to see for ourselves.
    async fn begun_by(&self, receiver: watch::Receiver<Option<Outcome>>) -> Result<Option<Denial>, EngineError> {
        match follow(receiver).await {
            Some(Outcome::Show(prompt)) => self.end_of(prompt.attempt).await,
            Some(Outcome::Done(Verdict::Deny(denial))) => Ok(Some(denial).filter(is_shared)),
            Some(Outcome::Failed) => Err(EngineError::Joined),
            Some(Outcome::Done(Verdict::Allow(_))) | None => Ok(None),
        }
    }

    /// The same for an attempt that waits, on whatever node its client is.
    async fn end_of(&self, attempt: AttemptId) -> Result<Option<Denial>, EngineError> {
        let mut bell = self.store.bells().listen(Bell::Attempt(attempt));
        loop {
            match self.store.attempt(attempt).await?.map(|row| row.position) {
                Some(Position::Open(_)) => drop(timeout(LOOK_EVERY, bell.rung()).await),
                Some(Position::Ended(ended)) => {
                    return Ok(match read::<EndRecord>(&ended.payload)? {
                        EndRecord::Denied { denial, .. } => Some(denial).filter(is_shared),
                        EndRecord::Allowed { .. } => None,
                    });
                }
                None => return Ok(None),
            }
        }
    }
}

/// Of one that went away, nobody can say what would have become of it.
fn is_shared(denial: &Denial) -> bool {
    *denial != Denial::Withdrawn
}

/// Wait for another login, but no longer than our own client does.
async fn patiently(
    heard: impl Future<Output = Result<Option<Denial>, EngineError>>,
    deadline: Instant,
    gone: Pin<&mut impl Future<Output = ()>>,
) -> Result<Option<Denial>, EngineError> {
    tokio::select! {
        biased;
        heard = heard => heard,
        () = gone => Ok(Some(Denial::Withdrawn)),
        () = sleep_until(deadline) => Ok(Some(Denial::FactorTimedOut)),
    }
}
