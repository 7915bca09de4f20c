//! One answer to the request that waits.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Which;
use super::pocket::{Pocket, failure};
use super::shown::{as_json, short, show};
use crate::cli::terminal::{Terminal, Tone, clean};
use crate::cli::{Failure, Outcome};
use crate::phone::{Answered, Phone, PhoneError, Request};

/// A request, and who is asked.
pub(super) struct Asked {
    pub(super) phone: Arc<Phone>,
    pub(super) request: Request,
}

pub(super) async fn approve(which: &Which, number: Option<String>, pocket: &mut Pocket) -> Outcome {
    let asked = find(which, pocket).await?;
    present(&asked, pocket).await?;
    let number = match (asked.request.digits(), number) {
        (Some(digits), None) => ask_number(digits, &mut pocket.terminal)?,
        (_, number) => number,
    };
    let answered = asked.phone.approve(&asked.request, number.as_deref()).await;
    finish(&asked, answered, "approve", pocket)
}

pub(super) async fn deny(which: &Which, pocket: &mut Pocket) -> Outcome {
    let asked = find(which, pocket).await?;
    present(&asked, pocket).await?;
    let answered = asked.phone.deny(&asked.request).await;
    finish(&asked, answered, "deny", pocket)
}

pub(super) async fn report(which: &Which, pocket: &mut Pocket) -> Outcome {
    let asked = find(which, pocket).await?;
    present(&asked, pocket).await?;
    let answered = asked.phone.report(&asked.request).await;
    finish(&asked, answered, "report", pocket)
}

/// Whoever answers has seen what they answer.
async fn present(asked: &Asked, pocket: &mut Pocket) -> Outcome {
    if !pocket.json {
        show(&asked.request, &asked.phone, pocket.now(), &mut pocket.terminal)?;
    }
    // Evidence for the login page; an answer does not hang on it.
    asked.phone.opened(asked.request.attempt()).await.ok();
    Ok(())
}

fn finish(asked: &Asked, answered: Result<Answered, PhoneError>, doing: &str, pocket: &mut Pocket) -> Outcome {
    pocket.keep(&asked.phone)?;
    let answered = answered.map_err(|error| failure(&error, &format!("{doing} the request")))?;
    if pocket.json {
        return pocket.terminal.json(&answered_json(asked, &answered));
    }
    tell(&answered, &asked.request, &mut pocket.terminal)
}

pub(super) fn answered_json(asked: &Asked, answered: &Answered) -> serde_json::Value {
    let (result, code) = match answered {
        Answered::Approved { code } => ("approved", code.as_deref()),
        Answered::Denied => ("denied", None),
        Answered::Reported => ("reported", None),
    };
    json!({ "request": asked.request.attempt(), "result": result, "code": code })
}

/// What was done, in one line; and the code, where there is one.
pub(super) fn tell(answered: &Answered, request: &Request, terminal: &mut Terminal) -> Outcome {
    let name = clean(&request.service.name);
    match answered {
        Answered::Approved { code: None } => {
            terminal.line(terminal.toned(Tone::Good, &format!("Approved. {name} lets you in.")))
        }
        Answered::Approved { code: Some(code) } => {
            terminal.line(terminal.toned(Tone::Good, "Approved. Type this code where you sign in:"))?;
            terminal.line(format!("  {}", terminal.toned(Tone::Strong, &clean(code))))
        }
        Answered::Denied => terminal.line("Denied. Nobody was let in."),
        Answered::Reported => {
            terminal.line("Reported. Nobody was let in, and your administrators are told.")?;
            terminal.line("Somebody may know your password: change it.")
        }
    }
}

/// `None` where nobody is there to ask, or nothing was typed: then the gateway is not asked either.
pub(super) fn ask_number(digits: usize, terminal: &mut Terminal) -> Outcome<Option<String>> {
    if !terminal.looks().interactive {
        return Ok(None);
    }
    let number = terminal.ask(&format!("Number at the login, {digits} digits:"))?;
    Ok(number.filter(|number| !number.trim().is_empty()))
}

/// The request that is meant, waiting for it where that was asked for.
async fn find(which: &Which, pocket: &Pocket) -> Outcome<Asked> {
    let phones = pocket.phones()?;
    let until = Instant::now() + which.patience();
    let mut wait = Duration::ZERO;
    loop {
        let waiting = waiting(&phones, wait).await?;
        let meant = |asked: &Asked| {
            let id = asked.request.attempt().to_string();
            which.request.as_ref().is_none_or(|wanted| id.starts_with(&wanted.to_ascii_lowercase()))
        };
        let mut meant: Vec<Asked> = waiting.into_iter().filter(meant).collect();
        let left = until.saturating_duration_since(Instant::now());
        match meant.pop() {
            Some(one) if meant.is_empty() => return Ok(one),
            Some(one) => {
                meant.push(one);
                return Err(several(&meant, pocket.json).into());
            }
            None if left.is_zero() => return Err(nothing(which).into()),
            // At least a second: a part of one would ask without waiting.
            None => wait = left.max(Duration::from_secs(1)),
        }
    }
}

/// What waits on all of these; the first answer ends the wait.
async fn waiting(phones: &[Arc<Phone>], wait: Duration) -> Outcome<Vec<Asked>> {
    let mut asking = JoinSet::new();
    for phone in phones {
        let phone = Arc::clone(phone);
        asking.spawn(async move {
            let requests = phone.requests(wait).await;
            (phone, requests)
        });
    }
    let mut found = Vec::new();
    while let Some(answered) = asking.join_next().await {
        let (phone, requests) = answered?;
        let requests = requests.map_err(|error| failure(&error, "ask what waits"))?;
        found.extend(requests.into_iter().map(|request| Asked { phone: Arc::clone(&phone), request }));
        if !wait.is_zero() && !found.is_empty() {
            break;
        }
    }
    Ok(found)
}

fn nothing(which: &Which) -> Failure {
    let what = match &which.request {
        Some(wanted) => format!("no request {} waits", clean(wanted)),
        None => "no request waits".to_owned(),
    };
    Failure::new(what)
        .because("it is over, was answered, or has not come yet")
        .then("sign in, or the same command with --wait 30s")
}

fn several(found: &[Asked], json: bool) -> Failure {
    let name = |asked: &Asked| match json {
        true => as_json(&asked.request, &asked.phone).to_string(),
        false => format!("{} ({})", short(&asked.request), clean(&asked.request.service.name)),
    };
    let names: Vec<String> = found.iter().map(name).collect();
    Failure::new("several requests wait")
        .because(format!("they are {}", names.join(", ")))
        .then("the same command with the beginning of one of these ids")
}
