//! The folder of the demo: what is in it, and under which names.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use vestibule_engine::Random;
use zeroize::Zeroizing;

use super::super::files::{PRIVATE, READABLE, folder, new_file, random_secret};
use super::super::{Failure, Outcome};

/// The port that is tried first: 1812, the RADIUS port, with a zero, because everybody may open that.
const PORT: u16 = 18120;
/// The same for the portal: the port that stands for HTTPS where nobody is root.
const WEB_PORT: u16 = 8443;
/// The same for the LDAP door: 636 with a zero.
const LDAPS_PORT: u16 = 6360;

/// Where the demo listens on loopback.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ports {
    /// UDP.
    pub(super) radius: u16,
    /// TCP. Phones are paired with it, so it stays.
    pub(super) web: u16,
}

pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(super) fn config(&self) -> PathBuf {
        self.file("vestibule.yaml")
    }

    pub(super) fn password(&self) -> PathBuf {
        self.password_of("ada")
    }

    pub(super) fn password_of(&self, name: &str) -> PathBuf {
        self.file(&format!("{name}.password"))
    }

    /// The part of the configuration about the LDAP door.
    pub(super) fn ldap_part(&self) -> PathBuf {
        self.file("conf.d/ldap.yaml")
    }

    /// What the phone in software keeps: its accounts.
    pub(super) fn accounts(&self) -> PathBuf {
        self.file("phone.json")
    }

    /// The authority that signed the certificate of the portal.
    pub(super) fn authority(&self) -> PathBuf {
        self.file("ca.pem")
    }

    /// What the phone keeps: the key of its codes.
    pub(super) fn phone(&self) -> PathBuf {
        self.phone_of("ada")
    }

    pub(super) fn phone_of(&self, name: &str) -> PathBuf {
        self.file(&format!("{name}.phone"))
    }

    pub(super) fn recovery_codes(&self) -> PathBuf {
        self.file("ada.recovery-codes")
    }

    /// Whether a demo was made here to the end: the last thing that is made is there.
    pub(super) fn exists(&self) -> bool {
        self.recovery_codes().exists()
    }

    /// Before anything is made: can it be, and is there nothing else in its place?
    pub(super) fn check_for_room(&self) -> Outcome {
        if self.exists() {
            return self.check_for_portal();
        }
        if !self.0.exists() {
            return Ok(());
        }
        let is_empty = fs::read_dir(&self.0).is_ok_and(|mut entries| entries.next().is_none());
        if is_empty {
            return Ok(());
        }
        let what = format!("{} is there, and is not a finished demo", self.0.display());
        Err(Failure::new(what)
            .because("nothing that exists is overwritten")
            .then("remove it, or name another with --folder")
            .into())
    }

    fn check_for_portal(&self) -> Outcome {
        let text = fs::read_to_string(self.config()).unwrap_or_default();
        if text.lines().any(|line| line.starts_with("portal:")) {
            return Ok(());
        }
        let what = format!("{} is a demo of an earlier version, without a portal", self.0.display());
        Err(Failure::new(what).then("remove it, or name another with --folder").into())
    }

    pub(super) fn make(&self, ports: Ports, random: &dyn Random) -> Outcome {
        folder(&self.0).map_err(|error| {
            let why = error.chain().last().map(ToString::to_string).unwrap_or_default();
            let what = format!("the folder {} cannot be made", self.0.display());
            Failure::new(what).because(why).then("name a folder that you can write to with --folder")
        })?;
        folder(&self.file("state"))?;
        let master_key = Zeroizing::new(vestibule_store::generate_master_key().context("make the master key")?);
        self.secret("master.key", &master_key)?;
        for name in ["radius-vpn.secret", "radius-firewall.secret", "ada.password"] {
            self.secret(name, &random_secret(random)?)?;
        }
        new_file(&self.config(), configuration(ports).as_bytes(), READABLE)
    }

    pub(super) fn secret(&self, name: &str, content: &str) -> Outcome {
        new_file(&self.file(name), format!("{content}\n").as_bytes(), PRIVATE)
    }

    /// The first line of a file in here.
    pub(super) fn read(&self, path: &Path) -> Outcome<Zeroizing<String>> {
        let text = Zeroizing::new(fs::read_to_string(path).map_err(|error| {
            let why = format!("{}: {error}", path.display());
            Failure::new("there is no demo here")
                .because(why)
                .then("start `vestibule demo` first, or name its folder with --folder")
        })?);
        Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
    }

    /// The port of the configuration that is there.
    pub(super) fn port(&self) -> Option<u16> {
        let text = fs::read_to_string(self.config()).ok()?;
        let line = text.lines().find(|line| line.contains(LISTENERS))?;
        line.split(':').next_back()?.trim_end_matches(['"', ']']).parse().ok()
    }

    /// Put another port into the configuration that is there, and leave the rest as somebody may have changed it.
    pub(super) fn listen_on(&self, port: u16) -> Outcome {
        if self.port() == Some(port) {
            return Ok(());
        }
        let changing = || format!("change the port in {}", self.config().display());
        let text = fs::read_to_string(self.config()).with_context(changing)?;
        let lines: Vec<String> =
            text.lines().map(|line| if line.contains(LISTENERS) { listeners(port) } else { line.to_owned() }).collect();
        fs::write(self.config(), lines.join("\n") + "\n").with_context(changing)
    }
}

