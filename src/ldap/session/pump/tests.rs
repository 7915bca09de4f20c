//! Octets through the pump, over real sockets: a client and a directory of the test's own at its two ends.

use std::time::Duration;

use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use super::*;
use crate::session::pipe::ENOUGH;
use crate::session::state::{Standing, Terms};
use crate::settings::Anonymous;
use crate::upstream::line_over;
use crate::wire::{again, ending, put};

const LIMITS: Limits = Limits {
    connections: 10,
    connections_per_source: 10,
    open_binds: 10,
    request_before_bind: 4 << 10,
    request: 1 << 20,
    outstanding_before_bind: 100,
    outstanding: 1000,
    idle_timeout: Duration::from_secs(600),
    request_timeout: Duration::from_secs(30),
    write_timeout: Duration::from_secs(60),
    recheck: Duration::from_secs(30),
};

/// How long nothing happens before what is not needed is given back, and a little more.
const REST: Duration = Duration::from_secs(6);

const TERMS: Terms = Terms {
    anonymous: Anonymous::RootDse,
    allow_plaintext: false,
    offers_start_tls: true,
    knows_fast_bind: false,
    outstanding_max: 100,
    outstanding_max_bound: 1000,
};

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (ours, theirs) =
        tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), async { listener.accept().await.unwrap().0 });
    (ours.unwrap(), theirs)
}

/// A pump for somebody, and its two ends: the client's and the directory's.
async fn pump_of(standing: Standing) -> (Pump, TcpStream, TcpStream) {
    let ((client, outside), (line, directory)) = (pair().await, pair().await);
    let mut state = State::new(TERMS, true);
    state.become_somebody(standing);
    let mut pump = Pump::new(Stream::Plain(outside), state, LIMITS);
    pump.attach(line_over(line));
    (pump, client, directory)
}

fn message(id: i32, tag: u8, content: &[u8]) -> Vec<u8> {
    let mut operation = Vec::new();
    put(&mut operation, tag, content);
    again(id, &operation)
}

fn delete(id: i32) -> Vec<u8> {
    message(id, 0x4A, format!("uid=user{id:04},ou=people,dc=example,dc=org").as_bytes())
}

fn deleted(id: i32) -> Vec<u8> {
    message(id, ending::DELETE, b"\x0a\x01\x00\x04\x00\x04\x00")
}

/// A search for everything.
fn search(id: i32) -> Vec<u8> {
    let mut content = Vec::new();
    put(&mut content, 0x04, b"dc=org");
    content.extend(b"\x0a\x01\x02\x0a\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\x87\x0bobjectClass\x30\x00");
    message(id, 0x63, &content)
}

/// A request that we answer ourselves.
fn ours(id: i32) -> Vec<u8> {
    let mut content = Vec::new();
    put(&mut content, 0x80, crate::wire::oid::TURN);
    message(id, 0x77, &content)
}

async fn read(from: &mut TcpStream, octets: usize) -> Vec<u8> {
    let mut read = vec![0; octets];
    from.read_exact(&mut read).await.unwrap();
    read
}

/// Write in pieces of the given sizes, over and over.
async fn write_in_pieces(to: &mut TcpStream, octets: &[u8], sizes: &[usize]) {
    let mut rest = octets;
    for size in sizes.iter().cycle() {
        let (piece, after) = rest.split_at(rest.len().min(*size));
        to.write_all(piece).await.unwrap();
        tokio::task::yield_now().await;
        rest = after;
        if rest.is_empty() {
            return;
        }
    }
}

