//! The gateway under load: the real program with a configuration of its own, and people with codes in its store.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use tempfile::TempDir;
use tokio::net::UdpSocket;
use tokio::task::JoinSet;
use tokio::time::{Duration, timeout};
use vestibule::cli::Context;
use vestibule_engine::{NewUser, Password, Store, UserId};
use vestibule_factors::{HashCost, Totp, TotpSettings, hash_password};
use vestibule_peers::ports::Port;
use vestibule_peers::process::Process;

use crate::code;
use crate::packet;

/// The cheapest hash there is, so that the bench measures the login and not argon2, whose cost is a choice.
pub(crate) const CHEAP_HASH: HashCost = HashCost { memory_kib: 8, passes: 1, lanes: 1 };

/// How many writes of the seeding are under way at once; the store groups them.
const SEEDING_AT_ONCE: usize = 512;

/// A folder with a configuration, before the gateway runs on it.
pub(crate) struct Prepared {
    folder: TempDir,
    config: PathBuf,
    program: PathBuf,
    port: Port,
}

pub(crate) struct Gateway {
    pub(crate) process: Process,
    pub(crate) prepared: Prepared,
}

impl Prepared {
    /// Write a configuration: `primary` is the YAML of the one primary, `otherwise` what policy asks of everybody.
    /// `secrets` are files that the primary's part refers to.
    pub(crate) fn new(
        program: &Path,
        primary: &str,
        otherwise: &str,
        secrets: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        Self::written(program, secrets, |folder, port| configuration(folder, port, primary, otherwise))
    }

    /// The same with a configuration of the caller's, for this folder and this RADIUS port.
    pub(crate) fn written(
        program: &Path,
        secrets: &[(&str, &str)],
        text: impl FnOnce(&Path, u16) -> String,
    ) -> anyhow::Result<Self> {
        if !program.exists() {
            bail!("{} is not there: build it with cargo build --release", program.display());
        }
        let program = program.canonicalize().context("find the gateway")?;
        let prepared = Self::empty(program)?;
        run(prepared.command().arg("init").arg("--state").arg(prepared.state()))?;
        prepared.write(secrets, text)?;
        run(prepared.command().arg("check"))?;
        Ok(prepared)
    }

    /// The same for a gateway inside this process.
    #[cfg(test)]
    pub(crate) async fn inside(
        secrets: &[(&str, &str)],
        text: impl FnOnce(&Path, u16) -> String,
    ) -> anyhow::Result<Self> {
        use clap::Parser as _;
        let prepared = Self::empty(PathBuf::new())?;
        let (config, state) = (prepared.config.display().to_string(), prepared.state().display().to_string());
        let words = ["vestibule", "--config", &config, "init", "--state", &state];
        let vestibule::cli::Command::Init(args) = vestibule::cli::Cli::try_parse_from(words)?.command else {
            bail!("`init` is another command");
        };
        vestibule::cli::init::run(&prepared.config, &args).await?;
        prepared.write(secrets, text)?;
        Ok(prepared)
    }

