//! Several files become one tree: maps are merged key by key, and what two files both say is refused, with both places.

use std::path::PathBuf;

use super::tree::{Entry, Kind, Malformed, Node};

/// Put `more` into `base`.
pub(crate) fn merge(base: &mut Node, more: Node, files: &[PathBuf], problems: &mut Vec<Malformed>) {
    if let Kind::Map(entries) = more.kind {
        merge_entries(base, entries, files, &mut Vec::new(), problems);
    }
}

fn merge_entries(
    base: &mut Node,
    more: Vec<Entry>,
    files: &[PathBuf],
    path: &mut Vec<String>,
    problems: &mut Vec<Malformed>,
) {
    let Kind::Map(entries) = &mut base.kind else { return };
    for entry in more {
        let Some(present) = entries.iter_mut().find(|present| present.key == entry.key) else {
            entries.push(entry);
            continue;
        };
        path.push(entry.key.clone());
        match (&present.value.kind, entry.value.kind) {
            (Kind::Map(_), Kind::Map(more)) => merge_entries(&mut present.value, more, files, path, problems),
            _ => {
                let first = present.key_place;
                let file = files.get(first.file).map(|file| file.display().to_string()).unwrap_or_default();
                problems.push(Malformed {
                    place: entry.key_place,
                    path: path.join("."),
                    found: format!("`{}` is also set in {file}, line {}", entry.key, first.line),
                    remedy: "keep one of them; only groups of options are merged, not single values or lists"
                        .to_owned(),
                    is_error: true,
                });
            }
        }
        path.pop();
    }
}
