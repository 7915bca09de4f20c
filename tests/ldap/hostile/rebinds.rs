//! Binds one after the other, and behind what was asked before: nobody stays who they were.

use std::time::Duration;

use vestibule_peers::slapd::{self, PEOPLE, user_dn};

use crate::harness::ldap_wire::request::{self, SUBTREE, Search, bind, delete, message, present, whoami};
use crate::ldap::keeper::{Inside, KEEPER, PLAIN, Plan, SHED, stage};

/// Long enough for slapd to tell, if it told.
const A_WHILE: Duration = Duration::from_millis(700);

const SUCCESS: u32 = 0;
const STRONGER_AUTH_REQUIRED: u32 = 8;
const INVALID_CREDENTIALS: u32 = 49;

#[tokio::test] // LDP-05
async fn bind_behind_a_large_search_waits_for_its_end() {
    const PEOPLE_THERE: u32 = 400;
    let plan = Plan { users: Some(PEOPLE_THERE), exempt: &[KEEPER], ..Plan::default() };
    let Some(stage) = stage(&plan).await else { return };
    let mut wire = stage.wire_as(KEEPER).await;
    let everybody = Search::new(PEOPLE, SUBTREE, present("objectClass")).operation();
    let other = bind(&user_dn(PLAIN), &slapd::user_password(PLAIN));
    wire.send(&[message(2, &everybody, &[]), message(3, &other, &[]), message(4, &whoami(), &[])].concat()).await;
    let found = wire.answers(2).await;
    assert!(found.len() > usize::try_from(PEOPLE_THERE).unwrap());
    assert_eq!(found.last().unwrap().code(), SUCCESS);
    assert_eq!(wire.code(3).await, SUCCESS);
    let me = wire.answers(4).await.pop().unwrap();
    assert_eq!(me.value().unwrap(), format!("dn:{}", user_dn(PLAIN)).into_bytes());
    stage.assert_alive().await;
    stage.end().await;
}

#[tokio::test] // LDP-05
async fn search_without_an_end_before_a_bind_is_given_up_and_the_bind_goes_on() {
    let Some(stage) = stage(&Plan { exempt: &[KEEPER], ..Plan::default() }).await else { return };
    let mut wire = stage.wire_as(KEEPER).await;
    // RFC 4533: refresh, and stay for what changes.
    let sync = request::control("1.3.6.1.4.1.4203.1.9.1.1", true, Some(b"\x30\x03\x0a\x01\x03"));
    let search = Search::new(SHED, SUBTREE, present("objectClass")).operation();
    wire.send(&message(2, &search, &[sync])).await;
    assert_eq!(wire.next().await.unwrap().dn(), SHED);
    let other = bind(&user_dn(PLAIN), &slapd::user_password(PLAIN));
    wire.send(&[message(3, &other, &[]), message(4, &whoami(), &[])].concat()).await;
    let bound = loop {
        let response = wire.next().await.unwrap();
        if response.id != 2 {
            break response;
        }
        assert!(!response.is_final(), "{response:?}");
    };
    assert_eq!((bound.id, bound.code()), (3, SUCCESS));
    assert_eq!(wire.answers(4).await[0].value().unwrap(), format!("dn:{}", user_dn(PLAIN)).into_bytes());
    // What changes now is told to nobody.
    Inside::of(stage.directory()).await.put("later").await;
    wire.assert_silent(A_WHILE).await;
    stage.assert_alive().await;
    stage.end().await;
}

#[tokio::test] // LDP-05
async fn two_binds_in_one_segment_are_decided_one_after_the_other() {
    let Some(stage) = stage(&Plan { exempt: &[KEEPER], ..Plan::default() }).await else { return };
    let right = |number| bind(&user_dn(number), &slapd::user_password(number));
    let wrong = bind(&user_dn(5), "guess");
    let empty = bind(&user_dn(KEEPER), "");
    let nobody = String::new();
    let dn = |number| format!("dn:{}", user_dn(number));
    for (first, second, codes, me) in [
        (right(KEEPER), right(PLAIN), [0, 0], dn(PLAIN)),
        (right(PLAIN), right(KEEPER), [0, 0], dn(KEEPER)),
        (right(KEEPER), wrong.clone(), [0, 49], nobody.clone()),
        (wrong.clone(), right(KEEPER), [49, 0], dn(KEEPER)),
        (wrong.clone(), wrong.clone(), [49, 49], nobody.clone()),
        (right(KEEPER), empty.clone(), [0, 53], nobody.clone()),
        (right(KEEPER), bind("", ""), [0, 0], nobody.clone()),
        (bind("", ""), right(PLAIN), [0, 0], dn(PLAIN)),
    ] {
        let mut wire = stage.wire().await;
        wire.send(&[message(2, &first, &[]), message(3, &second, &[])].concat()).await;
        assert_eq!([wire.code(2).await, wire.code(3).await], codes);
        assert_eq!(wire.whoami(4).await, me);
    }
    stage.assert_alive().await;
    stage.end().await;
}

#[tokio::test] // LDP-06, LDP-08, B10
async fn who_binds_again_is_no_more_who_they_were() {
    let Some(stage) = stage(&Plan { exempt: &[KEEPER], ..Plan::default() }).await else { return };
    let mut inside = Inside::of(stage.directory()).await;
    let dn = inside.put("kept").await;
    let plain = (user_dn(PLAIN), slapd::user_password(PLAIN));
    for (name, typed, bound, me, deleted) in [
        (String::new(), String::new(), 0, String::new(), STRONGER_AUTH_REQUIRED),
        (plain.0.clone(), plain.1, 0, format!("dn:{}", plain.0), 50),
        (plain.0, "guess".to_owned(), INVALID_CREDENTIALS, String::new(), STRONGER_AUTH_REQUIRED),
        // Needs a factor and has none.
        (user_dn(4), slapd::user_password(4), INVALID_CREDENTIALS, String::new(), STRONGER_AUTH_REQUIRED),
        (user_dn(KEEPER), "guess".to_owned(), INVALID_CREDENTIALS, String::new(), STRONGER_AUTH_REQUIRED),
        (user_dn(KEEPER), String::new(), 53, String::new(), STRONGER_AUTH_REQUIRED),
        (
            "uid=nobody,dc=nowhere".to_owned(),
            "x".to_owned(),
            INVALID_CREDENTIALS,
            String::new(),
            STRONGER_AUTH_REQUIRED,
        ),
    ] {
        let mut wire = stage.wire_as(KEEPER).await;
        assert_eq!(wire.bind(2, &name, &typed).await, bound, "{name}");
        assert_eq!(wire.whoami(3).await, me, "{name}");
        assert_eq!(wire.ask(4, &delete(&dn)).await[0].code(), deleted, "{name}");
        assert!(inside.is_as_it_was(&dn).await, "{name}");
        // And they may become it again.
        assert_eq!(wire.bind(5, &user_dn(KEEPER), &slapd::user_password(KEEPER)).await, SUCCESS);
        assert_eq!(wire.whoami(6).await, format!("dn:{}", user_dn(KEEPER)));
    }
    stage.assert_alive().await;
    stage.end().await;
}
