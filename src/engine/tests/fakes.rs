//! A small world: a clock that stands still unless told, a directory of people, a code factor and a phone.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::memory::{Fuse, MemoryStore};
use crate::*;

pub(super) const START: i64 = 1_800_000_000;

pub(super) struct FakeClock {
    now: AtomicI64,
    pub(super) went_back: AtomicI64,
}

impl FakeClock {
    pub(super) fn pass(&self, seconds: i64) {
        self.now.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::SeqCst))
    }

    fn sound(&self) -> Result<(), ClockFault> {
        match self.went_back.load(Ordering::SeqCst) {
            0 => Ok(()),
            seconds => Err(ClockFault { by: Duration::from_secs(seconds.unsigned_abs()) }),
        }
    }
}

/// A counter instead of chance, so that a failing run can be run again.
pub(super) struct FakeRandom {
    state: AtomicU64,
    fuse: Arc<Fuse>,
}

impl Random for FakeRandom {
    fn fill(&self, octets: &mut [u8]) -> Result<(), PortError> {
        if self.fuse.blows() {
            return Err(PortError::unusable("blown fuse"));
        }
        for octet in octets {
            let mut x = self.state.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst);
            x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            *octet = (x >> 56) as u8;
        }
        Ok(())
    }
}

/// People and their passwords. Counts how often it was asked, because one login is one question.
pub(super) struct Directory {
    pub(super) people: Mutex<BTreeMap<String, String>>,
    pub(super) asked: AtomicU64,
    /// Asks "PIN?" before it accepts, and wants `1111`.
    pub(super) asks_back: bool,
    /// Yields this often before it answers.
    pub(super) slowness: AtomicU64,
    /// Each login has to ask over its own connection, as at the LDAP door.
    pub(super) is_bound: AtomicBool,
    /// Whatever is typed is refused for this.
    pub(super) refuses: Mutex<Option<PrimaryRefusal>>,
    /// Whatever is typed is right.
    pub(super) any_password: AtomicBool,
    /// How often it was only made to look as if it was asked.
    pub(super) pretended: AtomicU64,
    /// When the passwords were set, if it tells.
    pub(super) version: Mutex<Option<String>>,
    fuse: Arc<Fuse>,
}

impl Directory {
    fn person(name: &str) -> Person {
        Person {
            subject: Subject { source: "fake".into(), id: format!("id-{name}"), name: name.into() },
            groups: vec!["Staff".into()],
            display_name: None,
            mail: None,
            carried: Carried(b"carried".to_vec()),
        }
    }
}

pub(super) struct DirectoryLogin(pub(super) Arc<Directory>);

#[async_trait]
impl PrimaryAuthenticator for DirectoryLogin {
    async fn identify(&mut self, user: &UserName) -> Result<Identified, PortError> {
        if self.0.fuse.blows() {
            return Err(PortError::unusable("blown fuse"));
        }
        // Two spellings of one person, as directories have them.
        let name = user.canonical();
        let name = name.strip_prefix("corp\\").or(name.strip_suffix("@corp.example")).unwrap_or(&name).to_owned();
        let known = self.0.people.lock().unwrap().contains_key(&name);
        Ok(if known { Identified::Known(Directory::person(&name).subject) } else { Identified::Unknown })
    }

    async fn authenticate(
        &mut self,
        _: &UserName,
        subject: &Subject,
        password: &Password,
    ) -> Result<PrimaryOutcome, PortError> {
        assert!(!password.is_empty(), "an empty password reached the directory");
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        for _ in 0..self.0.slowness.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        if self.0.fuse.blows() {
            return Err(PortError::unusable("blown fuse"));
        }
        if let Some(refusal) = *self.0.refuses.lock().unwrap() {
            return Ok(PrimaryOutcome::Refused(refusal));
        }
        let any = self.0.any_password.load(Ordering::SeqCst);
        let is_right = |known: &String| any || known.as_bytes() == password.octets();
        let right = self.0.people.lock().unwrap().get(&subject.name).map(is_right);
        Ok(match right {
            Some(true) if self.0.asks_back => {
                let state = Carried(subject.name.clone().into_bytes());
                PrimaryOutcome::Continue(Continuation { text: "PIN?".into(), state })
            }
            Some(true) => PrimaryOutcome::Accepted(Directory::person(&subject.name)),
            _ => PrimaryOutcome::Refused(PrimaryRefusal::WrongPassword),
        })
    }

    fn is_bound(&self) -> bool {
        self.0.is_bound.load(Ordering::SeqCst)
    }

    fn password_version(&self) -> Option<String> {
        self.0.version.lock().unwrap().clone()
    }

