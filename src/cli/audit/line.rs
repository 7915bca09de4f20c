//! One event in words.

use vestibule_engine::{AuditEvent, AuditRecord, Decision, DeliveryState, FirstFactor, Timestamp};

/// How an event is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Allowed,
    Refused,
    /// Somebody should look at it.
    Alarm,
    Noted,
}

impl Outcome {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Refused => "refused",
            Self::Alarm => "alarm",
            Self::Noted => "noted",
        }
    }
}

/// An event, taken apart for reading: not yet cleaned.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) outcome: Outcome,
    /// Whom it is about, as far as the record itself says.
    pub(super) who: Option<String>,
    /// Where to: `radius/vpn`.
    pub(super) service: Option<String>,
    pub(super) sentence: String,
}

/// `moment` tells a time as the reader wants it.
pub(super) fn said(record: &AuditRecord, moment: impl Fn(Timestamp) -> String) -> Said {
    match &record.event {
        AuditEvent::LoginDecided(decision) => decided(decision),
        AuditEvent::LoginUndecided { typed, service, why, .. } => Said {
            outcome: Outcome::Alarm,
            who: Some(typed.clone()),
            service: Some(service.clone()),
            sentence: format!("the login could not be decided: {why}"),
        },
        AuditEvent::AnswerRefused { typed, service, address, why, .. } => Said {
            outcome: Outcome::Refused,
            who: Some(typed.clone()),
            service: Some(service.clone()),
            sentence: format!("{}, from {address}", why.sentence()),
        },
        AuditEvent::LockStarted { until, .. } => noted(Outcome::Alarm, format!("locked until {}", moment(*until))),
        AuditEvent::UserCreated { name, .. } | AuditEvent::UserDeleted { name, .. } => {
            Said { who: Some(name.clone()), ..noted(Outcome::Noted, change(&record.event)) }
        }
        AuditEvent::TrustGranted { service, station, until, .. } => Said {
            service: Some(service.clone()),
            ..noted(Outcome::Noted, format!("station {station} is remembered until {}", moment(*until)))
        },
        AuditEvent::ServiceAccountNewAddress { account, service, address, .. } => Said {
            who: Some(account.clone()),
            service: Some(service.clone()),
            ..noted(Outcome::Alarm, format!("the service account signed in from the new address {address}"))
        },
        AuditEvent::ServiceAccountMisused { account, service, address, why } => Said {
            who: Some(account.clone()),
            service: Some(service.clone()),
            ..noted(Outcome::Alarm, format!("the service account was misused, from {address}: {why}"))
        },
        AuditEvent::AppPasswordMade { service, .. } | AuditEvent::AppPasswordRevoked { service, .. } => {
            Said { service: Some(service.clone()), ..noted(Outcome::Noted, change(&record.event)) }
        }
        AuditEvent::LoginReported { service, address, .. } => Said {
            service: Some(service.clone()),
            ..noted(Outcome::Alarm, format!("reported by its owner as somebody else's login, from {address}"))
        },
        AuditEvent::PushWithheld { service, .. } => Said {
            service: Some(service.clone()),
            ..noted(Outcome::Alarm, "the phone rings or rang too often already, so it was not rung".to_owned())
        },
        AuditEvent::FactorDeclined { why, .. } | AuditEvent::PushRefused { why, .. } => {
            noted(Outcome::Refused, format!("an answer of a phone: {}", why.sentence()))
        }
        AuditEvent::UserInvited { until, by, .. } => {
            noted(Outcome::Noted, format!("invited to enrol by {by}, until {}", moment(*until)))
        }
        AuditEvent::FactorFailed { why, .. } => noted(Outcome::Noted, why.sentence().to_owned()),
        AuditEvent::ConfigRefused { .. } | AuditEvent::StoreRestored { .. } => {
            noted(Outcome::Alarm, gateway(&record.event))
        }
        AuditEvent::LoginPrompted { methods, .. } => {
            let methods: Vec<&str> = methods.iter().map(|method| method.name()).collect();
            noted(Outcome::Noted, format!("asked for a second step: {}", methods.join(", ")))
        }
        event if event.user().is_some() => noted(Outcome::Noted, change(event)),
        event => noted(Outcome::Noted, gateway(event)),
    }
}

fn noted(outcome: Outcome, sentence: String) -> Said {
    Said { outcome, who: None, service: None, sentence }
}

