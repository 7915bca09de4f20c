use proptest::prelude::*;

use super::super::{Message, Operation, measure, put_abandon, put_message};
use super::*;

fn request<'a>(filter: &'a str, attributes: &'a [String]) -> SearchRequest<'a> {
    let base = "ou=people,dc=example,dc=org";
    SearchRequest { base, scope: Scope::Subtree, entries_max: 2, seconds_max: 300, filter, attributes }
}

#[test]
fn a_search_has_the_form_that_is_told() {
    let octets = request("(uid=a)", &["cn".to_owned()]).octets().unwrap();
    let expected = b"\x63\x3d\x04\x1bou=people,dc=example,dc=org\x0a\x01\x02\x0a\x01\x00\x02\x01\x02\x02\x02\x01\x2c\
                     \x01\x01\x00\xa3\x08\x04\x03uid\x04\x01a\x30\x04\x04\x02cn";
    assert_eq!(octets, expected);
    assert!(request("uid=(", &[]).octets().is_err());
}

#[test]
fn an_abandoned_message_is_named_by_its_number() {
    let mut octets = Vec::new();
    put_abandon(&mut octets, 0x0080_0041, 0x0080_0040);
    assert_eq!(octets, b"\x30\x0c\x02\x04\x00\x80\x00\x41\x50\x04\x00\x80\x00\x40");
    assert_eq!(Message::read(&octets[2..]).unwrap().operation, Operation::Abandon(0x0080_0040));
}

#[test]
fn each_answer_is_told_apart() {
    let read = |content| SearchAnswer::read(content);
    let entry = b"\x02\x01\x05\x64\x14\x04\x02dn\x30\x0e\x30\x0c\x04\x03uid\x31\x05\x04\x03ada";
    let Some((5, SearchAnswer::Entry(found))) = read(entry) else { panic!() };
    assert_eq!((found.dn, found.attributes_count, found.longest), (&b"dn"[..], 1, 3));
    let (name, values) = attributes(found.attributes).next().unwrap();
    assert_eq!((name, values.collect::<Vec<_>>()), (&b"uid"[..], vec![&b"ada"[..]]));
    assert_eq!(read(b"\x02\x01\x05\x73\x03\x04\x01x"), Some((5, SearchAnswer::Aside)));
    let Some((5, SearchAnswer::Done(outcome))) = read(b"\x02\x01\x05\x65\x08\x0a\x01\x20\x04\x00\x04\x01x") else {
        panic!()
    };
    assert_eq!((outcome.code, outcome.text), (32, &b"x"[..]));
    assert_eq!(read(b"\x02\x01\x05\x61\x07\x0a\x01\x00\x04\x00\x04\x00"), Some((5, SearchAnswer::Other)));
}

#[test] // LDP-01
fn what_tells_no_message_is_no_answer() {
    for content in [&b""[..], b"\x02\x01\x05", b"\x04\x01\x05\x73\x00", b"\x02\x05\x01\x00\x00\x00\x05\x73\x00"] {
        assert_eq!(SearchAnswer::read(content), None, "{content:x?}");
    }
}

#[test] // LDP-01
fn what_is_no_whole_answer_is_known_by_its_message() {
    for content in [
        &b"\x02\x01\x05\x64\x02\x04\x00"[..],
        b"\x02\x01\x05\x64\x0a\x04\x02dn\x30\x04\x30\x02\x04\x00",
        b"\x02\x01\x05\x64\x08\x04\x02dn\x30\x02\x04\x00",
        b"\x02\x01\x05\x65\x03\x0a\x01\x00",
        b"\x02\x01\x05\x73\x00\x04\x00",
        b"\x02\x01\x05\x73\x80",
        // Fields of other answers; a success in other letters.
        b"\x02\x01\x05\x65\x0a\x0a\x01\x00\x04\x00\x04\x00\x87\x01x",
        b"\x02\x01\x05\x65\x0a\x0a\x01\x00\x04\x00\x04\x00\x8b\x01x",
        b"\x02\x01\x05\x65\x08\x0a\x01\x00\x04\x00\x04\x01\xfc",
    ] {
        assert_eq!(SearchAnswer::read(content), Some((5, SearchAnswer::Unreadable)), "{content:x?}");
    }
}

proptest! {
    #[test]
    fn whatever_comes_is_read_without_a_panic(content in proptest::collection::vec(any::<u8>(), 0..100)) {
        SearchAnswer::read(&content);
        attributes(&content).for_each(|(_, values)| values.for_each(drop));
    }

    #[test]
    fn answers_that_are_nearly_right_are_read_without_a_panic(at in 0..27_usize, octet: u8) {
        let mut content = *b"\x02\x01\x05\x64\x16\x04\x02dn\x30\x10\x30\x0e\x04\x03uid\x31\x07\x04\x05alice";
        content[at] = octet;
        if let Some((_, SearchAnswer::Entry(found))) = SearchAnswer::read(&content) {
            attributes(found.attributes).for_each(|(_, values)| values.for_each(drop));
        }
    }

    #[test]
    fn a_search_is_read_back_as_it_was_written(
        id in 1..=i32::MAX,
        base in ".{0,200}",
        value in "[a-zA-Z0-9 ]{1,300}",
        attributes in proptest::collection::vec("[a-zA-Z]{1,40}", 0..10),
        entries_max: u32,
    ) {
        let filter = format!("(&(uid={value})(!(cn={value}*)))");
        let search = SearchRequest {
            base: &base, scope: Scope::Base, entries_max: entries_max >> 1, seconds_max: 5, filter: &filter,
            attributes: &attributes,
        };
        let mut octets = Vec::new();
        put_message(&mut octets, id, &search.octets().unwrap());
        let measured = measure(&octets, 100_000).unwrap().unwrap();
        prop_assert_eq!(measured.total, octets.len());
        let message = Message::read(&octets[measured.head..]).unwrap();
        prop_assert_eq!(message.id, id);
        let Operation::Search(read) = message.operation else { panic!() };
        prop_assert_eq!((read.base, read.scope), (base.as_bytes(), 0));
    }
}
