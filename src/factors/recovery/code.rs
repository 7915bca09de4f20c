//! One recovery code: four groups of four characters, `k3fa-9x2m-7qtd-0hvc`.

use vestibule_engine::{Passcode, PortError, Random};
use zeroize::Zeroizing;

use crate::ShownOnce;

/// Digits and letters without `i`, `l`, `o` (too like `1` and `0`) and `u`: Crockford's base 32.
const ALPHABET: [char; 32] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'j', 'k', 'm', 'n', 'p',
    'q', 'r', 's', 't', 'v', 'w', 'x', 'y', 'z',
];
const CHARS: usize = 16;
const GROUP: usize = 4;

/// The characters of a code, without dashes.
pub(crate) struct Code(Zeroizing<String>);

impl Code {
    /// 80 bits, five a character (REC-01 asks for 64).
    pub(crate) fn draw(random: &dyn Random) -> Result<Self, PortError> {
        let mut octets = Zeroizing::new([0; CHARS]);
        random.fill(octets.as_mut())?;
        // 32 divides 256, so taking the remainder favours no character.
        let chars = octets.iter().filter_map(|octet| ALPHABET.get(usize::from(octet % 32)));
        Ok(Self(Zeroizing::new(chars.collect())))
    }

    /// A code as people type it: any case, with or without dashes and spaces, with letters taken for digits. `None`
    /// when it has not the shape of one.
    pub(crate) fn read(typed: &Passcode) -> Option<Self> {
        let mut chars = Zeroizing::new(String::with_capacity(CHARS));
        for c in typed.as_typed().chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let c = match c.to_ascii_lowercase() {
                'o' => '0',
                'i' | 'l' => '1',
                c => c,
            };
            if chars.len() == CHARS || !ALPHABET.contains(&c) {
                return None;
            }
            chars.push(c);
        }
        (chars.len() == CHARS).then_some(Self(chars))
    }

    pub(super) fn octets(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub(crate) fn printed(&self) -> ShownOnce {
        let mut printed = String::with_capacity(CHARS + CHARS / GROUP);
        for (at, c) in self.0.chars().enumerate() {
            if at > 0 && at % GROUP == 0 {
                printed.push('-');
            }
            printed.push(c);
        }
        ShownOnce::new(printed)
    }
}
