//! Distinguished names (RFC 4514), as far as a gateway needs them: is this one, is it below that one, what is it called.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

use super::escape::escape_in_dn;

/// The most relative names in a DN that is looked at; directories are not that deep.
const RDNS_MAX: usize = 64;

/// A DN in the form in which two spellings of it are equal: types and values in lower case, values in NFC with single
/// spaces, escapes resolved. The directory's own rules may be finer; what is equal here is only ever checked again by
/// the directory, never instead of it.
///
/// Every login reads some: all text is in one piece.
#[derive(Debug, Clone)]
pub(crate) struct Dn {
    text: String,
    /// In the order of their relative names, and sorted within each.
    pairs: Vec<Pair>,
    rdns: usize,
}

/// One `type=value`: where its parts are in the text.
#[derive(Debug, Clone)]
struct Pair {
    /// Which relative name it is in.
    rdn: usize,
    kind: Range<usize>,
    /// As compared.
    folded: Range<usize>,
    /// As written, escapes resolved.
    value: Range<usize>,
}

impl Dn {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // What is folded is rarely longer than what is written, and mostly the same.
        let mut dn = Self { text: String::with_capacity(text.len() * 2), pairs: Vec::with_capacity(8), rdns: 0 };
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (separator, after) = dn.push(rest)?;
            if separator != Some('+') {
                dn.end_rdn();
            }
            if dn.rdns > RDNS_MAX || (separator.is_some() && after.trim_start().is_empty()) {
                return None;
            }
            rest = after;
        }
        (dn.rdns > 0).then_some(dn)
    }

    /// Take one `type=value`; what separates it from the next, and the rest.
    fn push<'a>(&mut self, text: &'a str) -> Option<(Option<char>, &'a str)> {
        let (kind, after) = text.split_once('=')?;
        let kind = kind.trim();
        if kind.is_empty() || !kind.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.') {
            return None;
        }
        let start = self.text.len();
        self.text.extend(kind.chars().map(|c| c.to_ascii_lowercase()));
        let kind = start..self.text.len();
        let (separator, rest) = value(after, &mut self.text)?;
        let value = kind.end..self.text.len();
        let written = self.text.get(value.clone())?;
        let folded = if is_folded(written) {
            value.clone()
        } else {
            let folded = folded(written);
            self.text.push_str(&folded);
            value.end..self.text.len()
        };
        self.pairs.push(Pair { rdn: self.rdns, kind, folded, value });
        Some((separator, rest))
    }

    fn end_rdn(&mut self) {
        let Self { text, pairs, rdns } = self;
        let first = pairs.iter().rposition(|pair| pair.rdn != *rdns).map_or(0, |last| last + 1);
        if let Some(own) = pairs.get_mut(first..).filter(|own| own.len() > 1) {
            own.sort_by(|one, other| one.parts(text).cmp(&other.parts(text)));
        }
        *rdns += 1;
    }

    pub(crate) fn len(&self) -> usize {
        self.rdns
    }

    /// Whether this is the same entry, in whatever spelling.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.len() == other.len() && self.ends_like(other)
    }

    /// Whether this is an entry somewhere below `base`, not `base` itself.
    pub(crate) fn is_below(&self, base: &Self) -> bool {
        self.len() > base.len() && self.ends_like(base)
    }

    /// Whether the last relative names are all those of `other`. No `other` is longer.
    fn ends_like(&self, other: &Self) -> bool {
        let above = self.rdns.saturating_sub(other.rdns);
        let ends = self.pairs.iter().filter(|pair| pair.rdn >= above);
        let ours = ends.map(|pair| (pair.rdn.saturating_sub(above), pair.compared(&self.text)));
        ours.eq(other.pairs.iter().map(|pair| (pair.rdn, pair.compared(&other.text))))
    }

    /// The value of the first relative name: `vpn` in `cn=vpn,ou=groups,dc=example,dc=org`.
    pub(crate) fn leaf_value(&self) -> Option<&str> {
        let [_, _, value] = self.pairs.first()?.parts(&self.text);
        Some(value)
    }

    /// The domain a DN lies in: `dc=example,dc=org`.
    pub(crate) fn domain(&self) -> Option<String> {
        let has_one = |rdn: usize| self.pairs.iter().filter(|pair| pair.rdn == rdn).count() == 1;
        let components: Vec<_> = self
            .pairs
            .iter()
            .rev()
            .map(|pair| (pair.rdn, pair.parts(&self.text)))
            .map_while(|(rdn, [kind, _, value])| (kind == "dc" && has_one(rdn)).then_some(value))
            .map(|value| format!("dc={}", escape_in_dn(value)))
            .collect();
        (!components.is_empty()).then(|| components.into_iter().rev().collect::<Vec<_>>().join(","))
    }
}

