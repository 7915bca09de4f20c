//! The model sees what it is there to see: a good game passes, and each way to spoil it is told.

use vestibule_peers::slapd::user_dn;

use super::model::{Counted, check};
use super::moves::{Bind, Move, Player, What};
use crate::harness::ldap_wire::Response;
use crate::harness::ldap_wire::request::{element, string};
use crate::ldap::keeper::{KEEPER, PLAIN};

type Spoil = dyn Fn(&mut Vec<Response>);

fn result(id: u8, tag: u8, code: u8, value: Option<&str>) -> Response {
    let mut content = [vec![0x0A, 1, code], string(""), string("")].concat();
    content.extend(value.map(|value| element(0x8B, value.as_bytes())).unwrap_or_default());
    let octets = element(0x30, &[vec![0x02, 1, id], element(tag, &content)].concat());
    Response { id: i64::from(id), tag, octets }
}

fn me(id: u8, who: Option<u32>) -> Response {
    result(id, 0x78, 0, Some(&who.map(|who| format!("dn:{}", user_dn(who))).unwrap_or_default()))
}

fn bound(id: u8, code: u8) -> Response {
    result(id, 0x61, code, None)
}

/// The keeper asks who they are, signs in as somebody else and asks, is refused and asks twice, and is nobody at the end.
fn game() -> (Vec<Move>, Vec<Response>) {
    let mut player = Player::new(0, String::new());
    let moves = [
        What::Bind(Bind::Keeper),
        What::Whoami,
        What::Bind(Bind::Plain),
        What::Whoami,
        What::Bind(Bind::WrongPassword),
        What::Whoami,
        What::Whoami,
        What::Bind(Bind::Anonymous),
    ];
    let moves = moves.into_iter().map(|what| player.make(what)).collect();
    let heard = vec![
        bound(1, 0),
        me(2, Some(KEEPER)),
        bound(3, 0),
        me(4, Some(PLAIN)),
        bound(5, 49),
        result(6, 0x78, 1, None),
        me(7, None),
        bound(8, 0),
    ];
    (moves, heard)
}

#[test]
fn a_good_game_passes_and_a_spoilt_one_does_not() {
    let (moves, heard) = game();
    let judge = |moves: &[Move], heard: &[Response]| check(moves, heard, &mut Counted::default()).map(|_| ());
    assert_eq!(judge(&moves, &heard), Ok(()));
    let spoilt: [(&str, &Spoil); 10] = [
        ("as the one before", &|heard| heard[3] = me(4, Some(KEEPER))),
        ("as the one after", &|heard| heard[1] = me(2, Some(PLAIN))),
        ("somebody behind a refusal", &|heard| heard[6] = me(7, Some(PLAIN))),
        ("refused behind a bind that was not", &|heard| heard[3] = result(4, 0x78, 1, None)),
        ("refused behind one that nobody refused", &|heard| {
            (heard[5], heard[6]) = (me(6, None), result(7, 0x78, 1, None))
        }),
        ("before its bind", &|heard| heard.swap(2, 3)),
        ("behind the next bind", &|heard| heard.swap(1, 2)),
        ("twice", &|heard| heard.insert(4, me(4, Some(PLAIN)))),
        ("not at all", &|heard| drop(heard.remove(3))),
        ("what nobody asked", &|heard| heard.insert(4, me(99, None))),
    ];
    for (how, spoil) in spoilt {
        let mut heard = heard.clone();
        spoil(&mut heard);
        assert!(judge(&moves, &heard).is_err(), "{how}");
    }
    // Who has read of the refusal is not refused for it.
    let (mut moves, heard) = game();
    moves[5].known = 5;
    assert!(judge(&moves, &heard).is_err());
}
