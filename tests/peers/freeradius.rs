//! FreeRADIUS, with a configuration of our own that has only what a role needs.

mod raddb;

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::Context;
use tempfile::TempDir;

use crate::ports::Port;
use crate::process::Process;
use crate::radclient::Radclient;
use crate::tools;

/// What the server is.
#[derive(Debug, Clone)]
pub enum Role {
    /// Knows these users itself, by PAP, CHAP and MS-CHAPv2.
    Files(Vec<FilesUser>),
    /// Takes PAP passwords to a directory: finds the entry, then binds as it.
    Ldap(Directory),
    /// Forwards every request to another server.
    Proxy(Home),
}

#[derive(Debug, Clone, Default)]
pub struct FilesUser {
    pub name: String,
    pub password: String,
    /// Attributes of the Access-Accept, as written in a `users` file: `("Class", "\"staff\"")`.
    pub reply: Vec<(String, String)>,
}

impl FilesUser {
    pub fn new(name: impl Into<String>, password: impl Into<String>) -> Self {
        Self { name: name.into(), password: password.into(), reply: Vec::new() }
    }

    #[must_use]
    pub fn reply(mut self, attribute: &str, value: &str) -> Self {
        self.reply.push((attribute.to_owned(), value.to_owned()));
        self
    }
}

/// Where `rlm_ldap` looks for users.
#[derive(Debug, Clone)]
pub struct Directory {
    /// `ldap://127.0.0.1:3890`.
    pub url: String,
    pub base_dn: String,
    /// Who searches; anonymous if `None`.
    pub service: Option<(String, String)>,
    /// The attribute that holds the login name: `uid`.
    pub login_attribute: String,
}

#[derive(Debug, Clone)]
pub struct Home {
    pub address: SocketAddr,
    pub secret: String,
}

/// How a server is set up beside its role.
#[derive(Debug, Clone)]
pub struct Setup {
    pub role: Role,
    /// The secret of the one client, 127.0.0.1.
    pub secret: String,
    /// More of the `authorize` section, before the role's own: how a test makes it challenge, delay or fall silent.
    pub authorize: String,
    /// How many threads serve. FreeRADIUS's own default is 32 at most.
    pub threads: u16,
}

impl Setup {
    pub fn new(role: Role, secret: &str) -> Self {
        Self { role, secret: secret.to_owned(), authorize: String::new(), threads: 32 }
    }

    /// More of the `authorize` section, after what is there already.
    #[must_use]
    pub fn authorize(self, unlang: &str) -> Self {
        Self { authorize: self.authorize + unlang + "\n", ..self }
    }

    /// Sign every answer by a Message-Authenticator, which servers from before Blast-RADIUS do not do by themselves.
    #[must_use]
    pub fn signing_answers(self) -> Self {
        self.authorize("update reply {\n Message-Authenticator := 0x00\n}\n")
    }
}

/// A FreeRADIUS that serves authentication on UDP until it is dropped.
#[derive(Debug)]
pub struct FreeRadius {
    pub process: Process,
    port: Port,
    secret: String,
    _folder: TempDir,
}

impl FreeRadius {
    /// Start it, or `None` where FreeRADIUS (or what the role needs of it) is missing, told as [`tools::require`] does.
    pub async fn start(setup: &Setup) -> anyhow::Result<Option<Self>> {
        let Some(program) = tools::require("freeradius") else { return Ok(None) };
        let Some(modules) = raddb::module_folder(&setup.role) else {
            tools::not_run("not run: freeradius-ldap is missing");
            return Ok(None);
        };
        let port = Port::free().context("find a port for FreeRADIUS")?;
        let folder = tempfile::tempdir().context("make a folder for FreeRADIUS")?;
        raddb::write(setup, folder.path(), &modules, port.number()).context("write FreeRADIUS's configuration")?;
        let process = start(&program, folder.path()).await?;
        Ok(Some(Self { process, port, secret: setup.secret.clone(), _folder: folder }))
    }

    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// A client that shares this server's secret.
    pub fn client(&self) -> Option<Radclient> {
        Radclient::new(self.address(), &self.secret)
    }

    /// What the server said so far.
    pub fn log(&self) -> String {
        self.process.printed()
    }
}

async fn start(program: &Path, folder: &Path) -> anyhow::Result<Process> {
    let mut command = Command::new(program);
    command.arg("-f").arg("-d").arg(folder).args(["-n", raddb::NAME, "-l", "stdout"]);
    let mut process = Process::start(&mut command, &folder.join("output"))?;
    process.ready(async |printed| printed.contains("Ready to process requests")).await?;
    Ok(process)
}
