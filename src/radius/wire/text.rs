//! Text that may be longer than an attribute.

use super::VALUE_OCTETS_MAX;

/// `text` in pieces that each fit an attribute and are each valid UTF-8 (RAD-26).
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (piece, after) = rest.split_at_checked(rest.floor_char_boundary(VALUE_OCTETS_MAX))?;
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}
