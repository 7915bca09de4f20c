//! Recovery codes: ten codes on paper for the day the phone is lost, each good for one login.
//!
//! A code has 80 random bits, so it could be kept under a plain digest; it is kept under argon2id all the same
//! (REC-01 asks for a salted password hash below 112 bits), inside a record that the store seals once more.

mod code;
mod set;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use vestibule_engine::{
    Answer, Authenticator, Challenge, Channel, Checked, Method, NewAuthenticator, Passcode, PortError, Prompts, Random,
    SecondFactor, Spend, Timestamp, UserId,
};

use crate::shown::new_id;
use crate::{HashCost, HashPool, ShownOnce};

pub(crate) use code::Code;
pub(crate) use set::{CodeSet, CodeSetRecord};

/// A person has one set, and for a moment two while one replaces the other. More would be work for a guesser's benefit.
const SETS_MAX: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecoverySettings {
    /// How many codes a new set has.
    pub codes: u8,
    pub cost: HashCost,
}

pub struct RecoveryCodes {
    settings: RecoverySettings,
    pool: Arc<HashPool>,
}

/// A new set of codes, and the one time they are told.
#[derive(Debug)]
pub struct RecoveryEnrolment {
    /// To be stored. Confirmed from the start: there is nothing to prove about a printed list.
    pub new: NewAuthenticator,
    /// `k3fa-9x2m-...`, in the order of their numbers.
    pub codes: Vec<ShownOnce>,
}

impl RecoveryCodes {
    pub fn new(settings: RecoverySettings, pool: Arc<HashPool>) -> Self {
        Self { settings, pool }
    }

    /// Draw a new set. Whoever stores it removes the person's older sets.
    pub async fn enrol(&self, user: UserId, label: &str, random: &dyn Random) -> Result<RecoveryEnrolment, PortError> {
        let codes = (0..self.settings.codes).map(|_| Code::draw(random)).collect::<Result<Vec<_>, _>>()?;
        let mut set = CodeSet::empty(self.settings.cost, random)?;
        for code in &codes {
            let hash = self.pool.run(set.cost(), set.hashing(code)).await??;
            set.push(hash);
        }
        let new = NewAuthenticator {
            id: new_id(random)?,
            user,
            method: Method::RecoveryCode,
            label: label.to_owned(),
            secret: set.to_secret()?,
            confirmed: true,
            high_water: 0,
        };
        Ok(RecoveryEnrolment { new, codes: codes.iter().map(Code::printed).collect() })
    }

    /// How many codes the set was made with; how many are left is for the store to say.
    pub fn size(authenticator: &Authenticator) -> Result<usize, PortError> {
        CodeSet::from_secret(&authenticator.secret).map(|set| set.len())
    }
}

#[async_trait]
impl SecondFactor for RecoveryCodes {
    fn method(&self) -> Method {
        Method::RecoveryCode
    }

    fn fits(&self, channel: &Channel, passcode: Option<&Passcode>) -> bool {
        channel.prompts != Prompts::None || passcode.is_some_and(|typed| Code::read(typed).is_some())
    }

    fn is_typed(&self) -> bool {
        true
    }

    async fn check(
        &self,
        _: Option<&Challenge>,
        with: &[Authenticator],
        answer: &Answer,
        _: Timestamp,
    ) -> Result<Checked, PortError> {
        let Answer::Typed(typed) = answer else { return Ok(Checked::NotMine) };
        let Some(code) = Code::read(typed) else { return Ok(Checked::NotMine) };
        let mine = with.iter().filter(|one| one.method == Method::RecoveryCode && one.confirmed);
        for authenticator in mine.rev().take(SETS_MAX) {
            let set = CodeSet::from_secret(&authenticator.secret)?;
            let hash = self.pool.run(set.cost(), set.hashing(&code)).await??;
            if let Some(number) = set.number_of(&hash) {
                // Whether it was used before, the store knows, and refuses to spend it twice.
                let spend = Spend::Item { authenticator: authenticator.id, item: number.to_string() };
                return Ok(Checked::Right(spend));
            }
        }
        Ok(Checked::Wrong)
    }
}
