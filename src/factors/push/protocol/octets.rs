//! How octets and times are written: base64url without padding, and milliseconds.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use vestibule_engine::Timestamp;

/// No octets on their own are longer than this: what holds them is at most 16 KiB.
const OCTETS_MAX: usize = 12 * 1024;

macro_rules! fixed {
    ($(#[$doc:meta])* $name:ident, $octets:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name([u8; $octets]);

        impl $name {
            /// From base64url without padding; exactly the right length, and the one way to write it.
            pub fn parse(text: &str) -> Option<Self> {
                let octets: [u8; $octets] = BASE64URL.decode(text).ok()?.try_into().ok()?;
                Self::from_octets(octets)
            }

            pub fn as_octets(&self) -> &[u8; $octets] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&BASE64URL.encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                let wanted = concat!("expected ", $octets, " octets in base64url without padding");
                Self::parse(&text).ok_or_else(|| serde::de::Error::custom(wanted))
            }
        }
    };
}

fixed!(
    /// A point on P-256, uncompressed. Whether it lies on the curve shows when a signature is verified with it.
    PublicKey,
    65
);
fixed!(
    /// An ECDSA signature, `r || s`.
    Signature,
    64
);
fixed!(
    /// SHA-256 of something.
    Digest,
    32
);

impl PublicKey {
    pub fn from_octets(octets: [u8; 65]) -> Option<Self> {
        // 4 is the mark of a point that is written in full (SEC 1 §2.3.3). There is no other form here.
        (octets.first() == Some(&4)).then_some(Self(octets))
    }
}

impl Signature {
    pub fn from_octets(octets: [u8; 64]) -> Option<Self> {
        Some(Self(octets))
    }
}

impl Digest {
    pub fn of(octets: impl AsRef<[u8]>) -> Self {
        let mut digest = [0; 32];
        let hash = ring::digest::digest(&ring::digest::SHA256, octets.as_ref());
        digest.copy_from_slice(hash.as_ref());
        Self(digest)
    }

    pub fn from_octets(octets: [u8; 32]) -> Option<Self> {
        Some(Self(octets))
    }
}

/// Octets of no fixed length.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Octets(pub Vec<u8>);

impl fmt::Display for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL.encode(&self.0))
    }
}

impl Serialize for Octets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let octets = BASE64URL.decode(&text).ok().filter(|octets| octets.len() <= OCTETS_MAX);
        octets.map(Self).ok_or_else(|| serde::de::Error::custom("expected octets in base64url without padding"))
    }
}

/// Whether a text is written in the letters of base64url.
pub(crate) fn is_base64url(text: &str) -> bool {
    text.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_')
}

/// A moment in milliseconds since 1970, as devices count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl Millis {
    /// Whether it lies no more than this from `now`.
    pub(crate) fn is_near(self, now: Timestamp, most: std::time::Duration) -> bool {
        let apart = self.0.abs_diff(Self::from(now).0);
        u128::from(apart) <= most.as_millis()
    }
}

impl From<Timestamp> for Millis {
    fn from(moment: Timestamp) -> Self {
        Self(moment.0.div_euclid(1000))
    }
}

impl From<Millis> for Timestamp {
    fn from(moment: Millis) -> Self {
        Self(moment.0.saturating_mul(1000))
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
