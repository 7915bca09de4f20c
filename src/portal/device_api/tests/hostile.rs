//! Calls that no honest phone makes.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use vestibule_factors::push::protocol::{Authorization, Millis, Register};

use super::world::{ORIGIN, Phone, World, secret_of};

/// Every signed route, by method and path.
const SIGNED: [(&str, &str); 8] = [
    ("GET", "/device/v1/requests"),
    ("POST", "/device/v1/requests/00000000-0000-4000-8000-000000000000/answer"),
    ("POST", "/device/v1/requests/00000000-0000-4000-8000-000000000000/seen"),
    ("PUT", "/device/v1/push"),
    ("PUT", "/device/v1/verification"),
    ("DELETE", "/device/v1/verification"),
    ("GET", "/device/v1/account"),
    ("DELETE", "/device/v1/account"),
];

// OOB-13: every route, with nothing at all, with a stranger's key, and with a key for something else.
#[tokio::test]
async fn nothing_is_reached_without_the_signature_of_a_paired_device() {
    let world = World::new();
    let phone = world.phone(world.person("ada")).await;
    for (method, target) in SIGNED {
        let (status, problem) = world.unsigned(method, target, "").await;
        assert_eq!((status, &problem["code"]), (StatusCode::UNAUTHORIZED, &json!("device")), "{method} {target}");
        let stranger = Phone { id: phone.id, ..Phone::new("stranger") };
        let (status, problem) = world.call(&stranger, method, target, "").await;
        assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("signature")), "{method} {target}");
    }
    assert_eq!(world.call(&phone, "GET", "/device/v1/account", "").await.0, StatusCode::OK, "all the same");
}

#[tokio::test]
async fn signature_is_good_for_its_own_method_path_query_body_and_origin_only() {
    let world = World::new();
    let phone = world.phone(world.person("ada")).await;
    let elsewhere = |method: &str, target: &str, body: &str, sent: (&str, &str, &str), origin: &str| {
        let (time, octets) = (world.millis(), body.as_bytes());
        let signed = Authorization::sign(&phone.key, origin, method, target, phone.id, time, octets).unwrap();
        let request = Request::builder().method(sent.0).uri(sent.1);
        request.header(header::AUTHORIZATION, signed.to_string()).body(Body::from(sent.2.to_owned())).unwrap()
    };
    let none = r#"{"none":{}}"#;
    let requests = [
        elsewhere("GET", "/device/v1/account", "", ("DELETE", "/device/v1/account", ""), ORIGIN),
        elsewhere("GET", "/device/v1/account", "", ("GET", "/device/v1/requests", ""), ORIGIN),
        elsewhere("GET", "/device/v1/requests", "", ("GET", "/device/v1/requests?wait=1", ""), ORIGIN),
        elsewhere("PUT", "/device/v1/push", "{}", ("PUT", "/device/v1/push", none), ORIGIN),
        elsewhere("GET", "/device/v1/account", "", ("GET", "/device/v1/account", ""), "https://evil.example"),
    ];
    for request in requests {
        let (status, problem) = world.send(request).await;
        assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("signature")));
    }
}

#[tokio::test]
async fn old_call_is_refused_with_the_right_time() {
    let world = World::new();
    let phone = world.phone(world.person("ada")).await;
    let request = world.signed(&phone, "GET", "/device/v1/account", "");
    world.clock.pass(std::time::Duration::from_secs(301));
    let (status, problem) = world.send(request).await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNAUTHORIZED, &json!("clock")));
    assert_eq!(problem["server_time"], world.millis().0);
}

