//! FreeRADIUS's own clients, `radclient` and `radtest`, as a network administrator types them.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};

use crate::tools;

/// How a client of ours speaks to a server: as a NAS would be set up.
#[derive(Debug, Clone)]
pub struct Radclient {
    program: PathBuf,
    server: SocketAddr,
    secret: String,
    patience: Duration,
    tries: u32,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Reply(Reply),
    /// Nothing, until patience was over.
    Silence,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// As radclient names it: `Access-Accept`, `Access-Reject`, `Access-Challenge`, `Accounting-Response`.
    pub code: String,
    pub attributes: Vec<(String, String)>,
}

impl Reply {
    /// The first value of an attribute, without the quotes that radclient puts around text.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(found, _)| found == name).map(|(_, value)| value.trim_matches('"'))
    }
}

impl Answer {
    pub fn is(&self, code: &str) -> bool {
        matches!(self, Self::Reply(reply) if reply.code == code)
    }

    pub fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Reply(reply) => Some(reply),
            Self::Silence => None,
        }
    }
}

impl Radclient {
    /// The client, or `None` where radclient is missing (told as [`tools::require`] does).
    pub fn new(server: SocketAddr, secret: &str) -> Option<Self> {
        let program = tools::require("radclient")?;
        Some(Self { program, server, secret: secret.to_owned(), patience: Duration::from_secs(5), tries: 1 })
    }

    /// How long it waits for each try.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    #[must_use]
    pub fn tries(self, tries: u32) -> Self {
        Self { tries, ..self }
    }

    /// One PAP login, signed by Message-Authenticator.
    pub async fn login(&self, user: &str, password: &str) -> anyhow::Result<Answer> {
        self.send("auth", &[("User-Name", user), ("User-Password", password), ("Message-Authenticator", "0x00")]).await
    }

    /// One request with these attributes; `command` is radclient's: `auth`, `acct`, `status`, `disconnect`, `coa`.
    pub async fn send(&self, command: &str, attributes: &[(&str, &str)]) -> anyhow::Result<Answer> {
        let lines: String = attributes.iter().map(|(name, value)| format!("{name} = {}\n", quoted(value))).collect();
        let mut radclient = Command::new(&self.program);
        radclient
            .args(["-x", "-r", &self.tries.to_string(), "-t", &format!("{:.3}", self.patience.as_secs_f64())])
            .args([&self.server.to_string(), command, &self.secret]);
        read_answer(&run(radclient, lines).await?)
    }

    /// A login by `radtest`, which does the arithmetic of `pap`, `chap` or `mschap`.
    pub async fn radtest(&self, kind: &str, user: &str, password: &str) -> anyhow::Result<Answer> {
        let Some(program) = tools::find("radtest") else { bail!("radtest is missing where radclient is there") };
        let mut radtest = Command::new(program);
        radtest.args(["-x", "-t", kind, user, password, &self.server.to_string(), "0", &self.secret]);
        read_answer(&run(radtest, String::new()).await?)
    }
}

/// radclient reads a value in double quotes as text with escapes, and 0x... as octets only when bare.
fn quoted(value: &str) -> String {
    if value.starts_with("0x") {
        return value.to_owned();
    }
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

async fn run(mut command: Command, input: String) -> anyhow::Result<Output> {
    tokio::task::spawn_blocking(move || {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("start {command:?}"))?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes()).context("hand over the attributes")?;
        }
        child.wait_with_output().context("wait for its end")
    })
    .await?
}

/// radclient exits with 1 for a reject and for silence alike; what it printed tells them apart.
pub(crate) fn read_answer(output: &Output) -> anyhow::Result<Answer> {
    let printed = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    if let Some(reply) = read_reply(&printed) {
        return Ok(Answer::Reply(reply));
    }
    if printed.contains("No reply from server") || complained.contains("No reply from server") {
        return Ok(Answer::Silence);
    }
    bail!("radclient says neither answer nor silence: {printed}{complained}")
}

/// The last `Received ...` block: the lines after it that begin with a tab are its attributes.
pub(crate) fn read_reply(printed: &str) -> Option<Reply> {
    let mut lines = printed.lines().skip_while(|line| !line.starts_with("Received "));
    let code = lines.next()?.split_whitespace().nth(1)?.to_owned();
    let attributes = lines
        .take_while(|line| line.starts_with('\t'))
        .filter_map(|line| line.trim().split_once(" = "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    Some(Reply { code, attributes })
}
