//! Searches of several requests: pages, and sorted results.

use vestibule_peers::slapd::{PEOPLE, SUFFIX};

use super::operations::page;
use super::pair::{Pair, masked, one};
use crate::harness::chance::Chance;
use crate::harness::ldap_wire::Response;
use crate::harness::ldap_wire::request::{
    SUBTREE, Search, constructed, control, element, equals, pair, present, string,
};

const PAGED: &str = "1.2.840.113556.1.4.319";
const SORT: &str = "1.2.840.113556.1.4.473";

/// One search to its end, or until we have enough of it; how many requests that took.
pub(super) async fn walk(both: &mut Pair, chance: &mut Chance) -> usize {
    match chance.below(4) {
        0 => sorted(both, chance).await,
        _ => paged(both, chance).await,
    }
}

async fn paged(both: &mut Pair, chance: &mut Chance) -> usize {
    let filter = [present("objectClass"), equals("objectClass", "inetOrgPerson"), pair(0xA5, "uid", "user0050")];
    let search = Search {
        attributes: [&["cn"][..], &[], &["1.1"]][chance.below(3)],
        ..Search::new(chance.pick(&[PEOPLE, SUFFIX]), SUBTREE, filter[chance.below(3)].clone())
    };
    let (operation, mut cookie, mut size) = (search.operation(), Vec::new(), 1 + chance.below(90));
    for asked in 1.. {
        let page = page(i64::try_from(size).unwrap(), &cookie, chance.once_in(2));
        let last = two(both, &format!("page of {size}"), &operation, &[page]).await;
        cookie = last
            .controls()
            .into_iter()
            .find(|(name, _)| name == PAGED)
            .map_or(Vec::new(), |(_, value)| cookie_of(&value));
        if cookie.is_empty() {
            return asked;
        }
        // Sometimes the size changes, and 0 gives the rest up (LDP-19).
        size = match chance.below(10) {
            0 => 0,
            1 => 1 + chance.below(90),
            _ => size,
        };
    }
    unreachable!()
}

/// RFC 2891.
async fn sorted(both: &mut Pair, chance: &mut Chance) -> usize {
    let key = |attribute: &str, is_reversed: bool| {
        let mut parts = vec![string(attribute), element(0x80, b"caseIgnoreOrderingMatch")];
        if is_reversed {
            parts.push(element(0x81, &[0xFF]));
        }
        constructed(0x30, &parts)
    };
    let attribute = chance.pick(&["sn", "uid", "cn", "noSuchAttribute"]);
    let keys = constructed(0x30, &[key(attribute, chance.once_in(2)), key("uid", false)]);
    let search = Search { size: [0, 10][chance.below(2)], ..Search::new(PEOPLE, SUBTREE, present("uid")) };
    let sort = control(SORT, chance.once_in(2), Some(&keys));
    two(both, &format!("sort by {attribute}"), &search.operation(), &[sort]).await;
    1
}

/// Ask both, compare, and look at the last response through the gateway.
async fn two(both: &mut Pair, what: &str, operation: &[u8], controls: &[Vec<u8>]) -> Response {
    let asked = one(3, what.to_owned(), operation, controls);
    both.direct.send(&asked.octets).await;
    both.through.send(&asked.octets).await;
    let (direct, through) = (both.direct.answers(3).await, both.through.answers(3).await);
    assert_eq!(masked(Some(&direct)), masked(Some(&through)), "{asked:?}\nhas {direct:?}\nand   {through:?}");
    through.last().unwrap().clone()
}

/// The cookie at the end of a page's control.
fn cookie_of(value: &[u8]) -> Vec<u8> {
    let size = usize::from(value[3]);
    value[4 + size + 2..].to_vec()
}