async fn passes_unchanged(requests: usize, sizes: Vec<usize>) {
    let (mut pump, mut client, mut directory) = pump_of(Standing::Person).await;
    let count = i32::try_from(requests).unwrap();
    let asked: Vec<u8> = (1..=count).flat_map(delete).collect();
    let answers: Vec<u8> = (1..=count).rev().flat_map(deleted).collect();
    let play = async {
        write_in_pieces(&mut client, &asked, &sizes).await;
        assert_eq!(read(&mut directory, asked.len()).await, asked);
        write_in_pieces(&mut directory, &answers, &sizes).await;
        assert_eq!(read(&mut client, answers.len()).await, answers);
    };
    tokio::select! {
        event = pump.run() => panic!("{event:?}"),
        () = play => {}
    }
    assert!(pump.state.is_idle());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_pieces_every_octet_arrives_as_it_was_sent(
        requests in 1_usize..200,
        sizes in proptest::collection::vec(1_usize..3000, 1..6),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(passes_unchanged(requests, sizes));
    }
}

#[tokio::test]
async fn our_own_answers_go_between_two_of_the_directorys_and_never_into_one() {
    let (mut pump, mut client, mut directory) = pump_of(Standing::Person).await;
    let entry = message(1, 0x64, &[&b"\x04\x00\x30\x84\x00\x00\xff\xf9\x30\x84\x00\x00\xff\xf3\x04\x01a\x31\x84\x00\x00\xff\xea\x04\x84\x00\x00\xff\xe4"[..], &vec![b'x'; 0xffe4]].concat());
    let done = message(1, ending::SEARCH, b"\x0a\x01\x00\x04\x00\x04\x00");
    let play = async {
        client.write_all(&search(1)).await.unwrap();
        read(&mut directory, search(1).len()).await;
        let (first, second) = entry.split_at(40_000);
        directory.write_all(first).await.unwrap();
        let before = read(&mut client, first.len()).await;
        client.write_all(&ours(2)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(30)).await;
        directory.write_all(second).await.unwrap();
        directory.write_all(&done).await.unwrap();
        let rest = read(&mut client, second.len()).await;
        assert_eq!([before, rest].concat(), entry);
        let head = read(&mut client, 2).await;
        let answer = read(&mut client, usize::from(head[1])).await;
        assert_eq!(&answer[..4], [2, 1, 2, ending::EXTENDED], "ours comes next");
        assert_eq!(read(&mut client, done.len()).await, done);
    };
    tokio::select! {
        event = pump.run() => panic!("{event:?}"),
        () = play => {}
    }
}

#[tokio::test] // LDP-26
async fn a_client_that_does_not_read_stops_the_directory_and_costs_no_memory() {
    let (mut pump, mut client, mut directory) = pump_of(Standing::Person).await;
    client.write_all(&search(1)).await.unwrap();
    let entry = message(1, 0x64, &[&b"\x04\x82\x20\x00"[..], &vec![b'd'; 0x2000], &b"\x30\x00"[..]].concat());
    let flood = async {
        read(&mut directory, search(1).len()).await;
        let mut sent = 0_usize;
        // Until the sockets between are full.
        while tokio::time::timeout(Duration::from_millis(300), directory.write_all(&entry)).await.is_ok() {
            sent += entry.len();
        }
        sent
    };
    let sent = tokio::select! {
        event = pump.run() => panic!("{event:?}"),
        sent = flood => sent,
    };
    assert!(sent > 100_000, "{sent}");
    let held = pump.line.as_ref().unwrap().buffer.capacity() + pump.requests.buffer.capacity();
    assert!(held <= 4 * ENOUGH, "{held} octets are held for one slow reader");
}

#[tokio::test]
async fn nobodys_line_may_end_and_somebodys_end_is_told() {
    let (mut pump, client, directory) = pump_of(Standing::Anonymous).await;
    drop(directory);
    let quiet = tokio::time::timeout(Duration::from_millis(200), pump.run()).await;
    assert!(quiet.is_err() && pump.line.is_none(), "{quiet:?}");
    drop(client);
    assert!(matches!(pump.run().await, Event::Ended(Ending::ClientGone)));

    let (mut pump, _client, directory) = pump_of(Standing::Person).await;
    drop(directory);
    assert!(matches!(pump.run().await, Event::Ended(Ending::LineLost(_))));
}

