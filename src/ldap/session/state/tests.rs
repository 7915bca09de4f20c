//! The rules, one by one, and then all of them at once against a model.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::*;
use crate::wire::{again, put};

const TERMS: Terms = Terms {
    anonymous: Anonymous::RootDse,
    allow_plaintext: false,
    offers_start_tls: true,
    knows_fast_bind: false,
    outstanding_max: 3,
    outstanding_max_bound: 5,
};

fn state() -> State {
    State::new(TERMS, true)
}

fn person() -> State {
    let mut state = state();
    state.become_somebody(Standing::Person);
    state
}

fn account(operations: Operations) -> State {
    let mut state = state();
    state.become_somebody(Standing::Account(operations));
    state
}

fn message(id: i32, tag: u8, content: &[u8], controls: &[u8]) -> Vec<u8> {
    let mut operation = Vec::new();
    put(&mut operation, tag, content);
    operation.extend_from_slice(controls);
    let whole = again(id, &operation);
    whole[crate::wire::measure(&whole, 1 << 20).unwrap().unwrap().head..].to_vec()
}

fn search(id: i32, base: &str, filter: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    put(&mut content, 0x04, base.as_bytes());
    content.extend(b"\x0a\x01\x00\x0a\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00");
    content.extend(filter);
    put(&mut content, 0x30, b"");
    message(id, 0x63, &content, b"")
}

const PRESENT: &[u8] = b"\x87\x0bobjectClass";

fn whoami(id: i32) -> Vec<u8> {
    extended_request(id, oid::WHO_AM_I)
}

fn extended_request(id: i32, name: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    put(&mut content, 0x80, name);
    message(id, 0x77, &content, b"")
}

fn compare(id: i32, attribute: &str) -> Vec<u8> {
    let mut assertion = Vec::new();
    put(&mut assertion, 0x04, attribute.as_bytes());
    put(&mut assertion, 0x04, b"x");
    let mut content = Vec::new();
    put(&mut content, 0x04, b"uid=ada");
    put(&mut content, 0x30, &assertion);
    message(id, 0x6E, &content, b"")
}

fn control(name: &[u8], is_critical: bool) -> Vec<u8> {
    let mut control = Vec::new();
    put(&mut control, 0x04, name);
    if is_critical {
        put(&mut control, 0x01, &[0xFF]);
    }
    let mut list = Vec::new();
    put(&mut list, 0x30, &control);
    let mut controls = Vec::new();
    put(&mut controls, 0xA0, &list);
    controls
}

fn judge(state: &mut State, content: &[u8]) -> Judgement {
    state.judge(&Message::read(content).unwrap())
}

fn control_with(name: &[u8], value: &[u8]) -> Vec<u8> {
    let mut control = Vec::new();
    put(&mut control, 0x04, name);
    put(&mut control, 0x04, value);
    let (mut list, mut controls) = (Vec::new(), Vec::new());
    put(&mut list, 0x30, &control);
    put(&mut controls, 0xA0, &list);
    controls
}

/// The result code of an answer of ours.
fn code_of(judgement: &Judgement) -> Option<u8> {
    let Judgement::Answer(octets) = judgement else { return None };
    // Sequence, id, operation, and in it the result.
    let at = octets.windows(2).position(|pair| pair == [0x0A, 0x01]).unwrap();
    Some(octets[at + 2])
}

#[test] // LDP-08
fn nobody_sees_what_the_server_is_and_nothing_else() {
    let mut state = state();
    assert_eq!(judge(&mut state, &search(1, "", PRESENT)), Judgement::Relay);
    assert_eq!(code_of(&judge(&mut state, &search(2, "dc=org", PRESENT))), Some(code::STRONGER_AUTH_REQUIRED));
    assert_eq!(code_of(&judge(&mut state, &message(3, 0x4A, b"uid=ada", b""))), Some(code::STRONGER_AUTH_REQUIRED));
    let mut silent = State::new(Terms { anonymous: Anonymous::Refuse, ..TERMS }, true);
    assert_eq!(code_of(&judge(&mut silent, &search(1, "", PRESENT))), Some(code::STRONGER_AUTH_REQUIRED));
    let mut open = State::new(Terms { anonymous: Anonymous::Read, ..TERMS }, true);
    assert_eq!(judge(&mut open, &search(1, "dc=org", PRESENT)), Judgement::Relay);
    assert_eq!(code_of(&judge(&mut open, &message(2, 0x68, b"", b""))), Some(code::STRONGER_AUTH_REQUIRED));
}

