//! What each line of a transition is there for: every test here fails when one of them is taken out.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::fakes::*;
use crate::*;

fn with_budgets(change: impl Fn(&mut Budgets)) -> World {
    let mut settings = Settings::default();
    change(&mut settings.budgets);
    World::with(&settings, false)
}

fn remembering(hours: u64) -> Settings {
    let rule = Rule {
        name: "remembers".into(),
        doors: vec![],
        services: vec![],
        users: vec![],
        groups: vec![],
        networks: vec![],
        hours: None,
        require: Requirement::AnyOf(vec![Method::Totp]),
        remember: Some(Duration::from_secs(hours * 3_600)),
    };
    Settings { policy: Policy { rules: vec![rule], ..Policy::default() }, ..Settings::default() }
}

fn failures(world: &World, key: &str) -> u32 {
    let inner = world.store.lock();
    inner.counters.iter().filter(|(known, _)| known.0.starts_with(key)).map(|(_, counter)| counter.failures).sum()
}

async fn lock_codes(world: &World, user: &str, password: &str) {
    for n in 0..5 {
        let from = request_from(user, Prompts::None, &format!("203.0.113.{n}"));
        denied(world.decide_on(&world.engine, from, &format!("{password},999999")).await);
    }
}

#[tokio::test]
async fn wrong_answers_to_many_open_questions_share_one_budget() {
    // OTP-05: kills `wrong` without charge, and without unless_locked.
    let world = World::new();
    world.enrol("ada", Method::Totp);
    let mut open = Vec::new();
    for n in 0..10 {
        let from = request_from("ada", Prompts::Text, &format!("198.51.100.{n}"));
        open.push((shown(world.begin_on(&world.engine, from.clone(), "secret").await), from));
    }
    let (mut told, mut locked) = (0, 0);
    for (prompt, from) in open {
        let answer = Answer::Typed(Passcode::parse("999999").unwrap());
        match world.engine.answer(prompt.attempt, prompt.turn, answer, &from, None).await.unwrap() {
            Step::Show(_) => told += 1,
            Step::Done(Verdict::Deny(Denial::LockedOut { .. })) => locked += 1,
            Step::Done(verdict) => panic!("{verdict:?}"),
        }
    }
    assert_eq!((told, locked), (5, 5));
}

#[tokio::test]
async fn approval_while_the_codes_are_locked_does_not_wait_for_its_client() {
    let world = World::new();
    world.enrol("ada", Method::Push);
    world.enrol("ada", Method::Totp);
    let prompt = shown(world.begin("ada", "secret,push", Prompts::Text).await);
    lock_codes(&world, "ada", "secret").await;
    let said = world.respond(&world.engine, prompt.attempt, approval()).await.unwrap();
    assert!(matches!(said, Responded::Locked(_)), "{said:?}");
    assert!(matches!(denied(done(world.answer("ada", &prompt, "").await)), Denial::LockedOut { .. }));
}

#[tokio::test]
async fn disabled_user_is_not_asked_again() {
    let world = World::new();
    world.enrol("ada", Method::Totp);
    let prompt = shown(world.begin("ada", "secret", Prompts::Text).await);
    world.store.lock().users.values_mut().for_each(|user| user.enabled = false);
    assert_eq!(denied(done(world.answer("ada", &prompt, "999999").await)), Denial::UserDisabled);
}

#[tokio::test]
async fn disabled_user_is_refused_before_policy_and_factor_are_looked_at() {
    let world = World::new();
    world.enrol("ada", Method::Push);
    world.store.lock().users.values_mut().for_each(|user| user.enabled = false);
    assert_eq!(denied(world.decide("ada", "secret,123456").await), Denial::UserDisabled);
    assert!(world.phone.rung.lock().unwrap().is_empty());
}

#[tokio::test]
async fn approval_after_the_time_is_refused() {
    let world = World::new();
    world.enrol("ada", Method::Push);
    let prompt = shown(world.begin("ada", "secret", Prompts::Page).await);
    world.clock.pass(121);
    assert_eq!(world.respond(&world.engine, prompt.attempt, approval()).await.unwrap(), Responded::Over);
    assert_eq!(denied(done(world.answer("ada", &prompt, "").await)), Denial::FactorTimedOut);
}

#[tokio::test]
async fn wrong_code_counts_against_person_and_address_and_a_right_one_clears_the_person() {
    let world = World::new();
    world.enrol("ada", Method::Totp);
    denied(world.decide("ada", "secret,999999").await);
    assert_eq!((failures(&world, "code-of|"), failures(&world, "code-from|198.51.100.7")), (1, 1));
    assert!(world.decide("ada", &format!("secret,{}", world.code())).await.unwrap().is_allow());
    assert_eq!((failures(&world, "code-of|"), failures(&world, "code-from|")), (0, 1));
}

