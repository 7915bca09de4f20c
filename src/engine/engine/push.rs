//! Phones: what they are asked, what they answer, and what a "that was not me" costs a stranger.

use crate::attempt::{Approval, Login, Owed, Reached, Stage, Waiting, draw, read};
use crate::engine::second::{code_charges, code_keys};
use crate::engine::{Engine, MatchingRule};
use crate::plain::plain_text;
use crate::throttle::ENDING;
use crate::{
    Answer, AttemptId, AuditEvent, AuditRecord, Authenticator, AuthenticatorId, Challenge, Charge, Checked, Committed,
    Context, CounterKey, Crowd, Denial, EngineError, FirstFactor, Insist, Matching, Method, Nonce, Number, OpenAttempt,
    Position, PromptKind, Prompts, Responded, Settings, Spend, Step, Transition, UserId, Verdict,
};

/// The longest piece of foreign text a phone shows.
const TEXT_CHARS_MAX: usize = 80;

impl Engine {
    /// What to ask the phone. A new number and a new nonce for every challenge.
    pub(super) fn challenge(
        &self,
        settings: &Settings,
        login: &Login,
        owed: &Owed,
        device: Option<AuthenticatorId>,
    ) -> Result<Challenge, EngineError> {
        let now = self.clock.now();
        let octets = || draw::<8>(&*self.random).map_err(EngineError::Random);
        let number = |octets| Number::draw(octets, settings.push.digits);
        let matching = match (login.channel.prompts, settings.push.matching) {
            (Prompts::None, _) | (_, MatchingRule::Off) => Matching::Off,
            (_, MatchingRule::Shown) => Matching::Shown(number(octets()?)),
            (_, MatchingRule::FromPhone) => Matching::FromPhone(number(octets()?)),
        };
        let nonce = Nonce::new(draw::<16>(&*self.random).map_err(EngineError::Random)?);
        let context = Self::context(settings, login, owed);
        // Put right when the question is put: an attempt does not live longer for being asked again.
        Ok(Challenge { attempt: login.id, nonce, matching, device, context, asked: now, until: now })
    }

    fn context(settings: &Settings, login: &Login, owed: &Owed) -> Context {
        let address = login.origin.person_address().map(|address| address.to_canonical());
        let place = settings.places.iter().find(|(network, _)| address.is_some_and(|here| network.contains(&here)));
        Context {
            service: login.service.clone(),
            account: plain_text(&owed.identity.name, TEXT_CHARS_MAX),
            address: address.map(|address| address.to_string()),
            station: login.origin.station.as_ref().map(|station| plain_text(station.as_str(), TEXT_CHARS_MAX)),
            client: login.origin.client.as_ref().map(|client| plain_text(client, TEXT_CHARS_MAX)),
            place: place.map(|(_, name)| name.clone()),
            known: owed.known.is_some(),
            test: matches!(login.insist, Insist::Test(_)),
        }
    }

    /// Whether a phone may be asked at all: what is ringing, and how often it rang.
    pub(super) fn guard_phone(settings: &Settings, login: &Login, owed: &Owed, change: &mut Transition) {
        let (user, rules, budgets) = (owed.identity.user, &settings.push, &settings.budgets);
        let of = Charge { key: push_key(owed), budget: budgets.push_of };
        let from = login.origin.person_address().map(CounterKey::push_from);
        let from = from.map(|key| Charge { key, budget: budgets.push_from });
        let charges: Vec<Charge> = [Some(of), from].into_iter().flatten().collect();
        change.unless_locked.extend(charges.iter().map(|charge| charge.key.clone()));
        change.unless_locked.push(CounterKey::report_of(user));
        change.charge.extend(charges);
        let service = login.service_name();
        // A stranger who rings all the time must not take the last place from the person at home.
        let more = u32::from(owed.known.is_some());
        let (of_service, in_all) = (rules.of_service.saturating_add(more), rules.in_all.saturating_add(more));
        change.unless_crowded = Some(Crowd { user, service, of_service, in_all });
    }