#[tokio::test] // LDP-05
async fn a_bind_waits_for_what_was_asked_before_and_keeps_what_comes_behind_it() {
    let (mut pump, mut client, mut directory) = pump_of(Standing::Person).await;
    let bind = message(2, 0x60, b"\x02\x01\x03\x04\x00\x80\x00");
    client.write_all(&[delete(1), bind.clone(), delete(3)].concat()).await.unwrap();
    let too_early = tokio::time::timeout(Duration::from_millis(100), pump.run()).await;
    assert!(too_early.is_err(), "{too_early:?}");
    assert_eq!(read(&mut directory, delete(1).len()).await, delete(1));
    directory.write_all(&deleted(1)).await.unwrap();
    assert!(matches!(pump.run().await, Event::Quiet(Quiet::Bind)));
    assert_eq!(read(&mut client, deleted(1).len()).await, deleted(1));
    assert_eq!(pump.take_request().unwrap().octets(), bind);
    assert_eq!(pump.unread(), delete(3));
    pump.state.begin_bind();
    pump.refuse_held();
    pump.resume();
    assert!(pump.unread().is_empty());
    let nothing = tokio::time::timeout(Duration::from_millis(100), async {
        tokio::select! {
            event = pump.run() => panic!("{event:?}"),
            octet = directory.read_u8() => panic!("{octet:?} reached the directory"),
        }
    });
    assert!(nothing.await.is_err());
}

