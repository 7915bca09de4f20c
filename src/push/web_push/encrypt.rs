//! Message encryption for Web Push (RFC 8291 on top of RFC 8188): what the push service carries, it cannot read.

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::error::Unspecified;
use ring::hmac;
use ring::rand::SystemRandom;

use super::subscription::{PUBLIC_KEY_OCTETS, SECRET_OCTETS};

pub(super) const SALT_OCTETS: usize = 16;

/// Doorbells are padded to this, so that their length does not tell a request from its end.
pub(super) const PADDED_OCTETS: usize = 1_024;

/// One record holds the whole message (RFC 8291 §4); every push service takes this size.
const RECORD_OCTETS: u32 = 4_096;

/// What is left of a record for the message: without header, delimiter and authentication tag.
const PLAINTEXT_OCTETS_MAX: usize = 4_096 - (SALT_OCTETS + 4 + 1 + PUBLIC_KEY_OCTETS) - 1 - 16;

/// The delimiter of the last record (RFC 8188 §2).
const LAST_RECORD: u8 = 2;

/// What both sides can compute: a fresh key of ours for each message, agreed with the key of the browser.
pub(super) struct Agreed {
    pub(super) shared: [u8; 32],
    pub(super) ours: [u8; PUBLIC_KEY_OCTETS],
    pub(super) theirs: [u8; PUBLIC_KEY_OCTETS],
}

impl Agreed {
    pub(super) fn with(theirs: &[u8; PUBLIC_KEY_OCTETS]) -> Result<Self, Unspecified> {
        let key = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new())?;
        let ours = key.compute_public_key()?.as_ref().try_into().map_err(|_| Unspecified)?;
        let shared = agree_ephemeral(key, &UnparsedPublicKey::new(&ECDH_P256, theirs), |shared| shared.try_into())?;
        Ok(Self { shared: shared.map_err(|_| Unspecified)?, ours, theirs: *theirs })
    }
}

/// The body of a push message: header and one record. `padded` is the length the message is filled up to.
pub(super) fn seal(
    agreed: &Agreed,
    secret: &[u8; SECRET_OCTETS],
    salt: &[u8; SALT_OCTETS],
    plaintext: &[u8],
    padded: usize,
) -> Result<Vec<u8>, Unspecified> {
    if plaintext.len() > PLAINTEXT_OCTETS_MAX {
        return Err(Unspecified);
    }
    let mut record = plaintext.to_vec();
    record.push(LAST_RECORD);
    record.resize(record.len().max(padded.min(PLAINTEXT_OCTETS_MAX).saturating_add(1)), 0);
    let (key, nonce) = keys(agreed, secret, salt)?;
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key)?);
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut record)?;
    let ours = u8::try_from(agreed.ours.len()).map_err(|_| Unspecified)?;
    Ok([salt, RECORD_OCTETS.to_be_bytes().as_slice(), &[ours], &agreed.ours, &record].concat())
}

/// RFC 8291 §3.4. Each `HKDF-Expand` asks for one block at most, so it is one HMAC.
fn keys(
    agreed: &Agreed,
    secret: &[u8; SECRET_OCTETS],
    salt: &[u8; SALT_OCTETS],
) -> Result<([u8; 16], [u8; 12]), Unspecified> {
    let input = mac(&mac(secret, &[&agreed.shared]), &[b"WebPush: info\0", &agreed.theirs, &agreed.ours, &[1]]);
    let pseudo_random = mac(salt, &[&input]);
    let key = mac(&pseudo_random, &[b"Content-Encoding: aes128gcm\0", &[1]]);
    let nonce = mac(&pseudo_random, &[b"Content-Encoding: nonce\0", &[1]]);
    Ok((*key.first_chunk().ok_or(Unspecified)?, *nonce.first_chunk().ok_or(Unspecified)?))
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for part in parts {
        context.update(part);
    }
    context.sign().as_ref().to_vec()
}