impl PartialEq for Dn {
    fn eq(&self, other: &Self) -> bool {
        self.is(other)
    }
}

impl Pair {
    fn compared<'a>(&self, text: &'a str) -> (&'a str, &'a str) {
        let [kind, folded, _] = self.parts(text);
        (kind, folded)
    }

    /// The type, the value as compared, and as written.
    fn parts<'a>(&self, text: &'a str) -> [&'a str; 3] {
        [&self.kind, &self.folded, &self.value].map(|range| text.get(range.clone()).unwrap_or_default())
    }
}

/// Whether a value is as it is compared.
fn is_folded(value: &str) -> bool {
    value.bytes().all(|octet| octet.is_ascii_graphic() && !octet.is_ascii_uppercase())
}

fn folded(value: &str) -> String {
    let lower: String =
        if value.is_ascii() { value.to_ascii_lowercase() } else { value.nfc().flat_map(char::to_lowercase).collect() };
    if !lower.contains(char::is_whitespace) {
        return lower;
    }
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A value, its escapes resolved, to the end of `to`.
fn value<'a>(text: &'a str, to: &mut String) -> Option<(Option<char>, &'a str)> {
    let plain = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '.').unwrap_or(text.len());
    let (plain, after) = text.split_at_checked(plain)?;
    to.push_str(plain);
    if after.is_empty() || after.starts_with([',', ';', '+']) && !plain.is_empty() {
        let separator = after.chars().next().map(|c| if c == ';' { ',' } else { c });
        return Some((separator, after.get(1..).unwrap_or_default()));
    }
    let mut octets = plain.as_bytes().to_vec();
    // Where the value ends for trimming: unescaped spaces at its end do not belong to it.
    let mut kept = octets.len();
    let mut chars = after.chars();
    let mut separator = None;
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                escaped(&mut chars, &mut octets)?;
                kept = octets.len();
            }
            ',' | ';' | '+' => {
                separator = Some(if c == ';' { ',' } else { c });
                break;
            }
            ' ' if octets.is_empty() => {}
            '"' | '<' | '>' | '\0' => return None,
            _ => {
                octets.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                if c != ' ' {
                    kept = octets.len();
                }
            }
        }
    }
    octets.truncate(kept);
    to.push_str(std::str::from_utf8(octets.get(plain.len()..)?).ok()?);
    Some((separator, chars.as_str()))
}

