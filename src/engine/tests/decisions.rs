//! Doors that cannot ask: yes or no.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::fakes::*;
use crate::*;

#[tokio::test]
async fn right_password_and_right_code_are_allowed_and_recorded_once() {
    let world = World::new();
    world.enrol("ada", Method::Totp);
    let verdict = world.decide("ada", &format!("secret,{}", world.code())).await.unwrap();
    let Verdict::Allow(grant) = verdict else { panic!("{verdict:?}") };
    assert_eq!(grant.methods(), [Method::Totp]);
    assert_eq!(grant.carried().0, b"carried");
    // LOG-01: one decision, with what decided it.
    let decisions = world.decisions();
    assert_eq!(decisions.len(), 1);
    assert!(decisions[0].allowed);
    assert_eq!(decisions[0].rule.as_deref(), Some("otherwise"));
    assert_eq!(decisions[0].first_factor, FirstFactor::Accepted);
}

#[tokio::test]
async fn right_password_alone_is_refused() {
    let world = World::new();
    world.enrol("ada", Method::Totp);
    assert_eq!(denied(world.decide("ada", "secret").await), Denial::CodeMissing);
    assert_eq!(world.events(), ["login.decided"]);
}

#[tokio::test]
async fn right_password_of_a_person_without_factor_is_refused() {
    let world = World::new();
    assert_eq!(denied(world.decide("ada", "secret").await), Denial::NotEnrolled);
    assert_eq!(denied(world.decide("ada", "secret,123456").await), Denial::NotEnrolled);
}

#[tokio::test]
async fn factor_that_was_never_confirmed_does_not_count() {
    // OTP-10
    let world = World::new();
    let id = world.enrol("ada", Method::Totp);
    world.store.lock().authenticators.get_mut(&id.0).unwrap().confirmed = false;
    let typed = format!("secret,{}", world.code());
    assert_eq!(denied(world.decide("ada", &typed).await), Denial::NotEnrolled);
}

#[tokio::test]
async fn wrong_password_with_right_code_is_refused_and_spends_nothing() {
    let world = World::new();
    world.enrol("ada", Method::Totp);
    let wrong = format!("guess,{}", world.code());
    assert_eq!(denied(world.decide("ada", &wrong).await), Denial::Primary(PrimaryRefusal::WrongPassword));
    let right = format!("secret,{}", world.code());
    assert!(world.decide("ada", &right).await.unwrap().is_allow());
}

#[tokio::test]
async fn empty_password_never_reaches_the_directory() {
    // LDP-07, RAD-08: an empty rest is not forwarded, whatever stands beside it.
    let world = World::new();
    world.enrol("ada", Method::Totp);
    for typed in [String::new(), format!(",{}", world.code()), ",push".to_owned()] {
        assert_eq!(denied(world.decide("ada", &typed).await), Denial::EmptyPassword);
    }
    assert_eq!(world.asked(), 0);
}

#[tokio::test]
async fn code_is_accepted_once_across_spellings_services_and_nodes() {
    // OTP-03, finding 3: every spelling is the same person.
    let world = World::new();
    world.enrol("ada", Method::Totp);
    let typed = format!("secret,{}", world.code());
    assert!(world.decide("ada", &typed).await.unwrap().is_allow());
    for (user, engine) in
        [("ADA", &world.engine), ("CORP\\ada", &world.other_node), ("Ada@corp.example", &world.engine)]
    {
        let verdict = world.decide_on(engine, request(user, Prompts::None), &typed).await;
        assert_eq!(denied(verdict), Denial::CodeUsedBefore, "{user}");
    }
    assert_eq!(world.store.lock().users.len(), 1);
}

#[tokio::test]
async fn one_code_sent_by_many_at_once_opens_one_door() {
    // OTP-03: different stations, so that nothing is coalesced.
    let world = Arc::new(World::new());
    world.enrol("ada", Method::Totp);
    let typed = format!("secret,{}", world.code());
    let logins = (0..500).map(|n| {
        let (world, typed) = (Arc::clone(&world), typed.clone());
        tokio::spawn(async move {
            let engine = if n % 2 == 0 { &world.engine } else { &world.other_node };
            let request = request_from("ada", Prompts::None, &format!("198.51.100.{}", n % 250));
            world.decide_on(engine, request, &typed).await.unwrap().is_allow()
        })
    });
    let mut allowed = 0;
    for login in logins.collect::<Vec<_>>() {
        allowed += usize::from(login.await.unwrap());
    }
    // Those that joined the winner on its own node got the same verdict; each verdict was decided once.
    assert!(allowed >= 1);
    assert_eq!(world.store.lock().spends.len(), 1);
    assert_eq!(world.decisions().iter().filter(|decision| decision.allowed).count(), 1);
}

