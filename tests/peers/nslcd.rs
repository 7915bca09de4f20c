//! Logins of a Linux machine against a directory: `pam_ldap` asks the daemon `nslcd`, and `pamtester` is whoever signs in.
//!
//! All three look at fixed places below `/etc` and `/run`, so they run in a mount namespace of their own, where those are
//! ours; that needs root. The machine's own logins see nothing of it. Nor need the packages be installed, which would
//! change how people sign in to the machine: unpacked is enough, `nslcd` on the PATH and its PAM module beside it.
//!
//! How `nslcd` signs a person in: it looks the DN up as its service account, opens a connection of its own for the
//! person, binds there with the control that asks for password policy, searches the person's own entry as that person (a
//! bind that cannot read it is a refusal), and hangs up. Neither an empty password nor a name beyond ASCII reaches the
//! directory: `pam_ldap` and `nslcd` refuse them.

#[cfg(test)]
mod tests;

use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};
use tempfile::TempDir;
use tokio::net::UnixStream;

use crate::directory::Directory;
use crate::errand;
use crate::process::Process;
use crate::tools;

/// The PAM service that `pamtester` names; there is no other in the namespace.
const SERVICE: &str = "vestibule-test";

/// Runs inside the new namespace: puts our files where the programs look, then becomes the daemon.
const PLACES: &str = r#"
set -e
mount -t tmpfs tmpfs /run
mkdir -m 755 /run/nslcd
mount --bind "$1/etc" /etc
exec "$2" --debug
"#;

/// What programs need of the machine's `/etc` to start and to know who root is.
const KEPT: [&str; 3] = ["passwd", "group", "ld.so.cache"];

const PATIENCE: Duration = Duration::from_secs(90);

/// A machine whose logins are asked at a directory. Dropping it ends the daemon, and the namespace with it.
#[derive(Debug)]
pub struct Nslcd {
    process: Process,
    pamtester: PathBuf,
    _folder: TempDir,
}

impl Nslcd {
    /// Start the daemon; `None`, after saying so, where it, its PAM module, `pamtester` or root is missing.
    pub async fn start(directory: &Directory) -> anyhow::Result<Option<Self>> {
        let (Some(nslcd), Some(pamtester)) = (tools::require("nslcd"), tools::require("pamtester")) else {
            return Ok(None);
        };
        let Some(module) = pam_module(&nslcd) else {
            tools::not_run("not run: libpam-ldapd is missing");
            return Ok(None);
        };
        if !tools::may_unshare(&["--mount"]) {
            tools::not_run("not run: logins by nslcd (a mount namespace needs root)");
            return Ok(None);
        }
        let folder = tempfile::Builder::new().prefix("vestibule-nslcd-").tempdir()?;
        write(&folder.path().join("etc"), &module, directory).context("write nslcd's configuration")?;
        let mut command = Command::new("unshare");
        command.args(["--mount", "--", "sh", "-c", PLACES, "places"]).arg(folder.path()).arg(nslcd);
        let mut process = Process::start(&mut command, &folder.path().join("output"))?;
        // The daemon's socket, as the daemon itself sees it.
        let socket = PathBuf::from(format!("/proc/{}/root/run/nslcd/socket", process.id()));
        process.ready(async |_| UnixStream::connect(&socket).await.is_ok()).await?;
        Ok(Some(Self { process, pamtester, _folder: folder }))
    }

    /// Sign in with a password. An error is what is neither a yes nor a no: the directory could not be asked.
    pub async fn authenticate(&self, user: &str, password: &str) -> anyhow::Result<bool> {
        let mut command = tokio::process::Command::new("nsenter");
        command.arg(format!("--mount=/proc/{}/ns/mnt", self.process.id()));
        command.arg("--").arg(&self.pamtester).args([SERVICE, user, "authenticate"]);
        let output = errand::run(command, format!("{password}\n").as_bytes(), PATIENCE).await?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        if output.status.success() {
            return Ok(true);
        }
        // In the words of libpam: PAM_AUTH_ERR, and PAM_USER_UNKNOWN.
        if said.contains("Authentication failure") || said.contains("User not known") {
            return Ok(false);
        }
        bail!("pamtester says neither yes nor no: {said}")
    }

    /// The daemon, for its CPU time.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// What the daemon said so far: every request and what it asked the directory.
    pub fn log(&self) -> String {
        self.process.printed()
    }
}

/// The PAM module of the same root folder as `/usr/sbin/nslcd`, wherever that is. Debian has one folder more for each
/// architecture.
fn pam_module(nslcd: &Path) -> Option<PathBuf> {
    // The real one: on many systems /sbin is /usr/sbin.
    let nslcd = nslcd.canonicalize().ok()?;
    let root = nslcd.ancestors().nth(3)?;
    let libraries = ["lib", "usr/lib", "usr/lib64"].map(|folder| root.join(folder));
    libraries.iter().find_map(|library| {
        let below = std::fs::read_dir(library).into_iter().flatten().flatten().map(|entry| entry.path());
        below.chain([library.clone()]).map(|folder| folder.join("security/pam_ldap.so")).find(|module| module.exists())
    })
}

/// Our `/etc`.
fn write(etc: &Path, module: &Path, directory: &Directory) -> anyhow::Result<()> {
    std::fs::create_dir_all(etc.join("pam.d"))?;
    for name in KEPT {
        std::fs::copy(Path::new("/etc").join(name), etc.join(name)).with_context(|| format!("copy /etc/{name}"))?;
    }
    std::fs::write(etc.join("pam.d").join(SERVICE), format!("auth required {}\n", module.display()))?;
    let file = etc.join("nslcd.conf");
    std::fs::write(&file, configuration(directory)?)?;
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600))?;
    Ok(())
}

fn configuration(directory: &Directory) -> anyhow::Result<String> {
    let mut text = format!("uri {}\nbase {}\n", directory.url, directory.base_dn);
    writeln!(text, "binddn {}\nbindpw {}", directory.service_dn, directory.service_password)?;
    // People without an account of POSIX sign in as well: nobody asks for their number here.
    writeln!(text, "filter passwd (objectClass=person)\nmap passwd uid {}", directory.login_attribute)?;
    writeln!(text, "referrals no\nreconnect_retrytime 1")?;
    if directory.starts_tls {
        writeln!(text, "ssl start_tls")?;
    }
    if let Some(ca) = &directory.ca {
        writeln!(text, "tls_reqcert demand\ntls_cacertfile {}", ca.display())?;
    }
    Ok(text)
}
