//! Filters as people write them (RFC 4515), turned into octets.

use super::ber::{OCTET_STRING, SEQUENCE};
use super::write::{put, put_around};

/// A filter that names many groups is some dozens of kilobytes.
const TEXT_MAX: usize = 1 << 20;
/// How deep filters may lie in each other: far deeper than anybody writes them.
const DEPTH_MAX: usize = 32;

const AND: u8 = 0xA0;
const OR: u8 = 0xA1;
const NOT: u8 = 0xA2;
const EQUALITY: u8 = 0xA3;
const SUBSTRINGS: u8 = 0xA4;
const GREATER_OR_EQUAL: u8 = 0xA5;
const LESS_OR_EQUAL: u8 = 0xA6;
const PRESENT: u8 = 0x87;
const APPROXIMATE: u8 = 0xA8;
const EXTENSIBLE: u8 = 0xA9;

const INITIAL: u8 = 0x80;
const ANY: u8 = 0x81;
const FINAL: u8 = 0x82;

const RULE: u8 = 0x81;
const TYPE: u8 = 0x82;
const VALUE: u8 = 0x83;
const DN_ATTRIBUTES: u8 = 0x84;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the filter cannot be read")]
pub(crate) struct NotAFilter;

/// Put the filter that `text` means behind `octets`. After an error they are of no use. A comparison alone needs no
/// brackets around it.
pub(crate) fn put_filter(octets: &mut Vec<u8>, text: &str) -> Result<(), NotAFilter> {
    if text.len() > TEXT_MAX {
        return Err(NotAFilter);
    }
    let mut parser = Parser { rest: text.as_bytes() };
    let put = if text.starts_with('(') { parser.filter(octets, 0) } else { parser.comparison(octets) };
    put.filter(|()| parser.rest.is_empty()).ok_or(NotAFilter)
}

/// Whether `text` means a filter.
pub(crate) fn is_filter(text: &str) -> bool {
    put_filter(&mut Vec::new(), text).is_ok()
}

struct Parser<'a> {
    rest: &'a [u8],
}

impl<'a> Parser<'a> {
    fn filter(&mut self, octets: &mut Vec<u8>, depth: usize) -> Option<()> {
        if depth >= DEPTH_MAX {
            return None;
        }
        self.pass(b"(")?;
        match self.rest.first()? {
            b'&' => self.several(octets, AND, depth)?,
            b'|' => self.several(octets, OR, depth)?,
            b'!' => {
                self.pass(b"!")?;
                put_around(octets, NOT, |octets| self.filter(octets, depth + 1))?;
            }
            _ => self.comparison(octets)?,
        }
        self.pass(b")")
    }

    /// None is allowed too: always true, or never (RFC 4526).
    fn several(&mut self, octets: &mut Vec<u8>, tag: u8, depth: usize) -> Option<()> {
        let (_, rest) = self.rest.split_first()?;
        self.rest = rest;
        put_around(octets, tag, |octets| {
            while self.rest.starts_with(b"(") {
                self.filter(octets, depth + 1)?;
            }
            Some(())
        })
    }

