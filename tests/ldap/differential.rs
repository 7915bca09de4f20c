//! The same requests to a slapd, and through the gateway to another with the same people in it: every response is the same,
//! octet for octet, but for what no two directories share (see [`masks`]).
//!
//! Whoever asks is exempt from the second step by policy, and may change everything.

mod answers;
mod masks;
mod operations;
mod pages;
mod pair;
mod root_dse;

use vestibule_peers::slapd::PEOPLE;

use self::operations::Author;
use self::pair::{Pair, Way};
use crate::harness::chance::Chance;
use crate::harness::ldap_wire::request::{SUBTREE, Search, message, present};

/// Requests of each seed. Some go in bursts; nothing in a burst depends on the order in which a server does it.
const REQUESTS: usize = 1_000;
const SEEDS: [(u64, Way); 6] =
    [(1, Way::Secure), (2, Way::Plain), (3, Way::StartTls), (4, Way::Secure), (5, Way::Plain), (6, Way::StartTls)];

#[tokio::test]
async fn random_operations_have_the_same_responses_through_the_gateway_and_without_it() {
    let Some(mut both) = Pair::of(150).await else { return };
    let mut asked = 0;
    for (seed, way) in SEEDS {
        both.connect(way).await;
        let mut chance = Chance::of(seed);
        let mut author = Author::new(seed);
        let mut of_seed = 0;
        while of_seed < REQUESTS {
            of_seed += if chance.once_in(12) {
                pages::walk(&mut both, &mut chance).await
            } else {
                let burst = author.burst(&mut chance);
                both.ask(&burst, &mut chance).await;
                burst.len()
            };
        }
        asked += of_seed;
    }
    assert!(asked >= 6_000, "{asked}");
    both.end().await;
}

#[tokio::test] // LDP-26
async fn directory_of_three_thousand_people_comes_through_octet_for_octet() {
    let Some(mut both) = Pair::of(3_000).await else { return };
    both.connect(Way::Secure).await;
    let search = Search { attributes: &["*", "+"], ..Search::new(PEOPLE, SUBTREE, present("objectClass")) };
    let everybody = message(7, &search.operation(), &[]);
    let mut through = Vec::new();
    for _ in 0..2 {
        both.through.send(&everybody).await;
        through.push(both.through.answers(7).await);
    }
    assert!(through[0] == through[1], "the same search has two answers");
    both.direct.send(&everybody).await;
    let direct = both.direct.answers(7).await;
    assert!(direct.len() > 3_000 && direct.last().unwrap().code() == 0, "{:?}", direct.last());
    let masked = |responses: &[_]| responses.iter().map(masks::mask).collect::<Vec<_>>();
    assert!(masked(&through[0]) == masked(&direct), "the directory is another through the gateway");
    both.end().await;
}
