//! OpenLDAP's slapd with a small company in it. What lives in the directory is in [`people`].

mod people;
mod proxy;
#[cfg(test)]
mod tests;

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::certificates::{Issued, TestCa};
use crate::ports::Port;
use crate::process::Process;
use crate::tools;

pub use proxy::SlapdProxy;

pub const SUFFIX: &str = "dc=example,dc=org";
pub const PEOPLE: &str = "ou=people,dc=example,dc=org";
pub const GROUPS: &str = "ou=groups,dc=example,dc=org";
/// May read everything but passwords.
pub const READER_DN: &str = "cn=reader,dc=example,dc=org";
pub const READER_PASSWORD: &str = "pw-reader";
pub const ADMIN_DN: &str = "cn=admin,dc=example,dc=org";
pub const ADMIN_PASSWORD: &str = "pw-admin";

/// Where Debian and Fedora keep slapd's modules and schemas.
const MODULE_FOLDERS: [&str; 3] = ["/usr/lib/ldap", "/usr/lib64/openldap", "/usr/lib/openldap"];
const SCHEMA_FOLDERS: [&str; 2] = ["/etc/ldap/schema", "/etc/openldap/schema"];

#[derive(Debug, Clone)]
pub struct Options {
    /// How many ordinary people, `user0001` on, each with the password `pw-user0001`. The special ones come on top.
    pub users: u32,
    /// Serve `ldaps://` and StartTLS.
    pub tls: bool,
    /// The names in the server's certificate.
    pub certificate_names: Vec<String>,
    /// More lines for slapd.conf, before the database (`idletimeout 1`).
    pub global: String,
    /// More lines for the database, before its own rules of access (`access to * by ...`, `overlay ...`).
    pub database: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            users: 3000,
            tls: true,
            certificate_names: vec!["localhost".into(), "127.0.0.1".into()],
            global: String::new(),
            database: String::new(),
        }
    }
}

impl Options {
    /// A directory for a test that needs few people.
    pub fn small() -> Self {
        Self { users: 20, ..Self::default() }
    }
}

/// A running slapd. Dropping it kills it and removes its files.
#[derive(Debug)]
pub struct Slapd {
    process: Option<Process>,
    program: PathBuf,
    folder: TempDir,
    plain: Port,
    tls: Port,
    ca: Option<TestCa>,
}

impl Slapd {
    /// Load the directory and serve it; `None` where slapd is not installed (said by [`tools::require`]).
    pub async fn start(options: Options) -> anyhow::Result<Option<Self>> {
        let (Some(program), Some(slapadd)) = (tools::require("slapd"), tools::require("slapadd")) else {
            return Ok(None);
        };
        let folder = tempfile::Builder::new().prefix("vestibule-slapd-").tempdir()?;
        std::fs::create_dir(folder.path().join("data"))?;
        let ca = options.tls.then(TestCa::new).transpose()?;
        let names: Vec<&str> = options.certificate_names.iter().map(String::as_str).collect();
        let issued = ca.as_ref().map(|ca| ca.server(&names)).transpose()?;
        let certificate = ca.as_ref().zip(issued.as_ref());
        std::fs::write(folder.path().join("slapd.conf"), configuration(folder.path(), certificate, &options)?)?;
        std::fs::write(folder.path().join("people.ldif"), people::ldif(options.users))?;
        load(&slapadd, folder.path())?;
        let mut slapd = Self { process: None, program, folder, plain: Port::free()?, tls: Port::free()?, ca };
        slapd.serve().await?;
        Ok(Some(slapd))
    }

    /// Serve again after [`Slapd::stop`], on the same ports with the same data.
    pub async fn serve(&mut self) -> anyhow::Result<()> {
        let mut urls = self.url();
        if self.ca.is_some() {
            write!(urls, " {}", self.tls_url())?;
        }
        let mut command = Command::new(&self.program);
        command.arg("-h").arg(urls).arg("-f").arg(self.folder.path().join("slapd.conf")).args(["-d", "0"]);
        let mut process = Process::start(&mut command, &self.folder.path().join("slapd.log"))?;
        let address = self.address();
        process.ready(async |_| TcpStream::connect(address).await.is_ok()).await?;
        self.process = Some(process);
        Ok(())
    }

