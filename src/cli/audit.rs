//! `vestibule audit`: who signed in, who was refused and why, and what administrators changed.

mod cef;
mod csv;
mod export;
mod line;
mod moment;
mod tail;
#[cfg(test)]
mod tests;
mod verify;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use vestibule_engine::Timestamp;

use super::desk::Desk;
use super::terminal::Printing;
use super::{Context, Outcome};

#[derive(Debug, Args)]
pub struct AuditArgs {
    #[command(flatten)]
    printing: Printing,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the newest events, one a line
    Tail(TailArgs),
    /// Check that no event was changed, left out or moved
    Verify,
    /// Write events out for another system
    Export(ExportArgs),
}

#[derive(Debug, Args)]
pub struct TailArgs {
    /// Go on with events as they happen, until Ctrl-C
    #[arg(short, long)]
    follow: bool,
    /// Only events about this person
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// How many to begin with
    #[arg(short = 'n', long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    lines: u32,
}

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// How to write them
    #[arg(long, value_enum)]
    format: Format,
    /// Only events from this moment on: a date (UTC) or RFC 3339
    #[arg(long, value_name = "MOMENT", value_parser = moment::parse)]
    from: Option<Timestamp>,
    /// Only events before this moment
    #[arg(long, value_name = "MOMENT", value_parser = moment::parse)]
    to: Option<Timestamp>,
    /// Write to this new file, which only you can read, instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One JSON object a line, with the hashes
    Jsonl,
    /// For spreadsheets (RFC 4180)
    Csv,
    /// Common Event Format, for security information systems
    Cef,
}

pub async fn run(args: AuditArgs, context: &Context) -> Outcome {
    let mut desk = Desk::of(context, args.printing);
    match args.command {
        Command::Tail(args) => tail::run(&args, &mut desk).await,
        Command::Verify => verify::run(&context.store, &mut desk).await,
        Command::Export(args) => export::run(&args, &mut desk).await,
    }
}
