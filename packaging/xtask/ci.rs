//! What CI runs.

use std::process::Command;

use anyhow::bail;
use clap::Args;

use crate::{fuzz, shell, tidy};

#[derive(Args)]
pub(crate) struct Options {
    /// Only what takes seconds: format, tidy, and the tests beside the code.
    #[arg(long)]
    quick: bool,
    /// How long each fuzz target runs.
    #[arg(long, value_name = "SECONDS", default_value_t = 15)]
    fuzz_seconds: u32,
}

type Step = (&'static str, fn(&Options) -> anyhow::Result<Done>);

enum Done {
    Ran,
    /// A tool is missing. Where CI runs, that is a failure.
    NotRun(&'static str),
}

/// Every step runs, also after one has failed: one look tells everything that is wrong.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let quick: &[Step] = &[("format", format), ("tidy", tidy), ("tests beside the code", unit_tests)];
    let full: &[Step] = &[
        ("format", format),
        ("tidy", tidy),
        ("dependencies", dependencies),
        ("lints", lints),
        ("tests", tests),
        ("fuzzing", fuzzing),
    ];
    let mut outcomes = Vec::new();
    for (name, step) in if options.quick { quick } else { full } {
        println!("\n== {name}");
        let outcome = step(options);
        if let Err(error) = &outcome {
            println!("failed: {error:#}");
        }
        outcomes.push((name, outcome));
    }
    println!("\n== summary");
    for (name, outcome) in &outcomes {
        match outcome {
            Ok(Done::Ran) => println!("  ok       {name}"),
            Ok(Done::NotRun(why)) => println!("  not run  {name}: {why}"),
            Err(error) => println!("  FAILED   {name}: {error:#}"),
        }
    }
    let failed = outcomes.iter().filter(|(_, outcome)| is_failure(outcome)).count();
    if failed > 0 {
        bail!("{failed} of {} steps failed", outcomes.len());
    }
    Ok(())
}

fn is_failure(outcome: &anyhow::Result<Done>) -> bool {
    match outcome {
        Ok(Done::Ran) => false,
        Ok(Done::NotRun(_)) => in_ci(),
        Err(_) => true,
    }
}

#[expect(clippy::disallowed_methods, reason = "CI says that it is CI by the environment, and by nothing else")]
fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty())
}

fn format(_: &Options) -> anyhow::Result<Done> {
    if !shell::has("fmt") {
        return Ok(Done::NotRun("rustfmt is missing (rustup component add rustfmt)"));
    }
    shell::run(&mut shell::cargo(&["fmt", "--all", "--check"])?).map(|()| Done::Ran)
}

fn lints(_: &Options) -> anyhow::Result<Done> {
    if !shell::has("clippy") {
        return Ok(Done::NotRun("clippy is missing (rustup component add clippy)"));
    }
    let clippy = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    shell::run(&mut shell::cargo(&clippy)?).map(|()| Done::Ran)
}

fn tidy(_: &Options) -> anyhow::Result<Done> {
    tidy::run().map(|()| Done::Ran)
}

fn dependencies(_: &Options) -> anyhow::Result<Done> {
    if !shell::has("deny") {
        return Ok(Done::NotRun("cargo-deny is missing (cargo install cargo-deny --locked)"));
    }
    // No advisories: their database comes over a network that a build machine may not have.
    shell::run(&mut shell::cargo(&["deny", "--locked", "check", "bans", "licenses", "sources"])?).map(|()| Done::Ran)
}

fn unit_tests(_: &Options) -> anyhow::Result<Done> {
    run_tests(&["--workspace", "--exclude", "vestibule-peers", "--lib", "--bins"])
}

fn tests(_: &Options) -> anyhow::Result<Done> {
    run_tests(&["--workspace"])
}

/// The same tests by whichever runner there is.
fn run_tests(which: &[&str]) -> anyhow::Result<Done> {
    shell::run(test_command()?.args(which)).map(|()| Done::Ran)
}

/// `cargo nextest run` where there is nextest, `cargo test` elsewhere.
pub(crate) fn test_command() -> anyhow::Result<Command> {
    if shell::has("nextest") {
        shell::cargo(&["nextest", "run", "--locked"])
    } else {
        shell::cargo(&["test", "--locked", "--no-fail-fast"])
    }
}

fn fuzzing(options: &Options) -> anyhow::Result<Done> {
    fuzz::every_target(options.fuzz_seconds).map(|()| Done::Ran)
}