#[tokio::test]
async fn body_that_is_too_long_or_says_too_much_is_refused() {
    let world = World::new();
    let phone = world.phone(world.person("ada")).await;
    let long = format!(r#"{{"fcm":{{"token":"{}"}}}}"#, "x".repeat(16 * 1024));
    let (status, problem) = world.call(&phone, "PUT", "/device/v1/push", &long).await;
    assert_eq!((status, &problem["code"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!("malformed")));
    for body in
        [r#"{"none":{},"fcm":{"token":"x"}}"#, r#"{"none":{"x":1}}"#, r#"{"fcm":{"token":"x","y":1}}"#, "[]", ""]
    {
        let (status, problem) = world.call(&phone, "PUT", "/device/v1/push", body).await;
        assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("malformed")), "{body}");
    }
    for query in ["wait=26", "wait=-1", "wait=x", "unknown=1", "wait=1&wait=2"] {
        let (status, _) = world.call(&phone, "GET", &format!("/device/v1/requests?{query}"), "").await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let world = World::new();
    let (status, problem) = world.unsigned("GET", "/device/v1/nothing", "").await;
    assert_eq!((status, &problem["status"]), (StatusCode::NOT_FOUND, &json!(404)));
    let (status, problem) = world.unsigned("PATCH", "/device/v1/account", "").await;
    assert_eq!((status, &problem["status"]), (StatusCode::METHOD_NOT_ALLOWED, &json!(405)));
}

#[tokio::test]
async fn stranger_who_guesses_is_slowed_down() {
    let world = World::new();
    let phone = world.phone(world.person("ada")).await;
    let mut statuses = Vec::new();
    for _ in 0..40 {
        let stranger = Phone { id: phone.id, ..Phone::new("stranger") };
        statuses.push(world.call(&stranger, "GET", "/device/v1/account", "").await.0);
    }
    assert_eq!(statuses.first(), Some(&StatusCode::FORBIDDEN));
    assert_eq!(statuses.last(), Some(&StatusCode::TOO_MANY_REQUESTS));
    let honest = world.call(&phone, "GET", "/device/v1/account", "").await;
    assert_eq!(honest.0, StatusCode::OK, "at the same address, and not silenced by the other");
}

#[tokio::test]
async fn trouble_of_ours_is_told_without_its_reasons() {
    let world = World::new();
    let phone = world.phone(world.person("ada")).await;
    world.store.broken.store(true, Ordering::SeqCst);
    let (status, problem) = world.call(&phone, "GET", "/device/v1/account", "").await;
    assert_eq!((status, &problem["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("trouble")));
    let told = problem.to_string();
    assert!(!told.contains("ada") && !told.contains("/var/lib"), "{told}");
}

#[tokio::test]
async fn registration_tells_what_is_wrong_with_it_from_a_closed_set() {
    let world = World::new();
    let ada = world.person("ada");
    let begun = world.pairing.begin(ada, world.session(ada)).await.unwrap();
    let (secret, phone) = (secret_of(&begun.link), Phone::new("Pixel"));
    let signed = |token: &str, time| Register::sign(&phone.key, ORIGIN, token, "Pixel", "Android", time).unwrap();
    let good = serde_json::to_value(signed(&secret, world.millis())).unwrap();
    let unknown = serde_json::to_value(signed(&"A".repeat(43), world.millis())).unwrap();
    let late = serde_json::to_value(signed(&secret, Millis(world.millis().0 - 301_000))).unwrap();
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    let cases = [
        (unknown, 404, "token"),
        (late, 401, "clock"),
        (with("public_key", json!("AAAA")), 400, "key"),
        (with("public_key", json!(Phone::new("x").key.public_key().to_string())), 403, "signature"),
        (with("token", json!("B".repeat(43))), 403, "signature"),
        (with("label", json!("")), 400, "malformed"),
        (with("label", json!("a\nb")), 400, "malformed"),
        (with("extra", json!(1)), 400, "malformed"),
    ];
    for (body, status, code) in cases {
        let (found, problem) = world.unsigned("POST", "/device/v1/register", body.to_string()).await;
        assert_eq!((found.as_u16(), problem["code"].as_str()), (status, Some(code)), "{body}");
    }
    let (found, _) = world.unsigned("POST", "/device/v1/register", good.to_string()).await;
    assert_eq!(found, StatusCode::OK, "none of these cost the code");
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,24}".prop_map(Value::from),
        "[A-Za-z0-9_-]{43}|[A-Za-z0-9_-]{86,88}".prop_map(Value::from),
    ];
    let name = prop_oneof![
        Just("token"),
        Just("public_key"),
        Just("label"),
        Just("platform"),
        Just("time"),
        Just("signature"),
        Just("nonce"),
        Just("decision"),
        Just("number"),
        Just("reason"),
        Just("context"),
        Just("verification"),
        Just("state"),
        Just("web_push"),
        Just("endpoint"),
        Just("fcm"),
        Just("none"),
        Just("credential_id"),
    ];
    leaf.prop_recursive(3, 32, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(name.clone().prop_map(str::to_owned), inner, 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_body_brings_us_into_trouble_or_makes_us_tell_anything(
        body in prop_oneof![json_value().prop_map(|value| value.to_string()), "\\PC{0,200}"],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new();
            let ada = world.person("ada-lovelace");
            let phone = world.phone(ada).await;
            let attempt = world.login(ada).await.attempt;
            let targets = [
                ("POST", "/device/v1/register".to_owned()),
                ("POST", format!("/device/v1/requests/{attempt}/answer")),
                ("POST", format!("/device/v1/requests/{attempt}/seen")),
                ("PUT", "/device/v1/push".to_owned()),
                ("PUT", "/device/v1/verification".to_owned()),
            ];
            for (method, target) in targets {
                let (status, told) = world.call(&phone, method, &target, &body).await;
                assert!(!status.is_server_error(), "{method} {target} {body}: {status}");
                assert!(!told.to_string().contains("lovelace"), "{told}");
            }
        });
    }
}
