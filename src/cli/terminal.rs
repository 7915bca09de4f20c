//! What a command says to the person at the terminal, and what it asks them.
//!
//! Whatever came from outside (a typed name, a label) is printed through [`clean`], so that no text can move the cursor,
//! change colours or forge a second line (LOG-03). Colour is never the only thing that says something.

mod ask;
mod clean;
mod clockface;
mod table;
#[cfg(test)]
pub(crate) mod tests;

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::Context;
use clap::builder::FalseyValueParser;
use serde::Serialize;

pub use clean::{clean, clean_json};
pub use clockface::{Clockface, rfc3339};
pub use table::Table;

/// What this terminal can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Looks {
    pub colour: bool,
    /// Characters beyond ASCII come out as they are.
    pub unicode: bool,
    /// A person sits there and can be asked.
    pub interactive: bool,
}

/// How a command prints.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct Printing {
    /// Print JSON for scripts, one object a line
    #[arg(long, global = true)]
    pub json: bool,
    /// Print without colours
    #[arg(long, global = true, env = "NO_COLOR", value_parser = FalseyValueParser::new(), hide_env = true, hide = true)]
    pub no_color: bool,
}

impl Looks {
    pub fn of_this_process(printing: Printing) -> Self {
        let is_terminal = io::stdout().is_terminal();
        Self {
            colour: is_terminal && !printing.no_color && !printing.json,
            unicode: has_unicode(),
            interactive: is_terminal && io::stdin().is_terminal() && !printing.json,
        }
    }
}

/// What the locale says of the terminal. A system without `locale` is a small container, where everything is UTF-8.
fn has_unicode() -> bool {
    let charmap = std::process::Command::new("locale").arg("charmap").output();
    charmap.map_or(true, |output| output.stdout.starts_with(b"UTF-8"))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Strong,
    Quiet,
    Good,
    Bad,
    Warning,
}

impl Tone {
    fn sequence(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Strong => Some("\x1b[1m"),
            Self::Quiet => Some("\x1b[2m"),
            Self::Good => Some("\x1b[32m"),
            Self::Bad => Some("\x1b[31m"),
            Self::Warning => Some("\x1b[33m"),
        }
    }
}

pub struct Terminal {
    out: Box<dyn Write + Send>,
    input: Box<dyn BufRead + Send>,
    looks: Looks,
    clockface: Clockface,
    is_hung_up: bool,
}

impl Terminal {
    /// Standard output and input.
    pub fn standard(printing: Printing) -> Self {
        let input = Box::new(io::BufReader::new(io::stdin()));
        Self::new(Box::new(io::stdout()), input, Looks::of_this_process(printing), Clockface::utc())
    }

    pub fn new(out: Box<dyn Write + Send>, input: Box<dyn BufRead + Send>, looks: Looks, clockface: Clockface) -> Self {
        Self { out, input, looks, clockface, is_hung_up: false }
    }

    pub fn looks(&self) -> Looks {
        self.looks
    }

    pub fn clockface(&self) -> &Clockface {
        &self.clockface
    }

    /// Somebody stopped reading what we print (`| head`): nothing to complain about, and nothing more to print.
    pub fn is_hung_up(&self) -> bool {
        self.is_hung_up
    }

    /// One line of our own words. Parts that came from outside are cleaned before they are put in.
    pub fn line(&mut self, text: impl AsRef<str>) -> anyhow::Result<()> {
        self.print(&format!("{}\n", text.as_ref()))
    }

    /// Whole lines, as they are.
    pub fn print(&mut self, text: &str) -> anyhow::Result<()> {
        if self.is_hung_up {
            return Ok(());
        }
        match self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.is_hung_up = true,
            written => written.context("write to standard output")?,
        }
        Ok(())
    }

    /// For scripts: one JSON value a line.
    pub fn json(&mut self, value: &impl Serialize) -> anyhow::Result<()> {
        let text = serde_json::to_string(value).context("write JSON")?;
        self.line(clean_json(&text))
    }

    pub fn table(&mut self, table: &Table) -> anyhow::Result<()> {
        let text = table.render(|text| self.toned(Tone::Quiet, text));
        self.print(&text)
    }

    /// The text in a tone, where this terminal has colours.
    pub fn toned(&self, tone: Tone, text: &str) -> String {
        match tone.sequence() {
            Some(sequence) if self.looks.colour => format!("{sequence}{text}\x1b[0m"),
            _ => text.to_owned(),
        }
    }
}

/// What went wrong and why, where no command had better words for it.
pub fn explain(error: &anyhow::Error) -> String {
    let causes: Vec<String> = error.chain().skip(1).map(|cause| clean(&cause.to_string())).collect();
    let why = if causes.is_empty() { String::new() } else { format!("\n  why: {}", causes.join(": ")) };
    format!("error: {}{why}", clean(&error.to_string()))
}

/// Whether it is only that somebody stopped reading what we print (`| head`).
pub fn is_hung_up(error: &anyhow::Error) -> bool {
    let is_broken_pipe = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(is_broken_pipe))
}
