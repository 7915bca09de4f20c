//! Rings for one device: in order, the newest wins, and nobody is told that something they never heard of is over.

use std::time::Duration;

use vestibule_engine::AttemptId;
use vestibule_factors::push::{Doorbell, Ring, Rung};

use super::lane::{LIFE, Street, at};
use crate::provider::Reply;

fn over(ring: &Ring) -> Ring {
    Ring { doorbell: Doorbell::Over, ..ring.clone() }
}

fn sent(street: &Street) -> Vec<(AttemptId, Doorbell)> {
    street.provider.sent().iter().map(|(ring, _)| (ring.attempt, ring.doorbell)).collect()
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_request_is_sent_after_the_request_however_slow_that_is() {
    let mut street = Street::new();
    street.provider.takes(Duration::from_secs(1));
    let ring = street.world.ring(at("a"), LIFE);
    street.ring(&ring).unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    street.ring(&over(&ring)).unwrap();
    assert_eq!(street.world.came().await, Rung::Accepted);
    assert_eq!(street.world.came().await, Rung::Accepted);
    assert_eq!(sent(&street), [(ring.attempt, Doorbell::Asked), (ring.attempt, Doorbell::Over)]);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_over_before_it_could_be_told_is_not_told_at_all() {
    let mut street = Street::new();
    street.provider.will("a", Reply::unwell("it answered 500"));
    let ring = street.world.ring(at("a"), LIFE);
    street.ring(&ring).unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    street.ring(&over(&ring)).unwrap();
    tokio::time::sleep(LIFE).await;
    assert_eq!(sent(&street), [(ring.attempt, Doorbell::Asked)]);
    assert!(street.world.nothing_came());
}

#[tokio::test(start_paused = true)]
async fn the_end_of_an_older_request_does_not_take_the_place_of_a_newer_one() {
    let mut street = Street::new();
    let older = street.world.ring(at("a"), LIFE);
    let newer = Ring { device: older.device, ..street.world.ring(at("a"), LIFE) };
    for ring in [&older, &newer] {
        street.ring(ring).unwrap();
        assert_eq!(street.world.came().await, Rung::Accepted);
    }
    street.ring(&over(&older)).unwrap();
    tokio::time::sleep(LIFE).await;
    assert!(street.world.nothing_came());
    assert_eq!(sent(&street), [(older.attempt, Doorbell::Asked), (newer.attempt, Doorbell::Asked)]);
}

#[tokio::test(start_paused = true)]
async fn an_older_request_that_still_waits_gives_way_to_a_newer_one_of_the_same_device() {
    let mut street = Street::new();
    street.provider.will("a", Reply::unwell("it answered 500"));
    let older = street.world.ring(at("a"), LIFE);
    let newer = Ring { device: older.device, ..street.world.ring(at("a"), LIFE) };
    street.ring(&older).unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    street.ring(&newer).unwrap();
    assert_eq!(street.world.came().await, Rung::Accepted);
    tokio::time::sleep(LIFE).await;
    assert_eq!(sent(&street), [(older.attempt, Doorbell::Asked), (newer.attempt, Doorbell::Asked)]);
}

/// Another node of the cluster may have rung.
#[tokio::test(start_paused = true)]
async fn the_end_of_a_request_this_process_did_not_ring_for_is_sent() {
    let mut street = Street::new();
    let ring = over(&street.world.ring(at("a"), LIFE));
    street.ring(&ring).unwrap();
    assert_eq!(street.world.came().await, Rung::Accepted);
    assert_eq!(sent(&street), [(ring.attempt, Doorbell::Over)]);
}

#[tokio::test(start_paused = true)]
async fn a_person_who_asks_to_be_rung_once_more_is_rung() {
    let mut street = Street::new();
    let ring = street.world.ring(at("a"), LIFE);
    for _ in 0..2 {
        street.ring(&ring).unwrap();
        assert_eq!(street.world.came().await, Rung::Accepted);
    }
    assert_eq!(sent(&street).len(), 2);
}
