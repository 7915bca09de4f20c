//! All events, or those of a span of time, for another system. Read in pages: the log may be larger than memory.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;
use vestibule_engine::AuditLine;

use super::{ExportArgs, Format, cef, csv, tail};
use crate::cli::Outcome;
use crate::cli::desk::{Desk, told};
use crate::cli::files::PRIVATE;
use crate::cli::terminal::clean_json;

const PAGE: u32 = 1000;

pub(super) async fn run(args: &ExportArgs, desk: &mut Desk) -> Outcome {
    let mut file = match &args.output {
        Some(path) => Some(BufWriter::new(create(path)?)),
        None => None,
    };
    if args.format == Format::Csv {
        write(&csv::heading(), &mut file, desk)?;
    }
    let mut written = 0_u64;
    for node in desk.store.audit_nodes().await.map_err(told)? {
        let mut next = 1;
        loop {
            let lines = desk.store.audit_from(&node, next, PAGE).await.map_err(told)?;
            let Some(last) = lines.last() else { break };
            next = last.sequence + 1;
            for line in lines.iter().filter(|line| is_wanted(line, args)) {
                write(&formatted(line, args.format), &mut file, desk)?;
                written += 1;
            }
            if desk.terminal.is_hung_up() {
                return Ok(());
            }
        }
    }
    if let Some(mut file) = file {
        file.flush().context("write the export")?;
        desk.terminal.line(format!("Wrote {written} events."))?;
    }
    Ok(())
}

/// Written as it is read, so not made whole like other files; but new, and for its owner alone.
fn create(path: &Path) -> Outcome<File> {
    let created = File::options().write(true).create_new(true).mode(PRIVATE).open(path);
    created.with_context(|| format!("write {}", path.display()))
}

fn is_wanted(line: &AuditLine, args: &ExportArgs) -> bool {
    args.from.is_none_or(|from| line.record.at >= from) && args.to.is_none_or(|to| line.record.at < to)
}

pub(super) fn formatted(line: &AuditLine, format: Format) -> String {
    match format {
        Format::Jsonl => clean_json(&tail::as_json(line).to_string()),
        Format::Csv => csv::row(line),
        Format::Cef => cef::event(line),
    }
}

fn write(text: &str, file: &mut Option<impl Write>, desk: &mut Desk) -> Outcome {
    match file {
        Some(file) => writeln!(file, "{text}").context("write the export"),
        None => desk.terminal.line(text),
    }
}
