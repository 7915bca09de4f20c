//! Codes that change every half minute (RFC 6238), from any authenticator app or hardware token.
//!
//! How long a code is good: with a window of one step of 30 s, from 30 s before its own half minute to 30 s after it,
//! 90 s in all. An authenticator whose clock is off moves that span, by at most `drift_max` steps; it never widens it.

mod drift;
mod enrol;
mod key;
#[cfg(test)]
mod tests;
mod uri;

use async_trait::async_trait;
use subtle::ConstantTimeEq;
use vestibule_engine::{
    Answer, Authenticator, Challenge, Channel, Checked, Method, Passcode, PortError, Prompts, SecondFactor, Spend,
    Timestamp,
};

use drift::Drift;
pub use enrol::{Confirmation, Enrolment};
use key::Key;
pub use key::{Algorithm, ImportRefused};

const DIGITS_MIN: usize = 6;
const DIGITS_MAX: usize = 8;

/// What an administrator chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TotpSettings {
    /// What authenticator apps show above the code.
    pub issuer: String,
    /// For new enrolments, as the three below.
    pub algorithm: Algorithm,
    pub digits: u8,
    pub period: u8,
    /// How many steps before and after the present one count.
    pub window: u8,
    /// How far an authenticator's clock may run off, in steps, and still be followed.
    pub drift_max: u8,
}

impl Default for TotpSettings {
    fn default() -> Self {
        Self { issuer: "Vestibule".into(), algorithm: Algorithm::Sha1, digits: 6, period: 30, window: 1, drift_max: 4 }
    }
}

pub struct Totp {
    settings: TotpSettings,
}

impl Totp {
    pub fn new(settings: TotpSettings) -> Self {
        Self { settings }
    }

    fn judge(&self, authenticator: &Authenticator, digits: &str, now: Timestamp) -> Result<Checked, PortError> {
        let key = Key::from_secret(&authenticator.secret)?;
        let drift = Drift::learned(authenticator.drift, self.settings.drift_max);
        let present = key.step_at(now);
        let centre = present.saturating_add(drift.steps());
        let window = i64::from(self.settings.window);
        let matching = key.matching(digits, centre.saturating_sub(window)..=centre.saturating_add(window));
        Ok(match matching {
            None => Checked::Wrong,
            // The store refuses it as well; saying so here gives the audit its reason (OTP-03).
            Some(step) if step <= authenticator.high_water => Checked::UsedBefore(authenticator.id),
            Some(step) => Checked::Right(Spend::Step {
                authenticator: authenticator.id,
                step,
                drift: drift.after(step.saturating_sub(present)).as_learned(),
            }),
        })
    }
}

/// The digits of a code, where what was typed has the length of one.
fn code_digits(typed: &Passcode) -> Option<String> {
    typed.digits().filter(|digits| (DIGITS_MIN..=DIGITS_MAX).contains(&digits.len()))
}

#[async_trait]
impl SecondFactor for Totp {
    fn method(&self) -> Method {
        Method::Totp
    }

    fn fits(&self, channel: &Channel, passcode: Option<&Passcode>) -> bool {
        channel.prompts != Prompts::None || passcode.is_some_and(|typed| code_digits(typed).is_some())
    }

    fn is_typed(&self) -> bool {
        true
    }

    /// All of a person's authenticators are tried, whichever was right, so that the time tells nothing.
    async fn check(
        &self,
        _: Option<&Challenge>,
        with: &[Authenticator],
        answer: &Answer,
        now: Timestamp,
    ) -> Result<Checked, PortError> {
        let Answer::Typed(typed) = answer else { return Ok(Checked::NotMine) };
        let Some(digits) = code_digits(typed) else { return Ok(Checked::NotMine) };
        let mut best = Ok(Checked::Wrong);
        for authenticator in with.iter().filter(|one| one.method == Method::Totp && one.confirmed) {
            best = better(best, self.judge(authenticator, &digits, now));
        }
        best
    }
}

/// Used before, before right; a record that cannot be read before a mere wrong, because it might have been the one.
fn better(one: Result<Checked, PortError>, other: Result<Checked, PortError>) -> Result<Checked, PortError> {
    let rank = |result: &Result<Checked, PortError>| match result {
        // One key may be enrolled twice (an import repeated): a code used with one is used (OTP-03).
        Ok(Checked::UsedBefore(_)) => 3,
        Ok(Checked::Right(_)) => 2,
        Err(_) => 1,
        Ok(Checked::Wrong | Checked::WrongNumber | Checked::NotMine) => 0,
    };
    if rank(&other) > rank(&one) { other } else { one }
}

impl Key {
    /// The newest step of the span whose code this is. The newest, because a code that happens to belong to two steps
    /// must not be good for both.
    fn matching(&self, digits: &str, span: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let mut found = None;
        for step in span {
            let right = self.code(step).is_some_and(|code| code.as_bytes().ct_eq(digits.as_bytes()).into());
            if right {
                found = Some(step);
            }
        }
        found
    }
}
