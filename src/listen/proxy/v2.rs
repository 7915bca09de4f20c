//! Version 2: sixteen octets, then addresses, then whatever else the balancer wants to say.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{HEADER_OCTETS_MAX, HeaderError, ProxyHeader, ProxyParsed, relayed};

pub(super) const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// Signature, version and command, family and transport, length of the rest.
const FIXED_OCTETS: usize = 16;

/// Type and length before each further piece.
const PIECE_HEAD_OCTETS: usize = 3;

pub(super) fn parse(octets: &[u8]) -> Result<ProxyParsed, HeaderError> {
    let Some(&[version_and_command, family, len_high, len_low]) = octets.get(SIGNATURE.len()..FIXED_OCTETS) else {
        return Ok(ProxyParsed::Needs(FIXED_OCTETS.saturating_sub(octets.len())));
    };
    let total = FIXED_OCTETS.saturating_add(usize::from(u16::from_be_bytes([len_high, len_low])));
    if total > HEADER_OCTETS_MAX {
        return Err(HeaderError::TooLong);
    }
    let Some(rest) = octets.get(FIXED_OCTETS..total) else {
        return Ok(ProxyParsed::Needs(total.saturating_sub(octets.len())));
    };
    let header = match version_and_command {
        0x20 => ProxyHeader::Own,
        0x21 => addresses(family, rest)?,
        _ => return Err(HeaderError::Malformed),
    };
    Ok(ProxyParsed::Whole { header, octets: total })
}

fn addresses(family: u8, rest: &[u8]) -> Result<ProxyHeader, HeaderError> {
    match family {
        0x00 => Ok(ProxyHeader::Own),
        0x11 => family_of::<4>(rest, |octets| Ipv4Addr::from(octets).into()),
        0x21 => family_of::<16>(rest, |octets| Ipv6Addr::from(octets).into()),
        _ => Err(HeaderError::NotTcp),
    }
}

fn family_of<const N: usize>(rest: &[u8], address: fn([u8; N]) -> IpAddr) -> Result<ProxyHeader, HeaderError> {
    let (&client, rest) = rest.split_first_chunk::<N>().ok_or(HeaderError::Malformed)?;
    let (&server, rest) = rest.split_first_chunk::<N>().ok_or(HeaderError::Malformed)?;
    let (&client_port, rest) = rest.split_first_chunk().ok_or(HeaderError::Malformed)?;
    let (&server_port, rest) = rest.split_first_chunk().ok_or(HeaderError::Malformed)?;
    pieces_are_whole(rest)?;
    let client = (address(client), u16::from_be_bytes(client_port));
    Ok(relayed(client, (address(server), u16::from_be_bytes(server_port))))
}

/// Nothing of them is used. Ones that do not add up are the mark of a sender that means something else than we read.
fn pieces_are_whole(mut rest: &[u8]) -> Result<(), HeaderError> {
    while !rest.is_empty() {
        let (&[_kind, high, low], after) =
            rest.split_first_chunk::<PIECE_HEAD_OCTETS>().ok_or(HeaderError::Malformed)?;
        let len = usize::from(u16::from_be_bytes([high, low]));
        rest = after.get(len..).ok_or(HeaderError::Malformed)?;
    }
    Ok(())
}