#[tokio::test]
async fn same_login_asked_twice_at_once_is_one_question_upstream() {
    // RAD-14, RAD-15
    let world = World::new();
    world.enrol("ada", Method::Totp);
    let typed = format!("secret,{}", world.code());
    let (a, b, c) =
        tokio::join!(world.decide("ada", &typed), world.decide("ADA", &typed), world.decide("corp\\ada", &typed));
    assert!(a.unwrap().is_allow() && b.unwrap().is_allow() && c.unwrap().is_allow());
    assert_eq!(world.asked(), 1);
    assert_eq!(world.decisions().len(), 1);
    let (a, b) = tokio::join!(world.decide("ada", "wrong"), world.decide("ada", "wrong"));
    assert!(!a.unwrap().is_allow() && !b.unwrap().is_allow());
    assert_eq!(world.asked(), 2);
}

#[tokio::test]
async fn follower_takes_over_when_the_leader_goes_away() {
    let world = Arc::new(World::new());
    world.enrol("ada", Method::Totp);
    world.directory.slowness.store(50, Ordering::SeqCst);
    let typed = format!("secret,{}", world.code());
    let leader = tokio::spawn({
        let (world, typed) = (Arc::clone(&world), typed.clone());
        async move { world.decide("ada", &typed).await }
    });
    let follower = tokio::spawn({
        let (world, typed) = (Arc::clone(&world), typed.clone());
        async move { world.decide("ada", &typed).await }
    });
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    leader.abort();
    assert!(follower.await.unwrap().unwrap().is_allow());
}

#[tokio::test]
async fn disabled_user_is_refused_even_between_password_and_code() {
    let world = World::new();
    world.enrol("ada", Method::Totp);
    let prompt = shown(world.begin("ada", "secret", Prompts::Text).await);
    world.store.lock().users.values_mut().for_each(|user| user.enabled = false);
    let code = world.code();
    assert_eq!(denied(done(world.answer("ada", &prompt, &code).await)), Denial::UserDisabled);
    assert_eq!(denied(world.decide("ada", &format!("secret,{code}")).await), Denial::UserDisabled);
}

#[tokio::test]
async fn wrong_codes_lock_the_person_and_a_right_code_does_not_open_the_lock() {
    // OTP-05: over many stations, doors and nodes; a new login does not reset it.
    let world = World::new();
    world.enrol("ada", Method::Totp);
    for n in 0..5 {
        let engine = if n % 2 == 0 { &world.engine } else { &world.other_node };
        let request = request_from("ada", Prompts::None, &format!("198.51.100.{n}"));
        assert_eq!(denied(world.decide_on(engine, request, "secret,999999").await), Denial::WrongCode);
    }
    let right = format!("secret,{}", world.code());
    assert!(matches!(denied(world.decide("ada", &right).await), Denial::LockedOut { .. }));
    world.clock.pass(31);
    let right = format!("secret,{}", world.code());
    assert!(world.decide("ada", &right).await.unwrap().is_allow());
}

#[tokio::test]
async fn ten_thousand_parallel_guesses_are_told_apart_no_more_often_than_the_budget() {
    // OTP-05: 10,000 guesses over 200 parallel sessions and two nodes.
    let world = Arc::new(World::new());
    world.enrol("ada", Method::Totp);
    let sessions = (0..200).map(|session| {
        let world = Arc::clone(&world);
        tokio::spawn(async move {
            let engine = if session % 2 == 0 { &world.engine } else { &world.other_node };
            let mut told_wrong = 0;
            for guess in 0..50 {
                let request = request_from("ada", Prompts::None, &format!("2001:db8::{session:x}"));
                let typed = format!("secret,{:06}", 200_000 + session * 50 + guess);
                let verdict = world.decide_on(engine, request, &typed).await.unwrap();
                told_wrong += usize::from(matches!(verdict, Verdict::Deny(Denial::WrongCode)));
            }
            told_wrong
        })
    });
    let mut told_wrong = 0;
    for session in sessions.collect::<Vec<_>>() {
        told_wrong += session.await.unwrap();
    }
    assert_eq!(told_wrong, 5);
}

