//! The second step: what the person has, what the rule allows, what the channel can carry.

use crate::attempt::{Login, Owed, Reached, Stage, Waiting};
use crate::engine::Engine;
use crate::engine::first::Typed;
use crate::split::Second;
use crate::{
    Answer, AuditEvent, AuditRecord, Authenticator, AuthenticatorId, Charge, Checked, CoalesceKey, CounterKey, Denial,
    EngineError, Insist, Method, Passcode, PromptKind, Prompts, Settings, Spend, Step, Transition,
};

/// A judged code, over all factors that could be meant.
pub(super) enum Judged {
    Right(Method, Spend),
    UsedBefore,
    Wrong,
}

/// What came with the password, as the second step.
pub(super) enum Brought {
    /// A right code, which is still to be spent.
    Code(Method, Spend),
    UsedBefore,
    /// Nothing, or nothing right: the person was asked or refused.
    Nothing(Step),
}

impl Engine {
    #[expect(clippy::too_many_arguments, reason = "each is a different thing that is known by now")]
    pub(super) async fn second_step(
        &self,
        settings: &Settings,
        login: Login,
        owed: Owed,
        typed: Typed,
        clear: Vec<CounterKey>,
        key: Option<CoalesceKey>,
        from: Option<&Waiting>,
    ) -> Result<Step, EngineError> {
        if let Some(step) = self.remembered(&login, &owed, &clear, from).await? {
            return Ok(step);
        }
        match self.brought(settings, &login, &owed, typed, &clear, key, from).await? {
            Brought::Code(method, spend) => self.allow_with(&login, &owed, method, spend, clear, from).await,
            Brought::UsedBefore => {
                self.refuse(&login, from, &Reached::owed(&owed), Denial::CodeUsedBefore, Vec::new()).await
            }
            Brought::Nothing(step) => Ok(step),
        }
    }

    /// Judge what came with the password, or ask for a factor.
    #[expect(clippy::too_many_arguments, reason = "each is a different thing that is known by now")]
    pub(super) async fn brought(
        &self,
        settings: &Settings,
        login: &Login,
        owed: &Owed,
        typed: Typed,
        clear: &[CounterKey],
        key: Option<CoalesceKey>,
        from: Option<&Waiting>,
    ) -> Result<Brought, EngineError> {
        let held = self.held(owed).await?;
        if held.is_empty() {
            let reached = Reached::owed(owed);
            return self.refuse(login, from, &reached, Denial::NotEnrolled, Vec::new()).await.map(Brought::Nothing);
        }
        let wanted = match typed {
            Some(Second::Code(code)) => {
                return match self.judge(&held, &code).await? {
                    Judged::Right(method, spend) => Ok(Brought::Code(method, spend)),
                    Judged::UsedBefore => Ok(Brought::UsedBefore),
                    Judged::Wrong => {
                        let charges = code_charges(settings, login, owed);
                        self.refuse_code(login, from, owed, charges).await.map(Brought::Nothing)
                    }
                };
            }
            Some(Second::Use(method, number)) => Some((method, number)),
            None => None,
        };
        let (login, owed, clear) = (login.clone(), owed.clone(), clear.to_vec());
        self.offer(settings, login, owed, &held, wanted, clear, key, from).await.map(Brought::Nothing)
    }

    /// A factor that was given not long ago and still counts.
    pub(super) async fn remembered(
        &self,
        login: &Login,
        owed: &Owed,
        clear: &[CounterKey],
        from: Option<&Waiting>,
    ) -> Result<Option<Step>, EngineError> {
        match self.memory(login, owed).await? {
            Some(entry) => self.allow_remembered(login, owed, entry.id, clear.to_vec(), from).await,
            None => Ok(None),
        }
    }

    /// The person's confirmed authenticators that the rule allows: the kind they prefer, then in the rule's order.
    pub(super) async fn held(&self, owed: &Owed) -> Result<Vec<Authenticator>, EngineError> {
        let mut held = self.store.authenticators(owed.identity.user).await?;
        let place = |method: Method| owed.allowed.iter().position(|allowed| *allowed == method);
        held.retain(|authenticator| {
            authenticator.confirmed
                && place(authenticator.method).is_some()
                && self.factor(authenticator.method).is_some()
        });
        let wanted = held.iter().find(|one| one.preferred).map(|one| one.method);
        held.sort_by_key(|one| (Some(one.method) != wanted, place(one.method), one.created));
        Ok(held)
    }

