//! Version 1: one line of text, such as `PROXY TCP4 192.0.2.7 192.0.2.1 51004 443`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{HeaderError, ProxyHeader, ProxyParsed, relayed};

/// The longest line the specification allows, with its CR and LF.
pub(super) const LINE_OCTETS_MAX: usize = 107;

const BEGINNING: &[u8] = b"PROXY ";

/// Whether octets may be the first of such a line.
pub(super) fn may_begin(octets: &[u8]) -> bool {
    octets.starts_with(BEGINNING) || BEGINNING.starts_with(octets)
}

pub(super) fn parse(octets: &[u8]) -> Result<ProxyParsed, HeaderError> {
    let Some(end) = octets.iter().take(LINE_OCTETS_MAX).position(|&octet| octet == b'\n') else {
        return if octets.len() < LINE_OCTETS_MAX { Ok(ProxyParsed::NeedsLine) } else { Err(HeaderError::TooLong) };
    };
    let line = octets.get(..end).and_then(|line| line.strip_suffix(b"\r")).ok_or(HeaderError::Malformed)?;
    let line = str::from_utf8(line).map_err(|_| HeaderError::Malformed)?;
    Ok(ProxyParsed::Whole { header: header(line)?, octets: end.saturating_add(1) })
}

fn header(line: &str) -> Result<ProxyHeader, HeaderError> {
    let mut words = line.split(' ');
    let mut word = || words.next().ok_or(HeaderError::Malformed);
    if word()? != "PROXY" {
        return Err(HeaderError::Malformed);
    }
    let address: fn(&str) -> Option<IpAddr> = match word()? {
        "TCP4" => |text| text.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
        "TCP6" => |text| text.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        // What follows is to be ignored, says the specification.
        "UNKNOWN" => return Ok(ProxyHeader::Own),
        _ => return Err(HeaderError::NotTcp),
    };
    let (client, server) = (address(word()?), address(word()?));
    let (client_port, server_port) = (port(word()?), port(word()?));
    let (Some(client), Some(server), Some(client_port), Some(server_port), None) =
        (client, server, client_port, server_port, words.next())
    else {
        return Err(HeaderError::Malformed);
    };
    Ok(relayed((client, client_port), (server, server_port)))
}

/// Digits only, and no zero before them: two readers must not disagree about a header.
fn port(text: &str) -> Option<u16> {
    let plain = text == "0" || text.starts_with(|first: char| matches!(first, '1'..='9'));
    plain.then(|| text.parse().ok())?
}