#[tokio::test]
async fn stranger_without_password_locks_neither_factor_nor_the_person_elsewhere() {
    // OTP-06
    let world = World::new();
    world.enrol("ada", Method::Totp);
    for _ in 0..20 {
        let request = request_from("ada", Prompts::None, "203.0.113.9");
        denied(world.decide_on(&world.engine, request, "guess,123456").await);
    }
    let request = request_from("ada", Prompts::None, "203.0.113.9");
    assert!(matches!(denied(world.decide_on(&world.engine, request, "secret,1").await), Denial::LockedOut { .. }));
    let right = format!("secret,{}", world.code());
    assert!(world.decide("ada", &right).await.unwrap().is_allow());
}

#[tokio::test]
async fn locked_password_is_not_asked_upstream() {
    let world = World::new();
    for _ in 0..5 {
        denied(world.decide("ada", "guess").await);
    }
    let asked = world.asked();
    assert!(matches!(denied(world.decide("ada", "secret").await), Denial::LockedOut { .. }));
    assert_eq!(world.asked(), asked);
}

#[tokio::test]
async fn unknown_name_is_refused_and_counts_against_its_address_only() {
    let world = World::new();
    assert_eq!(denied(world.decide("nobody", "secret").await), Denial::UnknownUser);
    let keys: Vec<String> = world.store.lock().counters.keys().map(|key| key.0.clone()).collect();
    assert_eq!(keys, ["password-from|198.51.100.7"]);
}

#[tokio::test]
async fn clock_that_went_back_judges_no_code() {
    // OTP-08
    let world = World::new();
    world.enrol("ada", Method::Totp);
    world.clock.went_back.store(3600, Ordering::SeqCst);
    let typed = format!("secret,{}", world.code());
    assert!(matches!(world.decide("ada", &typed).await, Err(EngineError::Clock(_))));
    assert!(world.store.lock().spends.is_empty());
}

