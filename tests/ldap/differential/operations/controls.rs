//! Controls of chance.

use super::filters::filter;
use crate::harness::chance::Chance;
use crate::harness::ldap_wire::request::{boolean, constructed, control, element, equals, number, string};

/// Controls that any operation may carry.
pub(super) fn controls(chance: &mut Chance) -> Vec<Vec<u8>> {
    match chance.below(12) {
        0 => vec![control("1.2.3.4.5.6", false, Some(b"whatever"))],
        1 => vec![control("1.2.3.4.5.6", true, None)],
        // ManageDsaIT, RFC 3296.
        2 => vec![control("2.16.840.1.113730.3.4.2", true, None)],
        // Assertion, RFC 4528.
        3 => vec![control("1.3.6.1.1.12", true, Some(&filter(chance, 1)))],
        4 => vec![control("1.2.3.4.5.6", false, None), control("2.16.840.1.113730.3.4.2", false, None)],
        _ => Vec::new(),
    }
}

/// With the entry as it was before, or is after (RFC 4527).
pub(super) fn read_controls(chance: &mut Chance) -> Vec<Vec<u8>> {
    let wanted = constructed(0x30, &[string("*"), string("entryUUID"), string("description")]);
    match chance.below(6) {
        0 => vec![control("1.3.6.1.1.13.1", false, Some(&wanted))],
        1 => vec![control("1.3.6.1.1.13.2", false, Some(&wanted))],
        _ => controls(chance),
    }
}

pub(super) fn search_controls(chance: &mut Chance) -> Vec<Vec<u8>> {
    match chance.below(10) {
        // A page of some, and what comes after is not asked for.
        0 => vec![page(1 + i64::try_from(chance.below(20)).unwrap(), b"", chance.once_in(2))],
        // Matched values, RFC 3876; subentries, RFC 3672; no referrals.
        1 => vec![control(
            "1.2.826.0.1.3344810.2.3",
            false,
            Some(&constructed(0x30, &[equals("objectClass", "person")])),
        )],
        2 => vec![control("1.3.6.1.4.1.4203.1.10.1", false, Some(&boolean(chance.once_in(2))))],
        3 => vec![control("1.2.840.113556.1.4.1339", false, None)],
        // Refresh once, RFC 4533.
        4 => vec![control("1.3.6.1.4.1.4203.1.9.1.1", false, Some(b"\x30\x03\x0a\x01\x01"))],
        _ => controls(chance),
    }
}

/// RFC 2696.
pub(in crate::ldap::differential) fn page(size: i64, cookie: &[u8], is_critical: bool) -> Vec<u8> {
    let value = constructed(0x30, &[element(0x02, &number(size)), string(cookie)]);
    control("1.2.840.113556.1.4.319", is_critical, Some(&value))
}
