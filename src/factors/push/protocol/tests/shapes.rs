//! How bodies are written.

use serde_json::json;

use super::*;
use crate::push::PushAddress;

#[test]
fn where_a_device_is_rung_is_read_as_the_protocol_writes_it() {
    let read = |value: Value| serde_json::from_value::<SetPush>(value).map(SetPush::address);
    let web = json!({"web_push": {"endpoint": "https://push.example/1", "p256dh": "BA", "auth": "AA"}});
    assert!(matches!(read(web), Ok(Some(PushAddress::WebPush { .. }))));
    assert!(matches!(read(json!({"apns": {"token": "ab"}})), Ok(Some(PushAddress::Apns { .. }))));
    assert!(matches!(read(json!({"fcm": {"token": "ab"}})), Ok(Some(PushAddress::Fcm { .. }))));
    assert_eq!(read(json!({"none": {}})).unwrap(), None);
    for wrong in [
        json!({"sms": {"number": "1"}}),
        json!({"apns": {"token": "ab", "more": 1}}),
        json!({"apns": {"token": "ab"}, "fcm": {"token": "ab"}}),
        json!({}),
        json!("none"),
    ] {
        assert!(read(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn fields_nobody_knows_are_refused_in_what_devices_send() {
    let v = vectors();
    let mut answer = v["approve"]["body"].clone();
    answer["admin"] = json!(true);
    assert!(serde_json::from_value::<AnswerBody>(answer).is_err());
    assert!(serde_json::from_value::<Seen>(json!({"state": "shown", "x": 1})).is_err());
    assert_eq!(serde_json::from_value::<Seen>(json!({"state": "opened"})).unwrap().state, SeenState::Opened);
}

#[test]
fn every_problem_has_its_word_and_its_status() {
    let expected = [
        ("token", 404),
        ("key", 400),
        ("signature", 403),
        ("clock", 401),
        ("malformed", 400),
        ("device", 401),
        ("over", 409),
        ("number", 422),
        ("verification", 403),
        ("locked", 429),
        ("trouble", 503),
        ("address", 422),
    ];
    let written: Vec<Value> =
        ProblemCode::ALL.iter().map(|code| serde_json::to_value(Problem::new(*code, "t")).unwrap()).collect();
    let expected: Vec<Value> = expected
        .iter()
        .map(|(code, status)| json!({"type": "about:blank", "title": "t", "status": status, "code": code}))
        .collect();
    assert_eq!(written, expected);
    let clock = serde_json::to_value(Problem::new(ProblemCode::Clock, "t").at(Millis(7))).unwrap();
    assert_eq!(clock["server_time"], json!(7));
}

#[test]
fn what_is_said_to_a_phone_alone_is_not_for_logs() {
    let answered = Answered { result: AnswerResult::Approved, code: Some("4821".into()) };
    assert!(!format!("{answered:?}").contains("4821"));
    assert_eq!(serde_json::to_value(answered).unwrap(), json!({"result": "approved", "code": "4821"}));
    let key = DeviceKey::generate().unwrap().public_key();
    let registered = Registered {
        device: device(),
        issuer: "Example".into(),
        account: "ada".into(),
        gateway_key: key,
        totp: Some("otpauth://totp/x?secret=GEZDGNBV".into()),
        status: Status::Pending,
        server_time: Millis(7),
    };
    assert!(!format!("{registered:?}").contains("GEZDGNBV"));
    let written = serde_json::to_value(registered).unwrap();
    assert_eq!((&written["status"], &written["device"]), (&json!("pending"), &json!(device().to_string())));
}
