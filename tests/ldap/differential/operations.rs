//! Requests of chance, such as clients send: most of them make sense, some do not.

mod changes;
mod controls;
mod filters;

use std::fmt;

use vestibule_peers::slapd::{GROUPS, PEOPLE, SUFFIX, user_dn};

pub(super) use self::controls::page;
use self::controls::{controls, search_controls};
use self::filters::{READ, VALUES, filter};
use super::pair::one;
use crate::harness::chance::Chance;
use crate::harness::ldap_wire::request::{
    Search, abandon, compare, constructed, element, extended, message, number, whoami,
};
use crate::ldap::keeper::SHED;

const BURST_MAX: usize = 12;

/// A request as it goes out, and what it is in words.
pub(super) struct Request {
    pub(super) id: i64,
    pub(super) what: String,
    pub(super) octets: Vec<u8>,
    pub(super) is_answered: bool,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.what, self.id)
    }
}

/// Thinks of requests, and knows what it has put into the shed.
pub(super) struct Author {
    seed: u64,
    id: i64,
    made: usize,
    shed: Vec<String>,
}

const ATTRIBUTES: &[&str] = &[
    "*",
    "+",
    "1.1",
    "cn",
    "uid",
    "mail",
    "memberOf",
    "member",
    "description",
    "objectClass",
    "entryUUID",
    "entryDN",
    "sn;lang-de",
    "name",
    "c n",
    "noSuchAttribute",
    "2.5.4.3",
    "modifyTimestamp",
    "@inetOrgPerson",
    "hasSubordinates",
];
impl Author {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, id: 10, made: 0, shed: Vec::new() }
    }

    /// Requests that do not depend on each other: searches and the like, or changes of different entries. Of those that
    /// give an entry its place in the directory there is one, because that place is where a search finds it.
    pub(super) fn burst(&mut self, chance: &mut Chance) -> Vec<Request> {
        if chance.once_in(3) { self.changes(chance) } else { self.looks(chance) }
    }

    fn next_id(&mut self, chance: &mut Chance) -> i64 {
        // In one octet, in two, in three, in four.
        self.id += if chance.once_in(40) { 40_000 } else { 1 };
        self.id
    }

    fn looks(&mut self, chance: &mut Chance) -> Vec<Request> {
        let most = if chance.once_in(3) { BURST_MAX } else { 2 };
        (0..=chance.below(most)).map(|_| self.look(chance)).collect()
    }

    fn look(&mut self, chance: &mut Chance) -> Request {
        let id = self.next_id(chance);
        match chance.below(12) {
            0 | 1 => {
                let (dn, attribute, value) = (self.dn(chance), chance.pick(READ), chance.pick(VALUES));
                one(id, format!("compare {dn} {attribute} {value}"), &compare(&dn, attribute, value), &controls(chance))
            }
            2 => one(id, "whoami".to_owned(), &whoami(), &[]),
            3 => {
                let (name, value) = chance_extended(chance);
                one(id, format!("extended {name}"), &extended(name, value.as_deref()), &[])
            }
            4 => {
                let octets = message(id, &abandon(id + 1_000_000_000), &[]);
                Request { id, what: "abandon of nothing".to_owned(), octets, is_answered: false }
            }
            _ => self.search(id, chance),
        }
    }

    fn search(&self, id: i64, chance: &mut Chance) -> Request {
        let base = self.base(chance);
        let attributes = if chance.once_in(2) { Vec::new() } else { chance.some(ATTRIBUTES) };
        let filter = filter(chance, 3);
        let search = Search {
            // What the server says of itself is compared elsewhere.
            base: &base,
            scope: u8::try_from(if base.is_empty() { 1 + chance.below(3) } else { chance.below(4) }).unwrap(),
            aliases: u8::try_from(chance.below(4)).unwrap(),
            size: [0, 0, 0, 1, 5, 1_000][chance.below(6)],
            time: [0, 0, 30][chance.below(3)],
            names_only: chance.once_in(6),
            filter,
            attributes: &attributes,
        };
        one(id, format!("{search:02x?}"), &search.operation(), &search_controls(chance))
    }

    fn dn(&self, chance: &mut Chance) -> String {
        match chance.below(6) {
            0 => user_dn(u32::try_from(1 + chance.below(200)).unwrap()),
            1 => format!("UID = user00{:02} , OU=People, dc=EXAMPLE,dc=org", chance.below(99)),
            2 => "cn=\\20Smith\\, John \\+ Sons,ou=people,dc=example,dc=org".to_owned(),
            3 => "uid=nobody,ou=people,dc=example,dc=org".to_owned(),
            4 => "this is no DN".to_owned(),
            _ => self.shed.get(chance.below(self.shed.len().max(1))).cloned().unwrap_or_else(|| SHED.to_owned()),
        }
    }

    fn base(&self, chance: &mut Chance) -> String {
        match chance.below(4) {
            0 => self.dn(chance),
            1 => PEOPLE.to_owned(),
            2 => SHED.to_owned(),
            _ => chance.pick(&[GROUPS, SUFFIX, PEOPLE, "cn=Subschema", "dc=elsewhere", ""]).to_owned(),
        }
    }
}

fn chance_extended(chance: &mut Chance) -> (&'static str, Option<Vec<u8>>) {
    match chance.below(4) {
        0 => ("1.2.3.4.5", None),
        1 => ("no OID", Some(b"value".to_vec())),
        // RFC 3909: cancel what was not asked.
        2 => ("1.3.6.1.1.8", Some(constructed(0x30, &[element(0x02, &number(7))]))),
        // RFC 3062 for somebody who is not there.
        _ => {
            let gone = constructed(0x30, &[element(0x80, b"cn=nobody,dc=example,dc=org"), element(0x82, b"new")]);
            ("1.3.6.1.4.1.4203.1.11.1", Some(gone))
        }
    }
}
