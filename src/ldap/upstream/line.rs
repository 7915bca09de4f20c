//! A connection of one client to a directory, of its own and of nobody else: what the client does there, it does as
//! itself. Octets go through as they come.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use futures_util::FutureExt;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::connect::reach_server;
use super::directory::{Directory, Place, Server};
use super::fault::Fault;
use super::result::LdapResult;
use crate::wire::{BindResponse, Measured, RESPONSE_HEAD_MAX, bind_request, measure, named, response_head, who_am_i};

/// The answer to a bind is some hundred octets; with controls and words, a few thousand.
const BIND_RESPONSE_MAX: usize = 1 << 20;
const READ_AT_ONCE: usize = 4096;
/// The number of our own question, on a line where nothing else is asked.
pub(super) const OWN_ID: i32 = i32::MAX;

/// Octets to and from a directory.
#[derive(Debug)]
pub(crate) enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) wire: Wire,
    /// What has come and was not passed on yet.
    pub(crate) buffer: BytesMut,
    /// The server it leads to.
    pub(crate) server: Place,
}

/// What a directory said to a bind.
pub(crate) struct Bound {
    pub(crate) result: LdapResult,
    /// The answer behind its message id, octet for octet.
    pub(crate) after_id: Vec<u8>,
    /// It says what it says in UTF-8, or is no success. A client is told the words as they are.
    pub(super) is_exact: bool,
}

impl Line {
    pub(super) async fn open(directory: &Directory, server: &Server, deadline: Instant) -> Result<Self, Fault> {
        let settings = &directory.settings;
        let deadline = deadline.min(Instant::now() + settings.connect_timeout);
        let opened = timeout_at(deadline, async {
            let stream = reach_server(server, settings, deadline).await?;
            let tls = settings.tls.as_ref().filter(|_| server.address.is_ldaps || settings.start_tls);
            let Some(tls) = tls else { return Ok::<_, Fault>(Wire::Plain(stream)) };
            let name = ServerName::try_from(server.address.host.clone())
                .map_err(|_| Fault::NotAsked("the server's name cannot stand in a certificate"))?;
            let stream = TlsConnector::from(Arc::clone(tls)).connect(name, stream).await.map_err(Fault::connect)?;
            Ok(Wire::Tls(Box::new(stream)))
        });
        let wire = opened.await.map_err(|_| Fault::TimedOut)??;
        Ok(Self { wire, buffer: BytesMut::new(), server: server.place })
    }

    pub(super) fn is_protected(&self) -> bool {
        matches!(self.wire, Wire::Tls(_))
    }

    /// Bind, with nothing else under way. Answers to what was asked before and given up are passed over. After an error
    /// the line is not used again.
    pub(super) async fn bind(
        &mut self,
        id: i32,
        name: &str,
        password: &[u8],
        controls: &[u8],
        deadline: Instant,
    ) -> Result<Bound, Fault> {
        // An empty one of either would make the directory sign the client in as nobody, and say success (LDP-07).
        if name.trim().is_empty() || password.is_empty() {
            return Err(Fault::NotAsked("a bind without a name or password is never sent"));
        }
        let request = bind_request(id, name.as_bytes(), password, controls);
        let content = self.exchange(&request, id, deadline).await?;
        drop(request);
        Bound::of(&content, id)
    }

    /// Pass on a bind as the client wrote it, with nothing else under way.
    pub(crate) async fn pass_on(&mut self, bind: &[u8], id: i32, deadline: Instant) -> Result<Bound, Fault> {
        Bound::of(&self.exchange(bind, id, deadline).await?, id)
    }

    /// As whom the directory knows this line (RFC 4532); nothing where it does not say.
    pub(crate) async fn who_am_i(&mut self, deadline: Instant) -> Result<Option<String>, Fault> {
        let content = self.exchange(&who_am_i(OWN_ID), OWN_ID, deadline).await?;
        Ok(named(&content))
    }

