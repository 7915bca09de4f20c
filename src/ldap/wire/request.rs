//! A client's message: which operation it asks for, and what a gateway has to know of it.

use super::ber::{self, BOOLEAN, ENUMERATED, Elements, INTEGER, OCTET_STRING, SEQUENCE};
use super::filter;
use super::frame::Malformed;
use super::write::ending;

const BIND: u8 = 0x60;
const UNBIND: u8 = 0x42;
const SEARCH: u8 = 0x63;
const MODIFY: u8 = 0x66;
const ADD: u8 = 0x68;
const DELETE: u8 = 0x4A;
const RENAME: u8 = 0x6C;
const COMPARE: u8 = 0x6E;
const ABANDON: u8 = 0x50;
const EXTENDED: u8 = 0x77;
const CONTROLS: u8 = 0xA0;

const SIMPLE: u8 = 0x80;
const SASL: u8 = 0xA3;

/// One whole message of a client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    pub(crate) id: i32,
    pub(crate) operation: Operation<'a>,
    pub(crate) controls: Controls<'a>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Operation<'a> {
    Bind(BindRequest<'a>),
    Unbind,
    Search(Search<'a>),
    Modify,
    Add,
    Delete,
    Rename,
    Compare(Compare<'a>),
    /// The message that nobody waits for any more.
    Abandon(i32),
    Extended(Extended<'a>),
}

impl Operation<'_> {
    /// The tag of the response that ends it; `None` where there is none.
    pub(crate) fn ending(&self) -> Option<u8> {
        Some(match self {
            Self::Bind(_) => ending::BIND,
            Self::Search(_) => ending::SEARCH,
            Self::Modify => ending::MODIFY,
            Self::Add => ending::ADD,
            Self::Delete => ending::DELETE,
            Self::Rename => ending::RENAME,
            Self::Compare(_) => ending::COMPARE,
            Self::Extended(_) => ending::EXTENDED,
            Self::Unbind | Self::Abandon(_) => return None,
        })
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BindRequest<'a> {
    pub(crate) version: u32,
    pub(crate) name: &'a [u8],
    pub(crate) authentication: Authentication<'a>,
}

#[derive(PartialEq, Eq)]
pub(crate) enum Authentication<'a> {
    Simple(&'a [u8]),
    Sasl {
        mechanism: &'a [u8],
        credentials: Option<&'a [u8]>,
    },
    /// A way that RFC 4511 does not know (Active Directory's Sicily).
    Other,
}

/// A password is in it.
impl std::fmt::Debug for Authentication<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Simple(_) => "Simple(..)",
            Self::Sasl { .. } => "Sasl(..)",
            Self::Other => "Other",
        })
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Search<'a> {
    pub(crate) base: &'a [u8],
    pub(crate) scope: u32,
    /// It compares a password with a value.
    pub(crate) asks_for_a_password: bool,
}

impl Search<'_> {
    /// What the server says of itself (RFC 4512 §5.1).
    pub(crate) fn is_of_root_dse(&self) -> bool {
        self.base.is_empty() && self.scope == 0
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Compare<'a> {
    attribute: &'a [u8],
}

impl Compare<'_> {
    pub(crate) fn asks_for_a_password(&self) -> bool {
        filter::is_password(self.attribute)
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Extended<'a> {
    pub(crate) name: &'a [u8],
}

/// The controls of a message, as they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Controls<'a> {
    /// Tag and length included; empty where there are none.
    pub(crate) octets: &'a [u8],
}

impl<'a> Controls<'a> {
    /// Name and criticality of each.
    pub(crate) fn each(self) -> impl Iterator<Item = (&'a [u8], bool)> {
        self.whole().map(|(name, is_critical, _)| (name, is_critical))
    }

    /// Whether one of them compares a password with a value: an assertion (RFC 4528), or the values that are to match
    /// (RFC 3876). What cannot be read is taken for it.
    pub(crate) fn ask_for_a_password(self) -> bool {
        self.whole().any(|(name, _, value)| {
            let filter = match name {
                b"1.3.6.1.1.12" => value,
                b"1.2.826.0.1.3344810.2.3" => value.and_then(|value| Elements(value).expect(SEQUENCE)),
                _ => return false,
            };
            let is_readable = filter.filter(|filter| ber::is_well_formed(filter));
            is_readable.and_then(filter::asks_for_a_password).unwrap_or(true)
        })
    }

