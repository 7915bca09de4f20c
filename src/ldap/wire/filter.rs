//! Search filters (RFC 4511 §4.5.1.7), as far as one question goes: does it ask about passwords?

use super::ber::Elements;

/// Attributes that hold passwords or what is as good as one. Asking whether one has a certain value is a login without its
/// second step (LDP-36).
const PASSWORDS: [&str; 17] = [
    "userpassword",
    "2.5.4.35",
    "unicodepwd",
    "1.2.840.113556.1.4.90",
    "dbcspwd",
    "supplementalcredentials",
    "sambantpassword",
    "sambalmpassword",
    "ntpassword",
    "lmpassword",
    "authpassword",
    "1.3.6.1.4.1.4203.1.3.4",
    "krbprincipalkey",
    "pwdhistory",
    "ipanthash",
    "sambacleartextpassword",
    "sambapasswordhistory",
];

const AND: u8 = 0xA0;
const OR: u8 = 0xA1;
const NOT: u8 = 0xA2;
const PRESENT: u8 = 0x87;
const EXTENSIBLE: u8 = 0xA9;
/// The attribute of an extensible match.
const TYPE: u8 = 0x82;

/// Whether this attribute, with or without options (`userPassword;binary`), holds a password.
pub(crate) fn is_password(attribute: &[u8]) -> bool {
    let name = attribute.split(|octet| *octet == b';').next().unwrap_or_default();
    let name = name.trim_ascii();
    PASSWORDS.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}

/// Whether a filter compares a password with anything, at whatever depth; `None` where it is no filter. `filter` was found
/// well formed, so its depth has a limit; the work to do is a list, no stack of calls.
pub(crate) fn asks_for_a_password(filter: &[u8]) -> Option<bool> {
    let mut open = vec![filter];
    while let Some(filters) = open.pop() {
        let mut elements = Elements(filters);
        while !elements.is_empty() {
            let (tag, content) = elements.next()?;
            match tag {
                AND | OR | NOT => open.push(content),
                PRESENT => {}
                EXTENSIBLE => {
                    let mut parts = Elements(content);
                    let (mut has_attribute, mut has_password) = (false, false);
                    while !parts.is_empty() {
                        let (part, value) = parts.next()?;
                        // Of two attributes, a directory may take either.
                        has_attribute |= part == TYPE;
                        has_password |= part == TYPE && is_password(value);
                    }
                    // A rule without an attribute is tried on all that it fits.
                    if !has_attribute || has_password {
                        return Some(true);
                    }
                }
                0xA3..=0xA6 | 0xA8 => {
                    if is_password(Elements(content).next()?.1) {
                        return Some(true);
                    }
                }
                _ => return None,
            }
        }
    }
    Some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut octets = vec![tag, u8::try_from(content.len()).unwrap()];
        octets.extend(content);
        octets
    }

    fn equals(attribute: &str, value: &str) -> Vec<u8> {
        let parts = [element(4, attribute.as_bytes()), element(4, value.as_bytes())].concat();
        element(0xA3, &parts)
    }

    #[test] // LDP-36
    fn a_password_is_found_at_any_depth_and_in_any_spelling() {
        let inner = element(NOT, &equals("UserPassword;x-1", "secret"));
        let deep = element(AND, &[equals("uid", "ada"), element(OR, &inner)].concat());
        assert_eq!(asks_for_a_password(&deep), Some(true));
        assert_eq!(asks_for_a_password(&equals("2.5.4.35", "secret")), Some(true));
        let rule = element(EXTENSIBLE, &[element(0x81, b"octetStringMatch"), element(0x83, b"secret")].concat());
        assert_eq!(asks_for_a_password(&rule), Some(true), "a rule for every attribute");
        for types in [["userPassword", "cn"], ["cn", "userPassword"]] {
            let twice = types.map(|name| element(TYPE, name.as_bytes())).concat();
            assert_eq!(asks_for_a_password(&element(EXTENSIBLE, &twice)), Some(true), "{types:?}");
        }
    }

    #[test]
    fn an_ordinary_filter_is_let_through() {
        let present = element(PRESENT, b"userPassword");
        let filter = element(AND, &[equals("uid", "userPassword"), present].concat());
        assert_eq!(asks_for_a_password(&filter), Some(false));
        let nested = [element(0x81, b"1.2.840.113556.1.4.1941"), element(0x82, b"memberOf"), element(0x83, b"cn=x")];
        assert_eq!(asks_for_a_password(&element(EXTENSIBLE, &nested.concat())), Some(false));
        assert_eq!(asks_for_a_password(b"\x04\x03abc"), None);
    }
}
