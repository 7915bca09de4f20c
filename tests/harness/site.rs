//! The folder and the configuration.

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use tempfile::TempDir;
use vestibule::clock::SystemClock;
use vestibule::config::{Config, load};
use vestibule_engine::Clock;
use vestibule_peers::ports::Port;
use vestibule_peers::postgres::Postgres;
use vestibule_peers::slapd::{self, Slapd};
use vestibule_store::{Handle, Opening};

use super::{Daemon, PortalSite, SECRET};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoreKind {
    Sqlite,
    Postgres,
}

/// Where the portal of a second node listens: at the same port, so that the origin is the same.
pub(crate) const ANOTHER_NODE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// Everything a gateway of a test stands in. Asked from `127.0.0.1` it never prompts, asked from `::1` it does.
pub(crate) struct Site {
    pub(crate) folder: TempDir,
    pub(crate) port: Port,
    pub(crate) directory: Option<Slapd>,
    pub(crate) portal: Option<PortalSite>,
    node: String,
    store: String,
    primaries: String,
    /// What a test adds at the top level.
    pub(crate) more: String,
    /// What a test adds to both clients.
    pub(crate) clients: String,
    _postgres: Option<Arc<Postgres>>,
}

impl Site {
    /// A site with a directory of people; `None` where a tool is missing.
    pub(crate) async fn with_directory(kind: StoreKind) -> anyhow::Result<Option<Self>> {
        Self::with_directory_of(kind, slapd::Options { users: 120, ..slapd::Options::default() }).await
    }

    /// The same, with a directory as the test wants it.
    pub(crate) async fn with_directory_of(kind: StoreKind, options: slapd::Options) -> anyhow::Result<Option<Self>> {
        let Some(directory) = Slapd::start(options).await? else { return Ok(None) };
        let Some(mut site) = Self::new(kind).await? else { return Ok(None) };
        site.file("reader.password", slapd::READER_PASSWORD);
        site.primaries = format!(
            "  staff:\n    ldap:\n      servers: [\"{}\"]\n      allow_plaintext: true\n      timeout: 3s\n      cool_down: 100ms\n      \
             find:\n        search:\n          base: \"{}\"\n          bind_dn: \"{}\"\n          password: {{ file: reader.password }}\n",
            directory.url(),
            slapd::PEOPLE,
            slapd::READER_DN
        );
        site.directory = Some(directory);
        Ok(Some(site))
    }

    /// A site whose people Vestibule keeps itself.
    pub(crate) async fn local(kind: StoreKind) -> anyhow::Result<Option<Self>> {
        let Some(mut site) = Self::new(kind).await? else { return Ok(None) };
        site.primaries = "  staff: { local: {} }\n".to_owned();
        Ok(Some(site))
    }

    /// Another node in front of the same store and people.
    pub(crate) fn another_node(&self, node: &str) -> anyhow::Result<Self> {
        let site = Self {
            folder: TempDir::with_prefix("vestibule-test-")?,
            port: Port::free()?,
            directory: None,
            portal: None,
            node: node.to_owned(),
            store: self.store.clone(),
            primaries: self.primaries.clone(),
            more: match &self.portal {
                // People and phones know one address for all nodes; behind it each listens at its own.
                Some(portal) => self.more.replace(&portal.listen(), &portal.listen_at(ANOTHER_NODE)),
                None => self.more.clone(),
            },
            clients: self.clients.clone(),
            _postgres: self._postgres.clone(),
        };
        for name in ["master.key", "radius.secret", "reader.password", "portal.pem", "portal.key"] {
            if self.path(name).exists() {
                std::fs::copy(self.path(name), site.path(name))?;
            }
        }
        Ok(site)
    }

    async fn new(kind: StoreKind) -> anyhow::Result<Option<Self>> {
        let folder = TempDir::with_prefix("vestibule-test-")?;
        let (postgres, store) = match kind {
            StoreKind::Sqlite => {
                let path = folder.path().join("vestibule.db");
                (None, format!("  sqlite: {{ path: \"{}\" }}\n", path.display()))
            }
            StoreKind::Postgres => {
                let Some(postgres) = Postgres::start().await? else { return Ok(None) };
                let database = postgres.create_database()?;
                let store = format!(
                    "  postgres:\n    host: \"{}\"\n    port: {}\n    user: {}\n    database: {database}\n    tls: disabled\n",
                    postgres.socket_folder().display(),
                    postgres.port(),
                    postgres.user()
                );
                (Some(Arc::new(postgres)), store)
            }
        };
        let site = Self {
            folder,
            port: Port::free()?,
            directory: None,
            portal: None,
            node: "a".to_owned(),
            store,
            primaries: String::new(),
            more: String::new(),
            clients: String::new(),
            _postgres: postgres,
        };
        site.file("master.key", &vestibule_store::generate_master_key()?);
        site.file("radius.secret", SECRET);
        Ok(Some(site))
    }

    /// Other primaries than people of our own. One must be named `staff`.
    pub(crate) fn primaries(&mut self, yaml: &str) {
        self.primaries = yaml.to_owned();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Write a file only its owner reads.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Where a client that is never asked anything sends to.
    pub(crate) fn without_prompts(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port.number()).into()
    }

    /// Where a client that shows questions sends to.
    pub(crate) fn with_prompts(&self) -> SocketAddr {
        (Ipv6Addr::LOCALHOST, self.port.number()).into()
    }

    /// The configuration, written.
    pub(crate) fn write(&self) -> PathBuf {
        let port = self.port.number();
        let mut yaml = format!(
            "node: {}\nstate: \"{}\"\nmaster_key: {{ file: master.key }}\nstore:\n{}primaries:\n{}",
            self.node,
            self.folder.path().display(),
            self.store,
            self.primaries
        );
        write!(yaml, "radius:\n  listeners: [\"127.0.0.1:{port}\", \"[::1]:{port}\"]\n  clients:\n").unwrap();
        for (name, address, prompt) in [("pap", "127.0.0.1", "none"), ("challenge", "::1", "challenge")] {
            write!(
                yaml,
                "    {name}:\n      addresses: [\"{address}\"]\n      secret: {{ file: radius.secret }}\n      primary: staff\n      \
                 prompt: {prompt}\n      reject_delay: 0s\n{}",
                self.clients
            )
            .unwrap();
        }
        yaml.push_str(&self.more);
        let path = self.path("vestibule.yaml");
        std::fs::write(&path, yaml).unwrap();
        path
    }

    pub(crate) fn config(&self) -> Config {
        let loaded = load(&self.write());
        match loaded.config {
            Some(config) => config,
            None => panic!("the test's configuration is wrong:\n{}", loaded.report),
        }
    }

    /// The store, beside the daemon: to enrol people before, to look at what happened after.
    pub(crate) async fn store(&self) -> Arc<Handle> {
        let config = self.config();
        let now = SystemClock::new().now();
        vestibule_store::open(config.store, config.keyring, "test", Opening::Create, now).await.unwrap()
    }

    pub(crate) async fn start(&self) -> anyhow::Result<Daemon> {
        let store = self.store().await;
        store.close().await;
        Daemon::start(self).await
    }

    /// Run the command line on this site's configuration.
    pub(crate) fn vestibule(&self, arguments: &[&str]) -> Output {
        vestibule(Some(&self.path("vestibule.yaml")), arguments, "")
    }
}

/// Run the real binary.
pub(crate) fn vestibule(config: Option<&Path>, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    if let Some(config) = config {
        command.arg("--config").arg(config);
    }
    let mut child =
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}
