//! Benchmarks: the release build beside what people use today.

use clap::{Args, ValueEnum};

use crate::shell;

#[derive(Args)]
pub(crate) struct Options {
    /// Which door.
    door: Door,
    /// Handed to the benchmark: `--help` tells what it takes.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Door {
    Radius,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let Door::Radius = options.door;
    shell::run(&mut shell::cargo(&[
        "build",
        "--release",
        "--locked",
        "--package",
        "vestibule",
        "--bin",
        "vestibule",
    ])?)?;
    let bench = ["run", "--release", "--locked", "--quiet", "--package", "vestibule-bench", "--", "radius"];
    shell::run(shell::cargo(&bench)?.args(&options.rest))
}
