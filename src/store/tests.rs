//! One suite over both databases, and what only one of them can suffer.

mod cluster;
mod faults;
mod older;
mod places;
mod restored;
mod suite;
