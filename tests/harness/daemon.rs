//! The running gateway: the real binary, killed with its guard.

use std::process::Command;
use std::time::Duration;

use vestibule_peers::process::Process;
use vestibule_peers::radclient::Radclient;

use super::{SECRET, Site};

pub(crate) struct Daemon {
    process: Option<Process>,
    /// Words that may stand in an ERROR or WARN line of this test's log.
    expected: Vec<&'static str>,
}

impl Daemon {
    pub(crate) async fn start(site: &Site) -> anyhow::Result<Self> {
        Self::start_as(site, Command::new(env!("CARGO_BIN_EXE_vestibule"))).await
    }

    /// With an environment of the test's own.
    pub(crate) async fn start_as(site: &Site, mut command: Command) -> anyhow::Result<Self> {
        command.arg("--config").arg(site.write()).arg("run");
        let mut process = Process::start(&mut command, &site.path("daemon.log"))?;
        process.ready(async |printed| printed.contains("Listening on radius")).await?;
        Ok(Self { process: Some(process), expected: Vec::new() })
    }

    /// This test provokes errors with these words in them.
    pub(crate) fn expecting(&mut self, words: &'static str) {
        self.expected.push(words);
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.as_ref().unwrap().id()
    }

    pub(crate) fn log(&self) -> String {
        self.process.as_ref().unwrap().printed()
    }

    /// End it as a crash would.
    pub(crate) fn kill(mut self) {
        drop(self.process.take());
    }

    /// End it as an administrator would; its log must hold no error that the test did not expect.
    pub(crate) async fn stop(mut self) {
        let process = self.process.take().unwrap();
        let log = process.printed();
        let status = process.terminate().await.unwrap();
        assert!(status.success(), "the daemon ended with {status}\n{log}");
        for line in log.lines().filter(|line| line.contains("ERROR") || line.contains("panicked")) {
            assert!(self.expected.iter().any(|words| line.contains(words)), "unexpected in the log: {line}\n{log}");
        }
    }
}

/// A client that is asked nothing.
pub(crate) fn pap(site: &Site) -> Option<Radclient> {
    Some(Radclient::new(site.without_prompts(), SECRET)?.patience(Duration::from_secs(8)))
}

/// A client that shows questions.
pub(crate) fn challenge(site: &Site) -> Option<Radclient> {
    Some(Radclient::new(site.with_prompts(), SECRET)?.patience(Duration::from_secs(8)))
}
