//! Secrets as types: no `Display`, a `Debug` that says nothing, wiped when dropped.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The password of the primary login. Octets, because upstreams take octets.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Password(Vec<u8>);

impl Password {
    pub fn new(octets: impl Into<Vec<u8>>) -> Self {
        Self(octets.into())
    }

    pub fn octets(&self) -> &[u8] {
        &self.0
    }

    pub fn as_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// An empty password is an unauthenticated bind to most directories, and they answer "success" (RFC 4513 §5.1.2).
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What was typed as the second step: a code, a recovery code or a keyword.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Passcode(String);

impl Passcode {
    /// The longest passcode that is looked at.
    pub const OCTETS_MAX: usize = 64;

    pub fn parse(typed: &str) -> Option<Self> {
        let typed = typed.trim();
        let usable = !typed.is_empty() && typed.len() <= Self::OCTETS_MAX && !typed.chars().any(char::is_control);
        usable.then(|| Self(typed.to_owned()))
    }

    pub fn as_typed(&self) -> &str {
        &self.0
    }

    /// The digits of a code as people type it: spaces and dashes between groups dropped, full-width and other decimal
    /// digits read as digits (OTP-12). `None` when anything else is in it.
    pub fn digits(&self) -> Option<String> {
        let digits: Option<String> =
            self.0.chars().filter(|c| !c.is_whitespace() && *c != '-').map(decimal_digit).collect();
        digits.filter(|digits| !digits.is_empty())
    }
}

fn decimal_digit(c: char) -> Option<char> {
    // The zero of each block of decimal digits people really type with.
    const ZEROES: [u32; 9] = [0x30, 0x660, 0x6F0, 0x966, 0x9E6, 0xE50, 0x1040, 0x17E0, 0xFF10];
    let value = ZEROES.iter().find_map(|zero| (c as u32).checked_sub(*zero).filter(|value| *value < 10))?;
    char::from_digit(value, 10)
}

/// Key material. Compared in constant time.
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
pub struct SecretBytes(Vec<u8>);

impl SecretBytes {
    pub fn new(octets: impl Into<Vec<u8>>) -> Self {
        Self(octets.into())
    }

    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for SecretBytes {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretBytes {}

macro_rules! silent_debug {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )*};
}
silent_debug!(Password, Passcode, SecretBytes);
