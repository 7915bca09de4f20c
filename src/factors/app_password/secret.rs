//! The secret of one app password: `vap-k3fa9-x2m7q-td0hv-c41we-8zrgn`.

use ring::digest;
use vestibule_engine::{Password, PortError, Random};
use zeroize::Zeroizing;

use crate::{ShownOnce, readable};

/// What every app password begins with, so that none is taken for the password of a directory, nor the other way round.
const PREFIX: &str = "vap";
/// 125 bits.
const CHARS: usize = 25;
const GROUP: usize = 5;
/// The longest text that is looked at: the secret with its dashes, and room for spaces.
const OCTETS_MAX: usize = 64;

/// The characters after the prefix, without dashes.
pub(super) struct Secret(Zeroizing<String>);

impl Secret {
    pub(super) fn draw(random: &dyn Random) -> Result<Self, PortError> {
        readable::drawn::<CHARS>(random).map(Self)
    }

    /// As somebody typed or pasted it: case, dashes and spaces do not matter. `None` where it has not the shape of one.
    pub(super) fn read(typed: &Password) -> Option<Self> {
        let text = typed.as_text().filter(|text| text.len() <= OCTETS_MAX)?.trim();
        let (prefix, rest) = text.split_at_checked(PREFIX.len())?;
        if !prefix.eq_ignore_ascii_case(PREFIX) {
            return None;
        }
        readable::read::<CHARS>(rest).map(Self)
    }

    /// What the store keeps and finds it by. A slow hash is for what people think up: 125 random bits are out of reach of
    /// any number of guesses, and a program that signs in every second need not pay for them. Because the digest is looked
    /// up and no secret compared, the clock tells nothing of one.
    pub(super) fn digest(&self) -> [u8; 32] {
        let mut octets = [0; 32];
        octets.copy_from_slice(digest::digest(&digest::SHA256, self.0.as_bytes()).as_ref());
        octets
    }

    pub(super) fn shown(&self) -> ShownOnce {
        ShownOnce::new(readable::grouped("vap-", &self.0, GROUP))
    }
}
