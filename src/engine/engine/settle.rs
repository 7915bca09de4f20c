//! The end of a login, or its next question: one transaction in the store, and only then a word to the door.

use crate::attempt::{Attempt, EndRecord, Login, Owed, Reached, Stage, Waiting, read, write};
use crate::engine::Engine;
use crate::engine::first::is_collected;
use crate::engine::password::Counted;
use crate::engine::push::push_key;
use crate::engine::second::code_keys;
use crate::throttle::SIGHTING;
use crate::{
    AttemptRow, AuditEvent, AuditRecord, Charge, CoalesceKey, Committed, CounterKey, Decision, Denial, Ended,
    EngineError, FirstFactor, Grant, Method, OpenAttempt, PortError, Position, Prompt, Settings, Spend, Step,
    Timestamp, Transition, TrustId, Verdict,
};

/// What a login that is about to be allowed rests on.
struct Basis<'a> {
    method: Option<Method>,
    spend: Vec<Spend>,
    relies_on: Option<TrustId>,
    clear: Vec<CounterKey>,
    /// That they were let in from there need not be written down again.
    is_sighted: bool,
    from: Option<&'a Waiting>,
}

impl Engine {
    /// Refuse, on the record.
    pub(super) async fn refuse(
        &self,
        login: &Login,
        from: Option<&Waiting>,
        reached: &Reached,
        denial: Denial,
        charge: Vec<Charge>,
    ) -> Result<Step, EngineError> {
        let change = Transition { charge, ..self.ending(login, from, reached, &Verdict::Deny(denial.clone()))? };
        match self.commit(change).await? {
            Committed::Moved(row) => self.overtaken(login, row),
            // A refusal has no precondition but its place, and is one even if the store found another.
            _ => {
                self.over(from, None).await;
                Ok(Step::Done(Verdict::Deny(denial)))
            }
        }
    }

    /// A wrong code: counted, unless the person is locked already; then it is not even told that it was wrong.
    pub(super) async fn refuse_code(
        &self,
        login: &Login,
        from: Option<&Waiting>,
        owed: &Owed,
        charge: Vec<Charge>,
    ) -> Result<Step, EngineError> {
        let (reached, denial) = (Reached::owed(owed), Denial::WrongCode);
        let ending = self.ending(login, from, &reached, &Verdict::Deny(denial.clone()))?;
        let change = Transition { charge, unless_locked: code_keys(login, owed), ..ending };
        match self.commit(change).await? {
            Committed::Moved(row) => self.overtaken(login, row),
            Committed::Locked(until) => {
                self.refuse(login, from, &reached, Denial::LockedOut { until }, Vec::new()).await
            }
            _ => Ok(Step::Done(Verdict::Deny(denial))),
        }
    }

    pub(super) async fn allow_without_factor(
        &self,
        login: &Login,
        from: Option<&Waiting>,
        owed: &Owed,
        Counted { clear, is_sighted }: Counted,
    ) -> Result<Step, EngineError> {
        let basis = Basis { method: None, spend: Vec::new(), relies_on: None, clear, is_sighted, from };
        match self.allow(login, owed, basis).await? {
            Ok(step) => Ok(step),
            Err(denial) => self.refuse(login, from, &Reached::owed(owed), denial, Vec::new()).await,
        }
    }

    pub(super) async fn allow_with(
        &self,
        login: &Login,
        owed: &Owed,
        method: Method,
        spend: Spend,
        clear: Vec<CounterKey>,
        from: Option<&Waiting>,
    ) -> Result<Step, EngineError> {
        match self.try_to_allow(login, owed, method, spend, clear, from).await? {
            Ok(step) => Ok(step),
            Err(denial) => self.refuse(login, from, &Reached::owed(owed), denial, Vec::new()).await,
        }
    }

    /// The inner `Err`: why not. Nothing is recorded then.
    pub(super) async fn try_to_allow(
        &self,
        login: &Login,
        owed: &Owed,
        method: Method,
        spend: Spend,
        clear: Vec<CounterKey>,
        from: Option<&Waiting>,
    ) -> Result<Result<Step, Denial>, EngineError> {
        let (method, spend) = (Some(method), vec![spend]);
        self.allow(login, owed, Basis { method, spend, relies_on: None, clear, is_sighted: false, from }).await
    }

