//! Vectors of RFC 2865 §7, an independent codec as peer, and octets at random.

use proptest::prelude::*;
use radius::core::avp::AVP;
use radius::core::code::Code as PeerCode;
use radius::core::packet::Packet as PeerPacket;
use radius::core::rfc2865;
use vestibule_engine::SecretBytes;

use super::*;

fn secret(text: &str) -> SharedSecret {
    SharedSecret::new(SecretBytes::new(text))
}

fn octets(hexadecimal: &str) -> Vec<u8> {
    let digits: Vec<u8> = hexadecimal.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

const REQUEST_7_1: &str =
    "01 00 00 38 0f 40 3f 94 73 97 80 57 bd 83 d5 cb 98 f4 22 7a 01 06 6e 65 6d 6f 02 12 0d be 70 8d
    93 d4 13 ce 31 96 e4 3f 78 2a 0a ee 04 06 c0 a8 01 10 05 06 00 00 00 03";
const ACCEPT_7_1: &str =
    "02 00 00 26 86 fe 22 0e 76 24 ba 2a 10 05 f6 bf 9b 55 e0 b2 06 06 00 00 00 01 0f 06 00 00 00 00
    0e 06 c0 a8 01 03";
const REQUEST_7_3: &str =
    "01 02 00 39 f3 a4 7a 1f 6a 6d 76 71 0b 94 7a b9 30 41 a0 39 01 07 6d 6f 70 73 79 02 12 33 65 75
    73 77 82 89 b5 70 88 5e 15 08 48 25 c5 04 06 c0 a8 01 10 05 06 00 00 00 07";
const CHALLENGE_7_3: &str =
    "0b 02 00 4e 36 f3 c8 76 4a e8 c7 11 57 40 3c 0c 71 ff 9c 45 12 30 43 68 61 6c 6c 65 6e 67 65
    20 33 32 37 36 39 34 33 30 2e 20 20 45 6e 74 65 72 20 72 65 73 70 6f 6e 73 65 20 61 74 20 70 72 6f 6d 70 74 2e
    18 0a 33 32 37 36 39 34 33 30";

#[test]
fn the_standard_s_own_packets_are_understood() {
    let secret = secret("xyzzy5461");
    for (request, answer, name, password) in
        [(REQUEST_7_1, ACCEPT_7_1, "nemo", "arctangent"), (REQUEST_7_3, CHALLENGE_7_3, "mopsy", "challenge")]
    {
        let (request, answer) = (octets(request), octets(answer));
        let request = Packet::parse(&request).unwrap();
        assert_eq!(request.first(number::USER_NAME), Some(name.as_bytes()));
        let hidden = request.first(number::USER_PASSWORD).unwrap();
        assert_eq!(reveal(hidden, request.authenticator(), &secret).unwrap().octets(), password.as_bytes());
        assert_eq!(hide(password.as_bytes(), request.authenticator(), &secret).unwrap(), hidden);

        let answer = Packet::parse(&answer).unwrap();
        assert_eq!(answer.identifier(), request.identifier());
        assert!(is_answer_to(&answer, &secret, request.authenticator()));
        assert!(!is_answer_to(&answer, &self::secret("xyzzy5462"), request.authenticator()));
        assert_eq!(signature(&answer, &secret, request.authenticator()), Signature::Absent);
    }
}

// RAD-01
#[test]
fn a_length_field_that_cannot_be_is_malformed_and_padding_is_cut_off() {
    let packet = octets(REQUEST_7_1);
    let with_length = |length: u16| {
        let mut packet = packet.clone();
        packet[2..4].copy_from_slice(&length.to_be_bytes());
        packet
    };
    for length in [0, 19, 4097, 65535] {
        assert_eq!(Packet::parse(&with_length(length)).err(), Some(Malformed::LengthField(usize::from(length))));
    }
    assert_eq!(Packet::parse(&with_length(57)).err(), Some(Malformed::Truncated { said: 57, arrived: 56 }));
    assert_eq!(Packet::parse(&packet[..3]).err(), Some(Malformed::Short(3)));

    let padded = [packet.as_slice(), &[0xFF; 20]].concat();
    assert_eq!(Packet::parse(&padded).unwrap().octets(), packet);
}

// RAD-02
#[test]
fn an_attribute_that_does_not_add_up_is_malformed() {
    for bad in [&[1, 0][..], &[1, 1], &[1, 0xFF], &[1], &[24, 3]] {
        let mut packet = octets(REQUEST_7_1);
        packet.extend_from_slice(bad);
        packet[3] = u8::try_from(packet.len()).unwrap();
        assert_eq!(Packet::parse(&packet).err(), Some(Malformed::Attribute { kind: bad[0], at: 56 }), "{bad:?}");
    }
}

// BLA-01, BLA-02, BLA-05, BLA-07
#[test]
fn a_signature_is_first_and_one_changed_bit_anywhere_breaks_it() {
    let (secret, authenticator) = (secret("a secret of some length"), [9; 16]);
    let mut writer = Writer::new(Code::ACCESS_REQUEST, 7);
    writer.put(number::USER_NAME, b"alice").unwrap();
    let sealed = writer.seal_request(&authenticator, &secret);
    assert_eq!(Packet::parse(&sealed).unwrap().attributes().next().unwrap().kind, number::MESSAGE_AUTHENTICATOR);
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let Ok(packet) = Packet::parse(&changed) else { continue };
        assert_ne!(signature(&packet, &secret, packet.authenticator()), Signature::Valid, "bit {bit}");
    }
    let packet = Packet::parse(&sealed).unwrap();
    assert_eq!(signature(&packet, &secret, packet.authenticator()), Signature::Valid);
    assert_eq!(signature(&packet, &self::secret("another"), packet.authenticator()), Signature::Wrong);
}

