//! A stand-in for the authenticator app on somebody's phone, for those who have no phone at hand: RFC 6238 in a few lines,
//! written apart from what it is tried against.

use anyhow::Context as _;
use ring::hmac;
use vestibule_engine::{Clock, Timestamp};
use zeroize::Zeroizing;

use super::super::Outcome;
use super::super::terminal::Terminal;
use super::folder::Folder;
use super::person::left_of_step;
use crate::clock::SystemClock;

pub(super) struct Phone {
    key: hmac::Key,
}

impl Phone {
    /// The phone with which this person of the demo scanned a QR code.
    pub(super) fn of(folder: &Folder, name: &str) -> Outcome<Self> {
        let uri = folder.read(&folder.phone_of(name))?;
        let unusable = || format!("read {name}.phone: it holds no otpauth:// address of a usual kind");
        Self::scanned(&uri).with_context(unusable)
    }

    fn scanned(uri: &str) -> Option<Self> {
        let (_, parameters) = uri.strip_prefix("otpauth://totp/")?.split_once('?')?;
        let value =
            |name: &str| parameters.split('&').find_map(|parameter| parameter.strip_prefix(name)?.strip_prefix('='));
        let is_usual = |name: &str, usual: &str| value(name).is_none_or(|value| value.eq_ignore_ascii_case(usual));
        if !is_usual("algorithm", "SHA1") || !is_usual("digits", "6") || !is_usual("period", "30") {
            return None;
        }
        let key = base32(value("secret")?)?;
        Some(Self { key: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key) })
    }

    /// RFC 6238 with the usual six digits in thirty seconds.
    pub(super) fn code(&self, at: Timestamp) -> String {
        let counter = u64::try_from(at.secs().div_euclid(30)).unwrap_or(0);
        let tag = hmac::sign(&self.key, &counter.to_be_bytes());
        let octets = tag.as_ref();
        let offset = octets.last().map_or(0, |last| usize::from(last & 0x0F));
        let four = octets.iter().skip(offset).take(4);
        let number = four.fold(0_u32, |number, octet| (number << 8) | u32::from(*octet)) & 0x7FFF_FFFF;
        format!("{:06}", number % 1_000_000)
    }
}

/// RFC 4648 §6, without padding.
fn base32(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut octets = Zeroizing::new(Vec::with_capacity(text.len()));
    let (mut bits, mut held) = (0_u32, 0_u32);
    for letter in text.trim_end_matches('=').bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => return None,
        };
        bits = (bits << 5) | u32::from(value);
        held += 5;
        if held >= 8 {
            held -= 8;
            octets.push(u8::try_from((bits >> held) & 0xFF).ok()?);
        }
    }
    Some(octets)
}

/// `vestibule demo code`: the code, and nothing else on standard output.
pub(super) fn show(folder: &Folder, name: &str, terminal: &mut Terminal) -> Outcome {
    let now = SystemClock::new().now();
    let code = Phone::of(folder, name)?.code(now);
    terminal.line(code)?;
    eprintln!("(the next one in {} s; each is good for one login)", left_of_step(now).as_secs());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stand_in_shows_what_a_phone_shows() {
        // RFC 6238 appendix B, SHA-1, cut to six digits.
        let phone = Phone::scanned("otpauth://totp/V:a?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&digits=6").unwrap();
        for (second, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            assert_eq!(phone.code(Timestamp::from_secs(second)), code, "{second}");
        }
        assert!(Phone::scanned("otpauth://totp/V:a?secret=GEZDGNBV&digits=8").is_none());
        assert!(Phone::scanned("otpauth://totp/V:a?secret=1111").is_none());
    }
}
