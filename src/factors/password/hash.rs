//! Password hashes as they are stored: argon2id in PHC form, `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.

use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::{Params, PasswordHasher, Version};
use subtle::ConstantTimeEq;
use vestibule_engine::{Password, PortError, Random, SecretBytes};
use zeroize::Zeroizing;

use crate::HashCost;

/// The shortest password an administrator may set, in characters (NIST SP 800-63B-4 §3.1.1.2 with a second factor).
pub const PASSWORD_CHARS_MIN: usize = 8;
/// The longest one: what fits into a RADIUS User-Password (RFC 2865 §5.2).
pub const PASSWORD_OCTETS_MAX: usize = 128;

/// Why a password cannot be set.
#[derive(Debug, thiserror::Error)]
pub enum PasswordRefused {
    #[error("the password is shorter than {PASSWORD_CHARS_MIN} characters")]
    TooShort,
    #[error("the password is longer than {PASSWORD_OCTETS_MAX} octets, which is what every door can carry")]
    TooLong,
    #[error("the password holds a control character or is not UTF-8, which cannot be typed everywhere")]
    NotTypable,
    #[error("hash the password")]
    Hash(#[from] PortError),
}

/// Hash a password for storing. Takes as long as `cost` says, on this thread.
pub fn hash_password(password: &Password, cost: HashCost, random: &dyn Random) -> Result<SecretBytes, PasswordRefused> {
    let text = password.as_text().ok_or(PasswordRefused::NotTypable)?;
    if text.chars().any(char::is_control) {
        return Err(PasswordRefused::NotTypable);
    }
    if text.chars().count() < PASSWORD_CHARS_MIN {
        return Err(PasswordRefused::TooShort);
    }
    if text.len() > PASSWORD_OCTETS_MAX {
        return Err(PasswordRefused::TooLong);
    }
    let mut salt = [0; 16];
    random.fill(&mut salt)?;
    let hash: PasswordHash = cost.argon2()?.hash_password_with_salt(password.octets(), &salt).map_err(unusable)?;
    Ok(SecretBytes::new(hash.to_string()))
}

/// A hash, read and found sane.
pub(super) struct StoredHash {
    pub(super) cost: HashCost,
    salt: Salt,
    output: Output,
}

impl StoredHash {
    /// Only argon2id version 19 is taken: whatever else stands there was not written by us.
    pub(super) fn parse(stored: &SecretBytes) -> Result<Self, PortError> {
        let text = std::str::from_utf8(stored.expose()).map_err(unusable)?;
        let hash = PasswordHash::new(text).map_err(unusable)?;
        let params = Params::try_from(&hash).map_err(unusable)?;
        let cost = HashCost { memory_kib: params.m_cost(), passes: params.t_cost(), lanes: params.p_cost() };
        let ours = hash.algorithm.as_str() == "argon2id" && hash.version == Some(Version::V0x13.into());
        match (ours, hash.salt, hash.hash) {
            (true, Some(salt), Some(output)) => Ok(Self { cost, salt, output }),
            _ => Err(PortError::unusable("read a password hash: it is not argon2id with a salt")),
        }
    }

    pub(super) fn nobody(cost: HashCost, random: &dyn Random) -> Result<Self, PortError> {
        let (mut salt, mut output) = ([0; 16], [0; 32]);
        random.fill(&mut salt)?;
        random.fill(&mut output)?;
        cost.argon2()?;
        Ok(Self { cost, salt: Salt::new(&salt).map_err(unusable)?, output: Output::new(&output).map_err(unusable)? })
    }

    pub(super) fn matches(&self, password: &Password) -> Result<bool, PortError> {
        let mut worked_out = Zeroizing::new(vec![0; self.output.len()]);
        self.cost.argon2()?.hash_password_into(password.octets(), &self.salt, &mut worked_out).map_err(unusable)?;
        Ok(worked_out.ct_eq(self.output.as_bytes()).into())
    }
}

fn unusable(cause: impl std::error::Error + Send + Sync + 'static) -> PortError {
    PortError::Unusable { doing: "work with a password hash".into(), cause: Some(Box::new(cause)) }
}
