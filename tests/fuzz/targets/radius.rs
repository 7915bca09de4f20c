//! A RADIUS answer of any content, signed and not: reading it ends, nothing forged is believed, and what is believed says
//! what is in the packet.

use md5::{Digest, Md5};
use vestibule_engine::{Password, PortError, Random, SecretBytes};
use vestibule_radius::client::{Peer, Question, Said, Sent};

const SECRET: &[u8] = b"a secret for fuzzing";
const AUTHENTICATOR: [u8; 16] = [7; 16];
const IDENTIFIER: u8 = 42;
const PACKET_MAX: usize = 4096;
const HEADER: usize = 20;
const EAP_MESSAGE: u8 = 79;
const MESSAGE_AUTHENTICATOR: u8 = 80;

/// The input is a datagram as it is, and, after its header, the attributes of an answer that is signed as ours.
pub(crate) fn run(input: &[u8]) {
    let mut peer = Peer::new(([127, 0, 0, 1], 1812).into(), SecretBytes::new(SECRET));
    peer.take_unsigned = true;
    let sent = ask(&peer);
    assert!(peer.read(&sent, input).is_none(), "a forged answer is believed");
    let (Some(code), Some(attributes)) = (input.first(), input.get(HEADER..)) else { return };
    let read = peer.read(&sent, &signed(*code, attributes));
    let Some(found) = walk(attributes).filter(|_| attributes.len() <= PACKET_MAX - HEADER) else {
        assert!(read.is_none(), "attributes that do not fit their packet are believed");
        return;
    };
    let said = match code {
        2 => Some(Said::Accept),
        3 => Some(Said::Reject),
        11 => Some(Said::Challenge),
        _ => None,
    };
    let expected = said.filter(|_| found.believable).map(|said| (said, found.count));
    assert_eq!(read.map(|read| (read.said, read.attributes.len())), expected);
}

struct Found {
    count: usize,
    /// The digest over the whole is enough to believe it: there is no Message-Authenticator, which would be wrong, and
    /// no EAP-Message, which needs one (RFC 3579 section 3.1).
    believable: bool,
}

/// The attributes one after the other, as RFC 2865 section 5 has them; `None` where a length is wrong.
fn walk(mut attributes: &[u8]) -> Option<Found> {
    let mut found = Found { count: 0, believable: true };
    while let [kind, length, ..] = attributes {
        let length = usize::from(*length);
        if length < 2 {
            return None;
        }
        attributes = attributes.get(length..)?;
        found.count += 1;
        found.believable &= *kind != MESSAGE_AUTHENTICATOR && *kind != EAP_MESSAGE;
    }
    attributes.is_empty().then_some(found)
}

fn signed(code: u8, attributes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(HEADER + attributes.len()).unwrap_or(u16::MAX).to_be_bytes();
    let start = [code, IDENTIFIER, length[0], length[1]];
    let digest = Md5::new()
        .chain_update(start)
        .chain_update(AUTHENTICATOR)
        .chain_update(attributes)
        .chain_update(SECRET)
        .finalize();
    [&start, &digest[..], attributes].concat()
}

fn ask(peer: &Peer) -> Sent {
    let question = Question {
        user: "ada".to_owned(),
        password: Password::new("secret"),
        state: None,
        nas_identifier: "fuzz".to_owned(),
        calling_station: None,
    };
    peer.write(&question, IDENTIFIER, &Fixed).expect("a short question fits")
}

/// Chance that is none: every run is the same.
struct Fixed;

impl Random for Fixed {
    fn fill(&self, octets: &mut [u8]) -> Result<(), PortError> {
        octets.fill(7);
        Ok(())
    }
}
