//! The few octets of BER that we read ourselves: definite lengths only (RFC 4511 §5.1), nothing recursive.

/// Elements one after another.
pub(super) struct Elements<'a>(pub(super) &'a [u8]);

impl<'a> Elements<'a> {
    /// The next element's tag octet and content.
    pub(super) fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (tag, rest) = self.0.split_first()?;
        let (length, rest) = length(rest)?;
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, content))
    }

    /// The next element's content, if it has this tag.
    pub(super) fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|(found, _)| *found == tag).map(|(_, content)| content)
    }
}

/// A length, and what follows it.
pub(super) fn length(octets: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = octets.split_first()?;
    match first {
        0..=0x7F => Some((usize::from(*first), rest)),
        0x81..=0x84 => {
            let (number, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
            Some((number.iter().fold(0, |length, octet| (length << 8) | usize::from(*octet)), rest))
        }
        _ => None,
    }
}

/// A small whole number that is not negative.
pub(super) fn number(content: &[u8]) -> Option<u32> {
    let usable = (1..=4).contains(&content.len()) && content.first().is_some_and(|first| *first < 0x80);
    usable.then(|| content.iter().fold(0, |number, octet| (number << 8) | u32::from(*octet)))
}
