//! A second step that hides in the password field: `secret,492039`, `secret492039`, `secret,push`.
//!
//! There is one reading, decided before anything is asked upstream, so one login is one upstream attempt (RAD-25). What
//! it costs is written in the manual: with `Suffix`, the last digits are always the code.

use serde::{Deserialize, Serialize};

use crate::{Method, Passcode, Password};

/// How a service lets a second step ride in the password field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Splitting {
    /// The whole field is the password.
    #[default]
    Never,
    /// What follows the last `delimiter` is the second step, if it looks like one: 6 to 8 digits, a recovery code, or a
    /// keyword. Anything else belongs to the password.
    After { delimiter: char },
    /// The last `digits` characters are the code if all of them are digits.
    Suffix { digits: u8 },
}

#[derive(Debug, Clone)]
pub struct Split {
    pub password: Password,
    pub second: Option<Second>,
}

#[derive(Debug, Clone)]
pub enum Second {
    Code(Passcode),
    /// A keyword: which method to use. The number counts the person's devices from 1.
    Use(Method, Option<u8>),
}

impl Second {
    /// What came in a field of its own.
    pub(crate) fn of(typed: &Passcode) -> Self {
        keyword(typed.as_typed())
            .map_or_else(|| Self::Code(typed.clone()), |(method, number)| Self::Use(method, number))
    }
}

/// The keywords people know from other gateways.
pub(crate) fn keyword(text: &str) -> Option<(Method, Option<u8>)> {
    let lower = text.to_ascii_lowercase();
    let word = lower.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = lower.strip_prefix(word).filter(|digits| !digits.is_empty());
    let method = match word {
        "push" => Method::Push,
        "code" | "totp" | "passcode" => Method::Totp,
        _ => return None,
    };
    match number {
        None => Some((method, None)),
        Some(digits) => digits.parse().ok().filter(|n| (1..=9).contains(n)).map(|n| (method, Some(n))),
    }
}

pub fn split(typed: &Password, how: &Splitting) -> Split {
    let whole = || Split { password: typed.clone(), second: None };
    let Some(text) = typed.as_text() else { return whole() };
    match how {
        Splitting::Never => whole(),
        Splitting::After { delimiter } => {
            // The whole field may be a second step alone ("push"): then the password is empty, which is refused later
            // and never sent upstream.
            let Some((password, rest)) = text.rsplit_once(*delimiter) else { return whole() };
            match second(rest) {
                Some(second) => Split { password: Password::new(password), second: Some(second) },
                None => whole(),
            }
        }
        Splitting::Suffix { digits } => {
            let digits = usize::from(*digits);
            let Some(at) = text.len().checked_sub(digits) else { return whole() };
            let Some((password, code)) = text.split_at_checked(at) else { return whole() };
            if digits == 0 || !code.bytes().all(|b| b.is_ascii_digit()) {
                return whole();
            }
            match Passcode::parse(code) {
                Some(code) => Split { password: Password::new(password), second: Some(Second::Code(code)) },
                None => whole(),
            }
        }
    }
}

fn second(text: &str) -> Option<Second> {
    if let Some((method, number)) = keyword(text) {
        return Some(Second::Use(method, number));
    }
    let passcode = Passcode::parse(text)?;
    let is_code = text.len() <= 8 && text.len() >= 6 && text.bytes().all(|b| b.is_ascii_digit());
    (is_code || looks_like_recovery_code(text)).then_some(Second::Code(passcode))
}

/// Four groups of four characters (`k3fa-9x2m-...`), as [`crate::Method::RecoveryCode`] prints them.
fn looks_like_recovery_code(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.len() == 4 && groups.iter().all(|group| group.len() == 4 && group.bytes().all(|b| b.is_ascii_alphanumeric()))
}
