//! Take a header off a connection, and not an octet more: what follows is the client's first word.

use std::io;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::{HeaderError, ProxyHeader, ProxyParsed, parse_proxy_header, v1};

#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error(transparent)]
    Header(#[from] HeaderError),
    #[error("read the PROXY protocol header")]
    Lost(#[from] io::Error),
    #[error("the PROXY protocol header took longer than {} seconds", .0.as_secs())]
    TooSlow(Duration),
}

pub(crate) async fn read(stream: &mut TcpStream, patience: Duration) -> Result<ProxyHeader, ReadError> {
    tokio::time::timeout(patience, header(stream)).await.unwrap_or(Err(ReadError::TooSlow(patience)))
}

async fn header(stream: &mut TcpStream) -> Result<ProxyHeader, ReadError> {
    let mut octets = Vec::new();
    loop {
        match parse_proxy_header(&octets)? {
            ProxyParsed::Whole { header, .. } => return Ok(header),
            ProxyParsed::Needs(more) => take(stream, &mut octets, more).await?,
            ProxyParsed::NeedsLine => {
                let more = waiting_of_line(stream).await?;
                take(stream, &mut octets, more).await?;
            }
        }
    }
}

async fn take(stream: &mut TcpStream, octets: &mut Vec<u8>, more: usize) -> io::Result<()> {
    let before = octets.len();
    octets.resize(before.saturating_add(more), 0);
    stream.read_exact(octets.get_mut(before..).unwrap_or_default()).await?;
    Ok(())
}

/// How many octets that have arrived are of the line: all of them, or those up to its end.
async fn waiting_of_line(stream: &TcpStream) -> io::Result<usize> {
    let mut waiting = [0; v1::LINE_OCTETS_MAX];
    let count = stream.peek(&mut waiting).await?;
    if count == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let end = waiting.iter().take(count).position(|&octet| octet == b'\n');
    Ok(end.map_or(count, |end| end.saturating_add(1)))
}
