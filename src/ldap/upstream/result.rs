//! How an operation ended, as the server told it (RFC 4511 §4.1.9).

use crate::wire::{BindResponse, Outcome};

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct LdapResult {
    pub(crate) code: u32,
    /// The server's own words.
    pub(crate) text: String,
    /// The name and the value of each control.
    pub(crate) controls: Vec<(String, Option<Vec<u8>>)>,
}

impl LdapResult {
    pub(super) fn of(outcome: Outcome<'_>) -> Self {
        Self { code: outcome.code, text: text(outcome.text), controls: Vec::new() }
    }

    pub(super) fn of_bind(response: &BindResponse<'_>) -> Self {
        let controls = response.controls.iter().map(|(name, value)| (text(name), value.map(<[u8]>::to_vec)));
        Self { controls: controls.collect(), ..Self::of(response.outcome) }
    }

    /// A result without controls.
    #[cfg(test)]
    pub(super) fn new(code: u32, text: &str) -> Self {
        Self { code, text: text.to_owned(), controls: Vec::new() }
    }
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}
