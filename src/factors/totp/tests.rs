//! The published vectors, the window, and what people do with codes.

mod enrolment;
mod oathtool;
mod vectors;
mod window;

use super::*;
use crate::tests::{ada, as_enrolled, typed};
use vestibule_engine::{AuthenticatorId, NewAuthenticator};

/// A moment in 2026, twelve seconds into its half minute.
const NOW: Timestamp = Timestamp::from_secs(1_780_000_002);
const STEP: i64 = 1_780_000_002 / 30;

fn key() -> Key {
    Key::new(Algorithm::Sha1, 6, 30, b"12345678901234567890").unwrap()
}

fn enrolled(key: &Key, number: u128) -> Authenticator {
    as_enrolled(NewAuthenticator {
        id: AuthenticatorId(uuid::Uuid::from_u128(number)),
        user: ada(),
        method: Method::Totp,
        label: "Phone".into(),
        secret: key.to_secret(),
        confirmed: true,
        high_water: -1,
    })
}

fn factor() -> Totp {
    Totp::new(TotpSettings::default())
}

fn code(key: &Key, step: i64) -> String {
    key.code(step).unwrap().to_string()
}

async fn check(factor: &Totp, with: &[Authenticator], text: &str, now: Timestamp) -> Checked {
    factor.check(None, with, &typed(text), now).await.unwrap()
}

/// What the store does with a spend that it accepts.
fn spent(authenticator: &mut Authenticator, spend: &Spend) {
    let Spend::Step { step, drift, .. } = spend else { panic!("{spend:?}") };
    (authenticator.high_water, authenticator.drift) = (*step, *drift);
}
