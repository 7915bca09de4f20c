//! The shared connections to one server: which one takes a search, and when another is opened.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::driver::Driver;
use super::fault::Fault;
use super::gate::Gate;
use super::line::Line;
use super::searches::SEARCHES_MAX;
use super::shared::{Asked, Refused, Shared};

/// Who waits for a connection looks so often whether one that was full has room meanwhile.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

pub(super) struct Lookups {
    pub(super) gate: Gate,
    /// How many connections there may be. One that is doubted does not count: it is given no more searches, and ends
    /// when those that it has are over.
    size: usize,
    idle_timeout: Duration,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    connections: Vec<Arc<Shared>>,
    /// What becomes of the connection that is being opened, if one is.
    opening: Option<Opening>,
    /// The drivers. They end with the directory.
    tasks: JoinSet<()>,
}

/// What came of opening a connection.
type Opened = Result<Arc<Shared>, Fault>;
/// For those who wait for it. Nothing comes where it was not finished.
pub(super) type Opening = watch::Receiver<Option<Opened>>;
/// For the one who opens it.
pub(super) type Opener = watch::Sender<Option<Opened>>;

/// Where a search goes.
pub(super) enum Way {
    Asked(Asked),
    /// A connection is being opened, by somebody else.
    Wait(Opening),
    /// One is to be opened.
    Open(Opener, Opening),
    /// As many as there may be are open, and none answers.
    Hung,
}

impl Lookups {
    pub(super) fn new(size: usize, idle_timeout: Duration) -> Self {
        Self { gate: Gate::new(size, SEARCHES_MAX), size, idle_timeout, open: Mutex::default() }
    }

    /// Ask on the first connection that has room, so that those beyond today's need are not used, and go.
    pub(super) fn ask(&self, operation: &[u8], limit: usize) -> Way {
        let mut open = self.open();
        let full = match open.ask(operation, limit) {
            Ok(asked) => return Way::Asked(asked),
            Err(full) => full,
        };
        if let Some(opening) = open.opening.as_ref().filter(|opening| opening.has_changed().is_ok()) {
            return Way::Wait(opening.clone());
        }
        if full >= self.size || open.connections.len() >= self.size.saturating_mul(2) {
            return Way::Hung;
        }
        let (opener, opening) = watch::channel(None);
        open.opening = Some(opening.clone());
        Way::Open(opener, opening)
    }

    /// Ask on the connection that is being opened, or on one that was full and has room before that. `None` where
    /// neither came about, and yet it did not fail.
    pub(super) async fn ask_meanwhile(
        &self,
        mut opening: Opening,
        operation: &[u8],
        limit: usize,
        deadline: Instant,
    ) -> Result<Option<Asked>, Fault> {
        loop {
            let look_again = deadline.min(Instant::now() + LOOK_AGAIN);
            let waited = timeout_at(look_again, opening.wait_for(Option::is_some)).await;
            let opened = match waited.map(|opened| opened.map(|opened| opened.clone())) {
                Ok(Ok(opened)) => opened,
                // The task that opens it was ended, as all are at the end. The next one would be, too.
                Ok(Err(_closed)) => {
                    sleep_until(look_again).await;
                    return Ok(None);
                }
                Err(_elapsed) => None,
            };
            match opened.map(|opened| opened.map(|shared| shared.ask(operation, limit))) {
                Some(Ok(Ok(asked))) => return Ok(Some(asked)),
                // A server that hangs up at once will do so again.
                Some(Ok(Err(Refused::Ended))) => return Err(Fault::Disconnected),
                Some(Ok(Err(Refused::Full | Refused::Doubted))) => return Ok(None),
                Some(Err(fault)) => return self.ask_again(operation, limit).map(Some).ok_or(fault),
                None => {
                    if let Some(asked) = self.ask_again(operation, limit) {
                        return Ok(Some(asked));
                    }
                }
            }
            if Instant::now() >= deadline {
                return Err(Fault::TimedOut);
            }
        }
    }

    /// Ask on one of those that are open, if any has room by now.
    fn ask_again(&self, operation: &[u8], limit: usize) -> Option<Asked> {
        self.open().ask(operation, limit).ok()
    }

    /// A connection was opened, or not. What is to be driven, if it was.
    pub(super) fn opened(&self, opener: &Opener, line: Result<Line, Fault>) -> Option<Driver> {
        let line = line.map(|line| (line, Arc::new(Shared::new())));
        let mut open = self.open();
        open.opening = None;
        if let Ok((_, shared)) = &line {
            open.connections.push(Arc::clone(shared));
        }
        drop(open);
        opener.send_replace(Some(line.as_ref().map(|(_, shared)| Arc::clone(shared)).map_err(Fault::clone)));
        line.ok().map(|(line, shared)| Driver::new(shared, line, self.idle_timeout))
    }

    /// Run what opens a connection and drives it.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut open = self.open();
        while open.tasks.try_join_next().is_some() {}
        open.tasks.spawn(task);
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Ask on the first that has room; else how many are full.
    fn ask(&mut self, operation: &[u8], limit: usize) -> Result<Asked, usize> {
        let (mut full, mut has_ended) = (0, false);
        for shared in &self.connections {
            match shared.ask(operation, limit) {
                Ok(asked) => return Ok(asked),
                Err(Refused::Full) => full += 1,
                Err(Refused::Doubted) => {}
                Err(Refused::Ended) => has_ended = true,
            }
        }
        if has_ended {
            self.connections.retain(|shared| !shared.has_ended());
        }
        Err(full)
    }
}

#[cfg(test)]
mod tests;
