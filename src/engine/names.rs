//! The names things go by: what was typed, and what it was resolved to.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

/// The longest user name we take, in octets. A network access identifier has 253 (RFC 7542 §2.3); the distinguished name
/// of a person deep in a directory is longer.
pub(crate) const USER_NAME_OCTETS_MAX: usize = 1024;

/// A user name as somebody typed it. It proves nothing and decides nothing until it is resolved to a [`UserId`].
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UserName(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameRefused {
    #[error("the user name is empty")]
    Empty,
    #[error("the user name is longer than {USER_NAME_OCTETS_MAX} octets")]
    TooLong,
    #[error("the user name holds a control character")]
    ControlCharacter,
    #[error("the user name is not UTF-8")]
    NotUtf8,
}

impl UserName {
    pub fn parse(typed: &str) -> Result<Self, NameRefused> {
        if typed.trim().is_empty() {
            return Err(NameRefused::Empty);
        }
        if typed.len() > USER_NAME_OCTETS_MAX {
            return Err(NameRefused::TooLong);
        }
        if typed.chars().any(char::is_control) {
            return Err(NameRefused::ControlCharacter);
        }
        Ok(Self(typed.to_owned()))
    }

    pub fn from_octets(typed: &[u8]) -> Result<Self, NameRefused> {
        std::str::from_utf8(typed).map_err(|_| NameRefused::NotUtf8).and_then(Self::parse)
    }

    /// What was typed, octet for octet: what an upstream gets.
    pub fn as_typed(&self) -> &str {
        &self.0
    }

    /// The form in which two spellings of one name are equal: NFC, lower case, no surrounding space (RFC 8265 §3.3
    /// without the width rule, which would merge names that an upstream keeps apart).
    pub fn canonical(&self) -> String {
        let name = self.0.trim();
        if name.is_ascii() {
            return name.to_ascii_lowercase();
        }
        name.nfc().flat_map(char::to_lowercase).nfc().collect()
    }
}

impl fmt::Debug for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! uuid_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

uuid_name!(
    /// The one immutable identity of a person. Policy, throttle, factors and caches look at this and nothing else.
    UserId
);
uuid_name!(
    /// One login, from its first octet to its verdict. Random: it doubles as an unguessable reference.
    AttemptId
);
uuid_name!(
    /// One enrolled second factor of one person.
    AuthenticatorId
);
uuid_name!(
    /// One remembered station.
    TrustId
);

/// Which question of an attempt an answer is for. A new one is drawn for every prompt, so that an answer to an old
/// question (or a replayed one) is told apart from an answer to the present one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Turn(pub u64);

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Turn(..)")
    }
}

/// A kind of way in. The engine only compares it with what policy names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Door {
    Radius,
    Ldap,
    Oidc,
    Proxy,
    Portal,
}

impl fmt::Display for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Radius => "radius",
            Self::Ldap => "ldap",
            Self::Oidc => "oidc",
            Self::Proxy => "proxy",
            Self::Portal => "portal",
        })
    }
}

/// What somebody wants to sign in to: a door and the name the configuration gives the system behind it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Service {
    pub door: Door,
    pub name: Arc<str>,
}

/// `door/name`, as audit and trust entries name it.
impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.door, self.name)
    }
}

/// Where the person sits, as far as the door can tell: an address or a hardware identifier, canonical (trimmed, lower
/// case). It is what "remember this station" remembers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Station(Arc<str>);

impl Station {
    /// The longest station name that is looked at; the rest of a longer one would only be ballast in keys.
    pub const OCTETS_MAX: usize = 253;

    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let usable = !text.is_empty() && text.len() <= Self::OCTETS_MAX && !text.chars().any(char::is_control);
        usable.then(|| Self(text.to_lowercase().into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where repeated logins come from: the address, and keyed digests of what was typed and of the password's version,
    /// which only tell two of them apart.
    pub(crate) fn of_repeats(address: IpAddr, typed: &str, version: &str) -> Self {
        Self(format!("{}{}{typed}.{version}", address.to_canonical(), Self::DIGEST_MARK).into())
    }

    /// Whether both stand for the same sign-in, be it with a password of another version.
    pub(crate) fn repeats_the_same_as(&self, other: &Self) -> bool {
        let typed = |station: &Self| station.0.rsplit_once('.').map(|(typed, _)| typed.to_owned());
        self.is_of_repeats() && typed(self) == typed(other)
    }

    /// As the store has kept it.
    pub fn kept(text: &str) -> Option<Self> {
        let Some((address, digests)) = text.split_once(Self::DIGEST_MARK) else { return Self::parse(text) };
        let usable = address.parse::<IpAddr>().is_ok() && digests.bytes().all(|b| b.is_ascii_hexdigit() || b == b'.');
        usable.then(|| Self(text.into()))
    }

    /// What people are shown: without the digest.
    pub fn shown(&self) -> &str {
        self.0.split_once(Self::DIGEST_MARK).map_or(&*self.0, |(shown, _)| shown)
    }

    /// Whether it stands for one sign-in that a program repeats, and not for a station that was remembered.
    pub fn is_of_repeats(&self) -> bool {
        self.0.contains(Self::DIGEST_MARK)
    }

    /// No station that came from outside has it: it is a control character.
    const DIGEST_MARK: char = '\u{1}';
}

/// Two logins with the same key are one login asked twice. Keyed digest of who, where from, to what, with which
/// credential; it cannot be turned back into any of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CoalesceKey(pub [u8; 32]);

impl CoalesceKey {
    pub(crate) fn to_hex(self) -> String {
        self.0.iter().map(|octet| format!("{octet:02x}")).collect()
    }
}

impl fmt::Debug for CoalesceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CoalesceKey(..)")
    }
}
