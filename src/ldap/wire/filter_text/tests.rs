use proptest::prelude::*;

use super::super::ber;
use super::*;

fn read(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    put_filter(&mut octets, text).ok().map(|()| octets)
}

/// What an independent reader of filters makes of it.
fn read_by_ldap3(text: &str) -> Option<Vec<u8>> {
    use ldap3::asn1::{ASNTag, write};
    let mut octets = bytes::BytesMut::new();
    write::encode_into(&mut octets, ldap3::parse_filter(text).ok()?.into_structure()).unwrap();
    Some(octets.to_vec())
}

#[test] // the forms of RFC 4515 §4 and their octets
fn every_form_has_its_octets() {
    for (text, octets) in [
        ("(a=v)", &b"\xa3\x06\x04\x01a\x04\x01v"[..]),
        ("a=v", b"\xa3\x06\x04\x01a\x04\x01v"),
        ("(a=)", b"\xa3\x05\x04\x01a\x04\x00"),
        ("(a>=2)", b"\xa5\x06\x04\x01a\x04\x012"),
        ("(a<=2)", b"\xa6\x06\x04\x01a\x04\x012"),
        ("(a~=2)", b"\xa8\x06\x04\x01a\x04\x012"),
        ("(a=*)", b"\x87\x01a"),
        ("(a=*v)", b"\xa4\x08\x04\x01a0\x03\x82\x01v"),
        ("(a=v*)", b"\xa4\x08\x04\x01a0\x03\x80\x01v"),
        ("(a=v*x*y)", b"\xa4\x0e\x04\x01a0\t\x80\x01v\x81\x01x\x82\x01y"),
        ("(a=*v*)", b"\xa4\x08\x04\x01a0\x03\x81\x01v"),
        ("(a=v\\2Ax)", b"\xa3\x08\x04\x01a\x04\x03v*x"),
        ("(a=\\00\\ff)", b"\xa3\x07\x04\x01a\x04\x02\x00\xff"),
        ("(a=\u{107})", b"\xa3\x07\x04\x01a\x04\x02\xc4\x87"),
        ("(2.5.4.0=top)", b"\xa3\x0e\x04\x072.5.4.0\x04\x03top"),
        ("(c;x-1=v)", b"\xa3\x0a\x04\x05c;x-1\x04\x01v"),
        ("(&(a=v)(!(c=y)))", b"\xa0\x12\xa3\x06\x04\x01a\x04\x01v\xa2\x08\xa3\x06\x04\x01c\x04\x01y"),
        ("(&)", b"\xa0\x00"),
        ("(|)", b"\xa1\x00"),
        ("(ou:dn:=People)", b"\xa9\x0f\x82\x02ou\x83\x06People\x84\x01\xff"),
        ("(ou:DN:=People)", b"\xa9\x0f\x82\x02ou\x83\x06People\x84\x01\xff"),
        ("(cn:2.5.13.5:=J D)", b"\xa9\x13\x81\x082.5.13.5\x82\x02cn\x83\x03J D"),
        ("(:dn:x:=v)", b"\xa9\x09\x81\x01x\x83\x01v\x84\x01\xff"),
        ("(:x:=v)", b"\xa9\x06\x81\x01x\x83\x01v"),
        ("(a:=v)", b"\xa9\x06\x82\x01a\x83\x01v"),
    ] {
        assert_eq!(read(text).as_deref(), Some(octets), "{text}");
    }
}

#[test] // LDP-33
fn what_is_no_filter_is_refused() {
    for text in [
        "",
        "(",
        ")",
        "()",
        "(a)",
        "(a=v",
        "a=v)",
        "(a=v))",
        "(a=v)(b=v)",
        "(a=v)x",
        " (a=v)",
        "(a=f**)",
        "(a=**)",
        "(a=v\\2)",
        "(a=v\\)",
        "(a=\\0x)",
        "(a=\0)",
        "(=v)",
        "(a b=v)",
        "(a;=v)",
        "(2.5.04=v)",
        "(2.=v)",
        "(!)",
        "(!(a=v)(b=v))",
        "(&(a=v)x)",
        "(a>v)",
        "(a:v)",
        "(:=v)",
        "(:dn:=v)",
        "(a:x:y:=v)",
        "(a:dn:x:y:=v)",
        "(a=v(b=w)",
        "(a:=*)",
        "(a>=*)",
        "(\u{fc}=v)",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test] // LDP-02
fn a_filter_has_limits_of_depth_and_length() {
    let tower = |height: usize| format!("{}(a=v){}", "(!".repeat(height), ")".repeat(height));
    assert!(read(&tower(DEPTH_MAX - 1)).is_some());
    assert!(read(&tower(DEPTH_MAX)).is_none());
    assert!(read(&"(!".repeat(100_000)).is_none());
    let long = |length: usize| format!("(a={})", "v".repeat(length));
    assert!(read(&long(TEXT_MAX - 4)).is_some_and(|octets| ber::is_well_formed(&octets)));
    assert!(read(&long(TEXT_MAX)).is_none());
}

/// Filters of every form.
fn filters() -> impl Strategy<Value = String> {
    let name = "[a-zA-Z][a-zA-Z0-9-]{0,8}(;[a-z0-9-]{1,4}){0,2}|[0-2](\\.[1-9][0-9]{0,3}){1,5}";
    let value = "([^*()\\\\\u{0}]|\\\\[0-9a-fA-F]{2}){0,20}";
    let part = "([^*()\\\\\u{0}]|\\\\[0-9a-fA-F]{2}){1,200}";
    let compared = (name, "=|>=|<=|~=|:=|:dn:=|:dn:x:=|:2\\.5\\.13\\.2:=", value)
        .prop_map(|(name, operator, value)| format!("({name}{operator}{value})"));
    let substrings = (name, value, proptest::collection::vec(part, 0..4), value)
        .prop_map(|(name, first, parts, last)| format!("({name}={first}*{}{last})", parts.join("*") + "*"));
    let leaf = prop_oneof![compared, substrings];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(|all| format!("(&{})", all.concat())),
            proptest::collection::vec(inner.clone(), 0..6).prop_map(|all| format!("(|{})", all.concat())),
            inner.prop_map(|one| format!("(!{one})")),
        ]
    })
}

proptest! {
    #[test]
    fn a_filter_has_the_octets_that_an_independent_reader_gives_it(text in filters()) {
        let octets = read(&text);
        prop_assert_eq!(&octets, &read_by_ldap3(&text));
        if let Some(octets) = octets {
            prop_assert!(ber::is_well_formed(&octets));
        }
    }

    #[test]
    fn a_filter_with_an_accident_is_judged_as_an_independent_reader_does(text in filters(), at: usize, c in "[=()*\\\\&|!<>~;.a0 ]") {
        let mut chars: Vec<char> = text.chars().collect();
        let at = at % chars.len();
        chars[at] = c.chars().next().unwrap();
        let text: String = chars.into_iter().collect();
        // It takes the rule `dnx` for `dn` and something more.
        if !text.contains(":dn") {
            prop_assert_eq!(read(&text), read_by_ldap3(&text), "{}", text);
        }
    }

    #[test]
    fn whatever_is_written_is_read_without_a_panic(text in ".{0,60}|[()&|!=<>~:*\\\\a0.;]{0,60}") {
        read(&text);
    }
}
