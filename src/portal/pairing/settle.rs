//! The page's side: where the pairing stands, and the person's yes or no.

use std::time::Duration;

use vestibule_engine::{AuthenticatorId, Method, Spend, StoreError, Timestamp, TokenKind, UserId};

use super::binding::belongs;
use super::{BY_EXPIRY, BY_PERSON, Bound, Offer, Pairing, PairingFault, PairingId, PairingStatus, drawn};

/// Between the moment a phone takes the offer and the moment it is bound, nothing is kept. It is short, and a page that
/// looks just then looks again.
const BETWEEN: Duration = Duration::from_millis(200);

impl Pairing {
    pub(crate) async fn status_of(
        &self,
        kind: TokenKind,
        user: UserId,
        session: [u8; 32],
        id: PairingId,
    ) -> Result<PairingStatus, PairingFault> {
        for pause in [BETWEEN, BETWEEN, Duration::ZERO] {
            match self.look(kind, user, session, id).await? {
                PairingStatus::Over if pause > Duration::ZERO => tokio::time::sleep(pause).await,
                status => return Ok(status),
            }
        }
        Ok(PairingStatus::Over)
    }

    async fn look(
        &self,
        kind: TokenKind,
        user: UserId,
        session: [u8; 32],
        id: PairingId,
    ) -> Result<PairingStatus, PairingFault> {
        let now = self.clock.now();
        if let Some(token) = self.store.token(kind, &id.0, now).await? {
            let offer = Offer::of(&token)?;
            if !belongs(&token, &offer.session, user, &session) {
                return Ok(PairingStatus::Over);
            }
            let qr = drawn(&offer.link)?;
            return Ok(PairingStatus::Waiting { link: offer.link, qr, until: token.expires });
        }
        let Some((bound, until)) = self.bound(user, session, id, now).await? else { return Ok(PairingStatus::Over) };
        if bound.done {
            return Ok(done(&bound));
        }
        let Bound { device, code, label, platform, .. } = bound;
        Ok(PairingStatus::Confirm { device, code, label, platform, until })
    }

    async fn bound(
        &self,
        user: UserId,
        session: [u8; 32],
        id: PairingId,
        now: Timestamp,
    ) -> Result<Option<(Bound, Timestamp)>, PairingFault> {
        let Some(token) = self.store.token(TokenKind::Paired, &id.0, now).await? else { return Ok(None) };
        let bound = Bound::of(&token)?;
        Ok(belongs(&token, &bound.session, user, &session).then_some((bound, token.expires)))
    }

    pub(crate) async fn confirm_bound(
        &self,
        user: UserId,
        session: [u8; 32],
        id: PairingId,
    ) -> Result<PairingStatus, PairingFault> {
        let now = self.clock.now();
        let Some((bound, until)) = self.bound(user, session, id, now).await? else { return Ok(PairingStatus::Over) };
        if bound.done {
            return Ok(done(&bound));
        }
        let device = bound.device;
        match self.store.confirm_authenticator(device, &Spend::Attempt { authenticator: device }, now).await {
            // Confirmed before: whoever did it may not have come to the rest.
            Ok(true | false) => {}
            // It was removed meanwhile.
            Err(StoreError::Refused(_)) => return Ok(PairingStatus::Over),
            Err(error) => return Err(error.into()),
        }
        if let Some(codes) = &bound.totp {
            match self.store.add_authenticator(codes.enrolled(user, &bound.label), BY_PERSON, now).await {
                // A second click at the same time was first.
                Ok(()) | Err(StoreError::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let settled = Bound { done: true, ..bound };
        let kept = self.store.change_token(TokenKind::Paired, &id.0, settled.to_payload()?, until).await?;
        tracing::info!(device.id = %device, kept, "A phone was confirmed by its owner");
        Ok(done(&settled))
    }

    pub(crate) async fn refuse_of(
        &self,
        kind: TokenKind,
        user: UserId,
        session: [u8; 32],
        id: PairingId,
    ) -> Result<(), PairingFault> {
        let now = self.clock.now();
        if let Some(token) = self.store.token(kind, &id.0, now).await?
            && belongs(&token, &Offer::of(&token)?.session, user, &session)
        {
            self.store.take_token(kind, &id.0, now).await?;
        }
        if let Some((bound, _)) = self.bound(user, session, id, now).await?
            && !bound.done
        {
            self.store.take_token(TokenKind::Paired, &id.0, now).await?;
            self.remove_unconfirmed(bound.device, BY_PERSON).await?;
        }
        Ok(())
    }

    /// What this person began earlier and did not finish: offers, and devices that nobody confirmed.
    pub(crate) async fn clear_away(&self, user: UserId) -> Result<(), PairingFault> {
        for kind in [TokenKind::Pairing, TokenKind::Enrolment, TokenKind::Paired] {
            self.store.drop_tokens(user, kind).await?;
        }
        for device in self.store.authenticators(user).await? {
            if device.method == Method::Push && !device.confirmed {
                let by = if self.is_abandoned(&device) { BY_EXPIRY } else { BY_PERSON };
                self.remove_unconfirmed(device.id, by).await?;
            }
        }
        Ok(())
    }

    /// Somebody else may have removed it, or confirmed it, in the same moment.
    pub(super) async fn remove_unconfirmed(&self, id: AuthenticatorId, by: &str) -> Result<(), PairingFault> {
        let unconfirmed = self.store.authenticator(id).await?.is_some_and(|device| !device.confirmed);
        if !unconfirmed {
            return Ok(());
        }
        match self.store.remove_authenticator(id, by, self.clock.now()).await {
            Ok(()) | Err(StoreError::Refused(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn done(bound: &Bound) -> PairingStatus {
    PairingStatus::Done { device: bound.device, totp: bound.totp.as_ref().map(|codes| codes.id) }
}
