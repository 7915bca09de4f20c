//! The configuration: from files as written to what is meant, with every problem told at once.
//!
//! ```text
//! vestibule.yaml ┐  tree       reader           link
//! conf.d/*.yaml  ┴─▶ Node ──▶ ConfigFile ──▶ Config { everything loaded and linked }
//!                     │          │               │
//!                     └──────────┴───────────────┴──▶ Report { every problem, with file, line and remedy }
//! ```
//!
//! Only this module reads files and the environment. It binds nothing and asks nobody: a configuration can be checked on
//! another machine.

mod fault;
mod file;
mod link;
mod load;
mod merge;
mod names;
mod problems;
mod reader;
mod reference;
mod sources;
mod told;
mod tree;

pub use file::{ConfigFile, LogConfig, LogFormat, LogLevel, PrimaryConfig};
pub use link::{Config, PrimarySettings};
pub use load::{Loaded, load, load_with};
pub use problems::{Located, Report};
pub use reference::{markdown, schema};
pub use sources::{Disk, login_name};
pub(crate) use sources::{folder_of, is_journal};
pub(crate) use vestibule_store::StoreSettings;

/// The commented configuration that `vestibule init` writes.
pub const EXAMPLE: &str = include_str!("../config/vestibule.yaml");

#[cfg(test)]
mod tests;
