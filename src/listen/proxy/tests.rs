use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// As a balancer would write it; version 2 with further pieces.
fn write_v1(client: SocketAddr, server: SocketAddr) -> Vec<u8> {
    let family = if client.is_ipv4() { "TCP4" } else { "TCP6" };
    format!("PROXY {family} {} {} {} {}\r\n", client.ip(), server.ip(), client.port(), server.port()).into_bytes()
}

fn write_v2(client: SocketAddr, server: SocketAddr, pieces: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let ends = [client, server];
    let mut rest: Vec<u8> = ends.iter().flat_map(|end| octets_of(end.ip())).collect();
    rest.extend(ends.iter().flat_map(|end| end.port().to_be_bytes()));
    for (kind, value) in pieces {
        rest.push(*kind);
        rest.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
        rest.extend(value);
    }
    v2(0x21, if client.is_ipv4() { 0x11 } else { 0x21 }, &rest)
}

fn v2(version_and_command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let len = u16::try_from(rest.len()).unwrap().to_be_bytes();
    [&v2::SIGNATURE[..], &[version_and_command, family], &len, rest].concat()
}

fn octets_of(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

fn header_of(octets: &[u8]) -> Result<ProxyHeader, HeaderError> {
    match parse_proxy_header(octets)? {
        ProxyParsed::Whole { header, octets: len } if len == octets.len() => Ok(header),
        other => panic!("not exactly one header: {other:?}"),
    }
}

fn ends() -> impl Strategy<Value = (SocketAddr, SocketAddr)> {
    let v4 = || (any::<Ipv4Addr>(), any::<u16>()).prop_map(SocketAddr::from);
    // Those that are IPv4 in disguise have a test of their own.
    let v6 = || (any::<Ipv6Addr>(), any::<u16>()).prop_map(|(ip, port)| SocketAddr::from((ip, port)));
    prop_oneof![(v4(), v4()), (v6(), v6())]
}

fn written() -> impl Strategy<Value = (Vec<u8>, ProxyHeader)> {
    let pieces = vec((any::<u8>(), vec(any::<u8>(), 0..80)), 0..5);
    (ends(), proptest::option::of(pieces)).prop_map(|((client, server), pieces)| {
        let octets = match pieces {
            None => write_v1(client, server),
            Some(pieces) => write_v2(client, server, &pieces),
        };
        (octets, relayed((client.ip(), client.port()), (server.ip(), server.port())))
    })
}

proptest! {
    // SUP-06
    #[test]
    fn what_a_balancer_writes_is_read_and_the_clients_first_octets_are_left((header, meant) in written(), after in vec(any::<u8>(), 0..40)) {
        let octets = [&header[..], &after].concat();
        prop_assert_eq!(parse_proxy_header(&octets), Ok(ProxyParsed::Whole { header: meant, octets: header.len() }));
    }

    #[test]
    fn no_part_of_a_header_asks_for_more_octets_than_the_header_has((header, _) in written()) {
        for len in 0..header.len() {
            match parse_proxy_header(&header[..len]) {
                Ok(ProxyParsed::Needs(more)) => prop_assert!(more > 0 && len + more <= header.len()),
                Ok(ProxyParsed::NeedsLine) => prop_assert!(header.starts_with(b"PROXY ")),
                other => prop_assert!(false, "{} octets read as {:?}", len, other),
            }
        }
    }

    #[test]
    fn any_octets_are_read_without_harm_and_within_the_limit(octets in vec(any::<u8>(), 0..600)) {
        prop_assert!(is_sane(&octets));
    }

    #[test]
    fn a_damaged_header_is_read_without_harm((mut octets, _) in written(), damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        for (place, octet) in damage {
            let place = place.index(octets.len());
            octets[place] = octet;
        }
        prop_assert!(is_sane(&octets));
    }

    #[test]
    fn words_in_any_order_after_the_beginning_are_read_without_harm(words in vec("(TCP4|TCP6|UNKNOWN|UDP4|0|443|65536|0443|-1|192\\.0\\.2\\.1|::1|\t|)", 0..8)) {
        let line = format!("PROXY {}\r\n", words.join(" "));
        prop_assert!(is_sane(line.as_bytes()));
    }
}

/// Whatever is said about octets, it stays within them and within the limit.
fn is_sane(octets: &[u8]) -> bool {
    match parse_proxy_header(octets) {
        Ok(ProxyParsed::Whole { octets: len, .. }) => len <= octets.len() && len <= HEADER_OCTETS_MAX,
        Ok(ProxyParsed::Needs(more)) => more > 0 && octets.len() + more <= HEADER_OCTETS_MAX,
        Ok(ProxyParsed::NeedsLine) => octets.len() < v1::LINE_OCTETS_MAX && !octets.contains(&b'\n'),
        Err(_) => true,
    }
}

#[test]
fn a_balancer_that_asks_for_itself_or_does_not_know_whose_it_is_is_read_as_such() {
    for own in [
        v2(0x20, 0x00, &[]),
        v2(0x20, 0x11, &[1; 12]),
        v2(0x21, 0x00, b"anything"),
        b"PROXY UNKNOWN\r\n".to_vec(),
        b"PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n".to_vec(),
    ] {
        assert_eq!(header_of(&own), Ok(ProxyHeader::Own), "{}", own.escape_ascii());
    }
}

#[test]
fn what_is_not_a_header_of_a_tcp_connection_is_refused() {
    for (octets, error) in [
        (&b"GET / HTTP/1.1\r\nHost: a\r\n"[..], HeaderError::Missing),
        (b"\x16\x03\x01", HeaderError::Missing),
        (b"PROXYX", HeaderError::Missing),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n", HeaderError::Malformed),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n", HeaderError::Malformed),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n", HeaderError::Malformed),
        (b"PROXY TCP4 192.0.2.1  192.0.2.2 1 2\r\n", HeaderError::Malformed),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n", HeaderError::Malformed),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n", HeaderError::Malformed),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n", HeaderError::Malformed),
        (b"PROXY TCP4 ::1 ::1 1 2\r\n", HeaderError::Malformed),
        (b"PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n", HeaderError::Malformed),
        (b"PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n", HeaderError::NotTcp),
        (&v2(0x11, 0x11, &[1; 12]), HeaderError::Malformed),
        (&v2(0x22, 0x11, &[1; 12]), HeaderError::Malformed),
        (&v2(0x21, 0x11, &[1; 11]), HeaderError::Malformed),
        (&v2(0x21, 0x21, &[1; 12]), HeaderError::Malformed),
        (&v2(0x21, 0x12, &[1; 12]), HeaderError::NotTcp),
        (&v2(0x21, 0x31, &[1; 216]), HeaderError::NotTcp),
        // A further piece that claims more octets than there are.
        (&v2(0x21, 0x11, &[1; 15]), HeaderError::Malformed),
    ] {
        assert_eq!(parse_proxy_header(octets), Err(error), "{}", octets.escape_ascii());
    }
}

