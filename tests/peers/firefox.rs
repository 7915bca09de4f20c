//! Firefox ESR without a window, driven as a person would: with the push service of the test's choice.
//!
//! Unlike Chromium it speaks the open Web Push protocol to whatever server its settings name, so that a push travels all
//! the way from a sender to a service worker with nothing of the vendor's between. It is driven over Marionette
//! ([`marionette`]); a window is a [`Page`]. The test's authority stands in the trust store of its profile.

#![expect(clippy::indexing_slicing, reason = "a JSON value answers null where there is nothing")]

mod input;
mod marionette;
mod notifications;
mod page;
mod profile;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::Process;
use crate::tools;
use marionette::Marionette;

pub use page::Page;

/// Debian's name first, then what other systems call it.
const PROGRAMS: [&str; 2] = ["firefox-esr", "firefox"];

#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The authority whose certificates it accepts.
    pub ca_file: Option<PathBuf>,
    /// Where it asks for push, a `wss://` address. `None`: it has no push service.
    pub push_server: Option<String>,
}

/// A running Firefox. Dropping it kills it and removes its profile.
pub struct Firefox {
    marionette: Marionette,
    process: Process,
    // Last, so that the process is gone when its files go.
    _home: TempDir,
}

impl Firefox {
    /// `None` where it, or `certutil` to make it trust, is not installed, after saying so.
    pub async fn start(options: &Options) -> anyhow::Result<Option<Self>> {
        let Some(program) = find() else { return Ok(None) };
        let home = tempfile::Builder::new().prefix("vestibule-firefox-").tempdir()?;
        let folder = home.path().join("profile");
        profile::write(&folder, options)?;
        let mut command = Command::new(program);
        command
            .args(["--headless", "--no-remote", "--marionette", "--remote-allow-system-access", "--profile"])
            .arg(&folder)
            .arg("about:blank")
            .env("HOME", home.path())
            .env("MOZ_CRASHREPORTER_DISABLE", "1")
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_CACHE_HOME")
            .env_remove("DISPLAY")
            .env_remove("DBUS_SESSION_BUS_ADDRESS");
        let mut process = Process::start(&mut command, &home.path().join("firefox.log"))?;
        let told = folder.join("MarionetteActivePort");
        let port = || std::fs::read_to_string(&told).ok()?.trim().parse::<u16>().ok();
        process.ready(async |_| port().is_some()).await?;
        let marionette = Marionette::open(port().context("MarionetteActivePort holds no port")?).await?;
        Ok(Some(Self { marionette, process, _home: home }))
    }

    /// A new window. In a tab that another one covers, timers hardly run.
    pub async fn page(&self) -> anyhow::Result<Page> {
        let made = self.marionette.call("WebDriver:NewWindow", json!({ "type": "window", "focus": true })).await?;
        Ok(Page::new(&self.marionette, made["handle"].as_str().context("the new window has no handle")?))
    }

    /// The window that is at this address, once there is one: what a click on a notification opened.
    pub async fn page_at(&self, address_begins: &str) -> anyhow::Result<Page> {
        page::find(&self.marionette, address_begins).await
    }

    /// Run a function body in the browser itself, with all its rights; what it returns, or promises, comes back.
    pub async fn as_browser(&self, body: &str) -> anyhow::Result<Value> {
        self.marionette.as_browser(body).await
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }
}

fn find() -> Option<PathBuf> {
    tools::require("certutil")?;
    PROGRAMS.iter().find_map(|program| tools::find(program)).or_else(|| tools::require("firefox-esr"))
}
