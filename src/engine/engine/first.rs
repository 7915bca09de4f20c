//! The first step of a login: throttle, who is it, is it asked twice, the primary's answer, and what policy makes of it.

use crate::attempt::{Login, Owed, Reached, Stage, Waiting};
use crate::coalesce::{Lead, Outcome, Seat, follow};
use crate::engine::Engine;
use crate::split::Second;
use crate::throttle::KNOWN_FOR;
use crate::{
    Answer, AttemptId, Charge, CoalesceKey, CounterKey, Denial, EngineError, Facts, Identified, Identity, Insist,
    LoginRequest, Method, Origin, Password, Person, PortError, Primary, PrimaryAuthenticator, PrimaryOutcome,
    PrimaryRefusal, PromptKind, Prompts, Requirement, Settings, Split, Step, Subject, Timestamp, Turn, Withdrawn,
    split,
};

/// What came with the password besides the password.
pub(super) type Typed = Option<Second>;

/// A password login, and whom it is about.
struct Asked<'a> {
    request: &'a LoginRequest,
    subject: Subject,
    /// The source has named the person, not only the name it will ask for.
    is_sure: bool,
    password: &'a Password,
    typed: Typed,
}

impl Engine {
    pub(super) async fn first_step(
        &self,
        login: Login,
        request: LoginRequest,
        primary: Primary<'_>,
    ) -> Result<Step, EngineError> {
        let settings = self.settings();
        match primary {
            Primary::Proven(person) => {
                let typed = request.passcode.as_ref().map(Second::of);
                self.accepted(&settings, login, person, typed, Vec::new(), None, None).await
            }
            Primary::Password { password, with } => {
                let (rest, typed) = match &request.passcode {
                    // With a field of its own for the second step, the other one is all password.
                    Some(code) => (password.clone(), Some(Second::of(code))),
                    None => {
                        let Split { password: rest, second } = split(&password, &request.splitting);
                        (rest, second)
                    }
                };
                if rest.is_empty() {
                    return self.refuse(&login, None, &Reached::NOTHING, Denial::EmptyPassword, Vec::new()).await;
                }
                // Before anybody is asked: an address that was locked for guessing names costs the directory nothing.
                if let Some(until) = self.address_lock(&login).await? {
                    let denial = Denial::LockedOut { until };
                    return self.refuse(&login, None, &Reached::NOTHING, denial, Vec::new()).await;
                }
                let (subject, is_sure) = match with.identify(&request.user).await.map_err(EngineError::Primary)? {
                    Identified::Known(subject) => (subject, true),
                    Identified::Provisional(subject) => (subject, false),
                    Identified::Unknown => return self.unknown(&settings, login, &rest, with).await,
                };
                let asked = Asked { request: &request, subject, is_sure, password: &rest, typed };
                if !joins(&login, &*with) {
                    return self.primary_step(&settings, login, asked, with, None).await;
                }
                let key = self.coalesce_key(&login, &asked, &password);
                let lead = match self.lead(key).await? {
                    Ok(lead) => lead,
                    Err(Step::Show(prompt)) if is_collected(&login, &prompt.kind) => {
                        return self.primary_step(&settings, login, asked, with, None).await;
                    }
                    Err(step) => return Ok(step),
                };
                let step = self.primary_step(&settings, login, asked, with, Some(key)).await;
                lead.tell(Outcome::of(&step));
                step
            }
        }
    }

    /// Nobody knows this name. It costs the stranger the same time as a wrong password, and counts against their address.
    async fn unknown(
        &self,
        settings: &Settings,
        login: Login,
        password: &Password,
        with: &mut dyn PrimaryAuthenticator,
    ) -> Result<Step, EngineError> {
        with.pretend(password).await;
        let charge = login
            .origin
            .person_address()
            .map(|address| Charge { key: CounterKey::password_from(address), budget: settings.budgets.password_from });
        self.refuse(&login, None, &Reached::REFUSED, Denial::UnknownUser, charge.into_iter().collect()).await
    }

