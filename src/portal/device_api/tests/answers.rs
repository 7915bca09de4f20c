//! A request on a phone and its one answer: what counts, and everything that must not.

use axum::http::StatusCode;
use serde_json::{Value, json};
use vestibule_engine::{AttemptId, Matching, MatchingRule, Position, Prompt, PromptKind, PushRules, Settings, UserId};
use vestibule_factors::push::protocol::{AnswerBody, Decision, Digest, Millis, Policy, Reason, Request, SignedRequest};

use super::world::{ORIGIN, Phone, Twist, World, number_of};

/// What the phone is asked, checked as a phone checks it.
pub(super) async fn asked(world: &World, phone: &Phone) -> (SignedRequest, Request) {
    let (status, body) = world.call(phone, "GET", "/device/v1/requests", "").await;
    assert_eq!(status, StatusCode::OK);
    let signed: SignedRequest = serde_json::from_value(body["requests"][0].clone()).unwrap();
    let request = signed.open(&world.key.public_key(), ORIGIN, phone.id).unwrap();
    (signed, request)
}

fn approval(phone: &Phone, asked: &(SignedRequest, Request), number: &str, time: Millis) -> AnswerBody {
    AnswerBody::sign(&phone.key, &asked.0, &asked.1, Decision::Approve, Some(number), None, time).unwrap()
}

async fn answer(world: &World, phone: &Phone, attempt: AttemptId, body: &AnswerBody) -> (StatusCode, Value) {
    let target = format!("/device/v1/requests/{attempt}/answer");
    world.call(phone, "POST", &target, &serde_json::to_string(body).unwrap()).await
}

/// Ada with a phone, and a login of hers that rings it.
async fn ringing(world: &World) -> (UserId, Phone, Prompt, (SignedRequest, Request)) {
    let ada = world.person("ada");
    let phone = world.phone(ada).await;
    let prompt = world.login(ada).await;
    let request = asked(world, &phone).await;
    (ada, phone, prompt, request)
}

/// The login is as it was: open, and the phone still asked.
async fn unharmed(world: &World, phone: &Phone, prompt: &Prompt) {
    assert!(matches!(world.row(prompt.attempt).await, Position::Open(_)));
    assert_eq!(asked(world, phone).await.1.attempt, prompt.attempt);
}

fn another_number(number: &str) -> String {
    let wrong = (number.parse::<u32>().unwrap() + 1) % 100;
    format!("{wrong:02}")
}

// OOB-02, OOB-06: what the phone is told holds the context, and not the number.
#[tokio::test]
async fn phone_is_told_who_is_asking_from_where_and_not_the_number() {
    let world = World::new();
    let (_, phone, prompt, (signed, request)) = ringing(&world).await;
    assert_eq!((request.attempt, request.device), (prompt.attempt, phone.id));
    assert_eq!((request.account.as_str(), request.service.name.as_str()), ("ada", "wiki"));
    assert_eq!(request.place.address.as_deref(), Some("203.0.113.9"));
    assert_eq!(request.number.map(|number| number.digits), Some(2));
    let without_places = signed.challenge.replace(&prompt.attempt.to_string(), "").replace(&request.nonce, "");
    assert!(!without_places.contains(&format!("\"{}\"", number_of(&prompt))));
}

#[tokio::test]
async fn right_number_approves_and_the_history_shows_how_far_it_got() {
    let world = World::new();
    let (_, phone, prompt, request) = ringing(&world).await;
    let seen = format!("/device/v1/requests/{}/seen", prompt.attempt);
    assert_eq!(world.call(&phone, "POST", &seen, r#"{"state":"shown"}"#).await.0, StatusCode::NO_CONTENT);
    let body = approval(&phone, &request, &number_of(&prompt), world.millis());
    let (status, told) = answer(&world, &phone, prompt.attempt, &body).await;
    assert_eq!((status, told), (StatusCode::OK, json!({"result": "approved", "code": null})));
    assert!(world.store.events().contains(&"factor.approved"));
    let states: Vec<_> = world.store.lock().deliveries.iter().map(|delivery| delivery.state.name()).collect();
    assert_eq!(states, ["shown", "answered"]);
    let (_, account) = world.call(&phone, "GET", "/device/v1/account", "").await;
    assert_eq!(account["last_answered"], account["server_time"]);
}

// OOB-01, F5: accepted once.
#[tokio::test]
async fn second_answer_and_replayed_answer_have_no_effect() {
    let world = World::new();
    let (_, phone, prompt, request) = ringing(&world).await;
    let body = approval(&phone, &request, &number_of(&prompt), world.millis());
    assert_eq!(answer(&world, &phone, prompt.attempt, &body).await.0, StatusCode::OK);
    let (status, problem) = answer(&world, &phone, prompt.attempt, &body).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("over")));
    let deny =
        AnswerBody::sign(&phone.key, &request.0, &request.1, Decision::Deny, None, None, world.millis()).unwrap();
    assert_eq!(answer(&world, &phone, prompt.attempt, &deny).await.0, StatusCode::CONFLICT);
    assert_eq!(world.store.events().iter().filter(|event| **event == "factor.approved").count(), 1);
    assert_eq!(world.store.events().iter().filter(|event| **event == "push.refused").count(), 2);
}

