//! What the tests of this crate share.

mod store;

use std::sync::Mutex;
use std::time::Duration;

use vestibule_engine::{
    Answer, Authenticator, Channel, NewAuthenticator, Passcode, PortError, Prompts, Random, Timestamp, UserId,
};

pub(crate) use store::MemoryStore;

/// Chance that is the same in every run.
pub(crate) struct Dice(Mutex<u64>);

impl Dice {
    pub(crate) fn new() -> Self {
        static SEED: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
        Self::seeded(SEED.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
    }

    pub(crate) fn seeded(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }
}

impl Random for Dice {
    fn fill(&self, octets: &mut [u8]) -> Result<(), PortError> {
        let mut state = self.0.lock().unwrap();
        for octet in octets {
            // SplitMix64.
            *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = *state;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            *octet = (z ^ (z >> 31)).to_le_bytes()[0];
        }
        Ok(())
    }
}

/// Chance that fails.
pub(crate) struct NoDice;

impl Random for NoDice {
    fn fill(&self, _: &mut [u8]) -> Result<(), PortError> {
        Err(PortError::unusable("draw a random number"))
    }
}

pub(crate) fn ada() -> UserId {
    UserId(uuid::Uuid::from_u128(0xADA))
}

pub(crate) fn typed(text: &str) -> Answer {
    Answer::Typed(Passcode::parse(text).unwrap())
}

pub(crate) fn text_prompts() -> Channel {
    Channel { prompts: Prompts::Text, patience: Duration::from_secs(30) }
}

pub(crate) fn no_prompts() -> Channel {
    Channel { prompts: Prompts::None, patience: Duration::from_secs(30) }
}

/// As the store gives it back once its owner has confirmed it.
pub(crate) fn as_enrolled(new: NewAuthenticator) -> Authenticator {
    Authenticator {
        id: new.id,
        user: new.user,
        method: new.method,
        label: new.label,
        secret: new.secret,
        high_water: new.high_water,
        drift: 0,
        confirmed: true,
        preferred: false,
        created: Timestamp(0),
        last_used: None,
    }
}
