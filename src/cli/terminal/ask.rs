//! Questions to the person at the terminal.

use std::io::{BufRead, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context;
use vestibule_engine::Password;
use zeroize::Zeroizing;

use super::Terminal;
use crate::cli::{Failure, Outcome};

/// A longer answer than this is not typed by a person.
const ANSWER_OCTETS_MAX: u64 = 4096;

/// Reads one line without showing it. The shell restores the terminal even when the person gives up with Ctrl-C, which
/// ends us but runs its trap. What was typed comes back through a pipe: not in an argument, not in the environment.
const READ_UNSEEN: &str = r#"
    seen=$(stty -g) || exit 1
    trap 'stty "$seen"; echo >&2' EXIT
    trap 'exit 130' INT TERM HUP
    stty -echo
    IFS= read -r line
    printf %s "$line"
"#;

impl Terminal {
    /// A line, without its end. `None` when there is no more input.
    pub fn ask(&mut self, question: &str) -> anyhow::Result<Option<String>> {
        self.print(&format!("{question} "))?;
        self.read_line()
    }

    fn read_line(&mut self) -> anyhow::Result<Option<String>> {
        let mut line = String::new();
        let read = (&mut self.input).take(ANSWER_OCTETS_MAX).read_line(&mut line).context("read standard input")?;
        let length = line.trim_end_matches(['\r', '\n']).len();
        line.truncate(length);
        Ok((read > 0).then_some(line))
    }

    /// Yes only where somebody typed yes.
    pub fn is_sure(&mut self, question: &str) -> anyhow::Result<bool> {
        let answer = self.ask(&format!("{question} [y/N]"))?.unwrap_or_default();
        Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
    }

    /// A new password: from a file, from a person (twice, unseen), or the first line of standard input.
    pub fn new_password(&mut self, file: Option<&Path>) -> Outcome<Password> {
        if let Some(file) = file {
            return password_from(file);
        }
        if !self.looks.interactive {
            return self.first_line();
        }
        let first = self.unseen("New password:")?;
        let second = self.unseen("The same again:")?;
        if first != second {
            return Err(Failure::new("no password was set").because("the two entries differ").into());
        }
        Ok(Password::new(first.as_slice()))
    }

    /// The password of somebody who signs in: from a file, from a person (unseen), or the first line of standard input.
    pub fn password(&mut self, question: &str, file: Option<&Path>) -> Outcome<Password> {
        match file {
            Some(file) => password_from(file),
            None if self.looks.interactive => Ok(Password::new(self.unseen(question)?.as_slice())),
            None => self.first_line(),
        }
    }

    fn first_line(&mut self) -> Outcome<Password> {
        let line = Zeroizing::new(self.read_line()?.unwrap_or_default());
        Ok(Password::new(line.as_bytes()))
    }

    fn unseen(&mut self, question: &str) -> Outcome<Zeroizing<Vec<u8>>> {
        self.print(&format!("{question} "))?;
        let typed = Command::new("sh")
            .args(["-c", READ_UNSEEN])
            .stdin(Stdio::inherit())
            .stderr(Stdio::inherit())
            .output()
            .context("read a password without showing it")?;
        if !typed.status.success() {
            let failure = Failure::new("no password was read").because("the terminal could not be told to hide it");
            return Err(failure.then("the same command with --password-file FILE").into());
        }
        Ok(Zeroizing::new(typed.stdout))
    }
}

fn password_from(file: &Path) -> anyhow::Result<Password> {
    let reading = || format!("read the password in {}", file.display());
    let mut text = Zeroizing::new(String::new());
    let opened = std::fs::File::open(file).with_context(reading)?;
    opened.take(ANSWER_OCTETS_MAX).read_to_string(&mut text).with_context(reading)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Password::new(line.strip_suffix('\r').unwrap_or(line).as_bytes()))
}
