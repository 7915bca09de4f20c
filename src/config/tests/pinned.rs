//! What is generated from the types, and what is shipped, says the same.

use std::path::Path;

use crate::config::reference::Reference;
use crate::config::{self, EXAMPLE};

fn shipped(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_reference_is_current() {
    let is_current = shipped("reference.md") == config::markdown();
    assert!(is_current, "run: cargo run -- config reference > config/reference.md");
}

#[test]
fn the_schema_is_current() {
    let is_current = shipped("vestibule.schema.json") == config::schema();
    assert!(is_current, "run: cargo run -- config schema > config/vestibule.schema.json");
}

#[test]
fn every_option_is_documented() {
    for option in Reference::of_config().options() {
        let doc = option.doc.trim();
        assert!(doc.ends_with(['.', '`', ')', ':']) || doc.contains(". "), "{}: {doc:?}", option.path);
        assert!(doc.len() > 10, "{} says nothing", option.path);
    }
}

#[test]
fn the_reference_knows_what_belongs_where() {
    let reference = Reference::of_config();
    for (path, part) in [
        ("log.format", "`text`"),
        ("radius.clients.vpn.example.org.patience", "length of time"),
        ("policy.rules.3.remember", "length of time"),
        ("policy.rules.3.users.1", "list"),
        ("factors.totp.digits", "whole number"),
    ] {
        let remedy = reference.remedy(path).unwrap_or_else(|| panic!("{path} is not in the reference"));
        assert!(remedy.contains(part), "{path}: {remedy}");
    }
    assert_eq!(reference.remedy("no.such.option"), None);
}

#[test]
fn the_default_configuration_names_only_options_that_exist() {
    // Commented-out options are options too: uncommented, they must be readable.
    let text: String = EXAMPLE
        .lines()
        .map(|line| line.strip_prefix("# node:").map_or(line.to_owned(), |rest| format!("node:{rest}")))
        .map(|line| line.replace("rules: []", "rules:").replacen("  #  ", "    ", 1) + "\n")
        .collect();
    let folder = super::folder::Folder::new();
    folder.write("radius-localhost.secret", "correct-horse-battery-staple-41", 0o600);
    folder.write("vestibule.yaml", &text, 0o644);
    let loaded = folder.load();
    assert!(loaded.report.problems.is_empty(), "{}\n{text}", loaded.report);
    assert_eq!(loaded.config.expect("usable").settings.policy.rules.len(), 2);
}
