//! Filters of chance.

use crate::harness::chance::Chance;
use crate::harness::ldap_wire::request::{constructed, element, equals, pair, present, string};

/// What is asked of entries, and some of it is in none.
pub(super) const READ: &[&str] =
    &["uid", "cn", "sn", "mail", "description", "objectClass", "memberOf", "noSuch", "c n", "2.5.4.3"];
pub(super) const VALUES: &[&str] =
    &["user0007", "User 7", "User 12", "*", "", "person", "jürgen", "(x)", "cn=vpn,ou=groups,dc=example,dc=org"];

pub(super) fn filter(chance: &mut Chance, depth: usize) -> Vec<u8> {
    if depth > 0 && chance.once_in(3) {
        let inner: Vec<Vec<u8>> = (0..chance.below(4)).map(|_| filter(chance, depth - 1)).collect();
        return match chance.below(3) {
            0 => constructed(0xA0, &inner),
            1 => constructed(0xA1, &inner),
            _ => constructed(0xA2, &[filter(chance, depth - 1)]),
        };
    }
    let (attribute, value) = (chance.pick(READ), chance.pick(VALUES));
    match chance.below(11) {
        0 => equals(attribute, value),
        1 => pair(0xA5, attribute, value),
        2 => pair(0xA6, attribute, value),
        3 => pair(0xA8, attribute, value),
        4 | 5 => substrings(chance, attribute),
        6 => {
            let parts = [
                element(0x81, b"caseIgnoreMatch"),
                element(0x82, attribute.as_bytes()),
                element(0x83, value.as_bytes()),
            ];
            constructed(0xA9, &[&parts[..], &[element(0x84, &[0xFF])]].concat())
        }
        7 => equals("uid", &format!("user{:04}", chance.below(160))),
        8 => present("objectClass"),
        _ => present(attribute),
    }
}

fn substrings(chance: &mut Chance, attribute: &str) -> Vec<u8> {
    let parts = [element(0x80, b"user"), element(0x81, b"0"), element(0x81, b"1"), element(0x82, b"7")];
    let mut chosen: Vec<Vec<u8>> = parts.into_iter().filter(|_| chance.once_in(2)).collect();
    if chosen.is_empty() {
        chosen.push(element(0x81, b"e"));
    }
    constructed(0xA4, &[string(attribute), constructed(0x30, &chosen)])
}
