//! The asking side, small: for trying out a door as an application does. It binds, asks who it is, and reads an entry.

mod entrance;
mod messages;
mod trust;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use vestibule_engine::Password;

pub use self::entrance::Entrance;
use self::messages::{extended_request, heard, kind, read, search_request};
pub use self::trust::{Trust, TrustError};
use crate::config::ServerAddress;
use crate::wire::ber;
use crate::wire::{Measured, again, bind_request, ending, measure, oid};

/// An entry with a photograph fits.
const ANSWER_OCTETS_MAX: usize = 16 << 20;
/// We ask for one entry; a server that sends a thousand is not listened to.
const ANSWERS_MAX: usize = 64;
const READ_AT_ONCE: usize = 16 << 10;

const UNBIND: &[u8] = b"\x42\x00";

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protection {
    /// TLS from the first octet on (`ldaps://`).
    Immediate,
    /// `ldap://`, and TLS before anything else is asked.
    StartTls,
    Never,
}

/// A door to ask.
#[derive(Debug, Clone)]
pub struct Peer {
    pub address: SocketAddr,
    /// The address to come from, where it matters.
    pub from: Option<IpAddr>,
    pub protection: Protection,
    /// The name that its certificate must have.
    pub name: String,
    pub trust: Trust,
    /// How long each answer is waited for.
    pub patience: Duration,
}

/// A connection to it.
pub struct Session {
    wire: Box<dyn Octets>,
    buffer: BytesMut,
    last_id: i32,
    patience: Duration,
}

/// A result of LDAP (RFC 4511 §4.1.9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    pub code: u32,
    pub text: String,
}

/// Where to look for an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted<'a> {
    /// The entry of this DN; the empty one is what the server says of itself.
    At(&'a str),
    /// The one below the base with this value of this attribute.
    Below { base: &'a str, attribute: &'a str, value: &'a str },
}

/// An entry that was read: its name, and its attributes with their values as far as they are text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    pub dn: String,
    pub attributes: Vec<(String, Vec<String>)>,
}

