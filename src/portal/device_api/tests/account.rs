//! What a device does with itself.

use axum::http::StatusCode;
use serde_json::json;
use vestibule_engine::{Clock as _, Store as _};

use vestibule_factors::push::protocol::Policy;

use super::world::{Phone, Twist, World, secret_of};

#[tokio::test]
async fn account_shows_where_the_device_is_rung_and_nothing_secret() {
    let world = World::new();
    let phone = world.phone(world.person("ada")).await;
    let address = r#"{"web_push":{"endpoint":"https://push.example.net/abc","p256dh":"BBBB","auth":"CCCC"}}"#;
    assert_eq!(world.call(&phone, "PUT", "/device/v1/push", address).await.0, StatusCode::NO_CONTENT);
    let (status, account) = world.call(&phone, "GET", "/device/v1/account", "").await;
    assert_eq!(status, StatusCode::OK);
    let now = world.millis().0;
    let expected = json!({
        "status": "active", "issuer": "Example", "account": "ada", "label": "Pixel",
        "push": {"kind": "web_push", "since": now, "trouble": null},
        "last_shown": null, "last_answered": null,
        "verification": {"policy": "off", "registered": false}, "server_time": now,
    });
    assert_eq!(account, expected);
    assert_eq!(world.call(&phone, "PUT", "/device/v1/push", r#"{"none":{}}"#).await.0, StatusCode::NO_CONTENT);
    let (_, account) = world.call(&phone, "GET", "/device/v1/account", "").await;
    assert_eq!(account["push"], json!({"kind": "none", "since": null, "trouble": null}));
}

// PSH-05, F10
#[tokio::test]
async fn address_inside_our_own_network_is_refused() {
    let world = World::new();
    let phone = world.phone(world.person("ada")).await;
    for endpoint in ["https://169.254.169.254/latest", "http://127.0.0.1/", "https://localhost/", "file:///etc/passwd"]
    {
        let body = json!({"web_push": {"endpoint": endpoint, "p256dh": "BBBB", "auth": "CCCC"}}).to_string();
        let (status, problem) = world.call(&phone, "PUT", "/device/v1/push", &body).await;
        assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("address")), "{endpoint}");
    }
    assert!(world.store.lock().devices.get(&phone.id).is_none_or(|device| device.push.is_none()));
}

#[tokio::test]
async fn key_for_user_verification_comes_and_goes_and_is_written_down() {
    let world = World::new();
    let phone = world.phone(world.person("ada")).await;
    let key = Phone::new("platform").key.public_key().to_string();
    let body = json!({"credential_id": "AAEC", "public_key": key}).to_string();
    let target = "/device/v1/verification";
    assert_eq!(world.call(&phone, "PUT", target, &body).await.0, StatusCode::NO_CONTENT);
    assert_eq!(world.call(&phone, "GET", "/device/v1/account", "").await.1["verification"]["registered"], true);
    assert_eq!(world.call(&phone, "DELETE", target, "").await.0, StatusCode::NO_CONTENT);
    assert_eq!(world.call(&phone, "GET", "/device/v1/account", "").await.1["verification"]["registered"], false);
    let changes = world.store.events().iter().filter(|event| **event == "authenticator.changed").count();
    assert_eq!(changes, 2);
}

#[tokio::test]
async fn key_of_the_person_is_not_replaced_by_the_key_of_the_device_where_it_is_demanded() {
    let world = World::with(Twist { verification: Policy::Required, ..Twist::default() });
    let phone = world.phone(world.person("ada")).await;
    let body = |name: &str| {
        json!({"credential_id": "AAEC", "public_key": Phone::new(name).key.public_key().to_string()}).to_string()
    };
    let target = "/device/v1/verification";
    assert_eq!(world.call(&phone, "PUT", target, &body("platform")).await.0, StatusCode::NO_CONTENT);
    for (method, body) in [("PUT", body("software")), ("DELETE", String::new())] {
        let (status, problem) = world.call(&phone, method, target, &body).await;
        assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("verification")), "{method}");
    }
    assert_eq!(world.call(&phone, "GET", "/device/v1/account", "").await.1["verification"]["registered"], true);
}

// OOB-12, F9
#[tokio::test]
async fn device_that_unpairs_itself_is_no_device_any_more() {
    let world = World::new();
    let phone = world.phone(world.person("ada")).await;
    assert_eq!(world.call(&phone, "DELETE", "/device/v1/account", "").await.0, StatusCode::NO_CONTENT);
    let (status, problem) = world.call(&phone, "GET", "/device/v1/account", "").await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNAUTHORIZED, &json!("device")));
    assert!(world.store.authenticator(phone.id).await.unwrap().is_none());
}

#[tokio::test]
async fn device_that_waits_for_its_confirmation_sees_its_account_and_no_request() {
    let world = World::new();
    let ada = world.person("ada");
    let session = world.session(ada);
    let _other = world.phone(ada).await;
    let begun = world.pairing.begin(ada, session).await.unwrap();
    let mut phone = Phone::new("Tablet");
    world.register(&mut phone, &secret_of(&begun.link)).await;
    let prompt = world.login(ada).await;
    assert_eq!(world.call(&phone, "GET", "/device/v1/account", "").await.1["status"], "pending");
    assert_eq!(world.call(&phone, "GET", "/device/v1/requests", "").await.1["requests"], json!([]));
    let seen = format!("/device/v1/requests/{}/seen", prompt.attempt);
    assert_eq!(world.call(&phone, "POST", &seen, r#"{"state":"shown"}"#).await.1["code"], "over");
}

// OOB-09
#[tokio::test]
async fn device_that_nobody_confirmed_in_time_is_removed() {
    let world = World::new();
    let ada = world.person("ada");
    let begun = world.pairing.begin(ada, world.session(ada)).await.unwrap();
    let mut phone = Phone::new("Tablet");
    world.register(&mut phone, &secret_of(&begun.link)).await;
    world.clock.pass(std::time::Duration::from_secs(601));
    assert_eq!(world.call(&phone, "GET", "/device/v1/account", "").await.1["code"], "device");
    assert!(world.store.authenticator(phone.id).await.unwrap().is_none());
}

#[tokio::test]
async fn gateway_tells_a_stranger_who_it_is_and_nobodys_name() {
    let world = World::new();
    world.person("ada");
    let (status, gateway) = world.unsigned("GET", "/device/v1/gateway", "").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!((&gateway["issuer"], &gateway["origin"]), (&json!("Example"), &json!("https://login.example.com")));
    assert_eq!(gateway["server_time"], world.clock.now().0 / 1000);
    assert!(!gateway.to_string().contains("ada"));
}
