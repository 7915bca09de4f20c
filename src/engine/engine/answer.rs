//! Answers: from the place of the login ([`Engine::answer`]) and from elsewhere, a phone ([`Engine::respond`]).

use subtle::ConstantTimeEq;

use crate::attempt::{Approval, Login, Owed, Reached, Stage, Waiting};
use crate::coalesce::Outcome;
use crate::engine::Engine;
use crate::engine::first::same_person;
use crate::engine::second::{Judged, code_charges, code_keys};
use crate::split::{Second, keyword};
use crate::{
    Answer, AttemptId, AuditEvent, AuditRecord, Authenticator, Checked, Committed, CounterKey, Denial, EngineError,
    LoginRequest, Method, Passcode, PortError, PrimaryAuthenticator, PrimaryOutcome, PromptKind, Prompts, Settings,
    Spend, Step, Turn, Verdict,
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
            return self.refuse_answer(attempt, request, Denial::AttemptUnknown).await;
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
            (Stage::Factor { owed, approved: Some(approval), .. }, Answer::Look | Answer::Typed(_)) => {
                let (login, owed, approval) = (&waiting.attempt.login, owed.clone(), approval.clone());
                let spend = Spend::Attempt { authenticator: approval.authenticator };
                self.allow_with(login, &owed, approval.method, spend, Vec::new(), Some(&waiting)).await
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
        let failed = match self.standing(&login, subject).await? {
            Ok(failed) => failed,
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
            self.resumed(&settings, login, &claimed, failed, with.resume(&request.user, state, code).await).await;
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
        failed: Vec<CounterKey>,
        outcome: Result<PrimaryOutcome, PortError>,
    ) -> Result<Step, EngineError> {
        let from = Some(claimed);
        let Stage::Relayed { subject, .. } = &claimed.attempt.stage else {
            return Ok(Step::Show(claimed.prompt(false)));
        };
        match outcome.map_err(EngineError::Primary)? {
            PrimaryOutcome::Accepted(person) => {
                same_person(subject, &person, true)?;
                self.accepted(settings, login, person, None, failed, None, from).await
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
        if let Some((method, _)) = keyword(code.as_typed())
            && held.iter().any(|one| one.method == method)
        {
            if matches!(&waiting.attempt.stage, Stage::Factor { kind: PromptKind::Wait { method: now, .. }, .. } if *now == method)
            {
                return Ok(Step::Show(waiting.prompt(false)));
            }
            let second = Some(Second::Use(method, None));
            return self.second_step(&settings, login, owed, second, Vec::new(), None, Some(&waiting)).await;
        }
        let why = match self.judge(login.id, &held, code).await? {
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
        let charge = if why == Denial::WrongCode { code_charges(&settings, login, owed) } else { Vec::new() };
        let Stage::Factor { owed: _, kind, tries, .. } = &waiting.attempt.stage else {
            return Ok(Step::Show(waiting.prompt(false)));
        };
        let tries = tries.saturating_add(1);
        let failed = AuditEvent::FactorFailed { attempt: login.id, user: owed.identity.user, why };
        let is_last = tries >= settings.tries_per_attempt;
        let stage = Stage::Factor { owed: owed.clone(), kind: kind.clone(), tries, approved: None };
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
                self.over(Some(waiting)).await;
                Ok(Step::Done(Verdict::Deny(Denial::TooManyTries)))
            }
            _ => Ok(next.map_or(Step::Done(Verdict::Deny(Denial::TooManyTries)), |next| Step::Show(next.prompt(true)))),
        }
    }

    /// An answer from elsewhere: a phone says yes or no. What it proves is judged by the factor that asked.
    pub async fn respond(&self, attempt: AttemptId, answer: Answer) -> Result<Step, EngineError> {
        let unknown = || Step::Done(Verdict::Deny(Denial::AttemptUnknown));
        let Some(waiting) = self.waiting(attempt).await? else { return Ok(unknown()) };
        if self.clock.now() >= waiting.expires {
            return self.end(attempt, Denial::FactorTimedOut).await.map(Step::Done);
        }
        let login = waiting.attempt.login.clone();
        let Stage::Factor { owed, kind: PromptKind::Wait { method, .. }, approved: None, .. } = &waiting.attempt.stage
        else {
            return Ok(unknown());
        };
        match answer {
            Answer::Declined { method: by, reported, .. } if by == *method => {
                // Not from whoever happens to know the attempt: the factor judges a no like a yes.
                if self.judged(&login, owed, *method, &answer).await?.is_none() {
                    return Ok(unknown());
                }
                let denial = if reported { Denial::Reported } else { Denial::Declined };
                self.refuse(&login, Some(&waiting), &Reached::owed(owed), denial, Vec::new()).await
            }
            Answer::Approved { method: by, .. } if by == *method => {
                self.approved(&waiting, &login, owed, *method, &answer).await
            }
            _ => Ok(unknown()),
        }
    }

    async fn approved(
        &self,
        waiting: &Waiting,
        login: &Login,
        owed: &Owed,
        method: Method,
        answer: &Answer,
    ) -> Result<Step, EngineError> {
        self.clock.sound()?;
        let Some(spend) = self.judged(login, owed, method, answer).await? else {
            return self.wrong(waiting, owed, Denial::WrongCode).await;
        };
        if login.channel.prompts != Prompts::Text {
            return self.allow_with(login, owed, method, spend, Vec::new(), Some(waiting)).await;
        }
        // The client holds a question and will come back with its answer: the approval waits for it there.
        let settings = self.settings();
        let Stage::Factor { kind, tries, .. } = &waiting.attempt.stage else {
            return Ok(Step::Show(waiting.prompt(false)));
        };
        let approved = Some(Approval { method, authenticator: spend.authenticator() });
        let stage = Stage::Factor { owed: owed.clone(), kind: kind.clone(), tries: *tries, approved };
        let mut change = self.asking(&settings, login.clone(), &stage, Some(waiting), None)?;
        if let Some(crate::Position::Open(open)) = &mut change.to {
            // The question is the same, so its handle is.
            open.turn = waiting.turn;
        }
        change.audit.clear();
        change.unless_locked = code_keys(login, owed);
        change.spend = vec![spend];
        match self.commit(change).await? {
            Committed::Spent => {
                self.refuse(login, Some(waiting), &Reached::owed(owed), Denial::CodeUsedBefore, Vec::new()).await
            }
            Committed::Done { .. } => Ok(Step::Show(waiting.prompt(false))),
            Committed::Locked(until) => {
                let denial = Denial::LockedOut { until };
                self.refuse(login, Some(waiting), &Reached::owed(owed), denial, Vec::new()).await
            }
            Committed::Moved(row) => self.overtaken(login, row),
            _ => self.refuse(login, Some(waiting), &Reached::owed(owed), Denial::UserDisabled, Vec::new()).await,
        }
    }

    /// What an answer from elsewhere uses up, if it is right.
    async fn judged(
        &self,
        login: &Login,
        owed: &Owed,
        method: Method,
        answer: &Answer,
    ) -> Result<Option<Spend>, EngineError> {
        let own: Vec<Authenticator> =
            self.held(owed).await?.into_iter().filter(|authenticator| authenticator.method == method).collect();
        let Some(factor) = self.factor(method) else { return Ok(None) };
        let checked = factor.check(login.id, &own, answer, self.clock.now()).await.map_err(EngineError::Factor)?;
        Ok(match checked {
            Checked::Right(spend) if own.iter().any(|one| one.id == spend.authenticator()) => Some(spend),
            _ => None,
        })
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
            service: format!("{}/{}", request.service.door, request.service.name),
            address: request.origin.address.to_string(),
            why: why.clone(),
        };
        self.store.record(vec![AuditRecord::new(self.clock.now(), event)]).await?;
        Ok(Step::Done(Verdict::Deny(why)))
    }
}
