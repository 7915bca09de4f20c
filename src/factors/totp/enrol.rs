//! A new authenticator: its key, the proof that its owner has it, and putting its clock right later.

use std::time::Duration;

use vestibule_engine::{
    Authenticator, Method, NewAuthenticator, Passcode, PortError, Random, Spend, Timestamp, UserId,
};
use zeroize::Zeroizing;

use super::{Drift, ImportRefused, Key, Totp, code_digits};
use crate::ShownOnce;
use crate::shown::new_id;

/// How far off a new authenticator's clock may be for us to say so instead of "wrong": ten minutes of 30 s.
const CLOCK_SEARCH_STEPS: i64 = 20;

/// A key on its way to its owner.
#[derive(Debug)]
pub struct Enrolment {
    /// To be stored. Not usable until [`Totp::confirm`] saw one right code (OTP-10).
    pub new: NewAuthenticator,
    /// The `otpauth://` address, for a QR code.
    pub uri: ShownOnce,
    /// The key in base 32, in groups of four, for typing.
    pub secret_text: ShownOnce,
}

/// What became of the first code of a new authenticator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmation {
    /// To be spent in the same transaction that confirms, so that this code is good for nothing else.
    Right(Spend),
    Wrong,
    /// The code is right for a clock that is off by this much. The owner should set it; nothing was confirmed.
    ClockOff {
        ahead: bool,
        by: Duration,
    },
    /// No code at all.
    NotACode,
}

impl Totp {
    /// `account` is what the app shows beside the issuer: the person's name.
    pub fn enrol(&self, user: UserId, account: &str, label: &str, random: &dyn Random) -> Result<Enrolment, PortError> {
        let settings = &self.settings;
        let mut octets = Zeroizing::new(vec![0; settings.algorithm.key_octets()]);
        random.fill(&mut octets)?;
        let key = Key::new(settings.algorithm, settings.digits, settings.period, &octets).map_err(|cause| {
            PortError::Unusable { doing: "make the key of an authenticator".into(), cause: Some(Box::new(cause)) }
        })?;
        let new = unconfirmed(&key, user, label, random)?;
        Ok(Enrolment { new, uri: key.uri(&settings.issuer, account), secret_text: key.secret_text() })
    }

    /// Take over a key from another product, or from a hardware token, by its `otpauth://totp/` address.
    pub fn import(
        &self,
        user: UserId,
        label: &str,
        uri: &str,
        random: &dyn Random,
    ) -> Result<NewAuthenticator, ImportRefused> {
        let key = Key::from_uri(uri)?;
        unconfirmed(&key, user, label, random).map_err(|_| ImportRefused::Chance)
    }

    /// Judge the first code of an authenticator that is not confirmed yet.
    pub fn confirm(
        &self,
        authenticator: &Authenticator,
        code: &Passcode,
        now: Timestamp,
    ) -> Result<Confirmation, PortError> {
        let Some(digits) = code_digits(code) else { return Ok(Confirmation::NotACode) };
        let key = Key::from_secret(&authenticator.secret)?;
        let present = key.step_at(now);
        let around = |steps: i64| present.saturating_sub(steps)..=present.saturating_add(steps);
        if let Some(step) = key.matching(&digits, around(self.settings.window.into())) {
            let drift = Drift::learned(0, self.settings.drift_max).after(step.saturating_sub(present)).as_learned();
            return Ok(Confirmation::Right(Spend::Step { authenticator: authenticator.id, step, drift }));
        }
        // Telling how far off the clock is helps nobody guess: a key that is not confirmed opens nothing.
        Ok(key.matching(&digits, around(CLOCK_SEARCH_STEPS)).map_or(Confirmation::Wrong, |step| {
            let off = step.saturating_sub(present);
            let by = Duration::from_secs(off.unsigned_abs().saturating_mul(key.period().into()));
            Confirmation::ClockOff { ahead: off > 0, by }
        }))
    }

    /// Two codes in a row from an authenticator whose clock has run out of the window (RFC 4226 §7.4, OTP-07): what to
    /// spend, with the drift that makes it usable again. `None` where they are not two in a row, are beyond
    /// `drift_max`, or were used before.
    pub fn resync(
        &self,
        authenticator: &Authenticator,
        codes: [&Passcode; 2],
        now: Timestamp,
    ) -> Result<Option<Spend>, PortError> {
        let [Some(first), Some(second)] = codes.map(code_digits) else { return Ok(None) };
        let key = Key::from_secret(&authenticator.secret)?;
        let present = key.step_at(now);
        let bound = i64::from(self.settings.drift_max);
        let unused = authenticator.high_water.saturating_add(1);
        let from = present.saturating_sub(bound).max(unused.saturating_add(1));
        let pairs = from..=present.saturating_add(bound);
        let found = pairs.rev().find(|step| {
            // The second code was read last, so it is the one that tells the time.
            key.matching(&second, *step..=*step).is_some()
                && key.matching(&first, step.saturating_sub(1)..=step.saturating_sub(1)).is_some()
        });
        Ok(found.map(|step| Spend::Step {
            authenticator: authenticator.id,
            step,
            drift: Drift::measured(step.saturating_sub(present), self.settings.drift_max).as_learned(),
        }))
    }
}

fn unconfirmed(key: &Key, user: UserId, label: &str, random: &dyn Random) -> Result<NewAuthenticator, PortError> {
    Ok(NewAuthenticator {
        id: new_id(random)?,
        user,
        method: Method::Totp,
        label: label.to_owned(),
        secret: key.to_secret(),
        confirmed: false,
        // No step is used up: steps count from 1970 and none is negative.
        high_water: -1,
    })
}
