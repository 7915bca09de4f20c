//! A phone, a gateway, and everything that must not pass between them.

mod answers;
mod assertions;
mod rings;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use vestibule_engine::{
    AttemptId, Authenticator, AuthenticatorId, Challenge, Clock, Context, Door, Identity, Matching, Nonce, Number,
    Service, Timestamp,
};

use super::protocol::{AnswerBody, Decision, DeviceKey, Millis, Policy, Reason};
use super::*;
use crate::tests::{Dice, MemoryStore, ada, as_enrolled};

pub(super) const ORIGIN: &str = "https://login.example.com";
/// Half a minute into a request of one minute.
pub(super) const NOW: Timestamp = Timestamp::from_secs(1_790_000_030);

/// The same number of digits everywhere, drawn by hand.
pub(super) fn number(digits: &str) -> Number {
    serde_json::from_value(digits.into()).unwrap()
}

pub(super) fn nonce(text: &str) -> Nonce {
    serde_json::from_value(text.into()).unwrap()
}

pub(super) fn challenge(matching: Matching) -> Challenge {
    Challenge {
        attempt: AttemptId(uuid::Uuid::from_u128(0xA77E)),
        nonce: nonce("00112233445566778899aabbccddeeff"),
        matching,
        device: None,
        context: Context {
            service: Service { door: Door::Radius, name: "vpn".into() },
            account: "ada".into(),
            address: Some("203.0.113.7".into()),
            station: None,
            client: Some("AnyConnect".into()),
            place: None,
            known: false,
            test: false,
        },
        asked: NOW.before(Duration::from_secs(30)),
        until: NOW.after(Duration::from_secs(30)),
    }
}

pub(super) fn shown() -> Challenge {
    challenge(Matching::Shown(number("47")))
}

struct At(Mutex<Timestamp>);

impl Clock for At {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// Who rings phones here: it writes down whom.
#[derive(Default)]
struct Ringer {
    rings: Mutex<Vec<Ring>>,
    is_full: bool,
}

impl PushSender for Ringer {
    fn ring(&self, ring: Ring) -> Result<(), NotQueued> {
        if self.is_full {
            return Err(NotQueued::Full { provider: "web push" });
        }
        self.rings.lock().unwrap().push(ring);
        Ok(())
    }

    fn accepts(&self, _: &PushAddress) -> Result<(), NotQueued> {
        Err(NotQueued::Refused { why: "its host is not on the list".into() })
    }
}

struct Gateway {
    push: Push,
    store: Arc<MemoryStore>,
    ringer: Arc<Ringer>,
    clock: Arc<At>,
}

impl Gateway {
    fn new() -> Self {
        Self::with(Policy::Off, Ringer::default())
    }

    fn with(user_verification: Policy, ringer: Ringer) -> Self {
        let (store, ringer) = (Arc::new(MemoryStore::default()), Arc::new(ringer));
        let clock = Arc::new(At(Mutex::new(NOW)));
        let ports = PushPorts { store: store.clone(), sender: ringer.clone(), clock: clock.clone() };
        let settings = PushSettings { origin: ORIGIN.into(), user_verification };
        let push = Push::new(ports, Arc::new(GatewayKey::generate().unwrap()), &settings);
        Self { push, store, ringer, clock }
    }
}

/// For phones of another maker, which have tests of their own.
pub(super) fn gateway(user_verification: Policy) -> Push {
    Gateway::with(user_verification, Ringer::default()).push
}

/// A phone that is paired, with its key.
struct Phone {
    key: DeviceKey,
    authenticator: Authenticator,
}

impl Phone {
    fn new() -> Self {
        Self::with(None)
    }

    fn with(verification: Option<Credential>) -> Self {
        let key = DeviceKey::generate().unwrap();
        let record = VestibuleDevice { public_key: key.public_key(), platform: "Firefox".into(), verification };
        let new = new_device(ada(), "Phone", &DeviceRecord::Vestibule(record), &Dice::new()).unwrap();
        assert!(!new.confirmed, "nobody has seen yet that it is theirs");
        Self { key, authenticator: as_enrolled(new) }
    }

    fn id(&self) -> AuthenticatorId {
        self.authenticator.id
    }

    /// What a phone does: open what it is asked, and answer it.
    fn answer(&self, gateway: &Gateway, challenge: &Challenge, decision: Decision, number: Option<&str>) -> AnswerBody {
        self.answer_at(gateway, challenge, decision, number, NOW.into())
    }

    fn answer_at(
        &self,
        gateway: &Gateway,
        challenge: &Challenge,
        decision: Decision,
        number: Option<&str>,
        time: Millis,
    ) -> AnswerBody {
        let asked = gateway.push.requests(&self.authenticator, std::slice::from_ref(challenge));
        let [asked] = asked.as_slice() else { panic!("one request") };
        let request = asked.open(&gateway.push.gateway_key(), ORIGIN, self.id()).unwrap();
        let reason = (decision == Decision::Report).then_some(Reason::NotMe);
        AnswerBody::sign(&self.key, asked, &request, decision, number, reason, time).unwrap()
    }
}

fn who() -> Identity {
    Identity {
        user: ada(),
        name: "ada".into(),
        source: "local".into(),
        source_id: "ada".into(),
        groups: Vec::new(),
        mail: None,
    }
}