    async fn describe(&mut self, subject: &Subject) -> Result<Option<Person>, PortError> {
        if self.0.fuse.blows() {
            return Err(PortError::unusable("blown fuse"));
        }
        let is_known = self.0.people.lock().unwrap().contains_key(&subject.name);
        // Nothing is handed on of somebody whose password was not asked for.
        Ok(is_known.then(|| Person { carried: Carried(b"described".to_vec()), ..Directory::person(&subject.name) }))
    }

    async fn pretend(&mut self, _: &Password) {
        self.0.pretended.fetch_add(1, Ordering::SeqCst);
    }

    async fn resume(&mut self, _: &UserName, state: &Carried, answer: &Passcode) -> Result<PrimaryOutcome, PortError> {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        if self.0.fuse.blows() {
            return Err(PortError::unusable("blown fuse"));
        }
        let name = String::from_utf8(state.0.clone()).unwrap();
        Ok(if answer.as_typed() == "1111" {
            PrimaryOutcome::Accepted(Directory::person(&name))
        } else {
            PrimaryOutcome::Refused(PrimaryRefusal::WrongPassword)
        })
    }
}

/// Codes: `100000 + step`, where the step is the clock's half minute, counted from [`START`].
pub(super) struct Codes(pub(super) Arc<Fuse>);

pub(super) fn step_at(now: Timestamp) -> i64 {
    (now.secs() - START) / 30 + 1
}

pub(super) fn code_at(now: Timestamp) -> String {
    format!("{}", 100_000 + step_at(now))
}

#[async_trait]
impl SecondFactor for Codes {
    fn method(&self) -> Method {
        Method::Totp
    }

    fn fits(&self, channel: &Channel, passcode: Option<&Passcode>) -> bool {
        channel.prompts > Prompts::None || passcode.is_some()
    }

    fn is_typed(&self) -> bool {
        true
    }

    async fn check(
        &self,
        _: Option<&Challenge>,
        with: &[Authenticator],
        answer: &Answer,
        now: Timestamp,
    ) -> Result<Checked, PortError> {
        if self.0.blows() {
            return Err(PortError::unusable("blown fuse"));
        }
        let Answer::Typed(code) = answer else { return Ok(Checked::NotMine) };
        let step = step_at(now);
        Ok(match with.first() {
            Some(own) if code.as_typed() == code_at(now) && own.high_water >= step => Checked::UsedBefore(own.id),
            Some(own) if code.as_typed() == code_at(now) => {
                Checked::Right(Spend::Step { authenticator: own.id, step, drift: 0 })
            }
            _ => Checked::Wrong,
        })
    }
}

/// A phone whose owner approves with the proof `yes`, and with `other` under a number that is not the login's.
pub(super) struct Phone {
    pub(super) rung: Mutex<Vec<AttemptId>>,
    pub(super) withdrawn: Mutex<Vec<AttemptId>>,
    /// Every challenge, and which devices it went to.
    pub(super) asked: Mutex<Vec<(Challenge, Vec<AuthenticatorId>)>>,
    fuse: Arc<Fuse>,
}

pub(super) fn approval() -> Answer {
    Answer::Approved { method: Method::Push, proof: SecretBytes::new(*b"yes") }
}

pub(super) fn other_number() -> Answer {
    Answer::Approved { method: Method::Push, proof: SecretBytes::new(*b"other") }
}

pub(super) fn declined(method: Method, reported: bool) -> Answer {
    Answer::Declined { method, reported, proof: SecretBytes::new(*b"yes") }
}

#[async_trait]
impl SecondFactor for Phone {
    fn method(&self) -> Method {
        Method::Push
    }

    fn fits(&self, _: &Channel, _: Option<&Passcode>) -> bool {
        true
    }

    fn is_typed(&self) -> bool {
        false
    }

    async fn start(&self, _: &Identity, with: &[Authenticator], asked: &Challenge) -> Result<(), PortError> {
        if self.fuse.blows() {
            return Err(PortError::unusable("blown fuse"));
        }
        self.rung.lock().unwrap().push(asked.attempt);
        self.asked.lock().unwrap().push((asked.clone(), with.iter().map(|one| one.id).collect()));
        Ok(())
    }

    async fn withdraw(&self, _: &[Authenticator], challenge: &Challenge) {
        self.withdrawn.lock().unwrap().push(challenge.attempt);
    }

    async fn check(
        &self,
        _: Option<&Challenge>,
        with: &[Authenticator],
        answer: &Answer,
        _: Timestamp,
    ) -> Result<Checked, PortError> {
        if self.fuse.blows() {
            return Err(PortError::unusable("blown fuse"));
        }
        Ok(match (answer, with.first()) {
            (Answer::Approved { proof, .. } | Answer::Declined { proof, .. }, Some(own))
                if proof.expose() == b"yes" =>
            {
                Checked::Right(Spend::Attempt { authenticator: own.id })
            }
            (Answer::Approved { proof, .. }, Some(_)) if proof.expose() == b"other" => Checked::WrongNumber,
            _ => Checked::NotMine,
        })
    }
}

