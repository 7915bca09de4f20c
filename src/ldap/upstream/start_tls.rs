//! StartTLS (RFC 4511 §4.14), asked on the bare socket.
//!
//! What a server answers here is not yet vouched for by anybody, so it is read octet by octet under a small limit. Exactly the answer is taken from the socket: what somebody
//! slipped in behind it meets the TLS handshake and fails there (LDP-10). Any answer but success is an error; there is
//! no way on without protection (LDP-29).

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::fault::{Fault, Words};
use super::result::LdapResult;
use crate::wire::ber::{self, Elements};

/// Message 1: an extended request for 1.3.6.1.4.1.1466.20037.
const REQUEST: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";
/// An answer is some dozens of octets, and a sentence.
const ANSWER_MAX: usize = 4096;

pub(super) async fn start_tls(stream: &mut TcpStream) -> Result<(), Fault> {
    stream.write_all(REQUEST).await.map_err(Fault::connect)?;
    let result = parse(&read_answer(stream).await?).ok_or(Fault::Garbled("it is not LDAP"))?;
    if result.code == 0 { Ok(()) } else { Err(Fault::Answered(Words::of(&result))) }
}

/// The content of the next message.
async fn read_answer(stream: &mut TcpStream) -> Result<Vec<u8>, Fault> {
    let mut head = [0; 6];
    let mut known = 2;
    let Some((start, _)) = head.split_at_mut_checked(2) else { return Err(Fault::Disconnected) };
    read(stream, start).await?;
    let [tag, first, ..] = head;
    if tag != 0x30 {
        return Err(Fault::Garbled("it is not LDAP"));
    }
    if first > 0x80 && first <= 0x84 {
        known += usize::from(first & 0x7F);
        let more = head.get_mut(2..known).ok_or(Fault::Garbled("it is not LDAP"))?;
        read(stream, more).await?;
    }
    let length = head.get(1..known).and_then(ber::length).map(|(length, _)| length);
    let length = length.filter(|length| *length <= ANSWER_MAX).ok_or(Fault::Garbled("its length"))?;
    let mut content = vec![0; length];
    read(stream, &mut content).await?;
    Ok(content)
}

async fn read(stream: &mut TcpStream, octets: &mut [u8]) -> Result<(), Fault> {
    stream.read_exact(octets).await.map(|_| ()).map_err(|_| Fault::Disconnected)
}

fn parse(content: &[u8]) -> Option<LdapResult> {
    let mut message = Elements(content);
    let id = ber::number(message.expect(0x02)?)?;
    let mut response = Elements(message.expect(0x78)?);
    let code = ber::number(response.expect(0x0A)?)?;
    response.expect(0x04)?;
    let text = String::from_utf8_lossy(response.expect(0x04)?).into_owned();
    (id == 1).then(|| LdapResult { code, text, controls: Vec::new() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_answer_is_read() {
        let success = b"\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00";
        assert_eq!(parse(success).unwrap().code, 0);
        let refusal = b"\x02\x01\x01\x78\x0c\x0a\x01\x34\x04\x00\x04\x05later";
        assert_eq!(parse(refusal).map(|result| (result.code, result.text)), Some((52, "later".to_owned())));
        let of_another = b"\x02\x01\x02\x78\x07\x0a\x01\x00\x04\x00\x04\x00";
        assert!(parse(of_another).is_none());
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_without_a_panic(content in proptest::collection::vec(any::<u8>(), 0..64)) {
            parse(&content);
        }
    }
}
