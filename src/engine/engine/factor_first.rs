//! The factor before the password: nobody can try passwords without the phone or a code. For directories in which a person
//! can be looked up without their password.
//!
//! ```text
//!  who ─▶ locks ─▶ policy ─▶ memory, code or phone ─▶ password, once ─▶ commit, with what is spent
//! ```
//!
//! A right code is spent when the login is decided. A yes on the phone waits in the store for the login that asked, as it
//! does at doors that show questions; if the node dies in between, the attempt runs out.
//!
//! What it costs is written in the manual: whoever knows a name can ring the phone and guess at codes, up to their budgets,
//! without a password (OTP-06 is for the other order).

use std::pin::Pin;

use tokio::time::{Instant, timeout_at};

use crate::attempt::{Approval, Login, Owed, Reached, Stage, Waiting};
use crate::engine::Engine;
use crate::engine::first::{Begun, Typed};
use crate::engine::password::{Claim, Counted, Tried, same_person};
use crate::engine::ruling::Ruled;
use crate::engine::together::Due;
use crate::engine::wait::LOOK_EVERY;
use crate::{
    AttemptId, Bell, Denial, EngineError, FirstFactor, Password, PrimaryAuthenticator, Settings, Spend, Step, Subject,
    UserName, Verdict,
};

/// A password that is still to be tried, and the login's way to do it.
pub(super) struct Unchecked<'a> {
    pub(super) user: UserName,
    pub(super) subject: Subject,
    pub(super) password: Password,
    pub(super) with: &'a mut dyn PrimaryAuthenticator,
}

