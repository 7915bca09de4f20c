//! What an authenticator app and the gateway share: a key, and how codes are made of it.

use serde::{Deserialize, Serialize};
use totp_rs::Builder;
use vestibule_engine::{PortError, SecretBytes, Timestamp};
use zeroize::Zeroizing;

use super::{DIGITS_MAX, DIGITS_MIN};

/// RFC 4226 R6 asks for 128 bits. Older apps and tokens come with 80, and can be imported.
const KEY_OCTETS_MIN: usize = 10;
/// Nothing a hash uses goes beyond its block.
const KEY_OCTETS_MAX: usize = 128;
const PERIODS: std::ops::RangeInclusive<u8> = 15..=60;
/// The first octet of a record, so that another form can follow one day.
const FORM: u8 = 1;

/// The hash of a code. Many apps read any other than SHA-1 and then use SHA-1 all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// What every authenticator app understands.
    #[default]
    Sha1,
    Sha256,
    Sha512,
}

impl Algorithm {
    const ALL: [Self; 3] = [Self::Sha1, Self::Sha256, Self::Sha512];

    fn number(self) -> u8 {
        match self {
            Self::Sha1 => 1,
            Self::Sha256 => 2,
            Self::Sha512 => 3,
        }
    }

    /// RFC 4226 R6 and RFC 6238 §5.1: as long as the hash, and at least 160 bits (OTP-09).
    pub(super) fn key_octets(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    fn of_crate(self) -> totp_rs::Algorithm {
        match self {
            Self::Sha1 => totp_rs::Algorithm::SHA1,
            Self::Sha256 => totp_rs::Algorithm::SHA256,
            Self::Sha512 => totp_rs::Algorithm::SHA512,
        }
    }
}

/// Why a key from elsewhere is not taken. Says nothing of the key itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportRefused {
    #[error("this is not an otpauth://totp/ address")]
    NotAnAddress,
    #[error("the secret is missing or not base 32")]
    Secret,
    #[error("the secret has {0} bits; at least 80 and at most 1024 are needed")]
    SecretLength(usize),
    #[error("codes have {0} digits; 6 to 8 are supported")]
    Digits(u32),
    #[error("codes change every {0} s; 15 to 60 are supported")]
    Period(u64),
    #[error("the algorithm is not SHA1, SHA256 or SHA512")]
    Algorithm,
    #[error("the address names two different issuers")]
    Issuer,
    #[error("give the authenticator an identity")]
    Chance,
}

pub(super) struct Key {
    algorithm: Algorithm,
    digits: u8,
    period: u8,
    totp: totp_rs::Totp,
}

impl Key {
    pub(super) fn new(algorithm: Algorithm, digits: u8, period: u8, octets: &[u8]) -> Result<Self, ImportRefused> {
        if !(DIGITS_MIN..=DIGITS_MAX).contains(&usize::from(digits)) {
            return Err(ImportRefused::Digits(digits.into()));
        }
        if !PERIODS.contains(&period) {
            return Err(ImportRefused::Period(period.into()));
        }
        if !(KEY_OCTETS_MIN..=KEY_OCTETS_MAX).contains(&octets.len()) {
            return Err(ImportRefused::SecretLength(octets.len().saturating_mul(8)));
        }
        // "Noncompliant" is what the crate calls keys under 128 bits; what else it would check was checked above.
        let totp = Builder::new()
            .with_algorithm(algorithm.of_crate())
            .with_digits(digits)
            .with_step_duration(period.into())
            .with_secret(octets)
            .build_noncompliant();
        Ok(Self { algorithm, digits, period, totp })
    }

    /// As it is kept in the authenticator: form, algorithm, digits, period, key.
    pub(super) fn to_secret(&self) -> SecretBytes {
        let mut record = vec![FORM, self.algorithm.number(), self.digits, self.period];
        record.extend_from_slice(self.octets());
        SecretBytes::new(record)
    }

    pub(super) fn from_secret(secret: &SecretBytes) -> Result<Self, PortError> {
        let damaged = || PortError::unusable("read the key of an authenticator: the record is damaged");
        let [FORM, algorithm, digits, period, octets @ ..] = secret.expose() else { return Err(damaged()) };
        let algorithm = Algorithm::ALL.into_iter().find(|one| one.number() == *algorithm).ok_or_else(damaged)?;
        Self::new(algorithm, *digits, *period, octets).map_err(|_| damaged())
    }

    pub(super) fn octets(&self) -> &[u8] {
        self.totp.secret().as_ref()
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn digits(&self) -> u8 {
        self.digits
    }

    pub(super) fn period(&self) -> u8 {
        self.period
    }

    pub(super) fn step_at(&self, now: Timestamp) -> i64 {
        now.secs().div_euclid(self.period.into())
    }

    /// The code of a step; there are none before 1970.
    pub(super) fn code(&self, step: i64) -> Option<Zeroizing<String>> {
        let time = u64::try_from(step).ok()?.checked_mul(self.period.into())?;
        Some(Zeroizing::new(self.totp.generate(time).to_string()))
    }
}
