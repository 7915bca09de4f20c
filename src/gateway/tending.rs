//! What is done at intervals, whether or not anybody signs in.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use vestibule_engine::Engine;
use vestibule_listen::{Seldom, Tasks};

use super::Tools;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

pub(super) fn begin(tools: &Tools, engine: &Arc<Engine>) {
    let tasks = &tools.tasks;
    let (engine, sweeping) = (Arc::clone(engine), Arc::clone(engine));
    every(tasks, SECOND, "end logins that nobody answered", move || {
        let engine = Arc::clone(&engine);
        async move { engine.tend().await }
    });
    let (store, clock) = (Arc::clone(&tools.store), Arc::clone(&tools.clock));
    every(tasks, MINUTE, "witness the audit logs of other nodes", move || {
        let (store, now) = (Arc::clone(&store), clock.now());
        async move { store.witness(now).await }
    });
    every(tasks, HOUR, "drop what is over", move || {
        let engine = Arc::clone(&sweeping);
        async move { engine.sweep().await }
    });
}

/// Do something again and again until the gateway stops. What fails is told now and then, and tried the next time.
fn every<F, D, E>(tasks: &Tasks, pause: Duration, name: &'static str, mut work: F)
where
    F: FnMut() -> D + Send + 'static,
    D: Future<Output = Result<(), E>> + Send,
    E: Error + 'static,
{
    let stopping = tasks.stopping();
    let failing = Seldom::new(MINUTE);
    tasks.spawn(name, async move {
        let mut beat = interval(pause);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stopping.run_until_cancelled(beat.tick()).await.is_some() {
            if let Err(error) = work().await
                && failing.due().is_some()
            {
                tracing::warn!(error = &error as &dyn Error, task = name, "Could not {name}; it is tried again");
            }
        }
    });
}
