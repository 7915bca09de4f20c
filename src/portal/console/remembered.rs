//! Everything that is remembered of everybody: where somebody is not asked for the second step, and until when.

mod export;
mod filter;
mod forget;
mod found;
mod list;

pub(crate) use export::export;
pub(crate) use forget::{ask, forget};
pub(crate) use list::show;

pub(super) use list::Row;
