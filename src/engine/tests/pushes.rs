//! Phones: the number, the bell that must not ring too often, and what yes, no and "that was not me" do.

use std::sync::Arc;
use std::time::Duration;

use super::fakes::*;
use crate::*;

fn with(push: PushRules) -> World {
    World::with(&Settings { push, ..Settings::default() }, false)
}

fn number(prompt: &Prompt) -> Number {
    match &prompt.kind {
        PromptKind::Wait { matching: Matching::Shown(number) | Matching::FromPhone(number), .. } => number.clone(),
        other => panic!("no number in {other:?}"),
    }
}

fn rung(world: &World) -> usize {
    world.phone.rung.lock().unwrap().len()
}

pub(super) fn portal(user: &str, insist: Insist) -> LoginRequest {
    LoginRequest {
        service: Service { door: Door::Portal, name: "portal".into() },
        insist,
        channel: Channel { prompts: Prompts::Page, patience: Duration::ZERO },
        ..request(user, Prompts::Page)
    }
}

fn owner(world: &World, name: &str) -> UserId {
    world.store.lock().users.values().find(|user| user.subject.name == name).unwrap().id
}

async fn typed(world: &World, from: &LoginRequest, prompt: &Prompt, text: &str) -> Result<Step, EngineError> {
    let answer = Passcode::parse(text).map_or(Answer::Look, Answer::Typed);
    world.engine.answer(prompt.attempt, prompt.turn, answer, from, None).await
}

// OOB-02
#[tokio::test]
async fn number_is_shown_at_the_login_wherever_something_can_be_shown() {
    for (prompts, digits) in [(Prompts::Text, 2), (Prompts::Page, 6)] {
        let world = with(PushRules { digits, ..PushRules::default() });
        world.enrol("ada", Method::Push);
        let prompt = shown(world.begin("ada", "secret", prompts).await);
        let text = number(&prompt).expose().to_owned();
        assert!(text.len() == usize::from(digits) && text.bytes().all(|digit| digit.is_ascii_digit()), "{text}");
        let asked = world.phone.asked.lock().unwrap().last().unwrap().0.clone();
        assert_eq!(asked.matching, Matching::Shown(number(&prompt)), "the phone is to be told the same number");
        assert!(!format!("{asked:?}").contains(&format!("\"{text}\"")), "a number in a log");
    }
}

// OOB-02, F3
#[tokio::test]
async fn every_request_has_a_number_and_a_nonce_of_its_own() {
    let world = with(PushRules { digits: 8, of_service: 3, ..PushRules::default() });
    world.enrol("ada", Method::Push);
    for _ in 0..3 {
        shown(world.begin_on(&world.engine, portal("ada", Insist::Policy), "secret").await);
    }
    let asked = world.phone.asked.lock().unwrap();
    for (index, (one, _)) in asked.iter().enumerate() {
        for (other, _) in asked.iter().skip(index + 1) {
            assert!(one.nonce != other.nonce && one.matching != other.matching);
        }
    }
}

// OOB-02: a wrong number counts, and ends the request.
#[tokio::test]
async fn wrong_number_ends_the_request_and_leaves_the_login_a_code() {
    let world = World::new();
    world.enrol("ada", Method::Push);
    world.enrol("ada", Method::Totp);
    let prompt = shown(world.begin("ada", "secret,push", Prompts::Text).await);
    assert_eq!(world.respond(&world.engine, prompt.attempt, other_number()).await.unwrap(), Responded::WrongNumber);
    assert_eq!(world.respond(&world.engine, prompt.attempt, approval()).await.unwrap(), Responded::Over);
    let next = shown(world.answer("ada", &prompt, "").await);
    assert!(
        matches!(&next.kind, PromptKind::EnterCode { methods, others } if *methods == [Method::Totp] && *others == [Method::Push])
    );
    let ada = owner(&world, "ada");
    let failures = world.store.lock().counters[&CounterKey::code_of(ada)].failures;
    assert_eq!(failures, 1);
    let code = world.code();
    assert!(done(world.answer("ada", &next, &code).await).unwrap().is_allow());
}

