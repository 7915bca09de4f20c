use super::*;

/// OTP-01: RFC 4226 Appendix D. A TOTP step is the HOTP counter.
#[test]
fn hotp_codes_are_those_of_rfc_4226_appendix_d() {
    let codes: Vec<String> = (0..10).map(|counter| code(&key(), counter)).collect();
    let published =
        ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
    assert_eq!(codes, published);
}

/// OTP-02: RFC 6238 Appendix B, with the keys of its reference implementation (20, 32 and 64 octets).
#[test]
fn totp_codes_are_those_of_rfc_6238_appendix_b() {
    let published = [
        (59, "94287082", "46119246", "90693936"),
        (1_111_111_109, "07081804", "68084774", "25091201"),
        (1_111_111_111, "14050471", "67062674", "99943326"),
        (1_234_567_890, "89005924", "91819424", "93441116"),
        (2_000_000_000, "69279037", "90698825", "38618901"),
        (20_000_000_000, "65353130", "77737706", "47863826"),
    ];
    let of = |algorithm: Algorithm, time: i64| {
        let octets: Vec<u8> = b"1234567890".iter().copied().cycle().take(algorithm.key_octets()).collect();
        let key = Key::new(algorithm, 8, 30, &octets).unwrap();
        code(&key, key.step_at(Timestamp::from_secs(time)))
    };
    for (time, sha1, sha256, sha512) in published {
        assert_eq!(of(Algorithm::Sha1, time), sha1);
        assert_eq!(of(Algorithm::Sha256, time), sha256);
        assert_eq!(of(Algorithm::Sha512, time), sha512);
    }
}

#[test]
fn a_key_is_read_back_as_it_was_written() {
    for algorithm in [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512] {
        let key = Key::new(algorithm, 8, 60, &[7; 64]).unwrap();
        let read = Key::from_secret(&key.to_secret()).unwrap();
        assert_eq!((read.algorithm(), read.digits(), read.period()), (algorithm, 8, 60));
        assert_eq!(read.octets(), key.octets());
    }
}
