//! The console over a store in memory.

mod access;
mod acts;
mod hostile;
mod list;
mod stage;
