//! Secrets on their way to the one person they are for.

use std::fmt;

use vestibule_engine::{AuthenticatorId, PortError, Random};
use zeroize::Zeroizing;

/// A secret text that is shown to its owner once, at enrolment, and kept nowhere. No `Display`: showing it takes a word.
#[derive(Clone)]
pub struct ShownOnce(Zeroizing<String>);

impl ShownOnce {
    pub(crate) fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ShownOnce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShownOnce(..)")
    }
}

pub(crate) fn new_id(random: &dyn Random) -> Result<AuthenticatorId, PortError> {
    let mut octets = [0; 16];
    random.fill(&mut octets)?;
    Ok(AuthenticatorId(uuid::Builder::from_random_bytes(octets).into_uuid()))
}