#[test]
fn a_header_without_end_is_refused_before_it_is_read() {
    let endless = [b"PROXY UNKNOWN ".as_slice(), &[b' '; v1::LINE_OCTETS_MAX]].concat();
    assert_eq!(parse_proxy_header(&endless), Err(HeaderError::TooLong));
    let announced = v2(0x21, 0x11, &[0; HEADER_OCTETS_MAX]);
    assert_eq!(parse_proxy_header(&announced[..16]), Err(HeaderError::TooLong));
    let longest = v2(0x20, 0x00, &[0; HEADER_OCTETS_MAX - 16]);
    assert_eq!(header_of(&longest), Ok(ProxyHeader::Own));
}

#[test]
fn an_ipv4_client_written_as_ipv6_is_the_ipv4_client() {
    let ends = ["[::ffff:192.0.2.7]:5", "[::ffff:192.0.2.1]:443"].map(|end| end.parse().unwrap());
    let meant = ["192.0.2.7:5", "192.0.2.1:443"].map(|end| end.parse().unwrap());
    let meant = ProxyHeader::Relayed { client: meant[0], server: meant[1] };
    assert_eq!(header_of(&write_v1(ends[0], ends[1])), Ok(meant));
    assert_eq!(header_of(&write_v2(ends[0], ends[1], &[])), Ok(meant));
}

#[test]
fn a_listed_network_is_meant_in_either_notation_and_nobody_is_listed_unless_said() {
    let listed = Balancers::new(vec!["192.0.2.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()]);
    let contain = |address: &str| listed.contain(address.parse().unwrap());
    assert!(contain("192.0.2.9") && contain("::ffff:192.0.2.9") && contain("2001:db8::9"));
    assert!(!contain("192.0.3.9") && !contain("::ffff:192.0.3.9") && !contain("2001:db9::9"));
    assert!(!Balancers::default().contain(IpAddr::from([127, 0, 0, 1])));
}
