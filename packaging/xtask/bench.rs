//! Benchmarks: the release build beside what people use today.

use clap::{Args, ValueEnum};

use crate::shell;

#[derive(Args)]
pub(crate) struct Options {
    /// Which bench.
    door: Door,
    /// Handed to the benchmark: `--help` tells what it takes.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Door {
    /// Logins over RADIUS, beside FreeRADIUS.
    Radius,
    /// Logins that wait for a phone.
    Push,
    /// Binds and searches over LDAP, beside OpenLDAP's own proxies.
    Ldap,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let door = match options.door {
        Door::Radius => "radius",
        Door::Push => "push",
        Door::Ldap => "ldap",
    };
    shell::run(&mut shell::cargo(&[
        "build",
        "--release",
        "--locked",
        "--package",
        "vestibule",
        "--bin",
        "vestibule",
    ])?)?;
    let bench = ["run", "--release", "--locked", "--quiet", "--package", "vestibule-bench", "--", door];
    shell::run(shell::cargo(&bench)?.args(&options.rest))
}
