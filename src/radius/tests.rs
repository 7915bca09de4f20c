//! The door as its clients see it, over real sockets, with a script in the engine's place and time that only passes when
//! everybody waits.

mod answers;
mod asking;
mod door;
mod drops;
mod hostile;
mod logins;
mod repeats;
mod settings;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;

use vestibule_engine::config::{Problems, SecretRef, Sources};
use vestibule_engine::{PortError, Random, SecretBytes};

use crate::config::RadiusConfig;
use crate::settings::RadiusSettings;

/// Chance that is the same in every run.
pub(crate) struct Chance(Mutex<u64>);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }
}

impl Random for Chance {
    fn fill(&self, octets: &mut [u8]) -> Result<(), PortError> {
        let mut state = self.0.lock().unwrap();
        for octet in octets {
            // SplitMix64.
            *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            *octet = u8::try_from((mixed ^ (mixed >> 31)) >> 56).unwrap();
        }
        Ok(())
    }
}

/// Secrets that are what their variable is called.
pub(crate) struct NamedSecrets;

impl Sources for NamedSecrets {
    fn secret(&self, reference: &SecretRef) -> Result<SecretBytes, String> {
        match reference {
            SecretRef::Env(name) if name == "missing" => Err("environment variable missing is not set".to_owned()),
            SecretRef::Env(name) => Ok(SecretBytes::new(name.as_str())),
            other => Err(format!("no {other} in tests")),
        }
    }

    fn file(&self, path: &Path) -> Result<Vec<u8>, String> {
        Err(format!("no {} in tests", path.display()))
    }
}

pub(crate) fn link(written: serde_json::Value) -> (Option<RadiusSettings>, Problems) {
    let config: RadiusConfig = serde_json::from_value(written).unwrap();
    let mut problems = Problems::default();
    let primaries = BTreeSet::from(["local".to_owned(), "ldap".to_owned()]);
    let settings = config.link("radius", &primaries, &NamedSecrets, &mut problems);
    (settings, problems)
}
