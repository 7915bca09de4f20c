//! How much a guess costs, and how many guesses are worked on at once.
//!
//! One argon2id hash takes tens of milliseconds and megabytes. Without a bound, a storm of logins would take all memory
//! and every core, and the logins that need no hash would starve with the rest (FLT-32).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use argon2::{Argon2, Params, Version};
use tokio::sync::Semaphore;
use vestibule_engine::PortError;

/// The cost of one argon2id hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashCost {
    pub memory_kib: u32,
    pub passes: u32,
    pub lanes: u32,
}

impl HashCost {
    /// What OWASP names as the least for argon2id.
    pub const DEFAULT: Self = Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 };
    /// More than this in a stored hash is damage or an attack on our memory, not a choice.
    pub(crate) const MEMORY_KIB_MAX: u32 = 1024 * 1024;
    pub(crate) const PASSES_MAX: u32 = 32;
    pub(crate) const LANES_MAX: u32 = 16;

    /// So little work that handing it to another thread would cost more than doing it.
    fn is_tiny(self) -> bool {
        self.memory_kib <= 64 && self.passes <= 1
    }

    pub(crate) fn argon2(self) -> Result<Argon2<'static>, PortError> {
        let within =
            self.memory_kib <= Self::MEMORY_KIB_MAX && self.passes <= Self::PASSES_MAX && self.lanes <= Self::LANES_MAX;
        let params = Params::new(self.memory_kib, self.passes, self.lanes, None).ok().filter(|_| within);
        let params =
            params.ok_or_else(|| PortError::unusable("use the cost of a password hash: it is out of range"))?;
        Ok(Argon2::new(argon2::Algorithm::Argon2id, Version::V0x13, params))
    }
}

/// Where hashes are worked on: so many at once, so many waiting, and no more.
#[derive(Debug)]
pub struct HashPool {
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    waiting_max: usize,
    done: AtomicU64,
}

impl HashPool {
    pub fn new(at_once: usize, waiting_max: usize) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(at_once.clamp(1, Semaphore::MAX_PERMITS))),
            waiting: AtomicUsize::new(0),
            waiting_max,
            done: AtomicU64::new(0),
        }
    }

    /// How many hashes were worked out since the start.
    pub fn hashes(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    pub(crate) async fn run<T: Send + 'static>(
        &self,
        cost: HashCost,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PortError> {
        if cost.is_tiny() {
            self.done.fetch_add(1, Ordering::Relaxed);
            return Ok(work());
        }
        let permit = self.permit().await?;
        self.done.fetch_add(1, Ordering::Relaxed);
        // The permit goes along: a caller that stops waiting does not stop the work, and must not make room for more.
        let working = tokio::task::spawn_blocking(move || {
            let worked = work();
            drop(permit);
            worked
        });
        working
            .await
            .map_err(|cause| PortError::Unusable { doing: "work out a hash".into(), cause: Some(cause.into()) })
    }

    async fn permit(&self) -> Result<tokio::sync::OwnedSemaphorePermit, PortError> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Ok(permit);
        }
        let _queued = Queued::join(&self.waiting, self.waiting_max)?;
        Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|_| PortError::unusable("work out a hash: the pool is closed"))
    }
}

/// A place in the queue, given back when dropped.
struct Queued<'a>(&'a AtomicUsize);

impl<'a> Queued<'a> {
    fn join(waiting: &'a AtomicUsize, max: usize) -> Result<Self, PortError> {
        let place = Self(waiting);
        if waiting.fetch_add(1, Ordering::AcqRel) >= max {
            return Err(PortError::busy("work out a hash: as many wait already as are let wait"));
        }
        Ok(place)
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const HEAVY: HashCost = HashCost { memory_kib: 1024, passes: 1, lanes: 1 };

    /// FLT-32
    #[tokio::test]
    async fn when_the_queue_is_full_more_work_is_refused_as_busy_and_room_comes_back() {
        let pool = Arc::new(HashPool::new(1, 1));
        let (release, held) = mpsc::channel::<()>();
        let mut first = Box::pin(pool.run(HEAVY, move || held.recv().unwrap()));
        let mut second = Box::pin(pool.run(HEAVY, || ()));
        assert!(poll_once(&mut first).await.is_none());
        assert!(poll_once(&mut second).await.is_none());

        assert!(matches!(pool.run(HEAVY, || ()).await, Err(PortError::Busy { .. })));

        release.send(()).unwrap();
        first.await.unwrap();
        second.await.unwrap();
        pool.run(HEAVY, || ()).await.unwrap();
        assert_eq!(pool.hashes(), 3);
    }

    #[tokio::test]
    async fn a_caller_who_stops_waiting_leaves_the_queue_but_not_room_for_more_work() {
        let pool = HashPool::new(1, 1);
        let (release, held) = mpsc::channel::<()>();
        let mut first = Box::pin(pool.run(HEAVY, move || held.recv().unwrap()));
        assert!(poll_once(&mut first).await.is_none());
        drop(first);
        let mut second = Box::pin(pool.run(HEAVY, || ()));
        assert!(poll_once(&mut second).await.is_none());
        drop(second);
        let third = pool.run(HEAVY, || ());
        release.send(()).unwrap();
        third.await.unwrap();
    }

    #[tokio::test]
    async fn tiny_work_is_done_on_the_spot_even_when_the_pool_is_full() {
        let pool = HashPool::new(1, 0);
        let (release, held) = mpsc::channel::<()>();
        let mut first = Box::pin(pool.run(HEAVY, move || held.recv().unwrap()));
        assert!(poll_once(&mut first).await.is_none());
        let here = std::thread::current().id();
        let tiny = HashCost { memory_kib: 64, passes: 1, lanes: 1 };
        assert_eq!(pool.run(tiny, || std::thread::current().id()).await.unwrap(), here);
        release.send(()).unwrap();
        first.await.unwrap();
    }

    /// Poll once: `None` while it waits.
    async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        std::future::poll_fn(|context| match std::pin::Pin::new(&mut *future).poll(context) {
            std::task::Poll::Ready(done) => std::task::Poll::Ready(Some(done)),
            std::task::Poll::Pending => std::task::Poll::Ready(None),
        })
        .await
    }
}
