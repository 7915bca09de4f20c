//! The asking side, small: for trying out a server and for putting load on it. Answers are believed only if every
//! authenticator in them is right.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::Instant;
use vestibule_engine::{Password, PortError, Random, SecretBytes};

use crate::upstream::{NoAnswer, Pace, check};
use crate::wire::{
    Authenticator, Code, DoesNotFit, PACKET_OCTETS_MAX, Packet, SharedSecret, Writer, find_number, hide, number,
};

/// A server to ask, and the secret shared with it.
#[derive(Debug, Clone)]
pub struct Peer {
    pub address: SocketAddr,
    secret: SharedSecret,
    /// Take answers without a Message-Authenticator too, as old servers send them.
    pub take_unsigned: bool,
}

/// What to ask.
#[derive(Debug, Clone)]
pub struct Question {
    pub user: String,
    pub password: Password,
    /// From the challenge that `password` answers.
    pub state: Option<Vec<u8>>,
    pub nas_identifier: String,
    pub calling_station: Option<String>,
}

/// A request as it goes out, and what its answer must fit.
#[derive(Debug, Clone)]
pub struct Sent {
    pub octets: Vec<u8>,
    pub identifier: u8,
    authenticator: Authenticator,
}

/// What a server said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    pub said: Said,
    /// The texts of its Reply-Message attributes.
    pub messages: Vec<String>,
    /// What the answer to a challenge must carry.
    pub state: Option<Vec<u8>>,
    /// All attributes in order, by name and value, for people to read.
    pub attributes: Vec<(String, String)>,
    /// Whether the answer carried a Message-Authenticator.
    pub signed: bool,
    /// How often the question was sent.
    pub tries: u32,
    pub took: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    Accept,
    Reject,
    Challenge,
}

#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error("write the request: {0} is too long")]
    TooLong(&'static str),
    #[error("draw a random number")]
    Random(#[from] PortError),
    #[error("reach {to} by UDP")]
    Socket {
        to: SocketAddr,
        #[source]
        cause: io::Error,
    },
    /// The most useful thing to say of silence is what came instead of an answer.
    #[error("wait for {to}: no answer after {tries} tries; {hint}")]
    Silence { to: SocketAddr, tries: u32, hint: &'static str },
}

impl Peer {
    pub fn new(address: SocketAddr, secret: SecretBytes) -> Self {
        Self { address, secret: SharedSecret::new(secret), take_unsigned: false }
    }

    /// Write a question under `identifier`, with a Message-Authenticator first.
    pub fn write(&self, question: &Question, identifier: u8, random: &dyn Random) -> Result<Sent, AskError> {
        let mut authenticator = [0; 16];
        random.fill(&mut authenticator)?;
        let hidden = hide(question.password.octets(), &authenticator, &self.secret);
        let hidden = hidden.ok_or(AskError::TooLong("the password"))?;
        let mut writer = Writer::new(Code::ACCESS_REQUEST, identifier);
        let too_long = |what| move |_: DoesNotFit| AskError::TooLong(what);
        writer.put(number::USER_NAME, question.user.as_bytes()).map_err(too_long("the user name"))?;
        writer.put(number::USER_PASSWORD, &hidden).map_err(too_long("the password"))?;
        writer.put(number::NAS_IDENTIFIER, question.nas_identifier.as_bytes()).map_err(too_long("the NAS name"))?;
        if let Some(station) = &question.calling_station {
            writer.put(number::CALLING_STATION_ID, station.as_bytes()).map_err(too_long("the station name"))?;
        }
        if let Some(state) = &question.state {
            writer.put(number::STATE, state).map_err(too_long("the state"))?;
        }
        Ok(Sent { octets: writer.seal_request(&authenticator, &self.secret), identifier, authenticator })
    }

    /// Read a datagram as the answer to `sent`. `None` when it is not one that can be believed. `tries` and `took` of the
    /// exchange are for the caller to fill in.
    pub fn read(&self, sent: &Sent, datagram: &[u8]) -> Option<Exchange> {
        self.judge(sent, datagram).ok()
    }

    fn judge(&self, sent: &Sent, datagram: &[u8]) -> Result<Exchange, NoAnswer> {
        let packet = Packet::parse(datagram).map_err(|_| NoAnswer::Malformed)?;
        let said = match packet.code() {
            Code::ACCESS_ACCEPT => Said::Accept,
            Code::ACCESS_REJECT => Said::Reject,
            Code::ACCESS_CHALLENGE => Said::Challenge,
            _ => return Err(NoAnswer::Malformed),
        };
        if packet.identifier() != sent.identifier {
            return Err(NoAnswer::Unasked);
        }
        check(&packet, &self.secret, &sent.authenticator, !self.take_unsigned)?;
        Ok(Exchange {
            said,
            messages: packet
                .all(number::REPLY_MESSAGE)
                .map(|text| String::from_utf8_lossy(text).into_owned())
                .collect(),
            state: packet.first(number::STATE).map(<[u8]>::to_vec),
            attributes: packet.attributes().map(|attribute| shown(attribute.kind, attribute.value)).collect(),
            signed: packet.has(number::MESSAGE_AUTHENTICATOR),
            tries: 0,
            took: Duration::ZERO,
        })
    }

    /// Ask, repeat up to `tries` times, and wait for the answer.
    pub async fn ask(&self, question: &Question, tries: u32, random: &dyn Random) -> Result<Exchange, AskError> {
        let mut identifier = [0];
        random.fill(&mut identifier)?;
        let [identifier] = identifier;
        let sent = self.write(question, identifier, random)?;
        let unreachable = |cause| AskError::Socket { to: self.address, cause };
        let socket = connect(self.address).await.map_err(unreachable)?;
        let (begun, mut pace) = (Instant::now(), Pace::default());
        let mut hint = "is it the right address, and does the server know ours as a client?";
        for tried in 1..=tries {
            socket.send(&sent.octets).await.map_err(unreachable)?;
            let until = Instant::now() + pace.next(random);
            while let Ok(received) = tokio::time::timeout_at(until, receive(&socket)).await {
                match self.judge(&sent, &received.map_err(unreachable)?) {
                    Ok(exchange) => return Ok(Exchange { tries: tried, took: begun.elapsed(), ..exchange }),
                    Err(NoAnswer::Unsigned) => hint = "answers came, but without a Message-Authenticator",
                    Err(NoAnswer::Forged) => {
                        hint = "answers came, but with a wrong authenticator: is the secret the same?"
                    }
                    Err(NoAnswer::Malformed | NoAnswer::Unasked) => {}
                }
            }
        }
        Err(AskError::Silence { to: self.address, tries, hint })
    }
}

async fn connect(address: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr =
        if address.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(address).await?;
    Ok(socket)
}

async fn receive(socket: &UdpSocket) -> io::Result<Vec<u8>> {
    let mut datagram = vec![0; PACKET_OCTETS_MAX];
    let length = socket.recv(&mut datagram).await?;
    datagram.truncate(length);
    Ok(datagram)
}

fn shown(kind: u8, value: &[u8]) -> (String, String) {
    match find_number(kind) {
        Some(definition) => (definition.name.to_owned(), definition.kind.show(value)),
        None => (format!("Attribute {kind}"), crate::wire::Kind::Octets.show(value)),
    }
}