impl Engine {
    /// As far as to what the person owes. Whatever ends here takes as long as a password that is tried (ADM-04).
    pub(super) async fn factor_first<'a>(
        &self,
        settings: &Settings,
        login: Login,
        typed: Typed,
        unchecked: Unchecked<'a>,
    ) -> Result<Begun<'a>, EngineError> {
        let Unchecked { user, subject, password, with } = unchecked;
        if let Err(until) = self.standing(&login, &subject).await? {
            with.pretend(&password).await;
            let reached = Reached { identity: self.known(&subject).await?, ..Reached::NOTHING };
            let denial = Denial::LockedOut { until };
            return self.refuse(&login, None, &reached, denial, Vec::new()).await.map(Begun::Step);
        }
        let Some(person) = with.describe(&subject).await.map_err(EngineError::Primary)? else {
            return self.unknown(settings, &login, &password, with).await.map(Begun::Step);
        };
        same_person(&subject, &person, true)?;
        let ruled = self.ruled(settings, &login, &person, FirstFactor::NotAsked, None).await?;
        let (owed, is_free) = match ruled {
            Ruled::Over(step) => {
                with.pretend(&password).await;
                return Ok(Begun::Step(step));
            }
            Ruled::Free(owed) => (owed, true),
            Ruled::Owes(owed) => (owed, false),
        };
        let unchecked = Some(Unchecked { user, subject, password, with });
        let mut due = Box::new(Due { login, owed, typed, clear: Vec::new(), unchecked });
        if is_free {
            return self.without_factor(settings, &mut due).await.map(Begun::Step);
        }
        if let Some(until) = self.code_lock(&due.login, &due.owed).await? {
            let (reached, denial) = (Reached::owed(&due.owed), Denial::LockedOut { until });
            let step = self.refuse(&due.login, None, &reached, denial, Vec::new()).await?;
            due.pretend().await;
            return Ok(Begun::Step(step));
        }
        Ok(Begun::Owes(due))
    }

    async fn without_factor(&self, settings: &Settings, due: &mut Due<'_>) -> Result<Step, EngineError> {
        match self.check(settings, due, None).await? {
            Some(step) => Ok(step),
            None => {
                let counted = Counted { clear: due.clear.clone(), ..Counted::default() };
                self.allow_without_factor(&due.login, None, &due.owed, counted).await
            }
        }
    }

    /// Try the password, if that is still to be done. Nothing is returned where it is right: the login ends otherwise.
    pub(super) async fn check(
        &self,
        settings: &Settings,
        due: &mut Due<'_>,
        from: Option<&Waiting>,
    ) -> Result<Option<Step>, EngineError> {
        let Some(Unchecked { user, subject, password, with }) = due.unchecked.take() else { return Ok(None) };
        let claim = Claim { user: &user, subject: &subject, is_sure: true, password: &password };
        let rule = Some(due.owed.rule.as_str());
        match self.try_password(settings, &due.login, &claim, with, rule, from).await? {
            Tried::Accepted { person, counted } => {
                let (first_factor, version, carried) = (FirstFactor::Accepted, with.password_version(), person.carried);
                due.owed = Owed { first_factor, version, carried, ..due.owed.clone() };
                due.clear = counted.clear;
                Ok(None)
            }
            Tried::Over(step) => Ok(Some(step)),
            // This channel cannot be asked.
            Tried::Asks(_) => {
                let (reached, denial) = (Reached::owed(&due.owed), Denial::CodeMissing);
                self.refuse(&due.login, from, &reached, denial, Vec::new()).await.map(Some)
            }
        }
    }

    /// Hold a login whose phone rings and whose password is still to be tried.
    pub(super) async fn hold_unchecked(
        &self,
        settings: &Settings,
        due: &mut Due<'_>,
        attempt: AttemptId,
        deadline: Instant,
        gone: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<Verdict, EngineError> {
        let said = tokio::select! {
            biased;
            said = self.yes(attempt, deadline) => said?,
            () = gone => Err(Box::pin(self.end(attempt, Denial::Withdrawn)).await?),
        };
        let waiting = match said {
            Ok(waiting) => waiting,
            Err(verdict @ Verdict::Deny(_)) => return Ok(verdict),
            // Whoever let it in did not try the password.
            Err(Verdict::Allow(_)) => return Err(EngineError::Joined),
        };
        match Box::pin(self.collect_unchecked(settings, due, &waiting)).await {
            Ok(Step::Done(verdict)) => Ok(verdict),
            Ok(Step::Show(_)) => Err(EngineError::Joined),
            Err(error) => {
                // Nobody else can go on with it.
                Box::pin(self.end(attempt, Denial::Withdrawn)).await?;
                Err(error)
            }
        }
    }

    /// The phone has approved: now the password decides.
    async fn collect_unchecked(
        &self,
        settings: &Settings,
        due: &mut Due<'_>,
        waiting: &Waiting,
    ) -> Result<Step, EngineError> {
        let Stage::Factor { approved: Some(Approval { method, authenticator }), .. } = &waiting.attempt.stage else {
            return Err(EngineError::Joined);
        };
        if let Some(step) = self.check(settings, due, Some(waiting)).await? {
            return Ok(step);
        }
        let (spend, clear) = (Spend::Attempt { authenticator: *authenticator }, due.clear.clone());
        self.allow_with(&due.login, &due.owed, *method, spend, clear, Some(waiting)).await
    }

    /// Wait until the phone says yes. `Err` holds how the attempt ended instead.
    async fn yes(&self, attempt: AttemptId, deadline: Instant) -> Result<Result<Waiting, Verdict>, EngineError> {
        let mut bell = self.store.bells().listen(Bell::Attempt(attempt));
        loop {
            let Some(waiting) = self.waiting(attempt).await? else {
                let verdict = self.verdict_so_far(attempt).await?;
                return Ok(Err(verdict.unwrap_or(Verdict::Deny(Denial::AttemptUnknown))));
            };
            if matches!(waiting.attempt.stage, Stage::Factor { approved: Some(_), .. }) {
                return Ok(Ok(waiting));
            }
            let now = Instant::now();
            if now >= deadline {
                return Ok(Err(Box::pin(self.end(attempt, Denial::FactorTimedOut)).await?));
            }
            // Rung or not, the store says what is.
            drop(timeout_at(deadline.min(now + LOOK_EVERY), bell.rung()).await);
        }
    }
}

impl Due<'_> {
    /// It is refused, and the password is not tried any more: take as long as if it were.
    pub(super) async fn pretend(&mut self) {
        if let Some(Unchecked { password, with, .. }) = self.unchecked.take() {
            with.pretend(&password).await;
        }
    }
}
