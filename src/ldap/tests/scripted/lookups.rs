//! Many lookups over one connection: each gets its own answer, and what happens to one or to the connection is nobody
//! else's trouble.

use std::sync::Arc;

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;

use super::super::support::{identify, searching, upstream};
use super::peer::{Peer, Talk, all_are_found, all_fail, done, names, person};
use super::{Said, bind_result, read, result, tlv};

#[tokio::test]
async fn many_at_once_share_one_connection_and_each_gets_its_own_answer_in_whatever_order() {
    let peer = Peer::start().await;
    let (upstream, names) = (peer.upstream(json!({})), names(60));
    let server = async {
        let mut talk = peer.talk().await;
        let mut searches = talk.searches(60).await;
        searches.reverse();
        for (id, name) in &searches {
            talk.say(id, [person(name)]).await;
        }
        searches.rotate_left(17);
        for (id, _) in &searches {
            talk.say(id, [done()]).await;
        }
        talk
    };
    tokio::join!(all_are_found(&upstream, &names), server);
    assert!(peer.is_left_alone().await);
}

#[tokio::test]
async fn more_than_one_connection_carries_open_another() {
    let peer = Peer::start().await;
    let (upstream, names) = (peer.upstream(json!({})), names(100));
    let server = async {
        let mut first = peer.talk().await;
        let on_first = first.searches(64).await;
        let mut second = peer.talk().await;
        for search in second.searches(36).await {
            second.answer(&search).await;
        }
        for search in &on_first {
            first.answer(search).await;
        }
        (first, second)
    };
    tokio::join!(all_are_found(&upstream, &names), server);
}

#[tokio::test] // FLT-03
async fn who_waits_for_another_connection_takes_the_room_that_comes_first() {
    let peer = Peer::start().await;
    let (upstream, names) = (peer.upstream(json!({})), names(70));
    let server = async {
        let mut first = peer.talk().await;
        let on_first = first.searches(64).await;
        // Takes the service account's bind and does not answer it.
        let second = peer.listener.accept().await.unwrap();
        for search in &on_first {
            first.answer(search).await;
        }
        for search in first.searches(6).await {
            first.answer(&search).await;
        }
        (first, second)
    };
    tokio::join!(all_are_found(&upstream, &names), server);
    assert!(peer.is_left_alone().await);
}

#[tokio::test] // FLT-03
async fn who_finds_no_room_waits_for_it_where_no_more_connections_may_be() {
    let peer = Peer::start().await;
    let (upstream, names) = (peer.upstream(json!({ "connections": 1 })), names(100));
    let server = async {
        let mut talk = peer.talk().await;
        for search in talk.searches(64).await {
            talk.answer(&search).await;
        }
        for search in talk.searches(36).await {
            talk.answer(&search).await;
        }
        talk
    };
    tokio::join!(all_are_found(&upstream, &names), server);
    assert!(peer.is_left_alone().await);
}

#[tokio::test]
async fn answers_to_what_was_not_asked_are_passed_over() {
    let peer = Peer::start().await;
    let (upstream, names) = (peer.upstream(json!({})), names(2));
    let server = async {
        let mut talk = peer.talk().await;
        let searches = talk.searches(2).await;
        for stranger in [&b"\x01"[..], b"\x7f\xff\xff\xff", b"\x00\x80\x00\x00"] {
            talk.say(stranger, [person("somebody"), done(), bind_result(0, "")]).await;
        }
        for search in &searches {
            talk.answer(search).await;
            // Once more, now that nobody waits.
            talk.answer(search).await;
        }
        talk
    };
    tokio::join!(all_are_found(&upstream, &names), server);
}

