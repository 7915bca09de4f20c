//! The owner of everything that runs beside the caller.
//!
//! A task nobody owns outlives a shutdown or dies unseen. Here each one belongs to a group that can be told to stop, can
//! be waited for, and notices when one of its tasks panics.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A group of tasks. Clones are the same group.
#[derive(Clone, Debug)]
pub struct Tasks {
    /// "Please finish": tasks look at it where they wait.
    stopping: CancellationToken,
    /// "Time is up": tasks are dropped where they stand.
    abandoned: CancellationToken,
    /// This group's tracker first, then those of the groups it was made in.
    trackers: Arc<[TaskTracker]>,
    panics: Arc<AtomicU64>,
}

/// How a stop went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// Tasks that had not finished at the deadline and were dropped.
    pub abandoned: usize,
    /// Tasks that panicked during the life of the group and the groups made in it.
    pub panics: u64,
}

impl Default for Tasks {
    fn default() -> Self {
        Self::new()
    }
}

impl Tasks {
    pub fn new() -> Self {
        Self {
            stopping: CancellationToken::new(),
            abandoned: CancellationToken::new(),
            trackers: Arc::from([TaskTracker::new()]),
            panics: Arc::default(),
        }
    }

    /// A group inside this one: it can be stopped alone, and stops when this one does.
    pub fn group(&self) -> Self {
        let trackers = std::iter::once(TaskTracker::new()).chain(self.trackers.iter().cloned()).collect();
        Self {
            stopping: self.stopping.child_token(),
            abandoned: self.abandoned.child_token(),
            trackers,
            panics: Arc::clone(&self.panics),
        }
    }

    /// Run `future` as a task of this group. It should return soon after [`Tasks::stopping`]; at the deadline of a stop
    /// it is dropped. `name` is for the log.
    pub fn spawn(&self, name: &'static str, future: impl Future<Output = ()> + Send + 'static) {
        let Some((own, outer)) = self.trackers.split_first() else { return };
        let outer: Vec<_> = outer.iter().map(TaskTracker::token).collect();
        let abandoned = self.abandoned.clone();
        let watch = PanicWatch { name, panics: Arc::clone(&self.panics) };
        // In a box: the block below would hold it twice, as what was captured and as what is waited for.
        let future = Box::pin(future);
        own.spawn(async move {
            let _kept_until_the_end = (outer, watch);
            tokio::select! {
                biased;
                () = future => {}
                () = abandoned.cancelled() => tracing::debug!(task = name, "Task {name} was dropped at the deadline of a stop"),
            }
        });
    }

    /// Resolves, or reads as cancelled, once the group is asked to stop.
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// Ask every task of the group to finish, wait for them until `deadline` has passed, drop the rest.
    pub async fn stop(&self, deadline: Duration) -> Stopped {
        self.stopping.cancel();
        let Some(own) = self.trackers.first() else { return Stopped { abandoned: 0, panics: 0 } };
        own.close();
        let in_time = tokio::time::timeout(deadline, own.wait()).await.is_ok();
        let left = if in_time { 0 } else { own.len() };
        self.abandoned.cancel();
        own.wait().await;
        Stopped { abandoned: left, panics: self.panics() }
    }

    /// Tasks running now.
    pub fn running(&self) -> usize {
        self.trackers.first().map_or(0, TaskTracker::len)
    }

    /// Tasks that ended in a panic so far, in this group and those made in or around it.
    pub fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }
}

/// Dropped with the task's future. If a panic is what drops it, somebody should know.
struct PanicWatch {
    name: &'static str,
    panics: Arc<AtomicU64>,
}

impl Drop for PanicWatch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.panics.fetch_add(1, Ordering::Relaxed);
            tracing::error!(task = self.name, "Task {} panicked; this is a defect", self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn tasks_that_listen_finish_and_tasks_that_do_not_are_dropped_at_the_deadline() {
        let tasks = Tasks::new();
        let stopping = tasks.stopping();
        tasks.spawn("polite", async move { stopping.cancelled().await });
        tasks.spawn("deaf", std::future::pending());
        assert_eq!(tasks.stop(Duration::from_secs(5)).await, Stopped { abandoned: 1, panics: 0 });
        assert_eq!(tasks.running(), 0);
    }

    #[tokio::test]
    async fn a_panic_is_counted_and_the_others_go_on() {
        let tasks = Tasks::new();
        let (sent, heard) = tokio::sync::oneshot::channel();
        tasks.spawn("broken", async { panic!("on purpose, by a test") });
        tasks.spawn("whole", async move { sent.send(7).unwrap() });
        assert_eq!(heard.await, Ok(7));
        assert_eq!(tasks.stop(Duration::from_secs(5)).await, Stopped { abandoned: 0, panics: 1 });
    }

    #[tokio::test(start_paused = true)]
    async fn a_group_stops_alone_and_stops_with_the_group_around_it() {
        let outer = Tasks::new();
        let (first, second) = (outer.group(), outer.group());
        for group in [&outer, &first, &second] {
            let stopping = group.stopping();
            group.spawn("waits", async move { stopping.cancelled().await });
        }
        first.stop(Duration::from_secs(1)).await;
        assert!(!outer.stopping().is_cancelled() && !second.stopping().is_cancelled());
        assert_eq!(outer.running(), 2);
        assert_eq!(outer.stop(Duration::from_secs(1)).await, Stopped { abandoned: 0, panics: 0 });
        assert_eq!(second.running(), 0);
    }
}
