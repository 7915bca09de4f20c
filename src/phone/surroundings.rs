//! What a phone stands in: the time, and whom it believes to be its gateway.

use std::sync::Arc;

use vestibule_engine::{Clock, Timestamp};

use super::PhoneError;
use crate::clock::SystemClock;

#[derive(Clone)]
pub struct Surroundings {
    pub(super) clock: Arc<dyn Clock>,
    /// PEM.
    pub(super) authority: Option<String>,
}

impl Surroundings {
    /// The clock and the certificate authorities of this machine.
    pub fn of_this_machine() -> Self {
        Self { clock: Arc::new(SystemClock::new()), authority: None }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Another clock: this machine's may be wrong.
    #[must_use]
    pub fn at(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// Believe certificates that this authority signed (PEM, one or several), and no others. An account that is paired
    /// with it keeps it.
    pub fn trusting(self, authority: &str) -> Result<Self, PhoneError> {
        let certificates = certificates(authority)?;
        if certificates.is_empty() {
            return Err(PhoneError::Unusable("the certificate of the authority"));
        }
        Ok(Self { authority: Some(authority.to_owned()), ..self })
    }
}

pub(super) fn certificates(pem: &str) -> Result<Vec<reqwest::Certificate>, PhoneError> {
    reqwest::Certificate::from_pem_bundle(pem.as_bytes())
        .map_err(|_| PhoneError::Unusable("the certificate of the authority"))
}
