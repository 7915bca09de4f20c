//! Answers that are more than entries and a result: those that do not end by themselves, that are given up, and with which
//! the directory hangs up.

use std::time::Duration;

use vestibule_peers::slapd::{PEOPLE, SUFFIX};

use super::pair::{Pair, Way, masked};
use crate::harness::ldap_wire::request::{
    SUBTREE, Search, abandon, constructed, control, element, extended, message, modify, number, present, string,
    unbind, whoami,
};
use crate::harness::ldap_wire::{Response, Wire};
use crate::ldap::keeper::{Inside, SHED};

const SOON: Duration = Duration::from_secs(5);
/// RFC 4533: refresh, and stay for what changes.
const SYNC: &str = "1.3.6.1.4.1.4203.1.9.1.1";
/// RFC 3909.
const CANCEL: &str = "1.3.6.1.1.8";

#[tokio::test] // LDP-28
async fn search_that_stays_for_what_changes_is_the_same_until_it_is_cancelled() {
    let Some(mut both) = Pair::of(20).await else { return };
    both.connect(Way::Secure).await;
    let search = Search::new(SHED, SUBTREE, present("objectClass")).operation();
    let sync = control(SYNC, true, Some(b"\x30\x03\x0a\x01\x03"));
    let cancel = extended(CANCEL, Some(&constructed(0x30, &[element(0x02, &number(5))])));
    let mut heard = Vec::new();
    let directories = [&both.alone, both.stage.directory()];
    for (wire, directory) in [&mut both.direct, &mut both.through].into_iter().zip(directories) {
        let mut inside = Inside::of(directory).await;
        wire.send(&message(5, &search, std::slice::from_ref(&sync))).await;
        // What is there, and word that this was all.
        let mut answers = vec![wire.next().await.unwrap(), wire.next().await.unwrap()];
        for name in ["one", "two"] {
            inside.put(name).await;
            answers.push(wire.next().await.unwrap());
        }
        assert!(answers.iter().all(|answer| answer.id == 5 && !answer.is_final()), "{answers:?}");
        wire.send(&message(6, &cancel, &[])).await;
        let mut ended = vec![wire.next().await.unwrap(), wire.next().await.unwrap()];
        ended.sort_by_key(|answer| answer.id);
        assert_eq!(ended.iter().map(|answer| (answer.id, answer.code())).collect::<Vec<_>>(), [(5, 118), (6, 0)]);
        answers.extend(ended);
        inside.put("three").await;
        wire.assert_silent(Duration::from_millis(300)).await;
        heard.push(answers);
    }
    assert_eq!(masked(Some(&heard[0])), masked(Some(&heard[1])), "{heard:?}");
    both.end().await;
}

#[tokio::test] // LDP-12
async fn search_that_is_abandoned_is_a_part_of_what_it_would_have_been_and_has_no_end() {
    let Some(mut both) = Pair::of(1_500).await else { return };
    both.connect(Way::Secure).await;
    let search = Search::new(PEOPLE, SUBTREE, present("objectClass")).operation();
    let whole = both.through.ask(5, &search).await;
    let mut cut = 0;
    for round in 0..20 {
        let id = 10 + 3 * round;
        let wire = &mut both.through;
        wire.send(&message(id, &search, &[])).await;
        if round % 2 == 1 {
            assert_eq!(wire.next().await.unwrap().dn(), whole[0].dn());
        }
        wire.send(&[message(id + 1, &abandon(id), &[]), message(id + 2, &whoami(), &[])].concat()).await;
        let mut part: Vec<Response> = Vec::new();
        loop {
            let response = wire.next().await.unwrap();
            if response.id == id + 2 {
                break;
            }
            assert_eq!(response.id, id);
            part.push(response);
        }
        let first = usize::try_from(round % 2).unwrap();
        for (found, wanted) in part.iter().zip(&whole[first..]) {
            assert_eq!(found.is_final(), wanted.is_final());
            assert!(found.is_final() || found.dn() == wanted.dn());
        }
        // Nothing of it comes after what was asked behind the abandon, whatever slapd had sent by then.
        cut += usize::from(!part.last().is_some_and(Response::is_final));
    }
    assert!(cut > 0, "every search was over before it was abandoned");
    both.end().await;
}

#[tokio::test] // LDP-04
async fn request_that_only_the_directory_cannot_read_ends_the_connection_with_its_words() {
    let Some(mut both) = Pair::of(20).await else { return };
    for octets in [
        message(5, &element(0x66, b""), &[]),
        message(5, &element(0x68, &string("cn=a")), &[]),
        message(5, &element(0x6C, &string("cn=a")), &[]),
        message(5, &constructed(0x66, &[string(SUFFIX), string("x")]), &[]),
        // And what it does not mind.
        message(5, &modify("uid=user0020,ou=people,dc=example,dc=org", &[]), &[]),
        message(5, &modify("uid=user0020,ou=people,dc=example,dc=org", &[(9, "sn", &["x"])]), &[]),
    ] {
        both.connect(Way::Secure).await;
        let mut said = Vec::new();
        for wire in [&mut both.direct, &mut both.through] {
            wire.send(&octets).await;
            said.push(to_the_end(wire).await);
        }
        assert_eq!(said[0], said[1], "{octets:02x?}");
    }
    both.end().await;
}

/// What it answers, and whether it hangs up then by itself.
async fn to_the_end(wire: &mut Wire) -> (Vec<Response>, bool) {
    let mut said = Vec::new();
    loop {
        match wire.next_within(Duration::from_millis(500)).await {
            Some(Some(response)) => said.push(response),
            Some(None) => return (said, true),
            None => break,
        }
    }
    wire.send(&message(9, &unbind(), &[])).await;
    assert_eq!(wire.ended_within(SOON).await, None);
    (said, false)
}
