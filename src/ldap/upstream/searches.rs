//! The searches under way on one connection. Each has a place, and its message id leads there: the lower bits say which
//! place, the others whose turn it was.

use std::task::Waker;

use super::fault::Fault;
use super::findings::{Findings, Heard};
use super::result::LdapResult;

/// So many searches share one connection. A directory works on each of them at the same time, as far as it can; more
/// than that wait at its end instead of ours, where they could be given to another server.
pub(super) const SEARCHES_MAX: usize = u64::BITS as usize;
const PLACE_BITS: u32 = SEARCHES_MAX.trailing_zeros();
/// Message ids have the same length from here on to the largest, and are none of those with which a connection begins.
const TURN_FIRST: i32 = 1 << 17;
const TURN_LAST: i32 = (i32::MAX >> PLACE_BITS) - 1;

pub(super) type Answer = Result<(Findings, LdapResult), Fault>;

#[derive(Debug)]
pub(super) struct Searches {
    places: Vec<Option<Search>>,
    /// A bit for each place that is free.
    free: u64,
    turn: i32,
    under_way: usize,
}

#[derive(Debug)]
struct Search {
    id: i32,
    stage: Stage,
    waker: Option<Waker>,
}

#[derive(Debug)]
enum Stage {
    UnderWay(Findings),
    /// It waits to be fetched.
    Over(Answer),
}

/// What an answer meant for the search it was to.
pub(super) enum Effect {
    /// It goes on, or nobody waits for it any more.
    None,
    Over(Option<Waker>),
    /// It is of no use, and the server may still be answering.
    GivenUp(Option<Waker>),
}

impl Searches {
    pub(super) fn new() -> Self {
        Self { places: Vec::new(), free: u64::MAX, turn: TURN_FIRST, under_way: 0 }
    }

    /// A message id for a search for so many entries; `None` while there is no place.
    pub(super) fn begin(&mut self, limit: usize) -> Option<i32> {
        let place = self.free.trailing_zeros() as usize;
        if place >= SEARCHES_MAX {
            return None;
        }
        if self.places.len() <= place {
            self.places.resize_with(place + 1, || None);
        }
        let id = self.next_turn() | i32::try_from(place).ok()?;
        *self.places.get_mut(place)? = Some(Search { id, stage: Stage::UnderWay(Findings::new(limit)), waker: None });
        self.free &= !(1 << place);
        self.under_way += 1;
        Some(id)
    }

    /// A message id for what has no answer.
    pub(super) fn id_without_place(&mut self) -> i32 {
        self.next_turn()
    }

    /// How many are not answered yet.
    pub(super) fn under_way(&self) -> usize {
        self.under_way
    }

    pub(super) fn hear(&mut self, id: i32, heard: Heard) -> Effect {
        let Some(search) = self.at(id) else { return Effect::None };
        let Stage::UnderWay(findings) = &mut search.stage else { return Effect::None };
        let (answer, is_given_up) = match findings.take(heard) {
            Ok(None) => return Effect::None,
            Ok(Some(result)) => (Ok((std::mem::replace(findings, Findings::new(0)), result)), false),
            Err(fault) => (Err(fault), true),
        };
        search.stage = Stage::Over(answer);
        let waker = search.waker.take();
        self.under_way -= 1;
        if is_given_up { Effect::GivenUp(waker) } else { Effect::Over(waker) }
    }

    /// The answer, if it is there; else `waker` is woken when it is.
    pub(super) fn fetch(&mut self, id: i32, waker: &Waker) -> Option<Answer> {
        let Some(search) = self.at(id) else { return Some(Err(Fault::Disconnected)) };
        if matches!(search.stage, Stage::UnderWay(_)) {
            if !search.waker.as_ref().is_some_and(|known| known.will_wake(waker)) {
                search.waker = Some(waker.clone());
            }
            return None;
        }
        match self.leave(id)?.stage {
            Stage::Over(answer) => Some(answer),
            Stage::UnderWay(_) => None,
        }
    }

    /// Nobody waits for it any more. Whether it was not answered yet.
    pub(super) fn forget(&mut self, id: i32) -> bool {
        let was_under_way = self.leave(id).is_some_and(|search| matches!(search.stage, Stage::UnderWay(_)));
        self.under_way -= usize::from(was_under_way);
        was_under_way
    }

    /// No answer comes any more. Who is to be told.
    pub(super) fn end(&mut self, fault: &Fault) -> Vec<Waker> {
        self.under_way = 0;
        let searches = self.places.iter_mut().flatten().filter(|search| matches!(search.stage, Stage::UnderWay(_)));
        searches
            .filter_map(|search| {
                search.stage = Stage::Over(Err(fault.clone()));
                search.waker.take()
            })
            .collect()
    }

    fn at(&mut self, id: i32) -> Option<&mut Search> {
        self.places.get_mut(place_of(id))?.as_mut().filter(|search| search.id == id)
    }

    fn leave(&mut self, id: i32) -> Option<Search> {
        let place = place_of(id);
        let search = self.places.get_mut(place)?.take_if(|search| search.id == id)?;
        self.free |= 1 << place;
        Some(search)
    }

    fn next_turn(&mut self) -> i32 {
        self.turn = if self.turn < TURN_LAST { self.turn + 1 } else { TURN_FIRST };
        self.turn << PLACE_BITS
    }
}

fn place_of(id: i32) -> usize {
    id.unsigned_abs() as usize % SEARCHES_MAX
}

#[cfg(test)]
mod tests;