    /// What this person's phones are asked right now.
    pub async fn pending(&self, user: UserId) -> Result<Vec<Challenge>, EngineError> {
        let now = self.clock.now();
        let mut pending = Vec::new();
        for row in self.store.ringing(user, now).await? {
            let Position::Open(open) = row.position else { continue };
            let attempt = read::<crate::attempt::Attempt>(&open.payload)?;
            let is_theirs = attempt.stage.owed().is_some_and(|owed| owed.identity.user == user);
            pending.extend(attempt.stage.rings().filter(|_| is_theirs && now < open.expires).cloned());
        }
        Ok(pending)
    }

    /// An answer from elsewhere: a phone says yes or no. What it proves is judged by the factor that asked. The door of the
    /// login hears of it; the phone is told only what became of its answer.
    pub async fn respond(
        &self,
        attempt: AttemptId,
        device: AuthenticatorId,
        answer: Answer,
    ) -> Result<Responded, EngineError> {
        // A clock that cannot be believed judges nothing (OTP-08).
        self.clock.sound()?;
        let Some(authenticator) = self.store.authenticator(device).await? else { return Ok(Responded::Over) };
        let user = authenticator.user;
        let Some(waiting) = self.waiting(attempt).await? else {
            return self.refuse_phone(attempt, user, device, Denial::AttemptUnknown).await;
        };
        let Stage::Factor { owed, kind: PromptKind::Wait { method, .. }, challenge: Some(challenge), .. } =
            &waiting.attempt.stage
        else {
            return self.refuse_phone(attempt, user, device, Denial::AnswerStale).await;
        };
        if waiting.attempt.stage.rings().is_none() || owed.identity.user != user {
            return self.refuse_phone(attempt, user, device, Denial::AnswerStale).await;
        }
        if self.clock.now() >= waiting.expires {
            self.end(attempt, Denial::FactorTimedOut).await?;
            return self.refuse_phone(attempt, user, device, Denial::FactorTimedOut).await;
        }
        let by = match &answer {
            Answer::Approved { method, .. } | Answer::Declined { method, .. } => Some(*method),
            Answer::Typed(_) | Answer::Look => None,
        };
        if by != Some(*method) {
            return self.refuse_phone(attempt, user, device, Denial::AnswerStale).await;
        }
        match self.judged(owed, *method, challenge, &answer).await? {
            Checked::Right(spend) if spend.authenticator() == device => match answer {
                Answer::Declined { reported, .. } => self.declined(&waiting, owed, device, *method, reported).await,
                _ => self.approved(&waiting, owed, *method, challenge, spend).await,
            },
            Checked::WrongNumber => self.wrong_number(&waiting, owed, device, *method).await,
            _ => self.refuse_phone(attempt, user, device, Denial::WrongCode).await,
        }
    }

    /// What the factor says of an answer from elsewhere.
    async fn judged(
        &self,
        owed: &Owed,
        method: Method,
        challenge: &Challenge,
        answer: &Answer,
    ) -> Result<Checked, EngineError> {
        let own: Vec<Authenticator> = self.held(owed).await?.into_iter().filter(|one| one.method == method).collect();
        let Some(factor) = self.factor(method) else { return Ok(Checked::NotMine) };
        let checked =
            factor.check(Some(challenge), &own, answer, self.clock.now()).await.map_err(EngineError::Factor)?;
        Ok(match checked {
            Checked::Right(spend) if !own.iter().any(|one| one.id == spend.authenticator()) => Checked::NotMine,
            checked => checked,
        })
    }

