//! The commands that README.md tells people to type, so that a test can type them.

use std::io;
use std::path::Path;

/// A fenced block of this language is commands, one a line; any other block is not.
const COMMANDS: &str = "```sh";
const END: &str = "```";

/// Every command of the project's README, in order, as written. A line that ends in a backslash goes on in the next.
pub fn readme_commands() -> io::Result<Vec<String>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    Ok(commands(&std::fs::read_to_string(file)?))
}

/// The commands of one Markdown text.
pub fn commands(markdown: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut inside = false;
    let mut unfinished = String::new();
    for line in markdown.lines() {
        match line.trim() {
            COMMANDS => inside = true,
            END => inside = false,
            "" => {}
            comment if comment.starts_with('#') => {}
            part if inside => {
                unfinished.push_str(part.trim_end_matches('\\').trim_end());
                if part.ends_with('\\') {
                    unfinished.push(' ');
                } else {
                    commands.push(std::mem::take(&mut unfinished));
                }
            }
            _ => {}
        }
    }
    commands
}
