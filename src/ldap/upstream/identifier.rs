//! Identifiers that directories keep in octets, as people write them.

/// A GUID as Active Directory shows it: the first three groups are stored in reverse (MS-DTYP §2.3.4).
pub(super) fn guid(octets: &[u8]) -> Option<String> {
    let [a3, a2, a1, a0, b1, b0, c1, c0, rest @ ..] = <&[u8; 16]>::try_from(octets).ok()?;
    let text = hex(&[*a0, *a1, *a2, *a3, *b0, *b1, *c0, *c1]) + &hex(rest);
    let mut groups = String::with_capacity(36);
    for (index, digit) in text.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            groups.push('-');
        }
        groups.push(digit);
    }
    Some(groups)
}

/// A security identifier: `S-1-5-21-1-2-3-512` (MS-DTYP §2.4.2).
pub(super) fn sid(octets: &[u8]) -> Option<String> {
    let (revision, rest) = octets.split_first()?;
    let (count, rest) = rest.split_first()?;
    let (authority, parts) = rest.split_at_checked(6)?;
    if *revision != 1 || parts.len() != usize::from(*count) * 4 {
        return None;
    }
    let authority = authority.iter().fold(0_u64, |number, octet| (number << 8) | u64::from(*octet));
    let parts = parts.chunks_exact(4).filter_map(|part| <[u8; 4]>::try_from(part).ok()).map(u32::from_le_bytes);
    Some(parts.fold(format!("S-1-{authority}"), |text, part| format!("{text}-{part}")))
}

/// The identifier of another account of the same domain: the last part replaced.
pub(super) fn sid_in_domain_of(sid: &[u8], relative: u32) -> Option<Vec<u8>> {
    let (domain, _) = sid.split_at_checked(sid.len().checked_sub(4)?)?;
    (domain.len() >= 8).then(|| [domain, &relative.to_le_bytes()].concat())
}

pub(super) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Octets as a filter takes them: `\01\05` (RFC 4515 §3).
pub(super) fn in_filter(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("\\{octet:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_is_written_as_active_directory_shows_it() {
        let octets: Vec<u8> = (0..16).collect();
        assert_eq!(guid(&octets).as_deref(), Some("03020100-0504-0706-0809-0a0b0c0d0e0f"));
        assert_eq!(guid(&[0; 15]), None);
    }

    #[test]
    fn a_sid_is_written_with_its_parts() {
        let admin = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0];
        assert_eq!(sid(&admin).as_deref(), Some("S-1-5-32-544"));
        assert_eq!(sid(&admin[..15]), None);
        assert_eq!(sid_in_domain_of(&admin, 513).as_deref().and_then(sid).as_deref(), Some("S-1-5-32-513"));
        assert_eq!(sid_in_domain_of(&[1, 2, 3], 513), None);
    }
}
