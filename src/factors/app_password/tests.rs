use std::sync::atomic::{AtomicI64, Ordering};

use proptest::prelude::*;
use vestibule_engine::AuditEvent;

use super::*;
use crate::tests::{Dice, MemoryStore, NoDice, ada};

const JENKINS: &str = "ldap/jenkins";
const BY: &str = "portal:ada";
const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

struct Desk {
    passwords: AppPasswords,
    store: Arc<MemoryStore>,
    clock: Arc<SetClock>,
}

impl Desk {
    fn new() -> Self {
        Self::with(Arc::new(Dice::new()))
    }

    fn with(random: Arc<dyn Random>) -> Self {
        let (store, clock) = (Arc::new(MemoryStore::default()), Arc::new(SetClock(AtomicI64::new(NOW.0))));
        let shared = (Arc::<MemoryStore>::clone(&store), Arc::<SetClock>::clone(&clock));
        Self { passwords: AppPasswords::new(shared.0, shared.1, random), store, clock }
    }

    async fn make(&self, label: &str) -> (AppPasswordId, String) {
        let made = self.passwords.make(ada(), JENKINS, label, BY).await.unwrap();
        (made.id, made.secret.reveal().to_owned())
    }

    async fn check(&self, typed: &str) -> Option<String> {
        self.passwords.check(&Password::new(typed), ada(), JENKINS).await.unwrap().map(|one| one.label)
    }

    async fn labels(&self) -> Vec<String> {
        self.passwords.list(ada()).await.unwrap().into_iter().map(|one| one.label).collect()
    }

    fn wait(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }

    fn told(&self) -> Vec<AuditEvent> {
        self.store.audit.lock().unwrap().iter().map(|record| record.event.clone()).collect()
    }
}

fn bob() -> UserId {
    UserId(uuid::Uuid::from_u128(0xB0B))
}

#[tokio::test]
async fn one_is_made_shown_once_and_good_for_its_person_and_service_alone() {
    let desk = Desk::new();
    let (_, secret) = desk.make("Build server").await;
    assert_eq!((secret.len(), secret.split('-').count()), (33, 6), "{}", secret.len());
    assert!(secret.starts_with("vap-"));
    assert_eq!(desk.check(&secret).await.as_deref(), Some("Build server"));
    let typed = Password::new(secret.as_str());
    assert_eq!(desk.passwords.check(&typed, bob(), JENKINS).await.unwrap(), None);
    assert_eq!(desk.passwords.check(&typed, ada(), "ldap/gitlab").await.unwrap(), None);
    assert_eq!(desk.passwords.check(&typed, ada(), "radius/jenkins").await.unwrap(), None);
    let (_, another) = Desk::new().make("Build server").await;
    assert_eq!(desk.check(&another).await, None);
}

#[tokio::test]
async fn one_is_taken_as_people_type_it() {
    let desk = Desk::new();
    let (_, secret) = desk.make("Build server").await;
    for typed in [
        secret.to_uppercase(),
        secret.replace('-', ""),
        secret.replace('-', " "),
        format!("  {secret}\n"),
        secret.replace('0', "o").replace('1', "I"),
    ] {
        assert!(AppPasswords::is_one(&Password::new(typed.as_str())));
        assert!(desk.check(&typed).await.is_some(), "{typed}");
    }
}

/// What has its form is never sent to a directory, so nothing else may have it.
#[tokio::test]
async fn the_password_of_a_directory_is_never_taken_for_one() {
    let (_, secret) = Desk::new().make("Build server").await;
    let long = format!("{secret}0");
    let short = secret.strip_suffix(|_: char| true).unwrap();
    let longest = "vap-".to_owned() + &"-".repeat(400);
    let other = secret.replacen("vap", "vab", 1);
    for typed in ["", "vap", "vap-", "correct horse", "secret,492039", &long, short, &longest, &other, "vаp-k3fa9"] {
        assert!(!AppPasswords::is_one(&Password::new(typed)), "{typed}");
    }
    assert!(!AppPasswords::is_one(&Password::new([&[0xff][..], secret.as_bytes()].concat())));
    assert!(!AppPasswords::is_one(&Password::new(format!("{secret}\0"))));
    // With a code behind it, it is neither: nobody with an app password is asked for one.
    assert!(!AppPasswords::is_one(&Password::new(format!("{secret},492039"))));
}

#[tokio::test]
async fn what_is_revoked_opens_nothing_and_is_revoked_once_and_by_its_person_only() {
    let desk = Desk::new();
    let (id, secret) = desk.make("Build server").await;
    let (_, kept) = desk.make("Laptop").await;
    assert!(!desk.passwords.revoke(bob(), id, "portal:bob").await.unwrap());
    assert!(desk.check(&secret).await.is_some());
    assert!(desk.passwords.revoke(ada(), id, BY).await.unwrap());
    assert_eq!(desk.check(&secret).await, None);
    assert!(!desk.passwords.revoke(ada(), id, BY).await.unwrap());
    assert_eq!(desk.labels().await, ["Laptop"]);
    assert!(desk.check(&kept).await.is_some());
}

#[tokio::test]
async fn making_and_revoking_stand_in_the_audit_log() {
    let desk = Desk::new();
    let (id, secret) = desk.make("Build server").await;
    desk.passwords.revoke(ada(), id, "cli:root").await.unwrap();
    let told = desk.told();
    let [AuditEvent::AppPasswordMade { by: maker, .. }, AuditEvent::AppPasswordRevoked { by: revoker, .. }] =
        told.as_slice()
    else {
        panic!("{told:?}")
    };
    assert_eq!((maker.as_str(), revoker.as_str()), (BY, "cli:root"));
    for event in &told {
        let line = serde_json::to_string(event).unwrap();
        assert!(line.contains("Build server") && line.contains(JENKINS) && !line.contains(&secret), "{line}");
    }
}

