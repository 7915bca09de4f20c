//! The harness: a door on a free port, a script that decides, and clients with addresses of their own.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::net::UdpSocket;
use tokio::sync::Semaphore;
use vestibule_engine::{
    Answer, AttemptId, Carried, Denial, EngineError, Identified, LoginRequest, Method, Password, PortError, Primary,
    PrimaryAuthenticator, PrimaryOutcome, PrimarySource, Prompt, PromptKind, Random, SecretBytes, Subject, Timestamp,
    Turn, UserName,
};
use vestibule_listen::Tasks;

use super::{Chance, link};
use crate::carried;
use crate::challenge::StateRef;
use crate::client::{Exchange, Peer, Question};
use crate::counters::ClientCounts;
use crate::logins::{Logins, Outcome, Permit};
use crate::server::{Handle, Primaries, RadiusDoor};
use crate::wire::{Authenticator, Code, Packet, SharedSecret, Writer, number};

/// Where the strict client of [`TestDoor::config`] is, and the other two.
pub(super) const STRICT: u8 = 2;
pub(super) const AUTO: u8 = 3;
pub(super) const LEGACY: u8 = 4;
pub(super) const SILENT: u8 = 5;
/// No client is here.
pub(super) const STRANGER: u8 = 99;

pub(super) fn secret_of(client: u8) -> String {
    format!("a long enough secret of {client}")
}

/// What the engine was asked, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Call {
    Decide { user: String, password: String },
    Begin { user: String, password: String },
    Answer { user: String, service: String, state: StateRef, answer: String },
}

/// The script in the engine's place: what happens depends on the user's name.
pub(super) struct Script {
    pub(super) calls: Mutex<Vec<(Call, LoginRequest)>>,
    /// Logins of `waits` go on when a permit is added.
    pub(super) waits: Semaphore,
    /// What an upstream granted.
    pub(super) carried: Mutex<Carried>,
}

pub(super) const ATTEMPT: StateRef =
    StateRef { attempt: AttemptId(uuid::Uuid::from_u128(0x1234_5678)), turn: Turn(77) };

fn prompt(kind: PromptKind, again: bool) -> Outcome {
    Outcome::Show(Prompt { attempt: ATTEMPT.attempt, turn: ATTEMPT.turn, kind, until: Timestamp(0), again })
}

fn code(again: bool) -> Outcome {
    prompt(PromptKind::EnterCode { methods: vec![Method::Totp], others: vec![] }, again)
}

impl Script {
    async fn play(&self, user: &str) -> Result<Outcome, EngineError> {
        match user {
            "deny" => Ok(Outcome::Deny(Denial::Declined)),
            "nobody" => Ok(Outcome::Deny(Denial::UnknownUser)),
            "broken" => Err(EngineError::Joined),
            "stuck" => std::future::pending().await,
            "panics" => panic!("on purpose, by a test"),
            "ask" => Ok(code(false)),
            "relayed" => Ok(prompt(PromptKind::Relayed { text: "Your PIN, please: ".repeat(30) }, false)),
            "waits" => {
                self.waits.acquire().await.unwrap().forget();
                Ok(self.allow(&[]))
            }
            "boss" => Ok(self.allow(&["staff", "Admins"])),
            _ => Ok(self.allow(&["staff"])),
        }
    }

    fn allow(&self, groups: &[&str]) -> Outcome {
        Outcome::Allow(Permit::for_test(groups, self.carried.lock().unwrap().clone()))
    }

    fn note(&self, call: Call, request: &LoginRequest) {
        self.calls.lock().unwrap().push((call, request.clone()));
    }
}

fn password_of(primary: &Primary<'_>) -> String {
    match primary {
        Primary::Password { password, .. } => String::from_utf8_lossy(password.octets()).into_owned(),
        Primary::Proven(_) => panic!("this door proves nobody"),
    }
}

#[async_trait]
impl Logins for Script {
    async fn decide(&self, request: Box<LoginRequest>, primary: Primary<'_>) -> Result<Outcome, EngineError> {
        let user = request.user.as_typed().to_owned();
        self.note(Call::Decide { user: user.clone(), password: password_of(&primary) }, &request);
        self.play(&user).await
    }

    async fn begin(&self, request: Box<LoginRequest>, primary: Primary<'_>) -> Result<Outcome, EngineError> {
        let user = request.user.as_typed().to_owned();
        self.note(Call::Begin { user: user.clone(), password: password_of(&primary) }, &request);
        self.play(&user).await
    }

