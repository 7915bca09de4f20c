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
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Origin {
    /// The address the door saw: the system that asks, which for network gear is not the person's own.
    pub address: IpAddr,
    /// Where the person sits, if that system said so.
    pub station: Option<Station>,
    /// The address is the person's own, with no system in between that asks for many people.
    pub direct: bool,
}

impl Origin {
    /// The person's own address, where it is known. The address of a system in between is never taken for it: a network
    /// rule would let the whole world in from "inside", and a lock would hit everybody behind that system.
    pub fn person_address(&self) -> Option<IpAddr> {
        let told = self.station.as_ref().and_then(|station| station.as_str().parse().ok());
        told.or(self.direct.then_some(self.address))
    }

    /// Where failures are counted for one person: the station if known, else the system that asks.
    pub fn place(&self) -> String {
        self.station.as_ref().map_or_else(|| self.address.to_string(), |station| station.as_str().to_owned())
    }
}

/// What a door can show, and how long its client waits for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Channel {
    pub prompts: Prompts,
    pub patience: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Prompts {
    /// The client shows nothing of ours: it is told yes or no.
    None,
    /// One line of text and one line of input.
    Text,
    /// A whole page.
    Page,
}
