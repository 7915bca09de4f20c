//! What goes through untouched, and the bind that only checks passwords.

use vestibule_peers::ldap_tools::code;
use vestibule_peers::samba::people::{BOB, EVERYONE, READER};
use vestibule_peers::samba::{ADMIN_DN, ADMIN_PASSWORD, BASE, GROUPS};

use super::domain::Domain;
use crate::harness::ldap_wire::request::{
    BASE as ENTRY_ALONE, SUBTREE, Search, constructed, control, element, equals, extended, number, present,
};
use crate::harness::ldap_wire::{Response, Wire};

const FAST_BIND: &str = "1.2.840.113556.1.4.1781";
const DIR_SYNC: &str = "1.2.840.113556.1.4.841";
const SHOW_DELETED: &str = "1.2.840.113556.1.4.417";

/// LDP-28, LDP-31
pub(super) async fn large_groups_and_changes_come_octet_for_octet(domain: &Domain) {
    let (mut door, mut direct) = (domain.wire().await, domain.direct().await);
    for wire in [&mut door, &mut direct] {
        assert_eq!(wire.bind(1, &READER.dn(), &READER.password()).await, 0);
    }
    let group = format!("CN=everyone,{GROUPS}");
    for (attribute, count) in [
        ("member", EVERYONE as usize),
        ("member;range=0-1499", 1_500),
        ("member;range=1500-*", EVERYONE as usize - 1_500),
    ] {
        let attributes = [attribute];
        let search = Search { attributes: &attributes, ..Search::new(&group, ENTRY_ALONE, present("objectClass")) };
        let heard = both(&mut door, &mut direct, &search, &[]).await;
        assert_eq!(heard[0].attributes()[0].1.len(), count, "{attribute}");
    }
    // Referrals to the domain's other parts are told, not followed (LDP-26).
    let heard = both(&mut door, &mut direct, &Search::new(BASE, SUBTREE, equals("sAMAccountName", "ada")), &[]).await;
    assert!(heard.iter().any(|response| response.tag == 0x73), "{heard:?}");

    // A program that follows what changes, and what was deleted.
    let gone = format!("CN=Contact 0001,OU=Contacts,{BASE}");
    assert_eq!(domain.administrator().delete(&gone).await.unwrap().code, code::SUCCESS);
    for wire in [&mut door, &mut direct] {
        assert_eq!(wire.bind(1, ADMIN_DN, ADMIN_PASSWORD).await, 0);
    }
    let deleted =
        Search { attributes: &["cn", "isDeleted"], ..Search::new(BASE, SUBTREE, equals("isDeleted", "TRUE")) };
    let heard = both(&mut door, &mut direct, &deleted, &[control(SHOW_DELETED, true, None)]).await;
    assert!(heard.iter().any(|one| one.tag == 0x64 && one.dn().contains("Contact 0001\\0ADEL:")), "{heard:?}");
    let since_ever = constructed(0x30, &[element(2, &number(0)), element(2, &number(1 << 20)), element(4, b"")]);
    let changes = Search { attributes: &["cn"], ..Search::new(BASE, SUBTREE, equals("objectClass", "user")) };
    let asked = [control(DIR_SYNC, true, Some(&since_ever))];
    let heard = both(&mut door, &mut direct, &changes, &asked).await;
    let controls = heard.last().unwrap().controls();
    assert!(controls.iter().any(|(name, value)| name == DIR_SYNC && value.len() > 16), "{controls:?}");
}

/// The same question by both ways; what came is the same.
async fn both(door: &mut Wire, direct: &mut Wire, search: &Search<'_>, controls: &[Vec<u8>]) -> Vec<Response> {
    let operation = search.operation();
    let (through, at_once) =
        (door.ask_with(9, &operation, controls).await, direct.ask_with(9, &operation, controls).await);
    assert_eq!(through.last().unwrap().code(), 0, "{through:?}");
    assert_eq!(through, at_once);
    through
}

/// [MS-ADTS] 3.1.1.3.4.2.4
pub(super) async fn fast_bind_checks_passwords_and_signs_nobody_in(domain: &Domain) {
    let token = domain.enrolled(BOB.account, &BOB.password()).await;
    let mut wire = domain.wire().await;
    let answer = wire.ask(1, &extended(FAST_BIND, None)).await;
    assert_eq!(answer[0].code(), 0, "{answer:?}");
    assert_eq!(wire.bind(2, BOB.upn, &BOB.password()).await, 49, "no way around the factor");
    assert_eq!(wire.bind(3, BOB.upn, &format!("{},{}", BOB.password(), token.code())).await, 0);
    assert_eq!(wire.whoami(4).await, "");
    let search = Search::new(BASE, SUBTREE, equals("sAMAccountName", "ada")).operation();
    assert_eq!(wire.ask(5, &search).await[0].code(), 8);
    assert_eq!(wire.bind(6, READER.upn, "guess").await, 49);
    // Once somebody is signed in, it is too late for it.
    let mut wire = domain.wire().await;
    assert_eq!(wire.bind(1, &READER.dn(), &READER.password()).await, 0);
    assert_ne!(wire.ask(2, &extended(FAST_BIND, None)).await[0].code(), 0);
}
