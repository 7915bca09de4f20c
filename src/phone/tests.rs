//! A phone against a gateway that each test writes itself: HTTPS with a certificate of its own, and what the device
//! protocol says, by hand.

pub(crate) mod gateway;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::json;
use vestibule_engine::{Clock, Timestamp};

use super::*;
use gateway::{Asked, Gateway, Said, challenge, problem};

/// A clock that a test sets.
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

const NOW: Timestamp = Timestamp::from_secs(1_780_000_000);

fn surroundings(gateway: &Gateway) -> Surroundings {
    let clock = Arc::new(Hands(AtomicI64::new(NOW.0)));
    Surroundings::of_this_machine().at(clock).trusting(&gateway.authority).unwrap()
}

async fn paired(gateway: &Gateway) -> Phone {
    let link = PairingLink::parse(&gateway.link()).unwrap();
    Phone::pair(&link, "Pixel", "test", &surroundings(gateway)).await.unwrap().phone
}

#[tokio::test]
async fn phone_pairs_and_both_sides_come_to_the_same_code() {
    let gateway = Gateway::start(|_, _| problem(503, "trouble"));
    let link = PairingLink::parse(&gateway.link()).unwrap();
    let paired = Phone::pair(&link, "Pixel", "test", &surroundings(&gateway)).await.unwrap();
    assert_eq!(paired.code.digits(), gateway.confirmation_code());
    let account = paired.phone.account();
    assert_eq!((account.name.as_str(), account.issuer.as_str()), ("ada", "Example"));
    assert_eq!(account.totp(), Some("otpauth://totp/x?secret=AAAA"));
    let told = format!("{account:?} {paired:?} {link:?}");
    assert!(!told.contains("AAAA") && !told.contains(&gateway.link()), "{told}");
}

#[tokio::test]
async fn gateway_of_another_authority_is_not_talked_to() {
    let (gateway, other) = (Gateway::start(|_, _| Said::empty(204)), Gateway::start(|_, _| Said::empty(204)));
    let link = PairingLink::parse(&gateway.link()).unwrap();
    let error = Phone::pair(&link, "Pixel", "test", &surroundings(&other)).await.unwrap_err();
    assert!(matches!(error, PhoneError::Unreachable { .. }) && error.may_pass(), "{error}");
    assert_eq!(gateway.heard().len(), 0);
}

#[tokio::test]
async fn used_link_is_told_from_a_gateway_in_trouble() {
    for (said, is_over) in [(problem(404, "token"), true), (problem(503, "trouble"), false)] {
        let gateway = Gateway::refusing_to_register(said);
        let link = PairingLink::parse(&gateway.link()).unwrap();
        let error = Phone::pair(&link, "Pixel", "test", &surroundings(&gateway)).await.unwrap_err();
        assert_eq!(matches!(error, PhoneError::Link(LinkRefused::Over)), is_over, "{error}");
        assert_eq!(matches!(error, PhoneError::Trouble), !is_over, "{error}");
    }
}

#[tokio::test]
async fn request_is_shown_as_the_gateway_signed_it_and_approved_with_the_number_of_the_login() {
    let gateway = Gateway::start(|asked, keys| match asked.path.as_str() {
        "/device/v1/requests?wait=0" => keys.requests("r1", &[challenge(keys, Some(2))]),
        path if path.ends_with("/answer") => Said::json(200, &json!({ "result": "approved", "code": null })),
        _ => Said::empty(204),
    });
    let phone = paired(&gateway).await;
    let waiting = phone.requests(Duration::ZERO).await.unwrap();
    let [request] = waiting.as_slice() else { panic!("{waiting:?}") };
    assert_eq!((request.service.name.as_str(), request.digits()), ("vpn", Some(2)));

    // What cannot be right is not sent: a request takes one answer.
    for typed in [None, Some(""), Some("4"), Some("473"), Some("4x")] {
        let error = phone.approve(request, typed).await.unwrap_err();
        assert!(matches!(error, PhoneError::NumberNeeded { digits: 2 }), "{typed:?} {error}");
    }
    let answered = phone.approve(request, Some(" 4 7 ")).await.unwrap();
    assert_eq!(answered, Answered::Approved { code: None });
    let answers: Vec<Asked> = gateway.heard().into_iter().filter(|asked| asked.path.ends_with("/answer")).collect();
    let [answer] = answers.as_slice() else { panic!("{answers:?}") };
    let body: protocol::AnswerBody = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((body.decision, body.number.as_deref()), (protocol::Decision::Approve, Some("47")));
    // OOB-03: one signature over everything that was asked and answered.
    let text = body.text(&gateway.origin, request.attempt(), phone.device()).to_string();
    gateway.device_key().verify(text, &body.signature).unwrap();
}

