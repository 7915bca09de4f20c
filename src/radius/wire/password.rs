//! User-Password as it travels: padded to 16s and hidden under a chain of digests (RFC 2865 §5.2).

use vestibule_engine::Password;
use zeroize::Zeroizing;

use super::{Authenticator, SharedSecret};

/// The longest password the protocol can carry.
pub(crate) const PASSWORD_OCTETS_MAX: usize = 128;

/// `None` when the password is longer than the protocol can carry. An empty one is one block of padding.
pub(crate) fn hide(password: &[u8], authenticator: &Authenticator, secret: &SharedSecret) -> Option<Vec<u8>> {
    if password.len() > PASSWORD_OCTETS_MAX {
        return None;
    }
    let blocks = password.len().div_ceil(16).max(1);
    let mut hidden = Vec::with_capacity(blocks * 16);
    let mut before = *authenticator;
    for at in 0..blocks {
        let mut block = secret.stream(&before);
        for (octet, plain) in block.iter_mut().zip(password.iter().skip(at * 16)) {
            *octet ^= plain;
        }
        hidden.extend_from_slice(&block);
        before = block;
    }
    Some(hidden)
}

/// `None` when the value cannot be a hidden password: not 16 to 128 octets in steps of 16 (RAD-07). Trailing zero octets
/// are padding. With another secret the result is noise, not an error.
pub(crate) fn reveal(hidden: &[u8], authenticator: &Authenticator, secret: &SharedSecret) -> Option<Password> {
    let (blocks, rest) = hidden.as_chunks::<16>();
    if !rest.is_empty() || blocks.is_empty() || hidden.len() > PASSWORD_OCTETS_MAX {
        return None;
    }
    let mut plain = Zeroizing::new(Vec::with_capacity(hidden.len()));
    let mut before = authenticator;
    for block in blocks {
        let stream = secret.stream(before);
        plain.extend(block.iter().zip(stream).map(|(octet, key)| octet ^ key));
        before = block;
    }
    let padding = plain.iter().rev().take_while(|octet| **octet == 0).count();
    let length = plain.len().saturating_sub(padding);
    plain.truncate(length);
    Some(Password::new(std::mem::take(&mut *plain)))
}
