//! A process of a peer: waited for until it serves, killed when its guard goes, and asked what CPU it used.

use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::time::{Instant, sleep};

/// A peer that does not serve by then will not. Generous: the machine may be building beside us.
const START_PATIENCE: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Linux reports CPU time in ticks of a hundredth of a second, on every architecture we build for (USER_HZ).
const TICK: Duration = Duration::from_millis(10);

/// A running program; dropping it kills it and waits for its end.
#[derive(Debug)]
pub struct Process {
    child: Child,
    output: PathBuf,
    name: String,
}

impl Process {
    /// Start `command` with what it prints going to the file `output`.
    pub fn start(command: &mut Command, output: &Path) -> anyhow::Result<Self> {
        Self::start_with(command, Stdio::null(), output)
    }

    /// The same for a program that ends with its standard input, and so with us, even where no guard is dropped.
    pub fn start_tied(command: &mut Command, output: &Path) -> anyhow::Result<Self> {
        Self::start_with(command, Stdio::piped(), output)
    }

    fn start_with(command: &mut Command, input: Stdio, output: &Path) -> anyhow::Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let file = File::create(output).with_context(|| format!("create {}", output.display()))?;
        let child = command
            .stdin(input)
            .stdout(file.try_clone()?)
            .stderr(file)
            // A group of its own, so that Ctrl-C in a terminal reaches the test first and the guard ends the peer.
            .process_group(0)
            .spawn()
            .with_context(|| format!("start {name}"))?;
        Ok(Self { child, output: output.to_owned(), name })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it printed so far.
    pub fn printed(&self) -> String {
        std::fs::read(&self.output).map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default()
    }

    /// Wait until `ready` says so; an end before that is an error that carries what the program printed.
    pub async fn ready(&mut self, mut ready: impl AsyncFnMut(&str) -> bool) -> anyhow::Result<()> {
        let patience = Instant::now() + START_PATIENCE;
        loop {
            let printed = self.printed();
            if ready(&printed).await {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended ({status}) before it served:\n{printed}", self.name);
            }
            if Instant::now() > patience {
                bail!("{} does not serve after {START_PATIENCE:?}:\n{printed}", self.name);
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Ask it to end as an administrator would (SIGTERM by `kill`), and wait for that.
    pub async fn terminate(mut self) -> anyhow::Result<std::process::ExitStatus> {
        let asked = Command::new("kill").arg(self.id().to_string()).status().context("run kill")?;
        if !asked.success() {
            bail!("{} could not be asked to end", self.name);
        }
        let patience = Instant::now() + START_PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > patience {
                bail!("{} does not end when asked to", self.name);
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// What the process used of the CPU so far.
    pub fn cpu_time(&self) -> io::Result<Duration> {
        cpu_time(self.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // An error here means that it ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// User and system time of all threads of a process.
pub fn cpu_time(pid: u32) -> io::Result<Duration> {
    parse_cpu_time(&std::fs::read_to_string(format!("/proc/{pid}/stat"))?)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "/proc/PID/stat has another form"))
}

/// Fields 14 and 15. The second field is the program's name, which may hold spaces and brackets: count from its end.
pub(crate) fn parse_cpu_time(stat: &str) -> Option<Duration> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(TICK * user + TICK * system)
}

/// Resident memory of a process, in octets.
pub fn resident(pid: u32) -> io::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok())
        .map(|kib| kib * 1024)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "/proc/PID/status has no VmRSS"))
}
