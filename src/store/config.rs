//! What an administrator writes about the store, and what is meant by it.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vestibule_engine::SecretBytes;
use vestibule_engine::config::{Problems, SecretRef, Sources, load_secret};

/// Fewest connections: one for changes, one for notices from other nodes, one for reads.
const CONNECTIONS_MIN: u32 = 3;
/// More than this helps no login and takes what other programs need: PostgreSQL allows 100 in all by default.
const CONNECTIONS_MAX: u32 = 100;

/// Where users, second factors, open logins and the audit log are kept.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum StoreConfig {
    /// A file on this machine: for one gateway. Needs nothing else installed.
    Sqlite(SqliteConfig),
    /// A PostgreSQL database (13 or newer): for several gateways that share their state.
    Postgres(PostgresConfig),
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self::Sqlite(SqliteConfig::default())
    }
}

/// A database file on this machine.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqliteConfig {
    /// The database file. Its folder must be on a local disk (not NFS) and belong to the gateway's user; files named
    /// like it with `-wal`, `-shm` and `.witness` appended appear beside it.
    #[serde(default = "default_path")]
    pub path: PathBuf,
}

impl Default for SqliteConfig {
    fn default() -> Self {
        Self { path: default_path() }
    }
}

fn default_path() -> PathBuf {
    PathBuf::from("/var/lib/vestibule/vestibule.db")
}

/// A database on a PostgreSQL server. Stop every gateway before you restore a backup of it. At its next start each
/// notices, by the file `postgres.witness` in its state folder, that the database is older than it was: codes that may
/// have been used since then are refused for 23 minutes, remembered stations are forgotten, and recovery codes must be
/// issued anew once all gateways run again. Where the state folder was lost too, issue recovery codes anew yourself.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostgresConfig {
    /// Name or address of the server, or the folder of its socket (beginning with `/`).
    pub host: String,
    /// Port of the server; for a socket, the number at the end of its file name.
    #[serde(default = "default_port")]
    pub port: u16,
    /// Whom to sign in as. This user must own the database.
    #[serde(default = "default_name")]
    pub user: String,
    /// The user's password. Leave it out where the server trusts the connection otherwise (peer).
    #[serde(default)]
    pub password: Option<SecretRef>,
    /// Name of the database. It must exist; the tables in it are made by the gateway.
    #[serde(default = "default_name")]
    pub database: String,
    /// Whether the connection is encrypted. `disabled` is refused unless `host` is this machine. Over a socket, which
    /// never leaves the machine, it makes no difference.
    #[serde(default)]
    pub tls: PostgresTls,
    /// Certificates (PEM) of the authorities that may vouch for the server. Without it, those this system trusts.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Most connections open at once, from 3 to 100. The server must allow this many for every gateway.
    #[serde(default = "default_connections")]
    pub connections: u32,
}

/// Whether a connection is encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PostgresTls {
    /// TLS, and the server's certificate and name are checked.
    #[default]
    Required,
    /// Not encrypted.
    Disabled,
}

fn default_port() -> u16 {
    5432
}

fn default_name() -> String {
    "vestibule".to_owned()
}

fn default_connections() -> u32 {
    8
}

/// What is meant: checked, with its secrets.
#[derive(Debug, Clone)]
pub enum StoreSettings {
    Sqlite { path: PathBuf },
    Postgres(PostgresSettings),
}

#[derive(Debug, Clone)]
pub struct PostgresSettings {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: Option<SecretBytes>,
    pub database: String,
    /// Where TLS is required: the authorities, or nothing for those of the system.
    pub tls: Option<PostgresAuthorities>,
    pub connections: u32,
    /// The gateway's own folder, on its own disk: there it remembers how far this database had come, and so notices one
    /// that was restored from a backup. Not written by an administrator; whoever opens the store sets it.
    pub witness_folder: Option<PathBuf>,
}

#[derive(Debug, Clone)]
pub enum PostgresAuthorities {
    OfTheSystem,
    Pem(Vec<u8>),
}

impl StoreConfig {
    pub fn link(self, path: &str, sources: &dyn Sources, problems: &mut Problems) -> Option<StoreSettings> {
        match self {
            Self::Sqlite(config) => config.link(&format!("{path}.sqlite"), problems),
            Self::Postgres(config) => {
                config.link(&format!("{path}.postgres"), sources, problems).map(StoreSettings::Postgres)
            }
        }
    }
}

impl SqliteConfig {
    fn link(self, path: &str, problems: &mut Problems) -> Option<StoreSettings> {
        let remedy = "write the full path of a file on a local disk, like /var/lib/vestibule/vestibule.db";
        if !self.path.is_absolute() || self.path.file_name().is_none() {
            problems.error(format!("{path}.path"), format!("{} is not a full path", self.path.display()), remedy);
            return None;
        }
        Some(StoreSettings::Sqlite { path: self.path })
    }
}

impl PostgresConfig {
    fn link(self, path: &str, sources: &dyn Sources, problems: &mut Problems) -> Option<PostgresSettings> {
        let outer = problems;
        let problems = &mut Problems::default();
        for (name, value) in [("host", &self.host), ("user", &self.user), ("database", &self.database)] {
            if value.trim().is_empty() || value.contains('\0') {
                problems.error(format!("{path}.{name}"), "nothing usable", format!("write the {name} of the database"));
            }
        }
        if !(CONNECTIONS_MIN..=CONNECTIONS_MAX).contains(&self.connections) {
            problems.error(
                format!("{path}.connections"),
                self.connections.to_string(),
                format!("write a number from {CONNECTIONS_MIN} to {CONNECTIONS_MAX}"),
            );
        }
        if self.tls == PostgresTls::Disabled && !is_here(&self.host) {
            problems.error(
                format!("{path}.tls"),
                format!("disabled, but {} is another machine", self.host),
                "leave tls out (it is required), and name the server's authority in ca_file",
            );
        }
        let password = self
            .password
            .as_ref()
            .and_then(|reference| load_secret(sources, reference, &format!("{path}.password"), problems));
        if password.as_ref().is_some_and(|password| std::str::from_utf8(password.expose()).is_err()) {
            problems.error(format!("{path}.password"), "it is not UTF-8", "set a password of letters and digits");
        }
        let tls = (self.tls == PostgresTls::Required && !self.host.starts_with('/'))
            .then(|| authorities(self.ca_file.as_deref(), &format!("{path}.ca_file"), sources, problems));
        let is_usable = !problems.has_errors();
        for problem in std::mem::take(problems).into_vec() {
            outer.error(problem.path, problem.found, problem.remedy);
        }
        is_usable.then_some(PostgresSettings {
            host: self.host,
            port: self.port,
            user: self.user,
            password,
            database: self.database,
            tls,
            connections: self.connections,
            witness_folder: None,
        })
    }
}

fn authorities(file: Option<&Path>, path: &str, sources: &dyn Sources, problems: &mut Problems) -> PostgresAuthorities {
    let Some(file) = file else { return PostgresAuthorities::OfTheSystem };
    match sources.file(file) {
        Ok(pem) => PostgresAuthorities::Pem(pem),
        Err(why) => {
            problems.error(path, why, "name a readable file with certificates in PEM form");
            PostgresAuthorities::OfTheSystem
        }
    }
}

fn is_here(host: &str) -> bool {
    host.starts_with('/') || host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests;