/// After a backslash: two hexadecimal digits are an octet, anything else stands for itself.
fn escaped(chars: &mut std::str::Chars<'_>, octets: &mut Vec<u8>) -> Option<()> {
    let first = chars.next()?;
    let second = chars.clone().next();
    if let (Some(high), Some(low)) = (first.to_digit(16), second.and_then(|second| second.to_digit(16))) {
        chars.next();
        octets.push(u8::try_from(high * 16 + low).ok()?);
        return Some(());
    }
    octets.extend_from_slice(first.encode_utf8(&mut [0; 4]).as_bytes());
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test] // LDP-22
    fn spellings_of_one_dn_are_equal_below_the_same_base() {
        let base = Dn::parse("ou=people,dc=example,dc=org").unwrap();
        for text in [
            "uid=alice,ou=people,dc=example,dc=org",
            "UID=Alice , OU=People, DC=Example,dc=org",
            "uid=alice;ou=people;dc=example;dc=org",
            "uid=al\\69ce,ou=peop\\6ce,dc=example,dc=org",
            "cn=Smith\\, John+uid=jsmith,ou=people,dc=example,dc=org",
        ] {
            assert!(Dn::parse(text).unwrap().is_below(&base), "{text}");
        }
    }

    #[test] // LDP-23
    fn one_entry_is_itself_in_any_spelling_and_no_other() {
        let dn = |text| Dn::parse(text).unwrap();
        let reader = dn("cn=Reader,ou=service accounts,dc=org");
        for text in ["CN=reader , OU=Service  Accounts,DC=ORG", "cn=read\\65r;ou=service accounts;dc=org"] {
            assert!(reader.is(&dn(text)), "{text}");
        }
        for text in [
            "cn=reader,ou=service accounts-fake,dc=org",
            "cn=x,cn=reader,ou=service accounts,dc=org",
            "cn=reader\\,ou=service accounts,dc=org",
            "cn=reader+uid=x,ou=service accounts,dc=org",
            "uid=reader,ou=service accounts,dc=org",
        ] {
            assert!(!reader.is(&dn(text)), "{text}");
        }
    }

    #[test]
    fn neither_the_base_nor_what_only_ends_like_it_is_below() {
        let base = Dn::parse("ou=people,dc=example,dc=org").unwrap();
        for text in [
            "ou=people,dc=example,dc=org",
            "uid=alice,ou=people\\,dc=example,dc=org",
            "uid=alice,ou=people,dc=example,dc=com",
            "uid=alice\\,ou=people\\,dc=example\\,dc=org",
        ] {
            assert!(!Dn::parse(text).unwrap().is_below(&base), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_dn_is_not_read_as_one() {
        for text in ["", "alice", "alice@example.org", "=x", "u id=x", "uid=\"x\"", "uid=x\\", "uid=x,", "uid=\\ff"] {
            assert_eq!(Dn::parse(text), None, "{text}");
        }
    }

    #[test]
    fn escapes_and_spaces_are_resolved_in_the_leaf() {
        let leaf = |text| Dn::parse(text).unwrap().leaf_value().unwrap().to_owned();
        assert_eq!(leaf("cn=\\20Smith\\, John \\+ Sons,dc=org"), " Smith, John + Sons");
        assert_eq!(leaf("cn= vpn  ,dc=org"), "vpn");
        assert_eq!(leaf("cn=J\\C3\\BCrgen,dc=org"), "J\u{fc}rgen");
        assert_eq!(leaf("cn=a\\\\b,dc=org"), "a\\b");
    }

    #[test]
    fn the_domain_is_made_of_the_last_components() {
        let domain = |text| Dn::parse(text).unwrap().domain();
        assert_eq!(domain("ou=Users,DC=corp,DC=example").as_deref(), Some("dc=corp,dc=example"));
        assert_eq!(domain("ou=Users,o=Example"), None);
    }

    #[test]
    fn several_types_in_one_relative_name_are_one_in_any_order_and_not_spread_over_two() {
        let dn = |text| Dn::parse(text).unwrap();
        let both = dn("cn=Smith+uid=js,ou=people,dc=org");
        assert!(both.is(&dn("UID=js + CN=smith,ou=people,dc=org")) && both.is_below(&dn("ou=people,dc=org")));
        assert!(!both.is(&dn("cn=Smith,uid=js,ou=people,dc=org")) && !both.is(&dn("cn=Smith,ou=people,dc=org")));
        assert!(!dn("cn=a,cn=b+uid=c,dc=org").is_below(&dn("uid=c,dc=org")));
        assert!(!dn("x=1,cn=b+uid=c,dc=org").is_below(&dn("cn=b,uid=c,dc=org")), "as many pairs, other names");
    }

    proptest! {
        /// However it is spelled, it is itself.
        #[test]
        fn a_name_is_itself_however_it_is_escaped(values in proptest::collection::vec("[ -~\u{e4}\u{df}]{1,12}", 1..5)) {
            let escaped = |value: &str| value.bytes().map(|octet| format!("\\{octet:02x}")).collect::<String>();
            let written = |as_text: fn(&str) -> String| {
                values.iter().map(|value| format!("cn={}", as_text(value))).collect::<Vec<_>>().join(",")
            };
            let plain = Dn::parse(&written(escape_in_dn)).unwrap();
            let hexadecimal = values.iter().map(|value| format!("CN={}", escaped(value))).collect::<Vec<_>>().join(" ; ");
            let hexadecimal = Dn::parse(&hexadecimal).unwrap();
            prop_assert!(plain.is(&hexadecimal) && plain.len() == values.len());
            prop_assert_eq!(plain.leaf_value(), Some(values[0].as_str()));
        }

        #[test]
        fn whatever_comes_is_read_without_a_panic(text in "\\PC{0,40}|[a-c=,+; \\\\0-9\u{130}]{0,30}") {
            if let Some(dn) = Dn::parse(&text) {
                prop_assert!(dn.is(&dn) && !dn.is_below(&dn) && dn.leaf_value().is_some());
            }
        }
    }
}