#[test] // LDP-17
fn who_am_i_is_answered_by_who_knows() {
    let answer = judge(&mut state(), &whoami(1));
    assert_eq!(code_of(&answer), Some(code::SUCCESS));
    assert!(matches!(answer, Judgement::Answer(octets) if octets.ends_with(&[0x8B, 0x00])));
    assert_eq!(judge(&mut person(), &whoami(1)), Judgement::Relay);
    let mut program = state();
    program.become_somebody(Standing::AppPassword("uid=ada".to_owned()));
    assert!(matches!(judge(&mut program, &whoami(1)), Judgement::Answer(octets) if octets.ends_with(b"dn:uid=ada")));
}

#[test] // LDP-15
fn what_we_answer_ourselves_obeys_no_control_that_must_be() {
    let ask = |name: &[u8], is_critical| {
        let mut content = Vec::new();
        put(&mut content, 0x80, name);
        message(1, 0x77, &content, &control(b"1.2.3.4", is_critical))
    };
    for name in [oid::WHO_AM_I, oid::START_TLS] {
        let judgement = judge(&mut state(), &ask(name, true));
        assert_eq!(code_of(&judgement), Some(code::UNAVAILABLE_CRITICAL_EXTENSION));
    }
    assert_eq!(code_of(&judge(&mut state(), &ask(oid::WHO_AM_I, false))), Some(code::SUCCESS));
    assert_eq!(judge(&mut person(), &ask(oid::WHO_AM_I, true)), Judgement::Relay, "the directory's to judge");
    let critical = control(b"1.2.3.4", true);
    let of_bind = |is_ours| State::refused_bind(Controls { octets: &critical }, is_ours).map(|refusal| refusal.code);
    assert_eq!((of_bind(true), of_bind(false)), (Some(code::UNAVAILABLE_CRITICAL_EXTENSION), None));
}

#[test] // LDP-06
fn a_bind_makes_nobody_of_anybody_at_once() {
    let mut state = person();
    assert_eq!(judge(&mut state, &search(1, "dc=org", PRESENT)), Judgement::Relay);
    state.answered(1, ending::SEARCH);
    state.begin_bind();
    assert_eq!(code_of(&judge(&mut state, &search(2, "dc=org", PRESENT))), Some(code::STRONGER_AUTH_REQUIRED));
}

#[test] // LDP-23
fn an_account_does_what_it_is_listed_for() {
    let mut state = account(Operations { search: true, ..Operations::default() });
    assert_eq!(judge(&mut state, &search(1, "dc=org", PRESENT)), Judgement::Relay);
    for (id, content) in [
        (2, compare(2, "cn")),
        (3, message(3, 0x66, b"", b"")),
        (4, message(4, 0x68, b"", b"")),
        (5, message(5, 0x4A, b"uid=ada", b"")),
        (6, message(6, 0x6C, b"", b"")),
        (7, extended_request(7, oid::PASSWORD_MODIFY)),
    ] {
        let judgement = judge(&mut state, &content);
        assert_eq!(code_of(&judgement), Some(code::INSUFFICIENT_ACCESS_RIGHTS), "{id}");
    }
    assert_eq!(judge(&mut state, &whoami(8)), Judgement::Relay, "LDP-17");
}

#[test] // LDP-36
fn a_password_is_tried_by_bind_only() {
    let by_filter = b"\xa3\x14\x04\x0cuserPassword\x04\x04spam";
    for mut state in [person(), account(Operations { search: true, compare: true, ..Operations::default() })] {
        assert_eq!(code_of(&judge(&mut state, &compare(1, "userPassword"))), Some(code::UNWILLING_TO_PERFORM));
        assert_eq!(code_of(&judge(&mut state, &search(2, "dc=org", by_filter))), Some(code::UNWILLING_TO_PERFORM));
        assert_eq!(judge(&mut state, &compare(3, "cn")), Judgement::Relay);
    }
    // Nor by what a control asserts, or wants to match.
    for (name, value) in [
        (&b"1.3.6.1.1.12"[..], by_filter.to_vec()),
        (b"1.2.826.0.1.3344810.2.3", {
            let mut list = Vec::new();
            put(&mut list, 0x30, by_filter);
            list
        }),
    ] {
        let ask = |value: &[u8]| message(4, 0x4A, b"uid=ada", &control_with(name, value));
        assert_eq!(code_of(&judge(&mut person(), &ask(&value))), Some(code::UNWILLING_TO_PERFORM));
        assert_eq!(code_of(&judge(&mut person(), &ask(b"\x30"))), Some(code::UNWILLING_TO_PERFORM), "unreadable");
    }
    let harmless = message(4, 0x4A, b"uid=ada", &control_with(b"1.3.6.1.1.12", PRESENT));
    assert_eq!(judge(&mut person(), &harmless), Judgement::Relay);
    let verify = extended_request(1, oid::VERIFY_CREDENTIALS);
    assert_eq!(code_of(&judge(&mut person(), &verify)), Some(code::UNWILLING_TO_PERFORM));
}

