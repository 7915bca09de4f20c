//! Just enough of BER (X.690, as RFC 4511 §5.1 narrows it) to be a client that costs little.

pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const ENUMERATED: u8 = 0x0a;
pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const SEQUENCE: u8 = 0x30;

/// Append an element whose content `write` appends. Lengths are as short as they can be: nothing that we measure should
/// have a reason to refuse them.
pub(super) fn element(out: &mut Vec<u8>, tag: u8, write: impl FnOnce(&mut Vec<u8>)) {
    out.extend([tag, 0]);
    let start = out.len();
    write(out);
    let length = out.len() - start;
    let octets = length.to_be_bytes();
    let octets = octets.get(octets.iter().take_while(|octet| **octet == 0).count()..).unwrap_or_default();
    let Some(short) = out.get_mut(start - 1) else { return };
    match (u8::try_from(length), u8::try_from(octets.len())) {
        (Ok(length @ ..0x80), _) => *short = length,
        (_, count) => {
            *short = 0x80 | count.unwrap_or(0);
            out.splice(start..start, octets.iter().copied());
        }
    }
}

pub(super) fn octets(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    element(out, tag, |out| out.extend_from_slice(content));
}

/// A number that is not negative.
pub(super) fn number(out: &mut Vec<u8>, tag: u8, number: u32) {
    let octets = number.to_be_bytes();
    let zeros = octets.iter().take(3).take_while(|octet| **octet == 0).count();
    let octets = octets.get(zeros..).unwrap_or_default();
    element(out, tag, |out| {
        // The highest bit is the sign.
        if octets.first().is_some_and(|first| first & 0x80 != 0) {
            out.push(0);
        }
        out.extend_from_slice(octets);
    });
}

/// An element at the start of what was received.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    /// What follows it.
    pub(super) rest: &'a [u8],
}

/// The first element; `None` until it is there as a whole.
pub(super) fn first(received: &[u8]) -> Option<Element<'_>> {
    let (tag, rest) = received.split_first()?;
    let (short, rest) = rest.split_first()?;
    let (length, rest) = match short {
        0..0x80 => (usize::from(*short), rest),
        long => {
            let (octets, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            (octets.iter().fold(0_usize, |length, octet| (length << 8) | usize::from(*octet)), rest)
        }
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some(Element { tag: *tag, content, rest })
}

/// The number in an INTEGER or ENUMERATED that is not negative and fits.
pub(super) fn value(content: &[u8]) -> Option<u32> {
    let fits = matches!(content.len(), 1..=5) && content.first()? & 0x80 == 0;
    let number = content.iter().fold(0_u64, |number, octet| (number << 8) | u64::from(*octet));
    u32::try_from(number).ok().filter(|_| fits)
}
