//! Answers from the place of the login. Those from elsewhere, a phone, are in `push.rs`.

use subtle::ConstantTimeEq;

use crate::attempt::{Asked, EndRecord, Login, Owed, Reached, Stage, Waiting, read};
use crate::coalesce::Outcome;
use crate::engine::Engine;
use crate::engine::password::{Counted, same_person};
use crate::engine::second::{Judged, code_charges, code_keys};
use crate::engine::wait::LOOK_EVERY;
use crate::split::{Second, keyword};
use crate::{
    Answer, AttemptId, AuditEvent, AuditRecord, Bell, Committed, Denial, EngineError, LoginRequest, Matching, Passcode,
    PortError, Position, PrimaryAuthenticator, PrimaryOutcome, PromptKind, Settings, Spend, Step, Turn, Verdict,
};

impl Engine {
    /// An answer from the place of the login. `request` says who brings it: an answer through another service or for
    /// another name is refused and leaves the attempt as it was (RAD-20). `primary` goes on with a question of the
    /// primary's own.
    pub async fn answer(
        &self,
        attempt: AttemptId,
        turn: Turn,
        answer: Answer,
        request: &LoginRequest,
        primary: Option<&mut dyn PrimaryAuthenticator>,
    ) -> Result<Step, EngineError> {
        let Some(waiting) = self.waiting(attempt).await? else {
            // Whoever looks may hear why there is nothing to see; whoever brings an answer is too late.
            let told =
                if matches!(answer, Answer::Look) { self.ended_for(attempt, turn, request).await? } else { None };
            return match told {
                Some(denial) => Ok(Step::Done(Verdict::Deny(denial))),
                None => self.refuse_answer(attempt, request, Denial::AttemptUnknown).await,
            };
        };
        if !waiting.attempt.login.is_of(request) {
            return self.refuse_answer(attempt, request, Denial::AttemptUnknown).await;
        }
        if !bool::from(waiting.turn.0.ct_eq(&turn.0)) {
            return self.refuse_answer(attempt, request, Denial::AnswerStale).await;
        }
        if self.clock.now() >= waiting.expires {
            // Whatever the attempt ended with in this moment was won by another answer, and is not for this one.
            self.end(attempt, Denial::FactorTimedOut).await?;
            return Ok(Step::Done(Verdict::Deny(Denial::FactorTimedOut)));
        }
        let key = self.answer_key(attempt, turn, &answer);
        let lead = match self.lead(key).await? {
            Ok(lead) => lead,
            Err(step) => return Ok(step),
        };
        let note = (waiting.attempt.login.typed.clone(), waiting.attempt.login.service_name());
        let step = self.take(waiting, answer, request, primary).await;
        lead.tell(Outcome::of(&step));
        if let Err(error) = &step {
            self.note_undecided(attempt, note.0, note.1, error).await;
        }
        step
    }

    async fn take(
        &self,
        waiting: Waiting,
        answer: Answer,
        request: &LoginRequest,
        primary: Option<&mut dyn PrimaryAuthenticator>,
    ) -> Result<Step, EngineError> {
        match (&waiting.attempt.stage, answer) {
            (Stage::Relayed { .. }, Answer::Typed(code)) => self.resume(waiting, &code, request, primary).await,
            (Stage::Factor { approved: Some(_), .. }, answer @ (Answer::Look | Answer::Typed(_))) => {
                self.collect(&waiting, &answer).await
            }
            (Stage::Factor { kind: PromptKind::Wait { .. }, .. }, Answer::Look) => {
                self.look(waiting, request.channel.patience).await
            }
            (Stage::Factor { owed, .. }, Answer::Typed(code)) => {
                let owed = owed.clone();
                self.typed(waiting, owed, &code).await
            }
            (_, Answer::Look) => Ok(Step::Show(waiting.prompt(false))),
            (_, Answer::Approved { .. } | Answer::Declined { .. }) => {
                self.refuse_answer(waiting.attempt.login.id, request, Denial::AnswerStale).await
            }
        }
    }

