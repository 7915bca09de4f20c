//! A phone that waits for news.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;
use tokio::time::Instant;
use vestibule_engine::{Clock as _, Store as _};

use super::world::{Phone, World};

async fn revision(world: &World, phone: &Phone) -> String {
    let (_, body) = world.call(phone, "GET", "/device/v1/requests", "").await;
    body["revision"].as_str().unwrap().to_owned()
}

// PSH-12: with no push service at all, the phone hears of it as soon as somebody signs in.
#[tokio::test(start_paused = true)]
async fn waiting_phone_hears_of_a_login_at_once() {
    let world = World::new();
    let ada = world.person("ada");
    let phone = world.phone(ada).await;
    let target = format!("/device/v1/requests?wait=25&after={}", revision(&world, &phone).await);
    let began = Instant::now();
    let (told, prompt) = tokio::join!(world.call(&phone, "GET", &target, ""), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.login(ada).await
    });
    assert_eq!(told.1["requests"].as_array().unwrap().len(), 1);
    assert!(told.1["requests"][0]["challenge"].as_str().unwrap().contains(&prompt.attempt.to_string()));
    assert!(began.elapsed() < Duration::from_secs(2), "it was woken, not timed out");
}

#[tokio::test(start_paused = true)]
async fn phone_is_answered_when_its_wait_is_over() {
    let world = World::new();
    let phone = world.phone(world.person("ada")).await;
    let revision = revision(&world, &phone).await;
    let began = Instant::now();
    let (status, body) = world.call(&phone, "GET", &format!("/device/v1/requests?wait=20&after={revision}"), "").await;
    assert_eq!((status, &body["requests"], &body["revision"]), (StatusCode::OK, &json!([]), &json!(revision)));
    assert!(began.elapsed() >= Duration::from_secs(20));
    let began = Instant::now();
    world.call(&phone, "GET", "/device/v1/requests?wait=20&after=something-else", "").await;
    assert!(began.elapsed() < Duration::from_secs(1), "news are told at once");
}

// OOB-12: within five seconds, even where nothing rings.
#[tokio::test(start_paused = true)]
async fn phone_that_is_revoked_while_it_waits_is_told_within_five_seconds() {
    let world = World::new();
    let phone = world.phone(world.person("ada")).await;
    let target = format!("/device/v1/requests?wait=25&after={}", revision(&world, &phone).await);
    let began = Instant::now();
    let (told, ()) = tokio::join!(world.call(&phone, "GET", &target, ""), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        world.store.remove_authenticator(phone.id, "portal", world.clock.now()).await.unwrap();
    });
    assert_eq!((told.0, &told.1["code"]), (StatusCode::UNAUTHORIZED, &json!("device")));
    assert!(began.elapsed() <= Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn third_wait_of_one_phone_is_told_to_come_later() {
    let world = World::new();
    let phone = world.phone(world.person("ada")).await;
    let target = format!("/device/v1/requests?wait=25&after={}", revision(&world, &phone).await);
    let (one, two, three) = tokio::join!(
        world.call(&phone, "GET", &target, ""),
        world.call(&phone, "GET", &target, ""),
        world.call(&phone, "GET", &target, ""),
    );
    let mut statuses = [one.0, two.0, three.0];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::OK, StatusCode::OK, StatusCode::TOO_MANY_REQUESTS]);
    assert_eq!(world.call(&phone, "GET", &target, "").await.0, StatusCode::OK, "the places were given back");
}

#[tokio::test(start_paused = true)]
async fn waiting_phones_are_answered_when_the_gateway_stops() {
    let world = World::new();
    let phone = world.phone(world.person("ada")).await;
    let target = format!("/device/v1/requests?wait=25&after={}", revision(&world, &phone).await);
    let began = Instant::now();
    let (told, ()) = tokio::join!(world.call(&phone, "GET", &target, ""), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        world.api.stop();
    });
    assert_eq!(told.0, StatusCode::OK);
    assert!(began.elapsed() < Duration::from_secs(1));
}