#[test] // LDP-16
fn nobody_acts_for_others_unless_listed() {
    for name in oid::PROXIED_AUTHORIZATION {
        let ask = |id, is_critical| message(id, 0x4A, b"uid=ada", &control(name, is_critical));
        assert_eq!(code_of(&judge(&mut person(), &ask(1, true))), Some(code::AUTHORIZATION_DENIED));
        assert_eq!(code_of(&judge(&mut person(), &ask(1, false))), Some(code::PROTOCOL_ERROR));
        let all = Operations { delete: true, proxied_authorization: true, ..Operations::default() };
        assert_eq!(judge(&mut account(all), &ask(1, true)), Judgement::Relay);
    }
    let by_bind = control(oid::PROXIED_AUTHORIZATION[0], true);
    assert_eq!(State::refused_bind(Controls { octets: &by_bind }, false).unwrap().code, code::AUTHORIZATION_DENIED);
    // Other controls are the directory's to judge (LDP-15).
    let paged = message(1, 0x4A, b"uid=ada", &control(b"1.2.840.113556.1.4.319", true));
    assert_eq!(judge(&mut person(), &paged), Judgement::Relay);
}

#[test] // LDP-09
fn start_tls_has_four_answers() {
    let ask = |id| extended_request(id, oid::START_TLS);
    assert_eq!(code_of(&judge(&mut state(), &ask(1))), Some(code::OPERATIONS_ERROR), "on already");
    let plain = |offers| State::new(Terms { offers_start_tls: offers, ..TERMS }, false);
    assert_eq!(code_of(&judge(&mut plain(false), &ask(1))), Some(code::PROTOCOL_ERROR), "not offered");
    let mut busy = plain(true);
    judge(&mut busy, &search(1, "", PRESENT));
    assert_eq!(code_of(&judge(&mut busy, &ask(2))), Some(code::OPERATIONS_ERROR), "something is asked");
    let mut in_sasl = plain(true);
    in_sasl.sasl = true;
    assert_eq!(code_of(&judge(&mut in_sasl, &ask(1))), Some(code::OPERATIONS_ERROR), "in the middle of SASL");
    assert_eq!(judge(&mut plain(true), &ask(1)), Judgement::StartTls);
}

#[test] // LDP-18
fn a_new_password_goes_over_tls_only() {
    let mut state = State::new(TERMS, false);
    state.become_somebody(Standing::Person);
    let ask = extended_request(1, oid::PASSWORD_MODIFY);
    assert_eq!(code_of(&judge(&mut state, &ask)), Some(code::CONFIDENTIALITY_REQUIRED));
    assert_eq!(judge(&mut person(), &ask), Judgement::Relay);
}

#[test] // LDP-02, LDP-03
fn too_many_requests_and_a_number_used_twice_end_the_connection() {
    let mut state = person();
    for id in 1..=5 {
        assert_eq!(judge(&mut state, &search(id, "dc=org", PRESENT)), Judgement::Relay);
    }
    assert!(matches!(judge(&mut state, &search(6, "dc=org", PRESENT)), Judgement::End(_)));
    assert!(matches!(judge(&mut state, &search(2, "dc=org", PRESENT)), Judgement::End(_)));
    state.answered(2, ending::SEARCH);
    assert_eq!(judge(&mut state, &search(2, "dc=org", PRESENT)), Judgement::Relay);
}

#[test] // LDP-12
fn what_is_given_up_is_answered_by_nobody() {
    let mut state = person();
    judge(&mut state, &search(1, "dc=org", PRESENT));
    assert_eq!(judge(&mut state, &message(2, 0x50, &[1], b"")), Judgement::Relay);
    assert_eq!(state.answered(1, ENTRY), Passing::Drop);
    assert_eq!(state.answered(1, ending::SEARCH), Passing::Drop);
    assert_eq!(judge(&mut state, &message(3, 0x50, &[9], b"")), Judgement::Nothing, "what was never asked");
}

#[test]
fn a_directory_that_answers_what_was_not_asked_is_left() {
    let mut state = person();
    judge(&mut state, &compare(1, "cn"));
    assert_eq!(state.answered(1, ENTRY), Passing::Broken);
    assert_eq!(state.answered(1, ending::BIND), Passing::Broken);
    assert_eq!(state.answered(1, INTERMEDIATE), Passing::Pass);
    assert_eq!(state.answered(0, ending::EXTENDED), Passing::Pass, "a notice");
    assert_eq!(state.answered(0, ENTRY), Passing::Broken);
    assert_eq!(state.answered(1, ending::COMPARE), Passing::Pass);
    assert_eq!(state.answered(1, ending::COMPARE), Passing::Drop, "a second time");
}