/// A request with the signature at the end, as old clients write it.
fn signed_last(secret: &SharedSecret, attributes: &[(u8, &[u8])]) -> Vec<u8> {
    let mut packet = vec![1, 7, 0, 0];
    packet.extend_from_slice(&[5; 16]);
    for (kind, value) in attributes {
        packet.extend_from_slice(&[*kind, u8::try_from(value.len() + 2).unwrap()]);
        packet.extend_from_slice(value);
    }
    packet.extend_from_slice(&[80, 18]);
    packet.extend_from_slice(&[0; 16]);
    let length = u16::try_from(packet.len()).unwrap();
    packet[2..4].copy_from_slice(&length.to_be_bytes());
    let signature = secret.sign([packet.as_slice()]);
    let at = packet.len() - 16;
    packet[at..].copy_from_slice(&signature);
    packet
}

// RAD-05, BLA-07
#[test]
fn a_signature_counts_wherever_it_stands_but_only_once() {
    let secret = secret("s");
    let last = signed_last(&secret, &[(number::USER_NAME, b"alice"), (number::STATE, b"x")]);
    let packet = Packet::parse(&last).unwrap();
    assert_eq!(signature(&packet, &secret, packet.authenticator()), Signature::Valid);

    let twice = signed_last(&secret, &[(number::MESSAGE_AUTHENTICATOR, &[0; 16])]);
    let packet = Packet::parse(&twice).unwrap();
    assert_eq!(signature(&packet, &secret, packet.authenticator()), Signature::Wrong);

    let short = signed_last(&secret, &[(number::MESSAGE_AUTHENTICATOR, &[0; 15])]);
    let packet = Packet::parse(&short).unwrap();
    assert_eq!(signature(&packet, &secret, packet.authenticator()), Signature::Wrong);
}

// RAD-07
#[test]
fn passwords_of_every_length_travel_whole_and_longer_ones_not_at_all() {
    let (secret, authenticator) = (secret("xyzzy5461"), [3; 16]);
    for length in 0..=128 {
        let password: Vec<u8> = "pä55wörd・".bytes().cycle().take(length).collect();
        let hidden = hide(&password, &authenticator, &secret).unwrap();
        assert_eq!(hidden.len(), length.div_ceil(16).max(1) * 16);
        assert_eq!(reveal(&hidden, &authenticator, &secret).unwrap().octets(), password);
    }
    assert!(hide(&[b'x'; 129], &authenticator, &secret).is_none());
    for length in [0, 1, 15, 17, 127, 144, 253] {
        assert!(reveal(&vec![0; length], &authenticator, &secret).is_none(), "{length}");
    }
}

