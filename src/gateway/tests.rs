//! Starting, reloading and stopping a whole gateway, with a real store and a real door.

use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::fs::PermissionsExt;

use vestibule_engine::{AuditEvent, Clock};
use vestibule_store::Opening;

use super::{Gateway, GatewayHandle};
use crate::clock::SystemClock;
use crate::config::{self, Config};

/// A folder with everything a gateway needs.
pub(crate) struct Site(tempfile::TempDir);

impl Site {
    pub(crate) async fn new() -> Self {
        let site = Self(tempfile::tempdir().unwrap());
        site.secret("master.key", &vestibule_store::generate_master_key().unwrap());
        site.secret("radius.secret", "correct-horse-battery-staple-41");
        fs::create_dir(site.0.path().join("state")).unwrap();
        let config = site.config("a", "127.0.0.1:0");
        let now = SystemClock::new().now();
        let store = vestibule_store::open(config.store, config.keyring, &config.node, Opening::Create, now).await;
        store.unwrap().close().await;
        site
    }

    pub(crate) fn secret(&self, name: &str, content: &str) {
        let path = self.0.path().join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub(crate) fn config(&self, node: &str, listener: &str) -> Config {
        self.config_with(
            node,
            &format!(
                "radius:\n  listeners: [\"{listener}\"]\n  clients:\n    vpn: {{addresses: [127.0.0.1], \
                 secret: {{file: radius.secret}}, primary: staff}}\n"
            ),
        )
    }

    pub(crate) fn path(&self) -> std::path::PathBuf {
        self.0.path().join("vestibule.yaml")
    }

    fn config_with(&self, node: &str, doors: &str) -> Config {
        let text = format!(
            "node: {node}\nstate: state\nmaster_key: {{file: master.key}}\nprimaries:\n  staff: {{local: {{}}}}\n{doors}"
        );
        fs::write(self.path(), text).unwrap();
        config::load(&self.path()).into_result().unwrap()
    }
}

fn address(gateway: &GatewayHandle) -> SocketAddr {
    gateway.addresses().first().unwrap().1
}

fn is_free(address: SocketAddr) -> bool {
    UdpSocket::bind(address).is_ok()
}

async fn events(gateway: &GatewayHandle) -> Vec<&'static str> {
    let lines = gateway.store().audit_tail(100, None).await.unwrap();
    lines.iter().map(|line| line.record.event.id()).collect()
}

#[tokio::test]
async fn a_gateway_starts_writes_it_down_and_stops_leaving_nothing_bound() {
    let site = Site::new().await;
    let gateway = Gateway::start(site.config("a", "127.0.0.1:0")).await.unwrap();
    let address = address(&gateway);
    assert!(!is_free(address));
    assert_eq!(events(&gateway).await, ["gateway.started"]);
    let stopped = gateway.stop().await;
    assert_eq!((stopped.abandoned, stopped.panics), (0, 0));
    assert!(is_free(address));

    let gateway = Gateway::start(site.config("a", "127.0.0.1:0")).await.unwrap();
    assert_eq!(events(&gateway).await, ["gateway.started", "gateway.stopped", "gateway.started"]);
    gateway.stop().await;
}

#[tokio::test]
async fn a_gateway_whose_port_is_taken_says_so_and_does_not_start() {
    let site = Site::new().await;
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let error = Gateway::start(site.config("a", &address)).await.err().unwrap();
    assert!(format!("{error:#}").contains(&address), "{error:#}");
    drop(taken);
    let gateway = Gateway::start(site.config("a", &address)).await.unwrap();
    assert_eq!(events(&gateway).await, ["gateway.started"]);
    gateway.stop().await;
}

#[tokio::test]
async fn a_gateway_without_its_database_does_not_begin_with_an_empty_one() {
    let site = Site::new().await;
    let config = site.config("a", "127.0.0.1:0");
    for entry in fs::read_dir(site.0.path().join("state")).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    let error = Gateway::start(config).await.err().unwrap();
    assert!(format!("{error:#}").contains("vestibule init"), "{error:#}");
}