    fn empty(program: PathBuf) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("make a folder for the gateway")?;
        let port = Port::free().context("find a port for the gateway")?;
        let config = folder.path().join("vestibule.yaml");
        Ok(Self { folder, config, program, port })
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--config").arg(&self.config);
        command
    }

    fn write(&self, secrets: &[(&str, &str)], text: impl FnOnce(&Path, u16) -> String) -> anyhow::Result<()> {
        for (name, secret) in secrets {
            secret_file(self.folder.path(), name, secret)?;
        }
        std::fs::write(&self.config, text(self.folder.path(), self.port.number())).context("write the configuration")
    }

    pub(crate) fn config(&self) -> &Path {
        &self.config
    }

    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.port.address()
    }

    /// Local users, each with a password and a confirmed authenticator.
    pub(crate) async fn seed_local(&self, users: impl Iterator<Item = (String, String)>) -> anyhow::Result<()> {
        let context = open(&self.config).await?;
        let store: Arc<dyn Store> = context.store.clone();
        let mut tasks = JoinSet::new();
        for (name, password) in users {
            wait_for_room(&mut tasks).await?;
            let hash = hash_password(&Password::new(password), CHEAP_HASH, &*context.random)?;
            let user = NewUser { name, display_name: None, mail: None, groups: Vec::new(), password_hash: Some(hash) };
            let (store, now) = (Arc::clone(&store), context.now());
            let random = Arc::clone(&context.random);
            tasks.spawn(async move {
                let user = store.create_user(user, "bench", now).await?;
                enrol(&*store, user.id, &*random, now).await
            });
        }
        finish(tasks).await?;
        context.close().await;
        Ok(())
    }

    /// A confirmed authenticator for everybody who has signed in so far.
    pub(crate) async fn enrol_everybody(&self) -> anyhow::Result<u64> {
        const PAGE: u32 = 1_000;
        let context = open(&self.config).await?;
        let store: Arc<dyn Store> = context.store.clone();
        let mut tasks = JoinSet::new();
        let mut count = 0;
        loop {
            let page = store.users(None, count, PAGE).await?;
            count += u64::try_from(page.len())?;
            let is_last = page.len() < usize::try_from(PAGE)?;
            for user in page {
                wait_for_room(&mut tasks).await?;
                let (store, now) = (Arc::clone(&store), context.now());
                let random = Arc::clone(&context.random);
                tasks.spawn(async move { enrol(&*store, user.id, &*random, now).await });
            }
            if is_last {
                break;
            }
        }
        finish(tasks).await?;
        context.close().await;
        Ok(count)
    }

    pub(crate) async fn start(self, secret: &[u8]) -> anyhow::Result<Gateway> {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        socket.connect(self.port.address()).await?;
        let mut id = 0;
        self.serving(async || {
            id += 1;
            answers(&socket, id, secret).await
        })
        .await
    }

    /// The same for any door, which serves when `ready` says so.
    pub(crate) async fn serving(self, mut ready: impl AsyncFnMut() -> bool) -> anyhow::Result<Gateway> {
        let mut process = Process::start(self.command().arg("run"), &self.folder.path().join("output"))?;
        process.ready(async |_| ready().await).await?;
        Ok(Gateway { process, prepared: self })
    }
}

impl Gateway {
    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.prepared.address()
    }
}

/// Whether the server answers a Status-Server.
async fn answers(socket: &UdpSocket, id: u8, secret: &[u8]) -> bool {
    let authenticator = [id; 16];
    let mut buffer = [0; 4096];
    let asked = socket.send(&packet::status(id, &authenticator, secret)).await.is_ok();
    let answer = timeout(Duration::from_millis(200), socket.recv(&mut buffer)).await;
    let Ok(Ok(length)) = answer else { return false };
    asked && packet::authentic_code(buffer.get(..length).unwrap_or_default(), &authenticator, secret).is_some()
}

fn configuration(folder: &Path, port: u16, primary: &str, otherwise: &str) -> String {
    let state = folder.join("state");
    format!(
        "node: bench
state: {}
master_key: {{file: master.key}}
primaries:
  people:
{primary}
policy:
  otherwise: {otherwise}
radius:
  listeners: [\"127.0.0.1:{port}\"]
  clients:
    bench:
      addresses: [127.0.0.1]
      secret: {{file: radius.secret}}
      primary: people
      prompt: none
log:
  level: warn
",
        state.display()
    )
}

fn secret_file(folder: &Path, name: &str, secret: &str) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let file = folder.join(name);
    std::fs::write(&file, secret)?;
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600))?;
    Ok(())
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output().with_context(|| format!("start {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?}:\n{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

pub(crate) async fn open(config: &Path) -> anyhow::Result<Context> {
    Context::open(config).await.map_err(|failure| anyhow::anyhow!("open the gateway's store: {failure}"))
}

pub(crate) async fn enrol(
    store: &dyn Store,
    user: UserId,
    random: &dyn vestibule_engine::Random,
    now: vestibule_engine::Timestamp,
) -> anyhow::Result<()> {
    let totp = Totp::new(TotpSettings::default());
    let mut new = totp.import(user, "bench", &code::address(), random)?;
    new.confirmed = true;
    store.add_authenticator(new, "bench", now).await?;
    Ok(())
}

pub(crate) async fn wait_for_room(tasks: &mut JoinSet<anyhow::Result<()>>) -> anyhow::Result<()> {
    while tasks.len() >= SEEDING_AT_ONCE {
        if let Some(done) = tasks.join_next().await {
            done??;
        }
    }
    Ok(())
}

pub(crate) async fn finish(mut tasks: JoinSet<anyhow::Result<()>>) -> anyhow::Result<()> {
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}
