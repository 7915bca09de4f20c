//! Shared secrets: refused when empty, warned of when weak (RAD-32).

use vestibule_engine::config::{Problems, SecretRef, Sources, load_secret};

use crate::wire::SharedSecret;

/// Up to here a secret can be found by trying all of them.
const WEAK_OCTETS: usize = 12;

/// Secrets from examples and manuals, which are tried first.
const WELL_KNOWN: [&str; 12] = [
    "testing123",
    "secret",
    "radius",
    "password",
    "cisco",
    "mysecret",
    "sharedsecret",
    "changeme",
    "radiussecret",
    "whatever",
    "test",
    "letmein",
];

pub(super) fn link_secret(
    reference: &SecretRef,
    path: &str,
    sources: &dyn Sources,
    problems: &mut Problems,
) -> Option<SharedSecret> {
    let secret = load_secret(sources, reference, path, problems)?;
    let remedy = "make one of 24 or more random characters and set it on both sides";
    let is_well_known = WELL_KNOWN.iter().any(|known| secret.expose().eq_ignore_ascii_case(known.as_bytes()));
    if is_well_known {
        problems.warn(path, "a secret that is in manuals and so in every list of guesses", remedy);
    } else if secret.expose().len() <= WEAK_OCTETS {
        let found = format!("a secret of {} octets, which can be found by trying", secret.expose().len());
        problems.warn(path, found, remedy);
    }
    Some(SharedSecret::new(secret))
}
