//! Refusals that wait for their time (RAD-30): one queue and one task for all of them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::reply::Outgoing;

/// What waits, and until when. `T` is [`Outgoing`] but in tests.
pub(crate) struct Delays<T = Outgoing> {
    waiting: Mutex<Waiting<T>>,
    sooner: Notify,
    limit: AtomicUsize,
}

struct Waiting<T> {
    heap: BinaryHeap<Reverse<Due<T>>>,
    serial: u64,
    over: bool,
}

struct Due<T> {
    at: Instant,
    serial: u64,
    what: T,
}

impl<T> Delays<T> {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            waiting: Mutex::new(Waiting { heap: BinaryHeap::new(), serial: 0, over: false }),
            sooner: Notify::new(),
            limit: AtomicUsize::new(limit),
        }
    }

    pub(crate) fn limit_to(&self, limit: usize) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// Keep `what` until `at`. Given back when it is due already, when as many as may are waiting, or when the door is
    /// closing: the caller then sends it at once.
    pub(crate) fn hold(&self, what: T, at: Instant) -> Result<(), T> {
        let mut waiting = self.lock();
        if waiting.over || waiting.heap.len() >= self.limit.load(Ordering::Relaxed) || at <= Instant::now() {
            return Err(what);
        }
        waiting.serial += 1;
        let due = Due { at, serial: waiting.serial, what };
        let is_next = waiting.heap.peek().is_none_or(|Reverse(next)| due < *next);
        waiting.heap.push(Reverse(due));
        drop(waiting);
        if is_next {
            self.sooner.notify_one();
        }
        Ok(())
    }

    /// Release what is due, until told to stop; then all that is left, because a refusal need not be lost.
    pub(crate) async fn run(&self, stopping: CancellationToken, release: impl Fn(T)) {
        loop {
            let next = self.release_due(Instant::now(), &release);
            let sleep = async {
                match next {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stopping.cancelled() => break,
                () = self.sooner.notified() => {}
                () = sleep => {}
            }
        }
        let left = {
            let mut waiting = self.lock();
            waiting.over = true;
            std::mem::take(&mut waiting.heap)
        };
        left.into_iter().for_each(|Reverse(due)| release(due.what));
    }

    /// When the next one is due.
    fn release_due(&self, now: Instant, release: impl Fn(T)) -> Option<Instant> {
        loop {
            let mut waiting = self.lock();
            let at = waiting.heap.peek().map(|Reverse(next)| next.at)?;
            if at > now {
                return Some(at);
            }
            let due = waiting.heap.pop();
            drop(waiting);
            if let Some(Reverse(due)) = due {
                release(due.what);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> PartialEq for Due<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T> Eq for Due<T> {}

impl<T> PartialOrd for Due<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Due<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.serial).cmp(&(other.at, other.serial))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::sync::mpsc;
    use vestibule_listen::Tasks;

    use super::*;

    fn start(tasks: &Tasks) -> (Arc<Delays<u32>>, mpsc::UnboundedReceiver<(u32, Instant)>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let delays = Arc::new(Delays::new(10_000));
        let (running, stopping) = (Arc::clone(&delays), tasks.stopping());
        tasks.spawn("delays", async move {
            running.run(stopping, |what| sender.send((what, Instant::now())).unwrap()).await;
        });
        (delays, receiver)
    }

    // RAD-30
    #[tokio::test(start_paused = true)]
    async fn each_refusal_leaves_at_its_own_time_and_not_before() {
        let tasks = Tasks::new();
        let (delays, mut released) = start(&tasks);
        let begin = Instant::now();
        for (what, millis) in [(1, 1000), (2, 1200), (3, 400), (4, 1000)] {
            delays.hold(what, begin + Duration::from_millis(millis)).unwrap();
        }
        for (what, millis) in [(3, 400), (1, 1000), (4, 1000), (2, 1200)] {
            let (left, at) = released.recv().await.unwrap();
            assert_eq!((left, (at - begin).as_millis()), (what, millis));
        }
    }

    // RAD-30: the queue is bounded, and it is one task for all.
    #[tokio::test(start_paused = true)]
    async fn ten_thousand_refusals_wait_in_one_queue_and_one_more_does_not() {
        let tasks = Tasks::new();
        let (delays, mut released) = start(&tasks);
        let at = Instant::now() + Duration::from_secs(1);
        for what in 0..10_000 {
            delays.hold(what, at).unwrap();
        }
        assert_eq!((delays.hold(7, at), tasks.running()), (Err(7), 1));
        for _ in 0..10_000 {
            released.recv().await.unwrap();
        }
        assert!(delays.hold(8, at).is_err(), "its time has come already");
    }

    #[tokio::test(start_paused = true)]
    async fn at_a_stop_nothing_is_lost() {
        let tasks = Tasks::new();
        let (delays, mut released) = start(&tasks);
        delays.hold(5, Instant::now() + Duration::from_secs(9)).unwrap();
        tasks.stop(Duration::from_secs(1)).await;
        assert_eq!(released.recv().await.unwrap().0, 5);
        assert_eq!(delays.hold(6, Instant::now() + Duration::from_secs(9)), Err(6));
    }
}