#[cfg(test)]
pub(crate) mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    use super::*;

    fn octets<const N: usize>(text: &str) -> [u8; N] {
        URL_SAFE_NO_PAD.decode(text).unwrap().try_into().unwrap()
    }

    /// A browser's half, written from RFC 8291 §3 by itself: it opens what `seal` made.
    pub(crate) struct Browser {
        key: EphemeralPrivateKey,
        pub(crate) public: [u8; PUBLIC_KEY_OCTETS],
        pub(crate) secret: [u8; SECRET_OCTETS],
    }

    impl Browser {
        pub(crate) fn new() -> Self {
            let key = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).unwrap();
            let public = key.compute_public_key().unwrap().as_ref().try_into().unwrap();
            Self { key, public, secret: [7; SECRET_OCTETS] }
        }

        /// The message, without padding. Consumes the browser: its key is good for one agreement.
        pub(crate) fn open(self, body: &[u8]) -> Vec<u8> {
            assert!(body.len() <= 4_096, "PSH-02: a push service need not take more");
            let (salt, rest) = body.split_at(16);
            let (record_size, rest) = rest.split_at(4);
            assert!(u32::from_be_bytes(record_size.try_into().unwrap()) as usize >= rest.len(), "one record");
            assert_eq!(rest[0], 65);
            let (sender, sealed) = rest[1..].split_at(65);
            let agreed = agree_ephemeral(self.key, &UnparsedPublicKey::new(&ECDH_P256, sender), |shared| Agreed {
                shared: shared.try_into().unwrap(),
                ours: sender.try_into().unwrap(),
                theirs: self.public,
            });
            let (key, nonce) = keys(&agreed.unwrap(), &self.secret, salt.try_into().unwrap()).unwrap();
            let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).unwrap());
            let mut sealed = sealed.to_vec();
            let opened = key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut sealed).unwrap();
            let end = opened.iter().rposition(|octet| *octet != 0).unwrap();
            assert_eq!(opened[end], LAST_RECORD);
            opened[..end].to_vec()
        }
    }

    /// PSH-01: RFC 8291 §5 with the intermediate values of Appendix A. The library lets nobody fix a private key, so the
    /// vector starts from the agreed secret.
    #[test]
    fn the_example_of_the_standard_comes_out_octet_for_octet() {
        let agreed = Agreed {
            shared: octets("kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs"),
            ours: octets("BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"),
            theirs: octets("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
        };
        let (key, nonce) = keys(&agreed, &octets("BTBZMqHH6r4Tts7J_aSIgg"), &octets("DGv6ra1nlYgDCS1FRnbzlw")).unwrap();
        assert_eq!(URL_SAFE_NO_PAD.encode(key), "oIhVW04MRdy2XN9CiKLxTg");
        assert_eq!(URL_SAFE_NO_PAD.encode(nonce), "4h_95klXJ5E_qnoN");
        let body = seal(
            &agreed,
            &octets("BTBZMqHH6r4Tts7J_aSIgg"),
            &octets("DGv6ra1nlYgDCS1FRnbzlw"),
            b"When I grow up, I want to be a watermelon",
            0,
        );
        assert_eq!(
            URL_SAFE_NO_PAD.encode(body.unwrap()),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru\
             3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
        );
    }

    #[test]
    fn every_message_has_a_fresh_key() {
        let browser = Browser::new();
        let sender = || Agreed::with(&browser.public).unwrap().ours;
        assert_ne!(sender(), sender());
    }

    #[test]
    fn a_key_on_no_curve_is_refused() {
        let mut point = Browser::new().public;
        point[64] ^= 1;
        Agreed::with(&point).map(|_| ()).unwrap_err();
    }

    #[test]
    fn a_message_that_does_not_fit_into_one_record_is_refused() {
        let browser = Browser::new();
        let agreed = Agreed::with(&browser.public).unwrap();
        let body = |length| seal(&agreed, &browser.secret, &[0; 16], &vec![b'x'; length], PADDED_OCTETS);
        assert_eq!(body(PLAINTEXT_OCTETS_MAX).unwrap().len(), 4_096);
        body(PLAINTEXT_OCTETS_MAX + 1).unwrap_err();
    }

    proptest! {
        /// PSH-02
        #[test]
        fn a_browser_opens_what_was_sealed_and_its_length_says_nothing(
            text in proptest::collection::vec(any::<u8>(), 0..PADDED_OCTETS),
            salt: [u8; 16],
        ) {
            let browser = Browser::new();
            let agreed = Agreed::with(&browser.public).unwrap();
            let body = seal(&agreed, &browser.secret, &salt, &text, PADDED_OCTETS).unwrap();
            prop_assert_eq!(body.len(), 86 + PADDED_OCTETS + 1 + 16);
            prop_assert_eq!(browser.open(&body), text);
        }
    }
}
