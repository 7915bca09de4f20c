//! Which requests become logins, and of what kind.

use super::door::{ATTEMPT, Call, LEGACY, SILENT, STRICT, TestClient, TestDoor};
use crate::client::Said;
use crate::wire::{Code, hide, number};

use vestibule_engine::{Door, Prompts, Splitting};

// RAD-04, RAD-05, RAD-07
#[tokio::test(start_paused = true)]
async fn what_is_unknown_or_odd_in_a_request_does_not_hinder_the_login() {
    let door = TestDoor::start();
    let client = door.client(STRICT).await;
    let odd: [(u8, &[u8]); 6] = [
        (200, b"unknown"),
        (241, &[250]),
        (245, &[1, 0x80]),
        (26, &[0, 1, 0x86, 0x9F, 1, 2]),
        // RAD-03: an address of three octets.
        (4, &[10, 0, 0]),
        (number::VENDOR_SPECIFIC, &[0]),
    ];
    let request = client.login("alice", "correct horse", &odd);
    assert_eq!(client.ask(&request).await.unwrap().code(), 2);
    assert_eq!(door.calls(), [Call::Begin { user: "alice".to_owned(), password: "correct horse".to_owned() }]);
}

// RAD-05, BLA-07
#[tokio::test(start_paused = true)]
async fn the_order_of_attributes_makes_no_difference() {
    let door = TestDoor::start();
    let client = door.client(STRICT).await;
    let authenticator = client.authenticator();
    let hidden = hide(b"492039", &authenticator, &client.secret).unwrap();
    let state = ATTEMPT.to_octets();
    let attributes: [(u8, &[u8]); 3] =
        [(number::STATE, &state), (number::USER_PASSWORD, &hidden), (number::USER_NAME, b"alice")];
    let request = client.signed(Code::ACCESS_REQUEST, authenticator, &attributes);
    assert_eq!(client.ask(&request).await.unwrap().code(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_engine_is_told_who_asks_from_where_and_what_can_be_shown() {
    let door = TestDoor::start();
    let client = door.client(STRICT).await;
    let request = client.login("Alice", "secret,492039", &[(number::CALLING_STATION_ID, b"198.51.100.7")]);
    client.ask(&request).await.unwrap();
    let told = door.last_request();
    assert_eq!((told.service.door, &*told.service.name, told.user.as_typed()), (Door::Radius, "strict", "Alice"));
    assert_eq!(told.origin.address.to_string(), "127.0.0.2");
    assert_eq!((told.origin.station.unwrap().as_str(), told.origin.direct), ("198.51.100.7", false));
    assert_eq!((told.channel.prompts, told.channel.patience.as_secs()), (Prompts::Text, 25));
    assert_eq!(told.splitting, Splitting::After { delimiter: ',' });
    assert!(told.passcode.is_none());
}

// RAD-24
#[tokio::test(start_paused = true)]
async fn a_client_that_cannot_show_anything_is_never_asked_a_question() {
    let door = TestDoor::start();
    let client = door.client(SILENT).await;
    let request = client.login("alice", "secret492039", &[]);
    assert_eq!(client.ask(&request).await.unwrap().code(), 2);
    assert_eq!(door.calls(), [Call::Decide { user: "alice".to_owned(), password: "secret492039".to_owned() }]);
    let told = door.last_request();
    assert_eq!((told.channel.prompts, told.splitting), (Prompts::None, Splitting::Suffix { digits: 6 }));
}

// RAD-06, RAD-07, RAD-08, RAD-21, RAD-28, RAD-34
#[tokio::test(start_paused = true)]
async fn what_is_not_one_name_and_one_password_is_refused_before_anybody_is_asked() {
    let door = TestDoor::start();
    let client = door.client(STRICT).await;
    let authenticator = client.authenticator();
    let hidden = hide(b"secret", &authenticator, &client.secret).unwrap();
    type Written<'a> = (u8, &'a [u8]);
    let (name, password): (Written<'_>, Written<'_>) = ((1, b"alice"), (2, &hidden));
    let state = ATTEMPT.to_octets();
    let requests: Vec<(&str, Vec<Written<'_>>)> = vec![
        ("no name", vec![password]),
        ("two names", vec![name, (1, b"bob"), password]),
        ("an empty name", vec![(1, b""), password]),
        ("a name with a zero octet", vec![(1, b"alice\0admin"), password]),
        ("a name that is not UTF-8", vec![(1, b"alice\xFF"), password]),
        ("no credential", vec![name]),
        ("two passwords", vec![name, password, password]),
        ("a password of 15 octets", vec![name, (2, &[1; 15])]),
        ("a password of 144 octets", vec![name, (2, &[1; 144])]),
        ("CHAP alone", vec![name, (3, &[1; 17])]),
        ("CHAP and a password", vec![name, password, (3, &[1; 17])]),
        ("EAP", vec![name, (79, &[2, 1, 0, 5, 1])]),
        ("EAP and a password", vec![name, password, (79, &[2, 1, 0, 5, 1])]),
        ("MS-CHAPv2", vec![name, (26, &[0, 0, 1, 55, 25, 4, 0, 0])]),
        ("a state that is not ours", vec![name, password, (24, b"garbage")]),
        ("two states", vec![name, password, (24, &state), (24, &state)]),
        ("authorization only", vec![name, password, (6, &[0, 0, 0, 17])]),
        ("a check of a hardware address", vec![name, password, (6, &[0, 0, 0, 10])]),
    ];
    for (count, (what, attributes)) in requests.iter().enumerate() {
        // A new authenticator each time, so that none is a repetition; the password then is noise, but nobody looks.
        let mut own = authenticator;
        own[0] = 100 + u8::try_from(count).unwrap();
        let request = client.signed(Code::ACCESS_REQUEST, own, attributes);
        assert_eq!(client.ask(&request).await.unwrap().code(), 3, "{what}");
        assert_eq!(door.counts("strict").rejected, u64::try_from(count + 1).unwrap(), "{what}");
    }
    assert_eq!(door.calls(), []);
}

#[tokio::test(start_paused = true)]
async fn noise_from_a_wrong_secret_is_not_passed_on_as_a_guess_of_the_user() {
    let door = TestDoor::start();
    let client = door.client(LEGACY).await;
    let authenticator = client.authenticator();
    let hidden = hide(b"a password\x01\x02", &authenticator, &client.secret).unwrap();
    let attributes: [(u8, &[u8]); 2] = [(1, b"alice"), (2, &hidden)];
    let request = client.signed(Code::ACCESS_REQUEST, authenticator, &attributes);
    assert_eq!(client.ask(&TestClient::unsigned(&request)).await.unwrap().code(), 3);
    assert_eq!(door.calls(), []);
}

// RAD-22, RAD-23
#[tokio::test(start_paused = true)]
async fn a_question_is_asked_again_after_a_wrong_code_and_a_right_one_lets_in() {
    let door = TestDoor::start();
    let client = door.client(STRICT).await;
    let first = client.login("ask", "secret", &[]);
    let question = client.ask(&first).await.unwrap();
    assert_eq!((question.code(), question.text()), (11, "Enter the code from your authenticator app.".to_owned()));
    assert_eq!(question.packet().first(number::PROMPT), Some(&[0, 0, 0, 1][..]));

    let second = client.login("ask", "000000", &[(number::STATE, &question.state())]);
    let again = client.ask(&second).await.unwrap();
    assert_eq!((again.code(), again.text()), (11, "That did not match. Enter the newest code.".to_owned()));

    let third = client.login("ask", "492039", &[(number::STATE, &again.state())]);
    assert_eq!(client.ask(&third).await.unwrap().code(), 2);

    let answer = |code: &str| Call::Answer {
        user: "ask".to_owned(),
        service: "strict".to_owned(),
        state: ATTEMPT,
        answer: code.to_owned(),
    };
    let begin = Call::Begin { user: "ask".to_owned(), password: "secret".to_owned() };
    assert_eq!(door.calls(), [begin, answer("000000"), answer("492039")]);
    let counts = door.counts("strict");
    assert_eq!((counts.challenged, counts.accepted, counts.rejected), (2, 1, 0));
}

// RAD-20, RAD-21
#[tokio::test(start_paused = true)]
async fn a_state_that_the_engine_does_not_know_is_refused_and_starts_nothing() {
    let door = TestDoor::start();
    let client = door.client(STRICT).await;
    for bit in 0..24 * 8 {
        let mut state = ATTEMPT.to_octets();
        state[bit / 8] ^= 1 << (bit % 8);
        let request = client.login("alice", "492039", &[(number::STATE, &state)]);
        assert_eq!(client.ask(&request).await.unwrap().code(), 3, "bit {bit}");
    }
    assert!(door.calls().iter().all(|call| matches!(call, Call::Answer { .. })));
}

// RAD-20: the engine is told whose answer it is and from where, and refuses one that is somebody else's.
#[tokio::test(start_paused = true)]
async fn an_answer_is_brought_in_the_name_of_the_one_who_brings_it() {
    let door = TestDoor::start();
    let client = door.client(SILENT).await;
    let request = client.login("mallory", "492039", &[(number::STATE, &ATTEMPT.to_octets())]);
    client.ask(&request).await.unwrap();
    let (user, service) = ("mallory".to_owned(), "silent".to_owned());
    assert_eq!(door.calls(), [Call::Answer { user, service, state: ATTEMPT, answer: "492039".to_owned() }]);
}

#[tokio::test(start_paused = true)]
async fn an_empty_answer_asks_whether_the_phone_has_answered() {
    let door = TestDoor::start();
    let client = door.client(STRICT).await;
    let looked = client.exchange("ask", "", Some(ATTEMPT.to_octets().to_vec())).await;
    assert_eq!(looked.said, Said::Challenge);
    assert_eq!(looked.messages, ["Approve the login on your phone, then press Enter."]);
    let Call::Answer { answer, .. } = &door.calls()[0] else { panic!("{:?}", door.calls()) };
    assert_eq!(answer, "(look)");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_a_code_is_refused_without_asking() {
    let door = TestDoor::start();
    let client = door.client(STRICT).await;
    let long = "x".repeat(65);
    assert_eq!(client.exchange("ask", &long, Some(ATTEMPT.to_octets().to_vec())).await.said, Said::Reject);
    assert_eq!(door.calls(), []);
}
