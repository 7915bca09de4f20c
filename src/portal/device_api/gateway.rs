//! Who we are, for whoever asks: nothing about any person.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use vestibule_factors::push::protocol::{Gateway, Millis};

use super::DeviceApi;

/// The document that describes this interface, for whoever writes another client.
pub(super) const DOCUMENT: &str = include_str!("openapi.json");
const LANGUAGES: [&str; 5] = ["en", "de", "it", "fr", "es"];

pub(super) async fn show(State(api): State<Arc<DeviceApi>>) -> Json<Gateway> {
    let settings = &api.settings;
    Json(Gateway {
        issuer: settings.issuer.clone(),
        origin: settings.origin.clone(),
        vapid_key: settings.vapid_key,
        version: env!("CARGO_PKG_VERSION").into(),
        languages: LANGUAGES.map(str::to_owned).to_vec(),
        help: settings.help.clone(),
        server_time: Millis::from(api.clock.now()),
    })
}

pub(super) async fn document() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "public, max-age=3600")], DOCUMENT)
}
