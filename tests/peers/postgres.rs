//! A PostgreSQL server: fresh, on a socket of its own in a temporary folder and on a port of its own with TLS, gone with
//! its guard or with the process that started it. Nothing in it survives, so it does not wait for disks.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep};

use crate::certificates::TestCa;
use crate::ports::Port;
use crate::tools;

const START_PATIENCE: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(20);

const USER: &str = "vestibule";

/// Runs the server until our end of its standard input closes, however we end, and clears up behind it.
const KEEPER: &str = r#"
"$1/postgres" -D "$2/data" -k "$2" -p "$3" -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off \
    -c ssl=on -c ssl_cert_file="$2/server.pem" -c ssl_key_file="$2/server.key" -c max_connections=200 -c shared_buffers=32MB -c deadlock_timeout=200ms -c log_min_messages=fatal &
server=$!
while read -r line; do :; done
kill -QUIT "$server" && wait "$server"
rm -rf "$2"
"#;

/// A running server; dropping it stops it.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    keeper: Child,
    port: Port,
    ca_pem: String,
    /// Closing it stops the server.
    alive: Option<ChildStdin>,
    databases: AtomicU32,
}

static SHARED: OnceCell<Option<Postgres>> = OnceCell::const_new();

impl Postgres {
    /// Start a server; `None`, after saying so, where PostgreSQL is not installed.
    pub async fn start() -> anyhow::Result<Option<Self>> {
        let Some(postgres) = tools::require("postgres") else { return Ok(None) };
        // Where it really is: beside it are the programs of its own version.
        let postgres = postgres.canonicalize()?;
        let programs = postgres.parent().context("find the folder of PostgreSQL's programs")?.to_owned();
        let folder = tempfile::Builder::new().prefix("vestibule-postgres-").tempdir()?.keep();
        let (port, ca) = (Port::free()?, TestCa::new()?);
        let issued = ca.server(&["localhost"])?;
        let [certificate, key] = ["server.pem", "server.key"].map(|name| folder.join(name));
        std::fs::copy(issued.certificate_file, &certificate)?;
        std::fs::copy(issued.key_file, &key)?;
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600))?;
        make_the_servers(&[&folder, &certificate, &key])?;
        let mut initdb = as_server_user(&programs.join("initdb"), &folder);
        initdb.arg("-D").arg(folder.join("data")).args(["-A", "trust", "-U", USER, "-E", "UTF8", "--no-sync"]);
        run(initdb.arg("--locale=C.UTF-8"))?;
        let mut keeper = as_server_user(Path::new("/bin/sh"), &folder);
        keeper.args(["-c", KEEPER, "keeper"]).arg(&programs).arg(&folder).arg(port.number().to_string());
        let mut keeper = keeper
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A group of its own: Ctrl-C in a terminal ends the test, and the closed pipe ends the server.
            .process_group(0)
            .spawn()
            .context("start PostgreSQL")?;
        let (alive, ca_pem) = (keeper.stdin.take(), ca.ca_pem().to_owned());
        let mut server = Self { programs, folder, keeper, port, ca_pem, alive, databases: AtomicU32::new(0) };
        server.wait_until_it_serves().await?;
        Ok(Some(server))
    }

    /// The one server of this process, started when it is first asked for.
    pub async fn shared() -> anyhow::Result<Option<&'static Self>> {
        Ok(SHARED.get_or_try_init(Self::start).await?.as_ref())
    }

    async fn wait_until_it_serves(&mut self) -> anyhow::Result<()> {
        let patience = Instant::now() + START_PATIENCE;
        loop {
            let Err(error) = self.sql("postgres", "SELECT 1") else { return Ok(()) };
            if let Some(status) = self.keeper.try_wait()? {
                bail!("PostgreSQL ended ({status}) before it served");
            }
            if Instant::now() > patience {
                return Err(error.context(format!("PostgreSQL does not serve after {START_PATIENCE:?}")));
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// The folder of its socket: what a client names as host.
    pub fn socket_folder(&self) -> &Path {
        &self.folder
    }

    /// Part of the socket's name, and where `localhost` is served with TLS.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// The authority that vouches for the server.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Who may sign in, without a password.
    pub fn user(&self) -> &'static str {
        USER
    }

    /// A fresh, empty database; returns its name.
    pub fn create_database(&self) -> anyhow::Result<String> {
        let name = format!("fresh_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(name)
    }

    /// Run statements as the administrator of the server, and return what they print (unaligned, without headers).
    pub fn sql(&self, database: &str, sql: &str) -> anyhow::Result<String> {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", USER, "-d", database, "-c", sql]);
        psql.arg("-h").arg(&self.folder).arg("-p").arg(self.port().to_string());
        let output = run(&mut psql)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Cut every connection to `database`, as a failing network would.
    pub fn cut_connections(&self, database: &str) -> anyhow::Result<()> {
        let sql = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'");
        self.sql("postgres", &sql).map(drop)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.alive.take());
        // An error here means that it ended already.
        self.keeper.wait().ok();
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// The server refuses to run as root; Debian's package makes a user for it.
fn as_server_user(program: &Path, folder: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir(folder);
    command
}

fn make_the_servers(files: &[&Path]) -> anyhow::Result<()> {
    if is_root() {
        run(Command::new("chown").arg("postgres:postgres").args(files))?;
    }
    Ok(())
}

fn run(command: &mut Command) -> anyhow::Result<Output> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("run {name}"))?;
    ensure!(output.status.success(), "{name} failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(output)
}
