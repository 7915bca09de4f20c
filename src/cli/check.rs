//! `vestibule check`: every problem of the configuration, with its line and what to write.

use std::path::Path;

use serde_json::json;

use super::{Exit, Failure, Outcome};
use crate::config::{self, Config, Loaded};

/// Reads the configuration with everything it refers to, as `run` would, and starts nothing.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// For scripts: one JSON object on standard output
    #[arg(long)]
    json: bool,
}

pub fn run(path: &Path, args: &Args) -> Outcome {
    let loaded = config::load(path);
    if args.json {
        print_json(&loaded);
    } else {
        print!("{}", text(path, &loaded));
    }
    if loaded.config.is_some() {
        return Ok(());
    }
    let count = loaded.report.errors();
    let what = format!("{count} {} in {}; nothing was started", plural(count, "problem"), path.display());
    Err(Failure { exit: Exit::Config, ..Failure::new(what) }.into())
}

fn print_json(loaded: &Loaded) {
    let report = json!({
        "usable": loaded.config.is_some(),
        "files": loaded.files,
        "problems": loaded.report.problems,
    });
    println!("{report:#}");
}

fn text(path: &Path, loaded: &Loaded) -> String {
    let mut text = loaded.report.to_string();
    if let Some(config) = &loaded.config {
        if !text.is_empty() {
            text.push('\n');
        }
        let warnings = loaded.report.warnings();
        let warned =
            if warnings == 0 { String::new() } else { format!(", {warnings} {}", plural(warnings, "warning")) };
        text.push_str(&format!("{} can be used{warned}.\n  {}\n", path.display(), summary(config)));
    }
    text
}

fn summary(config: &Config) -> String {
    let primaries: Vec<&str> = config.primaries.keys().map(String::as_str).collect();
    let rules = config.settings.policy.rules.len();
    let radius = config.radius_written.as_ref().map_or("closed".to_owned(), |radius| {
        let clients = radius.clients.len();
        format!("{} for {clients} {}", radius.listeners.join(", "), plural(clients, "client"))
    });
    let ldap = config.ldap_written.as_ref().map_or("closed".to_owned(), |ldap| {
        let listeners: Vec<&str> = ldap.listeners.values().map(|listener| listener.address.as_str()).collect();
        let applications = ldap.applications.len();
        format!("{} for {applications} {}", listeners.join(", "), plural(applications, "application"))
    });
    format!(
        "node {}; primaries: {}; {rules} policy {}; RADIUS: {radius}; LDAP: {ldap}",
        config.node,
        if primaries.is_empty() { "none".to_owned() } else { primaries.join(", ") },
        plural(rules, "rule"),
    )
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}
