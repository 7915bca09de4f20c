//! Characters that a person reads from a page and types elsewhere.

use vestibule_engine::{PortError, Random};
use zeroize::Zeroizing;

/// Digits and letters without `i`, `l`, `o` (too like `1` and `0`) and `u`: Crockford's base 32.
const ALPHABET: [char; 32] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'j', 'k', 'm', 'n', 'p',
    'q', 'r', 's', 't', 'v', 'w', 'x', 'y', 'z',
];

/// So many random characters, five bits each.
pub(crate) fn drawn<const CHARS: usize>(random: &dyn Random) -> Result<Zeroizing<String>, PortError> {
    let mut octets = Zeroizing::new([0; CHARS]);
    random.fill(octets.as_mut())?;
    // 32 divides 256, so taking the remainder favours no character.
    let chars = octets.iter().filter_map(|octet| ALPHABET.get(usize::from(octet % 32)));
    Ok(Zeroizing::new(chars.collect()))
}

/// So many characters as people type them: any case, with or without dashes and spaces, with letters taken for digits.
/// `None` where anything else is there, or more or less of it.
pub(crate) fn read<const CHARS: usize>(typed: &str) -> Option<Zeroizing<String>> {
    let mut chars = Zeroizing::new(String::with_capacity(CHARS));
    for c in typed.chars().filter(|c| !c.is_whitespace() && *c != '-') {
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
    (chars.len() == CHARS).then_some(chars)
}

/// With a dash between groups, after what comes first.
pub(crate) fn grouped(first: &str, chars: &str, group: usize) -> String {
    // As long as it will be, so that no shorter copy of a secret stays behind.
    let mut grouped = String::with_capacity(first.len() + 2 * chars.len());
    grouped.push_str(first);
    for (at, c) in chars.chars().enumerate() {
        if at > 0 && at % group == 0 {
            grouped.push('-');
        }
        grouped.push(c);
    }
    grouped
}
