//! The fuzz targets as ordinary tests: every input of the corpus, then changes of them for a while.
//!
//! `VESTIBULE_FUZZ_SECONDS` says for how long; without it, a count that takes a second or two.

mod mutations;
#[path = "targets/config.rs"]
mod on_config;
#[path = "targets/ldap.rs"]
mod on_ldap;
#[path = "targets/radius.rs"]
mod on_radius;

use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use mutations::Mutations;

const INPUTS_WITHOUT_A_TIME: u32 = 1_000;

#[test]
fn config() {
    run("config", &["tests/fuzz/corpus/config", "config", "config/examples"], on_config::run);
}

#[test]
fn ldap() {
    run("ldap", &["tests/fuzz/corpus/ldap"], on_ldap::run);
}

#[test]
fn radius() {
    run("radius", &["tests/fuzz/corpus/radius"], on_radius::run);
}

fn run(name: &str, folders: &[&str], target: fn(&[u8])) {
    let corpus: Vec<Vec<u8>> = folders.iter().flat_map(|folder| read_all(folder)).collect();
    assert!(!corpus.is_empty(), "there is no corpus for {name}");
    for input in &corpus {
        try_one(name, target, input);
    }
    let mut mutations = Mutations::of(corpus);
    let end = seconds().map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut count = 0_u32;
    while end.map_or(count < INPUTS_WITHOUT_A_TIME, |end| Instant::now() < end) {
        try_one(name, target, &mutations.another());
        count += 1;
    }
    println!("{name}: {count} inputs");
}

/// An input that breaks the target is kept, so that it can become a test.
fn try_one(name: &str, target: fn(&[u8]), input: &[u8]) {
    if catch_unwind(|| target(input)).is_err() {
        let file = std::env::temp_dir().join(format!("vestibule-fuzz-{name}-broken"));
        std::fs::write(&file, input).expect("keep the input");
        panic!("{name} breaks on the input kept in {}", file.display());
    }
}

/// Every file of a folder of the project.
fn read_all(folder: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("read {}: {error}", folder.display()))
        .map(|entry| entry.expect("read the corpus").path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files.iter().map(|file| std::fs::read(file).expect("read the corpus")).collect()
}

#[expect(clippy::disallowed_methods, reason = "how the person who runs the tests says for how long")]
fn seconds() -> Option<u64> {
    std::env::var("VESTIBULE_FUZZ_SECONDS").ok()?.parse().ok()
}
