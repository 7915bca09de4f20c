//! What a door tells the engine when a login begins.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::{AuthenticatorId, Passcode, Service, Splitting, Station, UserName};

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
    pub insist: Insist,
    pub terms: Terms,
}

/// How a login of this service goes where it differs from the usual one.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// A program signs a person in again and again with what they typed once. Within this span, the same person with the
    /// same typed password from the same address at the same service is one login: the factor is given once. `None`: each
    /// time counts for itself.
    pub repeats: Option<Duration>,
    pub order: Order,
    pub exempt: Option<Exempt>,
}

/// Which of the two steps comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    #[default]
    PasswordFirst,
    /// The password is only tried once the factor was given: nobody can try passwords without the phone.
    FactorFirst,
}

/// No factor is asked for this login: the configuration, or the person, said so beforehand. Disabled users and the record
/// are as for everybody.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exempt {
    /// The account of a program, by the name the configuration gives it. No rule of policy is read.
    Account(Arc<str>),
    /// A password that a person made for one program, by the label they gave it. Rules that refuse hold. It cannot be
    /// guessed, so failures with it are not counted against the person, and it says nothing of their own password.
    AppPassword(Arc<str>),
}

impl Exempt {
    /// What audit names as the rule that decided.
    pub fn rule(&self) -> String {
        match self {
            Self::Account(name) => format!("service account {name}"),
            Self::AppPassword(label) => format!("app password {label}"),
        }
    }
}

/// What the door asks for beyond policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Insist {
    /// What policy says.
    #[default]
    Policy,
    /// A second factor even where policy asks for none, and none that was given earlier.
    Factor,
    /// The person wants to see whether this device rings: push, and nothing else, whatever policy says.
    Test(AuthenticatorId),
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
    /// Browser or device, as it calls itself: shown on the phone, and believed nowhere.
    pub client: Option<Arc<str>>,
}

impl Origin {
    /// The person's own address, where it is known. The address of a system in between is never taken for it: a network
    /// rule would let the whole world in from "inside", and a lock would hit everybody behind that system.
    pub fn person_address(&self) -> Option<IpAddr> {
        if self.direct {
            return Some(self.address);
        }
        self.station.as_ref().and_then(|station| station.as_str().parse().ok())
    }

    /// Where failures are counted for one person: their address (for IPv6 the /64, which is one host's), or the station's
    /// own name. Nothing where only the system in between is known: everybody is there, the stranger who guesses too.
    pub fn place(&self) -> Option<String> {
        let address = self.person_address().map(|address| crate::throttle::block(address).to_string());
        address.or_else(|| self.station.as_ref().map(|station| station.as_str().to_owned()))
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
