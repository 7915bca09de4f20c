//! As much of HTTP/1.1 as senders and browsers say here.

use std::collections::HashMap;

use anyhow::{Context, bail};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

const LINE_OCTETS_MAX: u64 = 8 * 1024;
const HEADERS_MAX: usize = 64;
/// More than any push service takes, so that what is too large can be told so.
const BODY_OCTETS_MAX: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    headers: HashMap<String, String>,
    pub(super) body: Vec<u8>,
}

/// Status and a short text.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

impl Request {
    /// By its name in small letters.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub(super) fn websocket_key(&self) -> Option<&str> {
        let upgrades = self.header("upgrade").is_some_and(|to| to.eq_ignore_ascii_case("websocket"));
        self.header("sec-websocket-key").filter(|_| upgrades)
    }
}

/// The next request; `None` where the other side ended before it.
pub(super) async fn read(stream: &mut (impl AsyncBufRead + Unpin)) -> anyhow::Result<Option<Request>> {
    let first = line(stream).await?;
    let Some((method, rest)) = first.split_once(' ') else { return Ok(None) };
    let path = rest.split(' ').next().unwrap_or_default().to_owned();
    let mut headers = HashMap::new();
    loop {
        let line = line(stream).await?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').context("a header has no colon")?;
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        if headers.len() > HEADERS_MAX {
            bail!("more than {HEADERS_MAX} headers");
        }
    }
    let length = headers.get("content-length").map_or(Ok(0), |length| length.parse::<usize>())?;
    if length > BODY_OCTETS_MAX {
        bail!("a body of {length} octets");
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(Request { method: method.to_owned(), path, headers, body }))
}

async fn line(stream: &mut (impl AsyncBufRead + Unpin)) -> anyhow::Result<String> {
    let mut line = String::new();
    stream.take(LINE_OCTETS_MAX).read_line(&mut line).await?;
    Ok(line.trim_end().to_owned())
}

pub(super) async fn write(stream: &mut (impl AsyncWrite + Unpin), answer: &Answer) -> anyhow::Result<()> {
    let Answer { status, headers, body } = answer;
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let text = format!("HTTP/1.1 {status} -\r\n{headers}content-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(text.as_bytes()).await?;
    Ok(stream.flush().await?)
}

/// Go over to the protocol browsers ask for.
pub(super) async fn switch(stream: &mut (impl AsyncWrite + Unpin), key: &str) -> anyhow::Result<()> {
    let accept = derive_accept_key(key.as_bytes());
    let text = format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
         sec-websocket-accept: {accept}\r\nsec-websocket-protocol: push-notification\r\n\r\n"
    );
    stream.write_all(text.as_bytes()).await?;
    Ok(stream.flush().await?)
}