#[tokio::test]
async fn no_and_not_me_are_said_as_such() {
    let gateway = Gateway::start(|asked, keys| {
        let body = String::from_utf8_lossy(&asked.body).into_owned();
        match asked.path.as_str() {
            path if path.starts_with("/device/v1/requests?") => keys.requests("r1", &[challenge(keys, None)]),
            _ if body.contains("\"decision\":\"deny\"") => {
                Said::json(200, &json!({ "result": "denied", "code": null }))
            }
            _ if body.contains("\"reason\":\"not_me\"") => {
                Said::json(200, &json!({ "result": "reported", "code": null }))
            }
            _ => problem(400, "malformed"),
        }
    });
    let phone = paired(&gateway).await;
    let request = phone.requests(Duration::ZERO).await.unwrap().remove(0);
    assert_eq!(phone.deny(&request).await.unwrap(), Answered::Denied);
    assert_eq!(phone.report(&request).await.unwrap(), Answered::Reported);
}

#[tokio::test]
async fn code_for_the_login_comes_with_the_approval() {
    let gateway = Gateway::start(|asked, keys| match asked.path.as_str() {
        "/device/v1/requests?wait=0" => keys.requests("r1", &[challenge(keys, None)]),
        _ => Said::json(200, &json!({ "result": "approved", "code": "4821" })),
    });
    let phone = paired(&gateway).await;
    let request = phone.requests(Duration::ZERO).await.unwrap().remove(0);
    let answered = phone.approve(&request, None).await.unwrap();
    assert_eq!(answered, Answered::Approved { code: Some("4821".to_owned()) });
}

#[tokio::test]
async fn gateway_that_heard_another_answer_is_not_believed() {
    let gateway = Gateway::start(|asked, keys| match asked.path.as_str() {
        "/device/v1/requests?wait=0" => keys.requests("r1", &[challenge(keys, None)]),
        _ => Said::json(200, &json!({ "result": "approved", "code": null })),
    });
    let phone = paired(&gateway).await;
    let request = phone.requests(Duration::ZERO).await.unwrap().remove(0);
    let error = phone.deny(&request).await.unwrap_err();
    assert!(matches!(error, PhoneError::Untrusted(_)), "{error}");
}

#[tokio::test]
async fn request_that_was_not_signed_for_this_device_is_not_shown() {
    for spoil in ["signature", "origin", "device", "version"] {
        let gateway = Gateway::start(move |_, keys| {
            let mut asked = challenge(keys, None);
            match spoil {
                "origin" => asked["origin"] = "https://elsewhere.example".into(),
                "device" => asked["device"] = "00000000-0000-4000-8000-000000000001".into(),
                "version" => asked["v"] = 2.into(),
                _ => return keys.requests_of_a_stranger("r1", &[asked]),
            }
            keys.requests("r1", &[asked])
        });
        let phone = paired(&gateway).await;
        let error = phone.requests(Duration::ZERO).await.unwrap_err();
        assert!(matches!(error, PhoneError::Untrusted(_)), "{spoil}: {error}");
    }
}

#[tokio::test]
async fn clock_that_is_wrong_is_put_right_once_and_remembered() {
    let ahead = Duration::from_secs(3600);
    let theirs = protocol::Millis::from(NOW.after(ahead));
    let gateway =
        Gateway::start(
            move |asked, keys| {
                if asked.time() == Some(theirs) { keys.requests("r1", &[]) } else { Said::clock(theirs) }
            },
        );
    let phone = paired(&gateway).await;
    phone.requests(Duration::ZERO).await.unwrap();
    assert_eq!(phone.account().clock_ahead, 3_600_000);
    let before = gateway.heard().len();
    let again = Phone::of(phone.account(), &surroundings(&gateway)).unwrap();
    again.requests(Duration::ZERO).await.unwrap();
    assert_eq!(gateway.heard().len(), before + 1, "it knew the time already");
}

