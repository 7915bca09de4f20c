//! Attributes of an upstream's acceptance, kept until the login is allowed (RAD-27).

use vestibule_engine::Carried;

use crate::wire::{Attribute, AttributeRun, Packet, number};

/// Other primaries carry other things; this says that these octets are attributes in wire form.
const MARK: &[u8] = b"radius/1:";

/// Vendor attributes of Microsoft that are hidden with the upstream's secret (RFC 2548).
const MICROSOFT_HIDDEN: [u8; 3] = [12, 16, 17];

/// What an acceptance holds for the client. What belongs to the hop (Proxy-State, Message-Authenticator, State) stays
/// behind; so does what is hidden with the upstream's secret, because the client could not read it: those are named in
/// the second part.
pub(crate) fn pack(acceptance: &Packet<'_>) -> (Carried, Vec<String>) {
    let mut octets = MARK.to_vec();
    let mut hidden = Vec::new();
    for attribute in acceptance.attributes() {
        if let Some(name) = hidden_with_the_secret(&attribute) {
            hidden.push(name);
        } else if !belongs_to_the_hop(attribute.kind) {
            // A value that was read from an attribute fits one.
            let length = u8::try_from(attribute.value.len() + 2).unwrap_or(u8::MAX);
            octets.extend_from_slice(&[attribute.kind, length]);
            octets.extend_from_slice(attribute.value);
        }
    }
    (Carried(octets), hidden)
}

/// The attributes of [`pack`], or none if something else is carried.
pub(crate) fn unpack(carried: &Carried) -> AttributeRun<'_> {
    AttributeRun(carried.0.strip_prefix(MARK).unwrap_or_default())
}

fn belongs_to_the_hop(kind: u8) -> bool {
    matches!(
        kind,
        number::USER_PASSWORD
            | number::CHAP_PASSWORD
            | number::STATE
            | number::PROXY_STATE
            | number::CHAP_CHALLENGE
            | number::PROMPT
            | number::EAP_MESSAGE
            | number::MESSAGE_AUTHENTICATOR
    )
}

fn hidden_with_the_secret(attribute: &Attribute<'_>) -> Option<String> {
    match (attribute.kind, attribute.value) {
        (number::TUNNEL_PASSWORD, _) => Some("Tunnel-Password".to_owned()),
        (number::VENDOR_SPECIFIC, &[a, b, c, d, kind, ..])
            if u32::from_be_bytes([a, b, c, d]) == number::VENDOR_MICROSOFT && MICROSOFT_HIDDEN.contains(&kind) =>
        {
            Some(format!("Microsoft attribute {kind} (MPPE keys)"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use vestibule_engine::SecretBytes;

    use super::*;
    use crate::wire::{Code, SharedSecret, Writer};

    fn acceptance(attributes: &[(u8, &[u8])]) -> Vec<u8> {
        let mut writer = Writer::new(Code::ACCESS_ACCEPT, 1);
        for (kind, value) in attributes {
            writer.put(*kind, value).unwrap();
        }
        writer.seal_answer(&[0; 16], &SharedSecret::new(SecretBytes::new("s")))
    }

    // RAD-27, RAD-41
    #[test]
    fn attributes_for_the_client_are_kept_in_order_and_those_of_the_hop_are_not() {
        let vendor = [0, 0, 0, 9, 1, 4, b'a', b'b'];
        let attributes: [(u8, &[u8]); 6] =
            [(25, b"one"), (26, &vendor), (25, b"two"), (241, &[1, 9, 9]), (200, b""), (27, &[0, 0, 1, 0])];
        let mut all = vec![(33, &b"proxy"[..]), (24, b"state"), (79, b"eap")];
        all.extend(attributes);
        let octets = acceptance(&all);
        let (carried, hidden) = pack(&Packet::parse(&octets).unwrap());
        let kept: Vec<(u8, &[u8])> = unpack(&carried).map(|attribute| (attribute.kind, attribute.value)).collect();
        assert_eq!((kept.as_slice(), hidden), (&attributes[..], vec![]));
    }

    #[test]
    fn what_is_hidden_with_the_upstream_s_secret_is_left_out_and_named() {
        let key = [0, 0, 1, 55, 16, 4, 9, 9];
        let octets = acceptance(&[(69, &[0, 1, 2, 3]), (26, &key)]);
        let (carried, hidden) = pack(&Packet::parse(&octets).unwrap());
        assert_eq!(unpack(&carried).count(), 0);
        assert_eq!(hidden, ["Tunnel-Password", "Microsoft attribute 16 (MPPE keys)"]);
    }

    #[test]
    fn what_another_primary_carries_is_not_taken_for_attributes() {
        assert_eq!(unpack(&Carried(vec![25, 4, 1, 2])).count(), 0);
        assert_eq!(unpack(&Carried::default()).count(), 0);
    }
}