    async fn approved(
        &self,
        waiting: &Waiting,
        owed: &Owed,
        method: Method,
        challenge: &Challenge,
        spend: Spend,
    ) -> Result<Responded, EngineError> {
        let login = &waiting.attempt.login;
        if login.channel.prompts == Prompts::None && owed.first_factor == FirstFactor::Accepted {
            return match self.allow_with(login, owed, method, spend, Vec::new(), Some(waiting)).await? {
                Step::Done(Verdict::Allow(_)) => Ok(Responded::Approved { show: None }),
                Step::Done(Verdict::Deny(Denial::LockedOut { until })) => Ok(Responded::Locked(until)),
                _ => Ok(Responded::Over),
            };
        }
        // The place of the login holds a question and will come back with its answer, or the password is still to be tried:
        // the approval waits for it there.
        let Stage::Factor { kind, tries, .. } = &waiting.attempt.stage else { return Ok(Responded::Over) };
        let authenticator = spend.authenticator();
        let show = match &challenge.matching {
            Matching::FromPhone(number) => Some(number.clone()),
            Matching::Off | Matching::Shown(_) => None,
        };
        let mut kind = kind.clone();
        if let PromptKind::Wait { approved, .. } = &mut kind {
            *approved = true;
        }
        let stage = Stage::Factor {
            owed: owed.clone(),
            kind,
            tries: *tries,
            challenge: Some(challenge.clone()),
            approved: Some(Approval { method, authenticator }),
        };
        let mut change = self.same_question(waiting, &stage)?;
        let (attempt, user) = (login.id, owed.identity.user);
        let event = AuditEvent::FactorApproved { attempt, user, authenticator, method };
        change.audit = vec![AuditRecord::new(change.now, event)];
        change.unless_locked = code_keys(login, owed);
        change.unless_locked.push(CounterKey::report_of(user));
        change.spend = vec![spend];
        match self.commit(change).await? {
            Committed::Done { .. } => {
                self.over(Some(waiting), Some(authenticator)).await;
                Ok(Responded::Approved { show })
            }
            Committed::Locked(until) => {
                let denial = Denial::LockedOut { until };
                self.refuse(login, Some(waiting), &Reached::owed(owed), denial, Vec::new()).await?;
                Ok(Responded::Locked(until))
            }
            Committed::Moved(_) => self.refuse_phone(attempt, user, authenticator, Denial::AnswerStale).await,
            Committed::UserGone => {
                self.refuse(login, Some(waiting), &Reached::owed(owed), Denial::UserDisabled, Vec::new()).await?;
                Ok(Responded::Over)
            }
            Committed::Spent | Committed::TrustGone | Committed::Crowded => {
                self.refuse_phone(attempt, user, authenticator, Denial::CodeUsedBefore).await
            }
        }
    }

    /// No, from a phone: the login ends at once. A report costs more: whoever is signed in as this person is signed out,
    /// what else rings is over, and the phone rings no more for a while.
    async fn declined(
        &self,
        waiting: &Waiting,
        owed: &Owed,
        device: AuthenticatorId,
        method: Method,
        reported: bool,
    ) -> Result<Responded, EngineError> {
        let settings = self.settings();
        let login = &waiting.attempt.login;
        let (attempt, user) = (login.id, owed.identity.user);
        let why = if reported { Denial::Reported } else { Denial::Declined };
        let mut change = self.ending(login, Some(waiting), &Reached::owed(owed), &Verdict::Deny(why.clone()))?;
        let declined = AuditEvent::FactorDeclined { attempt, user, authenticator: device, method, why: why.clone() };
        change.audit.insert(0, AuditRecord::new(change.now, declined));
        if reported {
            let (service, address) = (login.service_name(), login.origin.address.to_string());
            self.forsake(&settings, user, attempt, Some(device), service, address, &mut change);
        } else {
            // A request that was not wanted counts twice.
            change.charge.push(Charge { key: push_key(owed), budget: settings.budgets.push_of });
        }
        match self.commit(change).await? {
            Committed::Moved(_) => return self.refuse_phone(attempt, user, device, Denial::AnswerStale).await,
            _ => self.over(Some(waiting), Some(device)).await,
        }
        if reported {
            tracing::warn!(%user, service = login.service_name(), %attempt, "Alert: {} reports a login that is not theirs", owed.identity.name);
            self.silence(user).await?;
            return Ok(Responded::Reported);
        }
        Ok(Responded::Declined)
    }

    /// Somebody says of a login that is over that it was not theirs: the same as a report in time, but for the login.
    pub async fn disown(
        &self,
        user: UserId,
        attempt: AttemptId,
        service: String,
        address: String,
    ) -> Result<(), EngineError> {
        let settings = self.settings();
        let mut change = Transition::new(self.draw_attempt()?, self.clock.now());
        self.forsake(&settings, user, attempt, None, service, address, &mut change);
        match self.commit(change).await? {
            Committed::Done { .. } => {}
            _ => return Err(EngineError::Joined),
        }
        tracing::warn!(%user, %attempt, "Alert: a user reports an earlier login that was not theirs");
        self.silence(user).await
    }

