//! Every step of the verification of a person's presence, each with what it must refuse (WAN-02).

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};
use vestibule_engine::{Checked, SecondFactor};

use super::*;
use crate::push::assertion::{Refused, Site, verify};
use crate::push::protocol::{Assertion, Digest, Octets, PublicKey};

const SIGNED: &str = "vestibule-answer-1\n...";

struct Thumb {
    pair: EcdsaKeyPair,
    public: PublicKey,
}

impl Thumb {
    fn new() -> Self {
        let key = DeviceKey::generate().unwrap();
        let pkcs8 = key.to_pkcs8().expose().to_vec();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &pkcs8, &SystemRandom::new()).unwrap();
        Self { pair, public: key.public_key() }
    }

    fn credential(&self) -> Credential {
        Credential { credential_id: Octets(vec![7; 16]), public_key: self.public }
    }

    fn assert(&self, relying_party: &str, flags: u8, client_data: &Value) -> Assertion {
        let mut data = Digest::of(relying_party).as_octets().to_vec();
        data.extend_from_slice(&[flags, 0, 0, 0, 1]);
        let client_data = client_data.to_string().into_bytes();
        let mut octets = data.clone();
        octets.extend_from_slice(Digest::of(&client_data).as_octets());
        let signature = self.pair.sign(&SystemRandom::new(), &octets).unwrap().as_ref().to_vec();
        Assertion { authenticator_data: Octets(data), client_data: Octets(client_data), signature: Octets(signature) }
    }
}

fn said(signed: &str) -> Value {
    json!({"type": "webauthn.get", "challenge": Digest::of(signed), "origin": ORIGIN, "crossOrigin": false})
}

fn without(mut value: Value, field: &str) -> Value {
    value.as_object_mut().unwrap().remove(field);
    value
}

fn with(mut value: Value, field: &str, new: Value) -> Value {
    value[field] = new;
    value
}

#[test]
fn each_step_refuses_what_it_is_there_for() {
    let (thumb, site) = (Thumb::new(), Site::new(ORIGIN));
    let host = "login.example.com";
    let judge = |party: &str, flags, client_data: Value| {
        verify(&thumb.assert(party, flags, &client_data), &thumb.public, &site, SIGNED)
    };
    assert_eq!(judge(host, 0x05, said(SIGNED)), Ok(()));
    assert_eq!(judge(host, 0x1D, without(said(SIGNED), "crossOrigin")), Ok(()), "backup flags are nobody's business");

    assert_eq!(judge(host, 0x05, with(said(SIGNED), "type", json!("webauthn.create"))), Err(Refused::Type));
    assert_eq!(judge(host, 0x05, said("another answer")), Err(Refused::Challenge));
    assert_eq!(judge(host, 0x05, with(said(SIGNED), "challenge", json!(""))), Err(Refused::Challenge));
    for origin in ["https://evil.example", "http://login.example.com", "https://login.example.com.evil.example", ""] {
        assert_eq!(judge(host, 0x05, with(said(SIGNED), "origin", json!(origin))), Err(Refused::Origin));
    }
    assert_eq!(judge(host, 0x05, with(said(SIGNED), "crossOrigin", json!(true))), Err(Refused::Embedded));
    assert_eq!(judge(host, 0x05, with(said(SIGNED), "topOrigin", json!("https://e.example"))), Err(Refused::Embedded));
    for party in ["evil.example", "example.com", "", ORIGIN] {
        assert_eq!(judge(party, 0x05, said(SIGNED)), Err(Refused::RelyingParty), "{party}");
    }
    assert_eq!(judge(host, 0x04, said(SIGNED)), Err(Refused::Presence));
    assert_eq!(judge(host, 0x01, said(SIGNED)), Err(Refused::Verification));
    for field in ["type", "challenge", "origin"] {
        assert_eq!(judge(host, 0x05, without(said(SIGNED), field)), Err(Refused::Unreadable));
    }
    assert_eq!(judge(host, 0x05, with(said(SIGNED), "pad", json!("x".repeat(5000)))), Err(Refused::Unreadable));
}

