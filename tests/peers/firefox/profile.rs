//! The settings it starts with, and whom it trusts.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use super::Options;

/// Nothing looks at the network by itself, nothing asks, and a window nobody looks at works like one that is looked at.
const SETTINGS: [(&str, &str); 35] = [
    // Any free port, told in a file of the profile.
    ("marionette.port", "0"),
    // The settings Marionette recommends switch push off.
    ("remote.prefs.recommended", "false"),
    ("dom.push.enabled", "true"),
    ("dom.push.connection.enabled", "true"),
    // A connection that broke is there again at once.
    ("dom.push.retryBaseInterval", "200"),
    ("dom.webnotifications.enabled", "true"),
    // The person allowed notifications, everywhere.
    ("permissions.default.desktop-notification", "1"),
    // Drawn by Firefox itself, since there is no desktop that would.
    ("alerts.useSystemBackend", "false"),
    // With less motion it would take them away after a moment, else after 20 s.
    ("ui.prefersReducedMotion", "0"),
    ("security.notification_enable_delay", "0"),
    ("network.manage-offline-status", "false"),
    ("network.proxy.type", "0"),
    ("network.captive-portal-service.enabled", "false"),
    ("network.connectivity-service.enabled", "false"),
    ("network.dns.disablePrefetch", "true"),
    ("network.trr.mode", "5"),
    ("app.update.enabled", "false"),
    ("app.normandy.enabled", "false"),
    ("extensions.update.enabled", "false"),
    ("extensions.systemAddon.update.enabled", "false"),
    ("browser.safebrowsing.malware.enabled", "false"),
    ("browser.safebrowsing.phishing.enabled", "false"),
    ("browser.safebrowsing.downloads.enabled", "false"),
    ("browser.safebrowsing.blockedURIs.enabled", "false"),
    ("browser.shell.checkDefaultBrowser", "false"),
    ("browser.startup.page", "0"),
    ("browser.newtabpage.enabled", "false"),
    ("browser.aboutwelcome.enabled", "false"),
    ("browser.sessionstore.resume_from_crash", "false"),
    ("termsofuse.bypassNotification", "true"),
    ("signon.rememberSignons", "false"),
    ("datareporting.policy.dataSubmissionEnabled", "false"),
    ("datareporting.healthreport.uploadEnabled", "false"),
    ("toolkit.telemetry.reportingpolicy.firstRun", "false"),
    ("focusmanager.testmode", "true"),
];

/// Lists of the vendor's, which it would fetch at every start.
const SERVERS_OF_THE_VENDOR: [&str; 3] =
    ["services.settings.server", "browser.region.network.url", "toolkit.telemetry.server"];

pub(super) fn write(folder: &Path, options: &Options) -> anyhow::Result<()> {
    std::fs::create_dir(folder)?;
    let mut lines = String::new();
    for (name, value) in SETTINGS {
        writeln!(lines, "user_pref(\"{name}\", {value});")?;
    }
    for name in SERVERS_OF_THE_VENDOR {
        writeln!(lines, "user_pref(\"{name}\", \"\");")?;
    }
    writeln!(lines, "user_pref(\"intl.accept_languages\", \"en-US, en\");")?;
    let push_server = options.push_server.as_deref().unwrap_or_default();
    writeln!(lines, "user_pref(\"dom.push.serverURL\", \"{push_server}\");")?;
    std::fs::write(folder.join("user.js"), lines)?;
    match &options.ca_file {
        Some(ca_file) => trust(folder, ca_file),
        None => Ok(()),
    }
}

fn trust(folder: &Path, ca_file: &Path) -> anyhow::Result<()> {
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