#[tokio::test(start_paused = true)]
async fn wrong_number_of_somebody_with_a_phone_only_ends_the_login() {
    let world = World::new();
    world.enrol("ada", Method::Push);
    let prompt = shown(world.begin("ada", "secret", Prompts::Text).await);
    world.respond(&world.engine, prompt.attempt, other_number()).await.unwrap();
    assert_eq!(denied(done(world.answer("ada", &prompt, "").await)), Denial::WrongNumber);
    assert_eq!(world.respond(&world.engine, prompt.attempt, approval()).await.unwrap(), Responded::Over);
}

// F11: failures are counted across requests.
#[tokio::test]
async fn wrong_numbers_lock_like_wrong_codes_do_however_often_the_request_is_made_anew() {
    let world = with(PushRules { in_all: 9, of_service: 9, ..PushRules::default() });
    world.enrol("ada", Method::Push);
    let mut said = Vec::new();
    for place in 0..5 {
        let from = request_from("ada", Prompts::Text, &format!("198.51.100.{place}"));
        let prompt = shown(world.begin_on(&world.engine, from, "secret").await);
        said.push(world.respond(&world.engine, prompt.attempt, other_number()).await.unwrap());
    }
    assert_eq!(said, vec![Responded::WrongNumber; 5]);
    let verdict = done(world.begin("ada", "secret", Prompts::Text).await);
    assert!(matches!(denied(verdict), Denial::LockedOut { .. }));
}

#[tokio::test]
async fn number_from_the_phone_is_what_lets_the_login_in_and_a_wrong_one_is_not() {
    let world = with(PushRules { matching: MatchingRule::FromPhone, digits: 4, ..PushRules::default() });
    world.enrol("ada", Method::Push);
    let prompt = shown(world.begin("ada", "secret", Prompts::Text).await);
    let now = shown(world.answer("ada", &prompt, "1234").await);
    let said = world.respond(&world.engine, prompt.attempt, approval()).await.unwrap();
    let Responded::Approved { show: Some(number) } = said else { panic!("{said:?}") };
    let still = shown(world.answer("ada", &now, "").await);
    assert!(matches!(still.kind, PromptKind::Wait { approved: true, .. }), "an approval alone is not enough");
    let wrong = if number.expose() == "0000" { "0001" } else { "0000" };
    let next = shown(world.answer("ada", &still, wrong).await);
    assert!(done(world.answer("ada", &next, number.expose()).await).unwrap().is_allow());
}

// OOB-04: nobody is worn out by requests.
#[tokio::test]
async fn phone_rings_a_few_times_only_and_then_a_code_is_asked_for() {
    let world = with(PushRules { of_service: 100, in_all: 100, ..PushRules::default() });
    world.enrol("ada", Method::Push);
    world.enrol("ada", Method::Totp);
    let mut asked_for_codes = 0;
    for place in 0..1_000 {
        let from = request_from("ada", Prompts::Text, &format!("203.0.{}.{}", place / 250, place % 250));
        let prompt = shown(world.begin_on(&world.engine, from, "secret,push").await);
        asked_for_codes += usize::from(matches!(prompt.kind, PromptKind::EnterCode { .. }));
    }
    assert_eq!((rung(&world), asked_for_codes), (5, 995));
    assert!(world.events().contains(&"push.withheld"));
}

// F1: a login that can be given no code is refused.
#[tokio::test(start_paused = true)]
async fn login_that_can_be_given_no_code_is_refused_when_the_phone_rang_too_often() {
    let world = Arc::new(World::new());
    world.enrol("ada", Method::Push);
    for _ in 0..5 {
        assert_eq!(denied(world.decide("ada", "secret").await), Denial::FactorTimedOut);
    }
    assert_eq!(denied(world.decide("ada", "secret").await), Denial::TooManyPushes);
    assert_eq!(rung(&world), 5);
    world.clock.pass(301);
    assert_eq!(denied(world.decide("ada", "secret").await), Denial::FactorTimedOut);
    assert_eq!(rung(&world), 6);
}