/// Everything together. `engine` and `other_node` share the store and nothing else.
pub(super) struct World {
    pub(super) engine: Arc<Engine>,
    pub(super) other_node: Arc<Engine>,
    pub(super) store: Arc<MemoryStore>,
    pub(super) clock: Arc<FakeClock>,
    pub(super) directory: Arc<Directory>,
    pub(super) phone: Arc<Phone>,
    pub(super) fuse: Arc<Fuse>,
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(&Settings::default(), false)
    }

    pub(super) fn with(settings: &Settings, asks_back: bool) -> Self {
        let fuse = Arc::new(Fuse::default());
        let store = Arc::new(MemoryStore::new(Arc::clone(&fuse)));
        let clock =
            Arc::new(FakeClock { now: AtomicI64::new(Timestamp::from_secs(START).0), went_back: AtomicI64::new(0) });
        let people = BTreeMap::from([("ada".to_owned(), "secret".to_owned()), ("bob".to_owned(), "hidden".to_owned())]);
        let directory = Arc::new(Directory {
            people: Mutex::new(people),
            asked: AtomicU64::new(0),
            asks_back,
            slowness: AtomicU64::new(3),
            is_bound: AtomicBool::new(false),
            refuses: Mutex::default(),
            any_password: AtomicBool::new(false),
            pretended: AtomicU64::new(0),
            version: Mutex::default(),
            fuse: Arc::clone(&fuse),
        });
        let phone = Arc::new(Phone {
            rung: Mutex::default(),
            withdrawn: Mutex::default(),
            asked: Mutex::default(),
            fuse: Arc::clone(&fuse),
        });
        let node = |seed: u64| {
            let ports = Ports {
                store: Arc::clone(&store) as Arc<dyn Store>,
                clock: Arc::clone(&clock) as Arc<dyn Clock>,
                random: Arc::new(FakeRandom { state: AtomicU64::new(seed), fuse: Arc::clone(&fuse) }),
                factors: vec![Arc::new(Codes(Arc::clone(&fuse))), Arc::clone(&phone) as Arc<dyn SecondFactor>],
                digest_key: SecretBytes::new([7; 32]),
            };
            Arc::new(Engine::new(ports, settings.clone()))
        };
        Self { engine: node(1), other_node: node(1 << 40), store, clock, directory, phone, fuse }
    }

    /// Give a person a confirmed factor of this kind.
    pub(super) fn enrol(&self, name: &str, method: Method) -> AuthenticatorId {
        let mut inner = self.store.lock();
        let known = inner.users.values().find(|user| user.subject.name == name).map(|user| user.id);
        let user = known.unwrap_or_else(|| {
            let id = UserId(Uuid::new_v4());
            let user = User {
                id,
                subject: Directory::person(name).subject,
                display_name: None,
                mail: None,
                groups: Vec::new(),
                enabled: true,
                created: Timestamp(0),
                last_login: None,
            };
            inner.users.insert(id.0, user);
            id
        });
        let id = AuthenticatorId(Uuid::new_v4());
        let authenticator = Authenticator {
            id,
            user,
            method,
            label: "test".into(),
            secret: SecretBytes::default(),
            high_water: 0,
            drift: 0,
            confirmed: true,
            preferred: false,
            created: Timestamp(0),
            last_used: None,
        };
        inner.authenticators.insert(id.0, authenticator);
        id
    }

    pub(super) fn code(&self) -> String {
        code_at(self.clock.now())
    }

    pub(super) fn asked(&self) -> u64 {
        self.directory.asked.load(Ordering::SeqCst)
    }

    pub(super) async fn decide(&self, user: &str, typed: &str) -> Result<Verdict, EngineError> {
        self.decide_on(&self.engine, request(user, Prompts::None), typed).await
    }

    pub(super) async fn decide_on(
        &self,
        engine: &Engine,
        request: LoginRequest,
        typed: &str,
    ) -> Result<Verdict, EngineError> {
        let mut with = DirectoryLogin(Arc::clone(&self.directory));
        let primary = Primary::Password { password: Password::new(typed), with: &mut with };
        engine.decide(request, primary, std::future::pending()).await
    }

    pub(super) async fn begin(&self, user: &str, typed: &str, prompts: Prompts) -> Result<Step, EngineError> {
        self.begin_on(&self.engine, request(user, prompts), typed).await
    }

    pub(super) async fn begin_on(
        &self,
        engine: &Engine,
        request: LoginRequest,
        typed: &str,
    ) -> Result<Step, EngineError> {
        let mut with = DirectoryLogin(Arc::clone(&self.directory));
        engine.begin(request, Primary::Password { password: Password::new(typed), with: &mut with }).await
    }

    /// What the phone of the attempt's owner says; of an attempt that is over, anybody's phone.
    pub(super) async fn respond(
        &self,
        engine: &Engine,
        attempt: AttemptId,
        answer: Answer,
    ) -> Result<Responded, EngineError> {
        let device = {
            let inner = self.store.lock();
            let owner = inner.attempts.get(&attempt).and_then(|row| match &row.position {
                Position::Open(open) => open.user,
                Position::Ended(_) => None,
            });
            let is_phone =
                |one: &&Authenticator| one.method == Method::Push && owner.is_none_or(|user| one.user == user);
            let phone = inner.authenticators.values().find(is_phone).map(|one| one.id);
            phone.or_else(|| inner.authenticators.values().next().map(|one| one.id))
        };
        engine.respond(attempt, device.unwrap(), answer).await
    }

    pub(super) async fn answer(&self, user: &str, prompt: &Prompt, typed: &str) -> Result<Step, EngineError> {
        self.answer_on(&self.engine, user, prompt, typed).await
    }

    pub(super) async fn answer_on(
        &self,
        engine: &Engine,
        user: &str,
        prompt: &Prompt,
        typed: &str,
    ) -> Result<Step, EngineError> {
        let mut with = DirectoryLogin(Arc::clone(&self.directory));
        let answer = Passcode::parse(typed).map_or(Answer::Look, Answer::Typed);
        let mut from = request(user, Prompts::Text);
        from.channel.patience = Duration::ZERO;
        engine.answer(prompt.attempt, prompt.turn, answer, &from, Some(&mut with)).await
    }

    /// The events of the log, by id, for assertions on the whole of it.
    pub(super) fn events(&self) -> Vec<&'static str> {
        self.store.lock().audit.iter().map(|record| record.event.id()).collect()
    }

    pub(super) fn decisions(&self) -> Vec<Decision> {
        let inner = self.store.lock();
        inner
            .audit
            .iter()
            .filter_map(|record| match &record.event {
                AuditEvent::LoginDecided(decision) => Some((**decision).clone()),
                _ => None,
            })
            .collect()
    }
}

