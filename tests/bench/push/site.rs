//! A gateway with a portal for phones, and a look at it and into its store from beside.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::time::{Instant, sleep};
use vestibule::cli::Context;
use vestibule_peers::certificates::TestCa;
use vestibule_peers::ports::Port;
use vestibule_peers::process::{cpu_time, resident};

use crate::gateway::{Prepared, open};

pub(super) const SECRET: &str = "bench-secret-of-the-clients";

/// RADIUS clients, each with an address of its own: the gateway takes only so many logins of one.
const CLIENTS: u8 = 4;
/// What the gateway takes of all of them unless it is told otherwise (`radius.limits.open_logins`).
const OPEN_LOGINS_DEFAULT: u32 = 100_000;

/// How long the store is watched for logins to arrive in it: longer than clients take to repeat what was lost.
const ARRIVAL_PATIENCE: Duration = Duration::from_secs(150);
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Where phones reach the gateway, and whom they believe.
pub(super) struct Portal {
    port: Port,
    ca: TestCa,
}

/// A gateway that runs.
pub(super) struct Site {
    pub(super) radius: SocketAddr,
    pub(super) portal: Portal,
    process: u32,
    store: Context,
}

/// The address of a RADIUS client.
pub(super) fn client_address(number: usize) -> Ipv4Addr {
    let client = u8::try_from(number % usize::from(CLIENTS)).unwrap_or(0);
    Ipv4Addr::new(127, 0, 0, client + 1)
}

impl Portal {
    pub(super) fn new() -> anyhow::Result<Self> {
        Ok(Self { port: Port::free().context("find a port for the portal")?, ca: TestCa::new()? })
    }

    pub(super) fn origin(&self) -> String {
        format!("https://localhost:{}", self.port.number())
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.port.address()
    }

    pub(super) fn authority(&self) -> &str {
        self.ca.ca_pem()
    }

    /// A folder with a configuration for a gateway with this portal and so many logins at once.
    pub(super) fn prepare(&self, program: &Path, logins: u32) -> anyhow::Result<Prepared> {
        let files = self.files()?;
        Prepared::written(program, &as_texts(&files), |folder, port| self.configuration(folder, port, logins))
    }

    /// The same for a gateway inside this process.
    #[cfg(test)]
    pub(super) async fn prepare_inside(&self, logins: u32) -> anyhow::Result<Prepared> {
        let files = self.files()?;
        Prepared::inside(&as_texts(&files), |folder, port| self.configuration(folder, port, logins)).await
    }

    fn files(&self) -> anyhow::Result<Vec<(&'static str, String)>> {
        let issued = self.ca.server(&["localhost"])?;
        Ok(vec![
            ("radius.secret", SECRET.to_owned()),
            ("portal.pem", std::fs::read_to_string(issued.certificate_file).context("read the certificate")?),
            ("portal.key", std::fs::read_to_string(issued.key_file).context("read the certificate's key")?),
        ])
    }

    fn configuration(&self, folder: &Path, radius: u16, logins: u32) -> String {
        let mut text = format!(
            "node: bench
state: {}
master_key: {{file: master.key}}
primaries:
  people: {{local: {{}}}}
policy:
  otherwise: {{any_of: [push, totp]}}
login:
  prompt_lifetime: 600s
portal:
  listen: [\"{}\"]
  origin: {}
  tls: {{certificate: portal.pem, key: {{file: portal.key}}}}
  primaries: [people]
log:
  level: warn
radius:
  listeners: [\"0.0.0.0:{radius}\"]
  defaults: {{prompt: none, patience: 600s}}
",
            folder.join("state").display(),
            self.address(),
            self.origin(),
        );
        if logins > OPEN_LOGINS_DEFAULT {
            let (all, answers) = (logins.saturating_mul(2), logins.saturating_mul(3));
            text.push_str(&format!(
                "  limits: {{open_logins: {all}, open_logins_per_client: {all}, kept_answers: {answers}}}\n"
            ));
        }
        text.push_str("  clients:\n");
        for number in 0..usize::from(CLIENTS) {
            let address = client_address(number);
            text.push_str(&format!(
                "    nas-{number}: {{addresses: [{address}], secret: {{file: radius.secret}}, primary: people}}\n"
            ));
        }
        text
    }
}

fn as_texts<'a>(files: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    files.iter().map(|(name, text)| (*name, text.as_str())).collect()
}

impl Site {
    /// Beside the gateway that runs as this process on what was prepared.
    pub(super) async fn beside(prepared: &Prepared, portal: Portal, process: u32) -> anyhow::Result<Self> {
        Ok(Self { radius: prepared.address(), portal, process, store: open(prepared.config()).await? })
    }

    /// Until exactly so many logins wait. A login more or less than was begun is one that was lost or taken twice.
    pub(super) async fn until_waiting(&self, logins: u32) -> anyhow::Result<()> {
        let patience = Instant::now() + ARRIVAL_PATIENCE;
        loop {
            let waiting = self.store.store().open_attempts().await?;
            if waiting == u64::from(logins) {
                return Ok(());
            }
            if waiting > u64::from(logins) || Instant::now() > patience {
                bail!("{waiting} logins wait in the store, and {logins} were begun");
            }
            sleep(LOOK_EVERY).await;
        }
    }

    pub(super) fn cpu(&self) -> anyhow::Result<Duration> {
        cpu_time(self.process).context("read the gateway's CPU time")
    }

    pub(super) fn resident(&self) -> anyhow::Result<u64> {
        resident(self.process).context("read the gateway's memory")
    }

    pub(super) async fn close(self) {
        self.store.close().await;
    }
}