#[tokio::test]
async fn approved_request_gives_the_budget_back() {
    let world = World::new();
    world.enrol("ada", Method::Push);
    for _ in 0..20 {
        let prompt = shown(world.begin("ada", "secret", Prompts::Text).await);
        world.respond(&world.engine, prompt.attempt, approval()).await.unwrap();
        assert!(done(world.answer("ada", &prompt, "").await).unwrap().is_allow());
    }
    assert_eq!(rung(&world), 20);
}

#[tokio::test]
async fn one_request_rings_for_a_service_and_three_in_all() {
    let world = World::new();
    world.enrol("ada", Method::Push);
    world.enrol("ada", Method::Totp);
    let at = |service: &str, place: u32| LoginRequest {
        service: Service { door: Door::Radius, name: service.into() },
        ..request_from("ada", Prompts::Text, &format!("198.51.100.{place}"))
    };
    let mut rings = Vec::new();
    for (place, service) in ["a", "a", "b", "c", "d"].into_iter().enumerate() {
        let prompt = shown(world.begin_on(&world.engine, at(service, place as u32), "secret,push").await);
        rings.push(matches!(prompt.kind, PromptKind::Wait { .. }));
    }
    assert_eq!(rings, [true, false, true, true, false]);
    // One that is answered makes room.
    let first = world.phone.rung.lock().unwrap()[0];
    world.respond(&world.engine, first, declined(Method::Push, false)).await.unwrap();
    let prompt = shown(world.begin_on(&world.engine, at("d", 9), "secret,push").await);
    assert!(matches!(prompt.kind, PromptKind::Wait { .. }));
}

// F4
#[tokio::test]
async fn phone_sees_each_open_request_in_its_own_context_and_nothing_that_is_over() {
    let settings = Settings {
        push: PushRules { of_service: 3, ..PushRules::default() },
        places: vec![("198.51.100.0/24".parse().unwrap(), "Head office".into())],
        ..Settings::default()
    };
    let world = World::with(&settings, false);
    world.enrol("ada", Method::Push);
    world.enrol("bob", Method::Push);
    let mut from = request_from("CORP\\Ada", Prompts::Text, "198.51.100.9");
    from.origin.client = Some("Fire\u{202E}fox\n".into());
    let one = shown(world.begin_on(&world.engine, from, "secret").await);
    let two = shown(world.begin_on(&world.engine, request_from("ada", Prompts::Text, "203.0.113.7"), "secret").await);
    let (ada, bob) = (owner(&world, "ada"), owner(&world, "bob"));
    let pending = world.engine.pending(ada).await.unwrap();
    let mut attempts: Vec<AttemptId> = pending.iter().map(|challenge| challenge.attempt).collect();
    attempts.sort();
    let mut both = vec![one.attempt, two.attempt];
    both.sort();
    assert_eq!(attempts, both);
    let first = pending.iter().find(|challenge| challenge.attempt == one.attempt).unwrap();
    assert_eq!(first.context.client.as_deref(), Some("Firefox"), "OOB-06");
    assert_eq!(first.context.place.as_deref(), Some("Head office"));
    assert_eq!((first.context.account.as_str(), first.context.known), ("ada", false));
    assert!(world.engine.pending(bob).await.unwrap().is_empty());
    // Bob's phone cannot answer what Ada was asked.
    let bobs = world.store.lock().authenticators.values().find(|one| one.user == bob).unwrap().id;
    assert_eq!(world.engine.respond(one.attempt, bobs, approval()).await.unwrap(), Responded::Over);
    world.respond(&world.engine, one.attempt, approval()).await.unwrap();
    assert_eq!(world.engine.pending(ada).await.unwrap().len(), 1, "what is answered is asked no more");
    world.clock.pass(121);
    assert!(world.engine.pending(ada).await.unwrap().is_empty(), "OOB-08");
}

