//! What somebody typed into a field and nobody else should read: wiped when it is done with.

use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

#[derive(Default)]
pub(crate) struct Typed(Zeroizing<String>);

impl Typed {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Typed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}
