//! One connection, many binds, and requests around and behind them in pieces of chance: whatever the order, each request is
//! answered once, as whoever the bind before it made of the client, and nobody is ever taken for who they were before
//! (LDP-05, LDP-06).

mod model;
mod moves;
mod strictness;

use std::time::Duration;

use vestibule_peers::slapd::Slapd;

use self::moves::{Move, Player, What};
use crate::harness::chance::Chance;
use crate::harness::ldap_wire::request::{message, unbind};
use crate::harness::ldap_wire::{Response, Wire};
use crate::ldap::keeper::{Inside, KEEPER, Plan, stage};

const GAMES: u64 = 80;
const MOVES: usize = 40;
const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn whatever_the_order_each_request_is_answered_once_and_as_whoever_the_client_is_by_then() {
    let plan = Plan { exempt: &[KEEPER], application: "      allow_plaintext: true\n", ..Plan::default() };
    let Some(stage) = stage(&plan).await else { return };
    // Somebody with a factor, and somebody who has none and never will.
    let token = stage.enrolled(2).await;
    let mut counted = model::Counted::default();
    for seed in 0..GAMES {
        let mut chance = Chance::of(seed);
        let wire = if seed % 2 == 0 { stage.wire().await } else { Wire::plain(stage.door.local()).await };
        let mut player = Player::new(seed, token.wrong());
        let mut moves = player.game(MOVES, &mut chance);
        put_what_may_be_deleted(stage.directory(), &moves).await;
        let heard = play(wire, &mut moves, &mut chance).await;
        let deleted = model::check(&moves, &heard, &mut counted).unwrap_or_else(|why| {
            panic!("game {seed}: {why}\nasked {moves:#?}\nheard {heard:#?}");
        });
        let mut inside = Inside::of(stage.directory()).await;
        for dn in moves.iter().filter_map(Move::deletes) {
            assert_eq!(inside.exists(dn).await, !deleted.contains(&dn), "game {seed}: {dn}\n{moves:#?}\n{heard:#?}");
        }
    }
    // All that could happen did, many times.
    assert!(counted.are_all_more_than(10), "{counted:?}");
    stage.assert_alive().await;
    stage.end().await;
}

async fn put_what_may_be_deleted(directory: &Slapd, moves: &[Move]) {
    let mut inside = Inside::of(directory).await;
    for one in moves {
        if let What::Delete { name, .. } = &one.what {
            inside.put(name).await;
        }
    }
}

/// Send them in pieces, and listen in between for a while, or not; then to the end of the last.
async fn play(mut wire: Wire, moves: &mut [Move], chance: &mut Chance) -> Vec<Response> {
    let mut heard = Vec::new();
    let mut waiting: Vec<u8> = Vec::new();
    for one in moves.iter_mut() {
        // What was said and heard before its first octet left, the client knew.
        one.known = heard.len();
        waiting.extend(&one.octets);
        if chance.once_in(2) {
            // The last octets stay behind, now and then.
            let kept = if chance.once_in(2) { 0 } else { chance.below(waiting.len()) };
            let piece: Vec<u8> = waiting.drain(..waiting.len() - kept).collect();
            wire.send(&piece).await;
        }
        if chance.once_in(4) {
            let patience = Duration::from_millis([0, 2, 12][chance.below(3)]);
            while let Some(said) = wire.next_within(patience).await {
                heard.push(said.expect("the gateway hung up"));
            }
        }
    }
    wire.send(&waiting).await;
    let last = moves.last().unwrap().id;
    while heard.last().is_none_or(|said: &Response| said.id != last) {
        let said = wire.next_within(SOON).await.unwrap_or_else(|| panic!("no answer to {last} after {heard:#?}"));
        heard.push(said.unwrap_or_else(|| panic!("hung up after {heard:#?}")));
    }
    wire.send(&message(i64::from(i32::MAX), &unbind(), &[])).await;
    assert_eq!(wire.ended_within(SOON).await, None);
    heard
}
