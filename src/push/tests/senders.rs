//! All senders together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;
use vestibule_factors::push::{NotQueued, PushSender, Rung};

use super::stand::{Stand, Told};
use super::world::{ORIGIN, World, apns_section, iphone, settings, subscribed, vapid, web_push_section};
use crate::Senders;
use crate::web_push::Browser;

const LIFE: Duration = Duration::from_secs(60);

/// Both services at one stand-in: Apple's by its path.
async fn services() -> Stand {
    let check = |seen: &super::stand::Seen| {
        if seen.path.starts_with("/3/") { Told { never: true, ..Told::default() } } else { Told::status(201) }
    };
    Stand::start(&["h2", "http/1.1"], check).await
}

fn both(stand: &Stand) -> serde_json::Value {
    let mut section = web_push_section(stand);
    section["apns"] = apns_section(stand)["apns"].clone();
    section
}

/// PSH-11
#[tokio::test]
async fn browsers_are_rung_while_apple_hangs() {
    let stand = services().await;
    let mut world = World::new();
    let senders = Senders::start(settings(&stand, both(&stand)), vapid(), ORIGIN, &world.ports).unwrap();
    for _ in 0..300 {
        senders.ring(world.ring(iphone(), LIFE)).unwrap();
    }
    for _ in 0..5 {
        senders.ring(world.ring(subscribed(&stand, &Browser::new()), LIFE)).unwrap();
    }
    for _ in 0..5 {
        assert_eq!(world.came().await, Rung::Accepted);
    }
    assert_eq!(senders.open(), 300, "the others still wait for Apple");
}

#[tokio::test]
async fn a_stop_lets_open_requests_finish_takes_nothing_more_and_drops_what_hangs() {
    let stand = services().await;
    let mut world = World::new();
    let senders = Senders::start(settings(&stand, both(&stand)), vapid(), ORIGIN, &world.ports).unwrap();
    senders.ring(world.ring(subscribed(&stand, &Browser::new()), LIFE)).unwrap();
    assert_eq!(senders.stop(Duration::from_secs(30)).await, 0);
    assert_eq!(world.came().await, Rung::Accepted);
    let late = senders.ring(world.ring(subscribed(&stand, &Browser::new()), LIFE));
    assert!(matches!(late, Err(NotQueued::Full { provider: "Web Push" })));

    let senders = Senders::start(settings(&stand, both(&stand)), vapid(), ORIGIN, &world.ports).unwrap();
    senders.ring(world.ring(iphone(), LIFE)).unwrap();
    assert_eq!(senders.stop(Duration::ZERO).await, 1);
    assert_eq!(senders.open(), 0);
    assert!(world.nothing_came());
}

#[tokio::test]
async fn dropping_the_senders_ends_what_they_run() {
    let stand = services().await;
    let mut world = World::new();
    let senders = Senders::start(settings(&stand, both(&stand)), vapid(), ORIGIN, &world.ports).unwrap();
    senders.ring(world.ring(iphone(), LIFE)).unwrap();
    drop(senders);
    world.ports.reports = Arc::new(Deaf);
    // The task holds the other end: it is gone when this resolves.
    assert!(world.nobody_left().await);
}

struct Deaf;

#[async_trait::async_trait]
impl vestibule_factors::push::PushReports for Deaf {
    async fn report(&self, _: &vestibule_factors::push::Ring, _: Rung) {}
}

/// A gateway that reaches the Internet by a proxy: the services are asked through it, in TLS that ends at them.
#[tokio::test]
async fn a_proxy_is_asked_for_a_tunnel_where_one_is_configured() {
    let stand = services().await;
    let mut world = World::new();
    let (proxy, tunnels) = proxy(stand.port()).await;
    let mut section = web_push_section(&stand);
    section["proxy"] = format!("http://{proxy}").into();
    section["web_push"]["allow_private"] = serde_json::json!([]);
    let senders = Senders::start(settings(&stand, section), vapid(), ORIGIN, &world.ports).unwrap();
    senders.ring(world.ring(subscribed(&stand, &Browser::new()), LIFE)).unwrap();
    assert_eq!(world.came().await, Rung::Accepted);
    assert_eq!(tunnels.load(Ordering::SeqCst), 1);
}

/// The smallest proxy: `CONNECT localhost:port`, and octets from then on. By name, as an administrator would write it.
async fn proxy(port: u16) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("localhost:{}", listener.local_addr().unwrap().port());
    let tunnels: Arc<AtomicUsize> = Arc::default();
    let counted = Arc::clone(&tunnels);
    TaskTracker::new().spawn(async move {
        let (mut near, _) = listener.accept().await.unwrap();
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n") {
            asked.push(near.read_u8().await.unwrap());
        }
        assert!(asked.starts_with(format!("CONNECT localhost:{port} ").as_bytes()));
        counted.fetch_add(1, Ordering::SeqCst);
        near.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let mut far = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        tokio::io::copy_bidirectional(&mut near, &mut far).await.unwrap_or_default();
    });
    (address, tunnels)
}