#[test]
fn the_peer_codec_hides_passwords_as_we_do() {
    for password in ["a", "exactly 16 chars", "seventeen letters", &"long ".repeat(25)] {
        let ours = hide(password.as_bytes(), &[4; 16], &secret("shared")).unwrap();
        let theirs = AVP::from_user_password(2, password.as_bytes(), b"shared", &[4; 16]).unwrap();
        assert_eq!(ours, theirs.encode_bytes());
    }
}

#[test]
fn the_peer_codec_reads_our_answers_and_writes_requests_we_read() {
    let shared = secret("shared");
    let mut theirs = PeerPacket::new(PeerCode::AccessRequest, b"shared");
    rfc2865::add_user_name(&mut theirs, "alice");
    rfc2865::add_user_password(&mut theirs, "correct horse".as_bytes()).unwrap();
    rfc2865::add_proxy_state(&mut theirs, &[0; 40]);
    let request = theirs.encode().unwrap();
    let packet = Packet::parse(&request).unwrap();
    assert_eq!(packet.first(number::USER_NAME), Some(&b"alice"[..]));
    assert_eq!(packet.first(number::PROXY_STATE), Some(&[0; 40][..]));
    let password = reveal(packet.first(number::USER_PASSWORD).unwrap(), packet.authenticator(), &shared).unwrap();
    assert_eq!(password.octets(), b"correct horse");

    let mut writer = Writer::new(Code::ACCESS_CHALLENGE, packet.identifier());
    writer.put(number::REPLY_MESSAGE, b"Enter the code").unwrap();
    writer.put(number::STATE, &[1, 2, 3]).unwrap();
    let answer = writer.seal_answer(packet.authenticator(), &shared);
    assert!(PeerPacket::is_authentic_response(&answer, &request, b"shared"));
    let read = PeerPacket::decode(&answer, b"shared").unwrap();
    assert_eq!(read.get_code(), PeerCode::AccessChallenge);
    assert_eq!(rfc2865::lookup_reply_message(&read).unwrap().unwrap(), "Enter the code");
    assert_eq!(rfc2865::lookup_state(&read).unwrap(), [1, 2, 3]);

    let ours = Packet::parse(&answer).unwrap();
    assert_eq!(signature(&ours, &shared, packet.authenticator()), Signature::Valid);
    assert!(is_answer_to(&ours, &shared, packet.authenticator()));
}

#[test]
fn what_does_not_fit_is_refused_and_nothing_of_it_is_written() {
    let mut writer = Writer::new(Code::ACCESS_ACCEPT, 1);
    assert_eq!(writer.put(25, &[0; 254]), Err(DoesNotFit { kind: 25, octets: 254 }));
    let fitting = (0..).take_while(|_| writer.put(25, &[1; 253]).is_ok()).count();
    assert_eq!(fitting, (4096 - 38) / 255);
    assert!(writer.put_run(&[25, 200]).is_ok());
    let sealed = writer.seal_answer(&[0; 16], &secret("s"));
    assert!(sealed.len() <= PACKET_OCTETS_MAX);
}

// RAD-26
#[test]
fn a_long_message_is_cut_between_characters() {
    let message = "กรุณาใส่รหัส".repeat(17);
    assert!(message.len() > 600);
    let cut: Vec<&str> = pieces(&message).collect();
    assert!(cut.iter().all(|piece| piece.len() <= 253 && !piece.is_empty()));
    assert_eq!((cut.len(), cut.concat()), (message.len().div_ceil(252), message));
    assert_eq!(pieces("").count(), 0);
}

