//! A person at a terminal: types commands one after the other, as a manual says.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;
use tempfile::NamedTempFile;

use crate::process::Process;
use crate::tools;

/// One terminal: its folder, its PATH and what was exported in it.
#[derive(Debug)]
pub struct Terminal {
    folder: PathBuf,
    path: OsString,
    exported: Vec<(String, String)>,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    pub succeeded: bool,
    /// What it printed, standard output before standard error.
    pub printed: String,
}

impl Terminal {
    /// A terminal in `folder`, with the folders of `programs` before all others on its PATH.
    pub fn new(folder: &Path, programs: &[&Path]) -> anyhow::Result<Self> {
        let before = programs.iter().filter_map(|program| program.parent()).map(Path::to_owned);
        let path = tools::environment("PATH").unwrap_or_default();
        let path = std::env::join_paths(before.chain(std::env::split_paths(&path))).context("make a PATH")?;
        Ok(Self { folder: folder.to_owned(), path, exported: Vec::new() })
    }

    /// Type a command, then `input`, and wait for its end. `export NAME=VALUE` holds for what follows.
    pub fn type_in(&mut self, command: &str, input: &str) -> anyhow::Result<Typed> {
        if let Some((name, value)) = command.strip_prefix("export ").and_then(|rest| rest.split_once('=')) {
            self.exported.push((name.to_owned(), value.to_owned()));
            return Ok(Typed { succeeded: true, printed: String::new() });
        }
        let mut typed = NamedTempFile::new().context("make a file for the input")?;
        typed.write_all(input.as_bytes()).context("write the input")?;
        let input = typed.reopen().context("open the input")?;
        let output =
            self.shell(command).stdin(Stdio::from(input)).output().with_context(|| format!("type {command}"))?;
        let [out, error] = [output.stdout, output.stderr].map(|octets| String::from_utf8_lossy(&octets).into_owned());
        Ok(Typed { succeeded: output.status.success(), printed: out + &error })
    }

    /// Leave a command running, as in another terminal. What it prints goes to the file `output`.
    pub fn leave_running(&self, command: &str, output: &Path) -> anyhow::Result<Process> {
        Process::start(&mut self.shell(&format!("exec {command}")), output)
    }

    fn shell(&self, command: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(command).current_dir(&self.folder).env("PATH", &self.path);
        shell.envs(self.exported.iter().map(|(name, value)| (name, value)));
        shell
    }
}
