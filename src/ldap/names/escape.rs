//! Values as they stand in filters and DNs, so that they stay values.

/// For a filter (RFC 4515 §3).
pub(crate) fn escape_in_filter(value: &str) -> String {
    escaped(value, |_, c| matches!(c, '\\' | '*' | '(' | ')' | '\0'))
}

/// For a DN (RFC 4514 §2.4). Spaces count where they would be trimmed, and a `#` where it would begin octets.
pub(crate) fn escape_in_dn(value: &str) -> String {
    let last = value.len().saturating_sub(1);
    escaped(value, |at, c| match c {
        '"' | '+' | ',' | ';' | '<' | '=' | '>' | '\\' | '\0' => true,
        ' ' => at == 0 || at == last,
        '#' => at == 0,
        _ => false,
    })
}

/// What has a meaning where it stands, as a backslash and two digits. That is always a character of ASCII.
fn escaped(value: &str, has_meaning: impl Fn(usize, char) -> bool) -> String {
    let mut text = String::with_capacity(value.len() + 12);
    for (at, c) in value.char_indices() {
        if has_meaning(at, c) {
            let code = u32::from(c);
            text.push('\\');
            text.extend([code >> 4, code & 0xF].map(|digit| char::from_digit(digit, 16).unwrap_or('0')));
        } else {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::names::distinguished::Dn;

    #[test] // LDP-33
    fn what_has_a_meaning_is_escaped_and_nothing_else() {
        assert_eq!(escape_in_filter("a*(b)\\c\0 #,=\u{fc}"), "a\\2a\\28b\\29\\5cc\\00 #,=\u{fc}");
        assert_eq!(
            escape_in_dn("# a#b, \"c\" +;<=>\\\0\u{fc} "),
            "\\23 a#b\\2c \\22c\\22 \\2b\\3b\\3c\\3d\\3e\\5c\\00\u{fc}\\20"
        );
        assert_eq!(escape_in_dn(" "), "\\20");
        assert_eq!(escape_in_dn(""), "");
    }

    /// The octets that a filter compares with.
    fn compared_with(filter: &str) -> Option<Vec<u8>> {
        let ldap3::asn1::PL::C(parts) = ldap3::asn1::ASNTag::into_structure(ldap3::parse_filter(filter).ok()?).payload
        else {
            return None;
        };
        let [_, value] = <[_; 2]>::try_from(parts).ok()?;
        value.expect_primitive()
    }

    proptest! {
        #[test] // LDP-33
        fn an_independent_reader_finds_the_value_again(value in ".{0,60}|[ #,+*()\\\\\u{0}\"=;<>a]{0,20}") {
            let filter = escape_in_filter(&value);
            prop_assert_eq!(&filter, &ldap3::ldap_escape(value.as_str()));
            prop_assert_eq!(compared_with(&format!("(a={filter})")), Some(value.as_bytes().to_vec()));
            prop_assert_eq!(&escape_in_dn(&value), &ldap3::dn_escape(value.as_str()));
        }

        #[test] // LDP-33
        fn a_value_in_a_dn_is_read_back_as_it_was(value in "[^\u{0}]{1,40}|[ #,+\"=;<>\\\\a]{1,20}") {
            let dn = Dn::parse(&format!("cn={},dc=org", escape_in_dn(&value))).unwrap();
            prop_assert_eq!((dn.len(), dn.leaf_value()), (2, Some(value.as_str())));
        }
    }
}
