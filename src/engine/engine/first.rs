//! The first step of a login: throttle, who is it, is it asked twice, the primary's answer, and what policy makes of it.

use crate::attempt::{Login, Reached, Stage, Waiting};
use crate::coalesce::{Lead, Outcome, Seat, follow};
use crate::engine::Engine;
use crate::engine::factor_first::Unchecked;
use crate::engine::password::{Claim, Counted, Tried};
use crate::engine::ruling::Ruled;
use crate::engine::together::Due;
use crate::split::Second;
use crate::{
    Answer, AttemptId, CoalesceKey, Denial, EngineError, Exempt, FirstFactor, Identified, LoginRequest, Order,
    Password, Person, PortError, Primary, PrimaryAuthenticator, PromptKind, Prompts, Settings, Split, Step, Subject,
    Turn, Withdrawn, split,
};

/// For the administrator.
const FACTOR_FIRST_NEEDS: &str = "ask for the factor first: `order: factor_first` needs a directory in which people are \
    searched for, because this one names nobody before their password";

/// For us: no such door is configured so.
pub(super) const ASKS_NOTHING: &str = "ask for the factor first, at a door that shows questions";

/// What came with the password besides the password.
pub(super) type Typed = Option<Second>;

/// A password login, and whom it is about.
pub(super) struct Asked<'a> {
    pub(super) request: &'a LoginRequest,
    pub(super) subject: Subject,
    /// The source has named the person, not only the name it will ask for.
    pub(super) is_sure: bool,
    pub(super) password: &'a Password,
    pub(super) typed: Typed,
}

impl Asked<'_> {
    pub(super) fn claim(&self) -> Claim<'_> {
        let &Self { request, is_sure, password, ref subject, .. } = self;
        Claim { user: &request.user, subject, is_sure, password }
    }
}

/// How far a login comes in its first step.
#[expect(clippy::large_enum_variant, reason = "one at a time, and most are the large one")]
pub(super) enum Begun<'a> {
    Step(Step),
    /// It owes a factor that it may share with others, or that comes before the password.
    Owes(Box<Due<'a>>),
}

