//! The gateway's LDAP door before the directory: the real program, with an application for each kind of sign-in.
//!
//! | from | application | second factor |
//! |---|---|---|
//! | 127.0.0.1 | `exempt` | policy skips it |
//! | 127.0.0.2 | `coded` | a code behind the password |
//! | 127.0.1.0/24 | `exempt` | only holds connections |

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::bail;
use tokio::runtime::Runtime;
use vestibule_peers::slapd::{self, Slapd};

use super::client::Client;
use super::load::{self, Load};
use super::{on_one_thread, turns};
use crate::gateway::{Gateway, Prepared};

/// From here, a code is asked for.
pub(super) const CODED: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

const LET_IN_AT_ONCE: usize = 64;
const LET_IN_MAX: Duration = Duration::from_secs(600);

/// Connections that the door takes; the defaults where there are none to hold.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Limits {
    pub(super) connections: Option<u64>,
}

const SECRETS: [(&str, &str); 1] = [("ldap.password", slapd::READER_PASSWORD)];

pub(super) async fn start(program: &Path, slapd: &Slapd, limits: Limits) -> anyhow::Result<Gateway> {
    let prepared = Prepared::written(program, &SECRETS, |folder, port| configuration(folder, port, slapd, limits))?;
    let address = prepared.address();
    prepared.serving(async || answers(address).await).await
}

/// The same for a gateway inside this process.
#[cfg(test)]
pub(super) async fn prepare_inside(slapd: &Slapd) -> anyhow::Result<Prepared> {
    Prepared::inside(&SECRETS, |folder, port| configuration(folder, port, slapd, Limits::default())).await
}

async fn answers(address: SocketAddr) -> bool {
    let Ok(mut client) = Client::connect(address, None).await else { return false };
    client.search(&turns::root_dse()).await.is_ok()
}

/// Let everybody in once: at the first time a user is made of a person, and that is not what is measured.
pub(super) fn let_everybody_in(prepared: &Prepared, people: u32) -> anyhow::Result<()> {
    let load = Load {
        server: prepared.address(),
        source: None,
        connections: LET_IN_AT_ONCE.min(usize::try_from(people)?),
        time_max: LET_IN_MAX,
    };
    let outcome = on_one_thread(async { load::open(&load, turns::binds_once(people)).await?.run().await })?;
    if outcome.done < u64::from(people) {
        bail!("only {} of {people} people got in: {:?}", outcome.done, outcome.otherwise);
    }
    Ok(())
}

/// Give everybody an authenticator.
pub(super) fn enrol(prepared: &Prepared, people: u32, runtime: &Runtime) -> anyhow::Result<()> {
    let known = runtime.block_on(prepared.enrol_everybody())?;
    if known < u64::from(people) {
        bail!("only {known} of {people} people are known");
    }
    Ok(())
}

fn configuration(folder: &Path, port: u16, slapd: &Slapd, limits: Limits) -> String {
    let limits = limits.connections.map_or_else(String::new, |most| {
        format!("  limits: {{connections: {most}, connections_per_source: {most}}}\n")
    });
    format!(
        "node: bench
state: {state}
master_key: {{file: master.key}}
primaries:
  people:
    ldap:
      servers: [\"{url}\"]
      allow_plaintext: true
      find:
        search:
          base: {people}
          filter: (uid={{user}})
          bind_dn: {reader}
          password: {{file: ldap.password}}
policy:
  rules:
    - {{name: exempt, doors: [ldap], services: [exempt], require: skip}}
  otherwise: {{any_of: [totp]}}
ldap:
  listeners:
    plain: {{address: \"127.0.0.1:{port}\", tls: never}}
{limits}  applications:
    exempt:
      addresses: [127.0.0.1, 127.0.1.0/24]
      primary: people
      allow_plaintext: true
      anonymous: root_dse
      coalesce: 0s
      service_accounts:
        reader: {{dn: \"{reader}\"}}
    coded:
      addresses: [{CODED}]
      primary: people
      allow_plaintext: true
      append: {{delimiter: \",\"}}
      coalesce: 0s
log:
  level: warn
",
        state = folder.join("state").display(),
        url = slapd.url(),
        people = slapd::PEOPLE,
        reader = slapd::READER_DN,
    )
}