#[tokio::test]
async fn one_that_could_not_be_recorded_is_not_made() {
    let desk = Desk::new();
    desk.store.is_silent.store(true, Ordering::SeqCst);
    let refused = desk.passwords.make(ada(), JENKINS, "Build server", BY).await;
    assert!(matches!(refused, Err(AppPasswordRefused::Store(_))));
    assert!(desk.store.tokens.lock().unwrap().is_empty());
}

#[tokio::test]
async fn without_chance_none_is_made() {
    let desk = Desk::with(Arc::new(NoDice));
    let refused = desk.passwords.make(ada(), JENKINS, "Build server", BY).await;
    assert!(matches!(refused, Err(AppPasswordRefused::Random(_))));
    assert!(desk.told().is_empty());
}

#[tokio::test]
async fn its_last_use_is_known_to_the_hour_and_not_written_down_more_often() {
    let desk = Desk::new();
    let (_, secret) = desk.make("Build server").await;
    let last_used = async || desk.passwords.list(ada()).await.unwrap()[0].last_used;
    assert_eq!(last_used().await, None);
    desk.wait(10);
    desk.check(&secret).await.unwrap();
    let first = NOW.after(Duration::from_secs(10));
    assert_eq!(last_used().await, Some(first));
    desk.wait(3_599);
    desk.check(&secret).await.unwrap();
    assert_eq!(last_used().await, Some(first));
    desk.wait(1);
    desk.check(&secret).await.unwrap();
    assert_eq!(last_used().await, Some(first.after(Duration::from_secs(3_600))));
    assert_eq!(desk.passwords.list(ada()).await.unwrap()[0].created, NOW);
}

#[tokio::test]
async fn one_is_good_for_as_long_as_nobody_revokes_it() {
    let desk = Desk::new();
    let (_, secret) = desk.make("Build server").await;
    desk.wait(50 * 365 * 86_400);
    assert!(desk.check(&secret).await.is_some());
}

#[tokio::test]
async fn a_person_has_so_many_and_no_more() {
    let desk = Desk::new();
    for number in 0..APP_PASSWORDS_MAX {
        desk.make(&format!("Number {number}")).await;
    }
    let refused = desk.passwords.make(ada(), JENKINS, "One more", BY).await;
    assert!(matches!(refused, Err(AppPasswordRefused::TooMany)));
    assert_eq!((desk.labels().await.len(), desk.told().len()), (APP_PASSWORDS_MAX, APP_PASSWORDS_MAX));
    desk.passwords.make(bob(), JENKINS, "Of another person", "portal:bob").await.unwrap();
    let first = desk.passwords.list(ada()).await.unwrap()[0].id;
    desk.passwords.revoke(ada(), first, BY).await.unwrap();
    desk.make("One more").await;
}

#[tokio::test]
async fn a_label_reads_as_it_is() {
    let desk = Desk::new();
    let longest = "ü".repeat(APP_PASSWORD_LABEL_CHARS_MAX);
    for label in ["  Build server ", "Jürgens <Laptop>", &longest] {
        desk.make(label).await;
    }
    assert_eq!(desk.labels().await, ["Build server", "Jürgens <Laptop>", &longest]);
    let longer = format!("{longest}ü");
    for odd in ["", "  ", "a\nb", "a\u{1b}[31mb", "abc\u{202E}def", "a\u{2028}b", &longer] {
        let refused = desk.passwords.make(ada(), JENKINS, odd, BY).await;
        assert!(matches!(refused, Err(AppPasswordRefused::Label)), "{odd:?}");
    }
}

/// A copy of the database holds nothing that opens anything.
#[tokio::test]
async fn what_is_stored_holds_no_secret() {
    let desk = Desk::new();
    let (_, secret) = desk.make("Build server").await;
    let bare = secret.strip_prefix("vap-").unwrap().replace('-', "");
    assert_eq!(bare.len() * 5, 125, "bits");
    let tokens = desk.store.tokens.lock().unwrap();
    let stored = String::from_utf8(tokens[0].payload.expose().to_vec()).unwrap();
    assert!(!stored.contains(&bare) && !stored.contains(&secret));
    assert_eq!(tokens[0].digest, ring::digest::digest(&ring::digest::SHA256, bare.as_bytes()).as_ref());
}

#[tokio::test]
async fn a_damaged_record_or_a_store_that_is_away_is_a_fault_and_never_an_acceptance() {
    let desk = Desk::new();
    let (_, secret) = desk.make("Build server").await;
    let typed = Password::new(secret.as_str());
    desk.store.is_down.store(true, Ordering::SeqCst);
    desk.passwords.check(&typed, ada(), JENKINS).await.unwrap_err();
    desk.store.is_down.store(false, Ordering::SeqCst);
    for record in ["", "{}", r#"{"service":"ldap/jenkins","label":"x"}"#] {
        desk.store.tokens.lock().unwrap()[0].payload = SecretBytes::new(record);
        desk.passwords.check(&typed, ada(), JENKINS).await.expect_err(record);
        desk.passwords.list(ada()).await.expect_err(record);
    }
}

proptest! {
    #[test]
    fn every_secret_that_is_shown_reads_back(seed: u64) {
        let secret = Secret::draw(&Dice::seeded(seed)).unwrap();
        let shown = secret.shown();
        let read = Secret::read(&Password::new(shown.reveal())).unwrap();
        prop_assert_eq!(read.digest(), secret.digest());
    }

    #[test]
    fn whatever_is_typed_reading_it_does_not_panic(octets: Vec<u8>) {
        AppPasswords::is_one(&Password::new(octets));
    }
}
