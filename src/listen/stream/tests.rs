//! Real sockets on this machine. Where a patience must end, the clock is paused and jumps to its end.

mod balancer;
mod drain;
mod files;
mod limits;
mod secure;

use std::net::Ipv6Addr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use super::*;
use crate::Balancers;

/// Tells the client who it is taken for, then says back what it hears, until either side has enough.
async fn parrot(connection: Connection) {
    let Connection { mut stream, peer, stopping, guard: _counted, .. } = connection;
    let talk = async {
        stream.write_all(format!("{peer}\n").as_bytes()).await?;
        stream.flush().await?;
        let mut heard = [0; 256];
        loop {
            let len = stream.read(&mut heard).await?;
            if len == 0 {
                return std::io::Result::Ok(());
            }
            stream.write_all(&heard[..len]).await?;
            stream.flush().await?;
        }
    };
    tokio::select! {
        _ended = talk => {}
        () = stopping.cancelled() => {}
    }
}

fn at(addresses: &[&str], rules: StreamRules) -> StreamSettings {
    let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
    StreamSettings { name: "test door", addresses, rules }
}

fn opened(rules: StreamRules) -> StreamHandle {
    StreamDoor::start(at(&["127.0.0.1:0"], rules), &Tasks::new(), parrot).unwrap()
}

fn limits(connections: usize, connections_per_source: usize) -> StreamRules {
    let limits = StreamLimits { connections, connections_per_source, ..StreamLimits::default() };
    StreamRules { limits, ..StreamRules::default() }
}

async fn dial(handle: &StreamHandle) -> TcpStream {
    TcpStream::connect(handle.addresses()[0]).await.unwrap()
}

/// As a client of its own at `127.0.0.last`.
async fn dial_from(last: u8, handle: &StreamHandle) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, last], 0).into()).unwrap();
    socket.connect(handle.addresses()[0]).await.unwrap()
}

/// The parrot's first line, or nothing when the connection was closed.
async fn greeting(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut line = String::new();
    while let Ok(octet) = stream.read_u8().await {
        if octet == b'\n' {
            break;
        }
        line.push(octet.into());
    }
    line
}

async fn is_answered(stream: &mut (impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin)) -> bool {
    let mut heard = [0; 5];
    stream.write_all(b"hello").await.is_ok() && stream.read_exact(&mut heard).await.is_ok() && &heard == b"hello"
}

/// Let the runtime go on until `seen`; a test that waits for what never comes is ended by the runner.
async fn until(seen: impl Fn() -> bool) {
    while !seen() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_door_listens_on_several_addresses_and_knows_both_ends() {
    let tasks = Tasks::new();
    let mut addresses = vec!["127.0.0.1:0", "127.0.0.2:0"];
    match TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await {
        Ok(_) => addresses.push("[::1]:0"),
        Err(_) => eprintln!("not run for [::1]: this machine has no IPv6"),
    }
    let (sender, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let handle = StreamDoor::start(at(&addresses, StreamRules::default()), &tasks, move |connection| {
        sender.send((connection.peer, connection.local, connection.balancer)).unwrap();
        async {}
    })
    .unwrap();
    assert_eq!(handle.addresses().len(), addresses.len());
    for &address in handle.addresses() {
        let client = TcpStream::connect(address).await.unwrap();
        assert_eq!(seen.recv().await, Some((client.local_addr().unwrap(), address, None)));
    }
}

#[tokio::test]
async fn a_taken_port_is_an_error_with_a_remedy_and_no_other_address_stays_bound() {
    let taken = opened(StreamRules::default());
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let both = StreamSettings { addresses: vec![free, taken.addresses()[0]], ..at(&[], StreamRules::default()) };
    let error = StreamDoor::start(both, &Tasks::new(), parrot).unwrap_err();
    assert_eq!(error.to_string(), format!("listen on TCP {}", taken.addresses()[0]));
    assert!(error.remedy().contains("Another program listens there"), "{}", error.remedy());
    TcpStream::connect(free).await.unwrap_err();

    let error = StreamDoor::start(at(&["192.0.2.1:0"], StreamRules::default()), &Tasks::new(), parrot).unwrap_err();
    assert!(error.remedy().contains("does not have that address"), "{}", error.remedy());
}

#[tokio::test]
async fn a_port_is_taken_again_right_after_a_stop() {
    let handle = opened(StreamRules::default());
    let mut client = dial(&handle).await;
    greeting(&mut client).await;
    let addresses = handle.addresses().to_vec();
    assert_eq!(handle.stop(Duration::from_secs(60)).await, Stopped { abandoned: 0, panics: 0 });
    let again = StreamSettings { addresses, ..at(&[], StreamRules::default()) };
    StreamDoor::start(again, &Tasks::new(), parrot).unwrap();
}

#[tokio::test]
async fn a_connection_that_panics_takes_nothing_with_it() {
    let tasks = Tasks::new();
    let handle = StreamDoor::start(at(&["127.0.0.1:0"], limits(1, 1)), &tasks, |connection: Connection| async move {
        assert!(connection.peer.ip() != std::net::Ipv4Addr::new(127, 0, 0, 9), "on purpose, by a test");
        parrot(connection).await;
    })
    .unwrap();
    assert_eq!(greeting(&mut dial_from(9, &handle).await).await, "");
    until(|| handle.counts().open == 0).await;
    assert!(is_answered_after_greeting(dial(&handle).await).await);
    assert_eq!(tasks.panics(), 1);
}

async fn is_answered_after_greeting(mut stream: TcpStream) -> bool {
    greeting(&mut stream).await == stream.local_addr().unwrap().to_string() && is_answered(&mut stream).await
}
