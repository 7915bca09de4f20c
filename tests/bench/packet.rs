//! The least of RADIUS that a load generator needs: a signed PAP request, and whether an answer is authentic.
//!
//! Written apart from the product's codec, so that the two cannot share a mistake.

use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};

const ACCESS_REQUEST: u8 = 1;
const STATUS_SERVER: u8 = 12;
pub(crate) const ACCESS_ACCEPT: u8 = 2;
pub(crate) const ACCESS_REJECT: u8 = 3;

const USER_NAME: u8 = 1;
const USER_PASSWORD: u8 = 2;
const NAS_IDENTIFIER: u8 = 32;
const MESSAGE_AUTHENTICATOR: u8 = 80;

pub(crate) const HEADER: usize = 20;

/// One login as a client types it.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: String,
}

pub(crate) type Authenticator = [u8; 16];

/// An Access-Request, signed by a Message-Authenticator that stands first.
pub(crate) fn request(login: &Login, id: u8, authenticator: &Authenticator, secret: &[u8]) -> Vec<u8> {
    let mut packet = begun(ACCESS_REQUEST, id, authenticator);
    attribute(&mut packet, USER_NAME, login.user.as_bytes());
    attribute(&mut packet, USER_PASSWORD, &hidden(login.password.as_bytes(), authenticator, secret));
    attribute(&mut packet, NAS_IDENTIFIER, b"bench");
    signed(packet, secret)
}

/// The question whether a server is there (RFC 5997).
pub(crate) fn status(id: u8, authenticator: &Authenticator, secret: &[u8]) -> Vec<u8> {
    signed(begun(STATUS_SERVER, id, authenticator), secret)
}

fn begun(code: u8, id: u8, authenticator: &Authenticator) -> Vec<u8> {
    let mut packet = Vec::with_capacity(160);
    packet.extend([code, id, 0, 0]);
    packet.extend(authenticator);
    attribute(&mut packet, MESSAGE_AUTHENTICATOR, &[0; 16]);
    packet
}

fn signed(mut packet: Vec<u8>, secret: &[u8]) -> Vec<u8> {
    let length = u16::try_from(packet.len()).unwrap_or(u16::MAX).to_be_bytes();
    if let Some(field) = packet.get_mut(2..4) {
        field.copy_from_slice(&length);
    }
    let signature = signature(&packet, secret);
    if let Some(field) = packet.get_mut(HEADER + 2..HEADER + 18) {
        field.copy_from_slice(&signature);
    }
    packet
}

fn attribute(packet: &mut Vec<u8>, kind: u8, value: &[u8]) {
    packet.extend([kind, u8::try_from(value.len() + 2).unwrap_or(u8::MAX)]);
    packet.extend(value);
}

fn signature(packet: &[u8], secret: &[u8]) -> [u8; 16] {
    // HMAC takes a key of any length.
    Hmac::<Md5>::new_from_slice(secret)
        .map(|hmac| hmac.chain_update(packet).finalize().into_bytes().into())
        .unwrap_or([0; 16])
}

/// RFC 2865 section 5.2: each block of 16 is masked by the digest of the secret and the block before it.
fn hidden(password: &[u8], authenticator: &Authenticator, secret: &[u8]) -> Vec<u8> {
    let mut hidden: Vec<u8> = Vec::with_capacity(password.len().next_multiple_of(16));
    let mut before = *authenticator;
    for block in password.chunks(16) {
        let mask: [u8; 16] = Md5::new().chain_update(secret).chain_update(before).finalize().into();
        let mut padded = [0; 16];
        for (to, from) in padded.iter_mut().zip(block) {
            *to = *from;
        }
        for (octet, mask) in padded.iter_mut().zip(mask) {
            *octet ^= mask;
        }
        hidden.extend(padded);
        before = padded;
    }
    hidden
}

/// The code of an answer to `asked`, or `None` where it is not authentic (RFC 2865 section 3).
pub(crate) fn authentic_code(answer: &[u8], asked: &Authenticator, secret: &[u8]) -> Option<u8> {
    let (start, attributes) = (answer.get(..4)?, answer.get(HEADER..)?);
    let expected: [u8; 16] = Md5::new()
        .chain_update(start)
        .chain_update(asked)
        .chain_update(attributes)
        .chain_update(secret)
        .finalize()
        .into();
    let length = usize::from(u16::from_be_bytes([*answer.get(2)?, *answer.get(3)?]));
    (length == answer.len() && answer.get(4..HEADER)? == expected).then(|| answer.first().copied())?
}

/// An answer without attributes, for the null server.
pub(crate) fn bare_answer(code: u8, request: &[u8], secret: &[u8]) -> Option<[u8; HEADER]> {
    let start = [code, *request.get(1)?, 0, 20];
    let authenticator: [u8; 16] =
        Md5::new().chain_update(start).chain_update(request.get(4..HEADER)?).chain_update(secret).finalize().into();
    let mut answer = [0; HEADER];
    for (to, from) in answer.iter_mut().zip(start.iter().chain(&authenticator)) {
        *to = *from;
    }
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(password: &str) -> Login {
        Login { user: "nemo".to_owned(), password: password.to_owned() }
    }

    /// The example of RFC 2865 section 7.1.
    #[test]
    fn a_password_is_hidden_as_in_the_rfc() {
        let authenticator =
            [0x0f, 0x40, 0x3f, 0x94, 0x73, 0x97, 0x80, 0x57, 0xbd, 0x83, 0xd5, 0xcb, 0x98, 0xf4, 0x22, 0x7a];
        let expected = [0x0d, 0xbe, 0x70, 0x8d, 0x93, 0xd4, 0x13, 0xce, 0x31, 0x96, 0xe4, 0x3f, 0x78, 0x2a, 0x0a, 0xee];
        assert_eq!(hidden(b"arctangent", &authenticator, b"xyzzy5461"), expected);
    }

    #[test]
    fn a_long_password_takes_a_second_block_and_the_length_counts_all() {
        let packet = request(&login("seventeen letters"), 9, &[7; 16], b"s");
        assert_eq!(usize::from(u16::from_be_bytes([packet[2], packet[3]])), packet.len());
        assert_eq!(packet.len(), HEADER + 18 + 6 + 34 + 7);
    }

    #[test]
    fn only_the_answer_to_this_request_under_this_secret_is_authentic() {
        let asked = request(&login("x"), 9, &[7; 16], b"secret");
        let answer = bare_answer(ACCESS_ACCEPT, &asked, b"secret").unwrap();
        assert_eq!(authentic_code(&answer, &[7; 16], b"secret"), Some(ACCESS_ACCEPT));
        assert_eq!(authentic_code(&answer, &[8; 16], b"secret"), None);
        assert_eq!(authentic_code(&answer, &[7; 16], b"other"), None);
        assert_eq!(authentic_code(&answer[..19], &[7; 16], b"secret"), None);
    }
}