#[test]
fn values_are_written_as_their_kind_says_and_shown_the_same_way() {
    for (kind, written, expected) in [
        (Kind::Text, "staff", b"staff".to_vec()),
        (Kind::Integer, "3600", vec![0, 0, 14, 16]),
        (Kind::Ipv4, "10.0.0.7", vec![10, 0, 0, 7]),
        (Kind::Octets, "0x00ff", vec![0, 255]),
        (Kind::Ipv6, "2001:db8::1", octets("20010db8000000000000000000000001")),
        (Kind::Ipv6Prefix, "2001:db8::/32", octets("00 20 20010db8000000000000000000000000")),
    ] {
        assert_eq!(kind.encode(None, written).as_ref(), Ok(&expected));
        assert_eq!(kind.show(&expected), written);
    }
    assert_eq!(Kind::Integer.encode(Some(64), "vlan"), Ok(vec![0, 0, 0, 13]));
    for (kind, written) in [
        (Kind::Integer, "-1"),
        (Kind::Integer, "VLAN"),
        (Kind::Ipv4, "10.0.0"),
        (Kind::Octets, "0xf"),
        (Kind::Text, ""),
    ] {
        assert!(kind.encode(Some(6), written).is_err(), "{written}");
    }
    assert!(Kind::Text.encode(None, &"x".repeat(254)).is_err());
}

#[test]
fn no_two_names_or_numbers_of_the_dictionary_are_the_same() {
    for number in 0..=255 {
        if let Some(definition) = find_number(number) {
            assert_eq!(find(definition.name).unwrap().number, number);
        }
    }
}

fn attributes() -> impl Strategy<Value = Vec<(u8, Vec<u8>)>> {
    proptest::collection::vec((any::<u8>(), proptest::collection::vec(any::<u8>(), 0..=253)), 0..12)
        .prop_map(|list| list.into_iter().filter(|(kind, _)| *kind != number::MESSAGE_AUTHENTICATOR).collect())
}

proptest! {
    // RAD-02
    #[test]
    fn no_octets_make_the_reader_panic_or_loop(datagram in proptest::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(packet) = Packet::parse(&datagram) {
            prop_assert!(packet.attributes().count() <= datagram.len());
            let _signature = signature(&packet, &secret("s"), packet.authenticator());
        }
    }

    #[test]
    fn no_change_to_a_right_packet_makes_the_reader_panic(
        changes in proptest::collection::vec((0usize..57, any::<u8>()), 1..8), cut in 0usize..=56,
    ) {
        let mut packet = octets(REQUEST_7_1);
        for (at, octet) in changes {
            if let Some(place) = packet.get_mut(at) {
                *place = octet;
            }
        }
        packet.truncate(cut.max(4));
        if let Ok(packet) = Packet::parse(&packet) {
            let hidden = packet.first(number::USER_PASSWORD).unwrap_or_default();
            let _revealed = reveal(hidden, packet.authenticator(), &secret("s"));
        }
    }

    // RAD-04, RAD-10, RAD-41: unknown types, vendor and extended attributes keep their octets and their order.
    #[test]
    fn what_is_written_is_read_back_in_order(list in attributes(), authenticator: [u8; 16], identifier: u8) {
        let shared = secret("shared");
        let mut writer = Writer::new(Code::ACCESS_ACCEPT, identifier);
        for (kind, value) in &list {
            writer.put(*kind, value).unwrap();
        }
        let sealed = writer.seal_answer(&authenticator, &shared);
        let packet = Packet::parse(&sealed).unwrap();
        let read: Vec<(u8, Vec<u8>)> = packet.attributes().skip(1).map(|a| (a.kind, a.value.to_vec())).collect();
        prop_assert_eq!(read, list);
        prop_assert_eq!(packet.identifier(), identifier);
        prop_assert_eq!(signature(&packet, &shared, &authenticator), Signature::Valid);
        prop_assert!(is_answer_to(&packet, &shared, &authenticator));
    }

    // RAD-31 is by construction (subtle); this is its function: no other authenticator is taken for ours.
    #[test]
    fn an_answer_to_another_request_is_not_an_answer(ours: [u8; 16], other: [u8; 16]) {
        prop_assume!(ours != other);
        let shared = secret("shared");
        let sealed = Writer::new(Code::ACCESS_ACCEPT, 1).seal_answer(&other, &shared);
        let packet = Packet::parse(&sealed).unwrap();
        prop_assert!(!is_answer_to(&packet, &shared, &ours));
        prop_assert_eq!(signature(&packet, &shared, &ours), Signature::Wrong);
    }

    #[test]
    fn cutting_text_loses_nothing(text in "\\PC{0,700}") {
        prop_assert_eq!(pieces(&text).collect::<String>(), text.clone());
        prop_assert!(pieces(&text).all(|piece| piece.len() <= 253));
    }
}
