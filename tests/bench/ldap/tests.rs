//! The generator's own words; and under [`runs`], small runs of the bench, so that it stays true while nobody looks at its
//! figures.

mod runs;

use super::ber;
use super::message::{self, Answer, Credentials, Filter, Received, ResultCode, Scope, Search};

#[test]
fn a_bind_is_what_ldapwhoami_sends() {
    let mut out = Vec::new();
    message::bind(&mut out, 1, &Credentials { dn: "cn=a".to_owned(), password: "pw".to_owned() });
    assert_eq!(out, b"\x30\x12\x02\x01\x01\x60\x0d\x02\x01\x03\x04\x04cn=a\x80\x02pw");
}

#[test]
fn a_search_is_what_ldapsearch_sends() {
    let search = Search {
        base: "dc=a".to_owned(),
        scope: Scope::Subtree,
        filter: Filter::Equality("uid", "u".to_owned()),
        attributes: &["cn"],
    };
    let mut out = Vec::new();
    message::search(&mut out, 2, &search);
    let expected =
        b"\x30\x2a\x02\x01\x02\x63\x25\x04\x04dc=a\x0a\x01\x02\x0a\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\
                     \xa3\x08\x04\x03uid\x04\x01u\x30\x04\x04\x02cn";
    assert_eq!(out, expected);
}

#[test]
fn an_unbind_is_what_a_client_library_sends() {
    let mut out = Vec::new();
    message::unbind(&mut out, 3);
    assert_eq!(out, b"\x30\x05\x02\x01\x03\x42\x00");
}

#[test]
fn lengths_are_as_short_as_they_can_be_and_are_read_again() {
    let heads: [(usize, &[u8]); 6] = [
        (0, b"\x04\x00"),
        (127, b"\x04\x7f"),
        (128, b"\x04\x81\x80"),
        (255, b"\x04\x81\xff"),
        (256, b"\x04\x82\x01\x00"),
        (65_536, b"\x04\x83\x01\x00\x00"),
    ];
    for (length, head) in heads {
        let content = vec![7; length];
        let mut out = Vec::new();
        ber::octets(&mut out, ber::OCTET_STRING, &content);
        assert!(out.starts_with(head), "{length}");
        out.push(9);
        let expected = ber::Element { tag: ber::OCTET_STRING, content: &content, rest: &[9] };
        assert_eq!(ber::first(&out), Some(expected), "{length}");
    }
}

#[test]
fn numbers_keep_their_sign_and_are_read_again() {
    let written: [(u32, &[u8]); 6] = [
        (0, b"\x02\x01\x00"),
        (127, b"\x02\x01\x7f"),
        (128, b"\x02\x02\x00\x80"),
        (256, b"\x02\x02\x01\x00"),
        (0x7fff_ffff, b"\x02\x04\x7f\xff\xff\xff"),
        (u32::MAX, b"\x02\x05\x00\xff\xff\xff\xff"),
    ];
    for (number, expected) in written {
        let mut out = Vec::new();
        ber::number(&mut out, ber::INTEGER, number);
        assert_eq!(out, expected);
        assert_eq!(ber::value(ber::first(&out).unwrap().content), Some(number));
    }
}

#[test]
fn an_answer_is_taken_once_it_is_there_as_a_whole() {
    let received = b"\x30\x0c\x02\x01\x07\x61\x07\x0a\x01\x31\x04\x00\x04\x00\x30\x05";
    let (whole, _next) = received.split_at(14);
    for length in 0..whole.len() {
        assert_eq!(message::first(&whole[..length]), None);
    }
    let refused = Received { id: 7, answer: Answer::Bound(ResultCode(49)) };
    assert_eq!(message::first(received), Some((Some(refused), 14)));
}

#[test]
fn what_is_no_message_is_told_apart_from_what_is_not_there_yet() {
    assert_eq!(message::first(b"\x04\x01x"), Some((None, 3)));
    assert_eq!(message::first(b"\x30\x80"), Some((None, 2)));
    assert_eq!(message::first(b"\x30\x05\x02\x01\x01"), None);
}
