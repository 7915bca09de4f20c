//! Apache's web server with one page behind `mod_authnz_ldap`: an application that finds the person by its service
//! account, then binds with the password that came by HTTP Basic.
//!
//! Its own cache is off: with it, as it is by default, a password that was right is right for ten minutes without the
//! directory being asked.
//!
//! It finds the person and binds as them on the same connection, then binds as the service account again and keeps the
//! connection for the next person. After a wrong password it hangs up.

#[cfg(test)]
mod tests;

use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::directory::Directory;
use crate::ports::Port;
use crate::process::Process;
use crate::tools;

/// Where Debian and Fedora keep Apache's modules.
const MODULE_FOLDERS: [&str; 2] = ["/usr/lib/apache2/modules", "/usr/lib64/httpd/modules"];
const MODULES: [&str; 7] = ["mpm_event", "authn_core", "authz_core", "authz_user", "auth_basic", "ldap", "authnz_ldap"];
/// Modules in Fedora, built in in Debian.
const ALSO: [&str; 2] = ["unixd", "log_config"];

const PAGE: &str = "page.txt";
const PATIENCE: Duration = Duration::from_secs(90);

/// A running web server. Dropping it kills it and removes its files.
#[derive(Debug)]
pub struct Apache {
    process: Process,
    port: Port,
    _folder: TempDir,
}

impl Apache {
    /// Let in whom the directory knows; `None` where Apache is not installed (said by [`tools::require`]).
    pub async fn start(directory: &Directory) -> anyhow::Result<Option<Self>> {
        Self::start_with("Require valid-user", directory).await
    }

    /// Let in members of a group alone, whom it asks the directory about by a compare.
    pub async fn start_for_group(group_dn: &str, directory: &Directory) -> anyhow::Result<Option<Self>> {
        Self::start_with(&format!("Require ldap-group {group_dn}"), directory).await
    }

    async fn start_with(rule: &str, directory: &Directory) -> anyhow::Result<Option<Self>> {
        let Some(program) = tools::find("httpd").or_else(|| tools::require("apache2")) else { return Ok(None) };
        let folder = tempfile::Builder::new().prefix("vestibule-apache-").tempdir()?;
        // Where we are root, the server gives that up, and still has to read its page and what it trusts.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
        std::fs::create_dir(folder.path().join("pages"))?;
        std::fs::write(folder.path().join("pages").join(PAGE), "Welcome.\n")?;
        if let Some(ca) = &directory.ca {
            std::fs::copy(ca, ca_file(folder.path())).context("copy what Apache trusts")?;
        }
        let port = Port::free()?;
        let file = folder.path().join("apache.conf");
        std::fs::write(&file, configuration(folder.path(), &port, rule, directory)?)?;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600))?;
        let mut command = Command::new(program);
        // One process, so that none outlives the guard; it has threads all the same.
        command.arg("-X").arg("-d").arg(folder.path()).arg("-f").arg(&file);
        let mut process = Process::start(&mut command, &folder.path().join("output"))?;
        process.ready(async |_| TcpStream::connect(port.address()).await.is_ok()).await?;
        Ok(Some(Self { process, port, _folder: folder }))
    }

    /// Ask for the page as a browser does, with HTTP Basic; returns the status: 200, 401, or 500 for a directory that
    /// could not be asked.
    pub async fn get(&self, user: &str, password: &str) -> anyhow::Result<u16> {
        let credentials = STANDARD.encode(format!("{user}:{password}"));
        let head = format!(
            "GET /{PAGE} HTTP/1.1\r\nHost: {}\r\nAuthorization: Basic {credentials}\r\nConnection: close\r\n\r\n",
            self.port.address()
        );
        let mut answer = Vec::new();
        let exchange = async {
            let mut stream = TcpStream::connect(self.port.address()).await?;
            stream.write_all(head.as_bytes()).await?;
            stream.read_to_end(&mut answer).await
        };
        timeout(PATIENCE, exchange).await.context("Apache does not answer")?.context("ask Apache for the page")?;
        let Some(status) = status(&answer) else {
            bail!("Apache answers something else: {}", String::from_utf8_lossy(&answer));
        };
        Ok(status)
    }

    /// The process, for its CPU time.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// What the server said so far: why it let somebody in, or not.
    pub fn log(&self) -> String {
        self.process.printed()
    }
}

fn status(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|octet| *octet == b'\r').next()?;
    std::str::from_utf8(line).ok()?.split_whitespace().nth(1)?.parse().ok()
}

fn ca_file(folder: &Path) -> PathBuf {
    folder.join("ca.pem")
}

fn configuration(folder: &Path, port: &Port, rule: &str, directory: &Directory) -> anyhow::Result<String> {
    let modules =
        MODULE_FOLDERS.iter().map(Path::new).find(|folder| folder.is_dir()).context("find Apache's modules")?;
    let mut text = String::new();
    let is_there = |module: &&str| modules.join(format!("mod_{module}.so")).exists();
    for module in MODULES.iter().chain(ALSO.iter().filter(|module| is_there(module))) {
        writeln!(text, "LoadModule {module}_module {}/mod_{module}.so", modules.display())?;
    }
    let root = folder.display();
    writeln!(text, "Listen {}\nServerName {}\nUser #65534\nGroup #65534", port.address(), port.address())?;
    writeln!(text, "PidFile {root}/pid\nDefaultRuntimeDir {root}\nDocumentRoot {root}/pages")?;
    writeln!(text, "ErrorLog /dev/stderr\nLogLevel warn authnz_ldap:info ldap:info")?;
    writeln!(text, "LDAPSharedCacheSize 0\nLDAPCacheEntries 0\nLDAPOpCacheEntries 0")?;
    if directory.ca.is_some() {
        writeln!(text, "LDAPTrustedGlobalCert CA_BASE64 {}\nLDAPVerifyServerCert On", ca_file(folder).display())?;
    }
    let Directory { url, base_dn, login_attribute, .. } = directory;
    let mode = if directory.starts_tls { " STARTTLS" } else { "" };
    writeln!(text, "<Location />\nAuthType Basic\nAuthName \"Vestibule's tests\"\nAuthBasicProvider ldap")?;
    writeln!(text, "AuthLDAPURL \"{url}/{base_dn}?{login_attribute}?sub\"{mode}")?;
    writeln!(text, "AuthLDAPBindDN \"{}\"", directory.service_dn)?;
    writeln!(text, "AuthLDAPBindPassword \"{}\"", directory.service_password)?;
    writeln!(text, "{rule}\n</Location>")?;
    Ok(text)
}
