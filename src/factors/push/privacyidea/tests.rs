//! What that app sends and reads, with keys and signatures made by another library.

use proptest::prelude::*;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::Value;
use vestibule_engine::{
    Authenticator, AuthenticatorId, Challenge, Checked, Matching, SecondFactor, SecretBytes, Spend, Timestamp,
};

use super::buttons::buttons;
use super::*;
use crate::push::protocol::{Decision, Millis, Policy};
use crate::push::tests::{NOW, challenge, gateway, nonce, number, shown};
use crate::push::{DeviceRecord, Proof, new_device_as};
use crate::tests::{MemoryStore, ada, as_enrolled};

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

fn text(pointer: &str) -> String {
    vectors().pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer}")).to_owned()
}

fn id() -> AuthenticatorId {
    text("/device").parse().unwrap()
}

fn device() -> PiDevice {
    PiDevice::register(id(), &text("/public_key")).unwrap()
}

/// One for all tests: making an RSA key takes its time.
fn key() -> PiKey {
    use base64::Engine as _;
    let pkcs8 = base64::engine::general_purpose::STANDARD.decode(text("/server_pkcs8")).unwrap();
    PiKey::load(SecretBytes::new(pkcs8)).unwrap()
}

fn moment() -> Timestamp {
    Millis(vectors()["at"].as_i64().unwrap()).into()
}

fn enrolled() -> Authenticator {
    as_enrolled(new_device_as(id(), ada(), "Phone", &DeviceRecord::Privacyidea(device())).unwrap())
}

fn answer(signature: &str) -> PiAnswer {
    PiAnswer {
        nonce: Some(text("/nonce")),
        decline: false,
        decline_reason: None,
        presence_answer: None,
        signature: text(signature),
    }
}

fn pressed(digits: &str, signature: &str) -> PiAnswer {
    PiAnswer { presence_answer: Some(digits.into()), ..answer(signature) }
}

fn declined(reason: Option<&str>, signature: &str) -> PiAnswer {
    PiAnswer { decline: true, decline_reason: reason.map(str::to_owned), ..answer(signature) }
}

async fn check(policy: Policy, challenge: &Challenge, answer: PiAnswer) -> Checked {
    let gateway = gateway(policy);
    let answer = Proof::of_privacyidea(id(), answer).into_answer();
    gateway.check(Some(challenge), &[enrolled()], &answer, NOW).await.unwrap()
}

#[test]
fn a_serial_leads_to_its_device_and_back() {
    assert_eq!(serial_of(id()), text("/serial"));
    assert_eq!(device_of_serial(&text("/serial")), Some(id()));
    for wrong in ["", "PIPU", "PIPU0001", &text("/serial").to_lowercase(), &format!("PIPU{}", text("/device"))] {
        assert_eq!(device_of_serial(wrong), None, "{wrong}");
    }
}

#[test]
fn a_key_is_taken_as_the_app_writes_it_and_no_other_kind() {
    let written = text("/public_key");
    for form in [written.clone(), written.replace('+', "-").replace('/', "_"), written.replace('+', " ")] {
        assert_eq!(PiDevice::register(id(), &form).unwrap(), device());
    }
    for wrong in [String::new(), "AAAA".into(), text("/small_key"), "A".repeat(4000), text("/server_pkcs8")] {
        assert_eq!(PiDevice::register(id(), &wrong), Err(PiRefused::Key));
    }
}

#[test]
fn it_asks_for_news_with_a_signature_of_this_minute() {
    let (device, stamp, signature) = (device(), text("/poll/timestamp"), text("/poll/signature"));
    device.verify_poll(&stamp, &signature, moment()).unwrap();
    device.verify_poll(&text("/poll_naive/timestamp"), &text("/poll_naive/signature"), moment()).unwrap();
    for seconds in [61, -61] {
        let away = Timestamp(moment().0 + seconds * 1_000_000);
        assert_eq!(device.verify_poll(&stamp, &signature, away), Err(PiRefused::Clock));
    }
    let other = stamp.replace(".234567", ".234568");
    assert_eq!(device.verify_poll(&other, &signature, moment()), Err(PiRefused::Signature));
    assert_eq!(device.verify_poll("yesterday", &signature, moment()), Err(PiRefused::Clock));
    assert_eq!(device.verify_poll(&stamp, "not base 32", moment()), Err(PiRefused::Malformed));
    device.verify_update("fcm:abc", &stamp, &text("/update/signature"), moment()).unwrap();
    let forged = device.verify_update("fcm:abd", &stamp, &text("/update/signature"), moment());
    assert_eq!(forged, Err(PiRefused::Signature));
    assert_eq!(device.verify_update("a|b", &stamp, &signature, moment()), Err(PiRefused::Malformed));
}

#[tokio::test]
async fn the_button_with_the_number_of_the_login_is_right_and_another_is_a_wrong_number() {
    let right = Checked::Right(Spend::Attempt { authenticator: id() });
    assert_eq!(check(Policy::Off, &shown(), pressed("47", "/approve_47")).await, right);
    let without_nonce = PiAnswer { nonce: None, ..pressed("47", "/approve_47") };
    assert_eq!(check(Policy::Off, &shown(), without_nonce).await, right);
    assert_eq!(check(Policy::Off, &shown(), pressed("48", "/approve_48")).await, Checked::WrongNumber);
    assert_eq!(check(Policy::Off, &shown(), answer("/approve")).await, Checked::WrongNumber);
    for matching in [Matching::Off, Matching::FromPhone(number("4821"))] {
        assert_eq!(check(Policy::Off, &challenge(matching), answer("/approve")).await, right);
    }
}

