//! Which second factor a login needs. Rules are read top to bottom; the first that matches decides. Where none does,
//! the answer is the policy's `otherwise`, which is a factor unless an administrator wrote something else.

use std::time::Duration;

use chrono::{DateTime, Datelike, NaiveTime, Utc, Weekday};
use chrono_tz::Tz;
use ipnet::IpNet;

use crate::{Door, Identity, Method, Origin, Service, Timestamp};

/// What a rule asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requirement {
    /// The primary login is enough.
    Skip,
    /// Any one of these, the first that the person has and the channel can carry being offered first.
    AnyOf(Vec<Method>),
    /// Nobody gets in this way.
    Refuse,
}

#[derive(Debug, Clone)]
pub struct Policy {
    pub rules: Vec<Rule>,
    pub otherwise: Requirement,
}

impl Default for Policy {
    fn default() -> Self {
        Self { rules: Vec::new(), otherwise: Requirement::AnyOf(Method::ALL.to_vec()) }
    }
}

/// A rule matches when all of its conditions do; an empty condition matches everything.
#[derive(Debug, Clone)]
pub struct Rule {
    pub name: String,
    pub doors: Vec<Door>,
    /// Configured names of clients and applications.
    pub services: Vec<String>,
    /// Canonical user names, or user ids.
    pub users: Vec<String>,
    /// Group names, compared without case.
    pub groups: Vec<String>,
    pub networks: Vec<NetworkMatch>,
    pub hours: Option<Hours>,
    pub require: Requirement,
    /// How long the station is remembered after a factor was given; `None` never.
    pub remember: Option<Duration>,
}

/// A network, matched against the person's own address. Where the door knows only the system that asks, a rule with
/// networks does not match: the address of a VPN gateway must not make its whole clientele "inside".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetworkMatch(pub IpNet);

/// Days and a span of the day in one time zone. A span whose end is not after its start goes over midnight, and then
/// belongs to the day on which it began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    pub days: Vec<Weekday>,
    pub from: NaiveTime,
    pub to: NaiveTime,
    pub zone: Tz,
}

/// What a rule can look at.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    pub service: &'a Service,
    pub origin: &'a Origin,
    pub identity: &'a Identity,
    pub now: Timestamp,
}

/// What was decided, and by which rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    pub rule: String,
    pub require: Requirement,
    pub remember: Option<Duration>,
}

impl Policy {
    /// The name audit gives to "no rule matched".
    pub const OTHERWISE: &'static str = "otherwise";

    pub fn decide(&self, facts: &Facts<'_>) -> Ruling {
        self.rules.iter().find(|rule| rule.matches(facts)).map_or_else(
            || Ruling { rule: Self::OTHERWISE.to_owned(), require: self.otherwise.clone(), remember: None },
            |rule| Ruling { rule: rule.name.clone(), require: rule.require.clone(), remember: rule.remember },
        )
    }
}

impl Rule {
    pub fn matches(&self, facts: &Facts<'_>) -> bool {
        let any = |empty: bool, found: bool| empty || found;
        let identity = facts.identity;
        any(self.doors.is_empty(), self.doors.contains(&facts.service.door))
            && any(self.services.is_empty(), self.services.iter().any(|name| **name == *facts.service.name))
            && any(self.users.is_empty(), self.users.iter().any(|user| identity.goes_by(user)))
            && any(self.groups.is_empty(), self.groups.iter().any(|group| identity.is_in(group)))
            && any(self.networks.is_empty(), self.in_network(facts.origin))
            && self.hours.as_ref().is_none_or(|hours| hours.contain(facts.now))
    }

    fn in_network(&self, origin: &Origin) -> bool {
        let Some(address) = origin.person_address() else { return false };
        self.networks.iter().any(|network| network.0.contains(&address.to_canonical()))
    }
}

impl Hours {
    pub fn contain(&self, now: Timestamp) -> bool {
        let Some(utc) = DateTime::<Utc>::from_timestamp_micros(now.0) else { return false };
        let local = utc.with_timezone(&self.zone);
        let (day, time) = (local.weekday(), local.time());
        let on = |day: Weekday| self.days.is_empty() || self.days.contains(&day);
        if self.from < self.to {
            on(day) && time >= self.from && time < self.to
        } else {
            (on(day) && time >= self.from) || (on(day.pred()) && time < self.to)
        }
    }
}
