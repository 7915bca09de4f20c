//! README names a test for each promise. A test that was renamed or deleted would leave a promise without one.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

/// Where tests are.
const FOLDERS: &[&str] = &["src", "tests"];

pub(super) struct Promises {
    /// The tests that README names.
    pub(super) named: Vec<String>,
    /// The functions that there are.
    pub(super) functions: BTreeSet<String>,
}

impl Promises {
    pub(super) fn read(root: &Path) -> io::Result<Self> {
        let mut functions = BTreeSet::new();
        for folder in FOLDERS {
            collect(&root.join(folder), &mut functions)?;
        }
        Ok(Self { named: named(&std::fs::read_to_string(root.join("README.md"))?), functions })
    }
}

/// In the last column of a table of promises, names in backticks.
pub(super) fn named(readme: &str) -> Vec<String> {
    let rows =
        readme.lines().skip_while(|line| !line.ends_with("| shown by |")).take_while(|line| line.starts_with('|'));
    let last = rows.filter_map(|row| row.trim_end_matches('|').rsplit('|').next());
    last.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

fn collect(folder: &Path, functions: &mut BTreeSet<String>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, functions)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            functions.extend(std::fs::read_to_string(&path)?.lines().filter_map(function));
        }
    }
    Ok(())
}

fn function(line: &str) -> Option<String> {
    let (before, rest) = line.split_once("fn ")?;
    let (name, _) = rest.split_once('(')?;
    matches!(before.trim(), "" | "async").then(|| name.to_owned())
}

pub(super) fn problems(promises: &Promises) -> Vec<String> {
    if promises.named.is_empty() {
        return vec!["README.md names no test for what it promises".to_owned()];
    }
    let gone = promises.named.iter().filter(|name| !promises.functions.contains(*name));
    gone.map(|name| format!("README.md names the test {name}, which is not there")).collect()
}
