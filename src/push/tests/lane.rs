//! The way of rings through a lane, in paused time, with a provider that does as it is told.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vestibule_factors::push::{Doorbell, NotQueued, PushAddress, Ring, Rung};

use super::world::World;
use crate::lane::Lane;
use crate::provider::{Provider, Reply};
use crate::settings::Limits;

pub(super) const LIFE: Duration = Duration::from_secs(60);

/// Answers by host, as it was told; otherwise it takes what comes. A host named `hangs` never answers.
#[derive(Clone, Default)]
pub(super) struct Obedient(Arc<Inner>);

#[derive(Default)]
struct Inner {
    orders: Mutex<HashMap<String, VecDeque<Reply>>>,
    sent: Mutex<Vec<(Ring, Instant)>>,
    open: AtomicUsize,
    most: AtomicUsize,
    takes: Mutex<Duration>,
}

impl Obedient {
    pub(super) fn will(&self, host: &str, reply: Reply) {
        self.0.orders.lock().unwrap().entry(host.to_owned()).or_default().push_back(reply);
    }

    /// How long each answer takes.
    pub(super) fn takes(&self, span: Duration) {
        *self.0.takes.lock().unwrap() = span;
    }

    pub(super) fn sent(&self) -> Vec<(Ring, Instant)> {
        self.0.sent.lock().unwrap().clone()
    }
}

pub(super) fn at(host: &str) -> PushAddress {
    PushAddress::Fcm { token: host.to_owned() }
}

struct Open<'a>(&'a Inner);

impl<'a> Open<'a> {
    fn new(inner: &'a Inner) -> Self {
        let open = inner.open.fetch_add(1, Ordering::SeqCst) + 1;
        inner.most.fetch_max(open, Ordering::SeqCst);
        Self(inner)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Provider for Obedient {
    fn name(&self) -> &'static str {
        "FCM"
    }

    fn accepts(&self, _: &PushAddress) -> Result<(), String> {
        Ok(())
    }

    fn host(&self, address: &PushAddress) -> String {
        let PushAddress::Fcm { token } = address else { panic!("no host") };
        token.clone()
    }

    async fn send(&self, ring: &Ring, _: Duration, _: Duration) -> Reply {
        let _open = Open::new(&self.0);
        self.0.sent.lock().unwrap().push((ring.clone(), Instant::now()));
        let host = self.host(&ring.address);
        if host == "hangs" {
            std::future::pending::<()>().await;
        }
        let takes = *self.0.takes.lock().unwrap();
        tokio::time::sleep(takes).await;
        self.0.orders.lock().unwrap().get_mut(&host).and_then(VecDeque::pop_front).unwrap_or(Reply::Taken)
    }
}

pub(super) struct Street {
    pub(super) world: World,
    pub(super) provider: Obedient,
    lane: Arc<Lane>,
    tasks: TaskTracker,
}

impl Street {
    pub(super) fn new() -> Self {
        Self::with(Limits { queue: 100, at_once: 8, at_once_per_host: 4, patience: Duration::from_secs(2) })
    }

    fn with(limits: Limits) -> Self {
        let (world, provider) = (World::new(), Obedient::default());
        let ports = world.ports.clone();
        let boxed = Box::new(provider.clone());
        let stopping = CancellationToken::new();
        let lane = Arc::new(Lane::new(boxed, limits, ports.reports, ports.clock, ports.random, stopping));
        Self { world, provider, lane, tasks: TaskTracker::new() }
    }

    pub(super) fn ring(&self, ring: &Ring) -> Result<(), NotQueued> {
        let queued = self.lane.queue(ring.clone())?;
        self.tasks.spawn(Arc::clone(&self.lane).carry(queued));
        Ok(())
    }

