//! What the connections of a run do: which operation, whose, in which order.

use vestibule_peers::slapd;

use super::load::{Turn, Wanted, Work};
use super::message::{Credentials, Filter, Scope, Search};

/// What an application reads of a person who signs in.
const OF_A_PERSON: &[&str] = &["uid", "cn", "mail"];

/// The account that an application looks people up with.
pub(super) fn service() -> Credentials {
    Credentials { dn: slapd::READER_DN.to_owned(), password: slapd::READER_PASSWORD.to_owned() }
}

pub(super) fn person(number: u32) -> Credentials {
    Credentials { dn: slapd::user_dn(number), password: slapd::user_password(number) }
}

/// A person's entry, read by its DN.
pub(super) fn searches_by_dn(people: u32) -> Work {
    signed_in(everybody(people).map(|number| Turn::Search(by_dn(number))))
}

/// A person's entry, looked for by the name that the person types.
pub(super) fn searches_by_uid(people: u32) -> Work {
    signed_in(everybody(people).map(|number| Turn::Search(by_uid(number))))
}

/// Everybody, with all that may be read of them.
pub(super) fn searches_for_all(people: u32) -> Work {
    signed_in(std::iter::repeat_with(move || Turn::Search(all(people))))
}

pub(super) fn binds_of_the_service() -> Work {
    connected(std::iter::repeat_with(|| Turn::Bind(service())))
}

pub(super) fn binds_of_people(people: u32) -> Work {
    connected(everybody(people).map(|number| Turn::Bind(person(number))))
}

/// Everybody once, without a code.
pub(super) fn binds_once(people: u32) -> Work {
    connected((1..=people).map(|number| Turn::Bind(person(number))))
}

/// Everybody once, with `code` behind the password: a code is good for one login of each.
pub(super) fn binds_with_code(people: u32, code: &str) -> Work {
    let code = code.to_owned();
    connected((1..=people).map(move |number| {
        let Credentials { dn, password } = person(number);
        Turn::Bind(Credentials { dn, password: format!("{password},{code}") })
    }))
}

/// An application that looks somebody up on a connection of its own.
pub(super) fn logins_of_the_service(people: u32) -> Work {
    unconnected(everybody(people).map(|number| Turn::Login(service(), by_uid(number))))
}

/// People who sign in and whose entry is read as themselves.
pub(super) fn logins_of_people(people: u32) -> Work {
    unconnected(everybody(people).map(|number| Turn::Login(person(number), by_dn(number))))
}

fn signed_in(turns: impl Iterator<Item = Turn> + 'static) -> Work {
    Work { first: Some(service()), on_open: true, turns: Box::new(turns) }
}

fn connected(turns: impl Iterator<Item = Turn> + 'static) -> Work {
    Work { first: None, on_open: true, turns: Box::new(turns) }
}

fn unconnected(turns: impl Iterator<Item = Turn> + 'static) -> Work {
    Work { first: None, on_open: false, turns: Box::new(turns) }
}

/// By turns, without end.
fn everybody(people: u32) -> impl Iterator<Item = u32> + 'static {
    (1..=people.max(1)).cycle()
}

fn by_dn(number: u32) -> Wanted {
    let base = slapd::user_dn(number);
    let filter = Filter::Present("objectClass");
    Wanted { search: Search { base, scope: Scope::Base, filter, attributes: OF_A_PERSON }, entries: 1 }
}

fn by_uid(number: u32) -> Wanted {
    let filter = Filter::Equality("uid", slapd::user_name(number));
    let search = Search { base: slapd::PEOPLE.to_owned(), scope: Scope::Subtree, filter, attributes: OF_A_PERSON };
    Wanted { search, entries: 1 }
}

fn all(people: u32) -> Wanted {
    let filter = Filter::Present("uid");
    let search = Search { base: slapd::PEOPLE.to_owned(), scope: Scope::OneLevel, filter, attributes: &[] };
    Wanted { search, entries: u64::from(people) }
}

/// What a client may ask of any server without signing in (RFC 4512 §5.1).
pub(super) fn root_dse() -> Search {
    Search {
        base: String::new(),
        scope: Scope::Base,
        filter: Filter::Present("objectClass"),
        attributes: &["supportedLDAPVersion"],
    }
}
