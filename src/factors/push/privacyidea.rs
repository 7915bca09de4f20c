//! Phones with the privacyIDEA Authenticator: the same requests in that app's own protocol, for organisations that come
//! from there. RSA with PKCS#1 v1.5 over SHA-256, base 32, fields joined with `|`.
//!
//! What is weaker than with our own app, and why this is off by default: the app signs the nonce and its serial only,
//! so not the words that its person saw; it cannot prove that its person was there; and the number that the login shows
//! is sent to it among others, as buttons.

mod answer;
mod base32;
mod buttons;
mod challenge;
mod device;
mod key;
#[cfg(test)]
mod tests;

pub use answer::PiAnswer;
pub use challenge::{PiChallenge, challenge_for};
pub use device::{PiDevice, device_of_serial, serial_of};
pub use key::PiKey;

/// Why we have nothing to say to, or take from, such a phone. Its app gets the same words for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PiRefused {
    #[error("the key is not an RSA key of 2048 to 4096 bits")]
    Key,
    #[error("a field has not the form it must have")]
    Malformed,
    #[error("the time is missing, or too far off")]
    Clock,
    #[error("the signature is not the device's")]
    Signature,
    #[error("sign for a phone")]
    Sign,
}
