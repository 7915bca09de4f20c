//! Answers that cannot be used: each costs who asked for it their answer, and nobody else.

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;

use super::super::support::{searching, upstream};
use super::peer::{Peer, all_are_found, all_fail, dn, done, names, person};
use super::{Said, bind_result, entry, read, result, tlv};

#[tokio::test] // FLT-05, LDP-02
async fn what_is_not_ldap_ends_that_connection_and_the_next_server_is_asked() {
    for rubbish in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        b"\x30\x80\x02\x01\x01",
        b"\x30\x00",
        // An id and nothing else.
        b"\x30\x03\x02\x01\x01",
        // Of two gigabytes; of five megabytes, and nobody knows to whom.
        b"\x30\x84\x7f\xff\xff\xff\x02\x01\x01\x64",
        b"\x30\x84\x00\x50\x00\x00\x04\x01\x01\x64",
        b"\x30\x84\x00\x50\x00\x00\x02\x84\x00\x40\x00\x00\x00\x00\x00\x00\x00\x00\x00",
    ] {
        let (mad, well) = (Peer::start().await, Peer::start().await);
        let (upstream, names) = (upstream(searching(&[&mad.url, &well.url], json!({}))), names(2));
        let server = async {
            let mut talk = mad.talk().await;
            talk.searches(2).await;
            talk.0.write_all(rubbish).await.unwrap();
            assert!(read(&mut talk.0).await.is_none(), "{rubbish:x?}");
            let mut talk = well.talk().await;
            for search in talk.searches(2).await {
                talk.answer(&search).await;
            }
            talk
        };
        tokio::join!(all_are_found(&upstream, &names), server);
    }
}

#[tokio::test] // FLT-05
async fn an_answer_that_cannot_be_used_ends_its_own_lookup_and_no_other() {
    const VALUES: &[&[u8]] = &[b"v"];
    let strange = |name: &str| {
        let long = vec![b'x'; 5000];
        let many: Vec<String> = (0..65).map(|number| format!("a{number}")).collect();
        let many: Vec<_> = many.iter().map(|name| (name.as_str(), VALUES)).collect();
        vec![
            vec![person(name); 3],
            vec![entry(&dn(name), &[("uid", &[&long])])],
            vec![entry(&dn(name), &many)],
            vec![tlv(0x64, &[tlv(0x04, b"\xff"), tlv(0x30, b"")].concat())],
            vec![tlv(0x73, &tlv(0x04, b"ldap://elsewhere")); 257],
            // What is no answer to a search.
            vec![bind_result(0, "")],
            // What is nothing at all behind its id: too deep, without parts, with too many.
            vec![(0..100).fold(Vec::new(), |inner: Vec<u8>, _| tlv(0x30, &inner))],
            vec![tlv(0x64, &tlv(0x04, b"cn=x"))],
            vec![tlv(0x65, b"")],
            vec![[done(), done()].concat()],
            vec![tlv(0x65, &[result(0, ""), tlv(0x04, b"more")].concat())],
        ]
    };
    for at in 0..strange("").len() {
        let (peer, next) = (Peer::start().await, Peer::start().await);
        let resting = json!({ "cool_down": "10m", "cool_down_max": "10m" });
        let (upstream, names) = (upstream(searching(&[&peer.url, &next.url], resting)), names(3));
        let server = async {
            let mut talk = peer.talk().await;
            let searches = talk.searches(2).await;
            let [wronged, other] = &searches[..] else { panic!() };
            for message in strange(&wronged.1).swap_remove(at) {
                talk.say(&wronged.0, [message]).await;
            }
            let Some((_, Said::Abandon(abandoned))) = read(&mut talk.0).await else { panic!("{at}: not abandoned") };
            assert_eq!(abandoned, wronged.0);
            talk.say(&wronged.0, [done()]).await;
            talk.answer(other).await;
            talk
        };
        let (failed, (), mut talk) =
            tokio::join!(all_fail(&upstream, &names[..1]), all_are_found(&upstream, &names[1..2]), server);
        assert!(failed[0].contains("the answer cannot be used"), "{failed:?}");
        // The server is not down, and the next one was not bothered with this.
        let later = async {
            let search = talk.search().await;
            talk.answer(&search).await;
        };
        tokio::join!(all_are_found(&upstream, &names[2..]), later);
        assert!(peer.is_left_alone().await && next.is_left_alone().await);
    }
}

