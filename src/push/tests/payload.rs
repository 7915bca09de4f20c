//! PSH-06: what a provider carries tells it nothing about anybody.

use std::time::Duration;

use serde_json::Value;
use vestibule_factors::push::{Doorbell, Ring};

use super::world::{ORIGIN, World, android};
use crate::doorbell;

/// Every text and number in a message, wherever it stands.
fn leaves(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| leaves(value, &format!("{path}.{key}"), found)),
        Value::Array(items) => items.iter().for_each(|value| leaves(value, path, found)),
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(inner @ Value::Object(_)) => leaves(&inner, path, found),
            _ => found.push((path.to_owned(), text.clone())),
        },
        other => found.push((path.to_owned(), other.to_string())),
    }
}

/// A closed list: what is in a message is one of the fixed words, or one of the two ids, or the moment. A name, a number
/// to match, an address or a service would be none of them.
#[tokio::test]
async fn no_name_number_address_or_service_is_in_any_message() {
    let world = World::new();
    for state in [Doorbell::Asked, Doorbell::Over] {
        let ring = Ring { doorbell: state, ..world.ring(android(), Duration::from_secs(60)) };
        for message in [doorbell::web_push(&ring, ORIGIN), doorbell::apns(&ring), doorbell::fcm_data(&ring)] {
            let mut found = Vec::new();
            leaves(&message, "", &mut found);
            let varying: Vec<_> = found
                .iter()
                .filter(|(_, text)| {
                    ![
                        "Sign-in request",
                        "Open to see who is asking.",
                        "Request is over",
                        "Nothing to do.",
                        "default",
                        "vestibule-request",
                        "en",
                        "auto",
                        "1",
                        "8030",
                        "asked",
                        "over",
                        "https://login.example.com/authenticator/",
                    ]
                    .contains(&text.as_str())
                })
                .collect();
            let names: Vec<_> = varying.iter().map(|(path, _)| path.as_str()).collect();
            assert_eq!(names, [".vestibule.attempt", ".vestibule.device", ".vestibule.until"]);
            let values: Vec<_> = varying.iter().map(|(_, text)| text.clone()).collect();
            assert_eq!(values, [ring.attempt.to_string(), ring.device.to_string(), (ring.until.0 / 1_000).to_string()]);
            assert!(!message.to_string().contains(&ring.user.to_string()));
        }
    }
}

/// The payloads are told by name above; the headers are told here: a slot is no second name of a device.
#[tokio::test]
async fn a_slot_is_the_same_for_one_device_fits_a_topic_and_does_not_hold_its_id() {
    let world = World::new();
    let (one, two) = (world.ring(android(), Duration::ZERO).device, world.ring(android(), Duration::ZERO).device);
    assert_eq!(doorbell::slot(one), doorbell::slot(one));
    assert_ne!(doorbell::slot(one), doorbell::slot(two));
    let slot = doorbell::slot(one);
    assert!(slot.len() == 32 && slot.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "PSH-02");
    assert!(!slot.contains(&one.0.simple().to_string()));
}
