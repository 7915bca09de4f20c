//! What a browser made (see `vectors.json`): whoever writes a device of their own can check it against the same file.

use serde_json::json;
use vestibule_engine::Timestamp;

use super::*;

#[test]
fn a_registration_made_by_a_browser_is_believed() {
    let v = vectors();
    let (token, public_key) = (text(&v, "/register/token"), key(&v, "/device_public_key"));
    let time = millis(&v, "/register/time");
    assert_eq!(register_text(ORIGIN, token, &public_key, time), text(&v, "/register/text"));
    let register: Register = serde_json::from_value(json!({
        "token": token, "public_key": public_key, "label": "Ada's phone", "platform": "Safari on iOS",
        "time": time, "signature": v["register"]["signature"],
    }))
    .unwrap();
    assert!(register.is_sane());
    register.verify(ORIGIN, time.into()).unwrap();
    assert_eq!(register.verify("https://login.example.org", time.into()), Err(Unauthorized::Signature));
    let late = Timestamp::from(time).after(CLOCK_MAX).after(Duration::from_millis(1));
    assert_eq!(register.verify(ORIGIN, late), Err(Unauthorized::Clock));
    assert!(!format!("{register:?}").contains(token), "a token is not for logs");
}

#[test]
fn both_sides_work_out_the_same_six_digits_and_a_key_in_between_changes_them() {
    let v = vectors();
    let (token, gateway) = (text(&v, "/register/token"), key(&v, "/gateway_public_key"));
    let code = confirmation_code(token, device(), &key(&v, "/device_public_key"), &gateway);
    assert_eq!(code.to_string(), text(&v, "/confirmation/code"));
    assert_eq!(code.digits(), code.to_string().replace(' ', ""));
    let between = DeviceKey::generate().unwrap().public_key();
    assert_ne!(confirmation_code(token, device(), &between, &gateway), code);
    assert_ne!(confirmation_code(token, device(), &key(&v, "/device_public_key"), &between), code);
}

#[test]
fn a_request_made_by_a_browser_is_believed() {
    let v = vectors();
    let authorization = Authorization::parse(text(&v, "/request/authorization")).unwrap();
    assert_eq!(authorization.to_string(), text(&v, "/request/authorization"));
    let (target, body) = (text(&v, "/request/target"), text(&v, "/request/body").as_bytes());
    let asked = request_text(ORIGIN, "POST", target, device(), authorization.time, body);
    assert_eq!(asked, text(&v, "/request/text"));
    authorization
        .verify(&key(&v, "/device_public_key"), ORIGIN, "POST", target, body, authorization.time.into())
        .unwrap();
}

/// OOB-03
#[test]
fn a_request_that_differs_in_anything_from_what_was_signed_is_refused() {
    let v = vectors();
    let signed = Authorization::parse(text(&v, "/request/authorization")).unwrap();
    let (target, body) = (text(&v, "/request/target"), text(&v, "/request/body").as_bytes());
    let (mine, now) = (key(&v, "/device_public_key"), Timestamp::from(signed.time));
    let other = DeviceKey::generate().unwrap().public_key();
    let later = Authorization { time: Millis(signed.time.0 + 1), ..signed };
    let elsewhere = Authorization { device: AuthenticatorId(uuid::Uuid::from_u128(1)), ..signed };
    let refused = Err(Unauthorized::Signature);
    assert_eq!(signed.verify(&other, ORIGIN, "POST", target, body, now), refused);
    assert_eq!(signed.verify(&mine, "https://evil.example", "POST", target, body, now), refused);
    assert_eq!(signed.verify(&mine, ORIGIN, "PUT", target, body, now), refused);
    assert_eq!(signed.verify(&mine, ORIGIN, "POST", "/device/v1/account", body, now), refused);
    assert_eq!(signed.verify(&mine, ORIGIN, "POST", target, b"{}", now), refused);
    assert_eq!(later.verify(&mine, ORIGIN, "POST", target, body, now), refused);
    assert_eq!(elsewhere.verify(&mine, ORIGIN, "POST", target, body, now), refused);
    for away in [now.after(CLOCK_MAX * 2), now.before(CLOCK_MAX * 2), Timestamp(i64::MAX), Timestamp(i64::MIN)] {
        assert_eq!(signed.verify(&mine, ORIGIN, "POST", target, body, away), Err(Unauthorized::Clock));
    }
}

#[test]
fn a_challenge_opens_for_its_device_and_for_nobody_else() {
    let v = vectors();
    let asked = SignedRequest {
        challenge: text(&v, "/challenge/text").into(),
        signature: serde_json::from_value(v["challenge"]["signature"].clone()).unwrap(),
    };
    let gateway = key(&v, "/gateway_public_key");
    let request = asked.open(&gateway, ORIGIN, device()).unwrap();
    assert_eq!(request.number, Some(Digits { digits: 2 }));
    assert_eq!(request.to_text(), asked.challenge, "the fields stand in the order of the protocol");
    assert_eq!(asked.context().to_string(), text(&v, "/challenge/context"));

    let forged = SignedRequest { challenge: asked.challenge.replace("vpn", "vpm"), signature: asked.signature };
    assert_eq!(forged.open(&gateway, ORIGIN, device()), Err(NotOurs::Signature));
    let other = DeviceKey::generate().unwrap();
    assert_eq!(asked.open(&other.public_key(), ORIGIN, device()), Err(NotOurs::Signature));
    let nobody = AuthenticatorId(uuid::Uuid::nil());
    assert_eq!(asked.open(&gateway, ORIGIN, nobody), Err(NotOurs::Elsewhere));
    assert_eq!(asked.open(&gateway, "https://login.example.org", device()), Err(NotOurs::Elsewhere));
    for challenge in [asked.challenge.replace(r#""v":1"#, r#""v":2"#), "{}".into(), String::new()] {
        let signed = SignedRequest { signature: other.sign(&challenge).unwrap(), challenge };
        assert_eq!(signed.open(&other.public_key(), ORIGIN, device()), Err(NotOurs::Unreadable));
    }
}

#[test]
fn the_text_of_an_answer_is_the_one_a_browser_signs() {
    let v = vectors();
    for which in ["approve", "report"] {
        let answer: AnswerBody = serde_json::from_value(v[which]["body"].clone()).unwrap();
        let signed = answer.text(ORIGIN, "c0ffee00-1234-4abc-8def-0123456789ab".parse().unwrap(), device()).to_string();
        assert_eq!(signed, text(&v, &format!("/{which}/text")));
        key(&v, "/device_public_key").verify(&signed, &answer.signature).unwrap();
        assert!(answer.is_sane());
        assert!(!format!("{answer:?}").contains("47"), "a number is not for logs");
    }
}
