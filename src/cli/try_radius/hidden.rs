//! A password that is typed unseen.

use std::process::{Command, Stdio};

use anyhow::Context as _;
use vestibule_engine::Password;
use zeroize::Zeroizing;

use super::super::terminal::Terminal;
use super::super::{Failure, Outcome};

/// The shell puts the terminal back even when the person gives up. What was typed comes through a pipe, not through an
/// argument or the environment.
const READ: &str = r#"before=$(stty -g) && trap 'stty "$before"; echo >&2' EXIT && trap 'exit 130' INT TERM HUP &&
stty -echo && IFS= read -r line && printf %s "$line""#;

pub(super) fn ask(terminal: &mut Terminal, question: &str) -> Outcome<Password> {
    terminal.print(&format!("{question} "))?;
    let mut shell = Command::new("sh");
    shell.args(["-c", READ]).stdin(Stdio::inherit()).stderr(Stdio::inherit());
    let output = shell.output().context("read a password without showing it")?;
    if !output.status.success() {
        return Err(Failure::new("no password was read").then("use --password-file FILE").into());
    }
    let typed = Zeroizing::new(output.stdout);
    Ok(Password::new(typed.as_slice()))
}
