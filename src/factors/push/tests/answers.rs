//! What a phone answers, and what that is worth.

use vestibule_engine::{Answer, Checked, Method, PortError, Prompts, SecondFactor, SecretBytes, Spend};

use super::*;
use crate::push::protocol::{Digest, Signature};

async fn check(gateway: &Gateway, challenge: &Challenge, with: &[&Phone], proof: Proof) -> Checked {
    judged(gateway, challenge, with, &proof.into_answer()).await.unwrap()
}

async fn judged(
    gateway: &Gateway,
    challenge: &Challenge,
    with: &[&Phone],
    answer: &Answer,
) -> Result<Checked, PortError> {
    let with: Vec<_> = with.iter().map(|phone| phone.authenticator.clone()).collect();
    gateway.push.check(Some(challenge), &with, answer, gateway.clock.now()).await
}

fn right(phone: &Phone) -> Checked {
    Checked::Right(Spend::Attempt { authenticator: phone.id() })
}

#[tokio::test]
async fn the_number_that_the_login_shows_typed_on_the_phone_is_right() {
    let (gateway, phone, other) = (Gateway::new(), Phone::new(), Phone::new());
    let answer = phone.answer(&gateway, &shown(), Decision::Approve, Some("47"));
    gateway.push.proper(&phone.authenticator, &shown(), &answer).unwrap();
    let proof = Proof::of_device(phone.id(), answer);
    assert_eq!(check(&gateway, &shown(), &[&other, &phone], proof).await, right(&phone));
}

/// OOB-02: a wrong number is told apart, so that it counts and ends the login; so is none.
#[tokio::test]
async fn another_number_or_none_is_a_wrong_number() {
    let (gateway, phone) = (Gateway::new(), Phone::new());
    for typed in [Some("48"), Some("4"), Some("047"), Some("470"), None] {
        let answer = phone.answer(&gateway, &shown(), Decision::Approve, typed);
        let checked = check(&gateway, &shown(), &[&phone], Proof::of_device(phone.id(), answer)).await;
        assert_eq!(checked, Checked::WrongNumber, "{typed:?}");
    }
}

/// OOB-02: what the phone is sent holds how many digits, and not which.
#[test]
fn the_number_is_not_in_what_the_phone_is_asked() {
    let (gateway, phone) = (Gateway::new(), Phone::new());
    for matching in [Matching::Shown(number("918273")), Matching::FromPhone(number("918273"))] {
        let asked = gateway.push.requests(&phone.authenticator, &[challenge(matching)]);
        assert!(!asked[0].challenge.contains("918273"), "{}", asked[0].challenge);
    }
}

#[tokio::test]
async fn a_no_needs_no_number_and_says_whether_it_is_a_report() {
    let (gateway, phone) = (Gateway::new(), Phone::new());
    for decision in [Decision::Deny, Decision::Report] {
        let proof = Proof::of_device(phone.id(), phone.answer(&gateway, &shown(), decision, None));
        let answer = proof.into_answer();
        let is_report = decision == Decision::Report;
        assert!(matches!(answer, Answer::Declined { reported, .. } if reported == is_report));
        assert_eq!(judged(&gateway, &shown(), &[&phone], &answer).await.unwrap(), right(&phone));
    }
}

#[tokio::test]
async fn where_no_number_is_shown_an_approval_has_none() {
    let (gateway, phone) = (Gateway::new(), Phone::new());
    for matching in [Matching::Off, Matching::FromPhone(number("4821"))] {
        let asked = challenge(matching);
        for (typed, expected) in [(None, right(&phone)), (Some("4821"), Checked::NotMine)] {
            let answer = phone.answer(&gateway, &asked, Decision::Approve, typed);
            let checked = check(&gateway, &asked, &[&phone], Proof::of_device(phone.id(), answer)).await;
            assert_eq!(checked, expected);
        }
    }
}

/// OOB-01: an answer is for one challenge of one attempt, as it was shown.
#[tokio::test]
async fn an_answer_to_anything_else_that_was_asked_is_none() {
    let (gateway, phone) = (Gateway::new(), Phone::new());
    let answer = phone.answer(&gateway, &shown(), Decision::Approve, Some("47"));
    let mut others = vec![shown(); 6];
    others[0].attempt = AttemptId(uuid::Uuid::from_u128(0xB));
    others[1].nonce = nonce("ffeeddccbbaa99887766554433221100");
    others[2].context.address = Some("198.51.100.1".into());
    others[3].context.service.name = "mail".into();
    others[4].until = others[4].until.after(Duration::from_secs(1));
    others[5].matching = Matching::Off;
    for other in others {
        let proof = Proof::of_device(phone.id(), answer.clone());
        assert_eq!(check(&gateway, &other, &[&phone], proof).await, Checked::NotMine, "{other:?}");
        gateway.push.proper(&phone.authenticator, &other, &answer).unwrap_err();
    }
}

