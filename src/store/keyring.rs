//! The keys that what is secret is sealed with. None of them is in the database.
//!
//! From each master key four things are derived (HKDF-SHA-256): a key for sealing, one for authenticating the heads of
//! the audit chains, one for proving rows that are no secret but let somebody in, and one for whoever asks by label. Each sealed value has a key of its own, derived from the sealing
//! key and its [`Place`]: random nonces then never meet under one key, however many attempts are sealed a day.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom, SystemRandom};
use ring::{aead, digest, hkdf, hmac};
use vestibule_engine::SecretBytes;
use zeroize::Zeroizing;

pub(crate) const MASTER_KEY_OCTETS: usize = 32;
const KEY_ID_OCTETS: usize = 4;
const ENVELOPE_VERSION: u8 = 1;
/// Version and key id: what tells which key sealed a value.
pub(crate) const PREFIX_OCTETS: usize = 1 + KEY_ID_OCTETS;
const HEADER_OCTETS: usize = PREFIX_OCTETS + aead::NONCE_LEN;

#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    #[error("a master key has {found} octets; it needs {MASTER_KEY_OCTETS}, as they are or in base64")]
    WrongLength { found: usize },
    #[error("the system gives no random numbers")]
    NoRandom,
}

/// A new master key, in base64: what goes into the file that the configuration names.
pub fn generate_master_key() -> Result<String, KeyringError> {
    let mut key = Zeroizing::new([0; MASTER_KEY_OCTETS]);
    SystemRandom::new().fill(key.as_mut_slice()).map_err(|_| KeyringError::NoRandom)?;
    Ok(STANDARD.encode(key.as_slice()))
}

/// Where a sealed value belongs. It opens there and nowhere else (OTP-09, OPS-08).
#[derive(Debug, Clone)]
pub(crate) struct Place(String);

impl Place {
    pub(crate) fn of(table: &str, column: &str, row: &str, user: &str) -> Self {
        Self(format!("{table}|{column}|{row}|{user}"))
    }
}

/// Why a sealed value does not open.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum Unopened {
    #[error("it is sealed with master key {0}, which we do not have")]
    UnknownKey(String),
    #[error("it was altered, or belongs to another row")]
    Altered,
}

/// The current master key and the older ones that may still be needed.
#[derive(Clone)]
pub struct Keyring(Arc<Keys>);

struct Keys {
    current: Key,
    older: Vec<Key>,
    random: SystemRandom,
}

struct Key {
    id: [u8; KEY_ID_OCTETS],
    sealing: hkdf::Prk,
    heads: hmac::Key,
    rows: hmac::Key,
    labelled: hkdf::Prk,
}

impl Keyring {
    /// `current` seals; `older` keys only open what was sealed with them before.
    pub fn new(current: &SecretBytes, older: &[SecretBytes]) -> Result<Self, KeyringError> {
        let older = older.iter().map(Key::parse).collect::<Result<Vec<_>, _>>()?;
        Ok(Self(Arc::new(Keys { current: Key::parse(current)?, older, random: SystemRandom::new() })))
    }

    /// The name of the current key, as it stands beside what it sealed. It tells nothing about the key.
    pub fn key_id(&self) -> String {
        hex(&self.0.current.id)
    }

    /// A key for another use, by label. It changes when the master key does.
    pub fn derive(&self, label: &str) -> SecretBytes {
        let mut key = Zeroizing::new([0; 32]);
        expand(&self.0.current.labelled, label.as_bytes(), &mut key);
        SecretBytes::new(key.to_vec())
    }

    pub(crate) fn seal(&self, plain: &[u8], place: &Place) -> Result<Vec<u8>, KeyringError> {
        let key = &self.0.current;
        let mut nonce = [0; aead::NONCE_LEN];
        self.0.random.fill(&mut nonce).map_err(|_| KeyringError::NoRandom)?;
        let mut sealed = Vec::with_capacity(HEADER_OCTETS + plain.len() + aead::AES_256_GCM.tag_len());
        sealed.push(ENVELOPE_VERSION);
        sealed.extend_from_slice(&key.id);
        sealed.extend_from_slice(&nonce);
        let mut body = Zeroizing::new(plain.to_vec());
        let tag = key
            .of_place(place)
            .seal_in_place_separate_tag(
                aead::Nonce::assume_unique_for_key(nonce),
                aead::Aad::from(place.0.as_bytes()),
                &mut body,
            )
            .map_err(|_| KeyringError::NoRandom)?;
        sealed.extend_from_slice(&body);
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    pub(crate) fn open(&self, sealed: &[u8], place: &Place) -> Result<SecretBytes, Unopened> {
        let (header, body) = sealed.split_at_checked(HEADER_OCTETS).ok_or(Unopened::Altered)?;
        let (prefix, nonce) = header.split_at_checked(PREFIX_OCTETS).ok_or(Unopened::Altered)?;
        let nonce = aead::Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unopened::Altered)?;
        let key = self.by_prefix(prefix)?;
        let mut body = Zeroizing::new(body.to_vec());
        key.of_place(place)
            .open_in_place(nonce, aead::Aad::from(place.0.as_bytes()), &mut body)
            .map(|plain| SecretBytes::new(plain.to_vec()))
            .map_err(|_| Unopened::Altered)
    }

