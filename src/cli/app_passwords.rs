//! `vestibule app-passwords`: what people made for one program each, and taking it back.

use std::sync::Arc;

use clap::{Args, Subcommand};
use vestibule_engine::User;
use vestibule_factors::{AppPassword, AppPasswordId, AppPasswords};

use super::desk::{Desk, told};
use super::terminal::{Printing, Table, clean, rfc3339};
use super::{Context, Failure, Outcome};

const NOBODY_ELSE: &str = "\
People make them in the portal, each for themselves. An administrator can take one back and make none: whoever makes it \
could sign in as that person.";

#[derive(Debug, Args)]
#[command(after_help = NOBODY_ELSE)]
pub struct AppPasswordsArgs {
    #[command(flatten)]
    printing: Printing,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List app passwords, of everybody or of one person: for which application, and when each was last used
    List {
        /// A name, source/name where two sources have it, or an id
        name: Option<String>,
    },
    /// Take one back: from now on it signs nobody in
    Revoke(RevokeArgs),
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct RevokeArgs {
    /// The id that `app-passwords list` shows
    id: Option<AppPasswordId>,
    /// All of this person
    #[arg(long, value_name = "NAME")]
    all_of: Option<String>,
}

pub async fn run(args: AppPasswordsArgs, context: &Context) -> Outcome {
    args.command.run(&mut Desk::of(context, args.printing)).await
}

impl Command {
    pub async fn run(self, desk: &mut Desk) -> Outcome {
        match self {
            Self::List { name } => list(name.as_deref(), desk).await,
            Self::Revoke(RevokeArgs { id: Some(id), .. }) => revoke(id, desk).await,
            Self::Revoke(RevokeArgs { all_of, .. }) => revoke_all(&all_of.unwrap_or_default(), desk).await,
        }
    }
}

pub(super) fn app_passwords(desk: &Desk) -> AppPasswords {
    AppPasswords::new(Arc::clone(&desk.store), Arc::clone(&desk.clock), Arc::clone(&desk.random))
}

async fn list(name: Option<&str>, desk: &mut Desk) -> Outcome {
    let people = match name {
        Some(name) => vec![desk.person(name).await?],
        None => desk.everybody().await?,
    };
    let mut table = Table::new(&["ID", "NAME", "SERVICE", "LABEL", "MADE", "USED"]);
    let mut count = 0;
    for user in people {
        for one in app_passwords(desk).list(user.id).await.map_err(told)? {
            count += 1;
            if desk.json {
                desk.terminal.json(&as_json(&user, &one))?;
            } else {
                table.row(row(&user, &one, desk));
            }
        }
    }
    match (desk.json, count) {
        (true, _) => Ok(()),
        (false, 0) => desk.terminal.line("There is no app password."),
        (false, _) => desk.terminal.table(&table),
    }
}

fn as_json(user: &User, one: &AppPassword) -> serde_json::Value {
    serde_json::json!({
        "id": one.id,
        "user": user.id,
        "name": user.subject.name,
        "service": one.service,
        "label": one.label,
        "created": rfc3339(one.created),
        "last_used": one.last_used.map(rfc3339),
    })
}

fn row(user: &User, one: &AppPassword, desk: &Desk) -> [String; 6] {
    let ago = |at| desk.terminal.clockface().ago(at, desk.now());
    let used = one.last_used.map_or("never".to_owned(), ago);
    let (name, service) = (user.subject.name.clone(), one.service.clone());
    [one.id.to_string(), name, service, one.label.clone(), ago(one.created), used]
}

async fn revoke(id: AppPasswordId, desk: &mut Desk) -> Outcome {
    let (passwords, by) = (app_passwords(desk), desk.by.clone());
    for user in desk.everybody().await? {
        let held = passwords.list(user.id).await.map_err(told)?;
        let Some(one) = held.into_iter().find(|one| one.id == id) else { continue };
        if passwords.revoke(user.id, id, &by).await.map_err(told)? {
            let (label, service, name) = (clean(&one.label), clean(&one.service), clean(&user.subject.name));
            return desk.revoked(1, &format!("{label} of {name} no longer opens {service}."));
        }
    }
    let failure = Failure::new(format!("no app password has the id {id}"));
    Err(failure.because("it was revoked before, or never made").then("vestibule app-passwords list").into())
}

async fn revoke_all(name: &str, desk: &mut Desk) -> Outcome {
    let user = desk.person(name).await?;
    let (passwords, by) = (app_passwords(desk), desk.by.clone());
    let mut revoked = 0;
    for one in passwords.list(user.id).await.map_err(told)? {
        revoked += usize::from(passwords.revoke(user.id, one.id, &by).await.map_err(told)?);
    }
    let counted = super::users::counted(revoked, "app password");
    desk.revoked(revoked, &format!("Revoked {counted} of {}.", clean(&user.subject.name)))
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use vestibule_engine::Password;

    use super::*;
    use crate::cli::desk::tests::Bench;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: AppPasswordsArgs,
    }

