//! The login. One engine decides every login of every door.
//!
//! What this crate must not know, and by its `Cargo.toml` cannot reach: sockets, files, SQL, HTTP. There is no
//! protocol word here (no packet, no bind, no redirect); a door translates its wire into a [`LoginRequest`] and a
//! [`Verdict`] back onto its wire. Time and randomness are arguments ([`Clock`], [`Random`]).
//!
//! ```text
//!  door ──LoginRequest──▶ throttle ─▶ primary ─▶ identity ─▶ policy ─▶ second factor ─▶ commit ──Verdict──▶ door
//!                            │                                                          │
//!                            └────────────── counters, spent codes, audit: one transaction in the Store ──┘
//! ```
//!
//! Two promises hold by construction. A [`Grant`] can only be made in this crate, after the store committed the
//! decision and its audit record; a door that wants to let somebody in needs one. And a refusal is a value:
//! `Err(EngineError)` means only that we could not find out, which is never an acceptance.

mod attempt;
mod audit;
mod bells;
mod challenge;
mod coalesce;
pub mod config;
mod devices;
mod engine;
mod factor;
mod gate;
mod names;
mod plain;
mod policy;
pub mod policy_config;
mod ports;
mod primary;
mod request;
mod secret;
mod split;
mod store;
mod throttle;
mod verdict;

pub use audit::{AuditEvent, AuditRecord, Decision, FirstFactor};
pub use bells::{Bell, Bells, Listening};
pub use challenge::{Challenge, Context, Matching, Nonce, Number};
pub use devices::{Delivery, DeliveryState, Device, DeviceMark, Token, TokenKind};
pub use engine::{Engine, MatchingRule, Ports, PushRules, Settings};
pub use factor::{Authenticator, Checked, Method, SecondFactor, Spend};
pub use names::{
    AttemptId, AuthenticatorId, CoalesceKey, Door, NameRefused, Service, Station, TrustId, Turn, UserId, UserName,
};
pub use plain::{is_plain, plain_text};
pub use policy::{Facts, Hours, NetworkMatch, Policy, Requirement, Rule, Ruling};
pub use ports::{Clock, ClockFault, PortError, Random, Timestamp};
pub use primary::{
    Carried, Continuation, Identified, Person, Primary, PrimaryAuthenticator, PrimaryOutcome, PrimaryRefusal,
    PrimarySource, Subject,
};
pub use request::{Channel, Exempt, Insist, LoginRequest, Order, Origin, Prompts, Terms};
pub use secret::{Passcode, Password, SecretBytes};
pub use split::{Second, Split, Splitting, split};
pub use store::{
    AttemptRow, AuditLine, Charge, Committed, Crowd, Ended, LocalAccount, NewAuthenticator, NewUser, OpenAttempt,
    Position, Store, StoreError, Transition, TrustEntry, User, UserChange,
};
pub use throttle::{Budget, Budgets, Counter, CounterKey, ENDING, SIGHTING};
pub use verdict::{
    Answer, Denial, EngineError, Grant, Identity, Prompt, PromptKind, Responded, Step, Verdict, Withdrawn,
};

#[cfg(test)]
mod tests;
