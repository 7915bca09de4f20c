//! What a hostile reader of the engine tried.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;

use super::fakes::*;
use crate::*;

/// A kind of code whose server is down.
struct Outage;

#[async_trait]
impl SecondFactor for Outage {
    fn method(&self) -> Method {
        Method::ExternalCode
    }
    fn fits(&self, _: &Channel, _: Option<&Passcode>) -> bool {
        true
    }
    fn is_typed(&self) -> bool {
        true
    }
    async fn check(
        &self,
        _: Option<&Challenge>,
        _: &[Authenticator],
        _: &Answer,
        _: Timestamp,
    ) -> Result<Checked, PortError> {
        Err(PortError::unusable("ask the code server"))
    }
}

/// A phone whose approvals count up, as signature counters do.
struct Counting;

#[async_trait]
impl SecondFactor for Counting {
    fn method(&self) -> Method {
        Method::Push
    }
    fn fits(&self, _: &Channel, _: Option<&Passcode>) -> bool {
        true
    }
    fn is_typed(&self) -> bool {
        false
    }
    async fn check(
        &self,
        _: Option<&Challenge>,
        with: &[Authenticator],
        _: &Answer,
        _: Timestamp,
    ) -> Result<Checked, PortError> {
        Ok(with
            .first()
            .map_or(Checked::Wrong, |own| Checked::Right(Spend::Step { authenticator: own.id, step: 1, drift: 0 })))
    }
}

struct Chance;