    /// Look whether the phone has answered, for as long as the client waits for our word.
    async fn look(&self, waiting: Waiting, patience: std::time::Duration) -> Result<Step, EngineError> {
        let now = tokio::time::Instant::now();
        let deadline = now.checked_add(patience).unwrap_or(now);
        let (attempt, turn, version) = (waiting.attempt.login.id, waiting.turn, waiting.version);
        let mut bell = self.store.bells().listen(Bell::Attempt(attempt));
        loop {
            let Some(current) = self.waiting(attempt).await? else {
                let said = self.ended_so(attempt, turn, &waiting.attempt.login).await?;
                return Ok(Step::Done(Verdict::Deny(said.unwrap_or(Denial::AttemptUnknown))));
            };
            if current.turn != turn {
                return Ok(Step::Done(Verdict::Deny(Denial::AnswerStale)));
            }
            if self.clock.now() >= current.expires {
                self.end(attempt, Denial::FactorTimedOut).await?;
                return Ok(Step::Done(Verdict::Deny(Denial::FactorTimedOut)));
            }
            if matches!(current.attempt.stage, Stage::Factor { approved: Some(_), .. }) {
                return self.collect(&current, &Answer::Look).await;
            }
            if current.version != version {
                return Ok(Step::Show(current.prompt(true)));
            }
            let now = tokio::time::Instant::now();
            if now >= deadline {
                return Ok(Step::Show(current.prompt(false)));
            }
            let left = std::time::Duration::from_micros(
                u64::try_from(current.expires.0.saturating_sub(self.clock.now().0)).unwrap_or(0),
            );
            let look_again = deadline.min(now + LOOK_EVERY.min(left));
            // Rung or not, the store says what is.
            drop(tokio::time::timeout_at(look_again, bell.rung()).await);
        }
    }

    /// The phone has approved: let the person in, who shows to be where the phone is if that is asked.
    async fn collect(&self, waiting: &Waiting, answer: &Answer) -> Result<Step, EngineError> {
        let Stage::Factor { owed, challenge, approved: Some(approval), .. } = &waiting.attempt.stage else {
            return Ok(Step::Show(waiting.prompt(false)));
        };
        let number = challenge.as_ref().and_then(|challenge| match &challenge.matching {
            Matching::FromPhone(number) => Some(number),
            Matching::Off | Matching::Shown(_) => None,
        });
        match (number, answer) {
            (Some(_), Answer::Look) => return Ok(Step::Show(waiting.prompt(false))),
            (Some(number), Answer::Typed(code)) if !number.is(code.as_typed()) => {
                return self.wrong(waiting, owed, Denial::WrongNumber).await;
            }
            _ => {}
        }
        let (login, spend) = (&waiting.attempt.login, Spend::Attempt { authenticator: approval.authenticator });
        self.allow_with(login, owed, approval.method, spend, Vec::new(), Some(waiting)).await
    }

    /// Why the attempt ended, for whoever holds its last question; nothing for anybody else, and no verdict but a refusal.
    async fn ended_for(
        &self,
        attempt: AttemptId,
        turn: Turn,
        request: &LoginRequest,
    ) -> Result<Option<Denial>, EngineError> {
        Ok(match self.ended(attempt).await? {
            Some((denial, asked)) if asked.turn == turn && asked.login.is_of(request) => Some(denial),
            _ => None,
        })
    }

    async fn ended_so(&self, attempt: AttemptId, turn: Turn, login: &Login) -> Result<Option<Denial>, EngineError> {
        Ok(match self.ended(attempt).await? {
            Some((denial, asked)) if asked.turn == turn && asked.login.id == login.id => Some(denial),
            _ => None,
        })
    }