    /// Judge a typed code against everything it could be meant for.
    pub(super) async fn judge(&self, held: &[Authenticator], code: &Passcode) -> Result<Judged, EngineError> {
        // A clock that cannot be believed judges nothing (OTP-08).
        self.clock.sound()?;
        let now = self.clock.now();
        let answer = Answer::typed(code);
        let (mut verdict, mut is_judged, mut failed) = (Judged::Wrong, false, None);
        for (method, own) in by_method(held) {
            let Some(factor) = self.factor(method).filter(|factor| factor.is_typed()) else { continue };
            match factor.check(None, &own, &answer, now).await {
                // A factor may only spend what is the person's own.
                Ok(Checked::Right(spend)) if own.iter().any(|one| one.id == spend.authenticator()) => {
                    return Ok(Judged::Right(method, spend));
                }
                Ok(Checked::UsedBefore(_)) => (verdict, is_judged) = (Judged::UsedBefore, true),
                Ok(Checked::Right(_) | Checked::Wrong | Checked::WrongNumber) => is_judged = true,
                Ok(Checked::NotMine) => {}
                Err(error) => failed = Some(error),
            }
        }
        // Where one factor said "wrong", another's outage must not make the guess free.
        failed.filter(|_| !is_judged).map_or(Ok(verdict), |error| Err(EngineError::Factor(error)))
    }

    /// Nothing was typed: ask for a code, or ring the phone.
    #[expect(clippy::too_many_arguments, reason = "each is a different thing that is known by now")]
    async fn offer(
        &self,
        settings: &Settings,
        login: Login,
        owed: Owed,
        held: &[Authenticator],
        wanted: Option<(Method, Option<u8>)>,
        clear: Vec<CounterKey>,
        key: Option<CoalesceKey>,
        from: Option<&Waiting>,
    ) -> Result<Step, EngineError> {
        let usable = self.usable(settings, &login, held);
        let chosen = match wanted {
            Some((method, _)) => usable.iter().copied().find(|usable| *usable == method),
            None => usable.first().copied(),
        };
        let Some(chosen) = chosen else {
            // They have a factor, but this channel cannot carry it: only a code beside the password would have done.
            return self.refuse(&login, from, &Reached::owed(&owed), Denial::CodeMissing, Vec::new()).await;
        };
        if let Some(until) = self.code_lock(&login, &owed).await? {
            let denial = Denial::LockedOut { until };
            return self.refuse(&login, from, &Reached::owed(&owed), denial, Vec::new()).await;
        }
        let tries = from.map_or(0, |from| from.attempt.stage.tries().saturating_add(1));
        if tries > settings.tries_per_attempt {
            return self.refuse(&login, from, &Reached::owed(&owed), Denial::TooManyTries, Vec::new()).await;
        }
        if self.factor(chosen).is_some_and(|factor| factor.is_typed()) {
            let kind = self.code_prompt(&usable);
            let stage = Stage::Factor { owed, kind, tries, challenge: None, approved: None };
            return self.ask(settings, login, stage, from, key, clear, false).await;
        }
        let own: Vec<Authenticator> = held.iter().filter(|one| one.method == chosen).cloned().collect();
        let number = wanted.and_then(|(_, number)| number);
        let offered = Offered { usable: &usable, chosen, own: &own, number, tries };
        self.ring(settings, login, owed, &offered, clear, key, from).await
    }

    /// Ring the phone. Where it rings or rang too often already, the login is offered a code, so that whoever has the
    /// password can neither wear the person out nor keep their own logins from ringing.
    #[expect(clippy::too_many_arguments, reason = "each is a different thing that is known by now")]
    async fn ring(
        &self,
        settings: &Settings,
        login: Login,
        owed: Owed,
        offered: &Offered<'_>,
        clear: Vec<CounterKey>,
        key: Option<CoalesceKey>,
        from: Option<&Waiting>,
    ) -> Result<Step, EngineError> {
        let &Offered { usable, chosen, own, number, tries } = offered;
        let mut challenge = self.challenge(settings, &login, &owed, asked_device(&login, own, number))?;
        challenge.until = self.until(settings, &login, from);
        let others = usable.iter().copied().filter(|method| *method != chosen).collect();
        let matching = challenge.matching.clone();
        let kind = PromptKind::Wait { method: chosen, others, matching, approved: false };
        let stage =
            Stage::Factor { owed: owed.clone(), kind, tries, challenge: Some(challenge.clone()), approved: None };
        let asking = self.asking(settings, login.clone(), &stage, from, key)?;
        let mut change = Transition { clear: clear.clone(), ..asking };
        Self::guard_phone(settings, &login, &owed, &mut change);
        let Some(step) = self.put(&login, &stage, from, change, false).await? else {
            return self.withhold(settings, login, owed, usable, tries, clear, key, from).await;
        };
        if let (Step::Show(prompt), Some(factor)) = (&step, self.factor(chosen))
            && prompt.attempt == login.id
        {
            // The attempt is in the store before the phone rings, so that an answer finds it on any node.
            let rung: Vec<Authenticator> =
                own.iter().filter(|one| challenge.device.is_none_or(|device| device == one.id)).cloned().collect();
            if let Err(error) = factor.start(&owed.identity, &rung, &challenge).await {
                self.end(login.id, Denial::FactorTimedOut).await?;
                return Err(EngineError::Factor(error));
            }
        }
        Ok(step)
    }