// OOB-04, F2: a report stops the ringing, ends what rings, and takes away what a stranger may have won.
#[tokio::test]
async fn report_on_the_phone_ends_everything_that_may_be_a_strangers() {
    let world = with(PushRules { of_service: 2, ..PushRules::default() });
    world.enrol("ada", Method::Push);
    world.enrol("ada", Method::Totp);
    let thief = shown(world.begin("ada", "secret,push", Prompts::Text).await);
    let from = request_from("ada", Prompts::Text, "203.0.113.7");
    let other = shown(world.begin_on(&world.engine, from.clone(), "secret,push").await);
    let said = world.respond(&world.engine, thief.attempt, declined(Method::Push, true)).await.unwrap();
    assert_eq!(said, Responded::Reported);
    assert_eq!(denied(done(world.answer("ada", &thief, "").await)), Denial::Reported);
    assert_eq!(denied(done(typed(&world, &from, &other, "").await)), Denial::Reported);
    let ada = owner(&world, "ada");
    assert_eq!(world.store.lock().forgotten, [ada]);
    assert!(world.events().contains(&"login.reported"));
    let next = shown(world.begin("ada", "secret,push", Prompts::Text).await);
    assert!(matches!(next.kind, PromptKind::EnterCode { .. }), "the phone rings on after a report");
}

// OOB-04, F2: what was approved by mistake and not collected yet is the stranger's as well.
#[tokio::test]
async fn report_takes_back_what_was_approved_and_not_collected() {
    for report_locks in [true, false] {
        let world = with(PushRules { report_locks, ..PushRules::default() });
        world.enrol("ada", Method::Push);
        let at = |service: &str| LoginRequest {
            service: Service { door: Door::Portal, name: service.into() },
            ..portal("ada", Insist::Policy)
        };
        let (first, second) = (at("portal"), at("other"));
        let mistake = shown(world.begin_on(&world.engine, first.clone(), "secret").await);
        let noticed = shown(world.begin_on(&world.engine, second, "secret").await);
        let said = world.respond(&world.engine, mistake.attempt, approval()).await.unwrap();
        assert!(matches!(said, Responded::Approved { .. }), "{said:?}");
        let said = world.respond(&world.engine, noticed.attempt, declined(Method::Push, true)).await.unwrap();
        assert_eq!(said, Responded::Reported);
        assert_eq!(denied(done(typed(&world, &first, &mistake, "").await)), Denial::Reported);
        let ada = owner(&world, "ada");
        let rings_on = !world.store.lock().counters.contains_key(&CounterKey::report_of(ada));
        assert_eq!(rings_on, !report_locks, "a stranger lifted the lock of the report");
    }
}

// OTP-06: how often a stranger rang before does not make the owner's own report lock them out for longer.
#[tokio::test(start_paused = true)]
async fn report_stops_the_phone_for_an_hour_however_often_it_rang_before() {
    let world = Arc::new(World::new());
    world.enrol("ada", Method::Push);
    for _ in 0..3 {
        assert_eq!(denied(world.decide("ada", "secret").await), Denial::FactorTimedOut);
    }
    let prompt = shown(world.begin("ada", "secret", Prompts::Text).await);
    world.respond(&world.engine, prompt.attempt, declined(Method::Push, true)).await.unwrap();
    assert_eq!(denied(world.decide("ada", "secret").await), Denial::TooManyPushes);
    world.clock.pass(3_601);
    let prompt = shown(world.begin("ada", "secret", Prompts::Text).await);
    assert!(matches!(prompt.kind, PromptKind::Wait { .. }));
}

