//! What a directory says about a password beside yes or no: the password policy control (draft-behera-ldap-password-
//! policy §6) and its older relative. Asked for with every bind, never critical, so that a directory that does not know
//! it answers as ever (LDP-20).

use ldap3::LdapResult;

use crate::wire::ber::{self, Elements};

pub(super) const OID: &str = "1.3.6.1.4.1.42.2.27.8.5.1";
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
    result.ctrls.iter().find_map(|control| match control.1.ctype.as_str() {
        OID => control.1.val.as_deref().and_then(parse),
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

    #[test] // LDP-20
    fn the_error_is_read_with_and_without_a_warning_before_it() {
        assert_eq!(parse(&[0x30, 3, 0x81, 1, 0]), Some(PolicyError::Expired));
        assert_eq!(parse(&[0x30, 3, 0x81, 1, 1]), Some(PolicyError::Locked));
        assert_eq!(parse(&[0x30, 8, 0xA0, 3, 0x80, 1, 9, 0x81, 1, 2]), Some(PolicyError::MustChange));
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