    /// Allow on the strength of a remembered station. `None`: it was revoked in this moment, so a factor is owed.
    pub(super) async fn allow_remembered(
        &self,
        login: &Login,
        owed: &Owed,
        entry: TrustId,
        clear: Vec<CounterKey>,
        from: Option<&Waiting>,
    ) -> Result<Option<Step>, EngineError> {
        let basis = Basis { method: None, spend: Vec::new(), relies_on: Some(entry), clear, is_sighted: false, from };
        Ok(self.allow(login, owed, basis).await?.ok())
    }

    /// The one place where a [`Grant`] comes into being: after the store has committed all of it. The inner `Err` is what
    /// the store found in the way.
    async fn allow(&self, login: &Login, owed: &Owed, basis: Basis<'_>) -> Result<Result<Step, Denial>, EngineError> {
        let verdict = Verdict::Allow(Grant {
            attempt: login.id,
            service: login.service.clone(),
            identity: owed.identity.clone(),
            methods: basis.method.into_iter().collect(),
            remembered: basis.relies_on.is_some(),
            carried: owed.carried.clone(),
        });
        if owed.first_factor != FirstFactor::Accepted {
            let doing = "let somebody in whose first step was not accepted";
            return Err(EngineError::Primary(PortError::unusable(doing)));
        }
        let trust = self.to_remember(login, owed, basis.method)?;
        let codes = if basis.spend.is_empty() { Vec::new() } else { code_keys(login, owed) };
        let mut change = self.ending(login, basis.from, &Reached::owed(owed), &verdict)?;
        if let Some(AuditRecord { event: AuditEvent::LoginDecided(decision), .. }) = change.audit.first_mut() {
            decision.authenticator = basis.spend.first().map(Spend::authenticator);
        }
        change.audit.extend(trust.iter().map(|entry| self.granted(entry)));
        change.unless_locked = codes.clone();
        change.clear = basis.clear;
        // A right code shows that the wrong ones were the person's own. Those of their address stay counted.
        change.clear.extend(codes.into_iter().take(1));
        if basis.method == Some(Method::Push) {
            // The phone is in its owner's hands: what rang before was theirs.
            change.clear.push(CounterKey::push_of(owed.identity.user));
            change.clear.push(push_key(owed));
            // Unless its owner has said since that somebody else is at work.
            change.unless_locked.push(CounterKey::report_of(owed.identity.user));
        }
        change.charge = sighting(login, owed).filter(|_| !basis.is_sighted).into_iter().collect();
        let watched = self.watch_account(login, owed, &mut change).await?;
        let now = change.now;
        change.if_enabled = Some(owed.identity.user);
        change.signed_in = Some(owed.identity.user);
        change.relies_on = basis.relies_on;
        let answered = basis.spend.first().map(Spend::authenticator);
        change.spend = basis.spend;
        change.trust = trust;
        Ok(match self.commit(change).await? {
            Committed::Done { .. } => {
                self.over(basis.from, answered).await;
                if let Some(watched) = watched {
                    self.has_watched(watched, now, owed.identity.user);
                }
                Ok(Step::Done(verdict))
            }
            Committed::Moved(row) => Ok(self.overtaken(login, row)?),
            Committed::Spent => Err(Denial::CodeUsedBefore),
            Committed::Locked(until) => Err(Denial::LockedOut { until }),
            Committed::UserGone => Err(Denial::UserDisabled),
            Committed::TrustGone => Err(Denial::CodeMissing),
            Committed::Crowded => Err(Denial::TooManyPushes),
        })
    }

    /// Put a question, and keep the attempt where any node finds it.
    #[expect(clippy::too_many_arguments, reason = "each is a different part of one transition")]
    pub(super) async fn ask(
        &self,
        settings: &Settings,
        login: Login,
        stage: Stage,
        from: Option<&Waiting>,
        key: Option<CoalesceKey>,
        clear: Vec<CounterKey>,
        again: bool,
    ) -> Result<Step, EngineError> {
        let change = Transition { clear, ..self.asking(settings, login.clone(), &stage, from, key)? };
        match self.put(&login, &stage, from, change, again).await? {
            Some(step) => Ok(step),
            // Nothing guards a question that rings nobody.
            None => Err(EngineError::Joined),
        }
    }