    /// Do it once, however often it is asked: either the duty to do it, or what came of it when somebody else did.
    pub(super) async fn lead(&self, key: CoalesceKey) -> Result<Result<Lead, Step>, EngineError> {
        loop {
            match self.running.sit(key) {
                Seat::Lead(lead) => return Ok(Ok(lead)),
                Seat::Follow(receiver) => match follow(receiver).await {
                    Some(Outcome::Show(prompt)) => return Ok(Err(Step::Show(prompt))),
                    Some(Outcome::Done(verdict)) => return Ok(Err(Step::Done(verdict))),
                    Some(Outcome::Failed) => return Err(EngineError::Joined),
                    // The leader left without a word: sit down again.
                    None => {}
                },
            }
        }
    }

    /// The same login may wait already, begun by another packet or on another node: show its question again.
    async fn join_waiting(&self, key: &CoalesceKey, login: &Login) -> Result<Option<Step>, EngineError> {
        let Some(id) = self.store.attempt_by_key(key, self.clock.now()).await? else { return Ok(None) };
        let Some(waiting) = self.waiting(id).await? else { return Ok(None) };
        if is_collected(&waiting.attempt.login, &waiting.attempt.stage.kind()) {
            self.cancel(id, Withdrawn::Superseded).await?;
            return Ok(None);
        }
        let same = waiting.attempt.login.service == login.service && waiting.attempt.login.channel == login.channel;
        Ok(same.then(|| Step::Show(waiting.prompt(false))))
    }

    async fn address_lock(&self, login: &Login) -> Result<Option<Timestamp>, EngineError> {
        match login.origin.person_address().map(CounterKey::password_from) {
            Some(from) => self.locked(&[from]).await,
            None => Ok(None),
        }
    }

    async fn primary_step(
        &self,
        settings: &Settings,
        login: Login,
        asked: Asked<'_>,
        with: &mut dyn PrimaryAuthenticator,
        key: Option<CoalesceKey>,
    ) -> Result<Step, EngineError> {
        let Asked { request, subject, is_sure, password, typed } = asked;
        if let Some(key) = &key
            && let Some(step) = self.join_waiting(key, &login).await?
        {
            return Ok(step);
        }
        let _pass = self.pass(settings, &login, &subject).await;
        let failed = match self.standing(&login, &subject).await? {
            Ok(failed) => failed,
            Err(until) => {
                with.pretend(password).await;
                let reached = Reached { identity: self.known(&subject).await?, ..Reached::NOTHING };
                return self.refuse(&login, None, &reached, Denial::LockedOut { until }, Vec::new()).await;
            }
        };
        let outcome = with.authenticate(&request.user, &subject, password).await.map_err(EngineError::Primary)?;
        match outcome {
            PrimaryOutcome::Accepted(person) => {
                same_person(&subject, &person, is_sure)?;
                self.accepted(settings, login, person, typed, failed, key, None).await
            }
            PrimaryOutcome::Refused(refusal) => {
                let charges = self.password_charges(settings, &login, &subject, refusal);
                let reached = Reached { identity: self.known(&subject).await?, ..Reached::REFUSED };
                self.refuse(&login, None, &reached, Denial::Primary(refusal), charges).await
            }
            PrimaryOutcome::Continue(_) if login.channel.prompts == Prompts::None => {
                self.refuse(&login, None, &Reached::NOTHING, Denial::CodeMissing, Vec::new()).await
            }
            PrimaryOutcome::Continue(continuation) => {
                let stage = Stage::Relayed { subject, text: continuation.text, state: continuation.state };
                self.ask(settings, login, stage, None, key, Vec::new(), false).await
            }
        }
    }

    /// Wait for a place among those whose password is tried right now.
    pub(super) async fn pass(
        &self,
        settings: &Settings,
        login: &Login,
        subject: &Subject,
    ) -> Option<tokio::sync::OwnedSemaphorePermit> {
        let keys = own_keys(&login.origin, subject);
        self.gates.pass(keys.first()?, settings.budgets.password_at.tries).await
    }

