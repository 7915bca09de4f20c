//! Doors that can ask: questions and answers.

use std::sync::Arc;

use super::fakes::*;
use crate::*;

#[tokio::test]
async fn code_asked_for_and_given_is_allowed() {
    // RAD-22
    let world = World::new();
    world.enrol("ada", Method::Totp);
    let prompt = shown(world.begin("ada", "secret", Prompts::Text).await);
    assert_eq!(prompt.kind, PromptKind::EnterCode { methods: vec![Method::Totp], others: vec![] });
    let code = world.code();
    assert!(done(world.answer("ada", &prompt, &code).await).unwrap().is_allow());
    assert_eq!(world.events(), ["login.prompted", "login.decided"]);
}

#[tokio::test]
async fn code_given_to_another_node_finishes_the_login_there() {
    let world = World::new();
    world.enrol("ada", Method::Totp);
    let prompt = shown(world.begin("ada", "secret", Prompts::Text).await);
    let code = world.code();
    assert!(done(world.answer_on(&world.other_node, "ada", &prompt, &code).await).unwrap().is_allow());
}

#[tokio::test]
async fn wrong_code_is_asked_again_and_counted() {
    // RAD-22: wrong twice, then right.
    let world = World::new();
    world.enrol("ada", Method::Totp);
    let first = shown(world.begin("ada", "secret", Prompts::Text).await);
    let second = shown(world.answer("ada", &first, "000000").await);
    assert!(second.again && second.turn != first.turn && second.until == first.until);
    let third = shown(world.answer("ada", &second, "000001").await);
    let code = world.code();
    assert!(done(world.answer("ada", &third, &code).await).unwrap().is_allow());
    let events = world.events();
    assert_eq!(events.iter().filter(|event| **event == "factor.failed").count(), 2);
    assert_eq!(events.iter().filter(|event| **event == "login.decided").count(), 1);
    // The code never went to the directory (RAD-23).
    assert_eq!(world.asked(), 1);
}

#[tokio::test]
async fn third_wrong_code_ends_the_attempt() {
    let world = World::new();
    world.enrol("ada", Method::Totp);
    let mut prompt = shown(world.begin("ada", "secret", Prompts::Text).await);
    for _ in 0..2 {
        prompt = shown(world.answer("ada", &prompt, "000000").await);
    }
    assert_eq!(denied(done(world.answer("ada", &prompt, "000000").await)), Denial::TooManyTries);
    let code = world.code();
    assert_eq!(denied(done(world.answer("ada", &prompt, &code).await)), Denial::AttemptUnknown);
}

#[tokio::test]
async fn answer_to_an_old_question_is_refused_and_harms_nothing() {
    // RAD-20
    let world = World::new();
    world.enrol("ada", Method::Totp);
    let first = shown(world.begin("ada", "secret", Prompts::Text).await);
    let second = shown(world.answer("ada", &first, "000000").await);
    let code = world.code();
    assert_eq!(denied(done(world.answer("ada", &first, &code).await)), Denial::AnswerStale);
    assert!(done(world.answer("ada", &second, &code).await).unwrap().is_allow());
    assert_eq!(denied(done(world.answer("ada", &second, &code).await)), Denial::AttemptUnknown);
}

#[tokio::test]
async fn answer_of_another_user_or_through_another_service_is_refused_and_harms_nothing() {
    // RAD-20, I8
    let world = World::new();
    world.enrol("ada", Method::Totp);
    world.enrol("bob", Method::Totp);
    let prompt = shown(world.begin("ada", "secret", Prompts::Text).await);
    let code = world.code();
    assert_eq!(denied(done(world.answer("bob", &prompt, &code).await)), Denial::AttemptUnknown);
    let mut elsewhere = request("ada", Prompts::Text);
    elsewhere.service.name = "other".into();
    let answer = Answer::Typed(Passcode::parse(&code).unwrap());
    let step = world.engine.answer(prompt.attempt, prompt.turn, answer, &elsewhere, None).await;
    assert_eq!(denied(done(step)), Denial::AttemptUnknown);
    assert!(done(world.answer("ada", &prompt, &code).await).unwrap().is_allow());
}

