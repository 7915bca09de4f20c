use super::*;

const V1: &[u8] = b"PROXY TCP4 192.0.2.7 192.0.2.1 51004 443\r\n";
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x10\xc0\0\x02\x07\xc0\0\x02\x01\xc7\x3c\x01\xbb\x04\0\x01\0";
const OWN: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

fn behind(balancer: &str, limits: StreamLimits) -> StreamRules {
    StreamRules { balancers: Balancers::new(vec![balancer.parse().unwrap()]), limits, tls: None }
}

fn trusting(balancer: &str) -> StreamHandle {
    opened(behind(balancer, StreamLimits::default()))
}

#[tokio::test]
async fn the_client_is_who_the_balancer_says_and_its_first_octets_are_not_lost() {
    let handle = trusting("127.0.0.3/32");
    for header in [V1, V2] {
        let mut stream = dial_from(3, &handle).await;
        stream.write_all(&[header, b"hello"].concat()).await.unwrap();
        assert_eq!(greeting(&mut stream).await, "192.0.2.7:51004");
        let mut heard = [0; 5];
        stream.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"hello");
    }
}

#[tokio::test]
async fn a_header_that_comes_octet_by_octet_is_read_the_same() {
    let handle = trusting("127.0.0.3/32");
    for header in [V1, V2] {
        let mut stream = dial_from(3, &handle).await;
        stream.set_nodelay(true).unwrap();
        for octet in header.iter().chain(b"hello") {
            stream.write_all(&[*octet]).await.unwrap();
            // Let the other side take it before the next.
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
        }
        assert_eq!(greeting(&mut stream).await, "192.0.2.7:51004");
        let mut heard = [0; 5];
        stream.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"hello");
    }
}

#[tokio::test]
async fn a_health_check_of_the_balancer_is_its_own_connection() {
    let handle = trusting("127.0.0.3/32");
    let mut stream = dial_from(3, &handle).await;
    stream.write_all(OWN).await.unwrap();
    assert_eq!(greeting(&mut stream).await, stream.local_addr().unwrap().to_string());
}

#[tokio::test]
async fn a_stranger_cannot_say_that_it_is_somebody_else() {
    let handle = trusting("127.0.0.3/32");
    for header in [V1, V2] {
        let mut stream = dial_from(4, &handle).await;
        stream.write_all(header).await.unwrap();
        assert_eq!(greeting(&mut stream).await, stream.local_addr().unwrap().to_string());
        // What it wrote is nothing but its first octets, for the door to refuse.
        let mut heard = vec![0; header.len()];
        stream.read_exact(&mut heard).await.unwrap();
        assert_eq!(heard, header);
    }
}

#[tokio::test]
async fn a_balancer_that_says_nothing_of_the_client_is_closed_and_never_taken_for_the_client() {
    let handle = trusting("127.0.0.3/32");
    for first in [&b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..], b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\0", &V2[..27]] {
        let mut stream = dial_from(3, &handle).await;
        stream.write_all(first).await.unwrap();
        stream.shutdown().await.unwrap();
        assert_eq!(greeting(&mut stream).await, "");
    }
    until(|| handle.counts().open == 0).await;
    assert_eq!((handle.counts().bad_headers, handle.counts().served), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn a_balancer_that_is_silent_is_closed_when_the_patience_ends() {
    let handle = trusting("127.0.0.3/32");
    let mut stream = dial_from(3, &handle).await;
    stream.write_all(&V1[..20]).await.unwrap();
    let begun = tokio::time::Instant::now();
    assert_eq!(greeting(&mut stream).await, "");
    assert!(begun.elapsed() < 2 * StreamLimits::HEADER_PATIENCE, "on the paused clock");
    until(|| handle.counts().open == 0).await;
    assert_eq!((handle.counts().bad_headers, handle.counts().served), (1, 0));
}

#[tokio::test]
async fn behind_a_balancer_each_client_is_counted_for_itself() {
    let few = StreamLimits { connections_per_source: 1, ..StreamLimits::default() };
    let handle = opened(behind("127.0.0.3/32", few));
    let mut held = Vec::new();
    for (client, served) in [("192.0.2.7", true), ("192.0.2.7", false), ("192.0.2.8", true)] {
        let mut stream = dial_from(3, &handle).await;
        let header = format!("PROXY TCP4 {client} 192.0.2.1 51004 443\r\n");
        stream.write_all(header.as_bytes()).await.unwrap();
        assert_eq!(greeting(&mut stream).await.starts_with(client), served);
        held.push(stream);
    }
    assert_eq!(handle.counts().over_source_cap, 1);
}