// OTP-06: whoever has the password and nothing else does not lock its owner out of where they are known.
#[tokio::test(start_paused = true)]
async fn stranger_with_the_password_does_not_lock_the_owner_out_at_home() {
    let world = World::new();
    world.enrol("ada", Method::Push);
    world.enrol("ada", Method::Totp);
    let home = request_from("ada", Prompts::Text, "198.51.100.7");
    let at_home = async || {
        world.clock.pass(31);
        let typed = format!("secret,{}", world.code());
        done(world.begin_on(&world.engine, home.clone(), &typed).await).unwrap().is_allow()
    };
    assert!(at_home().await);
    let away = request_from("ada", Prompts::Text, "203.0.113.66");
    // By then one guess an hour is enough.
    for _ in 0..12 {
        world.clock.pass(3_601);
        drop(world.begin_on(&world.engine, away.clone(), "secret,999999").await);
    }
    let locked = done(world.begin_on(&world.engine, away.clone(), "secret,push").await);
    assert!(matches!(denied(locked), Denial::LockedOut { .. }));
    assert!(at_home().await, "locked out by wrong codes from elsewhere");
    let prompt = shown(world.begin_on(&world.engine, home.clone(), "secret,push").await);
    assert!(matches!(prompt.kind, PromptKind::Wait { .. }), "the phone rings at home");
}

#[tokio::test]
async fn login_that_is_over_can_be_disowned_too() {
    let world = World::new();
    world.enrol("ada", Method::Push);
    let prompt = shown(world.begin("ada", "secret", Prompts::Text).await);
    world.respond(&world.engine, prompt.attempt, approval()).await.unwrap();
    assert!(done(world.answer("ada", &prompt, "").await).unwrap().is_allow());
    let ada = owner(&world, "ada");
    world.engine.disown(ada, prompt.attempt, "radius/vpn".into(), "192.0.2.1".into()).await.unwrap();
    assert_eq!(world.store.lock().forgotten, [ada]);
    assert!(world.events().contains(&"login.reported"));
}

// F11
#[tokio::test(start_paused = true)]
async fn under_the_nist_profile_no_phone_approves_a_login_that_shows_no_number() {
    let world = with(PushRules { nist: true, digits: 6, ..PushRules::default() });
    world.enrol("ada", Method::Push);
    assert_eq!(denied(world.decide("ada", "secret").await), Denial::CodeMissing);
    assert_eq!(rung(&world), 0);
    let prompt = shown(world.begin("ada", "secret", Prompts::Text).await);
    assert_eq!(number(&prompt).digits(), 6);
}

#[tokio::test]
async fn switching_to_a_code_takes_the_request_back_and_the_phone_is_too_late() {
    let world = World::new();
    world.enrol("ada", Method::Push);
    world.enrol("ada", Method::Totp);
    let prompt = shown(world.begin("ada", "secret,push", Prompts::Text).await);
    let next = shown(world.answer("ada", &prompt, "code").await);
    assert!(matches!(next.kind, PromptKind::EnterCode { .. }));
    assert_eq!(*world.phone.withdrawn.lock().unwrap(), [prompt.attempt]);
    assert_eq!(world.respond(&world.engine, prompt.attempt, approval()).await.unwrap(), Responded::Over);
    let code = world.code();
    assert!(done(world.answer("ada", &next, &code).await).unwrap().is_allow());
}

#[tokio::test]
async fn preferred_device_is_asked_and_another_one_by_its_number() {
    let world = World::new();
    let devices: Vec<AuthenticatorId> = (0..3).map(|_| world.enrol("ada", Method::Push)).collect();
    world.enrol("ada", Method::Totp);
    {
        let mut inner = world.store.lock();
        for (age, id) in devices.iter().enumerate() {
            inner.authenticators.get_mut(&id.0).unwrap().created = Timestamp(age as i64);
        }
        inner.authenticators.get_mut(&devices[2].0).unwrap().preferred = true;
    }
    for (typed, expected) in [("secret", devices[2]), ("secret,push1", devices[0]), ("secret,push2", devices[1])] {
        let prompt = shown(world.begin("ada", typed, Prompts::Text).await);
        assert_eq!(world.phone.asked.lock().unwrap().last().unwrap().1, [expected], "{typed}");
        world.engine.cancel(prompt.attempt, Withdrawn::Superseded).await.unwrap();
    }
}