/// OOB-03
#[tokio::test]
async fn what_the_device_did_not_sign_is_no_answer() {
    let other_nonce = Challenge { nonce: nonce("ffeeddccbbaa99887766554433221100"), ..shown() };
    assert_eq!(check(Policy::Off, &other_nonce, pressed("47", "/approve_47")).await, Checked::NotMine);
    let unnamed = PiAnswer { nonce: None, ..pressed("47", "/approve_47") };
    assert_eq!(check(Policy::Off, &other_nonce, unnamed).await, Checked::NotMine);
    let only = Challenge { device: Some(AuthenticatorId(uuid::Uuid::from_u128(1))), ..shown() };
    assert_eq!(check(Policy::Off, &only, pressed("47", "/approve_47")).await, Checked::NotMine);
    let over = Challenge { until: NOW, ..shown() };
    assert_eq!(check(Policy::Off, &over, pressed("47", "/approve_47")).await, Checked::NotMine);
    for forged in [
        pressed("47", "/approve_48"),
        // Another hash, another padding.
        pressed("47", "/approve_47_sha1"),
        pressed("47", "/approve_47_pss"),
        // A no under the name of a button, a button under the name of a reason.
        pressed("decline", "/decline"),
        declined(Some("47"), "/approve_47"),
        declined(None, "/approve"),
        answer("/decline"),
        declined(Some("unknown_trigger"), "/cancel"),
        PiAnswer { decline_reason: Some("unknown_trigger".into()), ..answer("/report") },
        PiAnswer { signature: String::new(), ..answer("/approve") },
    ] {
        assert_eq!(check(Policy::Off, &shown(), forged.clone()).await, Checked::NotMine, "{}", forged.signature.len());
    }
}

#[tokio::test]
async fn a_no_is_a_no_and_an_unknown_trigger_is_a_report() {
    let right = Checked::Right(Spend::Attempt { authenticator: id() });
    for (answer, decision) in [
        (declined(None, "/decline"), Decision::Deny),
        (declined(Some("cancelled"), "/cancel"), Decision::Deny),
        (declined(Some("unknown_trigger"), "/report"), Decision::Report),
    ] {
        assert_eq!(answer.decision(), decision);
        assert_eq!(check(Policy::Required, &shown(), answer).await, right);
    }
}

#[tokio::test]
async fn where_a_person_must_show_that_it_is_them_this_app_approves_nothing() {
    assert_eq!(check(Policy::Required, &shown(), pressed("47", "/approve_47")).await, Checked::NotMine);
}

fn believed(key: &PiKey, text: &str, signature: &str) -> bool {
    use base64::Engine as _;
    let public = base64::engine::general_purpose::STANDARD.decode(key.public_key_base64()).unwrap();
    let signature = base32::decode(signature).unwrap();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public).verify(text.as_bytes(), &signature).is_ok()
}

#[test]
fn a_request_is_signed_as_the_app_reads_it() {
    let (key, device) = (key(), device());
    let url = "https://login.example.com/ttype/push";
    let asked = challenge_for(&key, &device, &challenge(Matching::Off), url, "Sign-in", "VPN?").unwrap();
    let (nonce, serial) = (text("/nonce"), text("/serial"));
    let text = format!("{nonce}|{url}|{serial}|VPN?|Sign-in|1");
    assert!(believed(&key, &text, &asked.signature));
    let capabilities = format!(r#"{{"capabilities":{{"decline_reason":true}},"nonce":"{nonce}"}}"#);
    assert!(believed(&key, &capabilities, &asked.capabilities_signature));
    let written = serde_json::to_value(&asked).unwrap();
    assert!(written.get("require_presence").is_none() && written.get("version").is_none());
    assert!(written.as_object().unwrap().values().all(Value::is_string), "its push messages hold texts only");

    let asked = challenge_for(&key, &device, &shown(), url, "Sign-in", "VPN?").unwrap();
    let shown = asked.require_presence.clone().unwrap();
    assert!(believed(&key, &format!("{text}|{shown}"), &asked.signature));
    assert_eq!(asked.version, Some("2"));
}

/// OOB-02: what cannot be told by asking twice, nor worked out by whoever knows the nonce.
#[test]
fn the_buttons_are_the_same_however_often_they_are_asked_for() {
    let (key, number) = (key(), number("47"));
    let first = buttons(&key, "00112233445566778899aabbccddeeff", &number);
    assert_eq!(buttons(&key, "00112233445566778899aabbccddeeff", &number), first);
    assert_ne!(buttons(&key, "ffeeddccbbaa99887766554433221100", &number), first);
    assert_eq!(first.len(), 10);
}

#[tokio::test]
async fn a_key_that_is_made_here_is_kept_and_signs() {
    let store = MemoryStore::default();
    let (key, again) = (PiKey::kept(&store).await.unwrap(), PiKey::kept(&store).await.unwrap());
    assert_eq!(again.public_key_base64(), key.public_key_base64());
    assert!(believed(&key, "text", &again.sign("text").unwrap()));
    assert_eq!(again.draw("n", 1), key.draw("n", 1));
    assert!(PiKey::load(SecretBytes::new("no key")).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_right_button_is_always_there_once_among_nine_others(seed: u128, digits in 2_usize..=9, value in 0_u64..100) {
        let number = number(&format!("{value:0digits$}"));
        let shown = buttons(&KEY.with(Clone::clone), &format!("{seed:032x}"), &number);
        let mut distinct = shown.clone();
        distinct.sort();
        distinct.dedup();
        prop_assert_eq!(distinct.len(), 10);
        prop_assert!(shown.iter().all(|one| one.len() == digits && one.bytes().all(|c| c.is_ascii_digit())));
        prop_assert!(shown.iter().any(|one| one == number.expose()));
    }
}

thread_local! {
    static KEY: std::rc::Rc<PiKey> = std::rc::Rc::new(key());
}
