//! The product's sources as the rules read them: without comments and without tests.

use std::io;
use std::path::Path;

/// One file under `src/`.
#[derive(Debug)]
pub(super) struct Source {
    /// From the project's folder, with forward slashes: `src/engine/lib.rs`.
    pub(super) path: String,
    /// Line by line, so that a problem can say where it is.
    pub(super) code: Vec<String>,
}

impl Source {
    pub(super) fn new(path: impl Into<String>, text: &str) -> Self {
        Self { path: path.into(), code: code_lines(text) }
    }
}

pub(super) fn read(root: &Path) -> io::Result<Vec<Source>> {
    let mut sources = Vec::new();
    read_folder(root, &root.join("src"), &mut sources)?;
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(sources)
}

fn read_folder(root: &Path, folder: &Path, sources: &mut Vec<Source>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read_folder(root, &path, sources)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            if !is_test_file(&name) {
                sources.push(Source::new(name, &std::fs::read_to_string(&path)?));
            }
        }
    }
    Ok(())
}

/// `foo/tests.rs`, `foo/tests/bar.rs`, `foo_tests.rs`.
fn is_test_file(path: &str) -> bool {
    path.split('/').any(|part| part == "tests" || part.ends_with("tests.rs"))
}

/// What is left of each line. The module that `#[cfg(test)]` opens at the end of a file is not product code.
fn code_lines(text: &str) -> Vec<String> {
    let mut code = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let opens_tests = line.trim() == "#[cfg(test)]"
            && lines.peek().is_some_and(|next| next.starts_with("mod ") && next.ends_with('{'));
        if opens_tests {
            break;
        }
        code.push(without_comment(line).to_owned());
    }
    code
}

/// Up to `//`, unless it stands in a URL.
fn without_comment(line: &str) -> &str {
    line.match_indices("//")
        .find(|(at, _)| !line.get(..*at).is_some_and(|before| before.ends_with(':')))
        .and_then(|(at, _)| line.get(..at))
        .unwrap_or(line)
}