    fn ring_at(&self, host: &str, life: Duration) -> Ring {
        let ring = self.world.ring(at(host), life);
        self.ring(&ring).unwrap();
        ring
    }
}

/// PSH-04, PSH-10
#[tokio::test(start_paused = true)]
async fn an_ill_service_is_asked_again_and_again_while_the_request_is_open() {
    let mut street = Street::new();
    for _ in 0..3 {
        street.provider.will("a", Reply::unwell("it answered 500"));
    }
    street.ring_at("a", LIFE);
    assert_eq!(street.world.came().await, Rung::Accepted);
    let times: Vec<_> = street.provider.sent().iter().map(|(_, at)| *at).collect();
    let waits: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (wait, most) in waits.iter().zip([500, 1_000, 2_000].map(Duration::from_millis)) {
        assert!(*wait >= most / 2 && *wait <= most + Duration::from_millis(2), "{waits:?}");
    }
    assert!(street.world.nothing_came(), "one report for one ring");
}

/// PSH-04: Retry-After honoured, within the challenge's life.
#[tokio::test(start_paused = true)]
async fn a_device_that_has_to_wait_waits_as_long_as_asked_and_not_beyond_its_request() {
    let mut street = Street::new();
    let later = |seconds| Reply::Later { after: Some(Duration::from_secs(seconds)), why: "it answered 429".into() };
    street.provider.will("a", later(20));
    let start = Instant::now();
    street.ring_at("a", LIFE);
    street.ring_at("b", LIFE);
    assert_eq!(street.world.came().await, Rung::Accepted, "another device need not wait");
    assert_eq!(Instant::now(), start);
    assert_eq!(street.world.came().await, Rung::Accepted);
    assert!(start.elapsed() >= Duration::from_secs(20) && start.elapsed() < Duration::from_secs(24));

    street.provider.will("a", later(120));
    let start = Instant::now();
    street.ring_at("a", LIFE);
    let Rung::Failed { why } = street.world.came().await else { panic!("it was rung") };
    assert!(why.contains("it answered 429"), "{why}");
    assert_eq!(Instant::now(), start, "waiting for a moment when nobody needs it helps nobody");
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_for_every_ring_through_that_host() {
    let mut street = Street::new();
    street.provider.will("a", Reply::Pause { after: Duration::from_secs(10), why: "quota".into() });
    let start = Instant::now();
    street.ring_at("a", LIFE);
    tokio::time::sleep(Duration::from_secs(1)).await;
    street.ring_at("a", LIFE);
    street.ring_at("b", LIFE);
    assert_eq!(street.world.came().await, Rung::Accepted, "another host");
    assert!(start.elapsed() < Duration::from_secs(2));
    assert_eq!(street.world.came().await, Rung::Accepted);
    assert_eq!(street.world.came().await, Rung::Accepted);
    assert!(start.elapsed() >= Duration::from_secs(10));
    assert_eq!(street.provider.sent().len(), 4, "nobody asked in between");
}

/// PSH-11: provider hangs 30 s, others are unaffected, tasks are bounded.
#[tokio::test(start_paused = true)]
async fn a_host_that_hangs_holds_up_nobody_else() {
    let mut street = Street::new();
    for _ in 0..50 {
        street.ring_at("hangs", LIFE);
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let start = Instant::now();
    for _ in 0..20 {
        street.ring_at("well", LIFE);
    }
    for _ in 0..20 {
        assert_eq!(street.world.came().await, Rung::Accepted);
    }
    assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
    for _ in 0..50 {
        assert!(matches!(street.world.came().await, Rung::Failed { .. }));
    }
    assert!(street.provider.0.most.load(Ordering::SeqCst) <= 8);
    let asked = street.provider.sent().iter().filter(|(ring, _)| ring.address == at("hangs")).count();
    assert!(asked < 20, "it was left alone after the first failures, not asked {asked} times");
}

#[tokio::test(start_paused = true)]
async fn a_host_that_is_back_is_found_within_the_life_of_a_request() {
    let mut street = Street::new();
    for _ in 0..7 {
        street.provider.will("a", Reply::unwell("connection refused"));
    }
    for _ in 0..10 {
        street.ring_at("a", LIFE);
    }
    for _ in 0..10 {
        assert_eq!(street.world.came().await, Rung::Accepted);
    }
    assert!(street.provider.sent().len() < 30);
}

#[tokio::test(start_paused = true)]
async fn no_more_requests_are_open_at_once_than_allowed() {
    let mut street = Street::new();
    street.provider.takes(Duration::from_millis(100));
    for each in 0..60 {
        street.ring_at(&format!("host{}", each % 3), LIFE);
    }
    for _ in 0..60 {
        assert_eq!(street.world.came().await, Rung::Accepted);
    }
    assert_eq!(street.provider.0.most.load(Ordering::SeqCst), 8);
}

/// PSH-11: a bounded queue. The request itself goes on: the phone sees it when its app is opened.
#[tokio::test(start_paused = true)]
async fn a_full_queue_says_so_at_once_and_has_room_again_later() {
    let mut street =
        Street::with(Limits { queue: 3, at_once: 8, at_once_per_host: 4, patience: Duration::from_secs(2) });
    for _ in 0..3 {
        street.ring_at("hangs", Duration::from_secs(5));
    }
    let fourth = street.world.ring(at("well"), LIFE);
    assert!(matches!(street.ring(&fourth), Err(NotQueued::Full { provider: "FCM" })));
    for _ in 0..3 {
        assert!(matches!(street.world.came().await, Rung::Failed { .. }));
    }
    tokio::task::yield_now().await;
    street.ring(&fourth).unwrap();
    assert_eq!(street.world.came().await, Rung::Accepted);
}

/// PSH-12, as far as it is ours: with every provider down, the ring fails and says so; nothing else does.
#[tokio::test(start_paused = true)]
async fn with_the_provider_down_a_ring_fails_before_its_request_is_over() {
    let mut street = Street::new();
    let start = Instant::now();
    let ring = street.ring_at("hangs", LIFE);
    assert_eq!(ring.doorbell, Doorbell::Asked);
    let Rung::Failed { why } = street.world.came().await else { panic!("it was rung") };
    assert!(why.contains("no answer in time"), "{why}");
    assert!(start.elapsed() <= LIFE);
}

#[tokio::test(start_paused = true)]
async fn what_is_final_is_not_tried_again() {
    let mut street = Street::new();
    for (reply, rung) in [
        (Reply::Gone { as_of: None }, Rung::Gone { as_of: None }),
        (Reply::refused("no"), Rung::Failed { why: "no".into() }),
        (Reply::misconfigured("key"), Rung::Misconfigured { why: "key".into() }),
        (Reply::defect("ours"), Rung::Failed { why: "ours".into() }),
    ] {
        street.provider.will("a", reply);
        let before = street.provider.sent().len();
        street.ring_at("a", LIFE);
        assert_eq!(street.world.came().await, rung);
        assert_eq!(street.provider.sent().len(), before + 1);
    }
}

/// A ring that waits is held by thousands when a provider is down.
#[tokio::test]
async fn a_ring_that_waits_costs_little_memory() {
    let street = Street::new();
    let queued = street.lane.queue(street.world.ring(at("a"), LIFE)).unwrap();
    let size = size_of_val(&Arc::clone(&street.lane).carry(queued));
    println!("a waiting ring: {size} octets");
    assert!(size <= 4_096, "{size}");
}