#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error("{url} is no address of a server: {why}")]
    Url { url: String, why: &'static str },
    #[error("look up {name}")]
    LookUp {
        name: String,
        #[source]
        cause: io::Error,
    },
    #[error("connect to {to}")]
    Connect {
        to: SocketAddr,
        #[source]
        cause: io::Error,
    },
    #[error("agree on TLS")]
    Tls(#[source] io::Error),
    #[error("\"{0}\" cannot be the name in a certificate")]
    Name(String),
    /// It said no to StartTLS, so nothing was sent.
    #[error("begin TLS")]
    StartTls(Heard),
    #[error("the connection ended without an answer")]
    Ended,
    /// It hung up, and said why.
    #[error("the connection was ended: {} (code {})", .0.text, .0.code)]
    HungUp(Heard),
    #[error("no answer after {} s", .0.as_secs())]
    Silence(Duration),
    #[error("the answer is not LDAP")]
    Garbled,
    /// A server would take it for a sign-in of nobody, and call it a success (LDP-07).
    #[error("a bind without a name or a password is never sent")]
    Empty,
}

trait Octets: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Octets for T {}

impl Peer {
    /// The door at `ldaps://host:port`, or at `ldap://host:port` with StartTLS: without TLS nothing is sent to a door that is
    /// only known by its name.
    pub async fn at(url: &str, trust: Trust, patience: Duration) -> Result<Self, AskError> {
        let server = ServerAddress::parse(url).map_err(|why| AskError::Url { url: url.to_owned(), why })?;
        let name = server.host;
        let found = lookup_host((name.as_str(), server.port)).await.and_then(|mut found| {
            found.next().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address"))
        });
        let address = found.map_err(|cause| AskError::LookUp { name: name.clone(), cause })?;
        let protection = if server.is_ldaps { Protection::Immediate } else { Protection::StartTls };
        Ok(Self { address, from: None, protection, name, trust, patience })
    }

    /// Connect, and protect the connection.
    pub async fn connect(&self) -> Result<Session, AskError> {
        timeout(self.patience, self.reach()).await.unwrap_or(Err(AskError::Silence(self.patience)))
    }

    async fn reach(&self) -> Result<Session, AskError> {
        let to = self.address;
        let stream = self.stream().await.map_err(|cause| AskError::Connect { to, cause })?;
        match self.protection {
            Protection::Never => Ok(Session::over(stream, self.patience)),
            Protection::Immediate => self.protect(stream).await,
            Protection::StartTls => {
                let mut bare = Session::over(stream, self.patience);
                let (heard, _) = bare.extended(oid::START_TLS).await?;
                if heard.code != 0 {
                    return Err(AskError::StartTls(heard));
                }
                // What came behind the answer came from anybody (LDP-10).
                if !bare.buffer.is_empty() {
                    return Err(AskError::Garbled);
                }
                self.protect(bare.wire).await
            }
        }
    }

    async fn stream(&self) -> io::Result<TcpStream> {
        let socket = if self.address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        let any = || if self.address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        socket.bind(SocketAddr::new(self.from.unwrap_or_else(any), 0))?;
        socket.connect(self.address).await
    }

    async fn protect(&self, stream: impl Octets + 'static) -> Result<Session, AskError> {
        let name = ServerName::try_from(self.name.clone()).map_err(|_| AskError::Name(self.name.clone()))?;
        let connector = TlsConnector::from(Arc::clone(&self.trust.0));
        let stream = connector.connect(name, stream).await.map_err(AskError::Tls)?;
        Ok(Session::over(stream, self.patience))
    }
}

impl Session {
    fn over(stream: impl Octets + 'static, patience: Duration) -> Self {
        Self { wire: Box::new(stream), buffer: BytesMut::new(), last_id: 0, patience }
    }

    /// Sign in with a simple bind.
    pub async fn bind(&mut self, name: &str, password: &Password) -> Result<Heard, AskError> {
        if name.trim().is_empty() || password.octets().is_empty() {
            return Err(AskError::Empty);
        }
        let id = self.next_id();
        let request = bind_request(id, name.as_bytes(), password.octets(), &[]);
        let (last, _) = self.ask(&request, id, ending::BIND).await?;
        Ok(heard(&last, ending::BIND).ok_or(AskError::Garbled)?.0)
    }

    /// As whom the server knows us (RFC 4532): `dn:...`, `u:...`, or nothing for nobody.
    pub async fn who_am_i(&mut self) -> Result<(Heard, String), AskError> {
        self.extended(oid::WHO_AM_I).await
    }

    /// Read one entry with everything we may see of it.
    pub async fn read(&mut self, wanted: Wanted<'_>) -> Result<(Heard, Option<Read>), AskError> {
        let id = self.next_id();
        let (last, before) = self.ask(&again(id, &search_request(wanted)), id, ending::SEARCH).await?;
        let (heard, _) = heard(&last, ending::SEARCH).ok_or(AskError::Garbled)?;
        Ok((heard, before.iter().find_map(|content| read(content))))
    }

    /// Say goodbye. That a server has gone before is no trouble.
    pub async fn close(mut self) {
        let goodbye = again(self.next_id(), UNBIND);
        let said = async {
            self.wire.write_all(&goodbye).await?;
            self.wire.shutdown().await
        };
        timeout(Duration::from_secs(1), said).await.ok();
    }

    async fn extended(&mut self, name: &[u8]) -> Result<(Heard, String), AskError> {
        let id = self.next_id();
        let (last, _) = self.ask(&again(id, &extended_request(name)), id, ending::EXTENDED).await?;
        heard(&last, ending::EXTENDED).ok_or(AskError::Garbled)
    }

    fn next_id(&mut self) -> i32 {
        self.last_id = self.last_id.saturating_add(1);
        self.last_id
    }

    /// The response that ends the request, and those before it.
    async fn ask(&mut self, request: &[u8], id: i32, end: u8) -> Result<(Vec<u8>, Vec<Vec<u8>>), AskError> {
        let patience = self.patience;
        timeout(patience, self.ask_in_time(request, id, end)).await.unwrap_or(Err(AskError::Silence(patience)))
    }

    async fn ask_in_time(&mut self, request: &[u8], id: i32, end: u8) -> Result<(Vec<u8>, Vec<Vec<u8>>), AskError> {
        self.wire.write_all(request).await.map_err(|_| AskError::Ended)?;
        self.wire.flush().await.map_err(|_| AskError::Ended)?;
        let mut before = Vec::new();
        loop {
            let content = self.next().await?;
            match kind(&content) {
                Some((0, _)) => {
                    let (why, _) = heard(&content, ending::EXTENDED).ok_or(AskError::Garbled)?;
                    return Err(AskError::HungUp(why));
                }
                Some((answered, tag)) if answered == id && tag == end => return Ok((content, before)),
                Some((answered, _)) if answered == id && before.len() < ANSWERS_MAX => before.push(content),
                _ => return Err(AskError::Garbled),
            }
        }
    }

    /// The content of the next message.
    async fn next(&mut self) -> Result<Vec<u8>, AskError> {
        loop {
            let measured = measure(&self.buffer, ANSWER_OCTETS_MAX).map_err(|_| AskError::Garbled)?;
            if let Some(Measured { head, total }) = measured
                && self.buffer.len() >= total
            {
                let message = self.buffer.split_to(total);
                let content = message.get(head..).unwrap_or_default();
                return if ber::is_well_formed(content) { Ok(content.to_vec()) } else { Err(AskError::Garbled) };
            }
            self.buffer.reserve(READ_AT_ONCE);
            match self.wire.read_buf(&mut self.buffer).await {
                Ok(0) | Err(_) => return Err(AskError::Ended),
                Ok(_) => {}
            }
        }
    }
}

impl Read {
    /// The first value of an attribute, by its name in any case.
    pub fn first(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.and_then(|(_, values)| values.first()).map(String::as_str)
    }
}

#[cfg(test)]
mod tests;
