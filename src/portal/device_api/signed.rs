//! Who calls: the device whose key signed, and the person it belongs to. Nothing behind this is reached without it.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{OriginalUri, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use vestibule_engine::{Authenticator, AuthenticatorId, Method, User};
use vestibule_factors::push::protocol::{Authorization, BODY_OCTETS_MAX, ProblemCode};
use vestibule_factors::push::{DeviceRecord, VestibuleDevice};

use super::limits::place;
use super::{DeviceApi, PeerAddress, Refusal};

/// A body is at most 16 KiB: whoever needs longer for it holds a connection and nothing else.
const BODY_PATIENCE: Duration = Duration::from_secs(10);

/// A paired device that signed this call, and its person, who is enabled.
pub(super) struct Caller {
    pub(super) device: Authenticator,
    pub(super) record: VestibuleDevice,
    pub(super) user: User,
    pub(super) parts: Parts,
    pub(super) body: Bytes,
}

impl Caller {
    /// What it sent. What we do not know, we do not take.
    pub(super) fn sent<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        read(&self.body)
    }

    /// Only a device whose owner confirmed it answers anything.
    pub(super) fn confirmed(self) -> Result<Self, Refusal> {
        if self.device.confirmed { Ok(self) } else { Err(Refusal::of(ProblemCode::Over)) }
    }
}

pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|_| Refusal::of(ProblemCode::Malformed))
}

/// The call with its whole body, which is small.
pub(super) async fn whole(request: Request<Body>) -> Result<(Parts, Bytes), Refusal> {
    let (parts, body) = request.into_parts();
    match tokio::time::timeout(BODY_PATIENCE, to_bytes(body, BODY_OCTETS_MAX)).await {
        Ok(Ok(body)) => Ok((parts, body)),
        Ok(Err(error)) if is_too_large(&error) => Err(Refusal::too_large()),
        _ => Err(Refusal::of(ProblemCode::Malformed)),
    }
}

fn is_too_large(error: &axum::Error) -> bool {
    std::error::Error::source(error).is_some_and(|cause| cause.is::<http_body_util::LengthLimitError>())
}

impl DeviceApi {
    pub(super) async fn caller(&self, request: Request<Body>) -> Result<Caller, Refusal> {
        let place = place(request.extensions().get::<PeerAddress>().map(|peer| peer.0));
        self.limits.of_address.take(place).map_err(Refusal::later)?;
        let caller = self.identified(request).await.map_err(|refusal| self.limits.slowed(refusal, place))?;
        self.limits.of_device.take(caller.device.id).map_err(Refusal::later)?;
        Ok(caller)
    }

    async fn identified(&self, request: Request<Body>) -> Result<Caller, Refusal> {
        let authorization = authorization(request.headers())?;
        let (parts, body) = whole(request).await?;
        let now = self.clock.now();
        let device = self.device(authorization.device).await?;
        let DeviceRecord::Vestibule(record) = DeviceRecord::of(&device.secret)? else {
            return Err(Refusal::of(ProblemCode::Device));
        };
        let (origin, method) = (self.settings.origin.as_str(), parts.method.as_str());
        authorization
            .verify(&record.public_key, origin, method, &target(&parts), &body, now)
            .map_err(|why| Refusal::unauthorized(why, now))?;
        let user = self.store.user(device.user).await?.filter(|user| user.enabled);
        let user = user.ok_or(Refusal::of(ProblemCode::Device))?;
        Ok(Caller { device, record, user, parts, body })
    }

    /// The device as it stands now: whoever unpaired it, it is dead at once (OOB-12).
    pub(super) async fn device(&self, id: AuthenticatorId) -> Result<Authenticator, Refusal> {
        let device = self.store.authenticator(id).await?.filter(|device| device.method == Method::Push);
        let device = device.ok_or(Refusal::of(ProblemCode::Device))?;
        let abandoned = self.pairing.was_abandoned(&device).await;
        if abandoned.map_err(|fault| Refusal::trouble("remove a device that nobody confirmed", &fault))? {
            return Err(Refusal::of(ProblemCode::Device));
        }
        Ok(device)
    }
}

fn authorization(headers: &HeaderMap) -> Result<Authorization, Refusal> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let (first, second) = (given.next(), given.next());
    if second.is_some() {
        return Err(Refusal::of(ProblemCode::Malformed));
    }
    let first = first.ok_or(Refusal::of(ProblemCode::Device))?;
    let parsed = first.to_str().ok().and_then(Authorization::parse);
    parsed.ok_or(Refusal::of(ProblemCode::Malformed))
}

/// Path and query as they were sent: the router that we are nested in shows us only a part of the path.
pub(super) fn target(parts: &Parts) -> String {
    let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0);
    uri.path_and_query().map_or("/", |target| target.as_str()).to_owned()
}
