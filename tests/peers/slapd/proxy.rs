//! OpenLDAP's own ways to stand before a directory, for comparisons: `back-ldap`, a slapd that asks another one, and
//! `lloadd`, its load balancer.
//!
//! Debian 12 builds OpenLDAP without `lloadd`; there, [`SlapdProxy::lloadd`] says so and answers `None` without that
//! being a failure, since no package brings it.
//!
//! What they do with a connection, which a comparison must know: `back-ldap` binds upstream as each client does and
//! rewrites attributes that it has no schema for (it is given the directory's own here). `lloadd` passes binds through on
//! connections kept for that, and everything else on connections of its own service account: every client searches with
//! that account's rights, as whoever it bound.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use tokio::net::TcpStream;

use super::{READER_DN, READER_PASSWORD, SUFFIX, Slapd};
use crate::ports::Port;
use crate::process::Process;
use crate::tools;

/// A running proxy; dropping it kills it.
#[derive(Debug)]
pub struct SlapdProxy {
    process: Process,
    port: Port,
    _folder: TempDir,
}

impl SlapdProxy {
    /// A slapd with `back-ldap` before `upstream`; `None` where slapd is not installed (said by [`tools::require`]).
    pub async fn back_ldap(upstream: &Slapd) -> anyhow::Result<Option<Self>> {
        let Some(program) = tools::require("slapd") else { return Ok(None) };
        Self::start(&program, |folder| back_ldap(folder, &upstream.url())).await.map(Some)
    }

    /// `lloadd` before `upstream`; `None`, after saying so, where OpenLDAP was built without it.
    pub async fn lloadd(upstream: &Slapd) -> anyhow::Result<Option<Self>> {
        let Some(program) = lloadd_program() else {
            println!("not run: lloadd is missing (Debian 12 does not build it)");
            return Ok(None);
        };
        Self::start(&program, |folder| lloadd(folder, &upstream.url())).await.map(Some)
    }

    async fn start(program: &Path, configuration: impl Fn(&Path) -> anyhow::Result<String>) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("vestibule-slapd-proxy-").tempdir()?;
        let file = folder.path().join("slapd.conf");
        std::fs::write(&file, configuration(folder.path())?)?;
        let port = Port::free()?;
        let mut command = Command::new(program);
        command.arg("-h").arg(format!("ldap://{}", port.address())).arg("-f").arg(&file).args(["-d", "0"]);
        let mut process = Process::start(&mut command, &folder.path().join("proxy.log"))?;
        process.ready(async |_| TcpStream::connect(port.address()).await.is_ok()).await?;
        Ok(Self { process, port, _folder: folder })
    }

    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    pub fn url(&self) -> String {
        format!("ldap://{}", self.address())
    }

    /// The process, for its CPU time and memory.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }
}

/// An administrator's own build, or a distribution's that keeps daemons which are not for the PATH beside slapd.
fn lloadd_program() -> Option<PathBuf> {
    let beside = ["/usr/libexec/lloadd", "/usr/lib/openldap/lloadd"].map(PathBuf::from);
    tools::find("lloadd").or_else(|| beside.into_iter().find(|path| path.is_file()))
}

fn back_ldap(folder: &Path, upstream: &str) -> anyhow::Result<String> {
    let mut text = super::schemas_and_modules(&["back_ldap"])?;
    writeln!(text, "pidfile {0}/slapd.pid\nargsfile {0}/slapd.args", folder.display())?;
    writeln!(text, "threads 4\nsizelimit unlimited\nloglevel 0")?;
    writeln!(text, "database ldap\nsuffix {SUFFIX}\nuri {upstream}\nchase-referrals no\nlastmod off")?;
    Ok(text)
}

fn lloadd(folder: &Path, upstream: &str) -> anyhow::Result<String> {
    let mut text = format!("pidfile {0}/lloadd.pid\nargsfile {0}/lloadd.args\nloglevel 0\n", folder.display());
    writeln!(text, "bindconf bindmethod=simple binddn=\"{READER_DN}\" credentials={READER_PASSWORD}")?;
    // As many connections as clients that bind at once: a bind has one to itself, and is told "busy" where all are taken.
    let backend = "numconns=64 bindconns=64 retry=100 max-pending-ops=10000 conn-max-pending=1000";
    writeln!(text, "backend-server uri={upstream} {backend}")?;
    Ok(text)
}
