//! `vestibule demo`: everything on this machine, as a guided tour. What it makes is real (a key, a store, people with a
//! second step, a RADIUS door, a portal, and where slapd is installed a directory with an LDAP door before it); only the VPN
//! gateway is played, by `try radius`, the application, by `try ldap`, and the phone, by `phone`.

mod certificates;
mod check;
mod directory;
mod folder;
mod paired;
mod person;
mod phone;
mod tour;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use clap::builder::PossibleValuesParser;

use self::directory::Directory;
use self::folder::{Folder, Ports};
use super::run::{Signals, Wish};
use super::terminal::{Printing, Terminal};
use super::{Outcome, context};
use crate::clock::SystemRandom;
use crate::config::{Config, LogLevel};
use crate::gateway::{Gateway, GatewayHandle};
use crate::telemetry::Log;

/// Makes a folder with a configuration, a key and a user named ada, serves RADIUS and the portal on loopback, and says
/// what to try. Where slapd is installed, it also starts a directory with somebody named grace in it, and the LDAP door in
/// front of that.
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

#[derive(Debug, Clone, Subcommand)]
enum Command {
    /// Print the code that somebody's phone would show now
    Code {
        /// Whose
        #[arg(default_value = person::NAME, value_parser = PossibleValuesParser::new([person::NAME, person::GRACE]))]
        name: String,
    },
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
        Some(Command::Code { name }) => phone::show(&Folder::at(&named), &name, &mut terminal),
        Some(Command::Phone) => paired::run(&Folder::at(&named), &mut terminal).await,
        None if args.check => check::run(args.folder.as_deref(), args.port, &mut terminal).await,
        None => serve(&named, args.port, &mut terminal).await,
    }
}

async fn serve(path: &Path, port: Option<u16>, terminal: &mut Terminal) -> Outcome {
    let folder = Folder::at(path);
    prepare(&folder, port).await?;
    let directory = Directory::start(&folder, &SystemRandom::new()).await?;
    let config = context::load(&folder.config())?;
    let portal = paired::portal(&config)?;
    let _log = Log::start(crate::config::LogConfig { level: LogLevel::Warn, ..config.log });
    let mut signals = Signals::new()?;
    let gateway = open(&folder, config, &directory).await?;
    tour::print(&folder, &gateway.addresses(), &portal, &directory, terminal)?;
    while signals.next().await != Wish::Stop {}
    terminal.line(format!("\nStopping. {} stays for the next time; remove it when you are done.", path.display()))?;
    gateway.stop().await;
    Ok(())
}

/// Serve, and know Grace where there is a directory.
async fn open(folder: &Folder, config: Config, directory: &Directory) -> Outcome<GatewayHandle> {
    let totp = config.factors.totp();
    let gateway = Gateway::start(config).await?;
    if directory.is_running() {
        person::meet_grace(folder, &*gateway.store(), &totp, &SystemRandom::new()).await?;
    }
    Ok(gateway)
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