    fn comparison(&mut self, octets: &mut Vec<u8>) -> Option<()> {
        let end = self.rest.iter().position(|octet| b"=<>~:".contains(octet))?;
        let (attribute, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        if rest.starts_with(b":") {
            return self.extensible(octets, attribute);
        }
        if !is_description(attribute) {
            return None;
        }
        if self.pass(b"=").is_some() {
            return equality(octets, attribute, self.value());
        }
        let tag = match rest {
            [b'>', b'=', ..] => GREATER_OR_EQUAL,
            [b'<', b'=', ..] => LESS_OR_EQUAL,
            [b'~', b'=', ..] => APPROXIMATE,
            _ => return None,
        };
        self.rest = rest.get(2..)?;
        compared(octets, tag, attribute, self.value())
    }

    /// `cn:dn:caseExactMatch:=value`, of which any but the rule and the attribute both may be left out.
    fn extensible(&mut self, octets: &mut Vec<u8>, attribute: &[u8]) -> Option<()> {
        let end = self.rest.windows(2).position(|pair| pair == b":=")?;
        let (between, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest.get(2..)?;
        let mut parts = between.split(|octet| *octet == b':').skip(1).peekable();
        let is_of_dn = parts.next_if(|part| part.eq_ignore_ascii_case(b"dn")).is_some();
        let rule = parts.next();
        let is_usable = parts.next().is_none()
            && rule.is_none_or(is_type)
            && if attribute.is_empty() { rule.is_some() } else { is_description(attribute) };
        if !is_usable {
            return None;
        }
        let value = self.value();
        put_around(octets, EXTENSIBLE, |octets| {
            if let Some(rule) = rule {
                put(octets, RULE, rule);
            }
            if !attribute.is_empty() {
                put(octets, TYPE, attribute);
            }
            put_around(octets, VALUE, |octets| unescaped(octets, value))?;
            if is_of_dn {
                put(octets, DN_ATTRIBUTES, &[0xFF]);
            }
            Some(())
        })
    }

    /// Up to the bracket that ends it.
    fn value(&mut self) -> &'a [u8] {
        let end = self.rest.iter().position(|octet| matches!(octet, b'(' | b')')).unwrap_or(self.rest.len());
        let (value, rest) = self.rest.split_at_checked(end).unwrap_or_default();
        self.rest = rest;
        value
    }

    fn pass(&mut self, expected: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(expected)?;
        Some(())
    }
}

/// Equality, presence or parts of a value: they differ by the asterisks.
fn equality(octets: &mut Vec<u8>, attribute: &[u8], value: &[u8]) -> Option<()> {
    if value == b"*" {
        put(octets, PRESENT, attribute);
        return Some(());
    }
    if !value.contains(&b'*') {
        return compared(octets, EQUALITY, attribute, value);
    }
    put_around(octets, SUBSTRINGS, |octets| {
        put(octets, OCTET_STRING, attribute);
        put_around(octets, SEQUENCE, |octets| {
            let last = value.iter().filter(|octet| **octet == b'*').count();
            for (at, part) in value.split(|octet| *octet == b'*').enumerate() {
                let tag = match at {
                    0 => INITIAL,
                    at if at == last => FINAL,
                    _ => ANY,
                };
                if !part.is_empty() {
                    put_around(octets, tag, |octets| unescaped(octets, part))?;
                } else if tag == ANY {
                    return None;
                }
            }
            Some(())
        })
    })
}

fn compared(octets: &mut Vec<u8>, tag: u8, attribute: &[u8], value: &[u8]) -> Option<()> {
    put_around(octets, tag, |octets| {
        put(octets, OCTET_STRING, attribute);
        put_around(octets, OCTET_STRING, |octets| unescaped(octets, value))
    })
}

/// `\2a` is the octet of that number; what has a meaning in a filter must be written so.
fn unescaped(octets: &mut Vec<u8>, value: &[u8]) -> Option<()> {
    let mut rest = value;
    while let Some((octet, after)) = rest.split_first() {
        rest = match octet {
            b'\\' => {
                let ([high, low], after) = after.split_first_chunk()?;
                octets.push(digit(*high)? << 4 | digit(*low)?);
                after
            }
            b'*' | 0 => return None,
            octet => {
                octets.push(*octet);
                after
            }
        };
    }
    Some(())
}

fn digit(octet: u8) -> Option<u8> {
    u8::try_from(char::from(octet).to_digit(16)?).ok()
}

/// An attribute with its options: `userCertificate;binary` (RFC 4512 §2.5).
fn is_description(text: &[u8]) -> bool {
    let mut parts = text.split(|octet| *octet == b';');
    parts.next().is_some_and(is_type) && parts.all(|option| !option.is_empty() && option.iter().all(is_of_a_name))
}

/// A short name, or numbers with dots (RFC 4512 §1.4).
fn is_type(text: &[u8]) -> bool {
    match text.first() {
        Some(first) if first.is_ascii_alphabetic() => text.iter().all(is_of_a_name),
        _ => text.split(|octet| *octet == b'.').all(is_number),
    }
}

fn is_of_a_name(octet: &u8) -> bool {
    octet.is_ascii_alphanumeric() || *octet == b'-'
}

fn is_number(text: &[u8]) -> bool {
    match text {
        [b'0'] => true,
        [b'0', ..] | [] => false,
        _ => text.iter().all(u8::is_ascii_digit),
    }
}

#[cfg(test)]
mod tests;
