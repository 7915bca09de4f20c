//! What we say ourselves: refusals, the answers that are ours, and binds.

use super::ber::{ENUMERATED, INTEGER, OCTET_STRING, SEQUENCE};

/// Result codes (RFC 4511 §4.1.9) that we give.
pub(crate) mod code {
    pub(crate) const SUCCESS: u8 = 0;
    pub(crate) const OPERATIONS_ERROR: u8 = 1;
    pub(crate) const PROTOCOL_ERROR: u8 = 2;
    pub(crate) const AUTH_METHOD_NOT_SUPPORTED: u8 = 7;
    pub(crate) const STRONGER_AUTH_REQUIRED: u8 = 8;
    pub(crate) const ADMIN_LIMIT_EXCEEDED: u8 = 11;
    pub(crate) const UNAVAILABLE_CRITICAL_EXTENSION: u8 = 12;
    pub(crate) const CONFIDENTIALITY_REQUIRED: u8 = 13;
    pub(crate) const SASL_BIND_IN_PROGRESS: u8 = 14;
    pub(crate) const INVALID_CREDENTIALS: u8 = 49;
    pub(crate) const INSUFFICIENT_ACCESS_RIGHTS: u8 = 50;
    pub(crate) const BUSY: u8 = 51;
    pub(crate) const UNAVAILABLE: u8 = 52;
    pub(crate) const UNWILLING_TO_PERFORM: u8 = 53;
    pub(crate) const AUTHORIZATION_DENIED: u8 = 123;
}

/// Names of extended operations and controls.
pub(crate) mod oid {
    pub(crate) const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";
    pub(crate) const NOTICE_OF_DISCONNECTION: &[u8] = b"1.3.6.1.4.1.1466.20036";
    pub(crate) const WHO_AM_I: &[u8] = b"1.3.6.1.4.1.4203.1.11.3";
    pub(crate) const PASSWORD_MODIFY: &[u8] = b"1.3.6.1.4.1.4203.1.11.1";
    /// Client and server change places (RFC 4531).
    pub(crate) const TURN: &[u8] = b"1.3.6.1.1.19";
    /// OpenLDAP's check of a name and password without signing in.
    pub(crate) const VERIFY_CREDENTIALS: &[u8] = b"1.3.6.1.4.1.4203.666.6.5";
    /// Active Directory's mode for checking passwords and nothing else (MS-ADTS 3.1.1.3.4.2.4).
    pub(crate) const FAST_BIND: &[u8] = b"1.2.840.113556.1.4.1781";
    /// To act as somebody else (RFC 4370), and its draft.
    pub(crate) const PROXIED_AUTHORIZATION: [&[u8]; 2] = [b"2.16.840.1.113730.3.4.18", b"2.16.840.1.113730.3.4.12"];
    /// Warnings of a password policy, asked for.
    pub(crate) const PASSWORD_POLICY: &[u8] = b"1.3.6.1.4.1.42.2.27.8.5.1";
}

const BIND_RESPONSE: u8 = 0x61;
const EXTENDED_RESPONSE: u8 = 0x78;
const ABANDON: u8 = 0x50;

/// A result, with the words that go with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Result {
    pub(crate) code: u8,
    pub(crate) text: &'static str,
}

impl Result {
    pub(crate) const fn new(code: u8, text: &'static str) -> Self {
        Self { code, text }
    }
}

/// The tag of the response that ends an operation, by the tag of its request.
pub(crate) mod ending {
    pub(crate) const BIND: u8 = super::BIND_RESPONSE;
    pub(crate) const SEARCH: u8 = 0x65;
    pub(crate) const MODIFY: u8 = 0x67;
    pub(crate) const ADD: u8 = 0x69;
    pub(crate) const DELETE: u8 = 0x6B;
    pub(crate) const RENAME: u8 = 0x6D;
    pub(crate) const COMPARE: u8 = 0x6F;
    pub(crate) const EXTENDED: u8 = super::EXTENDED_RESPONSE;
}

