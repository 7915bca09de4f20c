//! One connection of the load generator: one request at a time, its answers read into one buffer.

use std::net::{IpAddr, SocketAddr};

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::message::{self, Answer, Credentials, ResultCode, Search};

/// Room for what is read at once: a small entry by far, and few calls for a large result.
const READ_AT_ONCE: usize = 64 * 1024;

pub(super) struct Client {
    stream: TcpStream,
    id: u32,
    request: Vec<u8>,
    received: Vec<u8>,
    /// What of `received` was looked at.
    taken: usize,
}

/// What a search brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) code: ResultCode,
    pub(super) entries: u64,
    /// All messages of the answer.
    pub(super) octets: u64,
}

impl Client {
    /// Connect, from `source` where that matters.
    pub(super) async fn connect(server: SocketAddr, source: Option<IpAddr>) -> anyhow::Result<Self> {
        let stream = match source {
            None => TcpStream::connect(server).await,
            Some(source) => {
                let socket = TcpSocket::new_v4()?;
                socket.bind(SocketAddr::from((source, 0))).with_context(|| format!("take a port of {source}"))?;
                socket.connect(server).await
            }
        };
        let stream = stream.with_context(|| format!("connect to {server}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, id: 0, request: Vec::new(), received: Vec::new(), taken: 0 })
    }

    pub(super) async fn bind(&mut self, who: &Credentials) -> anyhow::Result<ResultCode> {
        let id = self.next_id();
        message::bind(&mut self.request, id, who);
        self.send().await?;
        match self.answer(id).await? {
            (Answer::Bound(code), _) => Ok(code),
            (other, _) => bail!("a bind was answered with {other:?}"),
        }
    }

    pub(super) async fn search(&mut self, search: &Search) -> anyhow::Result<Found> {
        let id = self.next_id();
        message::search(&mut self.request, id, search);
        self.send().await?;
        let (mut entries, mut octets) = (0, 0);
        loop {
            let (answer, length) = self.answer(id).await?;
            octets += u64::try_from(length)?;
            match answer {
                Answer::Entry => entries += 1,
                Answer::Reference => {}
                Answer::Done(code) => return Ok(Found { code, entries, octets }),
                other => bail!("a search was answered with {other:?}"),
            }
        }
    }

    /// Say goodbye as a client library does: an unbind, and the connection is closed without waiting.
    pub(super) async fn unbind(mut self) -> anyhow::Result<()> {
        let id = self.next_id();
        message::unbind(&mut self.request, id);
        self.send().await
    }

    /// Whether the server still holds the connection, where nothing is under way.
    pub(super) fn is_open(&self) -> bool {
        let mut octet = [0];
        matches!(self.stream.try_read(&mut octet), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    }

    fn next_id(&mut self) -> u32 {
        self.request.clear();
        // The highest bit is not for message ids (RFC 4511 §4.1.1.1), and 0 is the server's own.
        self.id = self.id % 0x7fff_ffff + 1;
        self.id
    }

    async fn send(&mut self) -> anyhow::Result<()> {
        self.stream.write_all(&self.request).await.context("send a request")
    }

    /// The next answer to a request, and its length.
    async fn answer(&mut self, id: u32) -> anyhow::Result<(Answer, usize)> {
        loop {
            let unread = self.received.get(self.taken..).unwrap_or_default();
            if let Some((received, length)) = message::first(unread) {
                self.taken += length;
                let received = received.context("the server sent what is no LDAP message")?;
                if received.id != id {
                    bail!("the server answered request {} when {id} was asked", received.id);
                }
                return Ok((received.answer, length));
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> anyhow::Result<()> {
        self.received.drain(..self.taken);
        self.taken = 0;
        self.received.reserve(READ_AT_ONCE);
        if self.stream.read_buf(&mut self.received).await.context("receive an answer")? == 0 {
            bail!("the server closed the connection");
        }
        Ok(())
    }
}