    async fn ended(&self, attempt: AttemptId) -> Result<Option<(Denial, Asked)>, EngineError> {
        let Some(Position::Ended(ended)) = self.store.attempt(attempt).await?.map(|row| row.position) else {
            return Ok(None);
        };
        Ok(match read::<EndRecord>(&ended.payload)? {
            EndRecord::Denied { denial, asked: Some(asked) } => Some((denial, *asked)),
            _ => None,
        })
    }

    /// Go on with the primary's own question.
    async fn resume(
        &self,
        waiting: Waiting,
        code: &Passcode,
        request: &LoginRequest,
        primary: Option<&mut dyn PrimaryAuthenticator>,
    ) -> Result<Step, EngineError> {
        let settings = self.settings();
        let login = waiting.attempt.login.clone();
        let attempt = login.id;
        let Stage::Relayed { state, subject, .. } = &waiting.attempt.stage else {
            return Ok(Step::Show(waiting.prompt(false)));
        };
        let Some(with) = primary else {
            return Err(EngineError::Primary(PortError::unusable("continue a primary login without its source")));
        };
        let _pass = self.pass(&settings, &login, subject).await;
        let counted = match self.standing(&login, subject).await? {
            Ok(counted) => counted,
            Err(until) => {
                let denial = Denial::LockedOut { until };
                return self.refuse(&login, Some(&waiting), &Reached::NOTHING, denial, Vec::new()).await;
            }
        };
        // Claim the turn first, so that one answer is one upstream attempt, whoever else holds a copy of it.
        let claimed = match self.claim(&waiting).await? {
            Ok(claimed) => claimed,
            Err(step) => return Ok(step),
        };
        let step =
            self.resumed(&settings, login, &claimed, counted, with.resume(&request.user, state, code).await).await;
        if step.is_err() {
            // Nobody knows the turn it has now, so nobody could answer it again.
            self.end(attempt, Denial::Withdrawn).await?;
        }
        step
    }

    async fn resumed(
        &self,
        settings: &Settings,
        login: Login,
        claimed: &Waiting,
        counted: Counted,
        outcome: Result<PrimaryOutcome, PortError>,
    ) -> Result<Step, EngineError> {
        let from = Some(claimed);
        let Stage::Relayed { subject, .. } = &claimed.attempt.stage else {
            return Ok(Step::Show(claimed.prompt(false)));
        };
        match outcome.map_err(EngineError::Primary)? {
            PrimaryOutcome::Accepted(person) => {
                same_person(subject, &person, true)?;
                self.accepted(settings, login, person, None, counted, None, from).await
            }
            PrimaryOutcome::Refused(refusal) => {
                let charges = self.password_charges(settings, &login, subject, refusal);
                self.refuse(&login, from, &Reached::REFUSED, Denial::Primary(refusal), charges).await
            }
            PrimaryOutcome::Continue(next) => {
                let stage = Stage::Relayed { subject: subject.clone(), text: next.text, state: next.state };
                self.ask(settings, login, stage, from, None, Vec::new(), false).await
            }
        }
    }

    /// A code, or the name of another method, typed as the answer.
    async fn typed(&self, waiting: Waiting, owed: Owed, code: &Passcode) -> Result<Step, EngineError> {
        let settings = self.settings();
        let login = waiting.attempt.login.clone();
        let held = self.held(&owed).await?;
        if let Some((method, number)) = keyword(code.as_typed())
            && held.iter().any(|one| one.method == method)
        {
            let is_asked = waiting.attempt.stage.rings().is_some();
            if matches!(&waiting.attempt.stage, Stage::Factor { kind: PromptKind::Wait { method: now, .. }, .. } if is_asked && *now == method)
            {
                return Ok(Step::Show(waiting.prompt(false)));
            }
            let second = Some(Second::Use(method, number));
            return self.second_step(&settings, login, owed, second, Vec::new(), None, Some(&waiting)).await;
        }
        let why = match self.judge(&held, code).await? {
            Judged::Right(method, spend) => {
                return self.allow_with(&login, &owed, method, spend, Vec::new(), Some(&waiting)).await;
            }
            Judged::UsedBefore => Denial::CodeUsedBefore,
            Judged::Wrong => Denial::WrongCode,
        };
        self.wrong(&waiting, &owed, why).await
    }

