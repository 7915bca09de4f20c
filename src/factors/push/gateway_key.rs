//! The key by which devices know this gateway. Made once, kept sealed in the store, the same on all nodes: a device
//! pairs with it and believes nothing else for the rest of its life.

use vestibule_engine::{SecretBytes, Store, StoreError};

use super::protocol::{DeviceKey, KeyError, PublicKey, Signature};

const KEPT_AS: &str = "push-gateway-key";

/// Why there is no key to go on with.
#[derive(Debug, thiserror::Error)]
pub enum KeyFault {
    #[error("keep a key of the gateway")]
    Store(#[from] StoreError),
    #[error("use a key of the gateway")]
    Key(#[from] KeyError),
}

#[derive(Debug)]
pub struct GatewayKey(DeviceKey);

impl GatewayKey {
    /// The key that is kept, or a new one; of nodes that start at the same time, all get the one that was first.
    pub async fn kept(store: &dyn Store) -> Result<Self, KeyFault> {
        if let Some(kept) = store.kept(KEPT_AS).await? {
            return Ok(Self::from_pkcs8(&kept)?);
        }
        let new = Self::generate()?;
        let kept = store.keep(KEPT_AS, new.0.to_pkcs8().clone()).await?;
        Ok(Self::from_pkcs8(&kept)?)
    }

    pub fn generate() -> Result<Self, KeyError> {
        DeviceKey::generate().map(Self)
    }

    pub fn from_pkcs8(kept: &SecretBytes) -> Result<Self, KeyError> {
        DeviceKey::from_pkcs8(kept.expose()).map(Self)
    }

    pub fn to_pkcs8(&self) -> &SecretBytes {
        self.0.to_pkcs8()
    }

    pub fn public_key(&self) -> PublicKey {
        self.0.public_key()
    }

    pub fn sign(&self, octets: impl AsRef<[u8]>) -> Result<Signature, KeyError> {
        self.0.sign(octets)
    }
}
