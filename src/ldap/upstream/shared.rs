//! A connection of the service account that carries many searches at once.
//!
//! ```text
//!  login ─ ask ─▶ outgoing octets ─▶ driver ─▶ one write    (for all that asked meanwhile)
//!        ◀─ wake ─ its own answer ◀─ by id ◀── one read     (with the answers for many)
//! ```
//!
//! Who asks puts the octets of the question here and waits; [`Driver`](super::driver) is the one task that moves octets.
//! Both meet under a lock that is held for some hundred nanoseconds, and never while anything is parsed or waited for.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::entry::{Ask, Entry};
use super::fault::Fault;
use super::findings::Heard;
use super::searches::{Answer, Effect, Searches};
use crate::wire::{put_abandon, put_message};

/// A connection on which so much is not written yet takes no more: its server does not read.
const OUTGOING_MAX: usize = 4 << 20;
/// A connection on which nothing has come for so long since a search that is given up was asked may hang. A search with
/// less time than that says nothing of its server.
const SILENCE_MAX: Duration = Duration::from_millis(250);

pub(super) struct Shared {
    /// A search that began before knows that the server may have closed it while it was idle.
    pub(super) opened: Instant,
    state: Mutex<State>,
}

struct State {
    searches: Searches,
    outgoing: Vec<u8>,
    /// How many searches are in there, and not sent yet.
    unsent: usize,
    standing: Standing,
    /// The driver, while it has nothing to do.
    asleep: Option<Waker>,
    /// When octets came last.
    last_heard: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Open,
    /// A search was given up after [`SILENCE_MAX`], and nothing has come since it was asked: the server may hang.
    Doubted,
    Ended,
}

/// Why a search cannot be asked here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Full,
    Doubted,
    Ended,
}

/// What the driver is to do about outgoing octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outgoing {
    None,
    /// Others are under way too, so more may come in a moment.
    Gather,
    Taken,
}

/// What the driver is to do when there is nothing to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    Sleep,
    /// Somebody has asked meanwhile.
    Write,
    /// No more searches come here, and none is under way.
    End,
}

/// A search that was asked. Dropping it gives it up.
pub(super) struct Asked {
    shared: Arc<Shared>,
    /// Until the answer is fetched.
    id: Option<i32>,
    at: Instant,
}

impl Shared {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        let state = State {
            searches: Searches::new(),
            outgoing: Vec::new(),
            unsent: 0,
            standing: Standing::Open,
            asleep: None,
            last_heard: now,
        };
        Self { opened: now, state: Mutex::new(state) }
    }

    /// Ask: `operation` is a search for at most `limit` entries.
    pub(super) fn ask(self: &Arc<Self>, operation: &[u8], limit: usize) -> Result<Asked, Refused> {
        let mut state = self.state();
        match state.standing {
            Standing::Open => {}
            Standing::Doubted => return Err(Refused::Doubted),
            Standing::Ended => return Err(Refused::Ended),
        }
        if state.outgoing.len() > OUTGOING_MAX {
            return Err(Refused::Full);
        }
        let id = state.searches.begin(limit).ok_or(Refused::Full)?;
        put_message(&mut state.outgoing, id, operation);
        state.unsent += 1;
        wake(state);
        Ok(Asked { shared: Arc::clone(self), id: Some(id), at: Instant::now() })
    }

    pub(super) fn has_ended(&self) -> bool {
        self.state().standing == Standing::Ended
    }

    /// What is to be written next, put into `writing`, which is empty. `has_gathered`: it has waited for more already.
    pub(super) fn take_outgoing(&self, writing: &mut Vec<u8>, has_gathered: bool) -> Outgoing {
        let mut state = self.state();
        if state.outgoing.is_empty() {
            return Outgoing::None;
        }
        if !has_gathered && state.searches.under_way() > state.unsent {
            return Outgoing::Gather;
        }
        std::mem::swap(&mut state.outgoing, writing);
        state.unsent = 0;
        Outgoing::Taken
    }

    /// Let the driver sleep until there is something to do. `is_blocked`: the socket takes nothing now.
    pub(super) fn sleep(&self, waker: &Waker, is_blocked: bool) -> Rest {
        let mut state = self.state();
        if state.standing == Standing::Doubted && state.searches.under_way() == 0 {
            return Rest::End;
        }
        if !is_blocked && !state.outgoing.is_empty() {
            return Rest::Write;
        }
        state.asleep = Some(waker.clone());
        Rest::Sleep
    }

    /// These answers have come; `is_whole`: one of them to its end. Puts who has theirs now into `woken`.
    pub(super) fn hear(&self, heard: &mut Vec<(i32, Heard)>, is_whole: bool, woken: &mut Vec<Waker>) {
        let mut state = self.state();
        if is_whole {
            state.last_heard = Instant::now();
        }
        if is_whole && state.standing == Standing::Doubted {
            state.standing = Standing::Open;
        }
        for (id, heard) in heard.drain(..) {
            match state.searches.hear(id, heard) {
                Effect::None => {}
                Effect::Over(waker) => woken.extend(waker),
                Effect::GivenUp(waker) => {
                    woken.extend(waker);
                    state.abandon(id);
                }
            }
        }
    }

    /// Whether it was not used for so long; if it was, until when it may stay.
    pub(super) fn rests_until(&self, idle_timeout: Duration) -> Option<Instant> {
        let state = self.state();
        let now = Instant::now();
        let since = if state.searches.under_way() > 0 { now } else { state.last_heard };
        Some(since + idle_timeout).filter(|until| *until > now)
    }

    /// It has ended: nobody gets an answer any more.
    pub(super) fn end(&self, fault: &Fault) {
        let mut state = self.state();
        state.standing = Standing::Ended;
        state.outgoing = Vec::new();
        let wakers = state.searches.end(fault);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    fn poll_answer(&self, id: i32, context: &Context<'_>) -> Poll<Answer> {
        let mut state = self.state();
        let answer = state.searches.fetch(id, context.waker());
        answer.map_or(Poll::Pending, Poll::Ready)
    }

    /// Nobody waits any more for this answer, asked for then.
    fn give_up(&self, id: i32, asked: Instant) {
        let mut state = self.state();
        if !state.searches.forget(id) {
            return;
        }
        state.abandon(id);
        let is_silent = state.last_heard <= asked && asked.elapsed() >= SILENCE_MAX;
        if is_silent && state.standing == Standing::Open {
            state.standing = Standing::Doubted;
        }
        wake(state);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn abandon(&mut self, abandoned: i32) {
        let id = self.searches.id_without_place();
        put_abandon(&mut self.outgoing, id, abandoned);
    }
}

/// Wake the driver, if it sleeps.
fn wake(mut state: MutexGuard<'_, State>) {
    let asleep = state.asleep.take();
    drop(state);
    if let Some(driver) = asleep {
        driver.wake();
    }
}

impl Asked {
    pub(super) fn opened(&self) -> Instant {
        self.shared.opened
    }

    pub(super) async fn answer(mut self, ask: &Ask<'_>, deadline: Instant) -> Result<Vec<Entry>, Fault> {
        let Some(id) = self.id else { return Err(Fault::Disconnected) };
        let answered = poll_fn(|context| self.shared.poll_answer(id, context));
        let (findings, result) = timeout_at(deadline, answered).await.map_err(|_elapsed| Fault::TimedOut)??;
        self.id = None;
        findings.conclude(&result, ask)
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.shared.give_up(id, self.at);
        }
    }
}

#[cfg(test)]
mod tests;
