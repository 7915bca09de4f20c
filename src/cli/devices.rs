//! `vestibule devices`: what people hold, when each was last heard of, and taking one away that was lost.

pub mod counter;
mod pair;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use clap::{Args, Subcommand};
use vestibule_engine::{Authenticator, AuthenticatorId, Device, Method, Timestamp, User};

use super::desk::{Desk, told};
use super::factors::{as_json, short, state_of, take_away};
use super::terminal::{Printing, Table, clean, rfc3339};
use super::{Context, Failure, Outcome};

#[derive(Debug, Args)]
pub struct DevicesArgs {
    #[command(flatten)]
    printing: Printing,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List what people sign in with: when each was last used, shown a request, and answered; and what is wrong with it
    List {
        /// Of this person only: a name, source/name where two sources have it, or an id
        name: Option<String>,
        /// Only those that could not be rung the last time
        #[arg(long)]
        in_trouble: bool,
    },
    /// Pair a phone of somebody who stands in front of you: shows the QR code, and compares the codes
    Pair {
        /// A name, source/name where two sources have it, or an id
        name: String,
    },
    /// Take a device away: from now on it can approve nothing
    Revoke {
        /// The id that `devices list` shows, or enough of its beginning
        id: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// Shorter beginnings of an id are a slip of the hand more often than a choice.
const BEGINNING_CHARS_MIN: usize = 4;

pub async fn run(args: DevicesArgs, context: &Context) -> Outcome {
    args.command.run(&mut Desk::of(context, args.printing)).await
}

impl Command {
    pub async fn run(self, desk: &mut Desk) -> Outcome {
        match self {
            Self::List { name, in_trouble } => list(name.as_deref(), in_trouble, desk).await,
            Self::Pair { name } => pair::run(&name, desk).await,
            Self::Revoke { id, yes } => revoke(&id, yes, desk).await,
        }
    }
}

/// One thing that one person holds.
struct Held {
    user: User,
    authenticator: Authenticator,
    /// Only of devices that were ever heard of.
    device: Option<Device>,
}

impl Held {
    fn trouble(&self) -> Option<&str> {
        self.device.as_ref().and_then(|device| device.trouble.as_deref())
    }

    fn as_json(&self) -> serde_json::Value {
        let mut whole = as_json(&self.authenticator);
        let moment = |of: fn(&Device) -> Option<Timestamp>| self.device.as_ref().and_then(of).map(rfc3339);
        if let Some(fields) = whole.as_object_mut() {
            fields.insert("name".into(), self.user.subject.name.clone().into());
            if self.authenticator.method == Method::Push {
                fields.insert("rung_since".into(), moment(|device| device.push.as_ref().and(device.push_since)).into());
                fields.insert("last_seen".into(), moment(|device| device.last_seen).into());
                fields.insert("last_shown".into(), moment(|device| device.last_shown).into());
                fields.insert("last_answered".into(), moment(|device| device.last_answered).into());
                fields.insert("trouble".into(), self.trouble().into());
            }
        }
        whole
    }
}

async fn list(name: Option<&str>, in_trouble: bool, desk: &mut Desk) -> Outcome {
    let people = match name {
        Some(name) => vec![desk.person(name).await?],
        None => desk.everybody().await?,
    };
    let mut table = Table::new(&["ID", "NAME", "METHOD", "LABEL", "STATE", "USED", "SHOWN", "ANSWERED", "TROUBLE"]);
    let mut count = 0;
    for user in people {
        for held in of(user, desk).await? {
            if in_trouble && held.trouble().is_none() {
                continue;
            }
            count += 1;
            if desk.json {
                desk.terminal.json(&held.as_json())?;
            } else {
                table.row(row(&held, desk).await?);
            }
        }
    }
    match (desk.json, count) {
        (true, _) => Ok(()),
        (false, 0) => desk.terminal.line(nothing(name, in_trouble)),
        (false, _) => desk.terminal.table(&table),
    }
}

fn nothing(name: Option<&str>, in_trouble: bool) -> String {
    match name {
        _ if in_trouble => "Every device that was rung could be rung.".to_owned(),
        Some(name) => format!("{0} has no device. To let them enrol one: vestibule users invite {0}", clean(name)),
        None => "Nobody has a device. To let somebody enrol one: vestibule users invite NAME".to_owned(),
    }
}

async fn row(held: &Held, desk: &Desk) -> Outcome<[String; 9]> {
    let one = &held.authenticator;
    let ago = |at: Option<Timestamp>| at.map_or("never".to_owned(), |at| desk.terminal.clockface().ago(at, desk.now()));
    // What shows no requests never will.
    let heard = |of: fn(&Device) -> Option<Timestamp>| match one.method {
        Method::Push => ago(held.device.as_ref().and_then(of)),
        _ => "-".to_owned(),
    };
    Ok([
        short(one),
        held.user.subject.name.clone(),
        one.method.to_string(),
        one.label.clone(),
        state_of(one, desk).await?,
        ago(one.last_used),
        heard(|device| device.last_shown),
        heard(|device| device.last_answered),
        held.trouble().unwrap_or("-").to_owned(),
    ])
}

async fn of(user: User, desk: &Desk) -> Outcome<Vec<Held>> {
    let authenticators = desk.store.authenticators(user.id).await.map_err(told)?;
    let devices = desk.store.devices(user.id).await.map_err(told)?;
    let mut devices: HashMap<AuthenticatorId, Device> = devices.into_iter().map(|device| (device.id, device)).collect();
    let held = authenticators.into_iter().map(|authenticator| {
        let device = devices.remove(&authenticator.id);
        Held { user: user.clone(), authenticator, device }
    });
    Ok(held.collect())
}

async fn revoke(id: &str, yes: bool, desk: &mut Desk) -> Outcome {
    let (user, one) = named(id, desk).await?;
    take_away(&user, &one, yes, desk).await
}

/// By its whole id, or by a beginning that no other has.
async fn named(id: &str, desk: &Desk) -> Outcome<(User, Authenticator)> {
    let nothing = || Failure::new(format!("no device has the id {}", clean(id))).then("vestibule devices list");
    if let Ok(whole) = id.parse::<AuthenticatorId>() {
        let found = desk.store.authenticator(whole).await.map_err(told)?.ok_or_else(nothing)?;
        let user = desk.store.user(found.user).await.map_err(told)?.ok_or_else(nothing)?;
        return Ok((user, found));
    }
    let beginning = id.to_ascii_lowercase();
    if beginning.chars().count() < BEGINNING_CHARS_MIN {
        return Err(Failure::usage(format!("write at least {BEGINNING_CHARS_MIN} characters of the id")).into());
    }
    let mut found = Vec::new();
    for user in desk.everybody().await? {
        let all = desk.store.authenticators(user.id).await.map_err(told)?;
        found.extend(
            all.into_iter().filter(|one| one.id.to_string().starts_with(&beginning)).map(|one| (user.clone(), one)),
        );
    }
    let one = found.pop().ok_or_else(nothing)?;
    if found.is_empty() {
        return Ok(one);
    }
    Err(Failure::new(format!("several devices have an id that begins with {}", clean(id)))
        .then("the same command with more of the id")
        .into())
}