#[tokio::test]
async fn preferred_code_comes_before_the_push_that_the_rule_names_first() {
    let world = World::new();
    world.enrol("ada", Method::Push);
    let code = world.enrol("ada", Method::Totp);
    world.store.lock().authenticators.get_mut(&code.0).unwrap().preferred = true;
    let prompt = shown(world.begin("ada", "secret", Prompts::Text).await);
    assert!(matches!(&prompt.kind, PromptKind::EnterCode { others, .. } if *others == [Method::Push]));
    assert_eq!(rung(&world), 0);
}

// RADIUS with push: the second packet is held until the phone has answered.
#[tokio::test(start_paused = true)]
async fn look_is_answered_when_the_phone_has_and_not_before() {
    let world = Arc::new(World::new());
    world.enrol("ada", Method::Push);
    let prompt = shown(world.begin("ada", "secret", Prompts::Text).await);
    let look = tokio::spawn({
        let (world, prompt) = (Arc::clone(&world), prompt.clone());
        let from = request("ada", Prompts::Text);
        async move { world.other_node.answer(prompt.attempt, prompt.turn, Answer::Look, &from, None).await }
    });
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert!(!look.is_finished());
    world.respond(&world.engine, prompt.attempt, approval()).await.unwrap();
    let answered = tokio::time::Instant::now();
    assert!(done(look.await.unwrap()).unwrap().is_allow());
    assert_eq!(answered.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn look_hears_of_a_no_and_of_a_silent_phone() {
    let world = Arc::new(World::new());
    world.enrol("ada", Method::Push);
    let prompt = shown(world.begin("ada", "secret", Prompts::Text).await);
    let from = request("ada", Prompts::Text);
    let began = tokio::time::Instant::now();
    shown(world.engine.answer(prompt.attempt, prompt.turn, Answer::Look, &from, None).await);
    assert_eq!(began.elapsed(), from.channel.patience, "held for as long as the client waits");
    let look = tokio::spawn({
        let (world, prompt) = (Arc::clone(&world), prompt.clone());
        async move { world.engine.answer(prompt.attempt, prompt.turn, Answer::Look, &from, None).await }
    });
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.respond(&world.engine, prompt.attempt, declined(Method::Push, false)).await.unwrap();
    assert_eq!(denied(done(look.await.unwrap())), Denial::Declined);
}

// OOB-07: an approval and a cancel at once, ten thousand times: exactly one end each.
#[tokio::test(start_paused = true)]
async fn of_an_approval_and_a_cancel_one_wins() {
    const ROUNDS: u64 = 10_000;
    let free = Budget { tries: u32::MAX, ..Budgets::default().push_of };
    let budgets = Budgets { push_of: free, push_from: free, ..Budgets::default() };
    let world = World::with(&Settings { budgets, ..Settings::default() }, false);
    world.enrol("ada", Method::Push);
    let (mut allowed, mut withdrawn) = (0, 0);
    for round in 0..ROUNDS {
        world.store.lock().audit.clear();
        let prompt = shown(world.begin_on(&world.engine, portal("ada", Insist::Policy), "secret").await);
        let from = portal("ada", Insist::Policy);
        let approve = async {
            for _ in 0..round % 5 {
                tokio::task::yield_now().await;
            }
            drop(world.respond(&world.other_node, prompt.attempt, approval()).await);
            world.engine.answer(prompt.attempt, prompt.turn, Answer::Look, &from, None).await
        };
        let cancel = async {
            for _ in 0..round % 17 {
                tokio::task::yield_now().await;
            }
            world.other_node.cancel(prompt.attempt, Withdrawn::ClientGone).await
        };
        let (step, _) = tokio::join!(approve, cancel);
        let let_in = matches!(step, Ok(Step::Done(Verdict::Allow(_))));
        let decisions = world.decisions();
        assert_eq!(decisions.len(), 1, "round {round}");
        assert_eq!(decisions[0].allowed, let_in, "round {round}");
        if let_in { allowed += 1 } else { withdrawn += 1 }
    }
    assert!(allowed > 500 && withdrawn > 500, "one side never had a chance: {allowed} to {withdrawn}");
}