#[tokio::test]
async fn handle_that_was_never_given_out_opens_nothing() {
    // RAD-21
    let world = World::new();
    world.enrol("ada", Method::Totp);
    let made_up = Prompt {
        attempt: AttemptId(uuid::Uuid::new_v4()),
        turn: Turn(7),
        kind: PromptKind::Relayed { text: String::new() },
        until: world.clock.now(),
        again: false,
    };
    let code = world.code();
    assert_eq!(denied(done(world.answer("ada", &made_up, &code).await)), Denial::AttemptUnknown);
    assert_eq!(world.events(), ["answer.refused"]);
}

#[tokio::test]
async fn answer_after_the_time_is_refused() {
    let world = World::new();
    world.enrol("ada", Method::Totp);
    let prompt = shown(world.begin("ada", "secret", Prompts::Text).await);
    world.clock.pass(121);
    let code = world.code();
    assert_eq!(denied(done(world.answer("ada", &prompt, &code).await)), Denial::FactorTimedOut);
    assert_eq!(world.decisions().len(), 1);
}

#[tokio::test]
async fn question_nobody_answered_is_ended_by_tending() {
    let world = World::new();
    world.enrol("ada", Method::Totp);
    shown(world.begin("ada", "secret", Prompts::Text).await);
    world.engine.tend().await.unwrap();
    assert!(world.decisions().is_empty());
    world.clock.pass(121);
    world.engine.tend().await.unwrap();
    world.other_node.tend().await.unwrap();
    let decisions = world.decisions();
    assert_eq!(decisions.len(), 1);
    assert_eq!(decisions[0].denial, Some(Denial::FactorTimedOut));
}

#[tokio::test]
async fn login_asked_again_shows_the_question_that_is_open() {
    let world = World::new();
    world.enrol("ada", Method::Totp);
    let first = shown(world.begin("ada", "secret", Prompts::Text).await);
    let again = shown(world.begin_on(&world.other_node, request("ADA", Prompts::Text), "secret").await);
    assert_eq!((first.attempt, first.turn), (again.attempt, again.turn));
    assert_eq!(world.asked(), 1);
    // A wrong password is another login, and joins nothing.
    assert!(matches!(denied(done(world.begin("ada", "guess", Prompts::Text).await)), Denial::Primary(_)));
}

#[tokio::test]
async fn login_begun_on_two_nodes_at_once_is_one_question() {
    let world = World::new();
    world.enrol("bob", Method::Totp);
    let (here, there) = tokio::join!(
        world.begin_on(&world.engine, request("bob", Prompts::Text), "hidden"),
        world.begin_on(&world.other_node, request("bob", Prompts::Text), "hidden")
    );
    let (here, there) = (shown(here), shown(there));
    assert_eq!((here.attempt, here.turn), (there.attempt, there.turn));
}

#[tokio::test]
async fn login_that_rings_and_is_begun_on_two_nodes_at_once_rings_once_and_is_shown_once() {
    let world = World::new();
    world.enrol("bob", Method::Push);
    let (here, there) = tokio::join!(
        world.begin_on(&world.engine, request("bob", Prompts::Text), "hidden"),
        world.begin_on(&world.other_node, request("bob", Prompts::Text), "hidden")
    );
    let (asked, other) = if here.is_ok() { (here, there) } else { (there, here) };
    assert!(matches!(other, Err(EngineError::Joined)), "{other:?}");
    assert_eq!(*world.phone.rung.lock().unwrap(), [shown(asked).attempt]);
}

