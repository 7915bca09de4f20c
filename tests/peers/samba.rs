//! Samba as an Active Directory domain controller: a domain of its own, provisioned in about three seconds, with who is
//! in it in [`people`]. It serves LDAP and nothing else.
//!
//! The ports of LDAP are fixed in Samba, so it runs in a network namespace of its own (`network`); that needs root.
//!
//! What it says to a simple bind (Samba 4.17, in the words of [`crate::ldap_tools::Answer::diagnostic`]). A refusal is
//! result 49 and `80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data NUMBER, v1db1`:
//!
//! | who | right password | wrong password |
//! |---|---|---|
//! | an ordinary person | success | `52e` |
//! | nobody of that name | | `52e`; Windows says `525` for a DN or name that it does not find |
//! | `disabled` | `533` | `52e` |
//! | `expired` (the account) | `701` | `52e` |
//! | `stale` (the password's age) | `532` | `52e` |
//! | `mustchange` | `773` | `52e` |
//! | `locked` | `775` | `775` |
//! | `clumsy` | success; `775` after the third wrong one | `52e` three times, then `775` |
//! | a name and an empty password | | `52e` |
//!
//! So `533`, `701`, `532` and `773` are told to those who know the password, and `775` to anyone.
//!
//! What else is different from slapd:
//! - A password without TLS is refused: result 8, `BindSimple: Transport encryption required.`
//! - Names taken in a bind, in any case: a DN, `CORP\ada`, the UPN, `ada@corp.example` and `ada@CORP` (whatever the UPN is),
//!   the canonical name `corp.example/People/Ada Lovelace`. Not taken: a bare `ada`, `CORP.EXAMPLE\ada`.
//! - Anonymous searches beyond the root DSE get result 1, `00002020: Operation unavailable without authentication`.
//! - No "Who am I?" (result 2), no password modify; a search of the domain brings referrals to other partitions.
//! - A group of more than 1,500 is given whole when `member` is asked for (Windows gives `member;range=0-1499`), and in
//!   pieces when `member;range=0-1499` is.
//! - `tokenGroups` is answered in a search of scope base alone.

mod domain;
mod network;
pub mod people;
#[cfg(test)]
mod tests;

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::certificates::TestCa;
use crate::process::Process;
use crate::tools;
use network::Link;

pub use people::{GROUPS, PEOPLE, Person};

pub const REALM: &str = "CORP.EXAMPLE";
/// The name before the backslash.
pub const DOMAIN: &str = "CORP";
pub const BASE: &str = "DC=corp,DC=example";
pub const ADMIN_DN: &str = "CN=Administrator,CN=Users,DC=corp,DC=example";
pub const ADMIN_PASSWORD: &str = "pw-Administrator-1";

/// A running domain controller. Dropping it kills it and removes its files and its network.
#[derive(Debug)]
pub struct Samba {
    // Dropped first: its network is free when it has ended.
    process: Process,
    link: Link,
    ca: TestCa,
    _folder: TempDir,
}

impl Samba {
    /// Provision a domain and serve it; `None`, after saying so, where Samba (or root) is missing.
    pub async fn start() -> anyhow::Result<Option<Self>> {
        let Some(programs) = Programs::find() else { return Ok(None) };
        let folder = tempfile::Builder::new().prefix("vestibule-samba-").tempdir()?;
        let (link, ca) = (Link::free()?, TestCa::new()?);
        domain::provision(&programs, folder.path(), link.inside()).await?;
        people::add(&programs.python, folder.path()).await?;
        domain::configure(folder.path(), &ca, link.inside())?;
        let mut command = link.command(&programs.samba);
        // Interactive: in the foreground, and ending with its standard input.
        command.args(["-i", "-M", "single", "--no-process-group", "-s"]).arg(domain::smb_conf(folder.path()));
        let mut process = Process::start_tied(&mut command, &folder.path().join("samba.log"))?;
        let address = (link.inside(), 636);
        // Before the link is there, some router elsewhere may answer at this address.
        process.ready(async |said| said.contains(network::LINKED) && TcpStream::connect(address).await.is_ok()).await?;
        Ok(Some(Self { process, link, ca, _folder: folder }))
    }

    pub fn address(&self) -> Ipv4Addr {
        self.link.inside()
    }

    /// Where the controller sees connections of this machine come from.
    pub fn client_address(&self) -> Ipv4Addr {
        self.link.outside()
    }

    /// Refuses passwords, as domain controllers do; StartTLS is taken here.
    pub fn url(&self) -> String {
        format!("ldap://{}", self.address())
    }

    pub fn tls_url(&self) -> String {
        format!("ldaps://{}", self.address())
    }

    /// The authority that signed the controller's certificate, which names its address and `dc1.corp.example`.
    pub fn ca(&self) -> &TestCa {
        &self.ca
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// What the controller said so far.
    pub fn log(&self) -> String {
        self.process.printed()
    }
}

/// What has to be on the machine.
struct Programs {
    samba: PathBuf,
    samba_tool: PathBuf,
    /// The Python that Samba's modules belong to.
    python: PathBuf,
}

impl Programs {
    /// All of them, or `None` after saying what is missing.
    fn find() -> Option<Self> {
        let are_there = tools::require_all(&["samba", "samba-tool", "ip", "unshare", "nsenter"]);
        let python = tools::python_with("samba.samdb");
        if python.is_none() {
            tools::not_run("not run: python3-samba is missing");
        }
        if !domain::has_templates() {
            tools::not_run("not run: samba-ad-provision is missing");
            return None;
        }
        if are_there && !tools::may_unshare(&["--net"]) {
            tools::not_run("not run: a domain controller (a network namespace needs root)");
            return None;
        }
        let found = |tool: &str| tools::find(tool).filter(|_| are_there);
        Some(Self { samba: found("samba")?, samba_tool: found("samba-tool")?, python: python? })
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