impl Random for Chance {
    fn fill(&self, octets: &mut [u8]) -> Result<(), PortError> {
        for chunk in octets.chunks_mut(16) {
            chunk.copy_from_slice(&uuid::Uuid::new_v4().as_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

fn node(world: &World, factors: Vec<Arc<dyn SecondFactor>>, settings: Settings) -> Engine {
    let ports = Ports {
        store: Arc::clone(&world.store) as Arc<dyn Store>,
        clock: Arc::clone(&world.clock) as Arc<dyn Clock>,
        random: Arc::new(Chance),
        factors,
        digest_key: SecretBytes::new([7; 32]),
    };
    Engine::new(ports, settings)
}

fn stationless(user: &str, prompts: Prompts) -> LoginRequest {
    LoginRequest { origin: Origin { station: None, ..request(user, prompts).origin }, ..request(user, prompts) }
}

#[tokio::test]
async fn a_wrong_code_costs_a_try_though_another_factor_is_out_of_order() {
    let world = World::new();
    world.enrol("ada", Method::Totp);
    world.enrol("ada", Method::ExternalCode);
    let codes = Arc::new(Codes(Arc::clone(&world.fuse)));
    let engine = node(&world, vec![codes, Arc::new(Outage)], Settings::default());
    for guess in 0..50 {
        drop(world.decide_on(&engine, request("ada", Prompts::None), &format!("secret,{:06}", 900_000 + guess)).await);
    }
    let right = world.decide_on(&engine, request("ada", Prompts::None), &format!("secret,{}", world.code())).await;
    assert!(matches!(right, Ok(Verdict::Deny(Denial::LockedOut { .. }))), "{right:?}");
}

#[tokio::test]
async fn parallel_password_guesses_are_asked_upstream_no_more_often_than_the_budget() {
    let world = Arc::new(World::new());
    world.directory.slowness.store(30, Ordering::SeqCst);
    let guesses: Vec<_> = (0..200)
        .map(|n| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { world.decide("ada", &format!("guess{n}")).await })
        })
        .collect();
    let mut told = 0;
    for guess in guesses {
        told += usize::from(matches!(guess.await.unwrap(), Ok(Verdict::Deny(Denial::Primary(_)))));
    }
    assert!(told <= 5 && world.asked() <= 5, "told {told}, asked {}", world.asked());
}

#[tokio::test(start_paused = true)]
async fn a_login_from_a_place_shared_by_many_joins_nobody_elses_push() {
    let world = Arc::new(World::new());
    world.enrol("ada", Method::Push);
    let login = || {
        let world = Arc::clone(&world);
        tokio::spawn(async move { world.decide_on(&world.engine, stationless("ada", Prompts::None), "secret").await })
    };
    world.engine.adopt(Settings { push: PushRules { of_service: 2, ..PushRules::default() }, ..Settings::default() });
    let thief = login();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let ada = login();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let rung = world.phone.rung.lock().unwrap().clone();
    world.respond(&world.engine, *rung.last().unwrap(), approval()).await.unwrap();
    assert!(ada.await.unwrap().unwrap().is_allow());
    assert!(!thief.await.unwrap().unwrap().is_allow(), "one approval, two people let in");
}

#[tokio::test]
async fn a_page_is_never_shown_the_question_of_another_page() {
    let rules = PushRules { of_service: 2, ..PushRules::default() };
    let world = World::with(&Settings { push: rules, ..Settings::default() }, false);
    world.enrol("ada", Method::Push);
    let ada = shown(world.begin("ada", "secret", Prompts::Page).await);
    let thief = shown(world.begin("ada", "secret", Prompts::Page).await);
    world.respond(&world.engine, ada.attempt, approval()).await.unwrap();
    assert_ne!(ada.attempt, thief.attempt);
}

#[tokio::test]
async fn asking_for_a_push_again_and_again_rings_the_phone_a_few_times_only() {
    let world = World::new();
    world.enrol("ada", Method::Totp);
    world.enrol("ada", Method::Push);
    let mut prompt = shown(world.begin("ada", "secret,push", Prompts::Text).await);
    for _ in 0..50 {
        match world.answer("ada", &prompt, "push").await.unwrap() {
            Step::Show(next) => prompt = next,
            Step::Done(_) => break,
        }
    }
    assert!(world.phone.rung.lock().unwrap().len() <= 3, "{}", world.phone.rung.lock().unwrap().len());
}

#[tokio::test]
async fn a_rule_that_remembers_for_less_forgets_what_was_remembered_for_longer() {
    let rule = |remember, methods| Rule {
        name: "r".into(),
        doors: vec![],
        services: vec![],
        users: vec![],
        groups: vec![],
        networks: vec![],
        hours: None,
        require: Requirement::AnyOf(methods),
        remember: Some(Duration::from_secs(remember)),
    };
    let settings = |remember, methods| Settings {
        policy: Policy { rules: vec![rule(remember, methods)], ..Policy::default() },
        ..Settings::default()
    };
    let world = World::with(&settings(30 * 86_400, vec![Method::Totp]), false);
    world.enrol("ada", Method::Totp);
    world.enrol("ada", Method::Push);
    assert!(world.decide("ada", &format!("secret,{}", world.code())).await.unwrap().is_allow());
    world.clock.pass(7_200);
    world.engine.adopt(settings(3_600, vec![Method::Totp]));
    let shorter = world.decide("ada", "secret").await;
    world.engine.adopt(settings(30 * 86_400, vec![Method::Passkey]));
    let stricter = world.decide("ada", "secret").await;
    assert!(!shorter.unwrap().is_allow(), "shorter");
    assert!(!stricter.unwrap().is_allow(), "stricter");
}

#[tokio::test]
async fn an_approval_that_waits_for_its_client_is_spent_when_it_is_given() {
    let world = World::new();
    world.enrol("ada", Method::Push);
    let engine = node(&world, vec![Arc::new(Counting)], Settings::default());
    let mut allowed = 0;
    for station in ["198.51.100.1", "198.51.100.2"] {
        let from = request_from("ada", Prompts::Text, station);
        let Ok(Step::Show(prompt)) = world.begin_on(&engine, from.clone(), "secret").await else { continue };
        drop(world.respond(&engine, prompt.attempt, approval()).await);
        let step = engine.answer(prompt.attempt, prompt.turn, Answer::Look, &from, None).await;
        allowed += usize::from(matches!(step, Ok(Step::Done(Verdict::Allow(_)))));
    }
    assert_eq!(allowed, 1, "the same counter was good twice");
}

#[tokio::test]
async fn one_unreadable_attempt_does_not_keep_the_others_open() {
    let world = World::new();
    world.enrol("ada", Method::Totp);
    world.enrol("bob", Method::Totp);
    let broken = shown(world.begin("ada", "secret", Prompts::Text).await);
    shown(world.begin("bob", "hidden", Prompts::Text).await);
    if let Position::Open(open) = &mut world.store.lock().attempts.get_mut(&broken.attempt).unwrap().position {
        open.payload = SecretBytes::new(*b"?");
    }
    world.clock.pass(121);
    for _ in 0..4 {
        drop(world.engine.tend().await);
    }
    assert_eq!(world.store.open_attempts().await.unwrap(), 1);
    assert_eq!(world.decisions().len(), 1);
}

#[tokio::test]
async fn guesses_at_a_question_of_the_primary_stop_at_the_budget() {
    let world = World::with(&Settings::default(), true);
    world.enrol("ada", Method::Totp);
    let mut open = Vec::new();
    for n in 0..50 {
        open.push(shown(world.begin("ada", &format!("secret,{:06}", 200_000 + n), Prompts::Text).await));
    }
    let before = world.asked();
    for prompt in open {
        denied(done(world.answer("ada", &prompt, "2222").await));
    }
    assert!(world.asked() - before <= 5, "{} guesses", world.asked() - before);
}

#[tokio::test]
async fn a_prompt_of_another_channel_is_not_ended_by_a_login_that_cannot_ask() {
    let world = World::new();
    world.enrol("ada", Method::Totp);
    world.directory.slowness.store(20, Ordering::SeqCst);
    let (asked, held) = tokio::join!(world.begin("ada", "secret", Prompts::Text), world.decide("ada", "secret"));
    denied(held);
    let prompt = shown(asked);
    let code = world.code();
    assert!(done(world.answer("ada", &prompt, &code).await).unwrap().is_allow());
}

#[tokio::test]
async fn a_primary_that_fails_in_the_middle_leaves_no_question_open() {
    let world = World::with(&Settings::default(), true);
    world.enrol("ada", Method::Totp);
    let pin = shown(world.begin("ada", "secret", Prompts::Text).await);
    let answer = Answer::Typed(Passcode::parse("1111").unwrap());
    drop(world.engine.answer(pin.attempt, pin.turn, answer.clone(), &request("ada", Prompts::Text), None).await);
    let calls = |world: &World| world.fuse.calls();
    let _ = calls;
    // Blow the resume itself: waiting, draw turn, commit, resume.
    for n in 1..=8 {
        let world = World::with(&Settings::default(), true);
        world.enrol("ada", Method::Totp);
        let pin = shown(world.begin("ada", "secret", Prompts::Text).await);
        world.fuse.fail_at(n);
        let first = world.answer("ada", &pin, "1111").await;
        world.fuse.fail_at(0);
        if first.is_err() {
            let again = world.answer("ada", &pin, "1111").await;
            let open = world.store.open_attempts().await.unwrap();
            println!("n={n}: first {first:?} again {again:?} open {open}");
            assert!(open == 0 || !matches!(again, Ok(Step::Done(Verdict::Deny(Denial::AnswerStale)))), "n={n}");
        }
    }
}

/// A source that identifies one person and then accepts another.
struct Turncoat;

#[async_trait]
impl PrimaryAuthenticator for Turncoat {
    async fn identify(&mut self, _: &UserName) -> Result<Identified, PortError> {
        Ok(Identified::Known(Subject { source: "fake".into(), id: "id-ada".into(), name: "ada".into() }))
    }
    async fn authenticate(&mut self, _: &UserName, _: &Subject, _: &Password) -> Result<PrimaryOutcome, PortError> {
        let subject = Subject { source: "fake".into(), id: "id-bob".into(), name: "bob".into() };
        let person = Person { subject, groups: vec![], display_name: None, mail: None, carried: Carried::default() };
        Ok(PrimaryOutcome::Accepted(person))
    }
}

#[tokio::test]
async fn a_source_that_accepts_somebody_else_than_it_named_lets_nobody_in() {
    let world = World::new();
    world.enrol("bob", Method::Totp);
    let typed = format!("secret,{}", world.code());
    let primary = Primary::Password { password: Password::new(typed), with: &mut Turncoat };
    let verdict = world.engine.decide(request("ada", Prompts::None), primary, std::future::pending()).await;
    assert!(!verdict.is_ok_and(|verdict| verdict.is_allow()));
}

#[tokio::test]
async fn unknown_names_from_a_locked_address_ask_nobody() {
    let world = World::new();
    for n in 0..200 {
        denied(world.decide(&format!("nobody{n}"), "x").await);
    }
    assert!(matches!(denied(world.decide("nobody", "x").await), Denial::LockedOut { .. }));
}

/// Counts what an outsider could take the time of.
struct Timed(DirectoryLogin, Arc<std::sync::atomic::AtomicU64>);

#[async_trait]
impl PrimaryAuthenticator for Timed {
    async fn identify(&mut self, user: &UserName) -> Result<Identified, PortError> {
        self.0.identify(user).await
    }
    async fn authenticate(&mut self, u: &UserName, s: &Subject, p: &Password) -> Result<PrimaryOutcome, PortError> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.authenticate(u, s, p).await
    }
    fn is_bound(&self) -> bool {
        true
    }
    async fn pretend(&mut self, _: &Password) {
        self.1.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_locked_name_takes_as_long_as_an_unknown_one() {
    // ADM-04
    let world = World::new();
    let work = |name: &'static str| {
        let world = &world;
        async move {
            let count = Arc::new(std::sync::atomic::AtomicU64::new(0));
            for _ in 0..10 {
                let mut with = Timed(DirectoryLogin(Arc::clone(&world.directory)), Arc::clone(&count));
                let primary = Primary::Password { password: Password::new("guess"), with: &mut with };
                denied(world.engine.decide(request(name, Prompts::None), primary, std::future::pending()).await);
            }
            count.load(Ordering::SeqCst)
        }
    };
    assert_eq!(work("ada").await, work("nobody").await);
}

#[tokio::test]
async fn phone_stops_ringing_when_the_login_is_decided_without_it() {
    let world = World::new();
    world.enrol("ada", Method::Push);
    world.enrol("ada", Method::Totp);
    let prompt = shown(world.begin("ada", "secret,push", Prompts::Text).await);
    let code = world.code();
    assert!(done(world.answer("ada", &prompt, &code).await).unwrap().is_allow());
    assert_eq!(*world.phone.withdrawn.lock().unwrap(), [prompt.attempt]);
}

#[tokio::test]
async fn what_a_client_calls_its_station_does_not_stand_in_for_an_address_the_door_saw() {
    let origin = Origin {
        address: "203.0.113.9".parse().unwrap(),
        station: Station::parse("10.0.0.5"),
        direct: true,
        client: None,
    };
    assert_eq!(origin.person_address(), Some("203.0.113.9".parse().unwrap()));
}

#[tokio::test]
async fn answer_from_another_system_of_the_same_service_is_refused() {
    // RAD-20: State from NAS X used at NAS Y.
    let world = World::new();
    world.enrol("ada", Method::Push);
    let prompt = shown(world.begin("ada", "secret", Prompts::Text).await);
    world.respond(&world.engine, prompt.attempt, approval()).await.unwrap();
    let mut elsewhere = request_from("ada", Prompts::Text, "203.0.113.66");
    elsewhere.origin.address = "192.0.2.99".parse().unwrap();
    let step = world.engine.answer(prompt.attempt, prompt.turn, Answer::Look, &elsewhere, None).await;
    assert_eq!(denied(done(step)), Denial::AttemptUnknown);
}

#[tokio::test]
async fn a_trust_entry_that_is_over_does_not_come_back_when_the_clock_goes_back() {
    // OTP-08
    let rule = Rule {
        name: "r".into(),
        doors: vec![],
        services: vec![],
        users: vec![],
        groups: vec![],
        networks: vec![],
        hours: None,
        require: Requirement::AnyOf(vec![Method::Totp]),
        remember: Some(Duration::from_secs(3_600)),
    };
    let world = World::with(
        &Settings { policy: Policy { rules: vec![rule], ..Policy::default() }, ..Settings::default() },
        false,
    );
    world.enrol("ada", Method::Totp);
    assert!(world.decide("ada", &format!("secret,{}", world.code())).await.unwrap().is_allow());
    world.clock.pass(7_200);
    assert!(!world.decide("ada", "secret").await.unwrap().is_allow());
    world.clock.pass(-5_000);
    world.clock.went_back.store(5_000, Ordering::SeqCst);
    assert!(!world.decide("ada", "secret").await.is_ok_and(|verdict| verdict.is_allow()));
}

#[tokio::test]
async fn outsider_at_another_machine_of_a_stationless_client_does_not_lock_the_person_out() {
    let world = World::new();
    world.enrol("ada", Method::Totp);
    for n in 0..5 {
        denied(world.decide_on(&world.engine, stationless("ada", Prompts::None), &format!("guess{n}")).await);
    }
    let right = format!("secret,{}", world.code());
    let verdict = world.decide_on(&world.engine, stationless("ada", Prompts::None), &right).await.unwrap();
    assert!(verdict.is_allow(), "{verdict:?}");
}

#[tokio::test]
async fn a_stranger_with_many_addresses_does_not_lock_the_person_at_home() {
    let world = World::new();
    world.enrol("ada", Method::Totp);
    for n in 0..60 {
        let request = request_from("ada", Prompts::None, &format!("2001:db8::{n:x}"));
        denied(world.decide_on(&world.engine, request, "guess").await);
    }
    let right = format!("secret,{}", world.code());
    let verdict = world.decide("ada", &right).await.unwrap();
    assert!(verdict.is_allow(), "{verdict:?}");
}

#[tokio::test]
async fn a_held_login_whose_client_left_cannot_be_approved() {
    // LDP-13
    let world = Arc::new(World::new());
    world.enrol("ada", Method::Push);
    let (leave, left) = tokio::sync::oneshot::channel::<()>();
    let held = tokio::spawn({
        let world = Arc::clone(&world);
        async move {
            let mut with = DirectoryLogin(Arc::clone(&world.directory));
            let primary = Primary::Password { password: Password::new("secret"), with: &mut with };
            world.engine.decide(request("ada", Prompts::None), primary, async { drop(left.await) }).await
        }
    });
    while world.phone.rung.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    leave.send(()).unwrap();
    assert_eq!(denied(held.await.unwrap()), Denial::Withdrawn);
    let attempt = world.phone.rung.lock().unwrap()[0];
    assert_eq!(world.respond(&world.engine, attempt, approval()).await.unwrap(), Responded::Over);
}

#[tokio::test]
async fn a_follower_whose_own_connection_was_never_asked_is_not_told_it_was() {
    // The door's own upstream connection must have seen the bind.
    let world = World::new();
    world.enrol("ada", Method::Totp);
    let typed = format!("secret,{}", world.code());
    let (a, b) = (Arc::new(0.into()), Arc::new(0.into()));
    let mut one = Timed(DirectoryLogin(Arc::clone(&world.directory)), Arc::clone(&a));
    let mut two = Timed(DirectoryLogin(Arc::clone(&world.directory)), Arc::clone(&b));
    let (x, y) = tokio::join!(
        world.engine.decide(
            request("ada", Prompts::None),
            Primary::Password { password: Password::new(typed.as_str()), with: &mut one },
            std::future::pending()
        ),
        world.engine.decide(
            request("ada", Prompts::None),
            Primary::Password { password: Password::new(typed.as_str()), with: &mut two },
            std::future::pending()
        )
    );
    for (verdict, asked) in [(x, a), (y, b)] {
        let asked: u64 = asked.load(Ordering::SeqCst);
        assert!(asked == 1 || !verdict.unwrap().is_allow(), "allowed without asking its own connection");
    }
}
