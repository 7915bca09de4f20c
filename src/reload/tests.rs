//! Noticing changes, and what becomes of them.

use std::fs;
use std::time::Duration;

use super::{Reloader, Watch};
use crate::config::{LogConfig, LogLevel};
use crate::gateway::Gateway;
use crate::gateway::tests::Site;
use crate::telemetry::Log;

/// Far longer than a change takes to be noticed: reached only when it never is.
const NEVER: Duration = Duration::from_secs(20);

fn log() -> Log {
    Log::start(LogConfig { level: LogLevel::Error, ..LogConfig::default() })
}

// OPS-03
#[tokio::test]
async fn a_bad_change_is_written_down_and_a_good_one_after_it_is_taken() {
    let site = Site::new().await;
    let config = site.config("a", "127.0.0.1:0");
    let mut reloader = Reloader::new(&site.path(), &config.fingerprint);
    let mut gateway = Gateway::start(config).await.unwrap();
    let before = gateway.addresses();

    let good = fs::read_to_string(site.path()).unwrap();
    fs::write(site.path(), good.replace("listeners", "listner").replace("staff", "stuff")).unwrap();
    reloader.reload_if_changed(&mut gateway, &log()).await;
    assert_eq!(gateway.addresses(), before);
    // Looked at again without a change, it is not refused a second time.
    reloader.reload_if_changed(&mut gateway, &log()).await;

    fs::write(site.path(), good.replace("127.0.0.1:0", "127.0.0.2:0")).unwrap();
    reloader.reload_if_changed(&mut gateway, &log()).await;
    assert!(gateway.addresses().iter().all(|(_, address)| address.ip().to_string() == "127.0.0.2"));

    let lines = gateway.store().audit_tail(100, None).await.unwrap();
    let events: Vec<_> = lines.iter().map(|line| line.record.event.id()).collect();
    assert_eq!(events, ["gateway.started", "config.refused", "config.reloaded"]);
    gateway.stop().await;
}

// OPS-03
#[tokio::test]
async fn a_secret_that_changed_is_taken_when_somebody_asks_for_a_reload() {
    let site = Site::new().await;
    let config = site.config("a", "127.0.0.1:0");
    let mut reloader = Reloader::new(&site.path(), &config.fingerprint);
    let mut gateway = Gateway::start(config).await.unwrap();
    site.secret("radius.secret", "");
    reloader.reload_if_changed(&mut gateway, &log()).await;
    reloader.reload(&mut gateway, &log()).await;
    site.secret("radius.secret", "another-horse-battery-staple-42");
    reloader.reload(&mut gateway, &log()).await;
    let lines = gateway.store().audit_tail(100, None).await.unwrap();
    let events: Vec<_> = lines.iter().map(|line| line.record.event.id()).collect();
    assert_eq!(events, ["gateway.started", "config.refused", "config.reloaded"]);
    gateway.stop().await;
}

#[tokio::test]
async fn changes_are_noticed_however_they_are_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vestibule.yaml");
    fs::write(&path, "node: a\n").unwrap();
    let mut watch = Watch::on(&path);
    let more = folder.path().join("conf.d");
    let changes: [(&str, &dyn Fn()); 5] = [
        ("written", &|| fs::write(&path, "node: b\n").unwrap()),
        ("replaced", &|| {
            fs::write(folder.path().join("new"), "node: c\n").unwrap();
            fs::rename(folder.path().join("new"), &path).unwrap();
        }),
        ("conf.d made", &|| fs::create_dir(&more).unwrap()),
        ("a file added in it", &|| fs::write(more.join("a.yaml"), "log: {}\n").unwrap()),
        ("a file taken away", &|| fs::remove_file(more.join("a.yaml")).unwrap()),
    ];
    for (how, change) in changes {
        change();
        assert!(tokio::time::timeout(NEVER, watch.changed()).await.is_ok(), "{how}");
    }
}