    /// The person's password counters that hold failures, to be cleared by a right password; `Err` holds until when a
    /// counter locks them, or their address.
    pub(super) async fn standing(
        &self,
        login: &Login,
        subject: &Subject,
    ) -> Result<Result<Vec<CounterKey>, Timestamp>, EngineError> {
        let own = own_keys(&login.origin, subject);
        let place = login.origin.place();
        let known = place.map(|place| CounterKey::known_at(&subject.source, &subject.id, &place));
        let from = login.origin.person_address().map(CounterKey::password_from);
        let keys: Vec<CounterKey> = own.iter().cloned().chain(from).chain(known.clone()).collect();
        let counters = self.store.counters(&keys).await?;
        let now = self.clock.now();
        let seen = known.and_then(|_| counters.last()).and_then(|sighting| sighting.last_failure);
        let is_known = seen.is_some_and(|seen| seen <= now && now.since(seen) < KNOWN_FOR);
        // Strangers elsewhere can use up the person's budget; from where they were let in before, only failures there count.
        let anywhere = CounterKey::password_of(subject);
        let counts = |key: &CounterKey| !(is_known && *key == anywhere);
        let locks = keys.iter().zip(&counters).filter(|(key, _)| counts(key));
        if let Some(until) = locks.filter_map(|(_, counter)| counter.is_locked(now)).max() {
            return Ok(Err(until));
        }
        let failed = own.into_iter().zip(counters).filter(|(_, counter)| counter.failures > 0);
        Ok(Ok(failed.map(|(key, _)| key).collect()))
    }

    /// The primary said yes. Resolve to one user, and only then ask policy.
    #[expect(clippy::too_many_arguments, reason = "each is a different thing that is known by now")]
    pub(super) async fn accepted(
        &self,
        settings: &Settings,
        login: Login,
        person: Person,
        typed: Typed,
        clear: Vec<CounterKey>,
        key: Option<CoalesceKey>,
        from: Option<&Waiting>,
    ) -> Result<Step, EngineError> {
        let user = self.store.adopt(&person, self.clock.now()).await?;
        let is_enabled = user.enabled;
        let identity = Identity::from(user);
        if !is_enabled {
            return self.refuse(&login, from, &Reached::identity(&identity), Denial::UserDisabled, Vec::new()).await;
        }
        let facts =
            Facts { service: &login.service, origin: &login.origin, identity: &identity, now: self.clock.now() };
        let ruling = settings.policy.decide(&facts);
        let remembers = !settings.push.nist && login.insist == Insist::Policy;
        let owed = |allowed, known| Owed {
            identity: identity.clone(),
            carried: person.carried.clone(),
            rule: ruling.rule.clone(),
            allowed,
            remember: ruling.remember.filter(|_| remembers),
            known,
        };
        match demanded(&login, ruling.require.clone()) {
            Requirement::Refuse => {
                let reached = Reached::owed(&owed(Vec::new(), None));
                self.refuse(&login, from, &reached, Denial::PolicyRefused, Vec::new()).await
            }
            Requirement::Skip => self.allow_without_factor(&login, from, &owed(Vec::new(), None), clear).await,
            Requirement::AnyOf(allowed) => {
                let known = self.known_place(&login, &identity).await?;
                self.second_step(settings, login, owed(allowed, known), typed, clear, key, from).await
            }
        }
    }

    /// The place of the login, if the person was let in from there not long ago.
    async fn known_place(&self, login: &Login, identity: &Identity) -> Result<Option<String>, EngineError> {
        let Some(place) = login.origin.place() else { return Ok(None) };
        let key = CounterKey::known_at(&identity.source, &identity.source_id, &place);
        let counters = self.store.counters(&[key]).await?;
        let now = self.clock.now();
        let seen = counters.first().and_then(|sighting| sighting.last_failure);
        Ok(seen.filter(|seen| *seen <= now && now.since(*seen) < KNOWN_FOR).map(|_| place))
    }

    fn coalesce_key(&self, login: &Login, asked: &Asked<'_>, password: &Password) -> CoalesceKey {
        let subject = &asked.subject;
        let code: &[u8] = match &asked.typed {
            Some(Second::Code(code)) => code.as_typed().as_bytes(),
            Some(Second::Use(method, _)) => method.name().as_bytes(),
            None => &[],
        };
        self.digest(&[
            b"login",
            subject.source.as_bytes(),
            subject.id.as_bytes(),
            login.service_name().as_bytes(),
            format!("{:?}", login.channel).as_bytes(),
            login.origin.address.to_string().as_bytes(),
            login.origin.station.as_ref().map_or("", |station| station.as_str()).as_bytes(),
            password.octets(),
            code,
        ])
    }

