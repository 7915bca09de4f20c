//! What is no LDAP: ended with a Notice of Disconnection, and never passed on.

use std::time::Duration;

use vestibule_peers::process::resident;
use vestibule_peers::slapd;

use crate::harness::ldap_wire::Wire;
use crate::harness::ldap_wire::request::{
    BASE, Search, bind_as, constructed, control, delete, element, equals, message, pair, present, string, unbind,
    whoami,
};
use crate::ldap::keeper::{Inside, KEEPER, PLAIN, Plan, stage};

const SOON: Duration = Duration::from_secs(5);
const PROTOCOL_ERROR: u32 = 2;
const UNAVAILABLE: u32 = 52;

/// What is malformed before anybody looks at what it asks for.
fn malformed() -> Vec<(&'static str, Vec<u8>)> {
    let id = |content: &[u8]| element(0x30, &[element(0x02, content), unbind()].concat());
    let operation = |tag, content: &[u8]| message(2, &element(tag, content), &[]);
    let search = |filter: Vec<u8>| message(2, &Search::new("", BASE, filter).operation(), &[]);
    let whoami_with = |rest: &[u8]| element(0x30, &[&element(0x02, &[2]), &whoami(), rest].concat());
    vec![
        // LDP-01
        ("an indefinite length", b"\x30\x80\x02\x01\x02\x42\x00\x00\x00".to_vec()),
        ("a length in five octets", b"\x30\x85\x00\x00\x00\x00\x05\x02\x01\x02\x42\x00".to_vec()),
        ("a length in 127 octets", vec![0x30, 0xFF, 0, 0]),
        ("an indefinite length inside", b"\x30\x0c\x02\x01\x02\x77\x80\x80\x03\x31\x2e\x32\x00\x00".to_vec()),
        ("something that is no sequence", b"\x31\x05\x02\x01\x02\x42\x00".to_vec()),
        ("another protocol", b"GET / HTTP/1.1\r\nHost: ldap\r\n\r\n".to_vec()),
        ("a string in pieces", operation(0x6A, &string("uid=a"))),
        ("TRUE that is not FF", truth()),
        ("an element that ends beyond its message", b"\x30\x05\x02\x01\x02\x4a\x09".to_vec()),
        ("an empty message", b"\x30\x00".to_vec()),
        // LDP-02
        ("two gigabytes", b"\x30\x84\x7f\xff\xff\xff".to_vec()),
        ("four gigabytes", b"\x30\x84\xff\xff\xff\xff".to_vec()),
        ("a tower of elements", operation(0x66, &tower(0x30, 20_000))),
        ("a tower of nots", search(tower(0xA2, 10_000))),
        // LDP-03
        ("the id 0", id(&[0])),
        ("the id -1", id(&[0xFF])),
        ("the id 2^31", id(&[0, 0x80, 0, 0, 0])),
        ("an id without octets", id(&[])),
        ("an id in nine octets", id(&[0, 0, 0, 0, 0, 0, 0, 0, 1])),
        // LDP-04
        ("a tag that nobody knows", operation(0x7F, b"")),
        ("another tag that nobody knows", operation(0x7E, b"")),
        ("a response", operation(0x78, b"\x0a\x01\x00\x04\x00\x04\x00")),
        ("a response to a bind", operation(0x61, b"\x0a\x01\x00\x04\x00\x04\x00")),
        ("no operation", element(0x30, &element(0x02, &[2]))),
        // B5: two messages in one, something behind a message
        ("two operations in one message", whoami_with(&delete("uid=a"))),
        ("a control without a name", whoami_with(&element(0xA0, &element(0x30, b"")))),
        ("octets behind the controls", whoami_with(&[element(0xA0, b""), string("x")].concat())),
        ("controls twice", whoami_with(&[element(0xA0, &control("1.2", false, None)), element(0xA0, b"")].concat())),
        ("an unbind with a content", operation(0x42, b"x")),
        ("an abandon of nothing", operation(0x50, b"")),
        ("an extended request without a name", operation(0x77, &element(0x81, b"x"))),
        ("a bind without credentials", operation(0x60, &[element(0x02, &[3]), string("uid=a")].concat())),
        ("a bind with two passwords", message(2, &bind_as(3, "uid=a", &element(0x80, b"a").repeat(2)), &[])),
        ("a filter that is none", search(pair(0xAB, "uid", "a"))),
        ("a comparison without a value", operation(0x6E, &[string("a"), constructed(0x30, &[string("uid")])].concat())),
    ]
}

/// A search for names only, with a TRUE that only BER allows.
fn truth() -> Vec<u8> {
    let search = Search { names_only: true, ..Search::new("", BASE, present("objectClass")) };
    let mut octets = message(2, &search.operation(), &[]);
    let at = octets.windows(3).position(|three| three == [0x01, 0x01, 0xFF]).unwrap();
    octets[at + 2] = 0x01;
    octets
}

fn tower(tag: u8, height: usize) -> Vec<u8> {
    // From the inside out, so that it takes no time to build.
    let mut reversed = Vec::new();
    for _ in 0..height {
        let length = u32::try_from(reversed.len()).unwrap();
        reversed.extend(length.to_le_bytes());
        reversed.extend([0x84, tag]);
    }
    reversed.reverse();
    reversed
}

#[tokio::test] // LDP-01, LDP-02, LDP-03, LDP-04, B5
async fn what_is_no_ldap_ends_the_connection_with_a_notice_whoever_sends_it() {
    let Some(stage) = stage(&Plan::default()).await else { return };
    for (what, octets) in malformed() {
        let mut stranger = stage.wire().await;
        stranger.send(&octets).await;
        assert_eq!(stranger.ended_within(SOON).await, Some(PROTOCOL_ERROR), "{what}, from a stranger");
        let mut somebody = stage.wire_as(PLAIN).await;
        somebody.send(&octets).await;
        assert_eq!(somebody.ended_within(SOON).await, Some(PROTOCOL_ERROR), "{what}, from somebody");
    }
    stage.assert_alive().await;
    stage.end().await;
}