    fn whole(self) -> impl Iterator<Item = Control<'a>> {
        let mut list = Elements(Elements(self.octets).next().map_or(&[], |(_, content)| content));
        std::iter::from_fn(move || control(list.expect(SEQUENCE)?))
    }

    /// One of them must be obeyed. What we answer ourselves obeys none (LDP-15).
    pub(crate) fn has_critical(self) -> bool {
        self.each().any(|(_, is_critical)| is_critical)
    }

    fn are_readable(self) -> bool {
        let Some((CONTROLS, content)) = Elements(self.octets).next() else { return self.octets.is_empty() };
        let mut list = Elements(content);
        while !list.is_empty() {
            if list.expect(SEQUENCE).and_then(control).is_none() {
                return false;
            }
        }
        true
    }
}

/// Name, criticality and value.
type Control<'a> = (&'a [u8], bool, Option<&'a [u8]>);

fn control(content: &[u8]) -> Option<Control<'_>> {
    let mut parts = Elements(content);
    let name = parts.expect(OCTET_STRING)?;
    let is_critical = match parts.0.first() {
        Some(&BOOLEAN) => parts.expect(BOOLEAN)? == [0xFF],
        _ => false,
    };
    let value = if parts.0.first() == Some(&OCTET_STRING) { Some(parts.expect(OCTET_STRING)?) } else { None };
    parts.is_empty().then_some((name, is_critical, value))
}

impl<'a> Message<'a> {
    /// Read the content of a message. Anything that is not exactly a request is malformed: what we do not understand is
    /// not passed on (LDP-01, LDP-04).
    pub(crate) fn read(content: &'a [u8]) -> Result<Self, Malformed> {
        if !ber::is_well_formed(content) {
            return Err(Malformed("its elements are not in the form that LDAP allows"));
        }
        let mut parts = Elements(content);
        let id = parts.expect(INTEGER).and_then(message_id).ok_or(Malformed("its message id is none"))?;
        let (tag, operation) = parts.next().ok_or(Malformed("it has no operation"))?;
        let controls = Controls { octets: parts.0 };
        if !(controls.octets.is_empty() || (parts.next().is_some() && parts.is_empty() && controls.are_readable())) {
            return Err(Malformed("something other than controls follows its operation"));
        }
        let operation = read_operation(tag, operation).ok_or(Malformed("its operation cannot be read"))?;
        Ok(Self { id, operation, controls })
    }
}

/// 1 to 2^31 - 1: 0 is the server's own (LDP-03).
fn message_id(content: &[u8]) -> Option<i32> {
    ber::number(content).and_then(|id| i32::try_from(id).ok()).filter(|id| *id > 0)
}

fn read_operation(tag: u8, content: &[u8]) -> Option<Operation<'_>> {
    Some(match tag {
        BIND => Operation::Bind(read_bind(content)?),
        UNBIND if content.is_empty() => Operation::Unbind,
        SEARCH => Operation::Search(read_search(content)?),
        MODIFY => Operation::Modify,
        ADD => Operation::Add,
        DELETE => Operation::Delete,
        RENAME => Operation::Rename,
        COMPARE => Operation::Compare(read_compare(content)?),
        ABANDON => Operation::Abandon(ber::number(content).and_then(|id| i32::try_from(id).ok())?),
        EXTENDED => Operation::Extended(read_extended(content)?),
        _ => return None,
    })
}

fn read_bind(content: &[u8]) -> Option<BindRequest<'_>> {
    let mut parts = Elements(content);
    let version = ber::number(parts.expect(INTEGER)?)?;
    let name = parts.expect(OCTET_STRING)?;
    let authentication = match parts.next()? {
        (SIMPLE, password) => Authentication::Simple(password),
        (SASL, content) => {
            let mut sasl = Elements(content);
            let mechanism = sasl.expect(OCTET_STRING)?;
            let credentials = if sasl.is_empty() { None } else { Some(sasl.expect(OCTET_STRING)?) };
            if !sasl.is_empty() {
                return None;
            }
            Authentication::Sasl { mechanism, credentials }
        }
        _ => Authentication::Other,
    };
    parts.is_empty().then_some(BindRequest { version, name, authentication })
}

