//! OpenLDAP's own clients, `ldapsearch` and its kin, as a directory's administrator types them.
//!
//! A password never stands among a program's arguments: each goes through a file that only we may read. The
//! environment is ours as well, so that no `ldaprc` of the machine changes what is tested.
//!
//! How these programs end: with the result code of the operation that decided it (a refused bind: 49), 255 where there
//! was no server to speak to or its certificate was not trusted, and 1 where StartTLS was refused.

mod answer;
#[cfg(test)]
mod tests;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use tempfile::NamedTempFile;
use tokio::process::Command;

use crate::{errand, tools};

pub use answer::{Answer, Entry};

/// As in the RFCs; what [`Answer::code`] is compared with.
pub mod code {
    pub const SUCCESS: i32 = 0;
    pub const OPERATIONS_ERROR: i32 = 1;
    pub const SIZE_LIMIT_EXCEEDED: i32 = 4;
    pub const COMPARE_FALSE: i32 = 5;
    pub const COMPARE_TRUE: i32 = 6;
    pub const STRONGER_AUTH_REQUIRED: i32 = 8;
    pub const CONFIDENTIALITY_REQUIRED: i32 = 13;
    pub const NO_SUCH_OBJECT: i32 = 32;
    pub const INVALID_CREDENTIALS: i32 = 49;
    pub const INSUFFICIENT_ACCESS: i32 = 50;
    pub const UNAVAILABLE: i32 = 52;
    pub const UNWILLING_TO_PERFORM: i32 = 53;
    /// No result of a server: it could not be reached, it hung up, or its certificate is not trusted.
    pub const NO_SERVER: i32 = 255;
}

/// How the tools reach a server, and as whom. Cloned, it is another client.
#[derive(Debug, Clone)]
pub struct LdapTools {
    url: String,
    ca: Option<PathBuf>,
    starts_tls: bool,
    bind: Option<Bind>,
    patience: Duration,
}

#[derive(Debug, Clone)]
struct Bind {
    name: String,
    password: String,
}

impl LdapTools {
    /// Clients of `url`, anonymous at first; `None` where the tools are missing (told as [`tools::require`] does).
    pub fn new(url: impl Into<String>) -> Option<Self> {
        tools::require("ldapsearch")?;
        let patience = Duration::from_secs(60);
        Some(Self { url: url.into(), ca: None, starts_tls: false, bind: None, patience })
    }

    /// Trust this authority, and no server that it did not sign.
    #[must_use]
    pub fn ca(self, file: impl Into<PathBuf>) -> Self {
        Self { ca: Some(file.into()), ..self }
    }

    /// StartTLS first, and nothing without it (`-ZZ`).
    #[must_use]
    pub fn start_tls(self) -> Self {
        Self { starts_tls: true, ..self }
    }

    /// A simple bind. `name` is a DN, or whatever else a server takes for one.
    #[must_use]
    pub fn bind(self, name: &str, password: &str) -> Self {
        Self { bind: Some(Bind { name: name.to_owned(), password: password.to_owned() }), ..self }
    }

    /// For how long we wait for the end of a program; the program itself waits for ever.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Search below `base`. Without attributes, all that are not operational.
    pub async fn search(&self, base: &str, filter: &str, attributes: &[&str]) -> anyhow::Result<Answer> {
        self.search_with(&[], base, filter, attributes).await
    }

    /// Search with more options: `["-s", "base"]`, `["-E", "pr=100/noprompt"]`, `["-e", "!authzid=u:ada"]`.
    pub async fn search_with(
        &self,
        options: &[&str],
        base: &str,
        filter: &str,
        attributes: &[&str],
    ) -> anyhow::Result<Answer> {
        let mut arguments = vec!["-LLL", "-o", "ldif-wrap=no", "-b", base];
        arguments.extend(options);
        arguments.push(filter);
        arguments.extend(attributes);
        self.run("ldapsearch", &arguments, "").await
    }

    /// As whom the server knows us: `dn:...`, or `anonymous` printed by the tool for an empty answer.
    pub async fn whoami(&self) -> anyhow::Result<Answer> {
        self.run("ldapwhoami", &[], "").await
    }

    /// Apply LDIF change records: `changetype: modify`, `delete`, `modrdn`; an entry without a changetype is added.
    pub async fn modify(&self, ldif: &str) -> anyhow::Result<Answer> {
        self.run("ldapmodify", &["-a"], ldif).await
    }

    /// Add the entries of this LDIF.
    pub async fn add(&self, ldif: &str) -> anyhow::Result<Answer> {
        self.run("ldapadd", &[], ldif).await
    }

    /// Delete one entry.
    pub async fn delete(&self, dn: &str) -> anyhow::Result<Answer> {
        self.run("ldapdelete", &[dn], "").await
    }

    /// Ask whether `attribute` of `dn` has this value: [`code::COMPARE_TRUE`] or [`code::COMPARE_FALSE`].
    pub async fn compare(&self, dn: &str, attribute: &str, value: &str) -> anyhow::Result<Answer> {
        self.run("ldapcompare", &[dn, &format!("{attribute}:{value}")], "").await
    }

    /// Change a password by RFC 3062: of `user`, or of whoever binds. Without `new`, the server makes one and
    /// `ldappasswd` prints it.
    pub async fn change_password(
        &self,
        user: Option<&str>,
        old: Option<&str>,
        new: Option<&str>,
    ) -> anyhow::Result<Answer> {
        let [old, new] = [old.map(secret).transpose()?, new.map(secret).transpose()?];
        let mut arguments = Vec::new();
        for (option, file) in [("-t", &old), ("-T", &new)] {
            if let Some(file) = file {
                arguments.extend([option, text(file)?]);
            }
        }
        arguments.extend(user);
        self.run("ldappasswd", &arguments, "").await
    }

    /// Any of these tools, with the connection and the bind put before `arguments`.
    pub async fn run(&self, tool: &str, arguments: &[&str], input: &str) -> anyhow::Result<Answer> {
        let program = tools::find(tool).with_context(|| format!("{tool} is missing where ldapsearch is there"))?;
        let mut command = Command::new(program);
        command.env_clear().args(["-x", "-H", &self.url]);
        if let Some(ca) = &self.ca {
            command.env("LDAPTLS_CACERT", ca).env("LDAPTLS_REQCERT", "demand");
        }
        if self.starts_tls {
            command.arg("-ZZ");
        }
        let password = self.bind.as_ref().map(|bind| secret(&bind.password)).transpose()?;
        if let (Some(bind), Some(password)) = (&self.bind, &password) {
            command.args(["-D", &bind.name]).arg("-y").arg(password.path());
        }
        command.args(arguments);
        Answer::read(&errand::run(command, input.as_bytes(), self.patience).await?)
    }
}

/// A file that only we may read, for `-y`. The tools take all of it, to the last octet.
fn secret(password: &str) -> anyhow::Result<NamedTempFile> {
    let mut file = NamedTempFile::new().context("make a file for a password")?;
    file.write_all(password.as_bytes()).context("write a password")?;
    Ok(file)
}

fn text(file: &NamedTempFile) -> anyhow::Result<&str> {
    Path::to_str(file.path()).context("the folder for temporary files has a name beyond UTF-8")
}
