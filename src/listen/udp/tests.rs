use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::*;

fn local(ip: impl Into<IpAddr>) -> SocketAddr {
    SocketAddr::new(ip.into(), 0)
}

async fn next(listener: &UdpListener, batch: &mut Batch) -> (Vec<u8>, SocketAddr, Option<IpAddr>) {
    listener.receive(batch).await;
    let datagram = batch.datagrams().next().unwrap();
    (datagram.octets.to_vec(), datagram.source, datagram.local)
}

// RAD-39
#[tokio::test]
async fn an_answer_leaves_from_the_address_the_question_came_to() {
    let listener = UdpListener::bind(local(Ipv4Addr::UNSPECIFIED), 1 << 20).unwrap();
    let mut batch = Batch::new();
    for last in [1, 2, 3] {
        let asked = SocketAddr::new(Ipv4Addr::new(127, 0, 0, last).into(), listener.address().port());
        let client = UdpSocket::bind(local(Ipv4Addr::LOCALHOST)).await.unwrap();
        client.send_to(b"question", asked).await.unwrap();
        let (octets, source, to) = next(&listener, &mut batch).await;
        assert_eq!((octets.as_slice(), source, to), (&b"question"[..], client.local_addr().unwrap(), Some(asked.ip())));

        assert!(listener.sender().send(b"answer", source, to).await);
        let mut answer = [0; 16];
        let (len, from) = client.recv_from(&mut answer).await.unwrap();
        assert_eq!((&answer[..len], from), (&b"answer"[..], asked));
    }
}

#[tokio::test]
async fn both_families_are_listened_on_side_by_side() {
    let v4 = UdpListener::bind(local(Ipv4Addr::UNSPECIFIED), 1 << 20).unwrap();
    let Ok(v6) = UdpListener::bind((Ipv6Addr::UNSPECIFIED, v4.address().port()).into(), 1 << 20) else {
        eprintln!("not run: this machine has no IPv6");
        return;
    };
    let client = UdpSocket::bind(local(Ipv6Addr::LOCALHOST)).await.unwrap();
    client.send_to(b"hello", (Ipv6Addr::LOCALHOST, v6.address().port())).await.unwrap();
    let mut batch = Batch::new();
    let (octets, source, to) = next(&v6, &mut batch).await;
    assert_eq!((octets.as_slice(), to), (&b"hello"[..], Some(Ipv6Addr::LOCALHOST.into())));
    assert!(v6.sender().send_now(&octets, source, to));
}

#[tokio::test]
async fn every_datagram_of_a_burst_arrives_whole_and_alone() {
    let listener = UdpListener::bind(local(Ipv4Addr::LOCALHOST), 4 << 20).unwrap();
    let client = UdpSocket::bind(local(Ipv4Addr::LOCALHOST)).await.unwrap();
    let burst: BTreeSet<Vec<u8>> = (0u8..200).map(|n| vec![n; 40 + usize::from(n % 3)]).collect();
    for datagram in &burst {
        client.send_to(datagram, listener.address()).await.unwrap();
    }
    let mut arrived = BTreeSet::new();
    let mut batch = Batch::new();
    while arrived.len() < burst.len() {
        listener.receive(&mut batch).await;
        arrived.extend(batch.datagrams().map(|datagram| datagram.octets.to_vec()));
    }
    assert_eq!(arrived, burst);
}

#[tokio::test]
async fn an_answer_larger_than_an_ethernet_frame_is_sent() {
    let listener = UdpListener::bind(local(Ipv4Addr::LOCALHOST), 1 << 20).unwrap();
    let discovery = sockopt::ip_mtu_discover(&listener.shared.socket).unwrap();
    assert_eq!(discovery, Ipv4PathMtuDiscovery::DONT);
    let client = UdpSocket::bind(local(Ipv4Addr::LOCALHOST)).await.unwrap();
    assert!(listener.sender().send(&[7; 4096], client.local_addr().unwrap(), None).await);
    let mut answer = vec![0; 8192];
    assert_eq!(client.recv(&mut answer).await.unwrap(), 4096);
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_names_the_address() {
    let first = UdpListener::bind(local(Ipv4Addr::LOCALHOST), 1 << 20).unwrap();
    let refused = UdpListener::bind(first.address(), 1 << 20).unwrap_err();
    assert_eq!(refused.to_string(), format!("listen on UDP {}", first.address()));
}

#[tokio::test]
async fn a_datagram_that_cannot_be_sent_is_lost_and_the_next_one_is_not() {
    let listener = UdpListener::bind(local(Ipv4Addr::LOCALHOST), 1 << 20).unwrap();
    let client = UdpSocket::bind(local(Ipv4Addr::LOCALHOST)).await.unwrap();
    let to = client.local_addr().unwrap();
    assert!(!listener.sender().send(b"wrong family", local(Ipv6Addr::LOCALHOST), None).await);
    assert!(listener.sender().send(b"right", to, None).await);
}
