//! Fuzzing: libFuzzer where `cargo fuzz` is installed, else our own mutations over the same targets and corpora.

use anyhow::{Context, bail};
use clap::Args;

use crate::{ci, shell};

const FOLDER: &str = "tests/fuzz";

/// The tests that run the targets without libFuzzer, and how they are told for how long.
const OWN_TESTS: &str = "fuzz::";
const OWN_SECONDS: &str = "VESTIBULE_FUZZ_SECONDS";

#[derive(Args)]
pub(crate) struct Options {
    /// One target (a name in tests/fuzz/fuzz_targets); all of them if not given.
    target: Option<String>,
    /// How long each target runs.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    seconds: u32,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let known = targets()?;
    if let Some(target) = options.target.as_ref().filter(|target| !known.contains(target)) {
        bail!("{target} is no target; there are {}", known.join(", "));
    }
    let chosen = options.target.clone().map_or(known, |target| vec![target]);
    if shell::has("fuzz") {
        return chosen.iter().try_for_each(|target| with_libfuzzer(target, options.seconds));
    }
    println!("cargo-fuzz is missing (cargo install cargo-fuzz --locked): mutating without coverage instead");
    chosen.iter().try_for_each(|target| with_own_mutations(&format!("{OWN_TESTS}{target}"), options.seconds))
}

/// What CI runs: our own mutations, because they need no second build of everything.
pub(crate) fn every_target(seconds: u32) -> anyhow::Result<()> {
    with_own_mutations(OWN_TESTS, seconds)
}

fn with_own_mutations(filter: &str, seconds: u32) -> anyhow::Result<()> {
    let mut command = ci::test_command()?;
    shell::run(command.args(["--package", "vestibule-bench", filter]).env(OWN_SECONDS, seconds.to_string()))
}

/// libFuzzer's instrumentation is unstable in rustc, though it works with a stable one that is told to allow it. What it
/// finds on its way is kept outside the project; an input that is worth keeping is copied into the corpus by hand.
fn with_libfuzzer(target: &str, seconds: u32) -> anyhow::Result<()> {
    let found = format!("target/fuzz-found/{target}");
    std::fs::create_dir_all(shell::root()?.join(&found)).with_context(|| format!("make the folder {found}"))?;
    let (corpus, limit) = (format!("{FOLDER}/corpus/{target}"), format!("-max_total_time={seconds}"));
    let arguments =
        ["fuzz", "run", "--fuzz-dir", FOLDER, "--target-dir", "target/fuzz", target, &found, &corpus, "--", &limit];
    shell::run(shell::cargo(&arguments)?.env("RUSTC_BOOTSTRAP", "1"))
}

fn targets() -> anyhow::Result<Vec<String>> {
    let folder = shell::root()?.join(FOLDER).join("fuzz_targets");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("read {}", folder.display()))? {
        let path = entry?.path();
        names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}
