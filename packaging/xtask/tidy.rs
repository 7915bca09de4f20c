//! What the compiler does not check. Each rule is a list of problems, and a test runs them over this very tree.

mod directions;
mod keepers;
mod lock;
mod metadata;
mod promises;
mod source;
mod top_level;
mod words;

use std::path::Path;

use anyhow::{Context, bail};

use crate::shell;
use metadata::Metadata;
use promises::Promises;

pub(crate) fn run() -> anyhow::Result<()> {
    let problems = problems(&shell::root()?)?;
    for problem in &problems {
        println!("tidy: {problem}");
    }
    if problems.is_empty() {
        println!("tidy: nothing is out of place");
        return Ok(());
    }
    bail!("{} things are out of place", problems.len())
}

fn problems(root: &Path) -> anyhow::Result<Vec<String>> {
    let metadata = Metadata::read(root)?;
    let lock = std::fs::read_to_string(root.join("Cargo.lock")).context("read Cargo.lock")?;
    let sources = source::read(root).context("read the sources")?;
    let mut problems = directions::problems(&metadata.packages);
    problems.extend(keepers::problems(&metadata.packages));
    problems.extend(lock::problems(&lock));
    problems.extend(words::problems(&sources));
    problems.extend(top_level::problems(&top_level::names(root)));
    problems.extend(promises::problems(&Promises::read(root).context("read what README promises")?));
    Ok(problems)
}

#[cfg(test)]
mod tests;
