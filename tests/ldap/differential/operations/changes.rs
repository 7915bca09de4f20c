//! Requests that change something.

use vestibule_peers::slapd::user_dn;

use super::controls::read_controls;
use super::{Author, Request};
use crate::harness::chance::Chance;
use crate::harness::ldap_wire::request::{add, delete, modify, password_modify, rename};
use crate::ldap::differential::pair::one;
use crate::ldap::keeper::SHED;

impl Author {
    pub(super) fn changes(&mut self, chance: &mut Chance) -> Vec<Request> {
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
                    touched.push(format!("{name},{SHED}"));
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
            let person: [(&str, &[&str]); 4] = [
                ("objectClass", &["inetOrgPerson"]),
                ("cn", &[&name]),
                ("sn", &["Müller"]),
                ("userPassword", &["first"]),
            ];
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
        4 => {
            (text("several"), modify(dn, &[(2, "description", &[&note]), (0, "seeAlso", &[dn]), (1, "seeAlso", &[dn])]))
        }
        5 => (text("no such attribute"), modify(dn, &[(2, "noSuchAttribute", &["x"])])),
        6 => (text("change the password of"), password_modify(Some(dn), None, Some(&note))),
        _ => (text("take its class"), modify(dn, &[(2, "objectClass", &["top"])])),
    };
    one(id, what, &operation, &read_controls(chance))
}