    #[expect(clippy::too_many_arguments, reason = "each is a different thing that is known by now")]
    async fn withhold(
        &self,
        settings: &Settings,
        login: Login,
        owed: Owed,
        usable: &[Method],
        tries: u32,
        clear: Vec<CounterKey>,
        key: Option<CoalesceKey>,
        from: Option<&Waiting>,
    ) -> Result<Step, EngineError> {
        let (attempt, user, service) = (login.id, owed.identity.user, login.service_name());
        tracing::warn!(%user, service, "A phone rings or rang too often already, so it was not rung for a login of {}", owed.identity.name);
        let event = AuditEvent::PushWithheld { attempt, user, service };
        self.store.record(vec![AuditRecord::new(self.clock.now(), event)]).await?;
        let kind = self.code_prompt(usable);
        match &kind {
            PromptKind::EnterCode { methods, .. } if !methods.is_empty() => {
                let stage = Stage::Factor { owed, kind, tries, challenge: None, approved: None };
                self.ask(settings, login, stage, from, key, clear, false).await
            }
            _ => self.refuse(&login, from, &Reached::owed(&owed), Denial::TooManyPushes, Vec::new()).await,
        }
    }

    /// The question for a code, with what else can be chosen.
    fn code_prompt(&self, usable: &[Method]) -> PromptKind {
        let (methods, others): (Vec<Method>, Vec<Method>) =
            usable.iter().partition(|method| self.factor(**method).is_some_and(|factor| factor.is_typed()));
        PromptKind::EnterCode { methods, others }
    }

    /// The methods among `held` that this channel can carry, each once, in order of preference. A channel without
    /// prompts carries what is answered elsewhere, but has no place to type a code.
    pub(super) fn usable(&self, settings: &Settings, login: &Login, held: &[Authenticator]) -> Vec<Method> {
        let mut usable: Vec<Method> = Vec::new();
        // Where no number can be shown, an approval says nothing about whose login it is.
        let can_ring = login.channel.prompts > Prompts::None || !settings.push.nist;
        for authenticator in held {
            let fits = self.factor(authenticator.method).is_some_and(|factor| {
                factor.fits(&login.channel, None)
                    && if factor.is_typed() { login.channel.prompts > Prompts::None } else { can_ring }
            });
            if fits && !usable.contains(&authenticator.method) {
                usable.push(authenticator.method);
            }
        }
        usable
    }

    pub(super) async fn code_lock(&self, login: &Login, owed: &Owed) -> Result<Option<crate::Timestamp>, EngineError> {
        self.locked(&code_keys(login, owed)).await
    }

    pub(super) async fn locked(&self, keys: &[CounterKey]) -> Result<Option<crate::Timestamp>, EngineError> {
        let counters = self.store.counters(keys).await?;
        let now = self.clock.now();
        Ok(counters.iter().filter_map(|counter| counter.is_locked(now)).max())
    }
}

/// What can be offered to a person whose phone is about to ring.
struct Offered<'a> {
    usable: &'a [Method],
    chosen: Method,
    /// Their devices of that kind, oldest first.
    own: &'a [Authenticator],
    /// The device they asked for, counted from 1.
    number: Option<u8>,
    tries: u32,
}

/// The one device that is asked, if it is one: the one under test, the one asked for, the preferred one.
fn asked_device(login: &Login, own: &[Authenticator], number: Option<u8>) -> Option<AuthenticatorId> {
    if let Insist::Test(device) = login.insist {
        return Some(device);
    }
    let asked_for = number.and_then(|number| own.get(usize::from(number).checked_sub(1)?));
    asked_for.or_else(|| own.iter().find(|one| one.preferred)).map(|one| one.id)
}

/// The counters that guard codes: the person's, and their address's where it is known.
pub(super) fn code_keys(login: &Login, owed: &Owed) -> Vec<CounterKey> {
    let from = login.origin.person_address().map(CounterKey::code_from);
    let user = owed.identity.user;
    let own = owed.known.as_deref().map_or_else(|| CounterKey::code_of(user), |place| CounterKey::code_at(user, place));
    std::iter::once(own).chain(from).collect()
}

pub(super) fn code_charges(settings: &Settings, login: &Login, owed: &Owed) -> Vec<Charge> {
    let budgets = [settings.budgets.code_of, settings.budgets.code_from];
    code_keys(login, owed).into_iter().zip(budgets).map(|(key, budget)| Charge { key, budget }).collect()
}

fn by_method(held: &[Authenticator]) -> Vec<(Method, Vec<Authenticator>)> {
    let mut groups: Vec<(Method, Vec<Authenticator>)> = Vec::new();
    for authenticator in held {
        match groups.iter_mut().find(|(method, _)| *method == authenticator.method) {
            Some((_, own)) => own.push(authenticator.clone()),
            None => groups.push((authenticator.method, vec![authenticator.clone()])),
        }
    }
    groups
}