// OOB-01, OOB-07, OOB-08
#[tokio::test]
async fn late_answer_is_refused() {
    let world = World::new();
    let (_, phone, prompt, request) = ringing(&world).await;
    world.clock.pass(std::time::Duration::from_secs(121));
    let body = approval(&phone, &request, &number_of(&prompt), world.millis());
    let (status, problem) = answer(&world, &phone, prompt.attempt, &body).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("over")));
    let (_, list) = world.call(&phone, "GET", "/device/v1/requests", "").await;
    assert_eq!(list["requests"], json!([]));
    assert!(!world.store.events().contains(&"factor.approved"));
}

// OOB-02: a wrong number ends the request and counts.
#[tokio::test]
async fn wrong_number_ends_the_request() {
    let world = World::new();
    let (_, phone, prompt, request) = ringing(&world).await;
    let number = number_of(&prompt);
    let body = approval(&phone, &request, &another_number(&number), world.millis());
    let (status, problem) = answer(&world, &phone, prompt.attempt, &body).await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("number")));
    let right = approval(&phone, &request, &number, world.millis());
    assert_eq!(answer(&world, &phone, prompt.attempt, &right).await.0, StatusCode::CONFLICT);
    let (_, list) = world.call(&phone, "GET", "/device/v1/requests", "").await;
    assert_eq!(list["requests"], json!([]));
    assert!(world.store.events().contains(&"factor.declined"));
}

// OOB-03
#[tokio::test]
async fn answer_with_a_wrong_signature_is_refused_and_the_login_unharmed() {
    let world = World::new();
    let (_, phone, prompt, request) = ringing(&world).await;
    let thief = Phone::new("thief");
    let forged = approval(&thief, &request, &number_of(&prompt), world.millis());
    let (status, problem) = answer(&world, &phone, prompt.attempt, &forged).await;
    assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("signature")));
    // Signed as a denial, sent as an approval.
    let denial =
        AnswerBody::sign(&phone.key, &request.0, &request.1, Decision::Deny, None, None, world.millis()).unwrap();
    let turned = AnswerBody { decision: Decision::Approve, number: Some(number_of(&prompt)), ..denial };
    assert_eq!(answer(&world, &phone, prompt.attempt, &turned).await.1["code"], "signature");
    unharmed(&world, &phone, &prompt).await;
    assert_eq!(world.store.events().iter().filter(|event| **event == "push.refused").count(), 2);
}

// OOB-03: bound to what was shown.
#[tokio::test]
async fn answer_to_an_altered_context_is_refused() {
    let world = World::new();
    let (_, phone, prompt, (signed, request)) = ringing(&world).await;
    let shown = SignedRequest { challenge: signed.challenge.replace("wiki", "cafe"), ..signed };
    assert!(shown.open(&world.key.public_key(), ORIGIN, phone.id).is_err(), "the phone itself would not believe it");
    let body = approval(&phone, &(shown.clone(), request), &number_of(&prompt), world.millis());
    assert_eq!(body.context, Digest::of(&shown.challenge));
    let (status, problem) = answer(&world, &phone, prompt.attempt, &body).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("over")));
    unharmed(&world, &phone, &prompt).await;
}

// OOB-01: challenge A is not approved while B is shown; F4.
#[tokio::test]
async fn answer_to_one_login_is_none_to_another() {
    let world = World::new();
    let (ada, phone, first, request) = ringing(&world).await;
    let body = approval(&phone, &request, &number_of(&first), world.millis());
    assert_eq!(answer(&world, &phone, first.attempt, &body).await.0, StatusCode::OK);
    let second = world.login(ada).await;
    assert_eq!(answer(&world, &phone, second.attempt, &body).await.1["code"], "signature");
    unharmed(&world, &phone, &second).await;
}

