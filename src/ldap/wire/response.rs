//! The directory's answers that we read: to a bind, and what a server says of itself.

use super::ber::{self, ENUMERATED, Elements, INTEGER, OCTET_STRING};

const BIND_RESPONSE: u8 = 0x61;
const ENTRY: u8 = 0x64;
const REFERRAL: u8 = 0xA3;
const SASL_CREDENTIALS: u8 = 0x87;
const CONTROLS: u8 = 0xA0;

/// The name and the value of a control.
type NamedValue<'a> = (&'a [u8], Option<&'a [u8]>);

/// How an operation ended (RFC 4511 §4.1.9), without the entry that matched and the servers to ask instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outcome<'a> {
    pub(crate) code: u32,
    /// In UTF-8, if the directory keeps to the standard. Some do not.
    pub(crate) text: &'a [u8],
    matched: &'a [u8],
}

impl<'a> Outcome<'a> {
    /// Read a result that has nothing behind its text but these fields, in this order.
    pub(super) fn read(mut response: Elements<'a>, fields: &[u8]) -> Option<Self> {
        let code = ber::number(response.expect(ENUMERATED)?)?;
        let matched = response.expect(OCTET_STRING)?;
        let text = response.expect(OCTET_STRING)?;
        let mut fields = fields.iter();
        while !response.is_empty() {
            let (found, _) = response.next()?;
            fields.find(|field| **field == found)?;
        }
        Some(Self { code, text, matched })
    }

    /// Read the end of a search.
    pub(super) fn of_search(response: Elements<'a>) -> Option<Self> {
        Self::read(response, &[REFERRAL]).filter(Self::is_exact)
    }

    /// A refusal may be worded in whatever letters; a yes is one only where all of it is right.
    pub(crate) fn is_exact(&self) -> bool {
        self.code != 0 || [self.matched, self.text].iter().all(|words| std::str::from_utf8(words).is_ok())
    }
}

/// What may follow an operation.
pub(super) fn is_controls_or_nothing(mut message: Elements<'_>) -> bool {
    message.is_empty() || (message.expect(CONTROLS).is_some() && message.is_empty())
}

/// The answer to a bind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BindResponse<'a> {
    pub(crate) outcome: Outcome<'a>,
    pub(crate) controls: Vec<NamedValue<'a>>,
    /// Everything behind the message id, to be said again.
    pub(crate) after_id: &'a [u8],
}

impl<'a> BindResponse<'a> {
    /// Read the content of a message; `None` if it is not wholly the answer to the bind `id`.
    pub(crate) fn read(content: &'a [u8], id: i32) -> Option<Self> {
        if !ber::is_well_formed(content) {
            return None;
        }
        let mut message = Elements(content);
        let answered = ber::number(message.expect(INTEGER)?)?;
        let after_id = message.0;
        let outcome = Outcome::read(Elements(message.expect(BIND_RESPONSE)?), &[REFERRAL, SASL_CREDENTIALS])?;
        let controls = if message.is_empty() { Vec::new() } else { controls(message.expect(CONTROLS)?)? };
        let is_whole = message.is_empty() && i32::try_from(answered).ok() == Some(id);
        is_whole.then_some(Self { outcome, controls, after_id })
    }
}

fn controls(content: &[u8]) -> Option<Vec<NamedValue<'_>>> {
    let mut list = Elements(content);
    let mut controls = Vec::new();
    while !list.is_empty() {
        let mut control = Elements(list.expect(ber::SEQUENCE)?);
        let name = control.expect(OCTET_STRING)?;
        if control.0.first() == Some(&ber::BOOLEAN) {
            control.next()?;
        }
        let value = if control.is_empty() { None } else { Some(control.expect(OCTET_STRING)?) };
        controls.push((name, value));
    }
    Some(controls)
}

/// The answer to the question who one is: an authorization identity (RFC 4513 §5.2.1.8); nothing where there is none.
pub(crate) fn named(content: &[u8]) -> Option<String> {
    if !ber::is_well_formed(content) {
        return None;
    }
    let mut message = Elements(content);
    message.expect(INTEGER)?;
    let mut response = Elements(message.expect(0x78)?);
    let is_success = ber::number(response.expect(ENUMERATED)?)? == 0;
    response.expect(OCTET_STRING)?;
    response.expect(OCTET_STRING)?;
    while !response.is_empty() {
        if let (0x8B, name) = response.next()? {
            let name = std::str::from_utf8(name).ok().filter(|name| !name.is_empty() && is_success)?;
            return Some(name.to_owned());
        }
    }
    None
}

/// An entry of a search: its attributes with their values.
pub(crate) struct Entry<'a> {
    pub(crate) dn: &'a [u8],
    pub(crate) attributes: Vec<(&'a [u8], Vec<&'a [u8]>)>,
    /// Controls, as they came.
    pub(crate) after: &'a [u8],
}

