//! Chromium without a window, driven as a person would: it clicks where the name of a button stands, and types.
//!
//! Each start has a profile and a trust store of its own, so that `https` is accepted for the reason that the test's
//! authority signed it, and no switch that ignores certificates hides a mistake. The protocol is DevTools over one
//! WebSocket ([`connection`]); a tab is a [`Page`].

#![expect(clippy::indexing_slicing, reason = "a JSON value answers null where there is nothing")]

mod accessibility;
mod connection;
mod emulation;
mod input;
mod page;
mod worker;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::Process;
use crate::tools;
use connection::Connection;

pub use accessibility::Named;
pub use emulation::{DESKTOP, Look, PHONE, Screen};
pub use page::Page;

/// Debian's name first, then what other systems call it.
const PROGRAMS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Nothing of it looks at the network by itself or asks for a window.
const SWITCHES: [&str; 14] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-sync",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-features=Translate,MediaRouter,OptimizationHints",
    "--no-first-run",
    "--no-default-browser-check",
    "--password-store=basic",
    "--use-fake-ui-for-media-stream",
    "--remote-debugging-port=0",
];

#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The authority whose certificates it accepts.
    pub ca_file: Option<PathBuf>,
    /// What the camera sees: a `.y4m` or `.mjpeg` file, over and over.
    pub camera_file: Option<PathBuf>,
    /// More switches.
    pub switches: Vec<String>,
}

/// A running Chromium. Dropping it kills it and removes its profile.
pub struct Chromium {
    connection: Connection,
    process: Process,
    // Last, so that the process is gone when its files go.
    _home: TempDir,
}

impl Chromium {
    /// `None` where it is not installed, after saying so.
    pub async fn start(options: Options) -> anyhow::Result<Option<Self>> {
        let Some(program) = find(options.ca_file.is_some()) else { return Ok(None) };
        let home = tempfile::Builder::new().prefix("vestibule-chromium-").tempdir()?;
        if let Some(ca_file) = &options.ca_file {
            trust(home.path(), ca_file)?;
        }
        let profile = home.path().join("profile");
        let mut command = Command::new(program);
        command.args(SWITCHES).args(&options.switches).env("HOME", home.path());
        command.env_remove("XDG_CONFIG_HOME").env_remove("DBUS_SESSION_BUS_ADDRESS");
        command.arg(format!("--user-data-dir={}", profile.display()));
        if let Some(camera) = &options.camera_file {
            command.arg("--use-fake-device-for-media-stream");
            command.arg(format!("--use-file-for-fake-video-capture={}", camera.display()));
        }
        let mut process = Process::start(command.arg("about:blank"), &home.path().join("chromium.log"))?;
        let told = profile.join("DevToolsActivePort");
        process.ready(async |_| std::fs::read_to_string(&told).is_ok_and(|text| text.lines().count() >= 2)).await?;
        let connection = Connection::open(&address(&told)?).await?;
        let target = json!({ "discover": true });
        connection.call(None, "Target.setDiscoverTargets", target).await?;
        Ok(Some(Self { connection, process, _home: home }))
    }

    /// A new window. Pages in one window hide each other, and a hidden page neither draws nor answers.
    pub async fn page(&self) -> anyhow::Result<Page> {
        let wanted = json!({ "url": "about:blank", "newWindow": true });
        let made = self.connection.call(None, "Target.createTarget", wanted).await?;
        let target = made["targetId"].as_str().context("the new tab has no id")?;
        Page::attach(&self.connection, target).await
    }

    /// The service worker whose address ends so, once it runs: evaluates like a page, but has nothing to see.
    pub async fn worker(&self, address_end: &str) -> anyhow::Result<Page> {
        worker::attach(&self.connection, address_end).await
    }

    /// Allow (`granted`), refuse (`denied`) or leave open (`prompt`) a permission, such as `notifications`.
    pub async fn permit(&self, origin: &str, permission: &str, setting: &str) -> anyhow::Result<()> {
        let wanted = json!({ "origin": origin, "permission": { "name": permission }, "setting": setting });
        self.connection.call(None, "Browser.setPermission", wanted).await.map(drop)
    }

    /// Any other command of the browser itself.
    pub async fn call(&self, method: &str, params: Value) -> anyhow::Result<Value> {
        self.connection.call(None, method, params).await
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }
}

fn find(with_trust: bool) -> Option<PathBuf> {
    if with_trust && tools::require("certutil").is_none() {
        return None;
    }
    PROGRAMS.iter().find_map(|program| tools::find(program)).or_else(|| tools::require("chromium"))
}

/// Chromium on Linux reads the NSS database of its user.
fn trust(home: &Path, ca_file: &Path) -> anyhow::Result<()> {
    let folder = home.join(".pki/nssdb");
    std::fs::create_dir_all(&folder)?;
    let database = format!("sql:{}", folder.display());
    certutil(&["-N", "-d", &database, "--empty-password"])?;
    let file = ca_file.to_str().context("the authority's file has a name that is no text")?;
    certutil(&["-A", "-d", &database, "-t", "C,,", "-n", "test authority", "-i", file])
}

fn certutil(arguments: &[&str]) -> anyhow::Result<()> {
    let output = Command::new("certutil").args(arguments).output().context("run certutil")?;
    if !output.status.success() {
        bail!("certutil {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// The first line is the port, the second the path.
fn address(told: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(told)?;
    let (port, path) = text.trim().split_once('\n').context("DevToolsActivePort has another form")?;
    Ok(format!("ws://127.0.0.1:{port}{path}"))
}
