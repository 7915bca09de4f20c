//! What a door tells the engine when a login begins.

use std::net::IpAddr;
use std::time::Duration;

use crate::{Passcode, Service, Splitting, Station, UserName};

#[derive(Debug, Clone)]
pub struct LoginRequest {
    pub user: UserName,
    pub service: Service,
    pub origin: Origin,
    pub channel: Channel,
    /// A second step that came in a field of its own.
    pub passcode: Option<Passcode>,
    /// How a second step may hide in the password field of this service.
    pub splitting: Splitting,
}

/// Where a login comes from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The address the door saw: the system that asks, which for network gear is not the person's own.
    pub address: IpAddr,
    /// Where the person sits, if that system said so.
    pub station: Option<Station>,
}

impl Origin {
    /// The person's own address where it is known, else that of the system that asks.
    pub fn person_address(&self) -> IpAddr {
        self.station.as_ref().and_then(|station| station.as_str().parse().ok()).unwrap_or(self.address)
    }
}

/// What a door can show, and how long its client waits for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Channel {
    pub prompts: Prompts,
    pub patience: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Prompts {
    /// The client shows nothing of ours: it is told yes or no.
    None,
    /// One line of text and one line of input.
    Text,
    /// A whole page.
    Page,
}