/// OOB-03: nothing in a signed answer can be changed.
#[tokio::test]
async fn an_answer_that_was_changed_on_its_way_is_none() {
    let (gateway, phone) = (Gateway::new(), Phone::new());
    let signed = phone.answer(&gateway, &shown(), Decision::Approve, Some("48"));
    let denied = phone.answer(&gateway, &shown(), Decision::Deny, None);
    let mut octets = *signed.signature.as_octets();
    octets[10] ^= 1;
    let changed = [
        AnswerBody { number: Some("47".into()), ..signed.clone() },
        AnswerBody { number: None, ..signed.clone() },
        AnswerBody { reason: Some(Reason::Mistake), ..signed.clone() },
        AnswerBody { decision: Decision::Deny, ..signed.clone() },
        AnswerBody { time: Millis(signed.time.0 + 1), ..signed.clone() },
        AnswerBody { context: Digest::of("something else"), ..signed.clone() },
        AnswerBody { signature: Signature::from_octets(octets).unwrap(), ..signed.clone() },
        AnswerBody { signature: denied.signature, ..signed.clone() },
        AnswerBody { decision: Decision::Approve, number: Some("47".into()), ..denied.clone() },
        AnswerBody { nonce: "ffeeddccbbaa99887766554433221100".into(), ..signed.clone() },
    ];
    for answer in changed {
        let proof = Proof::of_device(phone.id(), answer.clone());
        assert_eq!(check(&gateway, &shown(), &[&phone], proof).await, Checked::NotMine, "{answer:?}");
    }
}

/// OOB-03
#[tokio::test]
async fn another_device_cannot_answer_in_its_place() {
    let (gateway, phone, thief) = (Gateway::new(), Phone::new(), Phone::new());
    // With its own key under the other's name, and its own answer under the other's name.
    let mine = thief.answer(&gateway, &shown(), Decision::Approve, Some("47"));
    let proof = Proof::of_device(phone.id(), mine.clone());
    assert_eq!(check(&gateway, &shown(), &[&phone, &thief], proof).await, Checked::NotMine);
    // A device that is nobody's, or another person's: it is not among the authenticators.
    let proof = Proof::of_device(thief.id(), mine);
    assert_eq!(check(&gateway, &shown(), &[&phone], proof).await, Checked::NotMine);
}

#[tokio::test]
async fn only_the_device_that_is_asked_may_answer_and_sees_the_request() {
    let (gateway, phone, other) = (Gateway::new(), Phone::new(), Phone::new());
    let only = Challenge { device: Some(phone.id()), ..shown() };
    assert_eq!(gateway.push.requests(&other.authenticator, std::slice::from_ref(&only)), []);
    let answer = other.answer(&gateway, &shown(), Decision::Approve, Some("47"));
    let proof = Proof::of_device(other.id(), answer.clone());
    assert_eq!(check(&gateway, &only, &[&phone, &other], proof).await, Checked::NotMine);
    assert_eq!(gateway.push.proper(&other.authenticator, &only, &answer), Err(Improper::Over));
    let answer = phone.answer(&gateway, &only, Decision::Approve, Some("47"));
    let proof = Proof::of_device(phone.id(), answer);
    assert_eq!(check(&gateway, &only, &[&phone, &other], proof).await, right(&phone));
}

#[tokio::test]
async fn a_device_that_is_not_confirmed_answers_nothing() {
    let (gateway, mut phone) = (Gateway::new(), Phone::new());
    let answer = phone.answer(&gateway, &shown(), Decision::Approve, Some("47"));
    phone.authenticator.confirmed = false;
    assert_eq!(gateway.push.requests(&phone.authenticator, &[shown()]), []);
    let proof = Proof::of_device(phone.id(), answer);
    assert_eq!(check(&gateway, &shown(), &[&phone], proof).await, Checked::NotMine);
}

