//! Octets nobody should send, by the thousand.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use vestibule_engine::{PortError, Random};

use super::Chance;
use super::door::{STRICT, TestDoor};
use crate::wire::number;

/// RAD-02: changed in a few places, some of them signed again so that they get past the signature.
#[tokio::test(start_paused = true)]
async fn thousands_of_changed_packets_neither_stop_the_door_nor_stay_in_it() {
    let door = TestDoor::start();
    let client = door.client(STRICT).await;
    let right = client.login("deny", "secret", &[(number::STATE, &[1; 24]), (number::PROXY_STATE, b"proxy")]);
    let chance = Chance::new(5);
    let mut draws = [0; 8];
    for _ in 0..5000 {
        chance.fill(&mut draws).unwrap();
        let mut packet = right.clone();
        for pair in draws.chunks(2) {
            let at = usize::from(pair[0]) % packet.len();
            packet[at] = pair[1];
        }
        if draws[0] % 2 == 0 {
            packet = resigned(&client.secret, packet);
        }
        client.send(&packet).await;
        tokio::task::yield_now().await;
    }
    while client.hear().await.is_some() {}
    let counts = door.counts("strict");
    assert!(counts.malformed > 100 && counts.wrong_signature > 1000 && counts.rejected > 100, "{counts:?}");
    assert_eq!((door.tasks.panics(), door.handle.counters().open_logins), (0, 0));
    let request = client.login("alice", "secret", &[]);
    assert_eq!(client.ask(&request).await.unwrap().code(), 2);
}

/// Whatever it holds now, signed as far as it can be.
fn resigned(secret: &crate::wire::SharedSecret, mut packet: Vec<u8>) -> Vec<u8> {
    packet[0] = 1;
    let length = u16::try_from(packet.len()).unwrap();
    packet[2..4].copy_from_slice(&length.to_be_bytes());
    packet[20..22].copy_from_slice(&[number::MESSAGE_AUTHENTICATOR, 18]);
    packet[22..38].fill(0);
    let signature = secret.sign_for_test(&packet);
    packet[22..38].copy_from_slice(&signature);
    packet
}

/// Datagrams with no sense at all.
#[tokio::test(start_paused = true)]
async fn noise_is_counted_and_forgotten() {
    let door = TestDoor::start();
    let client = door.client(STRICT).await;
    let chance = Chance::new(6);
    for length in (0..4200).step_by(7) {
        let mut noise = vec![0; length];
        chance.fill(&mut noise).unwrap();
        client.send(&noise).await;
        tokio::task::yield_now().await;
    }
    assert!(client.hears_nothing().await);
    assert_eq!((door.calls(), door.tasks.panics()), (vec![], 0));
    assert!(door.counts("strict").malformed > 500);
}

/// The first draw is a defect.
#[derive(Default)]
struct PanicsOnce(AtomicBool);

impl Random for PanicsOnce {
    fn fill(&self, _: &mut [u8]) -> Result<(), PortError> {
        assert!(self.0.swap(true, Ordering::Relaxed), "on purpose, by a test");
        Ok(())
    }
}

// SUP-05
#[tokio::test(start_paused = true)]
async fn a_datagram_that_meets_a_defect_is_lost_and_the_listener_goes_on() {
    let door = TestDoor::start_by(&TestDoor::config(), Arc::new(PanicsOnce::default()));
    let client = door.client(STRICT).await;
    // A name that cannot be read is refused before there is a login, and a refusal draws its delay.
    let unreadable = client.login("a\u{7}", "secret", &[]);
    client.send(&unreadable).await;
    assert!(client.hears_nothing().await);
    let counts = door.handle.counters();
    assert_eq!((counts.panics, counts.open_logins, door.tasks.panics()), (1, 0, 0));
    // The same packet again is a new request, and others are served.
    assert_eq!(client.ask(&unreadable).await.unwrap().code(), 3);
    assert_eq!(client.ask(&client.login("alice", "secret", &[])).await.unwrap().code(), 2);
}
