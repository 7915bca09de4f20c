//! A desk to test commands at: a real store in a folder of its own, a clock that stands still, a screen that can be
//! read.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use ring::hmac;
use vestibule_engine::{
    Budget, Carried, Charge, CounterKey, Person, SecretBytes, Station, Subject, Transition, TrustEntry, TrustId,
};
use vestibule_factors::push::protocol::Policy;
use vestibule_factors::{HashCost, InvitationSettings, PushChoices, RecoverySettings, TotpSettings};
use vestibule_store::{Handle, Keyring, Opening, StoreSettings};

use super::*;
use crate::cli::terminal::Looks;
use crate::cli::terminal::tests::Screen;
use crate::clock::SystemRandom;

/// So cheap that no test waits for it.
const TINY: HashCost = HashCost { memory_kib: 8, passes: 1, lanes: 1 };
/// A person at a terminal, without colours.
const PERSON: Looks = Looks { colour: false, unicode: true, interactive: true };

struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

pub(crate) struct Bench {
    pub(crate) desk: Desk,
    pub(crate) handle: Arc<Handle>,
    screen: Screen,
    clock: Arc<SetClock>,
    _folder: tempfile::TempDir,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(SetClock(AtomicI64::new(Timestamp::from_secs(1_780_000_002).0)));
        let key = SecretBytes::new(vestibule_store::generate_master_key().unwrap());
        let keyring = Keyring::new(&key, &[]).unwrap();
        let settings = StoreSettings::Sqlite { path: folder.path().join("vestibule.db") };
        let handle = vestibule_store::open(settings, keyring, "here", Opening::Create, clock.now()).await.unwrap();
        let screen = Screen::default();
        let desk = Desk {
            store: Arc::<Handle>::clone(&handle),
            clock: Arc::<SetClock>::clone(&clock),
            random: Arc::new(SystemRandom::new()),
            factors: Factors {
                totp: TotpSettings::default(),
                push: PushChoices { user_verification: Policy::Off, totp_with_pairing: true, privacyidea_app: false },
                recovery_codes: RecoverySettings { codes: 10, cost: TINY },
                invitations: InvitationSettings { lifetime: Duration::from_secs(86_400), cost: TINY },
                password_cost: TINY,
                hashes_at_once: 1,
                hashes_waiting: 1,
            },
            portal: None,
            by: "cli:root".to_owned(),
            terminal: screen.terminal(Looks::default(), ""),
            json: false,
        };
        Self { desk, handle, screen, clock, _folder: folder }
    }

    /// There is a portal.
    pub(crate) fn with_portal(&mut self) {
        let (origin, name) = ("https://login.example.com".to_owned(), "Example".to_owned());
        self.desk.portal = Some(Portal { origin, name });
    }

    /// From here on for scripts.
    pub(crate) fn for_scripts(&mut self) {
        self.desk.json = true;
    }

    /// Somebody sits there and will type this.
    pub(crate) fn will_type(&mut self, text: &str) {
        self.desk.terminal = self.screen.terminal(PERSON, text);
    }

    /// Standard input is a pipe with this in it.
    pub(crate) fn is_piped(&mut self, text: &str) {
        self.desk.terminal = self.screen.terminal(Looks::default(), text);
    }

    pub(crate) fn screen(&self) -> String {
        self.screen.text()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.screen()).unwrap()
    }

    pub(crate) fn wait(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }

    pub(crate) async fn add_ada(&self) -> User {
        self.add("ada").await
    }

    pub(crate) async fn add(&self, name: &str) -> User {
        let new = vestibule_engine::NewUser {
            name: name.to_owned(),
            display_name: None,
            mail: None,
            groups: Vec::new(),
            password_hash: None,
        };
        self.desk.store.create_user(new, "test", self.desk.now()).await.unwrap()
    }

    /// Somebody of that name who signed in from a directory.
    pub(crate) async fn signed_in_from(&self, source: &str, name: &str) -> User {
        let subject = Subject { source: source.to_owned(), id: format!("{name}-entry"), name: name.to_owned() };
        let groups = vec!["staff".to_owned()];
        let person = Person { subject, groups, display_name: None, mail: None, carried: Carried::default() };
        self.desk.store.adopt(&person, self.desk.now()).await.unwrap()
    }

    /// Ten wrong codes in a row.
    pub(crate) async fn lock(&self, user: &User) {
        let wait = Duration::from_secs(3600);
        let budget = Budget { tries: 5, wait_first: wait, wait_max: wait, forget_after: wait * 24 };
        for number in 0..10 {
            let id = vestibule_engine::AttemptId(uuid::Uuid::from_u128(number));
            let mut change = Transition::new(id, self.desk.now());
            change.charge = vec![Charge { key: CounterKey::code_of(user.id), budget }];
            self.desk.store.commit(change).await.unwrap();
        }
    }

    /// A station where this person gave a second step.
    pub(crate) async fn trust(&self, user: &User, station: &str) -> TrustId {
        static COUNT: AtomicI64 = AtomicI64::new(1);
        let number = uuid::Uuid::from_u128(COUNT.fetch_add(1, Ordering::Relaxed).unsigned_abs().into());
        let mut change = Transition::new(vestibule_engine::AttemptId(number), self.desk.now());
        change.trust = Some(TrustEntry {
            id: TrustId(number),
            user: user.id,
            service: "radius/vpn".to_owned(),
            station: Station::kept(station).unwrap(),
            method: vestibule_engine::Method::Totp,
            granted: self.desk.now(),
            until: self.desk.now().after(Duration::from_secs(86_400)),
        });
        self.desk.store.commit(change).await.unwrap();
        TrustId(number)
    }

    /// What an authenticator app with this secret (base 32) shows now, by an implementation of its own.
    pub(crate) fn code_now(&self, secret: &str) -> String {
        self.code_at(secret, 0)
    }

    pub(crate) fn code_at(&self, secret: &str, steps_ahead: i64) -> String {
        let mut bits = String::new();
        for c in secret.chars().filter(|c| *c != ' ') {
            let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(c).unwrap();
            bits.push_str(&format!("{value:05b}"));
        }
        let octets: Vec<u8> = bits
            .as_bytes()
            .chunks_exact(8)
            .map(|bits| u8::from_str_radix(std::str::from_utf8(bits).unwrap(), 2).unwrap())
            .collect();
        let step = self.desk.now().secs() / 30 + steps_ahead;
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &octets);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let at = usize::from(tag[19] & 15);
        let number = u32::from_be_bytes(tag[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }
}

