//! A new device: it shows the secret of a QR code and a key of its own.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use vestibule_factors::push::protocol::{ProblemCode, PublicKey, Register, Registered};

use super::limits::place;
use super::{DeviceApi, PeerAddress, Refusal, signed};
use crate::pairing::ClaimRefused;

pub(super) async fn register(
    State(api): State<Arc<DeviceApi>>,
    request: Request<Body>,
) -> Result<Json<Registered>, Refusal> {
    let place = place(request.extensions().get::<PeerAddress>().map(|peer| peer.0));
    api.limits.of_address.take(place).map_err(Refusal::later)?;
    let (_, body) = signed::whole(request).await?;
    api.registered(&body).await.map(Json).map_err(|refusal| api.limits.slowed(refusal, place))
}

impl DeviceApi {
    async fn registered(&self, body: &[u8]) -> Result<Registered, Refusal> {
        let register: Register = signed::read(body)
            .map_err(|refusal| if names_a_key(body) { refusal } else { Refusal::of(ProblemCode::Key) })?;
        if !register.is_sane() {
            return Err(Refusal::of(ProblemCode::Malformed));
        }
        let now = self.clock.now();
        register.verify(&self.settings.origin, now).map_err(|why| Refusal::unauthorized(why, now))?;
        match self.pairing.claim(&register).await {
            Ok(registered) => Ok(registered),
            Err(ClaimRefused::Over) => Err(Refusal::of(ProblemCode::Token)),
            Err(ClaimRefused::Fault(fault)) => Err(Refusal::trouble("pair a device", &fault)),
        }
    }
}

/// Whether the key that is named has the form of one: the one thing that a device is told apart.
fn names_a_key(body: &[u8]) -> bool {
    let named = serde_json::from_slice::<serde_json::Value>(body).ok();
    let key = named.as_ref().and_then(|named| named.get("public_key")).and_then(serde_json::Value::as_str);
    key.is_none_or(|key| PublicKey::parse(key).is_some())
}
