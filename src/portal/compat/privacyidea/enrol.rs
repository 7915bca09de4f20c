//! Enrolment in two steps: the QR code with a credential that is good once, and the app that comes with it and its key.

use std::time::Duration;

use serde_json::json;
use subtle::ConstantTimeEq;
use url::form_urlencoded;
use vestibule_engine::{AuthenticatorId, TokenKind, UserId};
use vestibule_factors::push::privacyidea::{PiDevice, serial_of};
use vestibule_factors::push::{DeviceRecord, new_device_as};
use zeroize::Zeroizing;

use super::{Form, PrivacyIdea, Said, Unsaid};
use crate::pairing::{Begun, Bound, ClaimRefused, Offer, PairingFault, PairingId};

/// The app makes a key of 4096 bits between the two steps, which takes an old phone a minute or two.
const LIFETIME: Duration = Duration::from_secs(10 * 60);
const LABEL: &str = "privacyIDEA Authenticator";

pub(super) async fn begin(api: &PrivacyIdea, user: UserId, session: [u8; 32]) -> Result<Begun, PairingFault> {
    let pairing = &api.pairing;
    let mut octets = Zeroizing::new([0; 36]);
    pairing.random.fill(&mut *octets)?;
    let (id, secret) = octets.split_at(16);
    let id = uuid::Builder::from_random_bytes(id.try_into().unwrap_or_default()).into_uuid();
    let credential: Zeroizing<String> = Zeroizing::new(secret.iter().map(|octet| format!("{octet:02x}")).collect());
    let device = AuthenticatorId(id);
    let account = pairing.store.user(user).await?.map(|user| user.subject.name).unwrap_or_default();
    let link = link(api, &account, device, &credential);
    let offer = Offer { session, link, device: Some(device) };
    pairing.offer(TokenKind::Enrolment, user, &credential, offer, LIFETIME).await
}

fn link(api: &PrivacyIdea, account: &str, device: AuthenticatorId, credential: &str) -> String {
    // The app reads `%20`, not `+`: these are parts of an address, not of a form.
    let part = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
    let (url, issuer) = (part(&api.url()), part(&api.pairing.settings.issuer));
    let (account, serial, minutes) = (part(account), serial_of(device), LIFETIME.as_secs() / 60);
    format!(
        "otpauth://pipush/{account}?url={url}&ttl={minutes}&issuer={issuer}&enrollment_credential={credential}\
         &v=1&serial={serial}&sslverify=1&poll_only=True"
    )
}

/// Step two. The serial must be the one that the credential was made for; the credential is good once (P5).
pub(super) async fn enrol(api: &PrivacyIdea, form: &Form) -> Result<Said, Unsaid> {
    let (serial, credential) = (form.required("serial")?, form.required("enrollment_credential")?);
    let pairing = &api.pairing;
    let (id, now) = (PairingId::of(credential), pairing.clock.now());
    let token = pairing.store.token(TokenKind::Enrolment, &id.0, now).await?.ok_or(Unsaid::Enrolment)?;
    let device = Offer::of(&token).map_err(|fault| Unsaid::trouble(&fault))?.device.ok_or(Unsaid::Enrolment)?;
    if !bool::from(serial_of(device).as_bytes().ct_eq(serial.as_bytes())) {
        return Err(Unsaid::Enrolment);
    }
    // A key that cannot be used must not cost the credential: the app may come again with another.
    let record = PiDevice::register(device, form.required("pubkey")?).map_err(|_| Unsaid::Parameters)?;
    let (user, offer) = pairing.take_offer(TokenKind::Enrolment, id).await.map_err(claim_refused)?;
    let bound = Bound {
        session: offer.session,
        device,
        code: None,
        label: LABEL.into(),
        platform: String::new(),
        totp: None,
        done: false,
    };
    let new = new_device_as(device, user.id, LABEL, &DeviceRecord::Privacyidea(record))?;
    pairing.bind(&user, id, &bound, new).await.map_err(claim_refused)?;
    let public_key = api.key.public_key_base64();
    Ok(Said::value(true).with(json!({ "public_key": public_key, "rollout_state": "enrolled", "serial": serial })))
}

fn claim_refused(refused: ClaimRefused) -> Unsaid {
    match refused {
        ClaimRefused::Over => Unsaid::Enrolment,
        ClaimRefused::Fault(fault) => Unsaid::trouble(&fault),
    }
}
