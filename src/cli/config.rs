//! `vestibule config`: what can be configured.

use std::io::Write;

use anyhow::Context as _;
use clap::Subcommand;

use super::Outcome;
use crate::config;

#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Command {
    /// Every option with its type, default and meaning, as a Markdown page
    Reference,
    /// The JSON schema of the configuration, for editors
    Schema,
    /// A commented configuration to begin with
    Example,
}

pub fn run(command: &Command) -> Outcome {
    let page = match command {
        Command::Reference => config::markdown(),
        Command::Schema => config::schema(),
        Command::Example => config::EXAMPLE.to_owned(),
    };
    match std::io::stdout().write_all(page.as_bytes()) {
        // `vestibule config reference | head` is no fault.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("write the page"),
    }
}