    /// The handle of one answer to one question, to recognise it when it is brought twice.
    pub(super) fn answer_key(&self, attempt: AttemptId, turn: Turn, answer: &Answer) -> CoalesceKey {
        let typed: &[u8] = match answer {
            Answer::Typed(code) => code.as_typed().as_bytes(),
            _ => &[],
        };
        self.digest(&[b"answer", attempt.0.as_bytes(), &turn.0.to_be_bytes(), typed])
    }

    fn digest(&self, parts: &[&[u8]]) -> CoalesceKey {
        let mut digest = ring::hmac::Context::with_key(&self.digest_key);
        for part in parts {
            digest.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            digest.update(part);
        }
        let tag = digest.sign();
        let mut key = [0; 32];
        for (to, from) in key.iter_mut().zip(tag.as_ref()) {
            *to = *from;
        }
        CoalesceKey(key)
    }

    /// Whom a refusal is about, for the record, if they were ever here.
    async fn known(&self, subject: &Subject) -> Result<Option<Identity>, EngineError> {
        Ok(self.store.user_of(subject).await?.map(Identity::from))
    }

    /// What a refusal of the primary costs: only a wrong guess is counted.
    pub(super) fn password_charges(
        &self,
        settings: &Settings,
        login: &Login,
        subject: &Subject,
        refusal: PrimaryRefusal,
    ) -> Vec<Charge> {
        if !refusal.is_wrong_guess() {
            return Vec::new();
        }
        let budgets = &settings.budgets;
        let at = login.origin.place().map(|place| CounterKey::password_at(subject, &place));
        let from = login.origin.person_address().map(CounterKey::password_from);
        [
            at.map(|key| Charge { key, budget: budgets.password_at }),
            Some(Charge { key: CounterKey::password_of(subject), budget: budgets.password_of }),
            from.map(|key| Charge { key, budget: budgets.password_from }),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Whether this login may be answered for by another that looks the same. Not if its own connection has to be asked. And
/// a verdict may only be shared with a login from the same place: where many people share one place, whoever knows the
/// password would collect the owner's approval.
fn joins(login: &Login, with: &dyn PrimaryAuthenticator) -> bool {
    !with.is_bound() && login.origin.station.is_some() && login.channel.prompts != Prompts::Page
}

/// Counters, locks and coalescing were those of the person that was identified; the verdict has to be about them too.
/// Where the source could only say so after the password, its word stands.
pub(super) fn same_person(identified: &Subject, accepted: &Person, is_sure: bool) -> Result<(), EngineError> {
    let is_same = identified.source == accepted.subject.source && (!is_sure || identified.id == accepted.subject.id);
    let other = || EngineError::Primary(PortError::unusable("check a password: the source accepted somebody else"));
    is_same.then_some(()).ok_or_else(other)
}

/// A phone's yes that waits at the login for whoever holds the question. Such a question is never shown twice: somebody else
/// at the same place with the same password would see the same number, and could be the one who collects the yes.
pub(super) fn is_collected(login: &Login, kind: &PromptKind) -> bool {
    login.channel.prompts != Prompts::None && matches!(kind, PromptKind::Wait { .. })
}

/// What policy asks for, and what the door insists on beyond it. An invitation opens the portal, whatever a rule says, and
/// nothing else.
fn demanded(login: &Login, ruled: Requirement) -> Requirement {
    let at_portal = login.service.door == crate::Door::Portal;
    match (ruled, login.insist) {
        (Requirement::Refuse, _) => Requirement::Refuse,
        (_, Insist::Test(_)) => Requirement::AnyOf(vec![Method::Push]),
        (Requirement::Skip, Insist::Policy) => Requirement::Skip,
        (Requirement::Skip, Insist::Factor) => demanded(login, Requirement::AnyOf(Method::ALL.to_vec())),
        (Requirement::AnyOf(mut methods), _) => {
            methods.retain(|method| *method != Method::Invitation);
            methods.extend(at_portal.then_some(Method::Invitation));
            Requirement::AnyOf(methods)
        }
    }
}

/// The person's own password counters: at their place, if it is one, and anywhere.
fn own_keys(origin: &Origin, subject: &Subject) -> Vec<CounterKey> {
    let at = origin.place().map(|place| CounterKey::password_at(subject, &place));
    at.into_iter().chain([CounterKey::password_of(subject)]).collect()
}
