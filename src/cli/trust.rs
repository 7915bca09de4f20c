//! `vestibule trust`: stations where a second step was given and is not asked for again for a while.

use clap::{Args, Subcommand};
use vestibule_engine::{Station, TrustId};

use super::desk::{Desk, told};
use super::terminal::{Printing, Table, clean, rfc3339};
use super::{Context, Failure, Outcome};

#[derive(Debug, Args)]
pub struct TrustArgs {
    #[command(flatten)]
    printing: Printing,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List remembered stations, of everybody or of one person
    List {
        /// A name, source/name where two sources have it, or an id
        name: Option<String>,
    },
    /// Ask for the second step again at this station
    Revoke(RevokeArgs),
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct RevokeArgs {
    /// The id that `trust list` shows
    id: Option<TrustId>,
    /// All stations of this person
    #[arg(long, value_name = "NAME")]
    all_of: Option<String>,
}

pub async fn run(args: TrustArgs, context: &Context) -> Outcome {
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

async fn list(name: Option<&str>, desk: &mut Desk) -> Outcome {
    let user = match name {
        Some(name) => Some(desk.person(name).await?.id),
        None => None,
    };
    let entries = desk.store.trust_entries(user, desk.now()).await.map_err(told)?;
    if entries.is_empty() && !desk.json {
        return desk.terminal.line("No station is remembered.");
    }
    let mut table = Table::new(&["ID", "NAME", "SERVICE", "STATION", "UNTIL"]);
    for entry in &entries {
        let name = desk.name_of(entry.user).await;
        if desk.json {
            desk.terminal.json(&serde_json::json!({
                "id": entry.id,
                "user": entry.user,
                "name": name,
                "service": entry.service,
                "station": entry.station.shown(),
                "repeated": entry.station.is_of_repeats(),
                "granted": rfc3339(entry.granted),
                "until": rfc3339(entry.until),
            }))?;
            continue;
        }
        let until = desk.terminal.clockface().moment(entry.until);
        table.row([entry.id.to_string(), name, entry.service.clone(), shown(&entry.station), until]);
    }
    if desk.json { Ok(()) } else { desk.terminal.table(&table) }
}

/// What somebody who reads a list can make something of.
pub(super) fn shown(station: &Station) -> String {
    let repeated = if station.is_of_repeats() { " (repeated sign-in)" } else { "" };
    format!("{}{repeated}", station.shown())
}

async fn revoke(id: TrustId, desk: &mut Desk) -> Outcome {
    if !desk.store.revoke_trust(id, &desk.by, desk.now()).await.map_err(told)? {
        let failure = Failure::new(format!("no remembered station has the id {id}"));
        return Err(failure.because("it is over or was revoked before").then("vestibule trust list").into());
    }
    desk.revoked(1, "The second step is asked for again at this station.")
}

async fn revoke_all(name: &str, desk: &mut Desk) -> Outcome {
    let user = desk.person(name).await?;
    let entries = desk.store.trust_entries(Some(user.id), desk.now()).await.map_err(told)?;
    let mut revoked = 0;
    for entry in entries {
        revoked += usize::from(desk.store.revoke_trust(entry.id, &desk.by, desk.now()).await.map_err(told)?);
    }
    let stations = super::users::counted(revoked, "station");
    desk.revoked(revoked, &format!("Forgot {stations} of {}.", clean(&user.subject.name)))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::desk::tests::Bench;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: TrustArgs,
    }

    /// A command as it is typed after `vestibule trust`.
    async fn run(bench: &mut Bench, typed: &str) -> Outcome {
        let words = std::iter::once("trust").chain(typed.split_whitespace());
        Line::try_parse_from(words)?.args.command.run(&mut bench.desk).await
    }

    #[tokio::test]
    async fn a_remembered_station_is_listed_and_revoked_once() {
        let mut bench = Bench::new().await;
        let ada = bench.add_ada().await;
        let bob = bench.add("bob").await;
        let id = bench.trust(&ada, "laptop-7").await;
        bench.trust(&bob, "laptop-8").await;
        run(&mut bench, "list ada").await.unwrap();
        let shown = bench.screen();
        assert!(shown.contains("laptop-7") && !shown.contains("laptop-8"), "{shown}");
        run(&mut bench, "list").await.unwrap();
        assert_eq!(bench.screen().lines().count(), 3);

        run(&mut bench, &format!("revoke {id}")).await.unwrap();
        let error = run(&mut bench, &format!("revoke {id}")).await.unwrap_err().to_string();
        assert!(error.contains("over or was revoked before"), "{error}");
    }

    // C15: digests of what was typed are nobody's reading.
    #[tokio::test]
    async fn what_a_program_repeats_is_listed_by_its_address_and_as_what_it_is() {
        let mut bench = Bench::new().await;
        let ada = bench.add_ada().await;
        let id = bench.trust(&ada, "192.0.2.7\u{1}ab12.cd34").await;
        run(&mut bench, "list").await.unwrap();
        let shown = bench.screen();
        assert!(shown.contains("192.0.2.7 (repeated sign-in)") && !shown.contains("ab12"), "{shown}");
        bench.desk.json = true;
        run(&mut bench, "list").await.unwrap();
        let row: serde_json::Value = serde_json::from_str(&bench.screen()).unwrap();
        assert_eq!((&row["station"], &row["repeated"]), (&"192.0.2.7".into(), &true.into()));
        bench.desk.json = false;
        run(&mut bench, &format!("revoke {id}")).await.unwrap();
        run(&mut bench, "list").await.unwrap();
        assert!(bench.screen().contains("No station is remembered."));
    }

    #[tokio::test]
    async fn all_stations_of_one_person_are_forgotten_and_nobody_elses() {
        let mut bench = Bench::new().await;
        let ada = bench.add_ada().await;
        let bob = bench.add("bob").await;
        bench.trust(&ada, "laptop-7").await;
        bench.trust(&ada, "laptop-9").await;
        bench.trust(&bob, "laptop-8").await;
        run(&mut bench, "revoke --all-of ada").await.unwrap();
        assert_eq!(bench.screen(), "Forgot 2 stations of ada.\n");
        run(&mut bench, "list").await.unwrap();
        assert!(bench.screen().contains("laptop-8"));
        run(&mut bench, "revoke").await.unwrap_err();
    }
}
