//! Interfaces of other makers' clients, spoken as those clients know them.

pub mod privacyidea;
