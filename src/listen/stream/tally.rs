//! How often a door turned somebody away, counted for the metrics and told in the log, seldom: strangers cause it.

use std::error::Error;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::Seldom;

/// What became of the connections of a door since it opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Counted now.
    pub open: usize,
    /// Given to be served so far.
    pub served: u64,
    /// Closed at once, because the door had as many as it may.
    pub over_cap: u64,
    /// Closed at once, because their source had as many as it may.
    pub over_source_cap: u64,
    /// Closed, because a balancer sent no header in time, or one that cannot be believed.
    pub bad_headers: u64,
    /// Closed, because TLS was not agreed on in time.
    pub failed_handshakes: u64,
    /// Times the system could not hand over a connection, such as for want of a file to open.
    pub failed_accepts: u64,
}

/// One line a minute is enough to know of a flood.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct Tally {
    served: AtomicU64,
    over_cap: Noted,
    over_source_cap: Noted,
    bad_headers: Noted,
    failed_handshakes: Noted,
    failed_accepts: Noted,
}

#[derive(Debug)]
struct Noted {
    times: AtomicU64,
    seldom: Seldom,
}

impl Default for Noted {
    fn default() -> Self {
        Self { times: AtomicU64::new(0), seldom: Seldom::new(LOG_INTERVAL) }
    }
}

impl Noted {
    fn note(&self) -> Option<u64> {
        self.times.fetch_add(1, Ordering::Relaxed);
        self.seldom.due()
    }

    fn times(&self) -> u64 {
        self.times.load(Ordering::Relaxed)
    }
}

impl Tally {
    pub(super) fn counts(&self, open: usize) -> Counts {
        Counts {
            open,
            served: self.served.load(Ordering::Relaxed),
            over_cap: self.over_cap.times(),
            over_source_cap: self.over_source_cap.times(),
            bad_headers: self.bad_headers.times(),
            failed_handshakes: self.failed_handshakes.times(),
            failed_accepts: self.failed_accepts.times(),
        }
    }

    pub(super) fn served(&self) {
        self.served.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn failed_accept(&self, door: &'static str, listener: SocketAddr, error: &io::Error) {
        if let Some(held_back) = self.failed_accepts.note() {
            tracing::warn!(door, %listener, %error, held_back, "Could not accept a connection on TCP {listener}");
        }
    }

    pub(super) fn over_cap(&self, door: &'static str, client: IpAddr, most: usize) {
        if let Some(held_back) = self.over_cap.note() {
            tracing::warn!(door, %client, most, held_back, "The {door} has {most} connections and takes no more");
        }
    }

    pub(super) fn over_source_cap(&self, door: &'static str, client: IpAddr, most: usize) {
        if let Some(held_back) = self.over_source_cap.note() {
            tracing::warn!(door, %client, most, held_back, "{client} has {most} connections to the {door} and gets no more");
        }
    }

    pub(super) fn bad_header(&self, door: &'static str, balancer: IpAddr, error: &dyn Error) {
        if let Some(held_back) = self.bad_headers.note() {
            let error = chain(error);
            tracing::warn!(
                door, %balancer, error, held_back,
                "Closed a connection from the balancer {balancer}: it must begin with a PROXY protocol header"
            );
        }
    }

    pub(super) fn failed_handshake(&self, door: &'static str, client: IpAddr, error: &dyn Error) {
        if let Some(held_back) = self.failed_handshakes.note() {
            let error = chain(error);
            tracing::info!(door, %client, error, held_back, "{client} and the {door} did not agree on TLS");
        }
    }
}

fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
