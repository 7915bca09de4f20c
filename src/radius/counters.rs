//! What happened, in numbers. Every request ends in exactly one of them (RAD-42).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

/// One number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        #[derive(Debug, Default)]
        pub(crate) struct ClientCounters {
            $(pub(crate) $name: Counter,)*
        }

        /// The numbers of one client.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
        pub struct ClientCounts {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl ClientCounters {
            pub(crate) fn read(&self) -> ClientCounts {
                ClientCounts { $($name: self.$name.read(),)* }
            }
        }
    };
}

counters! {
    /// Logins let in.
    accepted,
    /// Logins refused, whatever the reason.
    rejected,
    /// Questions asked.
    challenged,
    /// Logins that could not be decided because something is broken.
    faults,
    /// Answers that came too late: the client had begun anew under the same identifier.
    abandoned,
    /// Repetitions of a request whose answer was known or being worked on.
    duplicates,
    /// Status-Server requests answered. Not counted anywhere else (STS-05).
    status,
    /// Datagrams that are not RADIUS packets.
    malformed,
    /// Packets of a kind that is not served here.
    unserved,
    /// Packets with a Message-Authenticator that is wrong: most often, the wrong secret.
    wrong_signature,
    /// Packets without the Message-Authenticator that this client must send.
    unsigned,
    /// Unsigned packets that went through a proxy, which is how an acceptance is forged (BLA-04).
    unsigned_proxied,
    /// Requests dropped because too many were open.
    shed,
}

/// The numbers of the whole door.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Datagrams from addresses that belong to no client.
    pub unknown_client: u64,
    /// Datagrams whose handling panicked: each is a defect.
    pub panics: u64,
    /// Logins open now.
    pub open_logins: usize,
    pub clients: BTreeMap<String, ClientCounts>,
}
