//! `vestibule try ldap`: play an application that binds, and show what is said on both sides.

mod line;
mod meaning;
mod shown;

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use tokio::time::Instant;
use vestibule_engine::Password;
use vestibule_ldap::AppendConfig;
use vestibule_ldap::client::{AskError, Heard, Session, Wanted};

pub(super) use self::line::{Line, of_config};
use self::meaning::Meaning;
use self::shown::Shown;
use super::terminal::{Printing, Terminal, clean};
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
    let heard = sign_in(&line, &login, &mut terminal, args.printing.json).await.map_err(|error| {
        match error.downcast::<AskError>() {
            Ok(error) => meaning::of_silence(&error, &line, path).into(),
            Err(error) => error,
        }
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

/// Bind, and show what is said; if it went well, show as whom what follows is done. Without an answer the error is an
/// [`AskError`].
pub(super) async fn sign_in(line: &Line, login: &Login, terminal: &mut Terminal, json: bool) -> Outcome<Heard> {
    let (password, note) = line.typed(login)?;
    let mut shown = Shown::on(terminal, json, line);
    shown.connecting()?;
    let mut session = line.peer.connect().await?;
    shown.binding(&login.user, note)?;
    let begun = Instant::now();
    let heard = session.bind(&login.user, &password).await?;
    shown.bound(&heard, begun.elapsed())?;
    if heard.code == 0 {
        look_around(&mut session, &login.user, &mut shown).await?;
    }
    session.close().await;
    Ok(heard)
}

/// Who we are now, and what is written about us.
async fn look_around(session: &mut Session, user: &str, shown: &mut Shown<'_>) -> Outcome {
    shown.asking("Who am I?")?;
    let begun = Instant::now();
    let (heard, whoami) = session.who_am_i().await?;
    shown.is(&heard, &whoami, begun.elapsed())?;
    let (_, server) = session.read(Wanted::At("")).await?;
    let base = server.as_ref().and_then(|server| server.first("defaultNamingContext"));
    let Some(wanted) = own_entry(&whoami, user, base) else { return Ok(()) };
    shown.asking("Search for this one entry")?;
    let begun = Instant::now();
    let (heard, read) = session.read(wanted).await?;
    shown.entry(&heard, read.as_ref(), begun.elapsed())
}

/// The entry of whoever we are, by what the directory calls us, or else by what we called ourselves. Only Active Directory
/// has a `base`: it answers `u:DOMAIN\name`, and Samba knows no such question.
fn own_entry<'a>(whoami: &'a str, user: &'a str, base: Option<&'a str>) -> Option<Wanted<'a>> {
    let name = whoami.strip_prefix("u:").unwrap_or(user);
    match (whoami.strip_prefix("dn:"), base) {
        (Some(""), _) => None,
        (Some(dn), _) => Some(Wanted::At(dn)),
        (None, _) if name.contains('=') => Some(Wanted::At(name)),
        (None, None) => None,
        (None, Some(base)) => Some(match name.split_once('\\') {
            Some((_, value)) => Wanted::Below { base, attribute: "sAMAccountName", value },
            None if name.contains('@') => Wanted::Below { base, attribute: "userPrincipalName", value: name },
            None => Wanted::Below { base, attribute: "sAMAccountName", value: name },
        }),
    }
}

/// The code, where somebody is there to type one. Enter alone sends the password alone: a phone may be asked then.
fn ask(line: &Line, terminal: &mut Terminal) -> Outcome<Option<String>> {
    if !terminal.looks().interactive || line.append == AppendConfig::Never {
        return Ok(None);
    }
    let typed = terminal.ask("Code, `push`, or Enter for the password alone:")?;
    Ok(typed.filter(|code| !code.trim().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_entry_is_the_one_that_the_directory_names_or_that_was_asked_for() {
        let base = Some("DC=corp,DC=example");
        let by = |attribute, value| Some(Wanted::Below { base: "DC=corp,DC=example", attribute, value });
        for (whoami, user, base, wanted) in [
            ("dn:uid=ada,dc=example", "ada", None, Some(Wanted::At("uid=ada,dc=example"))),
            ("dn:", "ada", base, None),
            ("u:CORP\\ada", "ada@corp.example", base, by("sAMAccountName", "ada")),
            ("", "ada", base, by("sAMAccountName", "ada")),
            ("", "CORP\\ada", base, by("sAMAccountName", "ada")),
            ("", "ada@corp.example", base, by("userPrincipalName", "ada@corp.example")),
            ("", "CN=Ada,DC=corp", base, Some(Wanted::At("CN=Ada,DC=corp"))),
            ("", "ada", None, None),
        ] {
            assert_eq!(own_entry(whoami, user, base), wanted, "{whoami} {user}");
        }
    }
}