    /// Put a question. `None`: what guards phones does not let it.
    pub(super) async fn put(
        &self,
        login: &Login,
        stage: &Stage,
        from: Option<&Waiting>,
        change: Transition,
        again: bool,
    ) -> Result<Option<Step>, EngineError> {
        let (turn, expires) = match &change.to {
            Some(Position::Open(open)) => (open.turn, open.expires),
            _ => return Err(EngineError::Joined),
        };
        let step = match self.commit(change).await? {
            Committed::Done { .. } => {
                // A phone that was asked before is asked no more.
                self.over(from, None).await;
                Step::Show(Prompt { attempt: login.id, turn, kind: stage.kind(), until: expires, again })
            }
            Committed::Crowded | Committed::Locked(_) => return Ok(None),
            // Another node opened the same sign-in in this moment: what comes of that will count for this login too, which is
            // decided by itself all the same.
            Committed::Moved(Some(row)) if row.id != login.id && login.repeats.is_some() => {
                Step::Show(Waiting::of(&row)?.ok_or(EngineError::Joined)?.prompt(false))
            }
            // Another node opened the same login in this moment: its question is ours.
            Committed::Moved(Some(row)) if row.id != login.id => match self.waiting(row.id).await? {
                // Not to be shared: whoever asks again begins anew in its place.
                Some(other) if is_collected(&other.attempt.login, &other.attempt.stage.kind()) => {
                    return Err(EngineError::Joined);
                }
                Some(other) => Step::Show(other.prompt(false)),
                None => match self.verdict_so_far(row.id).await? {
                    Some(verdict) => Step::Done(verdict),
                    None => return Err(EngineError::Joined),
                },
            },
            Committed::Moved(row) => self.overtaken(login, row)?,
            _ => self.refuse(login, from, &Reached::stage(stage), Denial::UserDisabled, Vec::new()).await?,
        };
        Ok(Some(step))
    }

    /// When a question that is put now is over. An attempt does not live longer for being asked again.
    pub(super) fn until(&self, settings: &Settings, login: &Login, from: Option<&Waiting>) -> Timestamp {
        let now = self.clock.now();
        from.map_or_else(|| now.after(settings.prompt_lifetime).min(patience_ends(login)), |from| from.expires)
    }

    /// The transition that puts a question.
    pub(super) fn asking(
        &self,
        settings: &Settings,
        login: Login,
        stage: &Stage,
        from: Option<&Waiting>,
        key: Option<CoalesceKey>,
    ) -> Result<Transition, EngineError> {
        let now = self.clock.now();
        let expires = self.until(settings, &login, from);
        let methods = match stage.kind() {
            crate::PromptKind::EnterCode { methods, .. } => methods,
            crate::PromptKind::Wait { method, .. } => vec![method],
            crate::PromptKind::Relayed { .. } => Vec::new(),
        };
        let user = stage.owed().map(|owed| owed.identity.user);
        let prompted = AuditEvent::LoginPrompted { attempt: login.id, user, methods };
        let mut change = Transition::new(login.id, now);
        let attempt = Attempt { login, stage: stage.clone() };
        let payload = write(&attempt)?;
        change.from = from.map(|from| from.version);
        // The first request of the login may still be repeated: it finds the question that is open by then.
        let coalesce = key.or_else(|| from.and_then(|from| from.coalesce));
        // What was approved and not collected yet still belongs to the phone: a report has to find it (OOB-04).
        let ringing = stage.asks_a_phone().then(|| attempt.login.service_name());
        let turn = self.draw_turn()?;
        change.to = Some(Position::Open(OpenAttempt { user, coalesce, turn, expires, ringing, payload }));
        change.if_enabled = user;
        change.audit = vec![AuditRecord::new(now, prompted)];
        Ok(change)
    }