/// OOB-01, OOB-08
#[tokio::test]
async fn when_its_time_is_over_a_request_is_neither_shown_nor_answered() {
    let (gateway, phone) = (Gateway::new(), Phone::new());
    let answer = phone.answer(&gateway, &shown(), Decision::Approve, Some("47"));
    *gateway.clock.0.lock().unwrap() = shown().until;
    assert_eq!(gateway.push.requests(&phone.authenticator, &[shown()]), []);
    assert_eq!(gateway.push.proper(&phone.authenticator, &shown(), &answer), Err(Improper::Over));
    let proof = Proof::of_device(phone.id(), answer);
    assert_eq!(check(&gateway, &shown(), &[&phone], proof).await, Checked::NotMine);
}

#[tokio::test]
async fn an_answer_by_a_clock_that_is_far_off_is_told_as_that() {
    let (gateway, phone) = (Gateway::new(), Phone::new());
    for off in [-301_000, 301_000] {
        let time = Millis(Millis::from(NOW).0 + off);
        let answer = phone.answer_at(&gateway, &shown(), Decision::Approve, Some("47"), time);
        assert_eq!(gateway.push.proper(&phone.authenticator, &shown(), &answer), Err(Improper::Clock));
        let proof = Proof::of_device(phone.id(), answer);
        assert_eq!(check(&gateway, &shown(), &[&phone], proof).await, Checked::NotMine);
    }
}

/// An approval is an approval only if the device signed one, whatever the answer to the engine is called.
#[tokio::test]
async fn a_no_cannot_be_handed_on_as_a_yes_nor_the_other_way_round() {
    let (gateway, phone) = (Gateway::new(), Phone::new());
    let proof_of = |decision, number| {
        let proof = Proof::of_device(phone.id(), phone.answer(&gateway, &shown(), decision, number));
        SecretBytes::new(serde_json::to_vec(&proof).unwrap())
    };
    let (yes, no) = (proof_of(Decision::Approve, Some("47")), proof_of(Decision::Deny, None));
    let report = proof_of(Decision::Report, None);
    let method = Method::Push;
    let lies = [
        Answer::Approved { method, proof: no.clone() },
        Answer::Approved { method, proof: report.clone() },
        Answer::Declined { method, reported: false, proof: yes.clone() },
        Answer::Declined { method, reported: true, proof: no },
        Answer::Declined { method, reported: false, proof: report },
        Answer::Approved { method: Method::Qr, proof: yes },
        Answer::Approved { method, proof: SecretBytes::new("") },
        Answer::Approved { method, proof: SecretBytes::new("{}") },
        Answer::Look,
        crate::tests::typed("47"),
    ];
    for lie in lies {
        assert_eq!(judged(&gateway, &shown(), &[&phone], &lie).await.unwrap(), Checked::NotMine, "{lie:?}");
    }
    let proof = Proof::of_device(phone.id(), phone.answer(&gateway, &shown(), Decision::Approve, Some("47")));
    let with = [phone.authenticator.clone()];
    assert_eq!(gateway.push.check(None, &with, &proof.into_answer(), NOW).await.unwrap(), Checked::NotMine);
}

#[tokio::test]
async fn a_damaged_record_is_a_fault_and_never_an_acceptance() {
    let (gateway, mut phone) = (Gateway::new(), Phone::new());
    let answer = phone.answer(&gateway, &shown(), Decision::Approve, Some("47"));
    for record in ["", "{}", r#"{"vestibule":{"public_key":"AA","platform":"x","verification":null}}"#] {
        phone.authenticator.secret = SecretBytes::new(record);
        let proof = Proof::of_device(phone.id(), answer.clone());
        judged(&gateway, &shown(), &[&phone], &proof.into_answer()).await.unwrap_err();
        assert_eq!(gateway.push.requests(&phone.authenticator, &[shown()]), []);
    }
}

#[test]
fn any_node_asks_with_the_same_octets() {
    let (one, phone) = (Gateway::new(), Phone::new());
    let asked = one.push.requests(&phone.authenticator, &[shown()]);
    let again = Gateway::new().push.requests(&phone.authenticator, &[shown()]);
    assert_eq!(asked[0].challenge, again[0].challenge);
}

#[test]
fn it_fits_every_channel_and_is_never_typed() {
    let gateway = Gateway::new();
    for prompts in [Prompts::None, Prompts::Text, Prompts::Page] {
        let channel = vestibule_engine::Channel { prompts, patience: Duration::from_secs(30) };
        assert!(gateway.push.fits(&channel, None));
    }
    assert!(!gateway.push.is_typed());
}
