//! As a service: what the service manager hears, and what a neighbour on the machine can see.

use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use crate::harness::{Daemon, SECRET, Site, StoreKind};

/// The next thing the service manager is told that holds one of these words, or everything until then.
fn hear(manager: &UnixDatagram, word: &str) -> String {
    let mut heard = String::new();
    let mut octets = [0; 4096];
    while !heard.lines().any(|line| line.starts_with(word)) {
        let length = manager.recv(&mut octets).unwrap_or_else(|error| panic!("never told {word}: {error}\n{heard}"));
        heard.push_str(&String::from_utf8_lossy(&octets[..length]));
        heard.push('\n');
    }
    heard
}

#[tokio::test(flavor = "multi_thread")]
async fn service_manager_is_told_when_logins_are_served_reloaded_and_over() {
    // OPS-02
    let Some(site) = Site::local(StoreKind::Sqlite).await.unwrap() else { return };
    site.store().await.close().await;
    let socket = site.path("notify");
    let manager = UnixDatagram::bind(&socket).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    command.env("NOTIFY_SOCKET", &socket).env("WATCHDOG_USEC", "1000000");
    let daemon = Daemon::start_as(&site, command).await.unwrap();
    let first = hear(&manager, "READY=1");
    assert!(!first.contains("STOPPING"), "{first}");
    // From the event loop that serves logins, again and again.
    hear(&manager, "WATCHDOG=1");
    hear(&manager, "WATCHDOG=1");
    let hang_up = Command::new("kill").args(["-HUP", &daemon.pid().to_string()]).status().unwrap();
    assert!(hang_up.success());
    let reload = hear(&manager, "RELOADING=1");
    assert!(reload.contains("MONOTONIC_USEC="), "{reload}");
    hear(&manager, "READY=1");
    daemon.stop().await;
    hear(&manager, "STOPPING=1");
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_neither_in_the_arguments_nor_in_the_files_of_the_gateway() {
    // OPS-07
    let Some(site) = Site::local(StoreKind::Sqlite).await.unwrap() else { return };
    let daemon = site.start().await.unwrap();
    let process = format!("/proc/{}", daemon.pid());
    let key = std::fs::read_to_string(site.path("master.key")).unwrap();
    for file in ["cmdline", "environ"] {
        let seen = std::fs::read(format!("{process}/{file}")).unwrap();
        let seen = String::from_utf8_lossy(&seen);
        assert!(!seen.contains(SECRET) && !seen.contains(key.trim()), "a secret is in {file}");
    }
    for entry in std::fs::read_dir(site.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let is_secret = path.extension().is_some_and(|ending| ending == "key" || ending == "secret");
        if path.is_file() && !is_secret {
            let content = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            assert!(!content.contains(SECRET) && !content.contains(key.trim()), "a secret is in {}", path.display());
        }
    }
    daemon.stop().await;
}
