pub(crate) mod memory;
pub(crate) mod world;

mod account;
mod answers;
mod document;
mod hostile;
mod waiting;