    /// A command as it is typed after `vestibule app-passwords`.
    async fn run(bench: &mut Bench, typed: &str) -> Outcome {
        let words = std::iter::once("app-passwords").chain(typed.split_whitespace());
        Line::try_parse_from(words)?.args.command.run(&mut bench.desk).await
    }

    /// Made as in the portal: its id, and its secret.
    async fn make(bench: &Bench, user: &User, label: &str) -> (AppPasswordId, Password) {
        let made = app_passwords(&bench.desk).make(user.id, "ldap/jenkins", label, "portal:ada").await.unwrap();
        (made.id, Password::new(made.secret.reveal()))
    }

    async fn opens(bench: &Bench, user: &User, secret: &Password) -> bool {
        app_passwords(&bench.desk).check(secret, user.id, "ldap/jenkins").await.unwrap().is_some()
    }

    #[tokio::test]
    async fn app_passwords_are_listed_with_their_application_and_last_use_and_never_with_their_secret() {
        let mut bench = Bench::new().await;
        let (ada, bob) = (bench.add_ada().await, bench.add("bob").await);
        let (id, secret) = make(&bench, &ada, "Build server").await;
        make(&bench, &bob, "Laptop").await;
        run(&mut bench, "list ada").await.unwrap();
        let shown = bench.screen();
        assert!(shown.contains("Build server") && shown.contains("ldap/jenkins") && shown.contains("never"), "{shown}");
        assert!(!shown.contains("Laptop"), "{shown}");
        run(&mut bench, "list").await.unwrap();
        assert_eq!(bench.screen().lines().count(), 3);

        assert!(opens(&bench, &ada, &secret).await);
        bench.wait(120);
        run(&mut bench, "list ada").await.unwrap();
        assert!(!bench.screen().contains("never"));
        bench.for_scripts();
        run(&mut bench, "list ada").await.unwrap();
        let json = bench.json();
        assert_eq!((&json["id"], &json["name"]), (&id.to_string().into(), &"ada".into()));
        assert!(json["last_used"].is_string() && !json.to_string().contains(secret.as_text().unwrap()));
    }

    #[tokio::test]
    async fn an_app_password_that_is_revoked_opens_nothing_and_is_revoked_once() {
        let mut bench = Bench::new().await;
        let ada = bench.add_ada().await;
        let (id, secret) = make(&bench, &ada, "Build server").await;
        run(&mut bench, &format!("revoke {id}")).await.unwrap();
        assert_eq!(bench.screen(), "Build server of ada no longer opens ldap/jenkins.\n");
        assert!(!opens(&bench, &ada, &secret).await);
        let error = run(&mut bench, &format!("revoke {id}")).await.unwrap_err().to_string();
        assert!(error.contains("revoked before") && error.contains("app-passwords list"), "{error}");
        run(&mut bench, "list").await.unwrap();
        assert_eq!(bench.screen(), "There is no app password.\n");
    }

    #[tokio::test]
    async fn all_app_passwords_of_one_person_are_revoked_and_nobody_elses() {
        let mut bench = Bench::new().await;
        let (ada, bob) = (bench.add_ada().await, bench.add("bob").await);
        make(&bench, &ada, "Build server").await;
        make(&bench, &ada, "Laptop").await;
        let (_, kept) = make(&bench, &bob, "Desktop").await;
        run(&mut bench, "revoke --all-of ada").await.unwrap();
        assert_eq!(bench.screen(), "Revoked 2 app passwords of ada.\n");
        assert!(opens(&bench, &bob, &kept).await);
        run(&mut bench, "revoke").await.unwrap_err();
    }

    /// SES-03
    #[tokio::test]
    async fn app_passwords_of_a_disabled_person_are_gone() {
        let bench = Bench::new().await;
        let ada = bench.add_ada().await;
        let (_, secret) = make(&bench, &ada, "Build server").await;
        let disabled = vestibule_engine::UserChange::Enabled(false);
        bench.desk.store.change_user(ada.id, disabled, "test", bench.desk.now()).await.unwrap();
        assert!(!opens(&bench, &ada, &secret).await);
        app_passwords(&bench.desk).make(ada.id, "ldap/jenkins", "Another", "portal:ada").await.unwrap_err();
    }
}