#[tokio::test]
async fn a_lookup_that_is_given_up_is_abandoned_and_its_late_answer_is_nobodys() {
    let peer = Peer::start().await;
    let upstream = Arc::new(peer.upstream(json!({})));
    let mut logins = JoinSet::new();
    let of_task = upstream.clone();
    logins.spawn(async move { identify(&of_task, "gone").await });
    let mut talk = peer.talk().await;
    let search = talk.search().await;
    logins.shutdown().await;
    let Some((_, Said::Abandon(abandoned))) = read(&mut talk.0).await else { panic!("not abandoned") };
    assert_eq!(abandoned, search.0);
    let names = names(1);
    let next = async {
        let next = talk.search().await;
        talk.answer(&search).await;
        talk.answer(&next).await;
    };
    tokio::join!(all_are_found(&upstream, &names), next);
    assert!(peer.is_left_alone().await);
}

#[tokio::test] // FLT-02
async fn a_connection_that_does_not_answer_in_time_is_left_and_the_next_server_is_asked() {
    let (hung, well) = (Peer::start().await, Peer::start().await);
    let timing = json!({ "timeout": "2s", "cool_down": "10m", "cool_down_max": "10m" });
    let upstream = upstream(searching(&[&hung.url, &well.url], timing));
    let server = async {
        let mut silent = hung.talk().await;
        let given_up = silent.search().await;
        let mut talk = well.talk().await;
        for _ in 0..2 {
            let search = talk.search().await;
            talk.answer(&search).await;
        }
        let Some((_, Said::Abandon(abandoned))) = read(&mut silent.0).await else { panic!("not abandoned") };
        assert_eq!(abandoned, given_up.0);
        // The last search on it was given up, and so is it.
        assert!(read(&mut silent.0).await.is_none());
        talk
    };
    let names = names(2);
    let logins = async {
        for name in &names {
            all_are_found(&upstream, std::slice::from_ref(name)).await;
        }
    };
    tokio::join!(logins, server);
    assert!(hung.is_left_alone().await);
}

#[tokio::test] // FLT-04
async fn a_server_that_hangs_up_on_old_connections_is_asked_again_once_for_each_lookup() {
    let peer = Peer::start().await;
    let (upstream, names) = (peer.upstream(json!({})), names(10));
    let server = async {
        let mut first = peer.talk().await;
        let search = first.search().await;
        first.answer(&search).await;
        first.searches(10).await;
        drop(first);
        let mut second = peer.talk().await;
        for search in second.searches(10).await {
            second.answer(&search).await;
        }
        second
    };
    let logins = async {
        all_are_found(&upstream, &names[..1]).await;
        all_are_found(&upstream, &names).await;
    };
    tokio::join!(logins, server);
    assert!(peer.is_left_alone().await);
}

#[tokio::test] // FLT-04
async fn a_lookup_that_meets_one_dying_connection_after_another_ends_in_one_answer() {
    let peer = Peer::start().await;
    let (upstream, names) = (peer.upstream(json!({ "connections": 3 })), names(150));
    let opened = async {
        let mut talks = Vec::new();
        let mut searches = Vec::new();
        for count in [64, 64, 22] {
            let mut talk = peer.talk().await;
            searches.push(talk.searches(count).await);
            talks.push(talk);
        }
        for (talk, searches) in talks.iter_mut().zip(&searches) {
            for search in searches {
                talk.answer(search).await;
            }
        }
        talks
    };
    let ((), old) = tokio::join!(all_are_found(&upstream, &names), opened);
    let server = async {
        for mut talk in old {
            talk.search().await;
        }
        let mut talk = peer.talk().await;
        let search = talk.search().await;
        talk.answer(&search).await;
        talk
    };
    tokio::join!(all_are_found(&upstream, &names[..1]), server);
    assert!(peer.is_left_alone().await);
}

#[tokio::test] // FLT-04
async fn a_server_that_hangs_up_on_every_new_connection_is_not_asked_again_and_again() {
    for reads_first in [true, false] {
        let peer = Peer::start().await;
        let (upstream, names) = (peer.upstream(json!({ "cool_down": "10m", "cool_down_max": "10m" })), names(20));
        let server = async {
            let mut talk = peer.talk().await;
            if reads_first {
                talk.searches(20).await;
            }
        };
        tokio::join!(all_fail(&upstream, &names), server);
        assert!(peer.is_left_alone().await);
    }
}