// Nothing of other people is reached, and nothing of them is told.
#[tokio::test]
async fn phone_of_somebody_else_sees_and_answers_nothing() {
    let world = World::new();
    let (_, phone, prompt, request) = ringing(&world).await;
    let eve = world.phone(world.person("eve")).await;
    let (_, list) = world.call(&eve, "GET", "/device/v1/requests", "").await;
    assert_eq!(list["requests"], json!([]));
    let body = approval(&eve, &request, &number_of(&prompt), world.millis());
    let (status, problem) = answer(&world, &eve, prompt.attempt, &body).await;
    let nobodys = answer(&world, &eve, AttemptId(uuid::Uuid::new_v4()), &body).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("over")));
    assert_eq!((status, problem), nobodys);
    let seen = format!("/device/v1/requests/{}/seen", prompt.attempt);
    assert_eq!(world.call(&eve, "POST", &seen, r#"{"state":"opened"}"#).await.0, StatusCode::NO_CONTENT);
    assert!(world.store.lock().deliveries.iter().all(|delivery| delivery.authenticator != eve.id));
    unharmed(&world, &phone, &prompt).await;
}

// OOB-12, F9: dead at once.
#[tokio::test]
async fn phone_that_is_revoked_while_it_rings_answers_nothing() {
    let world = World::new();
    let (_, phone, prompt, request) = ringing(&world).await;
    let body = approval(&phone, &request, &number_of(&prompt), world.millis());
    let now = vestibule_engine::Clock::now(&*world.clock);
    vestibule_engine::Store::remove_authenticator(&*world.store, phone.id, "portal", now).await.unwrap();
    let (status, problem) = answer(&world, &phone, prompt.attempt, &body).await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNAUTHORIZED, &json!("device")));
    assert_eq!(world.call(&phone, "GET", "/device/v1/requests", "").await.0, StatusCode::UNAUTHORIZED);
    assert!(!world.store.events().contains(&"factor.approved"));
}

#[tokio::test]
async fn phone_of_a_disabled_person_is_no_device() {
    let world = World::new();
    let (ada, phone, prompt, request) = ringing(&world).await;
    world.disable(ada);
    let body = approval(&phone, &request, &number_of(&prompt), world.millis());
    assert_eq!(answer(&world, &phone, prompt.attempt, &body).await.1["code"], "device");
    assert!(!world.store.events().contains(&"factor.approved"));
}

// OOB-04, F2
#[tokio::test]
async fn report_ends_the_login_and_says_so() {
    let world = World::new();
    let (_, phone, prompt, request) = ringing(&world).await;
    let (signed, request) = &request;
    let (decision, reason) = (Decision::Report, Some(Reason::NotMe));
    let body = AnswerBody::sign(&phone.key, signed, request, decision, None, reason, world.millis()).unwrap();
    let (status, told) = answer(&world, &phone, prompt.attempt, &body).await;
    assert_eq!((status, &told["result"]), (StatusCode::OK, &json!("reported")));
    assert!(matches!(world.row(prompt.attempt).await, Position::Ended(ended) if !ended.allowed));
    assert!(world.store.events().contains(&"login.reported"));
}

#[tokio::test]
async fn answer_of_a_phone_with_a_wrong_clock_is_refused_with_the_right_time() {
    let world = World::new();
    let (_, phone, prompt, request) = ringing(&world).await;
    let early = Millis(world.millis().0 - 301_000);
    let body = approval(&phone, &request, &number_of(&prompt), early);
    let (status, problem) = answer(&world, &phone, prompt.attempt, &body).await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNAUTHORIZED, &json!("clock")));
    assert_eq!(problem["server_time"], world.millis().0);
    unharmed(&world, &phone, &prompt).await;
}

#[tokio::test]
async fn approval_without_the_person_is_refused_where_the_person_must_be_there() {
    let world = World::with(Twist { verification: Policy::Required, ..Twist::default() });
    let (_, phone, prompt, request) = ringing(&world).await;
    let body = approval(&phone, &request, &number_of(&prompt), world.millis());
    let (status, problem) = answer(&world, &phone, prompt.attempt, &body).await;
    assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("verification")));
    unharmed(&world, &phone, &prompt).await;
}

// OOB-07: a hundred answers at the same moment, one effect.
#[tokio::test]
async fn of_many_answers_at_once_one_counts() {
    let world = World::new();
    let (_, phone, prompt, request) = ringing(&world).await;
    let body = approval(&phone, &request, &number_of(&prompt), world.millis());
    let answers = futures_util::future::join_all((0..20).map(|_| answer(&world, &phone, prompt.attempt, &body))).await;
    assert_eq!(answers.iter().filter(|(status, _)| *status == StatusCode::OK).count(), 1);
    assert_eq!(world.store.events().iter().filter(|event| **event == "factor.approved").count(), 1);
}

#[tokio::test]
async fn phone_shows_the_code_to_type_at_the_login_once_it_has_approved() {
    let push = PushRules { matching: MatchingRule::FromPhone, ..PushRules::default() };
    let world = World::with(Twist { settings: Settings { push, ..Settings::default() }, ..Twist::default() });
    let (_, phone, prompt, (signed, request)) = ringing(&world).await;
    assert!(request.code && request.number.is_none());
    let approve = |time| AnswerBody::sign(&phone.key, &signed, &request, Decision::Approve, None, None, time).unwrap();
    let (status, told) = answer(&world, &phone, prompt.attempt, &approve(world.millis())).await;
    let PromptKind::Wait { matching: Matching::FromPhone(number), .. } = &prompt.kind else { panic!("no code") };
    assert_eq!((status, told), (StatusCode::OK, json!({"result": "approved", "code": number.expose()})));
    let (_, replayed) = answer(&world, &phone, prompt.attempt, &approve(world.millis())).await;
    assert_eq!((&replayed["code"], replayed.get("result")), (&json!("over"), None));
}
