//! One recovery code: four groups of four characters, `k3fa-9x2m-7qtd-0hvc`.

use vestibule_engine::{Passcode, PortError, Random};
use zeroize::Zeroizing;

use crate::{ShownOnce, readable};

/// 80 bits (REC-01 asks for 64).
const CHARS: usize = 16;
const GROUP: usize = 4;

/// The characters of a code, without dashes.
pub(crate) struct Code(Zeroizing<String>);

impl Code {
    pub(crate) fn draw(random: &dyn Random) -> Result<Self, PortError> {
        readable::drawn::<CHARS>(random).map(Self)
    }

    /// A code as people type it; `None` when it has not the shape of one.
    pub(crate) fn read(typed: &Passcode) -> Option<Self> {
        readable::read::<CHARS>(typed.as_typed()).map(Self)
    }

    pub(super) fn octets(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub(crate) fn printed(&self) -> ShownOnce {
        ShownOnce::new(readable::grouped("", &self.0, GROUP))
    }
}