#[tokio::test]
async fn who_knows_the_password_at_the_same_place_sees_another_number_and_collects_nothing() {
    let world = World::new();
    world.enrol("ada", Method::Push);
    let ada = shown(world.begin("ada", "secret", Prompts::Text).await);
    // A stranger behind the same address begins the same login: theirs takes the place of hers.
    let thief = shown(world.begin("ada", "secret", Prompts::Text).await);
    assert_ne!((ada.attempt, ada.turn), (thief.attempt, thief.turn));
    assert_eq!(world.respond(&world.engine, ada.attempt, approval()).await.unwrap(), Responded::Over);
    assert_eq!(denied(done(world.answer("ada", &ada, "").await)), Denial::Withdrawn);
    // And hers the place of theirs, though the phone has said yes to it by mistake.
    world.respond(&world.engine, thief.attempt, approval()).await.unwrap();
    let again = shown(world.begin("ada", "secret", Prompts::Text).await);
    assert_eq!(denied(done(world.answer("ada", &thief, "").await)), Denial::Withdrawn);
    world.respond(&world.engine, again.attempt, approval()).await.unwrap();
    assert!(done(world.answer("ada", &again, "").await).unwrap().is_allow());
}

#[tokio::test]
async fn push_approved_on_the_phone_is_collected_once_by_the_client_that_asked() {
    let world = World::new();
    world.enrol("ada", Method::Push);
    let prompt = shown(world.begin("ada", "secret", Prompts::Text).await);
    let still = shown(world.answer("ada", &prompt, "").await);
    assert_eq!(still.turn, prompt.turn);
    world.respond(&world.other_node, prompt.attempt, approval()).await.unwrap();
    assert!(world.decisions().is_empty());
    assert!(done(world.answer("ada", &prompt, "").await).unwrap().is_allow());
    assert_eq!(denied(done(world.answer("ada", &prompt, "").await)), Denial::AttemptUnknown);
    assert_eq!(world.decisions().len(), 1);
}

#[tokio::test]
async fn approval_that_proves_nothing_is_refused_and_leaves_the_login_as_it_was() {
    let world = World::new();
    world.enrol("ada", Method::Push);
    let prompt = shown(world.begin("ada", "secret", Prompts::Page).await);
    let forged = || Answer::Approved { method: Method::Push, proof: SecretBytes::new(*b"no") };
    for _ in 0..5 {
        assert_eq!(world.respond(&world.engine, prompt.attempt, forged()).await.unwrap(), Responded::Over);
    }
    assert_eq!(world.events().iter().filter(|event| **event == "push.refused").count(), 5);
    shown(world.answer("ada", &prompt, "").await);
    world.respond(&world.engine, prompt.attempt, approval()).await.unwrap();
    assert!(done(world.answer("ada", &prompt, "").await).unwrap().is_allow());
}

#[tokio::test]
async fn typed_answer_cannot_pose_as_an_approval() {
    let world = World::new();
    world.enrol("ada", Method::Push);
    let prompt = shown(world.begin("ada", "secret", Prompts::Text).await);
    let from = request("ada", Prompts::Text);
    let step = world.engine.answer(prompt.attempt, prompt.turn, approval(), &from, None).await;
    assert_eq!(denied(done(step)), Denial::AnswerStale);
    // And a code typed where a phone was asked is judged as a code: they have none.
    assert!(shown(world.answer("ada", &prompt, "100001").await).again);
}

#[tokio::test]
async fn person_waiting_for_the_phone_may_type_a_code_instead() {
    let world = World::new();
    world.enrol("ada", Method::Push);
    world.enrol("ada", Method::Totp);
    let prompt = shown(world.begin("ada", "secret,push", Prompts::Text).await);
    let code = world.code();
    let Verdict::Allow(grant) = done(world.answer("ada", &prompt, &code).await).unwrap() else { panic!("refused") };
    assert_eq!(grant.methods(), [Method::Totp]);
}

