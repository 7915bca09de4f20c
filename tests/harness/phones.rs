//! A portal for the phones of a test, and phones in software that sign as real ones do.

use std::fmt::Write;
use std::net::Ipv4Addr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use vestibule::clock::{SystemClock, SystemRandom};
use vestibule::phone::{Account, Phone, Surroundings};
use vestibule_engine::{AuthenticatorId, Clock, Spend, Store, UserId};
use vestibule_factors::push::protocol::DeviceKey;
use vestibule_factors::push::{DeviceRecord, GatewayKey, PushAddress, VestibuleDevice, address_secret, new_device};
use vestibule_peers::certificates::TestCa;
use vestibule_peers::ports::Port;
use vestibule_store::Handle;

use super::Site;

/// Where the portal of a site is, and who vouches for it.
pub(crate) struct PortalSite {
    port: Port,
    pub(crate) ca: TestCa,
    pub(crate) origin: String,
}

impl Site {
    /// Give the site a portal at `https://localhost:port`, with a certificate of an authority of its own.
    pub(crate) fn with_portal(&mut self, more: &str) -> anyhow::Result<()> {
        let portal = PortalSite::new()?;
        self.open_portal(&portal, more)?;
        self.portal = Some(portal);
        Ok(())
    }

    fn open_portal(&mut self, portal: &PortalSite, more: &str) -> anyhow::Result<()> {
        let issued = portal.ca.server(&["localhost", "127.0.0.1"])?;
        self.file("portal.pem", std::fs::read(issued.certificate_file)?);
        self.file("portal.key", std::fs::read(issued.key_file)?);
        write!(
            self.more,
            "portal:\n  {}\n  origin: \"{}\"\n  tls: {{ certificate: portal.pem, key: {{ file: \
             portal.key }} }}\n  primaries: [staff]\n  limits: {{ refusal_delay: 0s }}\n{more}",
            portal.listen(),
            portal.origin
        )?;
        Ok(())
    }

    pub(crate) fn portal(&self) -> &PortalSite {
        self.portal.as_ref().expect("a site with a portal")
    }

    /// A phone of this person, paired and confirmed, as if they had done it in the portal.
    pub(crate) async fn phone(&self, store: &Handle, user: UserId, name: &str) -> Phone {
        self.phone_and_key(store, user, name).await.0
    }

    /// The same, with the key that is in it.
    pub(crate) async fn phone_and_key(&self, store: &Handle, user: UserId, name: &str) -> (Phone, DeviceKey) {
        let portal = self.portal();
        let key = DeviceKey::generate().unwrap();
        let record = DeviceRecord::Vestibule(VestibuleDevice {
            public_key: key.public_key(),
            platform: "test".to_owned(),
            verification: None,
        });
        let new = new_device(user, "Phone", &record, &SystemRandom::new()).unwrap();
        let (id, now) = (new.id, SystemClock::new().now());
        store.add_authenticator(new, "test", now).await.unwrap();
        assert!(store.confirm_authenticator(id, &Spend::Attempt { authenticator: id }, now).await.unwrap());
        let account: Account = serde_json::from_value(json!({
            "origin": portal.origin,
            "device": id,
            "issuer": "Vestibule",
            "name": name,
            "label": "Phone",
            "gateway_key": GatewayKey::kept(store).await.unwrap().public_key().to_string(),
            "private_key": URL_SAFE_NO_PAD.encode(key.to_pkcs8().expose()),
            "authority": portal.ca.ca_pem(),
        }))
        .unwrap();
        (Phone::of(account, &Surroundings::of_this_machine()).unwrap(), key)
    }
}

impl PortalSite {
    fn new() -> anyhow::Result<Self> {
        let port = Port::free()?;
        let origin = format!("https://localhost:{}", port.number());
        Ok(Self { port, ca: TestCa::new()?, origin })
    }

    pub(crate) fn listen(&self) -> String {
        self.listen_at(Ipv4Addr::LOCALHOST)
    }

    pub(crate) fn listen_at(&self, address: Ipv4Addr) -> String {
        format!("listen: [\"{address}:{}\"]", self.port.number())
    }
}

/// Give the device an address at a push service that answers nobody.
pub(crate) async fn ring_at_nobody(store: &Handle, device: AuthenticatorId) {
    let key = DeviceKey::generate().unwrap().public_key().to_string();
    let endpoint = "https://127.0.0.1:9/nobody".to_owned();
    let address = PushAddress::WebPush { endpoint, p256dh: key, auth: URL_SAFE_NO_PAD.encode([7; 16]) };
    let now = SystemClock::new().now();
    store.set_push(device, Some(address_secret(&address).unwrap()), now).await.unwrap();
}