const LISTENERS: &str = "  listeners: [\"127.0.0.1:";

fn listeners(port: u16) -> String {
    format!("{LISTENERS}{port}\"]")
}

fn configuration(Ports { radius, web }: Ports) -> String {
    format!(
        "\
# The configuration of the demo. `vestibule config reference` explains every option.

node: demo
state: state
master_key: {{file: master.key}}

# Users that Vestibule keeps itself.
primaries:
  staff: {{local: {{}}}}

radius:
{}
  clients:
    # A VPN gateway that can ask: it shows our question and sends the answer.
    vpn:
      addresses: [127.0.0.1]
      secret: {{file: radius-vpn.secret}}
      primary: staff
    # An old firewall that cannot: the code comes with the password, as in `secret,492039`.
    firewall:
      addresses: [127.0.0.2]
      secret: {{file: radius-firewall.secret}}
      primary: staff
      prompt: none

# Where people sign in to look after their phones, and where phones ask what waits for them.
portal:
  listen: [\"127.0.0.1:{web}\"]
  origin: https://localhost:{web}
  tls: {{certificate: localhost.pem, key: {{file: localhost.key}}}}
  primaries: [staff]
  site: {{name: Vestibule demo}}

push:
  web_push: {{contact: \"mailto:demo@example.com\"}}

policy:
  rules:
    # The firewall can show no number, so nobody could tell whose sign-in it is that a phone approves.
    - name: no push without a number
      services: [firewall]
      require: {{any_of: [totp, recovery-code]}}
",
        listeners(radius)
    )
}

/// A port on loopback that nobody has: the wanted one, or else the usual one, or else any.
pub(super) fn free_port(wanted: Option<u16>) -> Outcome<u16> {
    if let Some(port) = wanted {
        bind(port).map_err(|error| {
            let next = "stop what uses it (another demo?), or name another with --port";
            Failure::new(format!("UDP port {port} on 127.0.0.1 cannot be used")).because(error.to_string()).then(next)
        })?;
        return Ok(port);
    }
    let any = bind(PORT).or_else(|_| bind(0));
    Ok(any.map_err(|error| Failure::fault("find a free UDP port on 127.0.0.1", &error))?)
}

/// The same for the portal. There is no other one for a demo that goes on: its phones know this one.
pub(super) fn free_web_port() -> Outcome<u16> {
    free_tcp(WEB_PORT)
}

/// The same for the LDAP door.
pub(super) fn free_door_port() -> Outcome<u16> {
    free_tcp(LDAPS_PORT)
}

/// Any TCP port that nobody has.
pub(super) fn free_tcp_port() -> Outcome<u16> {
    free_tcp(0)
}

fn free_tcp(usual: u16) -> Outcome<u16> {
    let any = bind_tcp(usual).or_else(|_| bind_tcp(0));
    Ok(any.map_err(|error| Failure::fault("find a free TCP port on 127.0.0.1", &error))?)
}

fn bind_tcp(port: u16) -> std::io::Result<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))?.local_addr().map(|address| address.port())
}

fn bind(port: u16) -> std::io::Result<u16> {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, port))?.local_addr().map(|address| address.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemRandom;

    #[test]
    fn a_demo_goes_on_with_another_port_and_keeps_what_somebody_changed() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::at(&temporary.path().join("demo"));
        folder.make(Ports { radius: 18_120, web: 8_443 }, &SystemRandom::new()).unwrap();
        super::super::certificates::make(&folder).unwrap();
        assert_eq!(folder.port(), Some(18_120));
        let changed = fs::read_to_string(folder.config()).unwrap().replace("node: demo", "node: mine");
        fs::write(folder.config(), changed).unwrap();
        folder.listen_on(4_000).unwrap();
        assert_eq!(folder.port(), Some(4_000));
        assert!(fs::read_to_string(folder.config()).unwrap().contains("node: mine"));
        let config = crate::config::load(&folder.config()).into_result().unwrap();
        assert_eq!(config.radius_written.unwrap().listeners, ["127.0.0.1:4000"]);
        assert_eq!(config.portal.unwrap().origin(), "https://localhost:8443");
    }

    #[test]
    fn a_folder_with_something_else_in_it_is_left_alone() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::at(temporary.path());
        folder.check_for_room().unwrap();
        fs::write(temporary.path().join("letter.txt"), "dear").unwrap();
        assert!(folder.check_for_room().unwrap_err().to_string().contains("not a finished demo"));
    }

    #[test]
    fn a_port_that_is_taken_is_said_to_be() {
        let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        assert!(free_port(Some(port)).unwrap_err().to_string().contains("cannot be used"));
        assert_ne!(free_port(None).unwrap(), port);
    }
}
