//! `vestibule try ldap`: play an application that binds, and show what is said on both sides.

mod line;
mod meaning;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;
use vestibule_engine::Password;
use vestibule_ldap::AppendConfig;
use vestibule_ldap::client::{AskError, Heard, Protection, Read, Session, Wanted};

pub(super) use self::line::{Line, of_config};
use self::meaning::Meaning;
use super::terminal::{Printing, Terminal, Tone, clean};
use super::{Failure, Outcome, context};

/// Binds as an application does, shows what the gateway answers and what that means, and then that what comes after it is
/// done as the person who signed in. Needs no root, and changes nothing but the audit log and, where the code was right,
/// the code.
#[derive(Debug, Default, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The name to sign in with, as people type it: a user name, a mail address, DOMAIN\name, or a DN
    #[arg(long, value_name = "NAME")]
    pub user: String,
    /// The application of the configuration to play [default: the one that this machine is]
    #[arg(long, value_name = "NAME", conflicts_with = "server")]
    pub application: Option<String>,
    /// The listener to come to [default: one with TLS]
    #[arg(long, value_name = "NAME", conflicts_with = "server")]
    pub listener: Option<String>,
    /// The gateway as ldaps://HOST, ldaps://HOST:PORT, or ldap:// for StartTLS: then no configuration is read
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// The authority that signed its certificate, in a PEM file [default: those that this system trusts]
    #[arg(long, value_name = "FILE", requires = "server")]
    pub ca: Option<PathBuf>,
    /// Read the password from the first line of this file; without it, it is asked for
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// The code or keyword (`push`) to send with the password; without it, it is asked for at a terminal
    #[arg(long, value_name = "CODE")]
    pub code: Option<String>,
    /// The address to connect from: by it the gateway tells applications apart
    #[arg(long, value_name = "ADDRESS")]
    pub from: Option<IpAddr>,
    /// How long to wait for each answer, in seconds [default: ten more than the application's `patience`, or 60]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=900))]
    pub patience: Option<u64>,
    #[command(flatten)]
    pub printing: Printing,
}

const EXAMPLES: &str = "\
Examples:
  vestibule try ldap --user ada
  vestibule try ldap --user ada --application jenkins --password-file ada.password --code 492039
  vestibule try ldap --user ada --server ldaps://login.example.org --ca ca.pem";

pub async fn run(path: &Path, args: Args) -> Outcome {
    let is_known = args.server.is_none();
    let line = match &args.server {
        Some(url) => line::of_server(url, &args).await?,
        None => of_config(path, &context::load(path)?, &args)?,
    };
    let mut terminal = Terminal::standard(args.printing);
    let question = format!("Password of {}:", clean(&args.user));
    let password = terminal.password(&question, args.password_file.as_deref())?;
    let code = match args.code {
        Some(code) => Some(code),
        None => ask(&line, &mut terminal)?,
    };
    let login = Login { user: args.user, password, code };
    let heard = sign_in(&line, &login, &mut terminal, args.printing.json).await.map_err(|error| match error {
        Went::NoAnswer(error) => meaning::of_silence(&error, &line, path).into(),
        Went::Other(error) => error,
    })?;
    match heard.code {
        0 => Ok(()),
        _ => Err(refused(&heard, &line, is_known.then_some(path)).into()),
    }
}

fn refused(heard: &Heard, line: &Line, path: Option<&Path>) -> Failure {
    let Meaning { why, next } = Meaning::of_bind(heard, line, path);
    Failure::new("not signed in").because(why).then(next)
}

/// What is tried.
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: Password,
    pub(super) code: Option<String>,
}

/// Why there is no result.
pub(super) enum Went {
    NoAnswer(AskError),
    Other(anyhow::Error),
}

impl From<AskError> for Went {
    fn from(error: AskError) -> Self {
        Self::NoAnswer(error)
    }
}

impl From<Went> for anyhow::Error {
    fn from(went: Went) -> Self {
        match went {
            Went::NoAnswer(error) => error.into(),
            Went::Other(error) => error,
        }
    }
}

