//! What a device may know and change of itself: where it is rung, how it shows that its person is there, its end.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use vestibule_engine::{AuditEvent, AuditRecord, DeviceMark, StoreError};
use vestibule_factors::push::protocol::{
    Account, Millis, Policy, ProblemCode, PushKind, PushState, SetPush, SetVerification, Status, VerificationState,
};
use vestibule_factors::push::{Credential, DeviceRecord, VestibuleDevice, address_of, address_secret, take_away};

use super::signed::Caller;
use super::{DeviceApi, Refusal};

/// A device that asks every few seconds is not written down every few seconds.
const SEEN_APART: Duration = Duration::from_secs(60);
/// In the audit: by the device itself.
const BY_DEVICE: &str = "device";

pub(super) async fn show(State(api): State<Arc<DeviceApi>>, request: Request<Body>) -> Result<Json<Account>, Refusal> {
    let caller = api.caller(request).await?;
    api.heard_of(&caller).await;
    let known = api.store.device(caller.device.id).await?;
    let address = known.as_ref().and_then(|known| known.push.as_ref()).map(address_of).transpose()?;
    let kind = PushKind::from(address.as_ref());
    let moment = |mark: Option<_>| mark.map(Millis::from);
    Ok(Json(Account {
        status: if caller.device.confirmed { Status::Active } else { Status::Pending },
        issuer: api.settings.issuer.clone(),
        account: caller.user.subject.name.clone(),
        label: caller.device.label.clone(),
        push: PushState {
            kind,
            since: moment(known.as_ref().and_then(|known| known.push_since)),
            trouble: known.as_ref().and_then(|known| known.trouble.clone()),
        },
        last_shown: moment(known.as_ref().and_then(|known| known.last_shown)),
        last_answered: moment(known.as_ref().and_then(|known| known.last_answered)),
        verification: VerificationState {
            policy: api.push.user_verification(),
            registered: caller.record.verification.is_some(),
        },
        server_time: Millis::from(api.clock.now()),
    }))
}

/// Unpaired, at its own wish: its key is dead from here on.
pub(super) async fn unpair(State(api): State<Arc<DeviceApi>>, request: Request<Body>) -> Result<StatusCode, Refusal> {
    let caller = api.caller(request).await?;
    match take_away(&*api.store, &caller.device, BY_DEVICE, api.clock.now()).await {
        // Somebody else was first.
        Ok(()) | Err(StoreError::Refused(_)) => Ok(StatusCode::NO_CONTENT),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn set_push(State(api): State<Arc<DeviceApi>>, request: Request<Body>) -> Result<StatusCode, Refusal> {
    let caller = api.caller(request).await?;
    let address = caller.sent::<SetPush>()?.address();
    if let Some(address) = &address
        && let Err(refused) = api.push.accepts(address)
    {
        tracing::info!(device.id = %caller.device.id, error = %refused, "A phone may not be rung where it wants to be");
        return Err(Refusal::of(ProblemCode::Address));
    }
    let secret = address.as_ref().map(address_secret).transpose()?;
    api.store.set_push(caller.device.id, secret, api.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn set_verification(
    State(api): State<Arc<DeviceApi>>,
    request: Request<Body>,
) -> Result<StatusCode, Refusal> {
    let caller = api.caller(request).await?;
    let set: SetVerification = caller.sent()?;
    if !set.is_sane() {
        return Err(Refusal::of(ProblemCode::Malformed));
    }
    caller.may_change_verification(api.push.user_verification())?;
    let SetVerification { credential_id, public_key } = set;
    let credential = Credential { credential_id, public_key };
    api.verify_by(&caller, Some(credential), "a key for user verification was registered").await
}

pub(super) async fn drop_verification(
    State(api): State<Arc<DeviceApi>>,
    request: Request<Body>,
) -> Result<StatusCode, Refusal> {
    let caller = api.caller(request).await?;
    if caller.record.verification.is_none() {
        return Ok(StatusCode::NO_CONTENT);
    }
    caller.may_change_verification(api.push.user_verification())?;
    api.verify_by(&caller, None, "the key for user verification was removed").await
}

impl Caller {
    /// Where a person has to show themselves, the device's key alone must not say by what: a device that has a key for
    /// that keeps it until it is paired anew.
    fn may_change_verification(&self, policy: Policy) -> Result<(), Refusal> {
        let is_settled = policy == Policy::Required && self.record.verification.is_some();
        if is_settled { Err(Refusal::of(ProblemCode::Verification)) } else { Ok(()) }
    }
}

impl DeviceApi {
    async fn verify_by(
        &self,
        caller: &Caller,
        verification: Option<Credential>,
        what: &str,
    ) -> Result<StatusCode, Refusal> {
        let now = self.clock.now();
        let record = DeviceRecord::Vestibule(VestibuleDevice { verification, ..caller.record.clone() });
        let (user, authenticator) = (caller.user.id, caller.device.id);
        self.store.reseal_authenticator(authenticator, record.to_secret()?, now).await?;
        let (what, by) = (what.to_owned(), BY_DEVICE.to_owned());
        let event = AuditEvent::AuthenticatorChanged { user, authenticator, what, by };
        self.store.record(vec![AuditRecord::new(now, event)]).await?;
        Ok(StatusCode::NO_CONTENT)
    }

    /// That it was here is a convenience for its owner; no call fails for want of it.
    pub(super) async fn heard_of(&self, caller: &Caller) {
        let (id, now) = (caller.device.id, self.clock.now());
        let noted = async {
            let known = self.store.device(id).await?;
            let last = known.and_then(|known| known.last_seen);
            if last.is_some_and(|last| now.since(last) < SEEN_APART) {
                return Ok(());
            }
            self.store.mark_device(id, DeviceMark::Seen, now).await
        };
        if let Err(error) = noted.await {
            let error: StoreError = error;
            tracing::debug!(%error, device.id = %id, "That a phone was here is not written down");
        }
    }
}