#[tokio::test(start_paused = true)]
async fn push_not_answered_is_denied_when_patience_ends_and_withdrawn() {
    let world = World::new();
    world.enrol("ada", Method::Push);
    assert_eq!(denied(world.decide("ada", "secret").await), Denial::FactorTimedOut);
    assert_eq!(*world.phone.withdrawn.lock().unwrap(), *world.phone.rung.lock().unwrap());
    let late = world.phone.rung.lock().unwrap()[0];
    assert_eq!(world.respond(&world.engine, late, approval()).await.unwrap(), Responded::Over);
    assert!(world.events().contains(&"push.refused"));
    assert_eq!(world.decisions().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn push_approved_on_another_node_lets_the_held_login_in() {
    let world = Arc::new(World::new());
    world.enrol("ada", Method::Push);
    let held = tokio::spawn({
        let world = Arc::clone(&world);
        async move { world.decide("ada", "secret").await }
    });
    tokio::time::sleep(Duration::from_secs(3)).await;
    let attempt = world.phone.rung.lock().unwrap()[0];
    let said = world.respond(&world.other_node, attempt, approval()).await.unwrap();
    assert_eq!(said, Responded::Approved { show: None });
    let Verdict::Allow(grant) = held.await.unwrap().unwrap() else { panic!("refused") };
    assert_eq!(grant.methods(), [Method::Push]);
    // I2: a second answer changes nothing.
    let again = world.respond(&world.engine, attempt, declined(Method::Push, false)).await;
    assert_eq!(again.unwrap(), Responded::Over);
    assert_eq!(world.decisions().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn held_login_asked_again_on_another_node_rings_the_phone_once() {
    // RAD-14: fail-over to a second gateway while the push is open.
    let world = Arc::new(World::new());
    world.enrol("ada", Method::Push);
    let logins: Vec<_> = [(0, false), (5, false), (10, true)]
        .map(|(after, elsewhere)| {
            let world = Arc::clone(&world);
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(after)).await;
                let engine = if elsewhere { &world.other_node } else { &world.engine };
                world.decide_on(engine, request("ada", Prompts::None), "secret").await
            })
        })
        .into();
    tokio::time::sleep(Duration::from_secs(12)).await;
    let rung = world.phone.rung.lock().unwrap().clone();
    assert_eq!(rung.len(), 1);
    assert_eq!(world.asked(), 1);
    world.respond(&world.engine, rung[0], approval()).await.unwrap();
    for login in logins {
        assert!(login.await.unwrap().unwrap().is_allow());
    }
    assert_eq!(world.decisions().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn declined_push_ends_the_held_login_at_once() {
    let world = Arc::new(World::new());
    world.enrol("ada", Method::Push);
    let said = [(false, Denial::Declined, Responded::Declined), (true, Denial::Reported, Responded::Reported)];
    for (reported, denial, said) in said {
        let held = tokio::spawn({
            let world = Arc::clone(&world);
            async move { world.decide("ada", "secret").await }
        });
        tokio::time::sleep(Duration::from_secs(1)).await;
        let attempt = *world.phone.rung.lock().unwrap().last().unwrap();
        let answer = declined(Method::Push, reported);
        assert_eq!(world.respond(&world.engine, attempt, answer).await.unwrap(), said);
        assert_eq!(denied(held.await.unwrap()), denial);
    }
}

#[tokio::test(start_paused = true)]
async fn cancelled_login_cannot_be_approved() {
    // LDP-13, OOB-07: cancel beats a late approval.
    let world = World::new();
    world.enrol("ada", Method::Push);
    let prompt = shown(world.begin("ada", "secret", Prompts::Page).await);
    world.engine.cancel(prompt.attempt, Withdrawn::ClientGone).await.unwrap();
    assert_eq!(world.respond(&world.engine, prompt.attempt, approval()).await.unwrap(), Responded::Over);
    assert_eq!(denied(done(world.answer("ada", &prompt, "").await)), Denial::Withdrawn);
    assert!(world.events().contains(&"login.withdrawn"));
    assert_eq!(*world.phone.withdrawn.lock().unwrap(), [prompt.attempt]);
}

#[tokio::test]
async fn proven_person_still_owes_the_factor() {
    let world = World::new();
    let subject = Subject { source: "idp".into(), id: "42".into(), name: "ada".into() };
    let person = Person { subject, groups: vec![], display_name: None, mail: None, carried: Carried::default() };
    let request = request("ada", Prompts::Page);
    let step = world.engine.begin(request, Primary::Proven(person)).await;
    assert_eq!(denied(done(step)), Denial::NotEnrolled);
}

#[tokio::test]
async fn keyword_chooses_the_method() {
    let world = World::new();
    world.enrol("ada", Method::Totp);
    world.enrol("ada", Method::Push);
    let prompt = shown(world.begin("ada", "secret,code", Prompts::Text).await);
    assert!(matches!(prompt.kind, PromptKind::EnterCode { .. }), "{prompt:?}");
    let prompt = shown(world.begin("ada", "secret,push", Prompts::Text).await);
    assert!(matches!(prompt.kind, PromptKind::Wait { method: Method::Push, .. }), "{prompt:?}");
    // A method they do not have is not a way in, and not a password with a comma either.
    world.store.lock().authenticators.retain(|_, one| one.method == Method::Totp);
    assert_eq!(denied(done(world.begin("ada", "secret,push1", Prompts::Text).await)), Denial::CodeMissing);
}

#[tokio::test]
async fn strangers_everywhere_do_not_lock_a_person_out_of_the_place_they_sign_in_from() {
    // OTP-06: one guess each from many addresses uses up the wide budget.
    let world = World::new();
    world.enrol("ada", Method::Totp);
    assert!(world.decide("ada", &format!("secret,{}", world.code())).await.unwrap().is_allow());
    for n in 0..60 {
        let request = request_from("ada", Prompts::None, &format!("203.0.113.{n}"));
        denied(world.decide_on(&world.engine, request, "guess").await);
    }
    let elsewhere = request_from("ada", Prompts::None, "198.51.100.99");
    assert!(matches!(denied(world.decide_on(&world.engine, elsewhere, "secret").await), Denial::LockedOut { .. }));
    world.clock.pass(30);
    assert!(world.decide("ada", &format!("secret,{}", world.code())).await.unwrap().is_allow());
    // Failures at that place lock it all the same.
    for _ in 0..5 {
        denied(world.decide("ada", "guess").await);
    }
    assert!(matches!(denied(world.decide("ada", "secret").await), Denial::LockedOut { .. }));
}

#[tokio::test]
async fn sweeping_forgets_no_failure_that_still_counts() {
    // OTP-05: guesses an hour apart are one budget.
    let world = World::new();
    world.enrol("ada", Method::Totp);
    for n in 0..5 {
        let request = request_from("ada", Prompts::None, &format!("203.0.113.{n}"));
        denied(world.decide_on(&world.engine, request, "secret,999999").await);
        if n < 4 {
            world.clock.pass(2 * 3_600);
            world.engine.sweep().await.unwrap();
        }
    }
    let right = format!("secret,{}", world.code());
    assert!(matches!(denied(world.decide("ada", &right).await), Denial::LockedOut { .. }));
}