    /// The transition that ends a login with this verdict, and its audit record.
    pub(super) fn ending(
        &self,
        login: &Login,
        from: Option<&Waiting>,
        reached: &Reached,
        verdict: &Verdict,
    ) -> Result<Transition, EngineError> {
        let now = self.clock.now();
        let mut change = Transition::new(login.id, now);
        change.from = from.map(|from| from.version);
        if from.is_some() {
            let payload = write(&EndRecord::of(verdict, from))?;
            change.to = Some(Position::Ended(Ended { allowed: verdict.is_allow(), payload }));
        }
        change.audit = vec![AuditRecord::new(now, decision(login, reached, verdict, now))];
        Ok(change)
    }

    /// Commit, and say in the log what locked.
    pub(super) async fn commit(&self, change: Transition) -> Result<Committed, EngineError> {
        let committed = self.store.commit(change).await?;
        if let Committed::Done { locked } = &committed {
            for (key, until) in locked {
                let now = self.clock.now();
                tracing::warn!(counter = %key.0, seconds = until.since(now).as_secs(), "Too many failures: {} is locked", key.0);
            }
        }
        Ok(committed)
    }

    /// Somebody else moved the attempt first. If they ended it, their verdict stands for us too; if it merely went on, what
    /// we held was an answer to an old question.
    pub(super) fn overtaken(&self, login: &Login, row: Option<AttemptRow>) -> Result<Step, EngineError> {
        match row.map(|row| row.position) {
            Some(Position::Ended(ended)) if login.channel.prompts == crate::Prompts::None => {
                Ok(Step::Done(read::<EndRecord>(&ended.payload)?.into_verdict(login.id)))
            }
            Some(_) => Ok(Step::Done(Verdict::Deny(Denial::AnswerStale))),
            None => Ok(Step::Done(Verdict::Deny(Denial::AttemptUnknown))),
        }
    }

    /// A login that ended in an error leaves a trace too, if the store still takes one.
    pub(super) async fn note_undecided(
        &self,
        attempt: crate::AttemptId,
        typed: String,
        service: String,
        error: &EngineError,
    ) {
        if matches!(error, EngineError::Joined | EngineError::Store(_)) {
            return;
        }
        let event = AuditEvent::LoginUndecided { attempt, typed, service, why: error.to_string() };
        let record = AuditRecord::new(self.clock.now(), event);
        if let Err(error) = self.store.record(vec![record]).await {
            tracing::error!(%attempt, %error, "A login without a verdict could not be recorded either");
        }
    }
}

/// Where somebody was let in, they are known for a while.
fn sighting(login: &Login, owed: &Owed) -> Option<Charge> {
    if login.is_by_app_password() {
        return None;
    }
    let (source, id) = (&owed.identity.source, &owed.identity.source_id);
    let key = CounterKey::known_at(source, id, &login.origin.place()?);
    Some(Charge { key, budget: SIGHTING })
}

/// A question cannot outlive the patience of a client that shows nothing; one that shows it may come back later.
fn patience_ends(login: &Login) -> Timestamp {
    match login.channel.prompts {
        crate::Prompts::None => login.began.after(login.channel.patience),
        crate::Prompts::Text | crate::Prompts::Page => Timestamp(i64::MAX),
    }
}

fn decision(login: &Login, reached: &Reached, verdict: &Verdict, now: Timestamp) -> AuditEvent {
    let (denial, methods, remembered) = match verdict {
        Verdict::Allow(grant) => (None, grant.methods.clone(), grant.remembered),
        Verdict::Deny(denial) => (Some(denial.clone()), Vec::new(), false),
    };
    AuditEvent::LoginDecided(Box::new(Decision {
        attempt: login.id,
        allowed: verdict.is_allow(),
        denial,
        typed: login.typed.clone(),
        user: reached.identity.as_ref().map(|identity| identity.user),
        name: reached.identity.as_ref().map(|identity| identity.name.clone()),
        service: login.service_name(),
        address: login.origin.address.to_string(),
        station: login.origin.station.as_ref().map(|station| station.as_str().to_owned()),
        first_factor: reached.first_factor,
        methods,
        authenticator: None,
        client: login.origin.client.as_ref().map(|client| (**client).to_owned()),
        remembered,
        rule: reached.rule.clone(),
        took: u64::try_from(now.since(login.began).as_micros()).unwrap_or(u64::MAX),
    }))
}