#[tokio::test]
async fn somebody_is_found_by_any_spelling_of_the_name_and_by_id() {
    let bench = Bench::new().await;
    let ada = bench.add_ada().await;
    bench.add("adam").await;
    for spelling in ["ada", "ADA", " Ada ", &ada.id.to_string(), &format!("{}/ada", ada.subject.source)] {
        assert_eq!(bench.desk.person(spelling).await.unwrap().id, ada.id, "{spelling}");
    }
}

#[tokio::test]
async fn somebody_is_found_among_many_whose_names_are_longer() {
    let bench = Bench::new().await;
    for number in 0..201 {
        bench.add(&format!("{number:03}-ada")).await;
    }
    let ada = bench.add_ada().await;
    assert_eq!(bench.desk.person("ada").await.unwrap().id, ada.id);
}

#[tokio::test]
async fn who_is_not_there_is_told_with_the_next_command() {
    let bench = Bench::new().await;
    let error = bench.desk.person("ad\u{1b}a").await.unwrap_err().to_string();
    assert!(error.contains("control character"), "{error}");
    let error = bench.desk.person("ada").await.unwrap_err().to_string();
    assert!(error.contains("there is no user ada") && error.contains("next: vestibule users list"), "{error}");
}

#[tokio::test]
async fn one_name_from_two_sources_is_asked_about() {
    let bench = Bench::new().await;
    let here = bench.add_ada().await;
    let there = bench.signed_in_from("corp", "ada").await;
    let error = bench.desk.person("ada").await.unwrap_err().to_string();
    assert!(error.contains("corp/ada") && error.contains(&format!("{}/ada", here.subject.source)), "{error}");
    assert_eq!(bench.desk.person("corp/ada").await.unwrap().id, there.id);
}
