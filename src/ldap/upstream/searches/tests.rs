use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

fn done() -> Heard {
    Heard::Done(LdapResult::default())
}

fn answer(searches: &mut Searches, id: i32) -> Option<Answer> {
    searches.fetch(id, Waker::noop())
}

#[test]
fn an_id_that_was_given_up_leads_to_nothing_though_its_place_is_taken_again() {
    let mut searches = Searches::new();
    let first = searches.begin(1).unwrap();
    assert!(searches.forget(first));
    let second = searches.begin(1).unwrap();
    assert_eq!(place_of(first), place_of(second));
    assert!(matches!(searches.hear(first, done()), Effect::None));
    assert!(answer(&mut searches, second).is_none());
    assert!(matches!(searches.hear(second, done()), Effect::Over(_)));
    assert!(answer(&mut searches, second).unwrap().is_ok());
    assert!(!searches.forget(second));
    assert_eq!(searches.under_way(), 0);
}

#[test]
fn there_is_room_for_so_many_and_not_one_more() {
    let mut searches = Searches::new();
    let ids: HashSet<i32> = (0..SEARCHES_MAX).map(|_| searches.begin(1).unwrap()).collect();
    assert_eq!((ids.len(), searches.under_way()), (SEARCHES_MAX, SEARCHES_MAX));
    assert_eq!(searches.begin(1), None);
    // Answered and not fetched, it still has its place.
    let one = *ids.iter().next().unwrap();
    searches.hear(one, done());
    assert_eq!(searches.begin(1), None);
    assert!(answer(&mut searches, one).unwrap().is_ok());
    assert!(searches.begin(1).is_some());
}

#[test]
fn ids_begin_anew_before_the_largest() {
    let mut searches = Searches { turn: TURN_LAST - 1, ..Searches::new() };
    let ids = [(); 3].map(|()| searches.begin(1).unwrap());
    assert!(ids.iter().all(|id| (1 << 23..i32::MAX).contains(id)), "{ids:?}");
    assert!(ids[2] < ids[0]);
}

#[test]
fn the_end_of_a_connection_is_told_to_all_who_wait_and_leaves_what_was_answered() {
    let mut searches = Searches::new();
    let [answered, waiting] = [(); 2].map(|()| searches.begin(1).unwrap());
    searches.hear(answered, done());
    assert!(answer(&mut searches, waiting).is_none());
    assert_eq!(searches.end(&Fault::Disconnected).len(), 1);
    assert!(answer(&mut searches, answered).unwrap().is_ok());
    assert!(matches!(answer(&mut searches, waiting), Some(Err(Fault::Disconnected))));
}

proptest! {
    /// Whatever is begun, answered, fetched and given up in whatever order: ids of those under way differ, and each
    /// search gets its own answer.
    #[test]
    fn every_search_gets_its_own_answer(turn in TURN_FIRST..=TURN_LAST, steps in proptest::collection::vec((0..4_u8, any::<usize>()), 1..400)) {
        let mut searches = Searches { turn, ..Searches::new() };
        let (mut waiting, mut answered, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        for (step, chance) in steps {
            let pick = |ids: &mut Vec<i32>| (!ids.is_empty()).then(|| ids.swap_remove(chance % ids.len()));
            match step {
                0 | 1 => match searches.begin(1) {
                    Some(id) => {
                        prop_assert!(!waiting.contains(&id) && !answered.contains(&id));
                        waiting.push(id);
                    }
                    None => prop_assert_eq!(waiting.len() + answered.len(), SEARCHES_MAX),
                },
                2 => if let Some(id) = pick(&mut waiting) {
                    let result = LdapResult { code: id.unsigned_abs(), ..LdapResult::default() };
                    prop_assert!(matches!(searches.hear(id, Heard::Done(result)), Effect::Over(_)));
                    answered.push(id);
                },
                _ => {
                    if let Some(id) = pick(&mut answered) {
                        let (_, result) = answer(&mut searches, id).unwrap().unwrap();
                        prop_assert_eq!(result.code, id.unsigned_abs());
                    }
                    if let Some(id) = pick(&mut waiting) {
                        prop_assert!(searches.forget(id));
                        gone.push(id);
                    }
                    if let Some(id) = pick(&mut gone) {
                        prop_assert!(matches!(searches.hear(id, done()), Effect::None));
                    }
                }
            }
            prop_assert_eq!(searches.under_way(), waiting.len());
        }
    }
}
