//! What a client writes, and what it reads of the answers.

use super::{Heard, Read, Wanted};
use crate::wire::ber::{self, ENUMERATED, Elements, INTEGER, OCTET_STRING, SEQUENCE};
use crate::wire::{entry_of, put};

const EXTENDED_REQUEST: u8 = 0x77;
const EXTENDED_VALUE: u8 = 0x8B;
const SEARCH_REQUEST: u8 = 0x63;

pub(super) fn extended_request(name: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    put(&mut content, 0x80, name);
    let mut request = Vec::new();
    put(&mut request, EXTENDED_REQUEST, &content);
    request
}

/// The message id, and the tag of the operation.
pub(super) fn kind(content: &[u8]) -> Option<(i32, u8)> {
    let mut message = Elements(content);
    let id = i32::try_from(ber::number(message.expect(INTEGER)?)?).ok()?;
    message.next().map(|(tag, _)| (id, tag))
}

/// The result in a response, and the value of an extended one.
pub(super) fn heard(content: &[u8], tag: u8) -> Option<(Heard, String)> {
    let mut message = Elements(content);
    message.expect(INTEGER)?;
    let mut response = Elements(message.expect(tag)?);
    let code = ber::number(response.expect(ENUMERATED)?)?;
    response.expect(OCTET_STRING)?;
    let text = String::from_utf8_lossy(response.expect(OCTET_STRING)?).into_owned();
    let mut value = String::new();
    while let Some((found, content)) = response.next() {
        if found == EXTENDED_VALUE {
            value = String::from_utf8_lossy(content).into_owned();
        }
    }
    Some((Heard { code, text }, value))
}

/// RFC 4511 §4.5.1. Filters are built here and never parsed, so nothing in a value can change them.
pub(super) fn search_request(wanted: Wanted<'_>) -> Vec<u8> {
    const BASE: u8 = 0;
    const SUBTREE: u8 = 2;
    const IS_PRESENT: u8 = 0x87;
    const IS_EQUAL: u8 = 0xA3;
    let mut filter = Vec::new();
    let (base, scope) = match wanted {
        Wanted::At(dn) => {
            put(&mut filter, IS_PRESENT, b"objectClass");
            (dn, BASE)
        }
        Wanted::Below { base, attribute, value } => {
            let mut equal = Vec::new();
            put(&mut equal, OCTET_STRING, attribute.as_bytes());
            put(&mut equal, OCTET_STRING, value.as_bytes());
            put(&mut filter, IS_EQUAL, &equal);
            (base, SUBTREE)
        }
    };
    let mut content = Vec::new();
    put(&mut content, OCTET_STRING, base.as_bytes());
    put(&mut content, ENUMERATED, &[scope]);
    // Aliases are not followed; one entry is enough; the server need not hurry, and sends values too.
    put(&mut content, ENUMERATED, &[0]);
    put(&mut content, INTEGER, &[1]);
    put(&mut content, INTEGER, &[0]);
    put(&mut content, ber::BOOLEAN, &[0]);
    content.extend_from_slice(&filter);
    put(&mut content, SEQUENCE, &[]);
    let mut request = Vec::new();
    put(&mut request, SEARCH_REQUEST, &content);
    request
}

/// The entry in a response, if it is one.
pub(super) fn read(content: &[u8]) -> Option<Read> {
    let entry = entry_of(content)?;
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let texts = |values: &Vec<&[u8]>| values.iter().map(|value| text(value)).collect();
    let attributes = entry.attributes.iter().map(|(name, values)| (text(name), texts(values))).collect();
    Some(Read { dn: text(entry.dn), attributes })
}
