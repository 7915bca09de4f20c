//! The few octets of BER that we read ourselves: definite lengths only (RFC 4511 §5.1), nothing recursive.

/// How deep elements may lie in each other. A filter nests twice for each `(&(|...))`, so this is some thirty levels of it.
const DEPTH_MAX: usize = 64;

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const ENUMERATED: u8 = 0x0A;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
/// The bit of a tag that says that elements lie inside.
const CONSTRUCTED: u8 = 0x20;
/// The bits of a tag that say where its number counts; none of them set is the universal class.
const CLASS: u8 = 0xC0;
/// The number of a tag that goes on in further octets. LDAP has none so large.
const LONG_TAG: u8 = 0x1F;
/// `dnAttributes` inside an extensible match (RFC 4511 §4.5.1.7.7).
const MATCHING_RULE: u8 = 0xA9;
const DN_ATTRIBUTES: u8 = 0x84;

/// Elements one after another.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Elements<'a>(pub(crate) &'a [u8]);

impl<'a> Elements<'a> {
    /// The next element's tag octet and content.
    pub(crate) fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (tag, rest) = self.0.split_first()?;
        let (length, rest) = length(rest)?;
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, content))
    }

    /// The next element's content, if it has this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|(found, _)| *found == tag).map(|(_, content)| content)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A length, and what follows it.
pub(crate) fn length(octets: &[u8]) -> Option<(usize, &[u8])> {
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
pub(crate) fn number(content: &[u8]) -> Option<u32> {
    let usable = (1..=4).contains(&content.len()) && content.first().is_some_and(|first| *first < 0x80);
    usable.then(|| content.iter().fold(0, |number, octet| (number << 8) | u32::from(*octet)))
}

/// Whether all of `octets` is elements in the form that LDAP allows (RFC 4511 §5.1): definite lengths that add up, strings
/// in one piece, TRUE as FF, and no deeper than [`DEPTH_MAX`]. What another reader could read otherwise is not relayed.
pub(crate) fn is_well_formed(octets: &[u8]) -> bool {
    // Where each open element ends, counted in octets that are left of the whole.
    let mut ends = [0_usize; DEPTH_MAX];
    let mut in_rule = [false; DEPTH_MAX];
    let mut depth = 0;
    let mut rest = octets;
    loop {
        while depth > 0 && ends.get(depth - 1) == Some(&rest.len()) {
            depth -= 1;
        }
        let Some((&tag, after)) = rest.split_first() else { return depth == 0 };
        let Some((size, after)) = length(after) else { return false };
        let Some((content, beyond)) = after.split_at_checked(size) else { return false };
        let parent_ends = depth.checked_sub(1).and_then(|at| ends.get(at)).copied().unwrap_or(0);
        let is_in_rule = depth.checked_sub(1).and_then(|at| in_rule.get(at)).copied().unwrap_or(false);
        // An element that reaches beyond the one it lies in.
        if beyond.len() < parent_ends || !is_element(tag, content, is_in_rule) {
            return false;
        }
        if tag & CONSTRUCTED == 0 {
            rest = beyond;
            continue;
        }
        let (Some(end), Some(rule)) = (ends.get_mut(depth), in_rule.get_mut(depth)) else { return false };
        (*end, *rule) = (beyond.len(), tag == MATCHING_RULE);
        depth += 1;
        rest = after;
    }
}

fn is_element(tag: u8, content: &[u8], is_in_rule: bool) -> bool {
    if tag & LONG_TAG == LONG_TAG {
        return false;
    }
    match tag {
        BOOLEAN => matches!(content, [0x00 | 0xFF]),
        DN_ATTRIBUTES if is_in_rule => matches!(content, [0x00 | 0xFF]),
        INTEGER | ENUMERATED => (1..=8).contains(&content.len()),
        OCTET_STRING | SEQUENCE | SET => true,
        // NULL, and other universal kinds: LDAP has none of them, and no string in pieces.
        0x05 => content.is_empty(),
        _ => tag & CLASS != 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test] // LDP-01
    fn what_ldap_does_not_allow_is_not_well_formed() {
        for (octets, why) in [
            (&b"\x30\x80\x04\x01a\x00\x00"[..], "an indefinite length"),
            (b"\x24\x05\x04\x01a\x04\x00", "a string in pieces"),
            (b"\x01\x01\x01", "TRUE that is not FF"),
            (b"\x01\x02\xff\xff", "a boolean of two octets"),
            (b"\x04\x85\x00\x00\x00\x00\x01a", "five octets of length"),
            (b"\x04\x05abc", "less than its length says"),
            (b"\x30\x03\x04\x05a\x00\x00", "an element beyond the one around it"),
            (b"\x1f\x81\x01\x00", "a tag in several octets"),
            (b"\x04", "a tag alone"),
            (b"\x02\x00", "a number without octets"),
            (b"\xa9\x03\x84\x01\x01", "dnAttributes that is neither FF nor 00"),
        ] {
            assert!(!is_well_formed(octets), "{why}");
        }
    }

    #[test]
    fn what_real_clients_send_is_well_formed() {
        for octets in [
            &b""[..],
            b"\x30\x00",
            b"\x30\x84\x00\x00\x00\x05\x04\x03abc",
            b"\x01\x01\xff\x01\x01\x00\x02\x01\x05",
            b"\xa9\x03\x84\x01\xff\x84\x01\x07",
            b"\x30\x05\x30\x03\x04\x01a\x04\x00",
        ] {
            assert!(is_well_formed(octets), "{octets:x?}");
        }
    }

    #[test] // LDP-02
    fn a_tower_of_elements_is_refused_and_costs_no_stack() {
        let tower = |height: usize| {
            let mut octets = Vec::new();
            for _ in 0..height {
                let mut around = vec![SEQUENCE, 0x84];
                around.extend(u32::try_from(octets.len()).unwrap().to_be_bytes());
                around.append(&mut octets);
                octets = around;
            }
            octets
        };
        assert!(is_well_formed(&tower(DEPTH_MAX)));
        assert!(!is_well_formed(&tower(DEPTH_MAX + 1)));
        assert!(!is_well_formed(&tower(20_000)));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_judged_without_a_panic(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            is_well_formed(&octets);
        }

        #[test]
        fn nothing_well_formed_stays_so_without_its_last_octet(content in proptest::collection::vec(any::<u8>(), 1..60)) {
            let mut octets = vec![OCTET_STRING, u8::try_from(content.len()).unwrap()];
            octets.extend(&content);
            prop_assert!(is_well_formed(&octets));
            octets.pop();
            prop_assert!(!is_well_formed(&octets));
        }
    }
}