#[tokio::test] // LDP-01, B5
async fn what_another_reader_could_read_otherwise_does_not_reach_the_directory() {
    let Some(stage) = stage(&Plan { exempt: &[KEEPER], ..Plan::default() }).await else { return };
    let mut inside = Inside::of(stage.directory()).await;
    let dn = inside.put("kept").await;
    let whole = |rest: &[u8]| element(0x30, &[&element(0x02, &[2]), &delete(&dn), rest].concat());
    let mut longer = message(2, &delete(&dn), &[]);
    longer[1] += 1;
    longer.push(0);
    for (what, octets) in [
        ("an octet behind it", longer),
        ("an element behind it", whole(&string("x"))),
        ("another request behind it", whole(&delete(&dn))),
        ("controls in pieces", whole(b"\xa0\x80\x00\x00")),
    ] {
        let mut wire = stage.wire_as(KEEPER).await;
        wire.send(&octets).await;
        assert_eq!(wire.ended_within(SOON).await, Some(PROTOCOL_ERROR), "{what}");
        assert!(inside.is_as_it_was(&dn).await, "{what}");
    }
    // A long form of a length is LDAP all the same: Active Directory's clients write no other.
    let mut wire = stage.wire_as(KEEPER).await;
    let content = [element(0x02, &[2]), whoami()].concat();
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    wire.send(&[&[0x30, 0x84][..], &length, &content].concat()).await;
    assert_eq!(wire.code(2).await, 0);
    stage.assert_alive().await;
    stage.end().await;
}

#[tokio::test] // LDP-03
async fn id_that_is_in_use_ends_the_connection() {
    let Some(stage) = stage(&Plan::default()).await else { return };
    let mut wire = stage.wire_as(PLAIN).await;
    let twice = message(2, &whoami(), &[]).repeat(2);
    wire.send(&twice).await;
    assert_eq!(wire.ended_within(SOON).await, Some(PROTOCOL_ERROR));
    stage.assert_alive().await;
    stage.end().await;
}

#[tokio::test] // LDP-02
async fn length_that_is_claimed_holds_no_memory_and_not_for_long() {
    const CLIENTS: usize = 200;
    let Some(stage) = stage(&Plan { limits: "request_timeout: 1s", ..Plan::default() }).await else { return };
    stage.assert_alive().await;
    let before = resident(stage.daemon.pid()).unwrap();
    let mut wires = Vec::new();
    for number in 0..CLIENTS {
        let mut wire = stage.wire().await;
        // 262143 octets, as much as a stranger may send; then a few of them, and silence.
        wire.send(b"\x30\x84\x00\x03\xff\xff\x02\x01\x02\x66").await;
        // And what does not even say how long it is.
        wire.send(if number % 2 == 0 { b"\x84\x00\x03" } else { b"" }).await;
        wires.push(wire);
    }
    let grown = resident(stage.daemon.pid()).unwrap().saturating_sub(before);
    // Most of it is TLS.
    assert!(grown < 64 * 1024 * u64::try_from(CLIENTS).unwrap(), "{grown} octets for {CLIENTS} clients");
    for mut wire in wires {
        assert_eq!(wire.ended_within(SOON).await, Some(UNAVAILABLE));
    }
    stage.assert_alive().await;
    stage.end().await;
}

#[tokio::test] // LDP-34
async fn client_that_writes_an_octet_a_second_is_disconnected() {
    let Some(stage) = stage(&Plan { limits: "request_timeout: 1s", ..Plan::default() }).await else { return };
    let asked = message(2, &whoami(), &[]);
    let slowly = async |mut wire: Wire| {
        let pieces: Vec<&[u8]> = asked.chunks(1).take(4).collect();
        wire.send_in_pieces(&pieces, Duration::from_secs(1)).await;
        assert_eq!(wire.ended_within(SOON).await, Some(UNAVAILABLE));
    };
    tokio::join!(slowly(stage.wire().await), slowly(stage.wire_as(PLAIN).await));
    // One that is quick enough is served, in however many pieces.
    let mut wire = stage.wire().await;
    let pieces: Vec<&[u8]> = asked.chunks(1).collect();
    wire.send_in_pieces(&pieces, Duration::from_millis(2)).await;
    assert_eq!(wire.code(2).await, 0);
    stage.assert_alive().await;
    stage.end().await;
}

#[tokio::test] // LDP-02
async fn large_request_is_for_those_who_signed_in() {
    let Some(stage) = stage(&Plan::default()).await else { return };
    let me = slapd::user_dn(PLAIN);
    let of = |size: usize| {
        let filter = equals("description", &"x".repeat(size));
        message(2, &Search::new(&me, BASE, filter).operation(), &[])
    };
    let mut stranger = stage.wire().await;
    stranger.send(&of(300 << 10)).await;
    assert_eq!(stranger.ended_within(SOON).await, Some(PROTOCOL_ERROR));
    let mut somebody = stage.wire_as(PLAIN).await;
    for size in [300 << 10, 3 << 20] {
        somebody.send(&of(size)).await;
        assert_eq!(somebody.code(2).await, 0, "{size}");
    }
    somebody.send(&of(5 << 20)).await;
    assert_eq!(somebody.ended_within(SOON).await, Some(PROTOCOL_ERROR));
    stage.assert_alive().await;
    stage.end().await;
}