#[tokio::test]
async fn question_of_the_primary_is_relayed_and_the_factor_still_owed() {
    let world = World::with(&Settings::default(), true);
    world.enrol("ada", Method::Totp);
    let pin = shown(world.begin("ada", "secret", Prompts::Text).await);
    assert_eq!(pin.kind, PromptKind::Relayed { text: "PIN?".into() });
    let code = shown(world.answer("ada", &pin, "1111").await);
    assert!(matches!(code.kind, PromptKind::EnterCode { .. }));
    // I5: the same PIN answer brought again is no second attempt upstream.
    let asked = world.asked();
    assert_eq!(denied(done(world.answer("ada", &pin, "1111").await)), Denial::AnswerStale);
    assert_eq!(world.asked(), asked);
    let typed = world.code();
    assert!(done(world.answer("ada", &code, &typed).await).unwrap().is_allow());
}

#[tokio::test]
async fn wrong_answer_to_the_primary_is_refused_and_counted() {
    let world = World::with(&Settings::default(), true);
    world.enrol("ada", Method::Totp);
    let pin = shown(world.begin("ada", "secret", Prompts::Text).await);
    assert!(matches!(denied(done(world.answer("ada", &pin, "2222").await)), Denial::Primary(_)));
    assert!(world.store.lock().counters.keys().any(|key| key.0.starts_with("password-at|")));
    // A door that cannot ask refuses what it cannot relay.
    assert_eq!(denied(world.decide("bob", "hidden").await), Denial::CodeMissing);
}

#[tokio::test]
async fn two_right_answers_at_once_make_one_grant() {
    // I2, I3: on two nodes, so that only the store can tell them apart.
    let world = Arc::new(World::new());
    world.enrol("ada", Method::Totp);
    let prompt = shown(world.begin("ada", "secret", Prompts::Text).await);
    let code = world.code();
    let (here, there) = tokio::join!(
        world.answer_on(&world.engine, "ada", &prompt, &code),
        world.answer_on(&world.other_node, "ada", &prompt, &code)
    );
    let allowed = [done(here), done(there)].into_iter().filter(|verdict| verdict.as_ref().unwrap().is_allow()).count();
    assert_eq!(allowed, 1);
    assert_eq!(world.decisions().len(), 1);
}

/// Let a step go this far, and no further.
fn advance<T>(step: &mut std::pin::Pin<Box<dyn Future<Output = T> + '_>>, polls: usize) -> Option<T> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    for _ in 0..polls {
        if let std::task::Poll::Ready(done) = step.as_mut().poll(&mut context) {
            return Some(done);
        }
    }
    None
}

#[tokio::test]
async fn wrong_answer_that_comes_too_late_never_collects_what_another_answer_won() {
    // I1, I8: a right answer is under way when time runs out, at every point of its way; a wrong one comes after that and
    // goes first for a while.
    let mut won = 0;
    for (head_start, late_start) in (0..30).flat_map(|head| (0..8).map(move |late| (head, late))) {
        let world = World::new();
        world.enrol("ada", Method::Totp);
        let prompt = shown(world.begin("ada", "secret", Prompts::Text).await);
        let code = world.code();
        let mut right: std::pin::Pin<Box<dyn Future<Output = _>>> =
            Box::pin(world.answer_on(&world.engine, "ada", &prompt, &code));
        let mut late: std::pin::Pin<Box<dyn Future<Output = _>>> =
            Box::pin(world.answer_on(&world.other_node, "ada", &prompt, "999999"));
        let first = advance(&mut right, head_start);
        world.clock.pass(121);
        let second = advance(&mut late, late_start);
        let right = match first {
            Some(step) => step,
            None => right.await,
        };
        let late = match second {
            Some(step) => step,
            None => late.await,
        };
        won += usize::from(matches!(right, Ok(Step::Done(Verdict::Allow(_)))));
        let is_in = matches!(late, Ok(Step::Done(Verdict::Allow(_))));
        assert!(!is_in, "let in by a wrong answer, after {head_start} and {late_start} steps");
    }
    assert!(won > 0, "the right answer never won, so nothing was shown");
}