#[tokio::test]
async fn code_used_before_costs_none_of_the_budget() {
    let world = World::new();
    world.enrol("ada", Method::Totp);
    let typed = format!("secret,{}", world.code());
    assert!(world.decide("ada", &typed).await.unwrap().is_allow());
    assert_eq!(denied(world.decide("ada", &typed).await), Denial::CodeUsedBefore);
    let prompt = shown(world.begin("ada", "secret", Prompts::Text).await);
    let code = world.code();
    assert!(shown(world.answer("ada", &prompt, &code).await).again);
    assert_eq!(failures(&world, "code-"), 0);
}

#[tokio::test]
async fn wrong_passwords_from_many_places_lock_the_person_everywhere() {
    let world = with_budgets(|budgets| budgets.password_of.tries = 3);
    for n in 0..3 {
        let from = request_from("ada", Prompts::None, &format!("203.0.113.{n}"));
        denied(world.decide_on(&world.engine, from, "guess").await);
    }
    let asked = world.asked();
    assert!(matches!(denied(world.decide("ada", "guess").await), Denial::LockedOut { .. }));
    assert_eq!(world.asked(), asked);
}

#[tokio::test]
async fn wrong_passwords_for_many_people_lock_their_address() {
    let world = with_budgets(|budgets| budgets.password_from.tries = 3);
    for (user, password) in [("ada", "guess"), ("bob", "guess"), ("nobody", "guess")] {
        denied(world.decide(user, password).await);
    }
    assert!(matches!(denied(world.decide("ada", "secret").await), Denial::LockedOut { .. }));
    // Elsewhere, nobody is locked.
    let elsewhere = request_from("ada", Prompts::None, "203.0.113.5");
    assert_eq!(denied(world.decide_on(&world.engine, elsewhere, "secret").await), Denial::NotEnrolled);
}

#[tokio::test]
async fn right_password_forgets_the_wrong_ones() {
    let world = World::new();
    world.enrol("ada", Method::Totp);
    for _ in 0..3 {
        for n in 0..4 {
            denied(world.decide("ada", &format!("guess{n}")).await);
        }
        assert!(world.decide("ada", &format!("secret,{}", world.code())).await.unwrap().is_allow());
        assert_eq!(failures(&world, "password-at|") + failures(&world, "password-of|"), 0);
        world.clock.pass(30);
    }
}

#[test]
fn refusals_that_are_no_guess_cost_nothing() {
    use PrimaryRefusal::*;
    for refusal in [PasswordExpired, PasswordMustChange, AccountDisabled, AccountLocked, AccountExpired, NotHereNow] {
        assert!(!refusal.is_wrong_guess(), "{refusal:?}");
    }
    assert!(WrongPassword.is_wrong_guess() && UnknownUser.is_wrong_guess() && Unspecified.is_wrong_guess());
}

/// A factor that spends what belongs to somebody else.
struct Thief(Method, AuthenticatorId);

