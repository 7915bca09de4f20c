//! `vestibule demo`: everything on this machine, as a guided tour. What it makes is real (a key, a store, a user with a
//! second step, a RADIUS door, a portal); only the VPN gateway is played, by `try radius`, and the phone, by `phone`.

mod certificates;
mod check;
mod folder;
mod paired;
mod person;
mod phone;
mod tour;

use std::path::{Path, PathBuf};

use clap::Subcommand;

use self::folder::{Folder, Ports};
use super::run::{Signals, Wish};
use super::terminal::{Printing, Terminal};
use super::{Outcome, context};
use crate::clock::SystemRandom;
use crate::config::LogLevel;
use crate::gateway::Gateway;
use crate::telemetry::Log;

/// Makes a folder with a configuration, a key and a user named ada, serves RADIUS and the portal on loopback, and says
/// what to try.
/// Ctrl-C ends it; the folder stays, and the next `demo` goes on with it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to keep it [default: ./vestibule-demo]
    #[arg(long, value_name = "FOLDER", global = true)]
    folder: Option<PathBuf>,
    /// The UDP port on loopback [default: 18120 or, if that is taken, a free one]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// Take the whole tour by itself, in a temporary folder unless one is named, and say whether all went as promised
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    printing: Printing,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Command {
    /// Print the code that ada's phone would show now
    Code,
    /// Give ada a phone in software: it scans what the portal would show her, and she confirms
    Phone,
}

const FOLDER: &str = "vestibule-demo";

/// `config` counts where it is the configuration of a demo: the tour has it exported.
pub async fn run(config: &Path, args: Args) -> Outcome {
    let mut terminal = Terminal::standard(args.printing);
    let exported = config.parent().filter(|folder| Folder::at(folder).exists());
    let named = args.folder.clone().or_else(|| exported.map(Path::to_owned)).unwrap_or_else(|| PathBuf::from(FOLDER));
    match args.command {
        Some(Command::Code) => phone::show(&Folder::at(&named), &mut terminal),
        Some(Command::Phone) => paired::run(&Folder::at(&named), &mut terminal).await,
        None if args.check => check::run(args.folder.as_deref(), args.port, &mut terminal).await,
        None => serve(&named, args.port, &mut terminal).await,
    }
}

async fn serve(path: &Path, port: Option<u16>, terminal: &mut Terminal) -> Outcome {
    let folder = Folder::at(path);
    prepare(&folder, port).await?;
    let config = context::load(&folder.config())?;
    let portal = paired::portal(&config)?;
    let _log = Log::start(crate::config::LogConfig { level: LogLevel::Warn, ..config.log });
    let mut signals = Signals::new()?;
    let gateway = Gateway::start(config).await?;
    tour::print(&folder, &gateway.addresses(), &portal, terminal)?;
    while signals.next().await != Wish::Stop {}
    terminal.line(format!("\nStopping. {} stays for the next time; remove it when you are done.", path.display()))?;
    gateway.stop().await;
    Ok(())
}

/// Make the folder, or see that the one that is there can be used again.
async fn prepare(folder: &Folder, port: Option<u16>) -> Outcome {
    let random = SystemRandom::new();
    folder.check_for_room()?;
    if folder.exists() {
        return folder.listen_on(folder::free_port(port.or_else(|| folder.port()))?);
    }
    let ports = Ports { radius: folder::free_port(port)?, web: folder::free_web_port()? };
    folder.make(ports, &random)?;
    certificates::make(folder)?;
    person::make(folder, &random).await
}