#[test]
fn an_assertion_of_another_key_or_changed_on_its_way_is_refused() {
    let (thumb, other, site) = (Thumb::new(), Thumb::new(), Site::new(ORIGIN));
    let good = thumb.assert("login.example.com", 0x05, &said(SIGNED));
    assert_eq!(verify(&good, &other.public, &site, SIGNED), Err(Refused::Signature));
    let bent = |bend: fn(&mut Assertion)| {
        let mut bent = good.clone();
        bend(&mut bent);
        verify(&bent, &thumb.public, &site, SIGNED)
    };
    assert_eq!(bent(|one| one.authenticator_data.0[36] ^= 1), Err(Refused::Signature), "the counter");
    assert_eq!(bent(|one| one.client_data.0.insert(1, b' ')), Err(Refused::Signature), "white space");
    assert_eq!(bent(|one| one.signature.0.clear()), Err(Refused::Signature));
    assert_eq!(bent(|one| one.authenticator_data.0.truncate(36)), Err(Refused::Unreadable));
    assert_eq!(bent(|one| one.authenticator_data.0.resize(2000, 0)), Err(Refused::Unreadable));
    assert_eq!(bent(|one| one.client_data.0.clear()), Err(Refused::Unreadable));
}

/// The vector was made by WebCrypto and its DER by OpenSSL.
#[test]
fn an_assertion_made_elsewhere_is_believed() {
    let v: Value = serde_json::from_str(include_str!("../protocol/vectors.json")).unwrap();
    let assertion: Assertion = serde_json::from_value(v["approve"]["body"]["verification"].clone()).unwrap();
    let key: PublicKey = serde_json::from_value(v["credential_public_key"].clone()).unwrap();
    assert_eq!(verify(&assertion, &key, &Site::new(ORIGIN), v["approve"]["text"].as_str().unwrap()), Ok(()));
}

#[tokio::test]
async fn where_policy_requires_it_an_approval_takes_a_person_and_a_no_does_not() {
    let gateway = Gateway::with(Policy::Required, Ringer::default());
    let thumb = Thumb::new();
    let (with_thumb, without_thumb) = (Phone::with(Some(thumb.credential())), Phone::new());
    let check = async |phone: &Phone, answer: AnswerBody| {
        let answer = Proof::of_device(phone.id(), answer).into_answer();
        gateway.push.check(Some(&shown()), std::slice::from_ref(&phone.authenticator), &answer, NOW).await.unwrap()
    };
    let asserted = |phone: &Phone, number| {
        let mut answer = phone.answer(&gateway, &shown(), Decision::Approve, Some(number));
        let text = answer.text(ORIGIN, shown().attempt, phone.id()).to_string();
        answer.verification = Some(thumb.assert("login.example.com", 0x05, &said(&text)));
        answer
    };
    assert!(matches!(check(&with_thumb, asserted(&with_thumb, "47")).await, Checked::Right(_)));
    assert_eq!(check(&with_thumb, asserted(&with_thumb, "48")).await, Checked::WrongNumber);

    let bare = with_thumb.answer(&gateway, &shown(), Decision::Approve, Some("47"));
    assert_eq!(gateway.push.proper(&with_thumb.authenticator, &shown(), &bare), Err(Improper::Verification));
    assert_eq!(check(&with_thumb, bare).await, Checked::NotMine);
    // A phone whose owner never set it up, even with somebody's thumb.
    assert_eq!(check(&without_thumb, asserted(&without_thumb, "47")).await, Checked::NotMine);
    // The thumb of an earlier answer.
    let mut replayed =
        with_thumb.answer_at(&gateway, &shown(), Decision::Approve, Some("47"), Millis(1 + Millis::from(NOW).0));
    replayed.verification = asserted(&with_thumb, "47").verification;
    assert_eq!(check(&with_thumb, replayed).await, Checked::NotMine);

    let no = without_thumb.answer(&gateway, &shown(), Decision::Report, None);
    assert!(matches!(check(&without_thumb, no).await, Checked::Right(_)));
}