    /// A wrong answer: counted, and asked again while the attempt has tries left.
    async fn wrong(&self, waiting: &Waiting, owed: &Owed, why: Denial) -> Result<Step, EngineError> {
        let settings = self.settings();
        let login = &waiting.attempt.login;
        // A code used before is no guess: it costs a try of this attempt, but none of the person's budget.
        let charge = if matches!(why, Denial::WrongCode | Denial::WrongNumber) {
            code_charges(&settings, login, owed)
        } else {
            Vec::new()
        };
        let Stage::Factor { owed: _, kind, tries, challenge, approved } = &waiting.attempt.stage else {
            return Ok(Step::Show(waiting.prompt(false)));
        };
        let tries = tries.saturating_add(1);
        let failed = AuditEvent::FactorFailed { attempt: login.id, user: owed.identity.user, why };
        let is_last = tries >= settings.tries_per_attempt;
        let (challenge, approved) = (challenge.clone(), approved.clone());
        let stage = Stage::Factor { owed: owed.clone(), kind: kind.clone(), tries, challenge, approved };
        let mut change = if is_last {
            self.ending(login, Some(waiting), &Reached::owed(owed), &Verdict::Deny(Denial::TooManyTries))?
        } else {
            self.asking(&settings, login.clone(), &stage, Some(waiting), None)?
        };
        change.audit.insert(0, AuditRecord::new(change.now, failed));
        change.charge = charge;
        change.unless_locked = code_keys(login, owed);
        let next = waiting.after(&change, stage);
        match self.commit(change).await? {
            Committed::Moved(row) => self.overtaken(login, row),
            Committed::Locked(until) => {
                let denial = Denial::LockedOut { until };
                self.refuse(login, Some(waiting), &Reached::owed(owed), denial, Vec::new()).await
            }
            Committed::UserGone => {
                self.refuse(login, Some(waiting), &Reached::owed(owed), Denial::UserDisabled, Vec::new()).await
            }
            _ if next.is_none() => {
                self.over(Some(waiting), None).await;
                Ok(Step::Done(Verdict::Deny(Denial::TooManyTries)))
            }
            _ => Ok(next.map_or(Step::Done(Verdict::Deny(Denial::TooManyTries)), |next| Step::Show(next.prompt(true)))),
        }
    }

    /// Move a waiting attempt to a new turn that nobody else knows. `Err` holds what to say when somebody was first.
    async fn claim(&self, waiting: &Waiting) -> Result<Result<Waiting, Step>, EngineError> {
        let settings = self.settings();
        let attempt = &waiting.attempt;
        let mut change = self.asking(&settings, attempt.login.clone(), &attempt.stage, Some(waiting), None)?;
        change.audit.clear();
        let next = waiting.after(&change, attempt.stage.clone());
        Ok(match (self.commit(change).await?, next) {
            (Committed::Done { .. }, Some(next)) => Ok(next),
            (Committed::Moved(row), _) => Err(self.overtaken(&attempt.login, row)?),
            _ => Err(Step::Done(Verdict::Deny(Denial::AnswerStale))),
        })
    }

    /// An answer that opens nothing: on the record, and the attempt it names stays as it was.
    async fn refuse_answer(
        &self,
        attempt: AttemptId,
        request: &LoginRequest,
        why: Denial,
    ) -> Result<Step, EngineError> {
        let event = AuditEvent::AnswerRefused {
            attempt,
            typed: request.user.as_typed().to_owned(),
            service: request.service.to_string(),
            address: request.origin.address.to_string(),
            why: why.clone(),
        };
        self.store.record(vec![AuditRecord::new(self.clock.now(), event)]).await?;
        Ok(Step::Done(Verdict::Deny(why)))
    }
}