/// A response that consists of a result and nothing else.
pub(crate) fn respond(id: i32, tag: u8, result: Result) -> Vec<u8> {
    message(id, tag, &plain(result))
}

/// The answer to a bind, behind its message id.
pub(crate) fn bind_result(result: Result) -> Vec<u8> {
    let mut octets = Vec::new();
    put(&mut octets, BIND_RESPONSE, &plain(result));
    octets
}

/// The answer to an extended operation, with its name and value.
pub(crate) fn extended(id: i32, result: Result, name: Option<&[u8]>, value: Option<&[u8]>) -> Vec<u8> {
    let mut content = plain(result);
    if let Some(name) = name {
        put(&mut content, 0x8A, name);
    }
    if let Some(value) = value {
        put(&mut content, 0x8B, value);
    }
    message(id, EXTENDED_RESPONSE, &content)
}

/// The last word on a connection, and why (RFC 4511 §4.4.1).
pub(crate) fn notice_of_disconnection(result: Result) -> Vec<u8> {
    extended(0, result, Some(oid::NOTICE_OF_DISCONNECTION), None)
}

/// A simple bind, with the controls the client sent.
pub(crate) fn bind_request(id: i32, name: &[u8], password: &[u8], controls: &[u8]) -> zeroize::Zeroizing<Vec<u8>> {
    // Room for all of it, so that no copy of the password is left behind when it grows.
    let room = name.len() + password.len() + controls.len() + 64;
    let mut content = zeroize::Zeroizing::new(Vec::with_capacity(room));
    put(&mut content, INTEGER, &[3]);
    put(&mut content, OCTET_STRING, name);
    put(&mut content, 0x80, password);
    let mut octets = zeroize::Zeroizing::new(Vec::with_capacity(room + 32));
    message_into(&mut octets, id, 0x60, &content, controls);
    octets
}

/// The question who one is (RFC 4532).
pub(crate) fn who_am_i(id: i32) -> Vec<u8> {
    let mut name = Vec::new();
    put(&mut name, 0x80, oid::WHO_AM_I);
    message(id, 0x77, &name)
}

/// A message whose operation and controls are there already.
pub(crate) fn again(id: i32, after_id: &[u8]) -> Vec<u8> {
    let mut content = Vec::with_capacity(after_id.len() + 8);
    put(&mut content, INTEGER, &number(id));
    content.extend_from_slice(after_id);
    let mut octets = Vec::with_capacity(content.len() + 8);
    put(&mut octets, SEQUENCE, &content);
    octets
}

fn plain(result: Result) -> Vec<u8> {
    let mut content = Vec::with_capacity(16 + result.text.len());
    put(&mut content, ENUMERATED, &[result.code]);
    put(&mut content, OCTET_STRING, b"");
    put(&mut content, OCTET_STRING, result.text.as_bytes());
    content
}

fn message(id: i32, tag: u8, content: &[u8]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(content.len() + 24);
    message_into(&mut octets, id, tag, content, &[]);
    octets
}

/// A message whose operation is there already, behind others.
pub(crate) fn put_message(octets: &mut Vec<u8>, id: i32, operation: &[u8]) {
    let mut head = Vec::with_capacity(6);
    put_number(&mut head, INTEGER, id.unsigned_abs());
    octets.push(SEQUENCE);
    put_length(octets, head.len() + operation.len());
    octets.extend_from_slice(&head);
    octets.extend_from_slice(operation);
}

/// Nobody waits for the answer to this message any more (RFC 4511 §4.11). It has a number of its own, and no answer.
pub(crate) fn put_abandon(octets: &mut Vec<u8>, id: i32, abandoned: i32) {
    let mut operation = Vec::with_capacity(6);
    put_number(&mut operation, ABANDON, abandoned.unsigned_abs());
    put_message(octets, id, &operation);
}