    /// Ask, and wait for the answer: its content.
    async fn exchange(&mut self, request: &[u8], id: i32, deadline: Instant) -> Result<Bytes, Fault> {
        let answered = timeout_at(deadline, async {
            self.send(request).await?;
            self.receive(id, BIND_RESPONSE_MAX).await
        });
        answered.await.map_err(|_| Fault::TimedOut)?
    }

    pub(super) async fn send(&mut self, request: &[u8]) -> Result<(), Fault> {
        self.wire.write_all(request).await.map_err(|_| Fault::Disconnected)?;
        self.wire.flush().await.map_err(|_| Fault::Disconnected)
    }

    /// The content of the next answer to `id`. Whatever else comes is late, to something that was given up.
    pub(super) async fn receive(&mut self, id: i32, content_max: usize) -> Result<Bytes, Fault> {
        loop {
            if let Some(content) = self.next(id, content_max)? {
                return Ok(content);
            }
            self.buffer.reserve(READ_AT_ONCE);
            match self.wire.read_buf(&mut self.buffer).await {
                Ok(0) | Err(_) => return Err(Fault::Disconnected),
                Ok(_) => {}
            }
        }
    }

    /// Whether nothing has come that nobody waits for, the end among it. Looks once and does not wait.
    pub(super) fn is_quiet(&mut self) -> bool {
        self.buffer.is_empty() && self.wire.read_buf(&mut self.buffer).now_or_never().is_none()
    }

    /// The content of the answer, if it is there; what is not is thrown away.
    fn next(&mut self, id: i32, content_max: usize) -> Result<Option<Bytes>, Fault> {
        loop {
            let measured = measure(&self.buffer, content_max).map_err(|_| Fault::Garbled("it is not LDAP"))?;
            let Some(Measured { head, total }) = measured else { return Ok(None) };
            let is_whole = self.buffer.len() >= total;
            let content = self.buffer.get(head..total.min(self.buffer.len())).unwrap_or_default();
            let first = content.get(..content.len().min(RESPONSE_HEAD_MAX)).unwrap_or_default();
            let answered = response_head(first, is_whole).map_err(|_| Fault::Garbled("it is not LDAP"))?;
            match answered {
                None => return Ok(None),
                // A server that hangs up says so with the id 0.
                Some((0, _)) => return Err(Fault::Disconnected),
                Some((answered, _)) if answered == id && !is_whole => return Ok(None),
                Some((answered, _)) if answered == id => {
                    let mut message = self.buffer.split_to(total).freeze();
                    message.advance(head);
                    return Ok(Some(message));
                }
                // Late, to something that was given up.
                Some(_) if is_whole => self.buffer.advance(total),
                Some(_) => return Ok(None),
            }
        }
    }
}

/// A line over a stream that a test made.
#[cfg(test)]
pub(crate) fn line_over(stream: TcpStream) -> Line {
    Line { wire: Wire::Plain(stream), buffer: BytesMut::new(), server: Place::FIRST }
}

impl Bound {
    fn of(content: &[u8], id: i32) -> Result<Self, Fault> {
        let response = BindResponse::read(content, id).ok_or(Fault::Garbled("it is no answer to a bind"))?;
        let result = LdapResult::of_bind(&response);
        let is_exact = response.outcome.is_exact();
        Ok(Self { result, after_id: response.after_id.to_vec(), is_exact })
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, octets),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, octets),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_client_is_let_in_by_the_code_in_whatever_letters_it_is_worded() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (ours, theirs) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
        let (mut line, mut server) = (line_over(ours.unwrap()), theirs.unwrap().0);
        let answer = b"\x30\x0f\x02\x01\x07\x61\x0a\x0a\x01\x00\x04\x00\x04\x03gr\xfc";
        server.write_all(answer).await.unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        let bound = line.bind(7, "cn=a", b"secret", b"", deadline).await.unwrap();
        assert_eq!((bound.result.code, bound.result.text.as_str()), (0, "gr\u{fffd}"));
        assert_eq!(bound.after_id, answer[5..]);
    }
}
