//! The published vectors, what must be refused, and what any third party may rely on.

mod refusals;
mod shapes;
mod vectors;

use serde_json::Value;
use vestibule_engine::AuthenticatorId;

use super::*;

const ORIGIN: &str = "https://login.example.com";

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer}"))
}

fn millis(value: &Value, pointer: &str) -> Millis {
    Millis(value.pointer(pointer).and_then(Value::as_i64).unwrap())
}

fn device() -> AuthenticatorId {
    text(&vectors(), "/device").parse().unwrap()
}

fn key(value: &Value, pointer: &str) -> PublicKey {
    PublicKey::parse(text(value, pointer)).unwrap()
}
