//! The app has no keyboard for the number that the login shows: it shows buttons, one of which is right.

use vestibule_engine::Number;

use super::PiKey;

/// The most that the app lays out. Whoever presses one blindly is right once in ten times, and wrong ends the login.
const BUTTONS: usize = 10;
/// Ten different ones of a hundred are found long before.
const DRAWS_MAX: u32 = 1000;

/// The right number among others. Drawn from a key and the nonce: asking twice, or another node, shows the same, so that
/// the number cannot be told by what stays; and whoever knows the nonce cannot work out the others.
pub(super) fn buttons(key: &PiKey, nonce: &str, number: &Number) -> Vec<String> {
    let digits = number.digits();
    let range = 10_u64.saturating_pow(u32::try_from(digits).unwrap_or(2));
    let mut shown: Vec<String> = Vec::with_capacity(BUTTONS);
    for at in 1..=DRAWS_MAX {
        if shown.len() + 1 >= BUTTONS {
            break;
        }
        let other = format!("{:0digits$}", key.draw(nonce, at) % range);
        if other != number.expose() && !shown.contains(&other) {
            shown.push(other);
        }
    }
    let places = u64::try_from(shown.len()).unwrap_or(0) + 1;
    let place = usize::try_from(key.draw(nonce, 0) % places).unwrap_or(0);
    shown.insert(place.min(shown.len()), number.expose().to_owned());
    shown
}