fn decided(decision: &Decision) -> Said {
    Said {
        outcome: if decision.allowed { Outcome::Allowed } else { Outcome::Refused },
        who: Some(decision.name.clone().unwrap_or_else(|| decision.typed.clone())),
        service: Some(decision.service.clone()),
        sentence: format!("{}, from {}{}", given(decision), decision.address, rule(decision)),
    }
}

fn given(decision: &Decision) -> String {
    if let Some(denial) = &decision.denial {
        return denial.sentence().to_owned();
    }
    let mut steps = Vec::new();
    if decision.first_factor == FirstFactor::Accepted {
        steps.push("password");
    }
    steps.extend(decision.methods.iter().map(|method| method.name()));
    if decision.remembered {
        // Where no station was named, only what a program repeats is remembered.
        steps.push(if decision.station.is_some() { "remembered station" } else { "repeated sign-in" });
    }
    if steps.is_empty() { "nothing was asked".to_owned() } else { steps.join(" + ") }
}

fn rule(decision: &Decision) -> String {
    decision.rule.as_ref().map_or_else(String::new, |rule| format!(" (rule {rule})"))
}

/// What was changed about a person.
fn change(event: &AuditEvent) -> String {
    match event {
        AuditEvent::LockCleared { by, .. } => format!("unlocked by {by}"),
        AuditEvent::UserCreated { source, by, .. } => format!("added in {source} by {by}"),
        AuditEvent::UserChanged { what, by, .. } => format!("changed by {by}: {what}"),
        AuditEvent::UserDeleted { by, .. } => format!("deleted by {by}"),
        AuditEvent::AuthenticatorAdded { method, label, by, .. } => format!("{method} \"{label}\" added by {by}"),
        AuditEvent::AuthenticatorConfirmed { .. } => "second step confirmed".to_owned(),
        AuditEvent::AuthenticatorRemoved { method, by, .. } => format!("{method} removed by {by}"),
        AuditEvent::AuthenticatorChanged { what, by, .. } => format!("second step changed by {by}: {what}"),
        AuditEvent::TrustRevoked { service, by, .. } if service.is_empty() => {
            format!("remembered sign-in revoked by {by}")
        }
        AuditEvent::TrustRevoked { service, by, .. } => format!("remembered sign-in to {service} revoked by {by}"),
        AuditEvent::AppPasswordMade { label, by, .. } => format!("app password \"{label}\" made by {by}"),
        AuditEvent::AppPasswordRevoked { label, by, .. } => format!("app password \"{label}\" revoked by {by}"),
        AuditEvent::ConsoleActed { what, reason, by, .. } => format!("{what}, by {by}: {reason}"),
        AuditEvent::FactorApproved { .. } => "approved on the phone".to_owned(),
        AuditEvent::PushDelivery { state, .. } => delivery(*state).to_owned(),
        AuditEvent::SessionStarted { methods, address, .. } => {
            let methods: Vec<&str> = methods.iter().map(|method| method.name()).collect();
            format!("signed in to the portal with {}, from {address}", methods.join(" + "))
        }
        AuditEvent::SessionEnded { by, .. } => format!("signed out of the portal by {by}"),
        other => other.id().to_owned(),
    }
}

/// How far a request to a phone got.
fn delivery(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Queued => "a request is on its way to the phone",
        DeliveryState::Accepted => "the push service took the request",
        DeliveryState::Failed => "the push service did not take the request",
        DeliveryState::Shown => "the phone showed the request",
        DeliveryState::Opened => "the request was opened on the phone",
        DeliveryState::Answered => "the request was answered on the phone",
    }
}

/// What happened to the gateway itself.
fn gateway(event: &AuditEvent) -> String {
    match event {
        AuditEvent::GatewayStarted { version, .. } => format!("gateway {version} started"),
        AuditEvent::GatewayStopped { open_attempts: 0 } => "gateway stopped".to_owned(),
        AuditEvent::GatewayStopped { open_attempts } => format!("gateway stopped with {open_attempts} logins open"),
        AuditEvent::ConfigReloaded { .. } => "configuration reloaded".to_owned(),
        AuditEvent::ConfigRefused { problems } => {
            format!("a new configuration has {problems} problems; the old one stays")
        }
        AuditEvent::LoginWithdrawn { .. } => "a login went away before it was decided".to_owned(),
        AuditEvent::KeyRotated { rows, by, .. } => format!("{rows} secrets sealed with a new key by {by}"),
        AuditEvent::AuditWitness { node, sequence, .. } => format!("witnessed event {sequence} of node {node}"),
        AuditEvent::StoreRestored { missing } => {
            format!("the database is older than last seen: {missing} events are missing")
        }
        other => other.id().to_owned(),
    }
}
