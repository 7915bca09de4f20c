//! The messages of RFC 4511 that a login and a search need.

use super::ber::{self, BOOLEAN, ENUMERATED, INTEGER, OCTET_STRING, SEQUENCE};

const BIND_REQUEST: u8 = 0x60;
const BIND_RESPONSE: u8 = 0x61;
const UNBIND_REQUEST: u8 = 0x42;
const SEARCH_REQUEST: u8 = 0x63;
const SEARCH_ENTRY: u8 = 0x64;
const SEARCH_DONE: u8 = 0x65;
const SEARCH_REFERENCE: u8 = 0x73;
/// `simple` in AuthenticationChoice (§4.2).
const SIMPLE: u8 = 0x80;
/// `equalityMatch` and `present` in Filter (§4.5.1).
const EQUALITY_MATCH: u8 = 0xa3;
const PRESENT: u8 = 0x87;
const VERSION: u32 = 3;

const SUCCESS: u32 = 0;

/// Who binds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) dn: String,
    pub(super) password: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Search {
    pub(super) base: String,
    pub(super) scope: Scope,
    pub(super) filter: Filter,
    /// What is asked of each entry; nothing means everything.
    pub(super) attributes: &'static [&'static str],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Base,
    OneLevel,
    Subtree,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Filter {
    Equality(&'static str, String),
    Present(&'static str),
}

pub(super) fn bind(out: &mut Vec<u8>, id: u32, who: &Credentials) {
    message(out, id, |out| {
        ber::element(out, BIND_REQUEST, |out| {
            ber::number(out, INTEGER, VERSION);
            ber::octets(out, OCTET_STRING, who.dn.as_bytes());
            ber::octets(out, SIMPLE, who.password.as_bytes());
        });
    });
}

pub(super) fn search(out: &mut Vec<u8>, id: u32, search: &Search) {
    message(out, id, |out| {
        ber::element(out, SEARCH_REQUEST, |out| {
            ber::octets(out, OCTET_STRING, search.base.as_bytes());
            ber::number(out, ENUMERATED, search.scope.number());
            // Aliases are never followed; no limit of size or time; values are wanted.
            ber::number(out, ENUMERATED, 0);
            ber::number(out, INTEGER, 0);
            ber::number(out, INTEGER, 0);
            ber::octets(out, BOOLEAN, &[0]);
            search.filter.write(out);
            ber::element(out, SEQUENCE, |out| {
                for attribute in search.attributes {
                    ber::octets(out, OCTET_STRING, attribute.as_bytes());
                }
            });
        });
    });
}

pub(super) fn unbind(out: &mut Vec<u8>, id: u32) {
    message(out, id, |out| ber::octets(out, UNBIND_REQUEST, &[]));
}

fn message(out: &mut Vec<u8>, id: u32, operation: impl FnOnce(&mut Vec<u8>)) {
    ber::element(out, SEQUENCE, |out| {
        ber::number(out, INTEGER, id);
        operation(out);
    });
}

impl Scope {
    fn number(self) -> u32 {
        match self {
            Self::Base => 0,
            Self::OneLevel => 1,
            Self::Subtree => 2,
        }
    }
}

impl Filter {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Present(attribute) => ber::octets(out, PRESENT, attribute.as_bytes()),
            Self::Equality(attribute, value) => ber::element(out, EQUALITY_MATCH, |out| {
                ber::octets(out, OCTET_STRING, attribute.as_bytes());
                ber::octets(out, OCTET_STRING, value.as_bytes());
            }),
        }
    }
}

/// What a server sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Received {
    pub(super) id: u32,
    pub(super) answer: Answer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Bound(ResultCode),
    Entry,
    Reference,
    Done(ResultCode),
    /// Anything else: the unsolicited notice that it disconnects, for one.
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ResultCode(pub(super) u32);

impl ResultCode {
    pub(super) fn is_success(self) -> bool {
        self.0 == SUCCESS
    }
}

/// The first message of what was received, and its length; `None` until it is there as a whole.
pub(super) fn first(received: &[u8]) -> Option<(Option<Received>, usize)> {
    let message = ber::first(received)?;
    Some((parse(&message), received.len() - message.rest.len()))
}

fn parse(message: &ber::Element<'_>) -> Option<Received> {
    let id = ber::first(message.content).filter(|id| message.tag == SEQUENCE && id.tag == INTEGER)?;
    let operation = ber::first(id.rest)?;
    let answer = match operation.tag {
        BIND_RESPONSE => Answer::Bound(result_code(operation.content)?),
        SEARCH_DONE => Answer::Done(result_code(operation.content)?),
        SEARCH_ENTRY => Answer::Entry,
        SEARCH_REFERENCE => Answer::Reference,
        _ => Answer::Other,
    };
    Some(Received { id: ber::value(id.content)?, answer })
}

/// LDAPResult begins with it (§4.1.9).
fn result_code(result: &[u8]) -> Option<ResultCode> {
    let code = ber::first(result).filter(|code| code.tag == ENUMERATED)?;
    ber::value(code.content).map(ResultCode)
}
