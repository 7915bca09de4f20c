//! Codes as an authenticator app makes them (RFC 6238), written apart from the product's.
//!
//! Everybody of the bench has the same key. The server cannot know, and works each code out anew.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ring::hmac;

const PERIOD_SECONDS: u64 = 30;
const KEY: &[u8; 20] = b"12345678901234567890";
const KEY_IN_BASE_32: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// What the key looks like in a QR code.
pub(crate) fn address() -> String {
    format!("otpauth://totp/bench?secret={KEY_IN_BASE_32}")
}

/// A code that was not used yet: waits until the authenticators show another one than before.
pub(crate) fn next() -> String {
    static LAST: AtomicU64 = AtomicU64::new(0);
    while step_now() <= LAST.load(Ordering::Relaxed) {
        pause();
    }
    let step = step_now();
    LAST.store(step, Ordering::Relaxed);
    code(step)
}

/// The code of this moment, for people who did not use it yet.
pub(crate) fn now() -> String {
    code(step_now())
}

#[expect(clippy::disallowed_methods, reason = "nothing else runs on this thread")]
fn pause() {
    std::thread::sleep(Duration::from_millis(100));
}

/// The step that the machine's clock is in.
#[expect(clippy::disallowed_methods, reason = "an authenticator app has a clock of its own")]
fn step_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() / PERIOD_SECONDS)
}

/// Six digits.
fn code(step: u64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, KEY);
    let digest = hmac::sign(&key, &step.to_be_bytes());
    let digest = digest.as_ref();
    let at = digest.last().map_or(0, |last| usize::from(last & 0x0f));
    let number = digest.iter().skip(at).take(4).fold(0_u32, |number, octet| (number << 8) | u32::from(*octet));
    format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238 appendix B, cut to six digits.
    #[test]
    fn codes_are_those_of_the_rfc() {
        assert_eq!(code(1), "287082");
        assert_eq!(code(37_037_036), "081804");
        assert_eq!(code(66_666_666), "279037");
    }
}