impl From<anyhow::Error> for Went {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

/// Bind, and show what is said; if it went well, show as whom what follows is done.
pub(super) async fn sign_in(line: &Line, login: &Login, terminal: &mut Terminal, json: bool) -> Result<Heard, Went> {
    let (password, note) = line.typed(login)?;
    let mut shown = Shown { terminal, json, line };
    shown.connecting()?;
    let mut session = line.peer.connect().await?;
    shown.binding(&login.user, note)?;
    let begun = Instant::now();
    let heard = session.bind(&login.user, &password).await?;
    shown.bound(&heard, begun.elapsed())?;
    if heard.code == 0 {
        look_around(&mut session, &mut shown).await?;
    }
    session.close().await;
    Ok(heard)
}

/// Who we are now, and what is written about us.
async fn look_around(session: &mut Session, shown: &mut Shown<'_>) -> Result<(), Went> {
    shown.asking("Who am I?")?;
    let begun = Instant::now();
    let (heard, whoami) = session.who_am_i().await?;
    shown.is(&heard, &whoami, begun.elapsed())?;
    let Some((read, heard, took)) = own_entry(session, &whoami).await? else { return Ok(()) };
    shown.asking("Search for this one entry")?;
    shown.entry(&heard, read.as_ref(), took)?;
    Ok(())
}

type Found = (Option<Read>, Heard, Duration);

/// By the DN, or in Active Directory, which answers `u:DOMAIN\name`, by the account name.
async fn own_entry(session: &mut Session, whoami: &str) -> Result<Option<Found>, AskError> {
    if let Some(dn) = whoami.strip_prefix("dn:").filter(|dn| !dn.is_empty()) {
        let begun = Instant::now();
        let (heard, read) = session.read(Wanted::At(dn)).await?;
        return Ok(Some((read, heard, begun.elapsed())));
    }
    let Some((_, value)) = whoami.strip_prefix("u:").and_then(|name| name.split_once('\\')) else { return Ok(None) };
    let (_, server) = session.read(Wanted::At("")).await?;
    let Some(base) = server.as_ref().and_then(|server| server.first("defaultNamingContext")) else { return Ok(None) };
    let begun = Instant::now();
    let (heard, read) = session.read(Wanted::Below { base, attribute: "sAMAccountName", value }).await?;
    Ok(Some((read, heard, begun.elapsed())))
}

/// The code, where somebody is there to type one. Enter alone sends the password alone: a phone may be asked then.
fn ask(line: &Line, terminal: &mut Terminal) -> Outcome<Option<String>> {
    if !terminal.looks().interactive || line.append == AppendConfig::Never {
        return Ok(None);
    }
    let typed = terminal.ask("Code, `push`, or Enter for the password alone:")?;
    Ok(typed.filter(|code| !code.trim().is_empty()))
}

/// What the person at the terminal gets to see of it. Never the password.
struct Shown<'t> {
    terminal: &'t mut Terminal,
    json: bool,
    line: &'t Line,
}

impl Shown<'_> {
    fn connecting(&mut self) -> Outcome {
        if self.json {
            return Ok(());
        }
        let peer = &self.line.peer;
        let how = match peer.protection {
            Protection::Immediate => "with TLS",
            Protection::StartTls => "with StartTLS",
            Protection::Never => "without TLS",
        };
        let from = peer.from.map(|from| format!(" from {from}")).unwrap_or_default();
        self.terminal.line(format!("> Connect to {} {how}{from}", peer.address))?;
        if let (Some(listener), Some(application)) = (&self.line.listener, &self.line.application) {
            let (listener, application) = (clean(listener), clean(application));
            self.terminal.line(format!("    listener {listener}; by its address this is application {application}"))?;
        }
        Ok(())
    }

    fn asking(&mut self, what: &str) -> Outcome {
        if self.json { Ok(()) } else { self.terminal.line(format!("> {what}")) }
    }

    fn binding(&mut self, user: &str, note: &str) -> Outcome {
        self.asking("Bind")?;
        if self.json {
            return Ok(());
        }
        self.terminal.line(format!("    name = {}", clean(user)))?;
        self.terminal.line(format!("    password = ({note}, not shown)"))
    }

    fn bound(&mut self, heard: &Heard, took: Duration) -> Outcome {
        if self.json {
            let (peer, line) = (&self.line.peer, self.line);
            let about = serde_json::json!({
                "server": peer.address, "from": peer.from, "listener": line.listener, "application": line.application,
            });
            return self.json("bind", heard, took, about);
        }
        self.answer(heard, took)?;
        if heard.code == 0 {
            self.terminal.line("    Signed in. From here on the directory goes by this person's own rights.")?;
        }
        Ok(())
    }

    fn is(&mut self, heard: &Heard, whoami: &str, took: Duration) -> Outcome {
        if self.json {
            return self.json("who_am_i", heard, took, serde_json::json!({ "authorization": whoami }));
        }
        self.answer(heard, took)?;
        let name = if whoami.is_empty() { "nobody".to_owned() } else { clean(whoami) };
        if heard.code == 0 { self.terminal.line(format!("    {name}")) } else { Ok(()) }
    }

    /// The names of what is written there, not what: it is about a person.
    fn entry(&mut self, heard: &Heard, read: Option<&Read>, took: Duration) -> Outcome {
        let names: Vec<&str> = read.iter().flat_map(|read| &read.attributes).map(|(name, _)| name.as_str()).collect();
        let dn = read.map(|read| read.dn.as_str());
        if self.json {
            return self.json("search", heard, took, serde_json::json!({ "dn": dn, "attributes": names }));
        }
        self.answer(heard, took)?;
        match dn {
            Some(dn) => {
                self.terminal.line(format!("    {}", clean(dn)))?;
                self.terminal.line(format!("    attributes: {}", clean(&names.join(", "))))
            }
            None => self.terminal.line("    no entry: the directory shows this one nothing of it"),
        }
    }

    fn answer(&mut self, heard: &Heard, took: Duration) -> Outcome {
        let tone = if heard.code == 0 { Tone::Good } else { Tone::Bad };
        let name = self.terminal.toned(tone, &format!("{} {}", heard.code, meaning::name(heard.code)));
        self.terminal.line(format!("< {name} after {} ms", took.as_millis()))?;
        if heard.text.is_empty() { Ok(()) } else { self.terminal.line(format!("    \"{}\"", clean(&heard.text))) }
    }

    fn json(&mut self, step: &str, heard: &Heard, took: Duration, about: serde_json::Value) -> Outcome {
        let mut object = serde_json::json!({
            "step": step, "code": heard.code, "result": meaning::name(heard.code), "text": heard.text,
            "took_ms": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        });
        if let (Some(object), serde_json::Value::Object(about)) = (object.as_object_mut(), about) {
            object.extend(about);
        }
        self.terminal.json(&object)
    }
}