#[tokio::test]
async fn gateway_that_never_agrees_on_the_time_is_asked_twice_and_no_more() {
    let gateway = Gateway::start(|_, _| Said::clock(protocol::Millis(7)));
    let phone = paired(&gateway).await;
    let before = gateway.heard().len();
    let error = phone.requests(Duration::ZERO).await.unwrap_err();
    assert!(matches!(error, PhoneError::Refused { .. }), "{error}");
    assert_eq!(gateway.heard().len(), before + 2);
}

#[tokio::test]
async fn long_poll_names_what_is_known_already() {
    let gateway = Gateway::start(|_, keys| keys.requests("a b&c", &[]));
    let phone = paired(&gateway).await;
    phone.requests(Duration::from_secs(90)).await.unwrap();
    phone.requests(Duration::from_secs(2)).await.unwrap();
    phone.requests(Duration::ZERO).await.unwrap();
    let paths: Vec<String> = gateway.heard().into_iter().map(|asked| asked.path).skip(1).collect();
    let wanted = ["wait=25", "wait=2&after=a%20b%26c", "wait=0"].map(|query| format!("/device/v1/requests?{query}"));
    assert_eq!(paths, wanted);
}

#[tokio::test]
async fn what_a_gateway_says_no_to_is_split_by_what_can_be_done() {
    type Is = fn(&PhoneError) -> bool;
    let cases: [(u16, &str, Is); 6] = [
        (409, "over", |error| matches!(error, PhoneError::Over)),
        (422, "number", |error| matches!(error, PhoneError::WrongNumber)),
        (401, "device", |error| matches!(error, PhoneError::Unpaired)),
        (429, "locked", |error| matches!(error, PhoneError::Locked)),
        (503, "trouble", |error| matches!(error, PhoneError::Trouble)),
        (403, "signature", |error| matches!(error, PhoneError::Refused { status: 403, .. })),
    ];
    for (status, code, is_right) in cases {
        let gateway = Gateway::start(move |_, _| problem(status, code));
        let phone = paired(&gateway).await;
        let error = phone.status().await.unwrap_err();
        assert!(is_right(&error), "{code}: {error}");
        assert_eq!(phone.unpair().await.is_ok(), code == "device", "who is not known needs no goodbye");
    }
}

#[tokio::test]
async fn no_redirect_is_followed_and_no_endless_answer_read() {
    let elsewhere = Gateway::start(|_, _| Said::empty(204));
    let place = elsewhere.origin.clone();
    let gateway = Gateway::start(move |asked, _| match asked.path.as_str() {
        "/device/v1/account" => Said { status: 307, headers: format!("location: {place}/\r\n"), body: Vec::new() },
        _ => Said { status: 200, headers: String::new(), body: vec![b' '; 300 * 1024] },
    });
    let phone = paired(&gateway).await;
    let error = phone.status().await.unwrap_err();
    assert!(matches!(error, PhoneError::Refused { status: 307, .. }), "{error}");
    assert_eq!(elsewhere.heard().len(), 0);
    let error = phone.requests(Duration::ZERO).await.unwrap_err();
    assert!(matches!(error, PhoneError::Untrusted(_)), "{error}");
}

#[tokio::test]
async fn authority_it_was_paired_with_is_kept_with_the_account() {
    let gateway = Gateway::start(|_, keys| keys.requests("r1", &[]));
    let kept = serde_json::to_string(&paired(&gateway).await.account()).unwrap();
    let machine = Surroundings::of_this_machine().at(Arc::new(Hands(AtomicI64::new(NOW.0))));
    let again = Phone::of(serde_json::from_str(&kept).unwrap(), &machine).unwrap();
    again.requests(Duration::ZERO).await.unwrap();
}
