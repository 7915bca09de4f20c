//! `vestibule phone`: what the app on a phone does, at a terminal. For those who live in one, for scripts, and to try
//! things out.

mod answer;
mod pair;
mod pocket;
mod shown;
mod state;
#[cfg(test)]
mod tests;
mod watch;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use vestibule_engine::config::Span;

pub(crate) use self::state::StateFile;

use self::pocket::Pocket;
use super::Outcome;
use super::terminal::Printing;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct PhoneArgs {
    /// Where the accounts of this phone are kept, with their private keys [default: ~/.local/state/vestibule/phone.json]
    #[arg(long, global = true, value_name = "FILE", env = "VESTIBULE_PHONE", hide_env = true)]
    state: Option<PathBuf>,
    /// A certificate authority to believe, in place of this machine's (PEM); an account that is paired with it keeps it
    #[arg(long, global = true, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Only this account: a name, the name of its gateway's host, or the beginning of its device's id
    #[arg(long, global = true, value_name = "ACCOUNT")]
    account: Option<String>,
    #[command(flatten)]
    printing: Printing,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  vestibule phone pair 'https://login.example.com/authenticator/#pair=...'
  vestibule phone watch                   Show requests as they come, and ask what to answer
  vestibule phone approve --number 47     Approve the one that waits
  vestibule phone approve --wait 1m       The same, once it comes";

#[derive(Debug, Subcommand)]
enum Command {
    /// Become a device of somebody, with the link that the portal shows
    Pair(pair::Args),
    /// Show requests as they come, and at a terminal ask what to answer
    Watch(watch::Args),
    /// Say yes to the request that waits
    Approve {
        #[command(flatten)]
        which: Which,
        /// The number that stands at the login; asked for if left out
        #[arg(long, value_name = "NN")]
        number: Option<String>,
    },
    /// Say no to it
    Deny(Which),
    /// Say no to it, and that it was not you: administrators are told
    Report(Which),
    /// List the accounts of this phone, and what waits
    List,
    /// Give an account up, here and at the gateway
    Unpair {
        /// Remove it here even where the gateway cannot be told
        #[arg(long)]
        anyway: bool,
    },
}

#[derive(Debug, Args)]
struct Which {
    /// Which request, by the beginning of its id, where several wait
    request: Option<String>,
    /// Wait so long for one to come, like 30s
    #[arg(long, value_name = "TIME", value_parser = Span::parse)]
    wait: Option<Span>,
}

impl Which {
    fn patience(&self) -> Duration {
        self.wait.map_or(Duration::ZERO, |wait| wait.0)
    }
}

pub async fn run(args: PhoneArgs) -> Outcome {
    let mut pocket = Pocket::new(args.state, args.ca.as_deref(), args.account, args.printing)?;
    args.command.run(&mut pocket).await
}

impl Command {
    async fn run(self, pocket: &mut Pocket) -> Outcome {
        match self {
            Self::Pair(args) => pair::run(args, pocket).await,
            Self::Watch(args) => watch::run(&args, pocket).await,
            Self::Approve { which, number } => answer::approve(&which, number, pocket).await,
            Self::Deny(which) => answer::deny(&which, pocket).await,
            Self::Report(which) => answer::report(&which, pocket).await,
            Self::List => pair::list(pocket).await,
            Self::Unpair { anyway } => pair::unpair(anyway, pocket).await,
        }
    }
}