    async fn answer(
        &self,
        state: StateRef,
        answer: Answer,
        from: &LoginRequest,
        _primary: &mut dyn PrimaryAuthenticator,
    ) -> Result<Outcome, EngineError> {
        let answer = match answer {
            Answer::Typed(code) => code.as_typed().to_owned(),
            Answer::Look => "(look)".to_owned(),
            other => panic!("{other:?} is nothing a client can say"),
        };
        let (user, service) = (from.user.as_typed().to_owned(), from.service.name.to_string());
        self.note(Call::Answer { user, service, state, answer: answer.clone() }, from);
        match (state == ATTEMPT, answer.as_str()) {
            (false, _) => Ok(Outcome::Deny(Denial::AttemptUnknown)),
            (true, "492039") => Ok(self.allow(&["staff"])),
            (true, "(look)") => Ok(prompt(
                PromptKind::Wait {
                    method: Method::Push,
                    others: vec![],
                    matching: vestibule_engine::Matching::Off,
                    approved: false,
                },
                false,
            )),
            (true, _) => Ok(code(true)),
        }
    }
}

/// A source the script never asks.
pub(super) struct Unasked(&'static str);

impl PrimarySource for Unasked {
    fn name(&self) -> &str {
        self.0
    }

    fn authenticator(&self) -> Box<dyn PrimaryAuthenticator> {
        Box::new(Self(self.0))
    }
}

#[async_trait]
impl PrimaryAuthenticator for Unasked {
    async fn identify(&mut self, _: &UserName) -> Result<Identified, PortError> {
        Ok(Identified::Unknown)
    }

    async fn authenticate(&mut self, _: &UserName, _: &Subject, _: &Password) -> Result<PrimaryOutcome, PortError> {
        Err(PortError::unusable("ask a source that is not there"))
    }
}

pub(super) fn primaries() -> Primaries {
    HashMap::from([
        ("local".to_owned(), Arc::new(Unasked("local")) as Arc<dyn PrimarySource>),
        ("ldap".to_owned(), Arc::new(Unasked("ldap"))),
    ])
}

pub(super) struct TestDoor {
    pub(super) handle: Handle,
    pub(super) script: Arc<Script>,
    pub(super) tasks: Tasks,
    address: SocketAddr,
}

impl TestDoor {
    pub(super) fn start() -> Self {
        Self::start_with(&Self::config())
    }

    /// Four clients: one that must sign, one that may learn to, one that need not, one that is never asked for a code.
    pub(super) fn config() -> Value {
        let client = |last: u8| json!({ "addresses": [format!("127.0.0.{last}")], "secret": { "env": secret_of(last) }, "primary": "local" });
        let with = |last: u8, more: Value| {
            let mut client = client(last);
            client.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            client
        };
        json!({
            "listeners": ["0.0.0.0:0"],
            "defaults": { "reject_delay": "0s" },
            "clients": {
                "strict": client(STRICT),
                "auto": with(AUTO, json!({ "require_message_authenticator": "auto" })),
                "legacy": with(LEGACY, json!({ "require_message_authenticator": "no", "on_fault": "reject" })),
                "silent": with(SILENT, json!({ "prompt": "none", "append": { "digits": 6 } })),
            },
        })
    }

    pub(super) fn start_with(config: &Value) -> Self {
        Self::start_by(config, Arc::new(Chance::new(7)))
    }

    pub(super) fn start_by(config: &Value, random: Arc<dyn Random>) -> Self {
        let (settings, problems) = link(config.clone());
        let settings = settings.unwrap_or_else(|| panic!("{problems:?}"));
        let script = Arc::new(Script { calls: Mutex::default(), waits: Semaphore::new(0), carried: Mutex::default() });
        let tasks = Tasks::new();
        let logins: Arc<dyn Logins> = Arc::clone(&script) as Arc<dyn Logins>;
        let handle = RadiusDoor::open(settings, logins, &primaries(), random, &tasks, || {}).unwrap();
        let address = handle.addresses()[0];
        Self { handle, script, tasks, address }
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(super) fn counts(&self, client: &str) -> ClientCounts {
        self.handle.counters().clients[client].clone()
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        self.script.calls.lock().unwrap().iter().map(|(call, _)| call.clone()).collect()
    }

    pub(super) fn last_request(&self) -> LoginRequest {
        self.script.calls.lock().unwrap().last().unwrap().1.clone()
    }

    pub(super) async fn client(&self, last: u8) -> TestClient {
        let socket = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, last), 0)).await.unwrap();
        socket.connect((Ipv4Addr::LOCALHOST, self.port())).await.unwrap();
        let peer = Peer::new(self.address, SecretBytes::new(secret_of(last)));
        TestClient {
            socket,
            peer,
            secret: SharedSecret::new(SecretBytes::new(secret_of(last))),
            drawn: AtomicU8::new(0),
        }
    }

    /// What an upstream is made to have granted.
    pub(super) fn carry(&self, attributes: &[(u8, &[u8])]) {
        let mut writer = Writer::new(Code::ACCESS_ACCEPT, 1);
        for (kind, value) in attributes {
            writer.put(*kind, value).unwrap();
        }
        let octets = writer.seal_answer(&[0; 16], &SharedSecret::new(SecretBytes::new("upstream")));
        *self.script.carried.lock().unwrap() = carried::pack(&Packet::parse(&octets).unwrap()).0;
    }
}

