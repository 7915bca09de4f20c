//! `vestibule users`: who can sign in, and the passwords of those whom Vestibule keeps itself.

mod invite;
mod show;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use vestibule_engine::{NewUser, SecretBytes, User, UserChange, UserName};

use super::app_passwords::app_passwords;
use super::desk::{Desk, told};
use super::terminal::{Printing, clean};
use super::{Context, Failure, Outcome, locks};

#[derive(Debug, Args)]
pub struct UsersArgs {
    #[command(flatten)]
    printing: Printing,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add a user whose password Vestibule keeps
    Add(AddArgs),
    /// List everybody who was added or has signed in
    List(ListArgs),
    /// Show one person: second steps, remembered stations, locks
    Show {
        /// A name, source/name where two sources have it, or an id
        name: String,
    },
    /// Refuse every login of this person from now on
    Disable {
        /// A name, source/name where two sources have it, or an id
        name: String,
    },
    /// Let a disabled person sign in again
    Enable {
        /// A name, source/name where two sources have it, or an id
        name: String,
    },
    /// Delete a person with their second steps and remembered stations
    Delete {
        /// A name, source/name where two sources have it, or an id
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Set a new password for a user whom Vestibule keeps
    Passwd {
        /// A name, source/name where two sources have it, or an id
        name: String,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Set the groups of a user whom Vestibule keeps
    Groups {
        /// A name, source/name where two sources have it, or an id
        name: String,
        /// All groups, in place of the present ones; none to clear them
        groups: Vec<String>,
    },
    /// Let somebody in once, with the password and a code, to enrol a second step
    Invite(invite::Args),
    /// Forget the failed passwords and codes counted against this person
    Unlock {
        /// A name, source/name where two sources have it, or an id
        name: String,
    },
}

#[derive(Debug, Args)]
pub struct AddArgs {
    /// The name to sign in with
    name: String,
    /// The name shown to people
    #[arg(long, value_name = "NAME")]
    display_name: Option<String>,
    /// Their mail address
    #[arg(long, value_name = "ADDRESS")]
    mail: Option<String>,
    /// A group, for policy; repeat for more
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    #[command(flatten)]
    password: PasswordArgs,
    /// Add without a password: nobody can sign in until one is set
    #[arg(long, conflicts_with = "password_file")]
    no_password: bool,
}

#[derive(Debug, Args)]
pub struct PasswordArgs {
    /// Read the password from the first line of this file. Without it, it is asked for, or read from standard input
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only names, display names and mail addresses with this in them
    search: Option<String>,
    /// Skip so many
    #[arg(long, default_value_t = 0)]
    skip: u64,
    /// Show at most so many
    #[arg(long, default_value_t = 100)]
    limit: u32,
}

pub async fn run(args: UsersArgs, context: &Context) -> Outcome {
    args.command.run(&mut Desk::of(context, args.printing)).await
}

impl Command {
    pub async fn run(self, desk: &mut Desk) -> Outcome {
        match self {
            Self::Add(args) => add(args, desk).await,
            Self::List(args) => show::list(&args, desk).await,
            Self::Show { name } => show::one(&name, desk).await,
            Self::Disable { name } => enable(&name, false, desk).await,
            Self::Enable { name } => enable(&name, true, desk).await,
            Self::Delete { name, yes } => delete(&name, yes, desk).await,
            Self::Passwd { name, password } => passwd(&name, &password, desk).await,
            Self::Groups { name, groups } => set_groups(&name, groups, desk).await,
            Self::Invite(args) => invite::run(&args, desk).await,
            Self::Unlock { name } => locks::clear(&name, desk).await,
        }
    }
}

async fn add(args: AddArgs, desk: &mut Desk) -> Outcome {
    let name = UserName::parse(&args.name).map_err(|why| Failure::usage(why.to_string()))?.canonical();
    let password_hash = if args.no_password { None } else { Some(new_password(&args.password, desk)?) };
    let new = NewUser { name, display_name: args.display_name, mail: args.mail, groups: args.groups, password_hash };
    let user = desk.store.create_user(new, &desk.by, desk.now()).await.map_err(told)?;
    if desk.json {
        return desk.terminal.json(&show::user_json(&user));
    }
    let name = clean(&user.subject.name);
    desk.terminal.line(format!("Added {name}."))?;
    desk.terminal.line(format!("next: vestibule factors enrol totp {name}, or vestibule users invite {name}"))?;
    Ok(())
}

async fn passwd(name: &str, password: &PasswordArgs, desk: &mut Desk) -> Outcome {
    let user = kept_here(desk.person(name).await?, desk).await?;
    let hash = new_password(password, desk)?;
    change(&user, UserChange::PasswordHash(hash), desk).await?;
    say(desk, &user, "has a new password")
}

async fn set_groups(name: &str, groups: Vec<String>, desk: &mut Desk) -> Outcome {
    let user = kept_here(desk.person(name).await?, desk).await?;
    let now = if groups.is_empty() { "is in no group now".into() } else { format!("is in {} now", groups.join(", ")) };
    change(&user, UserChange::Groups(groups), desk).await?;
    say(desk, &user, &now)
}

/// Passwords and groups of the others are their directory's.
async fn kept_here(user: User, desk: &Desk) -> Outcome<User> {
    let account = desk.store.local_account(&user.subject.name).await.map_err(told)?;
    if account.is_some_and(|account| account.user.id == user.id) {
        return Ok(user);
    }
    let source = clean(&user.subject.source);
    Err(Failure::new(format!("{} is not kept by Vestibule", clean(&user.subject.name)))
        .because(format!("password and groups come from {source}; change them there"))
        .into())
}

async fn enable(name: &str, enabled: bool, desk: &mut Desk) -> Outcome {
    let user = desk.person(name).await?;
    change(&user, UserChange::Enabled(enabled), desk).await?;
    say(desk, &user, if enabled { "can sign in again" } else { "cannot sign in any more" })
}

async fn delete(name: &str, yes: bool, desk: &mut Desk) -> Outcome {
    let user = desk.person(name).await?;
    let second_steps = desk.store.authenticators(user.id).await.map_err(told)?.len();
    let stations = desk.store.trust_entries(Some(user.id), desk.now()).await.map_err(told)?.len();
    let for_programs = app_passwords(desk).list(user.id).await.map_err(told)?.len();
    let name = clean(&user.subject.name);
    let loses = format!(
        "{name} loses {}, {} and {}, and must enrol again.",
        counted(second_steps, "second step"),
        counted(for_programs, "app password"),
        counted(stations, "remembered station")
    );
    if !yes {
        if !desk.terminal.looks().interactive {
            return Err(Failure::new(format!("{name} was not deleted"))
                .because(loses)
                .then("add --yes if that is right")
                .into());
        }
        desk.terminal.line(loses)?;
        if !desk.terminal.is_sure(&format!("Delete {name}?"))? {
            return desk.terminal.line("Nothing was changed.");
        }
    }
    desk.store.delete_user(user.id, &desk.by, desk.now()).await.map_err(told)?;
    say(desk, &user, "is deleted")
}

fn new_password(password: &PasswordArgs, desk: &mut Desk) -> Outcome<SecretBytes> {
    let typed = desk.terminal.new_password(password.password_file.as_deref())?;
    let hash = vestibule_factors::hash_password(&typed, desk.factors.password_cost, &*desk.random);
    Ok(hash.map_err(|why| Failure::fault("set this password", &why))?)
}

async fn change(user: &User, change: UserChange, desk: &Desk) -> Outcome {
    desk.store.change_user(user.id, change, &desk.by, desk.now()).await.map_err(told)
}

/// What became of somebody, in a sentence; for scripts, what they are now.
fn say(desk: &mut Desk, user: &User, what: &str) -> Outcome {
    let name = &user.subject.name;
    if desk.json {
        return desk.terminal.json(&serde_json::json!({ "user": user.id, "name": name, "done": what }));
    }
    desk.terminal.line(clean(&format!("{name} {what}.")))
}

pub(super) fn counted(number: usize, what: &str) -> String {
    match number {
        0 => format!("no {what}"),
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}
