//! SQLite's writer: a thread that owns the one connection that writes.

use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::time::Instant;

use super::group::settle;
use super::{Desk, Message, QUEUE_MAX, Queue, Taken};
use crate::audit::Filing;
use crate::session::{Session, Sqlite};
use crate::witness::Witness;

/// From the beginning of one group to the beginning of the next, while changes come side by side. A commit costs about the
/// same for one change as for fifty: without this, a fast disk is asked for three logins at a time, and most of the work
/// of a login is its share of the commit.
const PACE: Duration = Duration::from_millis(4);

pub(crate) fn start(desk: Arc<Desk>, sqlite: Sqlite, witness: Witness) -> std::io::Result<(Queue, JoinHandle<()>)> {
    let (sender, queue) = mpsc::sync_channel(QUEUE_MAX);
    let thread = std::thread::Builder::new().name("vestibule-store".into());
    let thread = thread.spawn(move || run(&desk, Session::Sqlite(sqlite), witness, &queue))?;
    Ok((Queue::Thread(sender), thread))
}

fn run(desk: &Desk, mut session: Session, mut witness: Witness, queue: &mpsc::Receiver<Message>) {
    let (mut pace, mut filing) = (Pace::default(), Filing::default());
    loop {
        let first = match witness.due() {
            None => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(within) => queue.recv_timeout(within),
        };
        let first = match first {
            Ok(first) => first,
            Err(RecvTimeoutError::Timeout) => {
                witness.write();
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => break,
        };
        pace.keep();
        let taken = Taken::from(first, || queue.try_recv().ok());
        pace.took(taken.jobs.len());
        if let Some(head) = at_once(settle(&mut session, desk, taken.jobs)) {
            witness.note(&desk.node, &head);
            at_once(filing.turn(&mut session, desk, head.sequence));
        }
        if taken.is_last {
            break;
        }
    }
    witness.write();
    // The next start then finds a short log to read, and a copy of the file alone is whole.
    if desk.check().is_ok()
        && let Err(error) = at_once(session.query("PRAGMA wal_checkpoint(TRUNCATE)", &[]))
    {
        tracing::warn!(error = %error, "The database's log could not be folded into its file; the next start does it");
    }
}

/// When the next group may begin. Who comes alone is held up by nobody, but for the end of a crowd just before.
#[derive(Debug, Default)]
struct Pace {
    next: Option<Instant>,
}

impl Pace {
    #[expect(clippy::disallowed_methods, reason = "the writer's own thread, in no runtime")]
    fn keep(&self) {
        if let Some(remaining) = self.next.and_then(|next| next.checked_duration_since(Instant::now())) {
            // Not a look at the queue for every change that comes: whoever sends wakes nobody meanwhile.
            std::thread::sleep(remaining);
        }
    }

    fn took(&mut self, changes: usize) {
        self.next = (changes > 1).then(|| Instant::now() + PACE);
    }
}

/// Run what never waits: a SQLite session answers in the same breath.
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("a SQLite session never waits"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_alone_is_never_held_up_and_who_comes_in_a_crowd_waits_for_it() {
        let mut pace = Pace::default();
        assert!(pace.next.is_none(), "the first");
        pace.took(1);
        assert!(pace.next.is_none(), "one after another");
        let began = Instant::now();
        pace.took(2);
        assert!(pace.next.is_some_and(|next| next >= began + PACE));
        pace.keep();
        assert!(Instant::now() >= began + PACE);
        pace.took(1);
        assert!(pace.next.is_none(), "the crowd is gone");
    }
}
