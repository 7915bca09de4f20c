//! What a directory says about a password beside yes or no: the password policy control (draft-behera-ldap-password-
//! policy §6) and its older relative. Asked for with every bind, never critical, so that a directory that does not know
//! it answers as ever (LDP-20).

use super::result::LdapResult;
use crate::wire::ber::{self, Elements};

pub(super) const OID: &str = "1.3.6.1.4.1.42.2.27.8.5.1";
/// The question for it, as the controls of a bind: not critical.
pub(super) const ASKED: &[u8] = b"\xa0\x1d\x30\x1b\x04\x191.3.6.1.4.1.42.2.27.8.5.1";
/// "The password has expired", by 389 Directory Server and its relatives.
const NETSCAPE_EXPIRED: &str = "2.16.840.1.113730.3.4.4";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PolicyError {
    Expired,
    Locked,
    MustChange,
}

/// What the controls of a bind's answer say, if anything that matters here.
pub(super) fn said(result: &LdapResult) -> Option<PolicyError> {
    result.controls.iter().find_map(|(name, value)| match name.as_str() {
        OID => value.as_deref().and_then(parse),
        NETSCAPE_EXPIRED => Some(PolicyError::MustChange),
        _ => None,
    })
}

/// `SEQUENCE { warning [0] CHOICE {...} OPTIONAL, error [1] ENUMERATED OPTIONAL }`
fn parse(value: &[u8]) -> Option<PolicyError> {
    let mut parts = Elements(Elements(value).expect(0x30)?);
    while let Some((tag, content)) = parts.next() {
        if tag == 0x81 {
            return match ber::number(content)? {
                0 => Some(PolicyError::Expired),
                1 => Some(PolicyError::Locked),
                2 => Some(PolicyError::MustChange),
                // The others are about setting a new password.
                _ => None,
            };
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::Controls;

    #[test] // LDP-20
    fn the_error_is_read_with_and_without_a_warning_before_it() {
        assert_eq!(parse(&[0x30, 3, 0x81, 1, 0]), Some(PolicyError::Expired));
        assert_eq!(parse(&[0x30, 3, 0x81, 1, 1]), Some(PolicyError::Locked));
        assert_eq!(parse(&[0x30, 8, 0xA0, 3, 0x80, 1, 9, 0x81, 1, 2]), Some(PolicyError::MustChange));
    }

    #[test]
    fn it_is_asked_for_and_never_critical() {
        let asked = Controls { octets: ASKED };
        assert_eq!(asked.each().collect::<Vec<_>>(), [(OID.as_bytes(), false)]);
    }

    #[test]
    fn a_warning_alone_is_no_error() {
        assert_eq!(parse(&[0x30, 5, 0xA0, 3, 0x81, 1, 1]), None);
        assert_eq!(parse(&[0x30, 0]), None);
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_without_a_panic(value in proptest::collection::vec(any::<u8>(), 0..64)) {
            parse(&value);
        }
    }
}
