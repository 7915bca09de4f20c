//! `vestibule factors`: the second steps of people.

mod enrol;
mod find;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use vestibule_engine::{Authenticator, Method, User};
use vestibule_factors::Invitations;
use vestibule_factors::push::{codes_of, take_away as take_away_with_codes};

use super::desk::{Desk, told};
use super::terminal::{Printing, Table, clean, rfc3339};
use super::{Context, Failure, Outcome};

pub(super) use find::short;

#[derive(Debug, Args)]
pub struct FactorsArgs {
    #[command(flatten)]
    printing: Printing,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the second steps of a person
    List {
        /// A name, source/name where two sources have it, or an id
        name: String,
    },
    /// Give a person a new second step
    #[command(subcommand)]
    Enrol(EnrolCommand),
    /// Prove that an authenticator works, with the code it shows; before that it is no second step
    Confirm {
        /// A name, source/name where two sources have it, or an id
        name: String,
        /// The code the app shows now; asked for if left out
        code: Option<String>,
        #[command(flatten)]
        which: WhichArgs,
    },
    /// Put right an authenticator whose clock is off, with two codes in a row
    Resync {
        /// A name, source/name where two sources have it, or an id
        name: String,
        /// A code the device shows
        first: String,
        /// The one it shows next
        second: String,
        #[command(flatten)]
        which: WhichArgs,
    },
    /// Take a second step away
    Remove {
        /// A name, source/name where two sources have it, or an id
        name: String,
        #[command(flatten)]
        which: WhichArgs,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum EnrolCommand {
    /// Codes from an authenticator app: shows the QR code to scan
    Totp(TotpArgs),
    /// A new set of recovery codes in place of the old one: shown once
    RecoveryCodes {
        /// A name, source/name where two sources have it, or an id
        name: String,
    },
}

#[derive(Debug, Args)]
pub struct TotpArgs {
    /// A name, source/name where two sources have it, or an id
    name: String,
    /// What to call it, to tell it from the person's others
    #[arg(long, default_value = "Authenticator app")]
    label: String,
    /// Write the QR code to this new file, which only you can read
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
    /// The same as SVG
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Take over a key of another product or a hardware token: a file with its otpauth:// address, - for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["png", "svg"])]
    import: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct WhichArgs {
    /// Which one, by the beginning of its id, where the person has several
    #[arg(long, value_name = "ID")]
    id: Option<String>,
}

pub async fn run(args: FactorsArgs, context: &Context) -> Outcome {
    args.command.run(&mut Desk::of(context, args.printing)).await
}

impl Command {
    pub async fn run(self, desk: &mut Desk) -> Outcome {
        match self {
            Self::List { name } => list(&name, desk).await,
            Self::Enrol(EnrolCommand::Totp(args)) => enrol::totp(&args, desk).await,
            Self::Enrol(EnrolCommand::RecoveryCodes { name }) => enrol::recovery_codes(&name, desk).await,
            Self::Confirm { name, code, which } => enrol::confirm(&name, code, &which, desk).await,
            Self::Resync { name, first, second, which } => enrol::resync(&name, [&first, &second], &which, desk).await,
            Self::Remove { name, which, yes } => remove(&name, &which, yes, desk).await,
        }
    }
}

async fn list(name: &str, desk: &mut Desk) -> Outcome {
    let user = desk.person(name).await?;
    let authenticators = desk.store.authenticators(user.id).await.map_err(told)?;
    if authenticators.is_empty() && !desk.json {
        let name = clean(&user.subject.name);
        return desk
            .terminal
            .line(format!("{name} has no second step. To add one: vestibule factors enrol totp {name}"));
    }
    let mut table = Table::new(&["ID", "METHOD", "LABEL", "STATE", "LAST USED"]);
    for one in &authenticators {
        if desk.json {
            let mut whole = as_json(one);
            if let (Some(fields), Some(left)) = (whole.as_object_mut(), codes_left(one, desk).await?) {
                fields.insert("codes_left".into(), left.into());
            }
            desk.terminal.json(&whole)?;
            continue;
        }
        let state = state_of(one, desk).await?;
        let used = one.last_used.map_or("never".to_owned(), |at| desk.terminal.clockface().ago(at, desk.now()));
        table.row([short(one), one.method.to_string(), one.label.clone(), state, used]);
    }
    if desk.json { Ok(()) } else { desk.terminal.table(&table) }
}

fn state(one: &Authenticator, left: Option<usize>) -> String {
    match (one.confirmed, left) {
        (false, _) => "not confirmed yet".to_owned(),
        (true, Some(left)) => format!("{left} left"),
        (true, None) => "in use".to_owned(),
    }
}

/// What can be said of it in a column.
pub(super) async fn state_of(one: &Authenticator, desk: &Desk) -> Outcome<String> {
    if one.method == Method::Invitation {
        return invitation(one, desk).await;
    }
    Ok(state(one, codes_left(one, desk).await?))
}

async fn invitation(one: &Authenticator, desk: &Desk) -> Outcome<String> {
    let until = Invitations::standing(one).map_err(|error| Failure::fault("read an invitation", &error))?.expires;
    if !desk.store.spent_items(one.id).await.map_err(told)?.is_empty() {
        return Ok("used".to_owned());
    }
    let is_over = until <= desk.now();
    Ok(if is_over { "over".to_owned() } else { format!("until {}", desk.terminal.clockface().moment(until)) })
}

async fn codes_left(one: &Authenticator, desk: &Desk) -> Outcome<Option<usize>> {
    if one.method != Method::RecoveryCode {
        return Ok(None);
    }
    let size =
        vestibule_factors::RecoveryCodes::size(one).map_err(|error| Failure::fault("count recovery codes", &error))?;
    let spent = desk.store.spent_items(one.id).await.map_err(told)?.len();
    Ok(Some(size.saturating_sub(spent)))
}

async fn remove(name: &str, which: &WhichArgs, yes: bool, desk: &mut Desk) -> Outcome {
    let user = desk.person(name).await?;
    let all = desk.store.authenticators(user.id).await.map_err(told)?;
    let one = find::one_of(&all, which, |_| true, &user)?;
    take_away(&user, &one, yes, desk).await
}

/// Say what its owner loses, ask, and remove it.
pub(super) async fn take_away(user: &User, one: &Authenticator, yes: bool, desk: &mut Desk) -> Outcome {
    let all = desk.store.authenticators(user.id).await.map_err(told)?;
    let name = clean(&user.subject.name);
    let what = format!("{} ({})", clean(&one.label), one.method);
    let counts = |one: &Authenticator| one.confirmed && one.method != Method::Invitation;
    let goes = [one.id, codes_of(one.id)];
    let is_last = counts(one) && !all.iter().any(|other| counts(other) && !goes.contains(&other.id));
    let loses =
        format!("{name} loses {what}{}", if is_last { ", the only second step, and must enrol again." } else { "." });
    if !yes {
        if !desk.terminal.looks().interactive {
            return Err(Failure::new("nothing was removed").because(loses).then("add --yes if that is right").into());
        }
        desk.terminal.line(loses)?;
        if !desk.terminal.is_sure("Remove it?")? {
            return desk.terminal.line("Nothing was changed.");
        }
    }
    take_away_with_codes(&*desk.store, one, &desk.by, desk.now()).await.map_err(told)?;
    if desk.json {
        return desk.terminal.json(&json!({ "user": user.id, "removed": one.id }));
    }
    desk.terminal.line(format!("Removed {what} of {name}."))
}

/// Everything but the secret.
pub fn as_json(one: &Authenticator) -> serde_json::Value {
    json!({
        "id": one.id,
        "user": one.user,
        "method": one.method,
        "label": one.label,
        "confirmed": one.confirmed,
        "created": rfc3339(one.created),
        "last_used": one.last_used.map(rfc3339),
    })
}
