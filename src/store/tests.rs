//! One suite over both databases, and what only one of them can suffer.

mod cluster;
mod faults;
mod places;
#[path = "../../tests/peers/postgres.rs"]
mod postgres_peer;
mod restored;
mod suite;
