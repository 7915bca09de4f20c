//! The command line: one file a command.
//!
//! A command's file has its clap arguments (`Args`, or an enum of subcommands named `Command`) and a function `run`. What
//! goes wrong is told in three lines at most: what, why, and what to type next. Exit codes: 0, 1 fault, 64 usage,
//! 78 configuration.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub mod app_passwords;
pub mod audit;
pub mod check;
pub mod config;
pub mod context;
pub mod demo;
pub mod desk;
pub mod devices;
pub mod factors;
mod files;
pub mod init;
pub mod locks;
pub mod phone;
pub mod qr;
pub mod run;
pub mod terminal;
pub mod trust;
pub mod try_ldap;
pub mod try_radius;
pub mod users;

pub use context::Context;

use crate::config::Report;

/// A self-hosted MFA gateway: a second factor in front of the logins you already have.
#[derive(Debug, Parser)]
#[command(name = "vestibule", version, arg_required_else_help = true, after_help = EXAMPLES)]
pub struct Cli {
    /// The configuration; files in conf.d/ beside it are merged in
    #[arg(
        short,
        long,
        global = true,
        env = "VESTIBULE_CONFIG",
        default_value = CONFIG,
        value_name = "FILE"
    )]
    pub config: PathBuf,

    #[command(subcommand)]
    pub command: Command,
}

/// Where packages put the configuration.
const CONFIG: &str = "/etc/vestibule/vestibule.yaml";

const EXAMPLES: &str = "\
Examples:
  vestibule demo                          See it work on this machine, as a guided tour
  vestibule init                          Begin: a key, a commented configuration, an empty store
  vestibule check                         Every problem of the configuration at once
  vestibule run                           Serve, in the foreground
  vestibule users add ada                 A user that Vestibule keeps itself
  vestibule try radius --user ada         Sign in as a VPN gateway would
  vestibule try ldap --user ada           Sign in as an application that binds would";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve logins, in the foreground
    Run,
    /// Say everything that is wrong with the configuration
    Check(check::Args),
    /// Show the reference, the JSON schema or a commented example of the configuration
    #[command(subcommand)]
    Config(config::Command),
    /// Begin: make a master key, a commented configuration and an empty store
    Init(init::Args),
    /// Show what Vestibule does, on this machine, as a guided tour
    Demo(demo::Args),
    /// The people who can sign in
    Users(users::UsersArgs),
    /// Their second steps
    Factors(factors::FactorsArgs),
    /// What they hold, when it was last heard of, and taking away what was lost
    Devices(devices::DevicesArgs),
    /// What they made for programs that cannot ask for a second step
    AppPasswords(app_passwords::AppPasswordsArgs),
    /// Who came in, who did not, and why
    Audit(audit::AuditArgs),
    /// Stations that are remembered
    Trust(trust::TrustArgs),
    /// Approve sign-ins here, as the app on a phone does
    Phone(phone::PhoneArgs),
    /// Play a client of a door against a running gateway
    #[command(subcommand)]
    Try(TryCommand),
}

#[derive(Debug, Subcommand)]
pub enum TryCommand {
    /// Sign in as a VPN gateway would
    Radius(try_radius::Args),
    /// Sign in as an application that binds would
    Ldap(try_ldap::Args),
}

/// Parse the command line, do what it says, and say how it went.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    match dispatch(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => told(&error),
    }
}

fn told(error: &anyhow::Error) -> ExitCode {
    if terminal::is_hung_up(error) {
        return ExitCode::SUCCESS;
    }
    match error.downcast_ref::<Failure>() {
        Some(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.exit as u8)
        }
        None => {
            eprintln!("{}", terminal::explain(error));
            ExitCode::from(Exit::Fault as u8)
        }
    }
}

/// Help that was asked for is no error; a command line that cannot be read is.
fn usage(error: &clap::Error) -> ExitCode {
    let is_help = !error.use_stderr();
    let printed = error.print();
    if is_help && printed.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(Exit::Usage as u8) }
}

fn dispatch(cli: Cli) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::fault("start the runtime", &error))?;
    let config = cli.config;
    runtime.block_on(async move {
        match cli.command {
            Command::Run => run::run(&config).await,
            Command::Check(args) => check::run(&config, &args),
            Command::Config(command) => config::run(&command),
            Command::Init(args) => init::run(&config, &args).await,
            Command::Demo(args) => demo::run(&config, args).await,
            Command::Try(TryCommand::Radius(args)) => try_radius::run(&config, args).await,
            Command::Try(TryCommand::Ldap(args)) => try_ldap::run(&config, args).await,
            Command::Phone(args) => phone::run(args).await,
            command => with_store(&config, command).await,
        }
    })
}

/// Commands that work on what the gateway keeps.
async fn with_store(config: &Path, command: Command) -> Outcome {
    let context = Context::open(config).await?;
    let went = match command {
        Command::Users(args) => users::run(args, &context).await,
        Command::Factors(args) => factors::run(args, &context).await,
        Command::Devices(args) => devices::run(args, &context).await,
        Command::AppPasswords(args) => app_passwords::run(args, &context).await,
        Command::Audit(args) => audit::run(args, &context).await,
        Command::Trust(args) => trust::run(args, &context).await,
        _ => Ok(()),
    };
    context.close().await;
    went
}

/// What a command comes to. An error that is no [`Failure`] is a fault (exit code 1).
pub type Outcome<T = ()> = anyhow::Result<T>;

/// Why a command did not do what was asked.
#[derive(Debug)]
pub struct Failure {
    pub exit: Exit,
    /// What went wrong: "no user is named ada".
    pub what: String,
    pub why: Option<String>,
    /// A command to type, or a thing to do.
    pub next: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Fault = 1,
    Usage = 64,
    Config = 78,
}

impl Failure {
    /// Something asked for cannot be: a user that is not there, a name that is taken.
    pub fn new(what: impl Into<String>) -> Self {
        Self { exit: Exit::Fault, what: what.into(), why: None, next: None }
    }

    /// `doing` did not work; the error's chain says why.
    pub fn fault(doing: &str, error: &(dyn std::error::Error + 'static)) -> Self {
        Self::new(format!("could not {doing}")).because(chain(error))
    }

    pub fn usage(what: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, ..Self::new(what) }
    }

    /// A configuration that cannot be used. The first problem is told here, all of them by `check`.
    pub fn config(path: &Path, report: &Report) -> Self {
        let first = report.problems.iter().find(|problem| problem.is_error);
        let why = first.map_or_else(String::new, |first| {
            let place = if first.path.is_empty() { String::new() } else { format!(" {}:", first.path) };
            format!("line {}:{place} {}", first.line, first.found)
        });
        let count = report.errors();
        let what = format!("{} has {count} {}", path.display(), if count == 1 { "problem" } else { "problems" });
        Self { exit: Exit::Config, ..Self::new(what) }.because(why).then(command(path, "check"))
    }

    #[must_use]
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    #[must_use]
    pub fn then(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", terminal::clean(&self.what))?;
        if let Some(why) = &self.why {
            write!(f, "\n  why: {}", terminal::clean(why))?;
        }
        if let Some(next) = &self.next {
            write!(f, "\n  next: {}", terminal::clean(next))?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

/// What to type for another command with the same configuration.
pub(crate) fn command(config: &Path, words: &str) -> String {
    if config == Path::new(CONFIG) {
        format!("vestibule {words}")
    } else {
        format!("vestibule -c {} {words}", config.display())
    }
}

/// An error and its causes in one line.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
