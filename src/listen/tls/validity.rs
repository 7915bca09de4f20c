//! From when until when a certificate counts. The TLS library checks the dates of others' certificates and never shows
//! those of ours, so the few octets are read here (RFC 5280, section 4.1).

use std::fmt;

use time::{Date, Month, OffsetDateTime, Time};

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const EXPLICIT_VERSION: u8 = 0xa0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) from: OffsetDateTime,
    pub(super) until: OffsetDateTime,
}

/// Why clients will refuse a certificate that is otherwise in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateWarning {
    Expired { on: Date },
    NotYetValid { from: Date },
}

impl fmt::Display for CertificateWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired { on } => write!(f, "the certificate expired on {on}"),
            Self::NotYetValid { from } => write!(f, "the certificate is not valid before {from}"),
        }
    }
}

impl Validity {
    /// `None` when the octets are no certificate as we know them.
    pub(super) fn of(certificate: &[u8]) -> Option<Self> {
        let (certificate, _) = element(certificate, SEQUENCE)?;
        let (signed, _) = element(certificate, SEQUENCE)?;
        let rest = element(signed, EXPLICIT_VERSION).map_or(signed, |(_, rest)| rest);
        let (_serial, rest) = element(rest, INTEGER)?;
        let (_algorithm, rest) = element(rest, SEQUENCE)?;
        let (_issuer, rest) = element(rest, SEQUENCE)?;
        let (validity, _) = element(rest, SEQUENCE)?;
        let (from, rest) = moment(validity)?;
        let (until, _) = moment(rest)?;
        Some(Self { from, until })
    }

    pub(super) fn warning(self, now: OffsetDateTime) -> Option<CertificateWarning> {
        if now > self.until {
            Some(CertificateWarning::Expired { on: self.until.date() })
        } else if now < self.from {
            Some(CertificateWarning::NotYetValid { from: self.from.date() })
        } else {
            None
        }
    }
}

/// The content of the element at the beginning, if it has this tag, and what follows it.
fn element(octets: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = octets.split_first()?;
    if found != tag {
        return None;
    }
    let (&first, rest) = rest.split_first()?;
    // The upper bit says that this many octets hold the length.
    let (len, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (len, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (len.iter().fold(0, |len, &octet| len << 8 | usize::from(octet)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(len)
}

fn moment(octets: &[u8]) -> Option<(OffsetDateTime, &[u8])> {
    if let Some((text, rest)) = element(octets, UTC_TIME) {
        let (year, text) = digits(text, 2)?;
        let century = if year < 50 { 2000 } else { 1900 };
        return Some((within(century + i32::from(year), text)?, rest));
    }
    let (text, rest) = element(octets, GENERALIZED_TIME)?;
    let (hundreds, text) = digits(text, 2)?;
    let (year, text) = digits(text, 2)?;
    Some((within(i32::from(hundreds) * 100 + i32::from(year), text)?, rest))
}

/// `MMDDHHMMSSZ` of a year.
fn within(year: i32, text: &[u8]) -> Option<OffsetDateTime> {
    let (month, text) = digits(text, 2)?;
    let (day, text) = digits(text, 2)?;
    let (hour, text) = digits(text, 2)?;
    let (minute, text) = digits(text, 2)?;
    let (second, text) = digits(text, 2)?;
    let date = Date::from_calendar_date(year, Month::try_from(month).ok()?, day).ok()?;
    let time = Time::from_hms(hour, minute, second).ok()?;
    (text == b"Z").then(|| date.with_time(time).assume_utc())
}

fn digits(text: &[u8], count: usize) -> Option<(u8, &[u8])> {
    let (digits, rest) = text.split_at_checked(count)?;
    let number = digits.iter().try_fold(0u8, |number, digit| {
        digit.is_ascii_digit().then(|| number.checked_mul(10)?.checked_add(digit - b'0'))?
    })?;
    Some((number, rest))
}
