//! A raw client of an LDAP server: messages by hand, any octets in any pieces, and what comes back as it came. It shares no
//! code with the door it attacks.
//!
//! ```text
//!  request::*  ──▶ octets ──▶ Wire ──▶ Response { id, tag, octets }
//! ```

pub(crate) mod request;
mod response;

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use vestibule_peers::raw_ldap::RawLdap;

use self::request::{bind, message};
pub(crate) use self::response::{ENTRY, Response};

/// Whoever waits longer for an answer waits for one that will not come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection.
pub(crate) struct Wire {
    reader: ReadHalf<RawLdap>,
    writer: WriteHalf<RawLdap>,
    buffer: Vec<u8>,
    has_ended: bool,
}

impl Wire {
    pub(crate) async fn plain(server: SocketAddr) -> Self {
        Self::on(RawLdap::plain(server).await.unwrap())
    }

    pub(crate) async fn with_small_window(server: SocketAddr) -> Self {
        Self::on(RawLdap::with_small_window(server).await.unwrap())
    }

    pub(crate) async fn tls(server: SocketAddr, ca_pem: &str) -> Self {
        Self::on(RawLdap::tls(server, ca_pem).await.unwrap())
    }

    /// Shake hands now, whatever was said before.
    pub(crate) async fn start_tls(self, ca_pem: &str) -> anyhow::Result<Self> {
        assert_eq!(self.buffer, b"", "octets in the clear before the handshake");
        Ok(Self::on(self.reader.unsplit(self.writer).start_tls(ca_pem).await?))
    }

    pub(crate) fn on(connection: RawLdap) -> Self {
        let (reader, writer) = split(connection);
        Self { reader, writer, buffer: Vec::new(), has_ended: false }
    }

    /// Write these octets at once, and read meanwhile, so that neither side waits for the other. A server that hangs up
    /// ends the writing; [`Wire::next`] tells.
    pub(crate) async fn send(&mut self, octets: &[u8]) {
        let Self { reader, writer, buffer, has_ended } = self;
        let mut writing = pin!(async {
            writer.write_all(octets).await?;
            writer.flush().await
        });
        let written = timeout(PATIENCE, async {
            loop {
                tokio::select! {
                    written = &mut writing => return written,
                    read = reader.read_buf(buffer), if !*has_ended => *has_ended = matches!(read, Ok(0) | Err(_)),
                }
            }
        });
        // What a closed connection makes of it is what the test looks at next.
        written.await.expect("the server takes nothing").ok();
    }

    /// Write and do not read; an error where the server hung up.
    pub(crate) async fn send_blindly(&mut self, octets: &[u8]) -> io::Result<()> {
        self.writer.write_all(octets).await?;
        self.writer.flush().await
    }

    /// Write these octets in pieces, with a pause between two.
    pub(crate) async fn send_in_pieces(&mut self, pieces: &[&[u8]], pause: Duration) {
        for piece in pieces {
            self.send(piece).await;
            sleep(pause).await;
        }
    }

    /// The next message; `None` where the server hung up instead.
    pub(crate) async fn next(&mut self) -> Option<Response> {
        self.next_within(PATIENCE).await.expect("the server says nothing")
    }

    /// The next message, if the server says or does anything within this time.
    pub(crate) async fn next_within(&mut self, patience: Duration) -> Option<Option<Response>> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(response) = Response::take(&mut self.buffer) {
                return Some(Some(response));
            }
            if self.has_ended {
                assert_eq!(self.buffer, b"", "the server hung up in the middle of a message");
                return Some(None);
            }
            match timeout_at(deadline, self.reader.read_buf(&mut self.buffer)).await {
                Ok(read) => self.has_ended = matches!(read, Ok(0) | Err(_)),
                Err(_) => return None,
            }
        }
    }

    /// Ask one thing, and hear its end: what came for it, in order.
    pub(crate) async fn ask(&mut self, id: i64, operation: &[u8]) -> Vec<Response> {
        self.ask_with(id, operation, &[]).await
    }

    pub(crate) async fn ask_with(&mut self, id: i64, operation: &[u8], controls: &[Vec<u8>]) -> Vec<Response> {
        self.send(&message(id, operation, controls)).await;
        self.answers(id).await
    }

    /// Everything up to the end of what was asked as `id`.
    pub(crate) async fn answers(&mut self, id: i64) -> Vec<Response> {
        let mut heard = Vec::new();
        loop {
            let response = self.next().await.unwrap_or_else(|| panic!("hung up after {heard:?}"));
            assert_eq!(response.id, id, "{response:?}");
            let is_end = response.is_final();
            heard.push(response);
            if is_end {
                return heard;
            }
        }
    }

    /// The result code of what was asked as `id`.
    pub(crate) async fn code(&mut self, id: i64) -> u32 {
        self.answers(id).await.last().unwrap().code()
    }

    /// Sign in; the result code.
    pub(crate) async fn bind(&mut self, id: i64, name: &str, password: &str) -> u32 {
        self.send(&message(id, &bind(name, password), &[])).await;
        self.code(id).await
    }

    /// As whom the server knows us: `dn:...`, or nothing.
    pub(crate) async fn whoami(&mut self, id: i64) -> String {
        let answer = self.ask(id, &request::whoami()).await.pop().unwrap();
        assert_eq!(answer.code(), 0, "{answer:?}");
        String::from_utf8(answer.value().unwrap_or_default()).unwrap()
    }

    /// The server hangs up within this time and says nothing more than a Notice of Disconnection: its code, if there is one.
    pub(crate) async fn ended_within(&mut self, patience: Duration) -> Option<u32> {
        let deadline = Instant::now() + patience;
        let mut notice = None;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.next_within(left).await {
                Some(Some(said)) => {
                    assert!(said.id == 0 && notice.is_none(), "{said:?} before the end");
                    assert_eq!(said.name().as_deref(), Some(request::NOTICE_OF_DISCONNECTION));
                    notice = Some(said.code());
                }
                Some(None) => return notice,
                None => panic!("still connected after {patience:?}"),
            }
        }
    }

    /// Read to the end, whatever comes, which may be the middle of a message; the octets that came.
    pub(crate) async fn rest_within(&mut self, patience: Duration) -> u64 {
        let mut octets = u64::try_from(self.buffer.len()).unwrap();
        self.buffer.clear();
        let read = timeout(patience, async {
            while let Ok(read @ 1..) = self.reader.read_buf(&mut self.buffer).await {
                octets += u64::try_from(read).unwrap();
                self.buffer.clear();
            }
        });
        read.await.expect("still connected");
        self.has_ended = true;
        octets
    }

    /// The server says nothing and stays for this long.
    pub(crate) async fn assert_silent(&mut self, span: Duration) {
        let said = self.next_within(span).await;
        assert!(said.is_none(), "{said:?}");
    }
}