#[async_trait]
impl SecondFactor for Thief {
    fn method(&self) -> Method {
        self.0
    }
    fn fits(&self, _: &Channel, _: Option<&Passcode>) -> bool {
        true
    }
    fn is_typed(&self) -> bool {
        self.0 != Method::Push
    }
    async fn check(
        &self,
        _: Option<&Challenge>,
        _: &[Authenticator],
        _: &Answer,
        _: Timestamp,
    ) -> Result<Checked, PortError> {
        Ok(Checked::Right(Spend::Attempt { authenticator: self.1 }))
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

fn node(world: &World, factor: Arc<dyn SecondFactor>) -> Engine {
    let ports = Ports {
        store: Arc::clone(&world.store) as Arc<dyn Store>,
        clock: Arc::clone(&world.clock) as Arc<dyn Clock>,
        random: Arc::new(Chance),
        factors: vec![factor],
        digest_key: SecretBytes::new([7; 32]),
    };
    Engine::new(ports, Settings::default())
}

#[tokio::test]
async fn factor_of_somebody_else_opens_nothing() {
    let world = World::new();
    world.enrol("ada", Method::Totp);
    world.enrol("ada", Method::Push);
    let bobs = world.enrol("bob", Method::Totp);
    let typed = node(&world, Arc::new(Thief(Method::Totp, bobs)));
    assert_eq!(
        denied(world.decide_on(&typed, request("ada", Prompts::None), "secret,123456").await),
        Denial::WrongCode
    );
    let phone = node(&world, Arc::new(Thief(Method::Push, bobs)));
    let prompt = shown(world.begin_on(&phone, request("ada", Prompts::Page), "secret").await);
    assert_eq!(world.respond(&phone, prompt.attempt, approval()).await.unwrap(), Responded::Over);
}

/// Two logins at once that differ in one thing: neither may be answered for by the other.
async fn both_are_asked(one: (LoginRequest, &str), two: (LoginRequest, &str)) -> (Verdict, Verdict) {
    let world = World::new();
    world.enrol("ada", Method::Totp);
    world.enrol("bob", Method::Totp);
    world.directory.people.lock().unwrap().insert("bob".into(), "secret".into());
    let (a, b) =
        tokio::join!(world.decide_on(&world.engine, one.0, one.1), world.decide_on(&world.engine, two.0, two.1));
    assert_eq!(world.asked(), 2);
    (a.unwrap(), b.unwrap())
}

#[tokio::test]
async fn logins_that_differ_in_person_place_system_or_service_are_two_logins() {
    let base = || request("ada", Prompts::None);
    let typed = "secret,100001";
    let other_service = LoginRequest { service: Service { door: Door::Radius, name: "wifi".into() }, ..base() };
    let other_door = LoginRequest { service: Service { door: Door::Ldap, name: "vpn".into() }, ..base() };
    let address = Origin { address: "192.0.2.2".parse().unwrap(), ..base().origin };
    for other in [
        request_from("ada", Prompts::None, "198.51.100.8"),
        LoginRequest { origin: address, ..base() },
        other_service,
        other_door,
    ] {
        both_are_asked((base(), typed), (other, typed)).await;
    }
    let (ada, bob) = both_are_asked((base(), typed), (request("bob", Prompts::None), typed)).await;
    let name = |verdict| match verdict {
        Verdict::Allow(grant) => grant.identity().name.clone(),
        Verdict::Deny(denial) => panic!("{denial:?}"),
    };
    assert_eq!((name(ada), name(bob)), ("ada".to_owned(), "bob".to_owned()));
}

#[tokio::test]
async fn logins_that_differ_in_the_code_beside_the_password_are_two_logins() {
    let with = |code: Option<&str>| LoginRequest {
        passcode: code.and_then(Passcode::parse),
        splitting: Splitting::Never,
        ..request("ada", Prompts::None)
    };
    let (right, wrong) = both_are_asked((with(Some("100001")), "secret"), (with(Some("999999")), "secret")).await;
    assert!(right.is_allow() && !wrong.is_allow());
    // And where the border lies between the two matters.
    let (right, wrong) = both_are_asked((with(Some("100001")), "secret"), (with(None), "secret100001")).await;
    assert!(right.is_allow() && !wrong.is_allow());
}

#[tokio::test]
async fn login_that_cannot_ask_neither_joins_nor_ends_the_question_of_one_that_can() {
    let world = World::new();
    world.enrol("ada", Method::Totp);
    let prompt = shown(world.begin("ada", "secret", Prompts::Text).await);
    assert_eq!(denied(world.decide("ada", "secret").await), Denial::CodeMissing);
    let code = world.code();
    assert!(done(world.answer("ada", &prompt, &code).await).unwrap().is_allow());
}

#[tokio::test]
async fn wrong_answer_brought_with_the_right_one_does_not_share_its_verdict() {
    for is_right_first in [true, false] {
        let world = World::new();
        world.enrol("ada", Method::Totp);
        let prompt = shown(world.begin("ada", "secret", Prompts::Text).await);
        let code = world.code();
        let wrong = if is_right_first {
            tokio::join!(world.answer("ada", &prompt, &code), world.answer("ada", &prompt, "999999")).1
        } else {
            tokio::join!(world.answer("ada", &prompt, "999999"), world.answer("ada", &prompt, &code)).0
        };
        assert!(!matches!(wrong, Ok(Step::Done(Verdict::Allow(_)))));
    }
}

#[test]
fn address_of_somebody_who_comes_directly_is_their_own() {
    let origin = |direct| Origin { address: "203.0.113.9".parse().unwrap(), station: None, direct, client: None };
    assert_eq!(origin(true).person_address(), Some("203.0.113.9".parse().unwrap()));
    assert_eq!(origin(false).person_address(), None);
}

#[tokio::test]
async fn login_from_an_unknown_station_is_neither_remembered_nor_reminded() {
    let world = World::with(&remembering(8), false);
    world.enrol("ada", Method::Totp);
    let nowhere = || LoginRequest {
        origin: Origin { station: None, ..request("ada", Prompts::None).origin },
        ..request("ada", Prompts::None)
    };
    let typed = format!("secret,{}", world.code());
    assert!(world.decide_on(&world.engine, nowhere(), &typed).await.unwrap().is_allow());
    assert!(world.store.lock().trust.is_empty());
    assert_eq!(denied(world.decide_on(&world.engine, nowhere(), "secret").await), Denial::CodeMissing);
}

#[tokio::test]
async fn being_remembered_does_not_lengthen_the_memory() {
    let world = World::with(&remembering(8), false);
    world.enrol("ada", Method::Totp);
    assert!(world.decide("ada", &format!("secret,{}", world.code())).await.unwrap().is_allow());
    for _ in 0..7 {
        world.clock.pass(3_600);
        assert!(world.decide("ada", "secret").await.unwrap().is_allow());
    }
    assert_eq!(world.store.lock().trust.len(), 1);
    world.clock.pass(3_601);
    assert_eq!(denied(world.decide("ada", "secret").await), Denial::CodeMissing);
    assert_eq!(world.events().iter().filter(|event| **event == "trust.granted").count(), 1);
}

#[tokio::test]
async fn rule_that_no_longer_remembers_forgets_at_once() {
    let world = World::with(&remembering(8), false);
    world.enrol("ada", Method::Totp);
    assert!(world.decide("ada", &format!("secret,{}", world.code())).await.unwrap().is_allow());
    let mut settings = remembering(8);
    settings.policy.rules[0].remember = None;
    world.engine.adopt(settings);
    assert_eq!(denied(world.decide("ada", "secret").await), Denial::CodeMissing);
}

#[tokio::test]
async fn station_revoked_in_the_very_moment_is_not_relied_on() {
    let world = World::with(&remembering(8), false);
    world.enrol("ada", Method::Totp);
    assert!(world.decide("ada", &format!("secret,{}", world.code())).await.unwrap().is_allow());
    // At every point of the login once: somewhere between reading the entry and committing the verdict.
    for after in 0..40 {
        let entry = world.store.lock().trust[0].clone();
        let allowed = || world.decisions().iter().filter(|decision| decision.allowed).count();
        let (before, mut at_revocation) = (allowed(), 0);
        let revoke = async {
            for _ in 0..after {
                tokio::task::yield_now().await;
            }
            world.store.lock().trust.clear();
            at_revocation = allowed();
        };
        let (verdict, ()) = tokio::join!(biased; world.decide("ada", "secret"), revoke);
        assert!(!verdict.unwrap().is_allow() || at_revocation > before, "revoked after {after} turns");
        world.store.lock().trust = vec![entry];
    }
}

#[tokio::test]
async fn one_answer_brought_to_two_nodes_is_one_question_upstream() {
    // I5: kills `resume` without `claim`.
    let world = World::with(&Settings::default(), true);
    world.enrol("ada", Method::Totp);
    let pin = shown(world.begin("ada", "secret", Prompts::Text).await);
    let asked = world.asked();
    let (here, there) = tokio::join!(
        world.answer_on(&world.engine, "ada", &pin, "1111"),
        world.answer_on(&world.other_node, "ada", &pin, "1111")
    );
    assert!(here.is_ok() && there.is_ok());
    assert_eq!(world.asked(), asked + 1);
}

#[tokio::test]
async fn question_does_not_stay_open_longer_for_a_wrong_answer() {
    let world = World::new();
    world.enrol("ada", Method::Totp);
    let first = shown(world.begin("ada", "secret", Prompts::Text).await);
    world.clock.pass(60);
    assert_eq!(shown(world.answer("ada", &first, "999999").await).until, first.until);
}

#[tokio::test]
async fn naming_another_method_gives_no_tries_back() {
    let world = World::new();
    world.enrol("ada", Method::Totp);
    world.enrol("ada", Method::Push);
    let mut prompt = shown(world.begin("ada", "secret", Prompts::Text).await);
    for typed in ["999999", "push", "999998"] {
        match world.answer("ada", &prompt, typed).await.unwrap() {
            Step::Show(next) => prompt = next,
            Step::Done(_) => return,
        }
    }
    assert_eq!(denied(done(world.answer("ada", &prompt, "999997").await)), Denial::TooManyTries);
}

#[tokio::test(start_paused = true)]
async fn held_login_stays_open_no_longer_than_its_client_waits() {
    let world = Arc::new(World::new());
    world.enrol("ada", Method::Push);
    let held = tokio::spawn({
        let world = Arc::clone(&world);
        async move { world.decide("ada", "secret").await }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    held.abort();
    world.clock.pass(26);
    let attempt = world.phone.rung.lock().unwrap()[0];
    assert_eq!(world.respond(&world.other_node, attempt, approval()).await.unwrap(), Responded::Over);
}

#[tokio::test]
async fn answer_of_another_method_than_the_one_that_was_asked_changes_nothing() {
    let world = World::new();
    world.enrol("ada", Method::Push);
    let prompt = shown(world.begin("ada", "secret", Prompts::Page).await);
    let yes = Answer::Approved { method: Method::Qr, proof: SecretBytes::new(*b"yes") };
    let no = declined(Method::Qr, true);
    for answer in [yes, no] {
        assert_eq!(world.respond(&world.engine, prompt.attempt, answer).await.unwrap(), Responded::Over);
    }
    let said = world.respond(&world.engine, prompt.attempt, approval()).await.unwrap();
    assert_eq!(said, Responded::Approved { show: None });
    assert!(done(world.answer("ada", &prompt, "").await).unwrap().is_allow());
}

#[tokio::test]
async fn phone_of_somebody_whose_codes_are_locked_does_not_ring() {
    let world = World::new();
    world.enrol("ada", Method::Push);
    world.enrol("ada", Method::Totp);
    lock_codes(&world, "ada", "secret").await;
    let verdict = done(world.begin("ada", "secret,push", Prompts::Text).await);
    assert!(matches!(denied(verdict), Denial::LockedOut { .. }));
    assert!(world.phone.rung.lock().unwrap().is_empty());
}

/// A phone that cannot be rung.
struct Unreachable;

#[async_trait]
impl SecondFactor for Unreachable {
    fn method(&self) -> Method {
        Method::Push
    }
    fn fits(&self, _: &Channel, _: Option<&Passcode>) -> bool {
        true
    }
    fn is_typed(&self) -> bool {
        false
    }
    async fn start(&self, _: &Identity, _: &[Authenticator], _: &Challenge) -> Result<(), PortError> {
        Err(PortError::unusable("ring the phone"))
    }
    async fn check(
        &self,
        _: Option<&Challenge>,
        _: &[Authenticator],
        _: &Answer,
        _: Timestamp,
    ) -> Result<Checked, PortError> {
        Ok(Checked::Wrong)
    }
}

#[tokio::test]
async fn phone_that_cannot_be_rung_leaves_nothing_open_and_a_trace() {
    let world = World::new();
    world.enrol("ada", Method::Push);
    let engine = node(&world, Arc::new(Unreachable));
    let step = world.begin_on(&engine, request("ada", Prompts::Page), "secret").await;
    assert!(matches!(step, Err(EngineError::Factor(_))), "{step:?}");
    assert_eq!(world.store.open_attempts().await.unwrap(), 0);
    assert!(world.events().contains(&"login.undecided"));
}

#[tokio::test(start_paused = true)]
async fn held_login_hears_of_its_end_before_it_looks() {
    let world = Arc::new(World::new());
    world.enrol("ada", Method::Push);
    let held = tokio::spawn({
        let world = Arc::clone(&world);
        async move { world.decide("ada", "secret").await }
    });
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let attempt = world.phone.rung.lock().unwrap()[0];
    world.respond(&world.engine, attempt, approval()).await.unwrap();
    let answered = tokio::time::Instant::now();
    assert!(held.await.unwrap().unwrap().is_allow());
    // The clock of the test moves only when everybody sleeps: nobody had to.
    assert_eq!(answered.elapsed(), Duration::ZERO);
}

#[test]
fn stranger_with_a_whole_ipv6_network_is_one_stranger() {
    let key = |text: &str| CounterKey::password_from(text.parse().unwrap());
    assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:1"));
    assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
    assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
}

#[tokio::test]
async fn rule_for_a_user_or_group_is_not_for_others_whose_name_is_alike() {
    for (users, groups) in
        [(vec!["a"], vec![]), (vec!["ada2"], vec![]), (vec![], vec!["staf"]), (vec![], vec!["admins"])]
    {
        let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect::<Vec<_>>();
        let mut settings = remembering(1);
        settings.policy.rules[0] = Rule {
            users: owned(users),
            groups: owned(groups),
            require: Requirement::Skip,
            remember: None,
            ..settings.policy.rules[0].clone()
        };
        assert_eq!(denied(World::with(&settings, false).decide("ada", "secret").await), Denial::NotEnrolled);
    }
}

#[test]
fn keyword_with_an_impossible_number_belongs_to_the_password() {
    for typed in ["secret,push0", "secret,push10", "secret,push99"] {
        let split = split(&Password::new(typed), &Splitting::After { delimiter: ',' });
        assert!(split.second.is_none(), "{typed}");
    }
}