impl Engine {
    pub(super) async fn first_step<'a>(
        &self,
        mut login: Login,
        request: LoginRequest,
        primary: Primary<'a>,
    ) -> Result<Begun<'a>, EngineError> {
        let settings = self.settings();
        let (field, with) = match primary {
            Primary::Password { password, with } => (password, with),
            Primary::Proven(person) => {
                let typed = request.passcode.as_ref().map(Second::of);
                let step = self.accepted(&settings, login, person, typed, Counted::default(), None, None).await;
                return step.map(Begun::Step);
            }
        };
        let is_factor_first = request.terms.order == Order::FactorFirst && login.exempt.is_none();
        if is_factor_first && login.channel.prompts != Prompts::None {
            return Err(unusable(ASKS_NOTHING));
        }
        let (password, typed) = apart(&login, &request, &field);
        if password.is_empty() {
            let refused = self.refuse(&login, None, &Reached::NOTHING, Denial::EmptyPassword, Vec::new());
            return refused.await.map(Begun::Step);
        }
        // Before anybody is asked: an address that was locked for guessing names costs the directory nothing. Who the account
        // of a program is, is configured; it is looked at below, with its other locks.
        let is_account = matches!(login.exempt, Some(Exempt::Account(_)));
        if !is_account && let Some(until) = self.address_lock(&login).await? {
            let denial = Denial::LockedOut { until };
            return self.refuse(&login, None, &Reached::NOTHING, denial, Vec::new()).await.map(Begun::Step);
        }
        let (subject, is_sure) = match with.identify(&request.user).await.map_err(EngineError::Primary)? {
            Identified::Known(subject) => (subject, true),
            Identified::Provisional(_) if is_factor_first => return Err(unusable(FACTOR_FIRST_NEEDS)),
            Identified::Provisional(subject) => (subject, false),
            Identified::Unknown => return self.unknown(&settings, &login, &password, with).await.map(Begun::Step),
        };
        login.repeats = self.repeats(&settings, &login, &request, &subject, &field);
        if is_factor_first {
            let unchecked = Unchecked { user: request.user, subject, password, with };
            return Box::pin(self.factor_first(&settings, login, typed, unchecked)).await;
        }
        let asked = Asked { request: &request, subject, is_sure, password: &password, typed };
        if login.repeats.is_some() {
            return Box::pin(self.repeated_step(&settings, login, asked, with)).await;
        }
        self.joined_step(&settings, login, asked, &field, with).await.map(Begun::Step)
    }

    /// A login that is answered for by another that looks the same, if one runs or waits.
    async fn joined_step(
        &self,
        settings: &Settings,
        login: Login,
        asked: Asked<'_>,
        field: &Password,
        with: &mut dyn PrimaryAuthenticator,
    ) -> Result<Step, EngineError> {
        if !joins(&login, &*with) {
            return self.primary_step(settings, login, asked, with, None).await;
        }
        let key = self.coalesce_key(&login, &asked, field);
        let lead = match self.lead(key).await? {
            Ok(lead) => lead,
            Err(Step::Show(prompt)) if is_collected(&login, &prompt.kind) => {
                return self.primary_step(settings, login, asked, with, None).await;
            }
            Err(step) => return Ok(step),
        };
        let step = self.primary_step(settings, login, asked, with, Some(key)).await;
        lead.tell(Outcome::of(&step));
        step
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

    async fn primary_step(
        &self,
        settings: &Settings,
        login: Login,
        asked: Asked<'_>,
        with: &mut dyn PrimaryAuthenticator,
        key: Option<CoalesceKey>,
    ) -> Result<Step, EngineError> {
        if let Some(key) = &key
            && let Some(step) = self.join_waiting(key, &login).await?
        {
            return Ok(step);
        }
        match self.try_password(settings, &login, &asked.claim(), with, None, None).await? {
            Tried::Over(step) => Ok(step),
            Tried::Accepted { person, counted } => {
                self.accepted(settings, login, person, asked.typed, counted, key, None).await
            }
            Tried::Asks(_) if login.channel.prompts == Prompts::None => {
                self.refuse(&login, None, &Reached::NOTHING, Denial::CodeMissing, Vec::new()).await
            }
            Tried::Asks(continuation) => {
                let (subject, text, state) = (asked.subject, continuation.text, continuation.state);
                let stage = Stage::Relayed { subject, text, state };
                Box::pin(self.ask(settings, login, stage, None, key, Vec::new(), false)).await
            }
        }
    }

    /// The primary said yes.
    #[expect(clippy::too_many_arguments, reason = "each is a different thing that is known by now")]
    pub(super) async fn accepted(
        &self,
        settings: &Settings,
        login: Login,
        person: Person,
        typed: Typed,
        counted: Counted,
        key: Option<CoalesceKey>,
        from: Option<&Waiting>,
    ) -> Result<Step, EngineError> {
        match self.ruled(settings, &login, &person, FirstFactor::Accepted, from).await? {
            Ruled::Over(step) => Ok(step),
            Ruled::Free(owed) => self.allow_without_factor(&login, from, &owed, counted).await,
            // In a box, as what else is seldom or large: a login that ends here does not carry it about.
            Ruled::Owes(owed) => {
                Box::pin(self.second_step(settings, login, owed, typed, counted.clear, key, from)).await
            }
        }
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

    pub(super) fn digest(&self, parts: &[&[u8]]) -> CoalesceKey {
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
}

/// The password and what came with it. Where no factor is asked for, or the second step has a field of its own, all of the
/// field is password.
fn apart(login: &Login, request: &LoginRequest, field: &Password) -> (Password, Typed) {
    match &request.passcode {
        Some(code) => (field.clone(), Some(Second::of(code))),
        None if login.exempt.is_some() => (field.clone(), None),
        None => {
            let Split { password, second } = split(field, &request.splitting);
            (password, second)
        }
    }
}

pub(super) fn unusable(doing: &str) -> EngineError {
    EngineError::Primary(PortError::unusable(doing))
}

/// Whether this login may be answered for by another that looks the same. Not if its own connection has to be asked. And
/// a verdict may only be shared with a login from the same place: where many people share one place, whoever knows the
/// password would collect the owner's approval.
fn joins(login: &Login, with: &dyn PrimaryAuthenticator) -> bool {
    let is_own = with.is_bound() || login.exempt.is_some();
    !is_own && login.origin.station.is_some() && login.channel.prompts != Prompts::Page
}

/// A phone's yes that waits at the login for whoever holds the question. Such a question is never shown twice: somebody else
/// at the same place with the same password would see the same number, and could be the one who collects the yes.
pub(super) fn is_collected(login: &Login, kind: &PromptKind) -> bool {
    login.channel.prompts != Prompts::None && matches!(kind, PromptKind::Wait { .. })
}
