//! One login asked twice is one login. A client that sends its question again while we work on it (with a new
//! identifier, over a new connection, through another address of ours) joins the work instead of starting it anew: one
//! upstream attempt, one push, one verdict for all of them.
//!
//! This is the part within one node, for logins that run right now. Those that wait are found by their key in the
//! store, on any node.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::{CoalesceKey, Prompt, Step, Verdict};

/// What came out, in a form that several can have.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    Show(Prompt),
    Done(Verdict),
    /// We could not find out; asking upstream once more for the same question would be a second attempt.
    Failed,
}

impl Outcome {
    pub(crate) fn of<E>(result: &Result<Step, E>) -> Self {
        match result {
            Ok(Step::Show(prompt)) => Self::Show(prompt.clone()),
            Ok(Step::Done(verdict)) => Self::Done(verdict.clone()),
            Err(_) => Self::Failed,
        }
    }
}

type Running = Arc<Mutex<HashMap<CoalesceKey, watch::Receiver<Option<Outcome>>>>>;

#[derive(Default)]
pub(crate) struct Coalescer {
    running: Running,
}

pub(crate) enum Seat {
    /// Nobody else works on it: do, and tell.
    Lead(Lead),
    /// Somebody does.
    Follow(watch::Receiver<Option<Outcome>>),
}

/// The duty to tell. Dropped without telling (the leader's client went away), a follower takes the lead.
pub(crate) struct Lead {
    key: CoalesceKey,
    tell: watch::Sender<Option<Outcome>>,
    running: Running,
}

impl Coalescer {
    pub(crate) fn sit(&self, key: CoalesceKey) -> Seat {
        let mut running = lock(&self.running);
        if let Some(receiver) = running.get(&key) {
            return Seat::Follow(receiver.clone());
        }
        let (tell, receiver) = watch::channel(None);
        running.insert(key, receiver);
        Seat::Lead(Lead { key, tell, running: Arc::clone(&self.running) })
    }
}

impl Lead {
    pub(crate) fn tell(self, outcome: Outcome) {
        self.tell.send_replace(Some(outcome));
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        lock(&self.running).remove(&self.key);
    }
}

/// Wait for the leader. `None`: the leader left without a word.
pub(crate) async fn follow(mut receiver: watch::Receiver<Option<Outcome>>) -> Option<Outcome> {
    receiver.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone())
}

fn lock(running: &Running) -> MutexGuard<'_, HashMap<CoalesceKey, watch::Receiver<Option<Outcome>>>> {
    // The map is valid after every statement, so a panic elsewhere does not make it less so.
    running.lock().unwrap_or_else(PoisonError::into_inner)
}