fn message_into(octets: &mut Vec<u8>, id: i32, tag: u8, content: &[u8], controls: &[u8]) {
    let id = number(id);
    let inside = element_len(id.len()) + element_len(content.len()) + controls.len();
    octets.push(SEQUENCE);
    put_length(octets, inside);
    put(octets, INTEGER, &id);
    put(octets, tag, content);
    octets.extend_from_slice(controls);
}

/// An element.
pub(crate) fn put(octets: &mut Vec<u8>, tag: u8, content: &[u8]) {
    octets.push(tag);
    put_length(octets, content.len());
    octets.extend_from_slice(content);
}

/// An element around what `content` puts.
pub(super) fn put_around<T>(octets: &mut Vec<u8>, tag: u8, content: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    octets.extend_from_slice(&[tag, 0]);
    let start = octets.len();
    let made = content(octets);
    let length = octets.len().saturating_sub(start);
    match (u8::try_from(length), octets.get_mut(start - 1)) {
        (Ok(short @ 0..0x80), Some(place)) => *place = short,
        _ => {
            let mut long = Vec::with_capacity(9);
            put_length(&mut long, length);
            octets.splice(start - 1..start, long);
        }
    }
    made
}

/// A number that is not negative, in as few octets as say it.
pub(super) fn put_number(octets: &mut Vec<u8>, tag: u8, number: u32) {
    let bytes = [&[0], &number.to_be_bytes()[..]].concat();
    let is_needless = |pair: &&[u8]| matches!(pair, [0, next] if *next < 0x80);
    let skipped = bytes.windows(2).take_while(is_needless).count();
    put(octets, tag, bytes.get(skipped..).unwrap_or_default());
}

fn element_len(content: usize) -> usize {
    1 + length_len(content) + content
}

fn length_len(length: usize) -> usize {
    if length < 0x80 { 1 } else { 1 + length.to_be_bytes().iter().skip_while(|octet| **octet == 0).count() }
}

fn put_length(octets: &mut Vec<u8>, length: usize) {
    match u8::try_from(length) {
        Ok(short @ 0..0x80) => octets.push(short),
        _ => {
            let bytes = length.to_be_bytes();
            let significant = bytes.iter().skip_while(|octet| **octet == 0);
            octets.push(0x80 | u8::try_from(significant.clone().count()).unwrap_or(8));
            octets.extend(significant);
        }
    }
}

/// The octets of a number that is not negative, as few as say it.
fn number(id: i32) -> Vec<u8> {
    let bytes = id.to_be_bytes();
    let zeros = bytes.iter().take_while(|octet| **octet == 0).count().min(3);
    let mut octets: Vec<u8> = bytes.iter().skip(zeros).copied().collect();
    if octets.first().is_some_and(|first| *first >= 0x80) {
        octets.insert(0, 0);
    }
    octets
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Authentication, Message, Operation, measure};
    use super::*;

    #[test]
    fn answers_have_the_shortest_form() {
        assert_eq!(
            again(1, &bind_result(Result::new(0, ""))),
            b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00"
        );
        let notice = notice_of_disconnection(Result::new(52, "x"));
        assert_eq!(&notice[..7], b"\x30\x25\x02\x01\x00\x78\x20");
        assert!(notice.ends_with(b"\x8a\x161.3.6.1.4.1.1466.20036"));
    }

    proptest! {
        #[test]
        fn a_bind_is_read_back_as_it_was_written(
            id in 1..=i32::MAX,
            name in proptest::collection::vec(any::<u8>(), 0..300),
            password in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            let octets = bind_request(id, &name, &password, b"\xa0\x00");
            let measured = measure(&octets, 10_000).unwrap().unwrap();
            prop_assert_eq!(measured.total, octets.len());
            let message = Message::read(&octets[measured.head..]).unwrap();
            prop_assert_eq!(message.id, id);
            let Operation::Bind(bind) = message.operation else { panic!() };
            prop_assert_eq!((bind.name, bind.authentication), (&name[..], Authentication::Simple(&password)));
            prop_assert_eq!(message.controls.octets, b"\xa0\x00");
        }
    }
}