// OPS-03
#[tokio::test]
async fn a_reload_moves_the_door_and_another_one_closes_it() {
    let site = Site::new().await;
    let mut gateway = Gateway::start(site.config("a", "127.0.0.1:0")).await.unwrap();
    let first = address(&gateway);
    gateway.reload(site.config("a", "127.0.0.2:0")).await.unwrap();
    let second = address(&gateway);
    assert_ne!(first.ip(), second.ip());
    gateway.reload(site.config_with("a", "")).await.unwrap();
    assert_eq!(gateway.addresses(), []);
    assert!(is_free(second));
    gateway.reload(site.config("a", "127.0.0.1:0")).await.unwrap();
    assert!(!is_free(address(&gateway)));
    let reloads = events(&gateway).await.into_iter().filter(|event| *event == "config.reloaded").count();
    assert_eq!(reloads, 3);
    gateway.stop().await;
}

// OPS-03
#[tokio::test]
async fn a_reload_that_cannot_be_whole_changes_nothing() {
    let site = Site::new().await;
    let mut gateway = Gateway::start(site.config("a", "127.0.0.1:0")).await.unwrap();
    let before = address(&gateway);
    let error = gateway.reload(site.config("b", "127.0.0.2:0")).await.unwrap_err();
    assert!(error.to_string().contains("`node`") && error.to_string().contains("restart"), "{error}");
    let taken = UdpSocket::bind("127.0.0.3:0").unwrap();
    let wanted = taken.local_addr().unwrap().to_string();
    gateway.reload(site.config("a", &wanted)).await.unwrap_err();
    site.secret("master.key", &vestibule_store::generate_master_key().unwrap());
    let error = gateway.reload(site.config("a", "127.0.0.2:0")).await.unwrap_err();
    assert!(error.to_string().contains("`master_key`"), "{error}");
    assert_eq!(address(&gateway), before);
    let is_reload = |event: &AuditEvent| matches!(event, AuditEvent::ConfigReloaded { .. });
    let lines = gateway.store().audit_tail(100, None).await.unwrap();
    assert!(!lines.iter().any(|line| is_reload(&line.record.event)));
    gateway.stop().await;
}

// OPS-03: what a reload would not take is not said to be in use.
#[tokio::test]
async fn a_change_that_needs_a_restart_is_refused_with_its_name() {
    let site = Site::new().await;
    let key = vestibule_store::generate_master_key().unwrap();
    site.secret("older.key", &key);
    let mut gateway = Gateway::start(site.config("a", "127.0.0.1:0")).await.unwrap();
    for (option, doors) in [
        ("older_master_keys", "older_master_keys: [{file: older.key}]\n"),
        ("factors.password_hashing.at_once", "factors: {password_hashing: {at_once: 3}}\n"),
        ("factors.password_hashing.waiting", "factors: {password_hashing: {waiting: 7}}\n"),
    ] {
        let error = gateway.reload(site.config_with("a", doors)).await.unwrap_err().to_string();
        assert!(error.contains(&format!("`{option}`")) && error.contains("needs a restart"), "{error}");
    }
    // What applies to passwords set from now on is taken.
    let cost = "factors: {password_hashing: {memory_mib: 20, at_once: null}}\nolder_master_keys: []\n";
    gateway.reload(site.config_with("a", cost)).await.unwrap();
    gateway.stop().await;
}

// OPS-03
#[tokio::test]
async fn a_database_is_signed_in_to_anew_only_by_a_restart() {
    let site = Site::new().await;
    site.secret("one.password", "first words of a password");
    site.secret("two.password", "other words of a password");
    let authority = rcgen::generate_simple_self_signed(vec!["a.example".to_owned()]).unwrap().cert.pem();
    site.secret("ca.pem", &authority);
    let config = |more: &str| site.config_with("a", &format!("store: {{postgres: {{host: localhost, {more}}}}}\n"));
    let one = "password: {file: one.password}";
    let fixed = super::Fixed::of(&config(one));
    fixed.check(&config(one)).unwrap();
    assert!(!format!("{fixed:?}").contains("first words"), "{fixed:?}");
    let ca = site.0.path().join("ca.pem").display().to_string();
    for (option, changed) in [
        ("store.postgres.password", "password: {file: two.password}".to_owned()),
        ("store.postgres.password", "port: 5432".to_owned()),
        ("store.postgres.tls", format!("{one}, tls: disabled")),
        ("store.postgres.ca_file", format!("{one}, ca_file: {ca}")),
        ("store", format!("{one}, port: 5433")),
    ] {
        let error = fixed.check(&config(&changed)).unwrap_err().to_string();
        assert!(error.starts_with(&format!("`{option}` was changed: that needs a restart")), "{error}");
    }
    fixed.check(&site.config_with("a", "")).unwrap_err();
}