/// The entry in the content of a message.
pub(crate) fn entry_of(content: &[u8]) -> Option<Entry<'_>> {
    if !ber::is_well_formed(content) {
        return None;
    }
    let mut message = Elements(content);
    message.expect(INTEGER)?;
    let mut entry = Elements(message.expect(ENTRY)?);
    let dn = entry.expect(OCTET_STRING)?;
    let mut list = Elements(entry.expect(ber::SEQUENCE)?);
    let mut attributes = Vec::new();
    while !list.is_empty() {
        let mut attribute = Elements(list.expect(ber::SEQUENCE)?);
        let name = attribute.expect(OCTET_STRING)?;
        let mut set = Elements(attribute.expect(0x31)?);
        let mut values = Vec::new();
        while !set.is_empty() {
            values.push(set.expect(OCTET_STRING)?);
        }
        attributes.push((name, values));
    }
    Some(Entry { dn, attributes, after: message.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUCCESS: &[u8] = b"\x02\x01\x05\x61\x07\x0a\x01\x00\x04\x00\x04\x00";

    #[test]
    fn only_the_whole_answer_to_this_bind_is_one() {
        assert_eq!(BindResponse::read(SUCCESS, 5).unwrap().outcome.code, 0);
        assert_eq!(BindResponse::read(SUCCESS, 6), None, "of another");
        let trailing = [SUCCESS, b"\x04\x00"].concat();
        assert_eq!(BindResponse::read(&trailing, 5), None);
        let entry = b"\x02\x01\x05\x64\x04\x04\x00\x30\x00";
        assert_eq!(BindResponse::read(entry, 5), None);
        for cut in 0..SUCCESS.len() {
            assert_eq!(BindResponse::read(&SUCCESS[..cut], 5), None, "{cut}");
        }
    }

    #[test]
    fn behind_the_text_of_a_bind_come_a_referral_and_credentials_and_nothing_else() {
        let answer = |behind: &[u8]| {
            let mut content = b"\x02\x01\x05\x61".to_vec();
            content.push(u8::try_from(7 + behind.len()).unwrap());
            content.extend(b"\x0a\x01\x00\x04\x00\x04\x00");
            content.extend(behind);
            content
        };
        for behind in [&b"\xa3\x03\x04\x01x"[..], b"\x87\x01x", b"\xa3\x03\x04\x01x\x87\x01x"] {
            assert!(BindResponse::read(&answer(behind), 5).is_some(), "{behind:x?}");
        }
        for behind in [
            &b"\x8a\x01x"[..],
            b"\x8b\x01x",
            b"\x04\x00",
            b"\x87\x01x\xa3\x03\x04\x01x",
            b"\x87\x01x\x87\x01x",
            b"\x87\x01x\x8b\x01x",
        ] {
            assert_eq!(BindResponse::read(&answer(behind), 5), None, "{behind:x?}");
        }
    }

    #[test]
    fn a_success_in_other_letters_is_one_and_not_an_exact_one() {
        for words in [&b"\x04\x01\xfc\x04\x00"[..], b"\x04\x00\x04\x01\xfc"] {
            let content = [b"\x02\x01\x05\x61\x08\x0a\x01\x00", words].concat();
            let response = BindResponse::read(&content, 5).unwrap();
            assert_eq!((response.outcome.code, response.outcome.is_exact()), (0, false));
            assert_eq!(response.after_id, &content[3..]);
        }
        assert!(BindResponse::read(SUCCESS, 5).unwrap().outcome.is_exact());
    }

    #[test]
    fn nobody_is_named_but_by_a_success_with_a_name() {
        let answer = |code: u8, value: &[u8]| {
            let mut content = b"\x02\x01\x05\x78".to_vec();
            content.push(u8::try_from(7 + value.len()).unwrap());
            content.extend([0x0A, 1, code, 4, 0, 4, 0]);
            content.extend(value);
            named(&content)
        };
        assert_eq!(answer(0, b"\x8b\x08dn:uid=a"), Some("dn:uid=a".to_owned()));
        assert_eq!(answer(0, b"\x8b\x00"), None, "nobody");
        assert_eq!(answer(0, b""), None);
        assert_eq!(answer(2, b"\x8b\x08dn:uid=a"), None);
    }

    #[test]
    fn controls_of_an_answer_are_read() {
        let content = [SUCCESS, b"\xa0\x0c\x30\x0a\x04\x031.2\x04\x03\x30\x01\x00"].concat();
        assert_eq!(BindResponse::read(&content, 5).unwrap().controls, [(&b"1.2"[..], Some(&b"\x30\x01\x00"[..]))]);
    }
}
