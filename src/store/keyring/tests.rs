use proptest::prelude::*;

use super::*;

fn ring_of(octet: u8) -> Keyring {
    Keyring::new(&SecretBytes::new(vec![octet; 32]), &[]).unwrap()
}

fn place(row: &str) -> Place {
    Place::of("authenticators", "secret", row, "user")
}

proptest! {
    #[test]
    fn what_was_sealed_opens_in_its_place(plain: Vec<u8>, row: String) {
        let keys = ring_of(1);
        let sealed = keys.seal(&plain, &place(&row)).unwrap();
        let opened = keys.open(&sealed, &place(&row)).unwrap();
        prop_assert_eq!(opened.expose(), &plain[..]);
    }

    #[test]
    fn whatever_is_not_an_envelope_does_not_open(rubbish: Vec<u8>) {
        prop_assert!(ring_of(1).open(&rubbish, &place("row")).is_err());
    }

    #[test]
    fn one_flipped_bit_anywhere_keeps_it_shut(at in 0_usize..40, bit in 0_u8..8) {
        let keys = ring_of(1);
        let mut sealed = keys.seal(b"a secret", &place("row")).unwrap();
        let at = at % sealed.len();
        sealed[at] ^= 1 << bit;
        prop_assert!(keys.open(&sealed, &place("row")).is_err());
    }
}

// OTP-09
#[test]
fn a_secret_moved_to_another_row_does_not_open() {
    let keys = ring_of(1);
    let sealed = keys.seal(b"secret", &place("one")).unwrap();
    assert_eq!(keys.open(&sealed, &place("two")).unwrap_err(), Unopened::Altered);
    assert_eq!(
        keys.open(&sealed, &Place::of("authenticators", "secret", "one", "other")).unwrap_err(),
        Unopened::Altered
    );
}

// OPS-08
#[test]
fn an_older_key_opens_but_does_not_seal() {
    let old = ring_of(1);
    let sealed = old.seal(b"secret", &place("row")).unwrap();
    let signed = old.sign(b"head");
    let both = Keyring::new(&SecretBytes::new(vec![2; 32]), &[SecretBytes::new(vec![1; 32])]).unwrap();
    assert_eq!(both.open(&sealed, &place("row")).unwrap().expose(), b"secret");
    assert!(both.verify(b"head", &signed).is_ok());
    assert_eq!(
        old.open(&both.seal(b"x", &place("row")).unwrap(), &place("row")).unwrap_err(),
        Unopened::UnknownKey(both.key_id())
    );
}

#[test]
fn a_signature_is_for_one_text_only() {
    let keys = ring_of(1);
    let signed = keys.sign(b"head 7");
    assert!(keys.verify(b"head 7", &signed).is_ok());
    assert_eq!(keys.verify(b"head 8", &signed).unwrap_err(), Unopened::Altered);
}

#[test]
fn a_proof_of_a_row_is_nothing_else() {
    let keys = ring_of(1);
    let both = Keyring::new(&SecretBytes::new(vec![2; 32]), &[SecretBytes::new(vec![1; 32])]).unwrap();
    let proof = keys.prove(b"row");
    assert!(both.check_proof(b"row", &proof).is_ok(), "an older key still proves");
    assert_eq!(keys.check_proof(b"another row", &proof).unwrap_err(), Unopened::Altered);
    assert_eq!(keys.check_proof(b"row", &keys.sign(b"row")).unwrap_err(), Unopened::Altered);
    assert_eq!(keys.verify(b"row", &proof).unwrap_err(), Unopened::Altered);
    assert!(ring_of(2).check_proof(b"row", &proof).is_err());
    assert!(keys.check_proof(b"row", b"").is_err());
}

#[test]
fn derived_keys_differ_by_label_and_stay_the_same() {
    assert!(ring_of(1).derive("coalesce") == ring_of(1).derive("coalesce"));
    assert!(ring_of(1).derive("coalesce") != ring_of(1).derive("cookies"));
    assert!(ring_of(1).derive("coalesce") != ring_of(2).derive("coalesce"));
}

#[test]
fn a_generated_key_is_taken_as_written_and_a_short_one_is_refused() {
    let written = format!("{}\n", generate_master_key().unwrap());
    assert!(Keyring::new(&SecretBytes::new(written), &[]).is_ok());
    let refused = Keyring::new(&SecretBytes::new("hunter2"), &[]).unwrap_err();
    assert_eq!(refused.to_string(), "a master key has 7 octets; it needs 32, as they are or in base64");
    assert_eq!(format!("{:?}", ring_of(1)), format!("Keyring({})", ring_of(1).key_id()));
}