#[test]
fn in_a_connection_for_checking_passwords_nobody_becomes_anybody() {
    let mut state = State::new(Terms { knows_fast_bind: true, ..TERMS }, true);
    assert_eq!(code_of(&judge(&mut state, &extended_request(1, oid::FAST_BIND))), Some(code::SUCCESS));
    state.begin_bind();
    state.become_somebody(Standing::Person);
    assert!(state.is_anonymous());
    let mut elsewhere = self::state();
    let refused = judge(&mut elsewhere, &extended_request(1, oid::FAST_BIND));
    assert_eq!(code_of(&refused), Some(code::UNWILLING_TO_PERFORM));
}

/// What happens on a connection, in an order that nobody would choose.
#[derive(Debug, Clone)]
enum Move {
    Search(i32),
    Delete(i32),
    Abandon(i32),
    BindBegins,
    BindEndsWell,
    LineGone,
    Entry(i32),
    Done(i32),
    Deleted(i32),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let id = 1_i32..6;
    let one = prop_oneof![
        id.clone().prop_map(Move::Search),
        id.clone().prop_map(Move::Delete),
        id.clone().prop_map(Move::Abandon),
        Just(Move::BindBegins),
        Just(Move::BindEndsWell),
        Just(Move::LineGone),
        id.clone().prop_map(Move::Entry),
        id.clone().prop_map(Move::Done),
        id.prop_map(Move::Deleted),
    ];
    proptest::collection::vec(one, 1..60)
}

/// What a plain reading of the rules says.
#[derive(Default)]
struct Model {
    is_somebody: bool,
    asked: HashMap<i32, bool>,
    /// Asked under an identity that is no more.
    stale: HashSet<i32>,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test] // LDP-05, LDP-06
    fn no_order_of_events_gives_nobody_rights_or_one_bind_anothers_answers(moves in moves()) {
        let mut state = state();
        let mut model = Model::default();
        for (at, step) in moves.into_iter().enumerate() {
            match step {
                Move::Search(id) | Move::Delete(id) => {
                    let is_search = matches!(step, Move::Search(_));
                    let content = if is_search { search(id, "dc=org", PRESENT) } else { message(id, 0x4A, b"uid=a", b"") };
                    let judgement = judge(&mut state, &content);
                    if model.asked.contains_key(&id) {
                        prop_assert!(matches!(judgement, Judgement::End(_)), "{at}");
                    } else if model.is_somebody && model.asked.len() < 5 {
                        prop_assert_eq!(judgement, Judgement::Relay);
                        model.asked.insert(id, is_search);
                        model.stale.remove(&id);
                    } else {
                        prop_assert!(judgement != Judgement::Relay, "nobody was relayed at {}", at);
                    }
                }
                Move::Abandon(id) => {
                    let judgement = judge(&mut state, &message(7, 0x50, &[u8::try_from(id).unwrap()], b""));
                    let was_asked = model.asked.remove(&id).is_some();
                    prop_assert_eq!(judgement == Judgement::Relay, was_asked);
                }
                Move::BindBegins => {
                    // The session lets a bind begin only when nothing is asked, or gives that up.
                    state.give_up_outstanding();
                    state.begin_bind();
                    model.stale.extend(model.asked.keys());
                    model.asked.clear();
                    model.is_somebody = false;
                }
                Move::BindEndsWell => {
                    state.become_somebody(Standing::Person);
                    model.is_somebody = true;
                }
                Move::LineGone => {
                    state.give_up_outstanding();
                    model.asked.clear();
                }
                Move::Entry(id) | Move::Done(id) | Move::Deleted(id) => {
                    let (tag, is_end, of_search) = match step {
                        Move::Entry(_) => (ENTRY, false, true),
                        Move::Done(_) => (ending::SEARCH, true, true),
                        _ => (ending::DELETE, true, false),
                    };
                    let wanted = match model.asked.get(&id) {
                        None => Passing::Drop,
                        Some(is_search) if *is_search == of_search => Passing::Pass,
                        Some(_) => Passing::Broken,
                    };
                    prop_assert_eq!(state.answered(id, tag), wanted);
                    prop_assert!(!(wanted == Passing::Pass && model.stale.contains(&id)), "of another bind at {}", at);
                    if is_end && wanted == Passing::Pass {
                        model.asked.remove(&id);
                    }
                }
            }
        }
    }
}