pub(super) struct TestClient {
    pub(super) socket: UdpSocket,
    pub(super) peer: Peer,
    pub(super) secret: SharedSecret,
    drawn: AtomicU8,
}

/// An answer as octets, checked.
pub(super) struct Heard(pub(super) Vec<u8>);

impl Heard {
    pub(super) fn packet(&self) -> Packet<'_> {
        Packet::parse(&self.0).unwrap()
    }

    pub(super) fn code(&self) -> u8 {
        self.packet().code().0
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8(self.packet().all(number::REPLY_MESSAGE).flatten().copied().collect()).unwrap()
    }

    pub(super) fn state(&self) -> Vec<u8> {
        self.packet().first(number::STATE).unwrap().to_vec()
    }
}

impl TestClient {
    pub(super) fn authenticator(&self) -> Authenticator {
        [self.drawn.fetch_add(1, Ordering::Relaxed) + 1; 16]
    }

    /// A signed login request, with `more` attributes at the end.
    pub(super) fn login(&self, user: &str, password: &str, more: &[(u8, &[u8])]) -> Vec<u8> {
        let authenticator = self.authenticator();
        let hidden = crate::wire::hide(password.as_bytes(), &authenticator, &self.secret).unwrap();
        let mut attributes = vec![(number::USER_NAME, user.as_bytes()), (number::USER_PASSWORD, &hidden)];
        attributes.extend_from_slice(more);
        self.signed(Code::ACCESS_REQUEST, authenticator, &attributes)
    }

    pub(super) fn signed(&self, code: Code, authenticator: Authenticator, attributes: &[(u8, &[u8])]) -> Vec<u8> {
        let mut writer = Writer::new(code, authenticator[0]);
        for (kind, value) in attributes {
            writer.put(*kind, value).unwrap();
        }
        writer.seal_request(&authenticator, &self.secret)
    }

    /// The same without its Message-Authenticator, as old clients send it.
    pub(super) fn unsigned(signed: &[u8]) -> Vec<u8> {
        let mut octets = [&signed[..20], &signed[38..]].concat();
        let length = u16::try_from(octets.len()).unwrap();
        octets[2..4].copy_from_slice(&length.to_be_bytes());
        octets
    }

    pub(super) async fn send(&self, octets: &[u8]) {
        self.socket.send(octets).await.unwrap();
    }

    pub(super) async fn hear(&self) -> Option<Heard> {
        self.hear_for(Duration::from_secs(300)).await
    }

    async fn hear_for(&self, patience: Duration) -> Option<Heard> {
        let mut octets = vec![0; 8192];
        let received = tokio::time::timeout(patience, self.socket.recv(&mut octets)).await.ok()?;
        octets.truncate(received.unwrap());
        Some(Heard(octets))
    }

    /// Send, and hear the answer, which must be right in every authenticator.
    pub(super) async fn ask(&self, octets: &[u8]) -> Option<Heard> {
        self.send(octets).await;
        let heard = self.hear().await?;
        let request = Packet::parse(octets).unwrap();
        let packet = heard.packet();
        assert_eq!(packet.identifier(), request.identifier());
        assert!(crate::wire::is_answer_to(&packet, &self.secret, request.authenticator()));
        // BLA-01: signed, and the signature comes first, in every answer of every test.
        assert_eq!(
            crate::wire::signature(&packet, &self.secret, request.authenticator()),
            crate::wire::Signature::Valid
        );
        assert_eq!(packet.attributes().next().unwrap().kind, number::MESSAGE_AUTHENTICATOR);
        Some(heard)
    }

    /// Nothing comes, however long one waits.
    pub(super) async fn hears_nothing(&self) -> bool {
        self.hear().await.is_none()
    }

    /// Nothing comes while a login may still be open.
    pub(super) async fn hears_nothing_yet(&self) -> bool {
        self.hear_for(Duration::from_secs(10)).await.is_none()
    }

    /// The same through our own client.
    pub(super) async fn exchange(&self, user: &str, password: &str, state: Option<Vec<u8>>) -> Exchange {
        let question = Question {
            user: user.to_owned(),
            password: Password::new(password),
            state,
            nas_identifier: "test".to_owned(),
            calling_station: Some("00-11-22-33-44-55".to_owned()),
        };
        let sent = self.peer.write(&question, 200, &Chance::new(u64::from(self.authenticator()[0]) + 100)).unwrap();
        self.send(&sent.octets).await;
        self.peer.read(&sent, &self.hear().await.unwrap().0).unwrap()
    }
}