/// After a rest, one login tries the server. What it hears is an answer, even if it is of no use to that login.
#[tokio::test] // FLT-01
async fn a_server_that_answers_strangely_after_its_rest_is_asked_by_the_others_again() {
    let peer = Peer::start().await;
    let upstream = peer.upstream(json!({ "cool_down": "1s", "cool_down_max": "1s", "timeout": "30s" }));
    let names = names(3);
    let down = async { drop(peer.talk().await) };
    tokio::join!(all_fail(&upstream, &names[..1]), down);
    // The longest rest is five quarters of a second.
    tokio::time::sleep(std::time::Duration::from_millis(1300)).await;
    let server = async {
        let mut talk = peer.talk().await;
        let (id, name) = talk.search().await;
        talk.say(&id, [person(&name), person(&name), person(&name)]).await;
        let Some((_, Said::Abandon(_))) = read(&mut talk.0).await else { panic!("not abandoned") };
        talk
    };
    let (_, mut talk) = tokio::join!(all_fail(&upstream, &names[1..2]), server);
    let later = async {
        let search = talk.search().await;
        talk.answer(&search).await;
    };
    tokio::join!(all_are_found(&upstream, &names[2..]), later);
}

#[tokio::test] // FLT-05, LDP-02
async fn an_answer_that_is_too_large_is_passed_over_and_ends_its_own_lookup() {
    let peer = Peer::start().await;
    let (upstream, names) = (peer.upstream(json!({})), names(2));
    let server = async {
        let mut talk = peer.talk().await;
        let searches = talk.searches(2).await;
        let [wronged, other] = &searches[..] else { panic!() };
        let mut large = [b"\x30\x84\x00\x50\x00\x00".to_vec(), tlv(0x02, &wronged.0), vec![0x64]].concat();
        let head = large.len();
        talk.0.write_all(&large).await.unwrap();
        let Some((_, Said::Abandon(abandoned))) = read(&mut talk.0).await else { panic!("not abandoned") };
        assert_eq!(abandoned, wronged.0);
        large.resize(6 + (5 << 20), 0x64);
        talk.0.write_all(&large[head..]).await.unwrap();
        talk.answer(other).await;
        talk
    };
    let (failed, (), _talk) =
        tokio::join!(all_fail(&upstream, &names[..1]), all_are_found(&upstream, &names[1..]), server);
    assert!(failed[0].contains("it is too large"), "{failed:?}");
    assert!(peer.is_left_alone().await);
}

/// Whoever waits behind an answer that does not end leaves the connection, however much of it still comes.
#[tokio::test] // FLT-02
async fn a_connection_that_is_held_up_by_one_endless_answer_is_left() {
    let peer = Peer::start().await;
    let timing = json!({ "timeout": "2s", "cool_down": "1s", "cool_down_max": "1s" });
    let (upstream, names) = (peer.upstream(timing), names(3));
    let mut trickling = JoinSet::new();
    let server = async {
        let mut talk = peer.talk().await;
        let searches = talk.searches(2).await;
        let [wronged, _] = &searches[..] else { panic!() };
        let head = [b"\x30\x84\x10\x00\x00\x00".to_vec(), tlv(0x02, &wronged.0), vec![0x64]].concat();
        talk.0.write_all(&head).await.unwrap();
        trickling.spawn(async move {
            while talk.0.write_all(&[0x64; 100]).await.is_ok() {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        });
    };
    let (failed, ()) = tokio::join!(all_fail(&upstream, &names[..2]), server);
    assert!(failed[0].contains("it is too large"), "{failed:?}");
    tokio::time::sleep(std::time::Duration::from_millis(1300)).await;
    let server = async {
        let mut talk = peer.talk().await;
        let search = talk.search().await;
        talk.answer(&search).await;
        talk
    };
    tokio::join!(all_are_found(&upstream, &names[2..]), server);
}