    /// Authenticates `what` with the current key.
    pub(crate) fn sign(&self, what: &[u8]) -> Vec<u8> {
        self.tagged(&self.0.current.heads, what)
    }

    pub(crate) fn verify(&self, what: &[u8], signed: &[u8]) -> Result<(), Unopened> {
        self.check_tag(|key| &key.heads, what, signed)
    }

    /// What shows that we wrote a row whose cells make up `statement`.
    pub(crate) fn prove(&self, statement: &[u8]) -> Vec<u8> {
        self.tagged(&self.0.current.rows, statement)
    }

    pub(crate) fn check_proof(&self, statement: &[u8], proof: &[u8]) -> Result<(), Unopened> {
        self.check_tag(|key| &key.rows, statement, proof)
    }

    fn tagged(&self, key: &hmac::Key, what: &[u8]) -> Vec<u8> {
        let mut tagged = self.current_prefix();
        tagged.extend_from_slice(hmac::sign(key, what).as_ref());
        tagged
    }

    fn check_tag(&self, key: impl Fn(&Key) -> &hmac::Key, what: &[u8], tagged: &[u8]) -> Result<(), Unopened> {
        let (prefix, tag) = tagged.split_at_checked(PREFIX_OCTETS).ok_or(Unopened::Altered)?;
        hmac::verify(key(self.by_prefix(prefix)?), what, tag).map_err(|_| Unopened::Altered)
    }

    /// How everything begins that was sealed or signed with the current key.
    pub(crate) fn current_prefix(&self) -> Vec<u8> {
        let mut prefix = vec![ENVELOPE_VERSION];
        prefix.extend_from_slice(&self.0.current.id);
        prefix
    }

    fn by_prefix(&self, prefix: &[u8]) -> Result<&Key, Unopened> {
        let (version, id) = prefix.split_first().ok_or(Unopened::Altered)?;
        if *version != ENVELOPE_VERSION {
            return Err(Unopened::Altered);
        }
        let mut keys = std::iter::once(&self.0.current).chain(&self.0.older);
        keys.find(|key| key.id == *id).ok_or_else(|| Unopened::UnknownKey(hex(id)))
    }
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keyring({})", self.key_id())
    }
}

impl Key {
    fn parse(written: &SecretBytes) -> Result<Self, KeyringError> {
        let octets = written.expose();
        if octets.len() == MASTER_KEY_OCTETS {
            return Ok(Self::of(octets));
        }
        let decoded = Zeroizing::new(STANDARD.decode(octets.trim_ascii()).unwrap_or_default());
        if decoded.len() != MASTER_KEY_OCTETS {
            return Err(KeyringError::WrongLength { found: octets.len() });
        }
        Ok(Self::of(&decoded))
    }

    fn of(octets: &[u8]) -> Self {
        let mut labelled = digest::Context::new(&digest::SHA256);
        labelled.update(b"vestibule master key id");
        labelled.update(octets);
        let mut id = [0; KEY_ID_OCTETS];
        id.iter_mut().zip(labelled.finish().as_ref()).for_each(|(to, from)| *to = *from);
        let prk = |label: &str| hkdf::Salt::new(hkdf::HKDF_SHA256, label.as_bytes()).extract(octets);
        let authenticating = |label: &str| {
            let mut key = Zeroizing::new([0; 32]);
            expand(&prk(label), b"hmac", &mut key);
            hmac::Key::new(hmac::HMAC_SHA256, key.as_slice())
        };
        Self {
            id,
            sealing: prk("vestibule seal"),
            heads: authenticating("vestibule audit heads"),
            rows: authenticating("vestibule row proofs"),
            labelled: prk("vestibule derive"),
        }
    }

    fn of_place(&self, place: &Place) -> aead::LessSafeKey {
        let mut octets = Zeroizing::new([0; 32]);
        expand(&self.sealing, place.0.as_bytes(), &mut octets);
        let key = aead::UnboundKey::new(&aead::AES_256_GCM, octets.as_slice()).expect("32 octets are an AES-256 key");
        aead::LessSafeKey::new(key)
    }
}

fn expand(prk: &hkdf::Prk, info: &[u8], into: &mut [u8; 32]) {
    let info = [info];
    let okm = prk.expand(&info, hkdf::HKDF_SHA256).expect("one block is never too long for HKDF");
    okm.fill(into).expect("the length asked for is the length of the hash");
}

pub(crate) fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::with_capacity(octets.len() * 2), |mut text, octet| {
        for nibble in [octet >> 4, octet & 15] {
            text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('?'));
        }
        text
    })
}

pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks(2).map(|pair| pair.iter().fold(0, |octet, digit| octet << 4 | digit)).collect())
}

#[cfg(test)]
mod tests;
