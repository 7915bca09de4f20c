//! The phone's side: it shows the secret and a key, and becomes a device that is not confirmed yet.

use vestibule_engine::{AuthenticatorId, NewAuthenticator, Timestamp, Token, TokenKind, User};
use vestibule_factors::push::protocol::{Millis, Register, Registered, Status, confirmation_code};
use vestibule_factors::push::{DeviceRecord, VestibuleDevice, codes_of, new_device};

use super::binding::Codes;
use super::{Bound, CONFIRM_LIFETIME, Offer, Pairing, PairingFault, PairingId};

/// Why a phone was not paired.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClaimRefused {
    /// Unknown, used by another phone, expired, or of a session that ended.
    #[error("the pairing is over")]
    Over,
    #[error("pair a phone")]
    Fault(#[from] PairingFault),
}

impl From<vestibule_engine::StoreError> for ClaimRefused {
    fn from(error: vestibule_engine::StoreError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<vestibule_engine::PortError> for ClaimRefused {
    fn from(error: vestibule_engine::PortError) -> Self {
        Self::Fault(error.into())
    }
}

impl Pairing {
    /// `register` is signed by the key it names; the caller has checked that.
    pub(crate) async fn claim(&self, register: &Register) -> Result<Registered, ClaimRefused> {
        let id = PairingId::of(&register.token);
        let (user, offer) = self.take_offer(TokenKind::Pairing, id).await?;
        let label = register.label.trim();
        let record = VestibuleDevice {
            public_key: register.public_key,
            platform: register.platform.clone(),
            verification: None,
        };
        let new = new_device(user.id, label, &DeviceRecord::Vestibule(record), &*self.random)?;
        let device = new.id;
        let code = confirmation_code(&register.token, device, &register.public_key, &self.key.public_key());
        let (totp, uri) = self.codes(device, &user, label)?;
        let bound = Bound {
            session: offer.session,
            device,
            code: Some(code.to_string()),
            label: label.to_owned(),
            platform: register.platform.clone(),
            totp,
            done: false,
        };
        let now = self.bind(&user, id, &bound, new).await?;
        Ok(self.registered(device, &user, uri, now))
    }

    fn registered(&self, device: AuthenticatorId, user: &User, totp: Option<String>, now: Timestamp) -> Registered {
        Registered {
            device,
            issuer: self.settings.issuer.clone(),
            account: user.subject.name.clone(),
            gateway_key: self.key.public_key(),
            totp,
            status: Status::Pending,
            server_time: Millis::from(now),
        }
    }

    /// The offer, taken away: of many phones that try, one gets it (OOB-09).
    pub(crate) async fn take_offer(&self, kind: TokenKind, id: PairingId) -> Result<(User, Offer), ClaimRefused> {
        let now = self.clock.now();
        let token = self.store.take_token(kind, &id.0, now).await?.ok_or(ClaimRefused::Over)?;
        let offer = Offer::of(&token)?;
        let owner = token.user.ok_or(ClaimRefused::Over)?;
        let user = self.store.user(owner).await?.filter(|user| user.enabled).ok_or(ClaimRefused::Over)?;
        if !self.session_lives(&offer.session, now).await? {
            return Err(ClaimRefused::Over);
        }
        Ok((user, offer))
    }

    /// What the page needs comes first: a device that no page can confirm would only have to be removed again.
    pub(crate) async fn bind(
        &self,
        user: &User,
        id: PairingId,
        bound: &Bound,
        new: NewAuthenticator,
    ) -> Result<Timestamp, ClaimRefused> {
        let now = self.clock.now();
        let expires = now.after(CONFIRM_LIFETIME);
        let payload = bound.to_payload()?;
        let kind = TokenKind::Paired;
        let token = Token { kind, digest: id.0, user: Some(user.id), payload, created: now, expires };
        self.store.put_token(token).await?;
        self.store.add_authenticator(new, super::BY_PERSON, now).await?;
        let name = &user.subject.name;
        tracing::info!(user.name = %name, device.id = %bound.device, "A phone of {name} was paired and waits for its confirmation");
        Ok(now)
    }

    fn codes(
        &self,
        device: AuthenticatorId,
        user: &User,
        label: &str,
    ) -> Result<(Option<Codes>, Option<String>), ClaimRefused> {
        if !self.settings.totp_with_pairing {
            return Ok((None, None));
        }
        let mut enrolment = self.totp.enrol(user.id, &user.subject.name, label, &*self.random)?;
        enrolment.new.id = codes_of(device);
        Ok((Some(Codes::of(&enrolment.new)), Some(enrolment.uri.reveal().to_owned())))
    }
}