#[tokio::test(start_paused = true)] // LDP-34
async fn what_does_not_move_ends() {
    let (mut pump, mut client, _directory) = pump_of(Standing::Person).await;
    client.write_all(b"\x30\x20\x02").await.unwrap();
    let began = Instant::now();
    assert!(matches!(pump.run().await, Event::Ended(Ending::TooSlow)));
    assert!(began.elapsed() <= LIMITS.request_timeout + REST, "{:?}", began.elapsed());

    let (mut pump, _client, _directory) = pump_of(Standing::Person).await;
    let began = Instant::now();
    assert!(matches!(pump.run().await, Event::Ended(Ending::Idle)));
    assert!(began.elapsed() >= LIMITS.idle_timeout && began.elapsed() <= LIMITS.idle_timeout + REST);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_the_directory_is_not_idle() {
    let (mut pump, mut client, mut directory) = pump_of(Standing::Person).await;
    client.write_all(&search(1)).await.unwrap();
    let long = tokio::time::timeout(LIMITS.idle_timeout * 3, pump.run()).await;
    assert!(long.is_err(), "{long:?}");
    read(&mut directory, search(1).len()).await;
}

#[tokio::test(start_paused = true)]
async fn who_rests_gives_back_buffers_and_nobody_keeps_a_line() {
    let (mut pump, mut client, mut directory) = pump_of(Standing::Person).await;
    let (big, answer) = (message(1, 0x4A, &vec![b'x'; 200_000]), deleted(1));
    let play = async {
        let asked = async { client.write_all(&big).await.unwrap() };
        let ((), come) = tokio::join!(asked, read(&mut directory, big.len()));
        assert_eq!(come.len(), big.len());
        directory.write_all(&answer).await.unwrap();
        read(&mut client, answer.len()).await;
        tokio::time::sleep(REST).await;
    };
    tokio::select! {
        event = pump.run() => panic!("{event:?}"),
        () = play => {}
    }
    let line = pump.line.as_ref().expect("somebody's line stays");
    let held = pump.requests.buffer.capacity() + line.buffer.capacity();
    // What a look at the sockets takes, and nothing of what went by.
    assert!(held <= 4096, "{held}");

    let (mut nobody, _client, mut directory) = pump_of(Standing::Anonymous).await;
    assert!(tokio::time::timeout(REST, nobody.run()).await.is_err());
    assert!(nobody.line.is_none());
    assert_eq!(directory.read(&mut [0; 8]).await.unwrap(), 0, "the line is closed");
}

#[tokio::test(start_paused = true)]
async fn who_said_goodbye_is_not_read_any_more_though_the_directory_takes_nothing() {
    let (mut pump, mut client, _directory) = pump_of(Standing::Person).await;
    // Requests until the line is full and some of them wait, then a goodbye, then anything.
    let flood = async {
        for id in 1.. {
            let request = message(id, 0x4A, &vec![b'x'; 60_000]);
            if tokio::time::timeout(Duration::from_millis(200), client.write_all(&request)).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        event = pump.run() => panic!("{event:?}"),
        () = flood => {}
    }
    pump.is_leaving = true;
    pump.watch.begin_anew();
    let held = pump.requests.buffer.len();
    let began = Instant::now();
    assert!(matches!(pump.run().await, Event::Ended(Ending::TooSlow)), "a goodbye that cannot be passed on ends too");
    assert!(began.elapsed() <= LIMITS.request_timeout + REST);
    assert_eq!(pump.requests.buffer.len(), held);
}

#[tokio::test]
async fn a_directory_that_dies_in_the_head_of_a_response_is_left_at_once() {
    for half in [&b"\x30"[..], b"\x30\x84\x00", b"\x30\x0c\x02\x01"] {
        let (mut pump, mut client, mut directory) = pump_of(Standing::Person).await;
        client.write_all(&delete(1)).await.unwrap();
        let dies = async {
            read(&mut directory, delete(1).len()).await;
            directory.write_all(half).await.unwrap();
            drop(directory);
        };
        let (event, ()) = tokio::join!(tokio::time::timeout(Duration::from_secs(2), pump.run()), dies);
        assert!(matches!(event, Ok(Event::Ended(Ending::LineLost(_)))), "{event:?}");
    }
}

#[tokio::test(start_paused = true)] // LDP-34
async fn a_client_that_takes_an_octet_now_and_then_is_as_slow_as_one_that_takes_none() {
    let (mut pump, mut client, mut directory) = pump_of(Standing::Person).await;
    client.write_all(&search(1)).await.unwrap();
    let entry = message(1, 0x64, &[&b"\x04\x82\x20\x00"[..], &vec![b'd'; 0x2000], &b"\x30\x00"[..]].concat());
    let flood = async {
        read(&mut directory, search(1).len()).await;
        while tokio::time::timeout(Duration::from_millis(200), directory.write_all(&entry)).await.is_ok() {}
        loop {
            read(&mut client, 1).await;
            tokio::time::sleep(Duration::from_secs(20)).await;
        }
    };
    let began = Instant::now();
    tokio::select! {
        event = pump.run() => assert!(matches!(event, Event::Ended(Ending::TooSlow)), "{event:?}"),
        () = flood => {}
    }
    assert!(began.elapsed() <= LIMITS.write_timeout * 2, "{:?}", began.elapsed());
}

#[tokio::test]
async fn nothing_goes_by_in_either_direction_before_a_doubt_is_cleared() {
    let (mut pump, mut client, mut directory) = pump_of(Standing::Person).await;
    client.write_all(&delete(1)).await.unwrap();
    directory.write_all(&message(0, ending::EXTENDED, b"\x0a\x01\x00\x04\x00\x04\x00")).await.unwrap();
    pump.trust_for(Some(Duration::ZERO));
    assert!(matches!(pump.run().await, Event::Doubt));
    assert!(matches!(pump.run().await, Event::Doubt), "and again, until somebody clears it");
    let (mut to_client, mut to_directory) = ([0], [0]);
    assert!(client.try_read(&mut to_client).is_err() && directory.try_read(&mut to_directory).is_err());
    pump.trust_for(Some(Duration::from_secs(3_600)));
    tokio::select! {
        event = pump.run() => panic!("{event:?}"),
        both = async { tokio::try_join!(client.readable(), directory.readable()) } => drop(both.unwrap()),
    }
}