#[tokio::test] // FLT-04
async fn a_notice_of_disconnection_ends_the_connection_for_all() {
    let peer = Peer::start().await;
    let (upstream, names) = (peer.upstream(json!({})), names(3));
    let server = async {
        let mut first = peer.talk().await;
        let search = first.search().await;
        first.answer(&search).await;
        first.searches(3).await;
        let notice = [result(52, "restart"), tlv(0x8A, b"1.3.6.1.4.1.1466.20036")].concat();
        first.say(b"\x00", [tlv(0x78, &notice)]).await;
        let mut second = peer.talk().await;
        for search in second.searches(3).await {
            second.answer(&search).await;
        }
        (first, second)
    };
    let logins = async {
        all_are_found(&upstream, &names[..1]).await;
        all_are_found(&upstream, &names).await;
    };
    tokio::join!(logins, server);
}

#[tokio::test]
async fn a_service_account_is_refused_once_however_many_wait_for_it() {
    let peer = Peer::start().await;
    let (upstream, names) = (peer.upstream(json!({})), names(20));
    let server = async {
        let mut stream = peer.listener.accept().await.unwrap().0;
        let (id, _) = read(&mut stream).await.unwrap();
        let refusal = tlv(0x30, &[tlv(0x02, &id), bind_result(49, "")].concat());
        stream.write_all(&refusal).await.unwrap();
        stream
    };
    let (failed, _stream) = tokio::join!(all_fail(&upstream, &names), server);
    assert!(failed.iter().all(|error| error.contains("the service account is refused")), "{failed:?}");
    assert!(peer.is_left_alone().await);
}

#[tokio::test] // FLT-01
async fn a_login_that_goes_away_does_not_take_along_the_connection_that_others_wait_for() {
    let peer = Peer::start().await;
    let upstream = Arc::new(peer.upstream(json!({})));
    let mut logins = JoinSet::new();
    let of_task = upstream.clone();
    logins.spawn(async move { identify(&of_task, "gone").await });
    let mut stream = peer.listener.accept().await.unwrap().0;
    let (id, _) = read(&mut stream).await.unwrap();
    logins.shutdown().await;
    let names = names(1);
    let server = async {
        let mut talk = Talk(stream);
        talk.say(&id, [bind_result(0, "")]).await;
        let search = talk.search().await;
        talk.answer(&search).await;
        talk
    };
    tokio::join!(all_are_found(&upstream, &names), server);
    assert!(peer.is_left_alone().await);
}

#[tokio::test]
async fn connections_end_when_they_are_idle_and_with_the_directory() {
    let (peer, names) = (Peer::start().await, names(1));
    for more in [json!({ "idle_timeout": "1s" }), json!({})] {
        let ends_by_itself = more.get("idle_timeout").is_some();
        let upstream = peer.upstream(more);
        let server = async {
            let mut talk = peer.talk().await;
            let search = talk.search().await;
            talk.answer(&search).await;
            talk
        };
        let ((), mut talk) = tokio::join!(all_are_found(&upstream, &names), server);
        let kept = ends_by_itself.then_some(upstream);
        assert!(read(&mut talk.0).await.is_none());
        drop(kept);
    }
}

#[tokio::test]
async fn a_connection_that_is_being_opened_ends_with_the_directory() {
    let peer = Peer::start().await;
    for is_answered in [true, false] {
        let upstream = Arc::new(peer.upstream(json!({ "timeout": "1s" })));
        let mut logins = JoinSet::new();
        let of_task = upstream.clone();
        logins.spawn(async move { identify(&of_task, "gone").await });
        let mut talk = Talk(peer.listener.accept().await.unwrap().0);
        let (id, _) = read(&mut talk.0).await.unwrap();
        logins.shutdown().await;
        let directory = Arc::downgrade(&upstream.directory());
        drop(upstream);
        if is_answered {
            talk.say(&id, [bind_result(0, "")]).await;
        }
        assert!(read(&mut talk.0).await.is_none());
        assert_eq!(directory.strong_count(), 0);
    }
}