pub(super) fn request(user: &str, prompts: Prompts) -> LoginRequest {
    request_from(user, prompts, "198.51.100.7")
}

pub(super) fn request_from(user: &str, prompts: Prompts, station: &str) -> LoginRequest {
    LoginRequest {
        user: UserName::parse(user).unwrap(),
        service: Service { door: Door::Radius, name: "vpn".into() },
        origin: Origin {
            address: IpAddr::from([192, 0, 2, 1]),
            station: Station::parse(station),
            direct: false,
            client: None,
        },
        channel: Channel { prompts, patience: Duration::from_secs(25) },
        passcode: None,
        splitting: Splitting::After { delimiter: ',' },
        insist: Insist::Policy,
        terms: Terms::default(),
    }
}

pub(super) fn shown(step: Result<Step, EngineError>) -> Prompt {
    match step.unwrap() {
        Step::Show(prompt) => prompt,
        Step::Done(verdict) => panic!("expected a question, got {verdict:?}"),
    }
}

pub(super) fn denied(verdict: Result<Verdict, EngineError>) -> Denial {
    match verdict.unwrap() {
        Verdict::Deny(denial) => denial,
        Verdict::Allow(grant) => panic!("expected a refusal, got {grant:?}"),
    }
}

pub(super) fn done(step: Result<Step, EngineError>) -> Result<Verdict, EngineError> {
    match step? {
        Step::Done(verdict) => Ok(verdict),
        Step::Show(prompt) => panic!("expected a verdict, got {prompt:?}"),
    }
}

/// A world in which programs bind, each over its own connection.
pub(super) fn of_programs(settings: &Settings) -> Arc<World> {
    let world = World::with(settings, false);
    world.directory.is_bound.store(true, Ordering::SeqCst);
    Arc::new(world)
}

/// What the program signs in with counts for a minute.
pub(super) fn repeating() -> Terms {
    Terms { repeats: Some(Duration::from_secs(60)), ..Terms::default() }
}

/// A bind of a program, for a person or for itself: nothing can be shown, and the address is the program's.
pub(super) fn bind(user: &str, terms: Terms) -> LoginRequest {
    let origin = Origin { station: None, ..request(user, Prompts::None).origin };
    let service = Service { door: Door::Ldap, name: "wiki".into() };
    LoginRequest { service, origin, terms, ..request(user, Prompts::None) }
}
