//! What is known of each host, and how many requests are open there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::provider::Reply;

use super::breaker::{Breaker, Change};

/// Hosts that are remembered. There are a handful of push services; a wildcard among the allowed hosts must not fill
/// memory.
const HOSTS_MAX: usize = 1_024;

/// The longest pause a service is granted. No request is open for that long, and a service that says "for ever" by
/// mistake is asked again all the same.
const PAUSE_MAX: Duration = Duration::from_secs(600);

pub(super) struct Hosts {
    at_once: usize,
    known: Mutex<HashMap<String, Arc<Host>>>,
}

pub(super) struct Host {
    name: String,
    permits: Semaphore,
    pub(super) breaker: Breaker,
}

impl Hosts {
    /// `at_once`: requests that may be open at one host.
    pub(super) fn new(at_once: usize) -> Self {
        Self { at_once, known: Mutex::default() }
    }

    pub(super) fn of(&self, name: &str) -> Arc<Host> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = known.get(name) {
            return Arc::clone(host);
        }
        if known.len() >= HOSTS_MAX {
            let now = Instant::now();
            known.retain(|_, host| Arc::strong_count(host) > 1 || !host.breaker.is_idle(now));
        }
        let host = Arc::new(Host {
            name: name.to_owned(),
            permits: Semaphore::new(self.at_once),
            breaker: Breaker::default(),
        });
        if known.len() < HOSTS_MAX {
            known.insert(name.to_owned(), Arc::clone(&host));
        }
        host
    }
}

impl Host {
    pub(super) async fn permit(&self) -> Option<SemaphorePermit<'_>> {
        self.permits.acquire().await.ok()
    }

    /// What a reply says about the host, told when it changes something.
    pub(super) fn learn(&self, reply: &Reply, provider: &'static str) {
        let host = self.name.as_str();
        match reply {
            Reply::Pause { after, why } => {
                let after = (*after).min(PAUSE_MAX);
                self.breaker.pause(Instant::now() + after);
                tracing::warn!(
                    push.provider = provider,
                    push.host = host,
                    "{provider} at {host} asks to be left alone for {} s: {why}",
                    after.as_secs()
                );
            }
            Reply::Unwell { why } => {
                if let Change::LeftAlone(span) = self.breaker.unwell(Instant::now()) {
                    tracing::warn!(
                        push.provider = provider,
                        push.host = host,
                        "{provider} at {host} does not answer and is left alone for {} s: {why}",
                        span.as_secs()
                    );
                }
            }
            // Some replies are ours, made before anybody was asked; none of those is about a host that is ill.
            _ => {
                if self.breaker.well() == Change::Back {
                    tracing::info!(push.provider = provider, push.host = host, "{provider} at {host} answers again");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lane::breaker::Permission;

    #[tokio::test]
    async fn many_hosts_do_not_fill_memory_and_one_that_is_ill_is_not_forgotten() {
        let hosts = Hosts::new(4);
        let ill = hosts.of("ill.example");
        for _ in 0..5 {
            ill.learn(&Reply::unwell("no answer"), "Web Push");
        }
        drop(ill);
        for each in 0..(3 * HOSTS_MAX) {
            hosts.of(&format!("{each}.example"));
        }
        assert!(hosts.known.lock().unwrap().len() <= HOSTS_MAX);
        assert!(!hosts.of("ill.example").breaker.is_idle(Instant::now()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_for_ever_ends_after_ten_minutes() {
        let host = Hosts::new(4).of("a.example");
        let why = "it answered 503".to_owned();
        host.learn(&Reply::Pause { after: Duration::from_secs(u32::MAX.into()), why }, "Web Push");
        assert_eq!(host.breaker.ask(Instant::now()), Permission::Wait(PAUSE_MAX));
    }
}
