//! SQLite's writer: a thread that owns the one connection that writes.

use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;

use super::group::settle;
use super::{Desk, Message, QUEUE_MAX, Queue, Taken};
use crate::session::{Session, Sqlite};
use crate::witness::Witness;

pub(crate) fn start(desk: Arc<Desk>, sqlite: Sqlite, witness: Witness) -> std::io::Result<(Queue, JoinHandle<()>)> {
    let (sender, queue) = mpsc::sync_channel(QUEUE_MAX);
    let thread = std::thread::Builder::new().name("vestibule-store".into());
    let thread = thread.spawn(move || run(&desk, Session::Sqlite(sqlite), witness, &queue))?;
    Ok((Queue::Thread(sender), thread))
}

fn run(desk: &Desk, mut session: Session, mut witness: Witness, queue: &mpsc::Receiver<Message>) {
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
        let taken = Taken::from(first, || queue.try_recv().ok());
        if let Some(head) = at_once(settle(&mut session, desk, taken.jobs)) {
            witness.note(&desk.node, &head);
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

/// Run what never waits: a SQLite session answers in the same breath.
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("a SQLite session never waits"),
    }
}
