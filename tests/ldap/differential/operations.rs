//! Requests of chance, such as clients send: most of them make sense, some do not.

use std::fmt;

use vestibule_peers::slapd::{GROUPS, PEOPLE, SUFFIX, user_dn};

use super::pair::one;
use crate::harness::chance::Chance;
use crate::harness::ldap_wire::request::{
    Search, abandon, add, boolean, compare, constructed, control, delete, element, equals, extended, message, modify,
    number, pair, password_modify, present, rename, string, whoami,
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

const ATTRIBUTES: &[&str] =
    &["*", "+", "1.1", "cn", "uid", "mail", "memberOf", "member", "description", "objectClass", "entryUUID", "entryDN",
      "sn;lang-de", "name", "c n", "noSuchAttribute", "2.5.4.3", "modifyTimestamp", "@inetOrgPerson", "hasSubordinates"];
const READ: &[&str] = &["uid", "cn", "sn", "mail", "description", "objectClass", "memberOf", "noSuch", "c n", "2.5.4.3"];
const VALUES: &[&str] = &["user0007", "User 7", "User 12", "*", "", "person", "jürgen", "(x)", "cn=vpn,ou=groups,dc=example,dc=org"];

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

    fn changes(&mut self, chance: &mut Chance) -> Vec<Request> {
        let mut touched = Vec::new();
        let mut burst = vec![self.placed(chance, &mut touched)];
        for _ in 0..chance.below(5) {
            let Some(dn) = self.untouched(chance, &mut touched) else { break };
            let id = self.next_id(chance);
            burst.push(change(id, &dn, chance));
        }
        burst
    }

    /// An entry that is added, renamed or deleted.
    fn placed(&mut self, chance: &mut Chance, touched: &mut Vec<String>) -> Request {
        let id = self.next_id(chance);
        let known = self.untouched(chance, touched);
        match (chance.below(6), known) {
            (0, Some(dn)) => {
                self.shed.retain(|kept| *kept != dn);
                one(id, format!("delete {dn}"), &delete(&dn), &read_controls(chance))
            }
            (1, Some(dn)) => {
                self.made += 1;
                let name = format!("cn=renamed-{}-{}", self.seed, self.made);
                let below = [None, Some(SHED), Some("ou=nowhere,dc=example,dc=org")][chance.below(3)];
                if below != Some("ou=nowhere,dc=example,dc=org") {
                    self.shed.retain(|kept| *kept != dn);
                    self.shed.push(format!("{name},{SHED}"));
                }
                let operation = rename(&dn, &name, chance.once_in(2), below);
                one(id, format!("rename {dn} to {name} below {below:?}"), &operation, &read_controls(chance))
            }
            (2, Some(dn)) => one(id, format!("add {dn} again"), &add(&dn, &[("objectClass", &["device"])]), &[]),
            (3, _) => {
                let what = [
                    ("no parent", format!("cn=a,cn=nobody,{SHED}"), "device"),
                    ("no DN", "this is no DN".to_owned(), "device"),
                    ("no class", format!("cn=a,{SHED}"), "noSuchClass"),
                    ("not all that the class needs", format!("cn=a,{SHED}"), "inetOrgPerson"),
                    ("a group of nobody", format!("cn=a,{SHED}"), "groupOfNames"),
                ];
                let (what, dn, class) = &what[chance.below(what.len())];
                let attributes: [(&str, &[&str]); 2] = [("objectClass", &[class]), ("cn", &["a"])];
                one(id, format!("add {dn}: {what}"), &add(dn, &attributes), &read_controls(chance))
            }
            _ => self.add(id, chance, touched),
        }
    }

    fn add(&mut self, id: i64, chance: &mut Chance, touched: &mut Vec<String>) -> Request {
        self.made += 1;
        let name = format!("made-{}-{}", self.seed, self.made);
        let dn = format!("cn={name},{SHED}");
        let note = "n".repeat(chance.below(400) + 1);
        let operation = if chance.once_in(2) {
            add(&dn, &[("objectClass", &["device"]), ("cn", &[&name]), ("description", &[&note, "x"])])
        } else {
            let person: [(&str, &[&str]); 4] =
                [("objectClass", &["inetOrgPerson"]), ("cn", &[&name]), ("sn", &["Müller"]), ("userPassword", &["first"])];
            add(&dn, &person)
        };
        self.shed.push(dn.clone());
        touched.push(dn.clone());
        one(id, format!("add {dn}"), &operation, &read_controls(chance))
    }

    /// An entry that nothing else in this burst changes.
    fn untouched(&self, chance: &mut Chance, touched: &mut Vec<String>) -> Option<String> {
        let dn = match chance.below(4) {
            0 => user_dn(u32::try_from(20 + chance.below(30)).unwrap()),
            _ => self.shed.get(chance.below(self.shed.len().max(1)))?.clone(),
        };
        if touched.contains(&dn) || (!dn.ends_with(SHED) && touched.is_empty()) {
            return None;
        }
        touched.push(dn.clone());
        Some(dn)
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

/// A change of an entry that stays where it is.
fn change(id: i64, dn: &str, chance: &mut Chance) -> Request {
    let note = format!("note {}", chance.below(5));
    let text = |what: &str| format!("{what} {dn}");
    let (what, operation) = match chance.below(8) {
        0 => (text("replace"), modify(dn, &[(2, "description", &[&note, "and more"])])),
        1 => (text("add a value"), modify(dn, &[(0, "description", &[&note])])),
        2 => (text("delete a value"), modify(dn, &[(1, "description", &[&note])])),
        3 => (text("delete all"), modify(dn, &[(1, "description", &[])])),
        4 => (text("several"), modify(dn, &[(2, "description", &[&note]), (0, "seeAlso", &[dn]), (1, "seeAlso", &[dn])])),
        5 => (text("no such attribute"), modify(dn, &[(2, "noSuchAttribute", &["x"])])),
        6 => (text("change the password of"), password_modify(Some(dn), None, Some(&note))),
        _ => (text("take its class"), modify(dn, &[(2, "objectClass", &["top"])])),
    };
    one(id, what, &operation, &read_controls(chance))
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

fn filter(chance: &mut Chance, depth: usize) -> Vec<u8> {
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
            let parts = [element(0x81, b"caseIgnoreMatch"), element(0x82, attribute.as_bytes()), element(0x83, value.as_bytes())];
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

/// Controls that any operation may carry.
fn controls(chance: &mut Chance) -> Vec<Vec<u8>> {
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
fn read_controls(chance: &mut Chance) -> Vec<Vec<u8>> {
    let wanted = constructed(0x30, &[string("*"), string("entryUUID"), string("description")]);
    match chance.below(6) {
        0 => vec![control("1.3.6.1.1.13.1", false, Some(&wanted))],
        1 => vec![control("1.3.6.1.1.13.2", false, Some(&wanted))],
        _ => controls(chance),
    }
}

fn search_controls(chance: &mut Chance) -> Vec<Vec<u8>> {
    match chance.below(10) {
        // A page of some, and what comes after is not asked for.
        0 => vec![page(1 + i64::try_from(chance.below(20)).unwrap(), b"", chance.once_in(2))],
        // Matched values, RFC 3876; subentries, RFC 3672; no referrals.
        1 => vec![control("1.2.826.0.1.3344810.2.3", false, Some(&constructed(0x30, &[equals("objectClass", "person")])))],
        2 => vec![control("1.3.6.1.4.1.4203.1.10.1", false, Some(&boolean(chance.once_in(2))))],
        3 => vec![control("1.2.840.113556.1.4.1339", false, None)],
        // Refresh once, RFC 4533.
        4 => vec![control("1.3.6.1.4.1.4203.1.9.1.1", false, Some(b"\x30\x03\x0a\x01\x01"))],
        _ => controls(chance),
    }
}

/// RFC 2696.
pub(super) fn page(size: i64, cookie: &[u8], is_critical: bool) -> Vec<u8> {
    let value = constructed(0x30, &[element(0x02, &number(size)), string(cookie)]);
    control("1.2.840.113556.1.4.319", is_critical, Some(&value))
}
