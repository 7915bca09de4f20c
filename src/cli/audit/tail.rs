//! The newest events, and those that follow.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Context;
use vestibule_engine::{AuditLine, UserId};

use super::TailArgs;
use super::line::{self, Outcome as Taken};
use crate::cli::Outcome;
use crate::cli::desk::{Desk, told};
use crate::cli::terminal::{Tone, clean, rfc3339};

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Events read in one go while following.
const PAGE: u32 = 500;

pub(super) async fn run(args: &TailArgs, desk: &mut Desk) -> Outcome {
    let user = match &args.user {
        Some(name) => Some(desk.person(name).await?.id),
        None => None,
    };
    let mut names = Names::default();
    // Where each chain stands before the first look, so that nothing falls between it and the following.
    let mut places = if args.follow { places(desk).await? } else { HashMap::new() };
    let lines = desk.store.audit_tail(args.lines, user).await.map_err(told)?;
    for line in &lines {
        show(line, &mut names, desk).await?;
        places.entry(line.node.clone()).and_modify(|next| *next = (*next).max(line.sequence + 1));
    }
    if !args.follow {
        return Ok(());
    }
    loop {
        tokio::select! {
            stopped = tokio::signal::ctrl_c() => return stopped.context("wait for Ctrl-C"),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let fresh = since(&mut places, desk).await?;
        for line in fresh.iter().filter(|line| user.is_none() || line.record.event.user() == user) {
            show(line, &mut names, desk).await?;
        }
        if desk.terminal.is_hung_up() {
            return Ok(());
        }
    }
}

/// The next sequence of every node.
async fn places(desk: &Desk) -> Outcome<HashMap<String, u64>> {
    let mut places = HashMap::new();
    for node in desk.store.audit_nodes().await.map_err(told)? {
        let next = end_of(&node, desk).await?;
        places.insert(node, next);
    }
    Ok(places)
}

/// Where a chain will go on. Sequences count from 1 without a gap, so the end is found by halving.
async fn end_of(node: &str, desk: &Desk) -> Outcome<u64> {
    let (mut there, mut beyond) = (0, 1);
    while is_there(node, beyond, desk).await? {
        (there, beyond) = (beyond, beyond.saturating_mul(2));
    }
    while beyond - there > 1 {
        let middle = there + (beyond - there) / 2;
        if is_there(node, middle, desk).await? {
            there = middle;
        } else {
            beyond = middle;
        }
    }
    Ok(beyond)
}

async fn is_there(node: &str, sequence: u64, desk: &Desk) -> Outcome<bool> {
    Ok(!desk.store.audit_from(node, sequence, 1).await.map_err(told)?.is_empty())
}

async fn since(places: &mut HashMap<String, u64>, desk: &Desk) -> Outcome<Vec<AuditLine>> {
    let mut fresh = Vec::new();
    for node in desk.store.audit_nodes().await.map_err(told)? {
        let next = places.entry(node.clone()).or_insert(1);
        let lines = desk.store.audit_from(&node, *next, PAGE).await.map_err(told)?;
        if let Some(last) = lines.last() {
            *next = last.sequence + 1;
        }
        fresh.extend(lines);
    }
    fresh.sort_by_key(|line| line.record.at);
    Ok(fresh)
}

async fn show(line: &AuditLine, names: &mut Names, desk: &mut Desk) -> Outcome {
    if desk.json {
        return desk.terminal.json(&as_json(line));
    }
    let said = line::said(&line.record, |at| desk.terminal.clockface().moment(at));
    let who = match (said.who, line.record.event.user()) {
        (Some(who), _) => who,
        (None, Some(user)) => names.of(user, desk).await,
        (None, None) => "-".to_owned(),
    };
    let tone = match said.outcome {
        Taken::Allowed => Tone::Good,
        Taken::Refused => Tone::Bad,
        Taken::Alarm => Tone::Warning,
        Taken::Noted => Tone::Quiet,
    };
    let moment = desk.terminal.clockface().moment(line.record.at);
    let word = desk.terminal.toned(tone, &format!("{:<7}", said.outcome.word()));
    let service = said.service.map_or_else(String::new, |service| format!("{}  ", clean(&service)));
    desk.terminal.line(format!("{moment}  {word}  {:<16}  {service}{}", clean(&who), clean(&said.sentence)))
}

/// A line as it is exported: the record word for word, with its time for people beside it.
pub(super) fn as_json(line: &AuditLine) -> serde_json::Value {
    serde_json::json!({
        "node": line.node,
        "sequence": line.sequence,
        "time": rfc3339(line.record.at),
        "record": line.record,
        "hash": line.hash,
    })
}

/// Names of people, looked up once.
#[derive(Default)]
struct Names(HashMap<UserId, String>);

impl Names {
    /// So many are remembered; a log about more people than that is looked up again.
    const MAX: usize = 10_000;

    async fn of(&mut self, user: UserId, desk: &Desk) -> String {
        if let Some(name) = self.0.get(&user) {
            return name.clone();
        }
        let name = desk.name_of(user).await;
        if self.0.len() < Self::MAX {
            self.0.insert(user, name.clone());
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use vestibule_engine::{AuditEvent, AuditRecord};

    use super::*;
    use crate::cli::desk::tests::Bench;

    async fn happen(bench: &Bench, numbers: std::ops::Range<u64>) {
        let event = |open_attempts| AuditEvent::GatewayStopped { open_attempts };
        let records = numbers.map(|number| AuditRecord::new(bench.desk.now(), event(number))).collect();
        bench.desk.store.record(records).await.unwrap();
    }

    #[tokio::test]
    async fn following_begins_at_the_end_and_misses_nothing() {
        let bench = Bench::new().await;
        for many in [0..1, 1..2, 2..7, 7..600] {
            happen(&bench, many.clone()).await;
            assert_eq!(places(&bench.desk).await.unwrap(), HashMap::from([("here".to_owned(), many.end + 1)]));
        }
        let mut places = places(&bench.desk).await.unwrap();
        assert!(since(&mut places, &bench.desk).await.unwrap().is_empty());
        happen(&bench, 600..1300).await;
        let mut seen = Vec::new();
        for _ in 0..3 {
            seen.extend(since(&mut places, &bench.desk).await.unwrap().into_iter().map(|line| line.sequence));
        }
        assert_eq!(seen, (601..=1300).collect::<Vec<_>>());
    }
}
