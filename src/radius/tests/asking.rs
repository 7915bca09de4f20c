//! Our own client, as `vestibule try radius` uses it.

use vestibule_engine::{Password, SecretBytes};

use super::Chance;
use super::door::{STRICT, TestDoor, secret_of};
use crate::client::{AskError, Peer, Question, Said};

fn question(user: &str) -> Question {
    Question {
        user: user.to_owned(),
        password: Password::new("secret"),
        state: None,
        nas_identifier: "try".to_owned(),
        calling_station: None,
    }
}

/// The door knows 127.0.0.1 as a client, because that is where this machine's own packets come from.
fn config() -> serde_json::Value {
    let mut config = TestDoor::config();
    config["clients"]["strict"]["addresses"] = serde_json::json!(["127.0.0.1"]);
    config
}

#[tokio::test(start_paused = true)]
async fn a_question_is_answered_and_the_answer_can_be_read() {
    let door = TestDoor::start_with(&config());
    door.carry(&[(25, b"a class"), (27, &[0, 0, 0, 60]), (200, &[1])]);
    let peer = Peer::new(([127, 0, 0, 1], door.port()).into(), SecretBytes::new(secret_of(STRICT)));
    let answer = peer.ask(&question("alice"), 3, &Chance::new(1)).await.unwrap();
    assert_eq!((answer.said, answer.signed, answer.tries), (Said::Accept, true, 1));
    let shown: Vec<(&str, &str)> =
        answer.attributes.iter().skip(1).map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(shown, [("Class", "0x6120636c617373"), ("Session-Timeout", "60"), ("Attribute 200", "0x01")]);

    let challenge = peer.ask(&question("ask"), 3, &Chance::new(2)).await.unwrap();
    assert_eq!((challenge.said, challenge.messages.len(), challenge.state.is_some()), (Said::Challenge, 1, true));
    let refused = peer.ask(&question("deny"), 3, &Chance::new(3)).await.unwrap();
    assert_eq!((refused.said, refused.messages), (Said::Reject, vec!["Sign-in refused.".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn silence_is_an_error_that_says_what_to_look_at() {
    let door = TestDoor::start_with(&config());
    let address = ([127, 0, 0, 1], door.port()).into();
    let peer = Peer::new(address, SecretBytes::new("not the secret"));
    let error = peer.ask(&question("alice"), 3, &Chance::new(1)).await.unwrap_err();
    assert!(matches!(error, AskError::Silence { tries: 3, .. }), "{error}");
    assert_eq!(door.counts("strict").wrong_signature, 3);

    let long = Question { password: Password::new("x".repeat(129)), ..question("alice") };
    let error = peer.ask(&long, 1, &Chance::new(1)).await.unwrap_err();
    assert_eq!(error.to_string(), "write the request: the password is too long");
}