    #[expect(clippy::too_many_arguments, reason = "each is a different part of one record")]
    fn forsake(
        &self,
        settings: &Settings,
        user: UserId,
        attempt: AttemptId,
        authenticator: Option<AuthenticatorId>,
        service: String,
        address: String,
        change: &mut Transition,
    ) {
        let reported = AuditEvent::LoginReported { attempt, user, authenticator, service, address };
        change.audit.push(AuditRecord::new(change.now, reported));
        change.forget = Some(user);
        change.charge.push(Charge { key: CounterKey::standing_ended(user), budget: ENDING });
        if settings.push.report_locks {
            change.charge.push(Charge { key: CounterKey::report_of(user), budget: settings.budgets.report_of });
        }
    }

    /// End everything that rings this person's phone, and what was approved there and not collected yet.
    async fn silence(&self, user: UserId) -> Result<(), EngineError> {
        for row in self.store.ringing(user, self.clock.now()).await? {
            self.end(row.id, Denial::Reported).await?;
        }
        Ok(())
    }

    /// Another number than the login shows: somebody approves what is not in front of them. It counts, this request is
    /// over, and the login goes on with a code where the person has one (OOB-02).
    async fn wrong_number(
        &self,
        waiting: &Waiting,
        owed: &Owed,
        device: AuthenticatorId,
        method: Method,
    ) -> Result<Responded, EngineError> {
        let settings = self.settings();
        let login = &waiting.attempt.login;
        let (attempt, user) = (login.id, owed.identity.user);
        let held = self.held(owed).await?;
        let usable = self.usable(&settings, login, &held);
        let (typed, others): (Vec<Method>, Vec<Method>) =
            usable.into_iter().partition(|method| self.factor(*method).is_some_and(|factor| factor.is_typed()));
        let tries = waiting.attempt.stage.tries().saturating_add(1);
        let goes_on = !typed.is_empty() && tries < settings.tries_per_attempt;
        let mut change = if goes_on {
            let kind = PromptKind::EnterCode { methods: typed, others };
            let stage = Stage::Factor { owed: owed.clone(), kind, tries, challenge: None, approved: None };
            self.same_question(waiting, &stage)?
        } else {
            self.ending(login, Some(waiting), &Reached::owed(owed), &Verdict::Deny(Denial::WrongNumber))?
        };
        let why = Denial::WrongNumber;
        let event = AuditEvent::FactorDeclined { attempt, user, authenticator: device, method, why };
        change.audit.insert(0, AuditRecord::new(change.now, event));
        change.charge = code_charges(&settings, login, owed);
        change.unless_locked = code_keys(login, owed);
        match self.commit(change).await? {
            Committed::Moved(_) => self.refuse_phone(attempt, user, device, Denial::AnswerStale).await,
            Committed::Locked(until) => {
                let denial = Denial::LockedOut { until };
                self.refuse(login, Some(waiting), &Reached::owed(owed), denial, Vec::new()).await?;
                Ok(Responded::Locked(until))
            }
            Committed::UserGone => {
                self.refuse(login, Some(waiting), &Reached::owed(owed), Denial::UserDisabled, Vec::new()).await?;
                Ok(Responded::Over)
            }
            _ => {
                self.over(Some(waiting), Some(device)).await;
                Ok(Responded::WrongNumber)
            }
        }
    }

    /// The waiting attempt in another stage, under the handle that its client holds.
    fn same_question(&self, waiting: &Waiting, stage: &Stage) -> Result<Transition, EngineError> {
        let mut change = self.asking(&self.settings(), waiting.attempt.login.clone(), stage, Some(waiting), None)?;
        if let Some(Position::Open(OpenAttempt { turn, .. })) = &mut change.to {
            *turn = waiting.turn;
        }
        change.audit.clear();
        Ok(change)
    }

    /// On the record, and nothing else changes.
    async fn refuse_phone(
        &self,
        attempt: AttemptId,
        user: UserId,
        authenticator: AuthenticatorId,
        why: Denial,
    ) -> Result<Responded, EngineError> {
        let event = AuditEvent::PushRefused { attempt, user, authenticator, why };
        self.store.record(vec![AuditRecord::new(self.clock.now(), event)]).await?;
        Ok(Responded::Over)
    }
}

/// What rings of a login are counted under: apart where the person was let in before, so that strangers elsewhere do not
/// keep their phone from ringing.
pub(super) fn push_key(owed: &Owed) -> CounterKey {
    let user = owed.identity.user;
    owed.known.as_deref().map_or_else(|| CounterKey::push_of(user), |place| CounterKey::push_at(user, place))
}