fn read_search(content: &[u8]) -> Option<Search<'_>> {
    let mut parts = Elements(content);
    let base = parts.expect(OCTET_STRING)?;
    let scope = ber::number(parts.expect(ENUMERATED)?)?;
    parts.expect(ENUMERATED)?;
    parts.expect(INTEGER)?;
    parts.expect(INTEGER)?;
    parts.expect(BOOLEAN)?;
    let filter = element(&mut parts)?;
    let asks_for_a_password = filter::asks_for_a_password(filter)?;
    parts.expect(SEQUENCE)?;
    parts.is_empty().then_some(Search { base, scope, asks_for_a_password })
}

/// The next element with its tag and length.
fn element<'a>(parts: &mut Elements<'a>) -> Option<&'a [u8]> {
    let whole = parts.0;
    parts.next()?;
    whole.get(..whole.len().checked_sub(parts.0.len())?)
}

fn read_compare(content: &[u8]) -> Option<Compare<'_>> {
    let mut parts = Elements(content);
    parts.expect(OCTET_STRING)?;
    let mut assertion = Elements(parts.expect(SEQUENCE)?);
    let attribute = assertion.expect(OCTET_STRING)?;
    assertion.expect(OCTET_STRING)?;
    (assertion.is_empty() && parts.is_empty()).then_some(Compare { attribute })
}

fn read_extended(content: &[u8]) -> Option<Extended<'_>> {
    let mut parts = Elements(content);
    let name = parts.expect(0x80)?;
    if !parts.is_empty() {
        parts.expect(0x81)?;
    }
    parts.is_empty().then_some(Extended { name })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_simple_bind_is_read_with_its_controls() {
        let content = b"\x02\x01\x07\x60\x10\x02\x01\x03\x04\x04cn=a\x80\x05secre\xa0\x09\x30\x07\x04\x031.2\x04\x00";
        let message = Message::read(content).unwrap();
        assert_eq!(message.id, 7);
        let Operation::Bind(bind) = &message.operation else { panic!("{message:?}") };
        assert_eq!((bind.version, bind.name), (3, &b"cn=a"[..]));
        assert_eq!(bind.authentication, Authentication::Simple(b"secre"));
        assert_eq!(message.controls.each().collect::<Vec<_>>(), [(&b"1.2"[..], false)]);
        assert!(!format!("{message:?}").contains("secre"));
    }

    #[test]
    fn a_search_is_read_as_far_as_we_need_it() {
        let content = b"\x02\x01\x02\x63\x1f\x04\x00\x0a\x01\x00\x0a\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\
                        \x87\x0bobjectClass\x30\x00";
        // The length of the operation above is that of its parts.
        let length = content.len() - 5;
        let mut content = content.to_vec();
        content[4] = u8::try_from(length).unwrap();
        let Ok(Message { operation: Operation::Search(search), .. }) = Message::read(&content) else { panic!() };
        assert!(search.is_of_root_dse() && !search.asks_for_a_password);
    }

    #[test] // LDP-03, LDP-04, LDP-01
    fn what_is_no_request_is_malformed() {
        for (content, why) in [
            (&b"\x02\x01\x00\x42\x00"[..], "the id 0"),
            (b"\x02\x01\xff\x42\x00", "the id -1"),
            (b"\x02\x05\x00\x80\x00\x00\x00\x42\x00", "the id 2^31"),
            (b"\x02\x01\x01\x7f\x00", "a tag that nobody knows"),
            (b"\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00", "a response"),
            (b"\x02\x01\x01\x42\x00\x42\x00", "two operations"),
            (b"\x02\x01\x01\x42\x00\xa0\x02\x30\x00", "a control without a name"),
            (b"\x02\x01\x01\x42\x01\x00", "an unbind with a content"),
            (b"\x02\x01\x01", "no operation"),
            (b"\x02\x01\x01\x77\x05\x81\x03abc", "an extended request without a name"),
        ] {
            assert!(Message::read(content).is_err(), "{why}");
        }
        assert_eq!(Message::read(b"\x02\x04\x7f\xff\xff\xff\x42\x00").unwrap().id, i32::MAX);
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_without_a_panic(content in proptest::collection::vec(any::<u8>(), 0..120)) {
            Message::read(&content).ok();
        }

        #[test]
        fn what_is_cut_short_is_no_request(cut in 0_usize..22) {
            let content = b"\x02\x01\x07\x60\x10\x02\x01\x03\x04\x04cn=a\x80\x05secre";
            prop_assume!(cut < content.len());
            prop_assert!(Message::read(&content[..cut]).is_err());
        }
    }
}
