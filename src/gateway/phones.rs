//! What phones need: keys kept in the store, the factor, the senders that ring them, and what answers them at the portal's
//! origin.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use vestibule_engine::{Engine, Store};
use vestibule_factors::push::privacyidea::PiKey;
use vestibule_factors::push::protocol::PublicKey;
use vestibule_factors::push::{GatewayKey, Push, PushPorts, PushSender, PushSettings as PushFactorSettings, Reports};
use vestibule_factors::{PushChoices, Totp};
use vestibule_portal::PortalSettings;
use vestibule_portal::compat::privacyidea::{PrivacyIdea, PrivacyIdeaParts};
use vestibule_portal::device_api::{DeviceApi, DeviceApiParts, DeviceSettings};
use vestibule_portal::pairing::{Pairing, PairingParts, PairingSettings};
use vestibule_push::{Ports, PushSettings, Senders, VapidKey};

use super::Tools;

/// The name under which the store keeps the key of Web Push. A browser's subscription is tied to it for life.
const VAPID_KEY: &str = "push.vapid";

/// The push factor and what rings for it.
pub(super) struct Phones {
    pub(super) push: Arc<Push>,
    senders: Arc<Senders>,
    key: Arc<GatewayKey>,
    vapid: Option<PublicKey>,
    choices: PushChoices,
    origin: String,
    issuer: String,
    help: Option<String>,
}

/// What answers phones.
pub(super) struct Answering {
    pub(super) pairing: Arc<Pairing>,
    pub(super) device_api: Arc<DeviceApi>,
    pub(super) privacyidea: Option<Arc<PrivacyIdea>>,
}

impl Phones {
    pub(super) async fn start(
        tools: &Tools,
        portal: &PortalSettings,
        push: PushSettings,
        choices: PushChoices,
    ) -> anyhow::Result<Self> {
        let store: Arc<dyn Store> = tools.store.as_store();
        let key = GatewayKey::kept(&*store).await.context("read the key that signs requests to phones")?;
        let vapid = vapid_key(&*store).await.context("read the key of Web Push")?;
        let public = push.web_push().then(|| PublicKey::from_octets(*vapid.public_point())).flatten();
        let ports = Ports {
            reports: Arc::new(Reports::new(Arc::clone(&store), Arc::clone(&tools.clock))),
            clock: Arc::clone(&tools.clock),
            random: Arc::clone(&tools.random),
        };
        let origin = portal.origin().to_owned();
        let senders = Arc::new(Senders::start(push, vapid, &origin, &ports).context("prepare to ring phones")?);
        let key = Arc::new(key);
        let sender: Arc<dyn PushSender> = Arc::<Senders>::clone(&senders);
        let settings = PushFactorSettings { origin: origin.clone(), user_verification: choices.user_verification };
        let factor =
            Push::new(PushPorts { store, sender, clock: Arc::clone(&tools.clock) }, Arc::clone(&key), &settings);
        let (issuer, help) = (portal.site_name().to_owned(), portal.help().map(str::to_owned));
        Ok(Self { push: Arc::new(factor), senders, key, vapid: public, choices, origin, issuer, help })
    }

    pub(super) async fn answering(
        &self,
        tools: &Tools,
        engine: &Arc<Engine>,
        totp: Arc<Totp>,
    ) -> anyhow::Result<Answering> {
        let store = tools.store.as_store();
        let parts = PairingParts {
            store: Arc::clone(&store),
            clock: Arc::clone(&tools.clock),
            random: Arc::clone(&tools.random),
            key: Arc::clone(&self.key),
            totp,
        };
        let settings = PairingSettings {
            origin: self.origin.clone(),
            issuer: self.issuer.clone(),
            totp_with_pairing: self.choices.totp_with_pairing,
        };
        let pairing = Arc::new(Pairing::new(parts, settings));
        let settings = DeviceSettings {
            origin: self.origin.clone(),
            issuer: self.issuer.clone(),
            help: self.help.clone(),
            vapid_key: self.vapid,
        };
        let device_api = Arc::new(DeviceApi::new(DeviceApiParts {
            engine: Arc::clone(engine),
            store: Arc::clone(&store),
            clock: Arc::clone(&tools.clock),
            push: Arc::clone(&self.push),
            pairing: Arc::clone(&pairing),
            settings,
        }));
        let privacyidea = if self.choices.privacyidea_app {
            let key = PiKey::kept(&*store).await.context("read the key that signs requests to other makers' apps")?;
            let parts =
                PrivacyIdeaParts { engine: Arc::clone(engine), pairing: Arc::clone(&pairing), key: Arc::new(key) };
            Some(Arc::new(PrivacyIdea::new(parts)))
        } else {
            None
        };
        Ok(Answering { pairing, device_api, privacyidea })
    }

    pub(super) async fn stop(&self, patience: Duration) {
        let dropped = self.senders.stop(patience).await;
        if dropped > 0 {
            tracing::info!(dropped, "Some phones were not rung any more; they find out when their app is opened");
        }
    }
}

async fn vapid_key(store: &dyn Store) -> anyhow::Result<VapidKey> {
    let kept = match store.kept(VAPID_KEY).await? {
        Some(kept) => kept,
        // Another node may be first: what is kept counts.
        None => store.keep(VAPID_KEY, VapidKey::generate()?).await?,
    };
    Ok(VapidKey::load(&kept)?)
}
