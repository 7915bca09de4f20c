//! Where a message ends and what it is. Its head is read and nothing else, so a message of any size can go by in pieces.

use super::ber::{self, INTEGER, SEQUENCE};

/// It is not LDAP, or not what we take for it. The connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Malformed(pub(crate) &'static str);

/// The extent of the message at the start of some octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Measured {
    /// The octets before its content: tag and length.
    pub(crate) head: usize,
    /// Head and content.
    pub(crate) total: usize,
}

/// `None`: more octets are needed to tell. Whatever the length says, nothing is reserved for it here.
pub(crate) fn measure(octets: &[u8], content_max: usize) -> Result<Option<Measured>, Malformed> {
    let [tag, first, ..] = octets else {
        return match octets {
            [] | [SEQUENCE] => Ok(None),
            _ => Err(Malformed("it is no LDAP message")),
        };
    };
    if *tag != SEQUENCE {
        return Err(Malformed("it is no LDAP message"));
    }
    let more = match first {
        0..=0x7F => 0,
        0x81..=0x84 => usize::from(first & 0x7F),
        _ => return Err(Malformed("its length is not in a form that LDAP allows")),
    };
    let Some(length) = octets.get(1..2 + more) else { return Ok(None) };
    let Some((content, _)) = ber::length(length) else { return Err(Malformed("its length cannot be read")) };
    if content > content_max {
        return Err(Malformed("it is larger than allowed here"));
    }
    Ok(Some(Measured { head: 2 + more, total: 2 + more + content }))
}

/// The most octets that the head of a response takes, with the tag of its operation.
pub(crate) const RESPONSE_HEAD_MAX: usize = 6 + 6 + 1;

/// The id and the operation's tag, from the first octets of a message's content. `None`: more octets are needed.
pub(crate) fn response_head(content: &[u8], is_whole: bool) -> Result<Option<(i32, u8)>, Malformed> {
    let unreadable = Malformed("its message id cannot be read");
    let mut elements = ber::Elements(content);
    match elements.next() {
        Some((INTEGER, id)) => {
            let id = ber::number(id).and_then(|id| i32::try_from(id).ok()).ok_or(unreadable)?;
            match elements.0.first() {
                Some(tag) => Ok(Some((id, *tag))),
                None if is_whole => Err(Malformed("it has no operation")),
                None => Ok(None),
            }
        }
        None if !is_whole => Ok(None),
        _ => Err(unreadable),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test] // LDP-02
    fn a_message_of_two_gigabytes_is_refused_by_its_head_alone() {
        assert!(measure(b"\x30\x84\x7f\xff\xff\xff", 1 << 20).is_err());
        assert!(measure(b"\x30\x84\xff\xff\xff\xff", 1 << 20).is_err());
    }

    #[test] // LDP-01
    fn a_length_is_short_or_of_one_to_four_octets() {
        assert_eq!(measure(b"\x30\x05", 100), Ok(Some(Measured { head: 2, total: 7 })));
        assert_eq!(measure(b"\x30\x84\x00\x00\x00\x05", 100), Ok(Some(Measured { head: 6, total: 11 })));
        assert_eq!(measure(b"\x30\x84\x00\x00", 100), Ok(None));
        for octets in [&b"\x30\x80"[..], b"\x30\x85\x00\x00\x00\x00\x01", b"\x31\x05", b"GET / HTTP/1.1"] {
            assert!(measure(octets, 100).is_err(), "{octets:x?}");
        }
    }

    #[test]
    fn the_head_of_a_response_is_read_as_soon_as_it_is_there() {
        let content = b"\x02\x02\x01\x00\x64\x84";
        assert_eq!(response_head(content, false), Ok(Some((256, 0x64))));
        assert_eq!(response_head(&content[..4], false), Ok(None));
        assert!(response_head(&content[..4], true).is_err());
        assert!(response_head(b"\x02\x05\x00\x00\x00\x00\x01\x64", true).is_err());
        assert!(response_head(b"\x02\x01\xff\x64", true).is_err());
    }

    proptest! {
        #[test]
        fn whatever_comes_is_measured_without_a_panic(octets in proptest::collection::vec(any::<u8>(), 0..24)) {
            measure(&octets, 1000).ok();
            response_head(&octets, false).ok();
        }
    }
}
