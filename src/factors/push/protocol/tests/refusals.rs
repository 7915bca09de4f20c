//! What must not be taken for a key, a signature, a header or a field.

use proptest::prelude::*;
use vestibule_engine::Timestamp;

use super::*;

#[test]
fn fields_that_could_be_read_as_two_lines_are_not_sane() {
    let v = vectors();
    let answer: AnswerBody = serde_json::from_value(v["approve"]["body"].clone()).unwrap();
    for number in ["", "47\n-", "4 7", "-", "1234567890", "٤٧"] {
        assert!(!AnswerBody { number: Some(number.into()), ..answer.clone() }.is_sane(), "{number:?}");
    }
    for nonce in ["", "00112233445566778899aabbccddeef\n", "00112233445566778899aabbccddeeff0"] {
        assert!(!AnswerBody { nonce: nonce.into(), ..answer.clone() }.is_sane(), "{nonce:?}");
    }
    let key = DeviceKey::generate().unwrap();
    let sane = Register::sign(&key, ORIGIN, &"t".repeat(43), "Phone", "Firefox", Millis(0)).unwrap();
    assert!(sane.is_sane());
    for register in [
        Register { token: "short".into(), ..sane.clone() },
        Register { token: format!("{}\n", "t".repeat(43)), ..sane.clone() },
        Register { token: "t".repeat(129), ..sane.clone() },
        Register { label: "  ".into(), ..sane.clone() },
        Register { label: "x".repeat(65), ..sane.clone() },
        Register { label: "a\u{7}b".into(), ..sane.clone() },
        Register { platform: "x".repeat(65), ..sane.clone() },
    ] {
        assert!(!register.is_sane());
    }
}

/// OOB-03: there is one algorithm and one form of everything.
#[test]
fn keys_and_signatures_of_another_kind_are_refused() {
    let (signer, message) = (DeviceKey::generate().unwrap(), b"message");
    let public = signer.public_key();
    public.verify(message, &signer.sign(message).unwrap()).unwrap();
    for octets in [[0; 64], [0xFF; 64], [1; 64]] {
        assert_eq!(public.verify(message, &Signature::from_octets(octets).unwrap()), Err(NotSigned));
    }
    // A point that is not on the curve verifies nothing.
    let mut astray = *public.as_octets();
    astray[64] ^= 1;
    let astray = PublicKey::from_octets(astray).unwrap();
    assert_eq!(astray.verify(message, &signer.sign(message).unwrap()), Err(NotSigned));
    // Compressed, hybrid and infinite points are no keys here, nor is another curve's or a key in DER.
    for mark in [0, 2, 3, 6, 7] {
        let mut octets = *public.as_octets();
        octets[0] = mark;
        assert_eq!(PublicKey::from_octets(octets), None);
    }
    let written = public.to_string();
    for wrong in [format!("{written}="), written.replace('_', "/"), format!("{written}AA"), String::new(), " ".into()] {
        assert!(PublicKey::parse(&wrong).is_none_or(|read| read == public && wrong == written), "{wrong}");
    }
    // A signature in DER has another length.
    assert!(Signature::parse(&Octets(vec![0x30; 70]).to_string()).is_none());
    assert!(matches!(DeviceKey::from_pkcs8(b"no key"), Err(KeyError::Read)));
    assert!(!format!("{signer:?}").contains(&Octets(signer.to_pkcs8().expose().to_vec()).to_string()));
}

#[test]
fn a_key_is_the_same_after_it_was_kept() {
    let made = DeviceKey::generate().unwrap();
    let read = DeviceKey::from_pkcs8(made.to_pkcs8().expose()).unwrap();
    assert_eq!(read.public_key(), made.public_key());
    made.public_key().verify(b"x", &read.sign(b"x").unwrap()).unwrap();
}

#[test]
fn a_header_is_written_in_one_way_only() {
    let good = text(&vectors(), "/request/authorization").to_owned();
    assert!(Authorization::parse(&good.replace("Vestibule", "vestibule")).is_some(), "schemes have no case");
    for wrong in [
        String::new(),
        "Vestibule".into(),
        good.replace("Vestibule", "Bearer"),
        good.replace("device=", "devise="),
        format!("{good}, time=\"1\""),
        format!("{good}, x=\"1\""),
        good.replace("time=\"1", "time=\"+1"),
        good.replace("time=\"1", "time=\"01"),
        good.replace('"', ""),
        good.to_uppercase(),
        good.replace("5a1d7f3e-2c94-4b7e-9a0f-0d3b6c8e1f20", "5a1d7f3e2c944b7e9a0f0d3b6c8e1f20"),
        format!("{good}{}", " ".repeat(600)),
    ] {
        assert_eq!(Authorization::parse(&wrong), None, "{wrong}");
    }
}

proptest! {
    #[test]
    fn a_header_reads_back_as_it_was_written(device: u128, time: i64, signature in prop::collection::vec(any::<u8>(), 64)) {
        let authorization = Authorization {
            device: AuthenticatorId(uuid::Uuid::from_u128(device)),
            time: Millis(time),
            signature: Signature::from_octets(signature.try_into().unwrap()).unwrap(),
        };
        prop_assert_eq!(Authorization::parse(&authorization.to_string()), Some(authorization));
    }

    #[test]
    fn whatever_a_stranger_sends_reading_it_does_not_panic(header: String, body in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Authorization::parse(&header);
        let _ = Authorization::parse(&format!("Vestibule {header}"));
        drop(serde_json::from_slice::<Register>(&body));
        drop(serde_json::from_slice::<AnswerBody>(&body));
        drop(serde_json::from_slice::<SetPush>(&body));
        let _ = (PublicKey::parse(&header), Signature::parse(&header), Digest::parse(&header));
    }

    #[test]
    fn one_bit_that_differs_in_what_was_signed_is_noticed(at in 0_usize..64, bit in 0_u8..8, body in prop::collection::vec(any::<u8>(), 1..64)) {
        let signer = DeviceKey::generate().unwrap();
        let (now, device) = (Timestamp::from_secs(1_790_000_000), AuthenticatorId(uuid::Uuid::from_u128(1)));
        let signed = Authorization::sign(&signer, ORIGIN, "PUT", "/device/v1/push", device, now.into(), &body).unwrap();
        let verify = |authorization: &Authorization, body: &[u8]| {
            authorization.verify(&signer.public_key(), ORIGIN, "PUT", "/device/v1/push", body, now)
        };
        prop_assert_eq!(verify(&signed, &body), Ok(()));
        let mut octets = *signed.signature.as_octets();
        octets[at] ^= 1 << bit;
        let bent = Authorization { signature: Signature::from_octets(octets).unwrap(), ..signed };
        prop_assert_eq!(verify(&bent, &body), Err(Unauthorized::Signature));
        let mut other = body.clone();
        let place = at % other.len();
        other[place] ^= 1 << bit;
        prop_assert_eq!(verify(&signed, &other), Err(Unauthorized::Signature));
    }
}
