//! Distinguished names (RFC 4514), as far as a gateway needs them: is this one, is it below that one, what is it called.

use unicode_normalization::UnicodeNormalization;

use super::escape::escape_in_dn;

/// The most relative names in a DN that is looked at; directories are not that deep.
const RDNS_MAX: usize = 64;

/// A DN in the form in which two spellings of it are equal: types and values in lower case, values in NFC with single
/// spaces, escapes resolved. The directory's own rules may be finer; what is equal here is only ever checked again by
/// the directory, never instead of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dn(Vec<Rdn>);

type Rdn = Vec<Pair>;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Pair {
    kind: String,
    /// As compared.
    folded: String,
    /// As written, escapes resolved.
    value: String,
}

impl Dn {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut rdns = Vec::new();
        let mut rdn = Rdn::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (pair, separator, after) = pair(rest)?;
            rdn.push(pair);
            if separator != Some('+') {
                rdn.sort();
                rdns.push(std::mem::take(&mut rdn));
            }
            if rdns.len() > RDNS_MAX || (separator.is_some() && after.trim_start().is_empty()) {
                return None;
            }
            rest = after;
        }
        (!rdns.is_empty()).then_some(Self(rdns))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether this is the same entry, in whatever spelling.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.len() == other.len() && self.0.iter().zip(&other.0).all(|(ours, theirs)| is_same(ours, theirs))
    }

    /// Whether this is an entry somewhere below `base`, not `base` itself.
    pub(crate) fn is_below(&self, base: &Self) -> bool {
        let ends = self.0.iter().rev().zip(base.0.iter().rev());
        self.len() > base.len() && ends.into_iter().all(|(ours, theirs)| is_same(ours, theirs))
    }

    /// The value of the first relative name: `vpn` in `cn=vpn,ou=groups,dc=example,dc=org`.
    pub(crate) fn leaf_value(&self) -> Option<String> {
        self.0.first()?.first().map(|pair| pair.value.clone())
    }

    /// The domain a DN lies in: `dc=example,dc=org`.
    pub(crate) fn domain(&self) -> Option<String> {
        let components: Vec<_> = self
            .0
            .iter()
            .rev()
            .map_while(|rdn| rdn.first().filter(|pair| rdn.len() == 1 && pair.kind == "dc"))
            .map(|pair| format!("dc={}", escape_in_dn(&pair.value)))
            .collect();
        (!components.is_empty()).then(|| components.into_iter().rev().collect::<Vec<_>>().join(","))
    }
}

fn is_same(ours: &Rdn, theirs: &Rdn) -> bool {
    ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| a.kind == b.kind && a.folded == b.folded)
}

/// One `type=value`, what separates it from the next, and the rest.
fn pair(text: &str) -> Option<(Pair, Option<char>, &str)> {
    let (kind, after) = text.split_once('=')?;
    let kind = kind.trim().to_lowercase();
    if kind.is_empty() || !kind.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.') {
        return None;
    }
    let (value, separator, rest) = value(after)?;
    let folded = folded(&value);
    Some((Pair { kind, folded, value }, separator, rest))
}

fn folded(value: &str) -> String {
    let lower: String =
        if value.is_ascii() { value.to_ascii_lowercase() } else { value.nfc().flat_map(char::to_lowercase).collect() };
    if !lower.contains(char::is_whitespace) {
        return lower;
    }
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn value(text: &str) -> Option<(String, Option<char>, &str)> {
    let mut octets = Vec::new();
    // Where the value ends for trimming: unescaped spaces at its end do not belong to it.
    let mut kept = 0;
    let mut chars = text.chars();
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
    Some((String::from_utf8(octets).ok()?, separator, chars.as_str()))
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
        let leaf = |text| Dn::parse(text).unwrap().leaf_value().unwrap();
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
}
