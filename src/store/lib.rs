//! What lasts: users, authenticators and their devices, open attempts, counters, remembered stations, sessions, the
//! audit log.
//!
//! One port ([`vestibule_engine::Store`]), one set of rules and statements, two databases under them. What this crate
//! must not know: protocols, factors, policy. It keeps what the engine decided and guards three promises: a one-time
//! thing is spent once, a change happens whole or not at all, and nobody is answered before it is durable.
//!
//! ```text
//!  engine ──Transition──▶ writer (one a process) ──group──▶ book (pure rules) ──▶ session ──▶ SQLite | PostgreSQL
//!         ◀──Committed───  after COMMIT                                             ▲
//!  engine ──reads──────────────────────────────────────────────────────────────────┘
//! ```
//!
//! **Why a writer.** Logins arrive one by one and a durable COMMIT waits for the disk. The writer takes what has queued
//! up, applies it in one transaction and answers all of it after one COMMIT: the wait is shared. It also puts the audit
//! records of a node into one chain without a lock that logins would queue for.
//!
//! **Why two libraries.** SQLite is reached by rusqlite on a thread of our own. A cached statement costs a few
//! microseconds there, where an asynchronous wrapper that hands every statement to a worker thread and waits for its
//! answer costs tens, and a login needs a dozen. (Measured on two cores: a user read by id, 4 µs all in all; a login's
//! whole commit among 64 at once, 36 µs of CPU.) For the same reason reads run where they are asked for, on connections
//! of their own. PostgreSQL is a network peer, and sqlx is the asynchronous client for it. Both sit behind one small
//! type (`Session`: execute and query), so every statement is written once and means the same on both.
//!
//! **At rest.** Whatever is secret (factor keys, password hashes, what an attempt carries) is sealed with a key that is
//! not in the database ([`Keyring`]) and bound to its row: moved to another row, it does not open. A remembered station
//! is no secret, but its row lets somebody in: it carries a proof made with the same key, and without one it is not
//! there.
//!
//! **What a key cannot show** is a row that is missing, or one that was there before. Whoever can write to the database
//! while we run can delete what was spent (`spent_items`), put back an authenticator's older high-water mark or a
//! station that was forgotten before its time was up, and one-time codes that they also know then open a second time.
//! They still need the first factor and such a code; the audit log has the login either way. A whole database put back
//! to an older state is noticed at the next start, by a file outside of it (`witness`).

mod accounts;
mod attempts;
mod audit;
mod book;
mod bulk;
mod change;
pub mod config;
mod counted;
mod deliveries;
mod devices;
mod fault;
mod guard;
mod handle;
mod keeping;
mod kept;
mod keyring;
mod listener;
mod open;
mod rotation;
mod schema;
mod session;
mod tokens;
mod trust;
mod verify;
mod witness;
mod writer;

pub use config::{StoreConfig, StoreSettings};
pub use handle::Handle;
pub use keyring::{Keyring, KeyringError, generate_master_key};
pub use open::{OpenError, Opening, open};
pub use verify::{Problem, ProblemKind, Verification};

#[cfg(test)]
mod tests;