    /// End it at once, as a crash would; its data stays.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// The process, for its CPU time; `None` while stopped.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    pub fn address(&self) -> SocketAddr {
        self.plain.address()
    }

    pub fn tls_address(&self) -> SocketAddr {
        self.tls.address()
    }

    pub fn url(&self) -> String {
        format!("ldap://{}", self.address())
    }

    pub fn tls_url(&self) -> String {
        format!("ldaps://{}", self.tls_address())
    }

    /// The authority that signed the server's certificate; an error where it serves no TLS.
    pub fn ca(&self) -> anyhow::Result<&TestCa> {
        self.ca.as_ref().context("this slapd serves no TLS")
    }
}

/// The DN of an ordinary person.
pub fn user_dn(number: u32) -> String {
    format!("uid={},{PEOPLE}", user_name(number))
}

pub fn user_name(number: u32) -> String {
    format!("user{number:04}")
}

pub fn user_password(number: u32) -> String {
    format!("pw-{}", user_name(number))
}

fn load(slapadd: &Path, folder: &Path) -> anyhow::Result<()> {
    let output = Command::new(slapadd)
        .arg("-q")
        .arg("-f")
        .arg(folder.join("slapd.conf"))
        .arg("-l")
        .arg(folder.join("people.ldif"))
        .output()
        .context("run slapadd")?;
    if !output.status.success() {
        bail!("slapadd refuses the directory:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

fn configuration(folder: &Path, certificate: Option<(&TestCa, &Issued)>, options: &Options) -> anyhow::Result<String> {
    let folder = folder.display();
    let mut text = schemas_and_modules(&["back_mdb", "memberof", "refint", "ppolicy"])?;
    writeln!(text, "pidfile {folder}/slapd.pid\nargsfile {folder}/slapd.args\nthreads 4\nsizelimit 500\nloglevel 0")?;
    if let Some((ca, issued)) = certificate {
        writeln!(text, "TLSCACertificateFile {}", ca.ca_file().display())?;
        writeln!(text, "TLSCertificateFile {}", issued.certificate_file.display())?;
        writeln!(text, "TLSCertificateKeyFile {}", issued.key_file.display())?;
    }
    writeln!(text, "{}", options.global)?;
    writeln!(text, "database mdb\nsuffix {SUFFIX}\nrootdn {ADMIN_DN}\nrootpw {ADMIN_PASSWORD}")?;
    writeln!(text, "directory {folder}/data\nmaxsize 268435456\ndbnosync")?;
    writeln!(text, "index objectClass,uid,mail,cn,member,memberOf,entryUUID eq")?;
    writeln!(text, "overlay memberof\nmemberof-refint FALSE\noverlay refint\nrefint_attributes member")?;
    writeln!(text, "overlay ppolicy\nppolicy_use_lockout\n{}", options.database)?;
    writeln!(text, "access to attrs=userPassword by self write by anonymous auth by * none")?;
    writeln!(text, "access to * by dn.exact=\"{READER_DN}\" read by self read by anonymous auth by * none")?;
    Ok(text)
}

/// The schema that the people need, and where modules are, with these loaded.
fn schemas_and_modules(loaded: &[&str]) -> anyhow::Result<String> {
    let schemas = first_folder(&SCHEMA_FOLDERS).context("find slapd's schemas")?;
    let modules = first_folder(&MODULE_FOLDERS).context("find slapd's modules")?;
    let mut text = String::new();
    for schema in ["core", "cosine", "inetorgperson"] {
        writeln!(text, "include {}/{schema}.schema", schemas.display())?;
    }
    writeln!(text, "modulepath {}", modules.display())?;
    for module in loaded {
        writeln!(text, "moduleload {module}")?;
    }
    Ok(text)
}

fn first_folder(folders: &[&str]) -> Option<PathBuf> {
    folders.iter().map(PathBuf::from).find(|folder| folder.is_dir())
}
