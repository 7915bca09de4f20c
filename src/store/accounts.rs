//! Users and what they hold: reading, and the changes an administrator makes. Each change checks everything before it
//! writes anything, and leaves its audit record.

mod authenticators;
mod users;

pub(crate) use authenticators::{
    add, authenticator, authenticators, confirm, label, prefer, remove, reseal, secret_place, spent_items,
};
pub(crate) use users::{
    adopt, change, clear_locks, create, delete, forget_places_of, local_account, needs_adoption, password_place, user,
    user_of, users,
};
