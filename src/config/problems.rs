//! Problems with their place, and how they are shown.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use vestibule_engine::config::Problem;

use super::tree::{Kind, Malformed, Node, Place};

/// One problem, as an administrator gets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Located {
    pub file: PathBuf,
    pub line: usize,
    pub column: usize,
    /// Keys joined by dots; empty where the whole file is meant.
    pub path: String,
    pub found: String,
    pub remedy: String,
    /// A warning is told and lived with; an error is not.
    pub is_error: bool,
}

/// Everything that was found wrong, errors and warnings, in the order of the files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct Report {
    pub problems: Vec<Located>,
}

impl Report {
    pub fn errors(&self) -> usize {
        self.problems.iter().filter(|problem| problem.is_error).count()
    }

    pub fn warnings(&self) -> usize {
        self.problems.len().saturating_sub(self.errors())
    }

    pub(crate) fn sort(&mut self, files: &[PathBuf]) {
        let rank = |file: &PathBuf| files.iter().position(|known| known == file);
        self.problems.sort_by(|a, b| {
            (rank(&a.file), a.line, a.column, &a.path).cmp(&(rank(&b.file), b.line, b.column, &b.path))
        });
        self.problems.dedup();
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.problems.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            writeln!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_error { "error" } else { "warning" };
        let option = if self.path.is_empty() { String::new() } else { format!(" in {}", self.path) };
        writeln!(f, "{}:{}: {kind}{}", printable(&self.file.display().to_string()), self.line, printable(&option))?;
        writeln!(f, "  found: {}", printable(&self.found))?;
        write!(f, "  do:    {}", printable(&self.remedy))
    }
}

/// Without what could move a terminal's cursor or fake a line (LOG-03).
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect()
}

pub(crate) fn locate(problem: Problem, root: &Node, files: &[PathBuf]) -> Located {
    let Problem { path, found, remedy, is_error } = problem;
    at(place_of(root, &path), path, found, remedy, is_error, files)
}

pub(crate) fn located(malformed: Malformed, files: &[PathBuf]) -> Located {
    let Malformed { place, path, found, remedy, is_error } = malformed;
    at(place, path, found, remedy, is_error, files)
}

fn at(place: Place, path: String, found: String, remedy: String, is_error: bool, files: &[PathBuf]) -> Located {
    let file = files.get(place.file).cloned().unwrap_or_default();
    let found = if found.trim().is_empty() { "an empty text".to_owned() } else { found };
    Located { file, line: place.line, column: place.column, path, found, remedy, is_error }
}

/// Where the value of a dotted path stands, or the nearest thing around it. Keys may hold dots themselves.
pub(crate) fn place_of(root: &Node, path: &str) -> Place {
    let mut place = root.place;
    let mut node = root;
    let mut rest = path;
    while let Some((next, at, left)) = step(node, rest) {
        (node, place, rest) = (next, at, left);
    }
    place
}

fn step<'n, 'p>(node: &'n Node, path: &'p str) -> Option<(&'n Node, Place, &'p str)> {
    match &node.kind {
        Kind::Map(entries) => entries
            .iter()
            .filter_map(|entry| {
                let rest = path.strip_prefix(entry.key.as_str())?;
                let rest = if rest.is_empty() { rest } else { rest.strip_prefix('.')? };
                Some((entry.key.len(), (&entry.value, entry.key_place, rest)))
            })
            .max_by_key(|(length, _)| *length)
            .map(|(_, found)| found),
        Kind::List(items) => {
            let (index, rest) = path.split_once('.').unwrap_or((path, ""));
            let item = items.get(index.parse::<usize>().ok()?)?;
            Some((item, item.place, rest))
        }
        _ => None,
    }
}
