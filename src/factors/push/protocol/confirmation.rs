//! Six digits that the phone and the portal each work out for themselves. Where both show the same, nobody stands
//! between them: whoever paired another phone, or a phone with another gateway, sees other digits.

use std::fmt;

use vestibule_engine::AuthenticatorId;

use super::{Digest, PublicKey};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfirmationCode(u32);

pub fn confirmation_code(
    token: &str,
    device: AuthenticatorId,
    public_key: &PublicKey,
    gateway_key: &PublicKey,
) -> ConfirmationCode {
    let text = format!("vestibule-confirm-1\n{token}\n{device}\n{public_key}\n{gateway_key}");
    let digest = Digest::of(text);
    let number = digest.as_octets().iter().take(8).fold(0_u64, |number, octet| (number << 8) | u64::from(*octet));
    ConfirmationCode(u32::try_from(number % 1_000_000).unwrap_or(0))
}

impl ConfirmationCode {
    /// Six digits without a space.
    pub fn digits(&self) -> String {
        format!("{:06}", self.0)
    }
}

/// In two groups, as people compare them.
impl fmt::Display for ConfirmationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03} {:03}", self.0 / 1000, self.0 % 1000)
    }
}
