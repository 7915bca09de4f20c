//! Pairing at a counter: an administrator shows the QR code in place of the portal, to a person whom they can see.
//!
//! It is the pairing of the portal with all its rules. In place of somebody's session there is one of our own, which
//! nobody can sign in with, and which ends with us.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use vestibule_engine::{AuthenticatorId, Clock, Random, SecretBytes, Store, Timestamp, Token, TokenKind, UserId};
use vestibule_factors::Factors;
use vestibule_factors::push::GatewayKey;
use vestibule_portal::pairing::{Begun, Pairing, PairingParts, PairingSettings, PairingStatus};

use crate::cli::Outcome;
use crate::cli::desk::Portal;

/// As long as a pairing can take.
const LIFETIME: Duration = Duration::from_secs(20 * 60);
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

pub struct Counter {
    pairing: Pairing,
    store: Arc<dyn Store>,
    user: UserId,
    session: [u8; 32],
    pub begun: Begun,
}

/// A phone that waits for its confirmation.
pub struct Scanned {
    /// What it must show as well.
    pub code: Option<String>,
    pub label: String,
}

impl Counter {
    pub async fn open(
        user: UserId,
        portal: &Portal,
        factors: &Factors,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Outcome<Self> {
        let mut session = [0; 32];
        random.fill(&mut session).context("draw a session")?;
        let key = GatewayKey::kept(&*store).await.context("read the key that signs requests to phones")?;
        let now = clock.now();
        // Nobody's: it is found by nobody who looks for a person's sessions, and its secret is not known to anybody.
        let token = Token {
            kind: TokenKind::Session,
            digest: session,
            user: None,
            payload: SecretBytes::new(Vec::new()),
            created: now,
            expires: now.after(LIFETIME),
        };
        store.put_token(token).await.context("begin to pair")?;
        let parts = PairingParts {
            store: Arc::clone(&store),
            clock,
            random,
            key: Arc::new(key),
            totp: Arc::new(factors.totp()),
        };
        let settings = PairingSettings {
            origin: portal.origin.clone(),
            issuer: portal.name.clone(),
            totp_with_pairing: factors.push.totp_with_pairing,
        };
        let pairing = Pairing::new(parts, settings);
        let begun = pairing.begin(user, session).await.context("begin to pair")?;
        Ok(Self { pairing, store, user, session, begun })
    }

    /// Wait for a phone; `None` where none came in time.
    pub async fn scanned(&self) -> Outcome<Option<Scanned>> {
        loop {
            match self.pairing.status(self.user, self.session, self.begun.id).await.context("look for a phone")? {
                PairingStatus::Confirm { code, label, .. } => return Ok(Some(Scanned { code, label })),
                PairingStatus::Waiting { .. } => tokio::time::sleep(BETWEEN_LOOKS).await,
                PairingStatus::Done { .. } | PairingStatus::Over => return Ok(None),
            }
        }
    }

    /// Both show the same code. `None` where it took too long.
    pub async fn confirm(self, now: Timestamp) -> Outcome<Option<AuthenticatorId>> {
        let status = self.pairing.confirm(self.user, self.session, self.begun.id).await.context("confirm the phone")?;
        self.close(now).await?;
        match status {
            PairingStatus::Done { device, .. } => Ok(Some(device)),
            _ => Ok(None),
        }
    }

    /// They do not, or nobody came.
    pub async fn refuse(self, now: Timestamp) -> Outcome {
        self.pairing.refuse(self.user, self.session, self.begun.id).await.context("give the pairing up")?;
        self.close(now).await
    }

    async fn close(&self, now: Timestamp) -> Outcome {
        self.store.take_token(TokenKind::Session, &self.session, now).await.context("end the pairing")?;
        Ok(())
    }
}
