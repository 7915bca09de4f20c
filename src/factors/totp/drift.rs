//! How far an authenticator's clock runs off, learned from its right codes (OTP-07, RFC 6238 §6).
//!
//! One right code proves little: people type a code when its half minute is nearly over, and then it looks late. So what
//! is learned moves an eighth of the way at a time. A clock that is off, or drifts through the year, is followed within
//! a few logins; a person who types slowly changes nothing.

/// Hundredths of a step.
const UNIT: i64 = 100;
const SLOWNESS: i64 = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Drift {
    hundredths: i64,
    bound: i64,
}

impl Drift {
    /// What the store kept, within what the configuration allows today.
    pub(super) fn learned(hundredths: i32, max_steps: u8) -> Self {
        let bound = i64::from(max_steps) * UNIT;
        Self { hundredths: i64::from(hundredths).clamp(-bound, bound), bound }
    }

    /// Found by resynchronising: taken as it is.
    pub(super) fn measured(steps: i64, max_steps: u8) -> Self {
        let bound = i64::from(max_steps) * UNIT;
        Self { hundredths: steps.saturating_mul(UNIT).clamp(-bound, bound), bound }
    }

    /// Where the window's centre lies against our clock, in whole steps.
    pub(super) fn steps(self) -> i64 {
        (self.hundredths + self.hundredths.signum() * UNIT / 2) / UNIT
    }

    /// After a right code that was `offset` steps away from our clock.
    pub(super) fn after(self, offset: i64) -> Self {
        let seen = offset.saturating_mul(UNIT).clamp(-self.bound, self.bound);
        Self { hundredths: self.hundredths + (seen - self.hundredths) / SLOWNESS, ..self }
    }

    pub(super) fn as_learned(self) -> i32 {
        i32::try_from(self.hundredths).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn after_logins(offset: i64, logins: usize) -> Drift {
        (0..logins).fold(Drift::learned(0, 4), |drift, _| drift.after(offset))
    }

    #[test]
    fn a_clock_that_is_off_is_followed_within_a_few_logins() {
        assert_eq!(after_logins(1, 2).steps(), 0);
        assert_eq!(after_logins(1, 8).steps(), 1);
        assert_eq!(after_logins(-1, 8).steps(), -1);
    }

    #[test]
    fn typing_late_now_and_then_moves_nothing() {
        let mut drift = Drift::learned(0, 4);
        for login in 0..300 {
            drift = drift.after(if login % 3 == 0 { -1 } else { 0 });
            assert_eq!(drift.steps(), 0, "login {login}");
        }
    }

    proptest! {
        #[test]
        fn what_is_learned_never_leaves_its_bound(start: i32, max in 0_u8..20, offsets: Vec<i64>) {
            let mut drift = Drift::learned(start, max);
            for offset in offsets {
                drift = drift.after(offset);
                prop_assert!(drift.steps().abs() <= i64::from(max));
                prop_assert_eq!(Drift::learned(drift.as_learned(), max), drift);
            }
        }
    }
}
