//! The project's folder shows what the project is, and nothing else.

use std::path::Path;
use std::process::Command;

const ALLOWED: &[&str] = &[
    ".cargo",
    ".ci",
    ".clippy.toml",
    ".config",
    ".gitignore",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "NOTICE",
    "README.md",
    "config",
    "deny.toml",
    "packaging",
    "plugins",
    "rustfmt.toml",
    "src",
    "tests",
];

/// What git has at the top. What else lies there (a build, a demo, an editor's files) is its owner's. In a tree without
/// git, as unpacked from an archive, there is nothing to look at.
pub(super) fn names(root: &Path) -> Vec<String> {
    let output = Command::new("git").args(["ls-files", "--cached"]).current_dir(root).output();
    let listed = output.ok().filter(|output| output.status.success()).map(|output| output.stdout).unwrap_or_default();
    let first = |path: &str| path.split('/').next().unwrap_or(path).to_owned();
    let mut names: Vec<String> = String::from_utf8_lossy(&listed).lines().map(first).collect();
    names.dedup();
    names
}

pub(super) fn problems(names: &[String]) -> Vec<String> {
    names
        .iter()
        .filter(|name| !ALLOWED.contains(&name.as_str()))
        .map(|name| format!("{name} does not belong into the project's top folder"))
        .collect()
}
