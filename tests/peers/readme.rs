//! What README.md and other pages tell people to type and to write, so that a test can do it.

use std::io;
use std::path::Path;

/// A fenced block of this language is commands, one a line; any other block is not.
const COMMANDS: &str = "sh";
const FENCE: &str = "```";

/// Every command of the project's README, in order, as written. A line that ends in a backslash goes on in the next.
pub fn readme_commands() -> io::Result<Vec<String>> {
    page_commands("README.md")
}

/// The same of another page, by its path from the project's folder.
pub fn page_commands(page: &str) -> io::Result<Vec<String>> {
    Ok(commands(&read(page)?))
}

/// Every fenced block of this language on a page, without its fences.
pub fn page_blocks(page: &str, language: &str) -> io::Result<Vec<String>> {
    Ok(blocks(&read(page)?, language))
}

fn read(page: &str) -> io::Result<String> {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(page))
}

/// The commands of one Markdown text.
pub fn commands(markdown: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut unfinished = String::new();
    for line in blocks(markdown, COMMANDS).iter().flat_map(|block| block.lines()) {
        match line.trim() {
            "" => {}
            comment if comment.starts_with('#') => {}
            part => {
                unfinished.push_str(part.trim_end_matches('\\').trim_end());
                if part.ends_with('\\') {
                    unfinished.push(' ');
                } else {
                    commands.push(std::mem::take(&mut unfinished));
                }
            }
        }
    }
    commands
}

/// The fenced blocks of one language in a Markdown text.
pub fn blocks(markdown: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    // The block we are in, and whether it is wanted.
    let mut open: Option<(String, bool)> = None;
    for line in markdown.lines() {
        match (line.trim().strip_prefix(FENCE), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take().filter(|(_, wanted)| *wanted).map(|(text, _)| text)),
            (Some(opening), None) => open = Some((String::new(), opening.trim() == language)),
            (None, Some((text, _))) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}
