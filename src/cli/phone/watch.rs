//! `vestibule phone watch`: requests as they come.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use vestibule_engine::{AttemptId, AuthenticatorId};
use vestibule_factors::push::protocol::WAIT_MAX;

use super::answer::{Asked, ask_number, tell};
use super::pocket::{Pocket, failure};
use super::shown::{as_json, show};
use crate::cli::Outcome;
use crate::cli::terminal::Tone;
use crate::phone::{Answered, Phone, PhoneError, Request};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// End after the first request
    #[arg(long)]
    once: bool,
    /// Only show them, and ask nothing
    #[arg(long)]
    no_answers: bool,
}

/// After a gateway could not be reached: soon, and then less and less often.
const PAUSE_FIRST: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// What one account's gateway said.
type Heard = (Arc<Phone>, Result<Vec<Request>, PhoneError>);

pub(super) async fn run(args: &Args, pocket: &mut Pocket) -> Outcome {
    let phones = pocket.phones()?;
    if !pocket.json {
        let accounts = if phones.len() == 1 { "1 account".to_owned() } else { format!("{} accounts", phones.len()) };
        pocket.terminal.line(format!("Waiting for requests to {accounts}. Ctrl-C ends it."))?;
    }
    // One at a time: while a question is open, the others wait.
    let (tell, mut told) = mpsc::channel(1);
    let mut watching = JoinSet::new();
    for phone in phones {
        watching.spawn(watch(phone, tell.clone()));
    }
    drop(tell);
    let mut seen = Seen::default();
    while let Some((phone, heard)) = told.recv().await {
        let requests = match heard {
            Ok(requests) => requests,
            Err(error) if error.may_pass() => {
                missed(&error, pocket)?;
                continue;
            }
            Err(error) => return Err(failure(&error, "watch this account").into()),
        };
        for request in seen.new_ones(&phone, requests) {
            meet(Asked { phone: Arc::clone(&phone), request }, args, pocket).await?;
            if args.once {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Ask on and on, and say what is heard. Ends when nobody listens, and after what waiting does not heal.
async fn watch(phone: Arc<Phone>, tell: mpsc::Sender<Heard>) {
    let mut pause = PAUSE_FIRST;
    loop {
        let heard = phone.requests(WAIT_MAX).await;
        let failed = heard.as_ref().err().map(PhoneError::may_pass);
        if tell.send((Arc::clone(&phone), heard)).await.is_err() {
            return;
        }
        match failed {
            None => pause = PAUSE_FIRST,
            Some(true) => {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
            Some(false) => return,
        }
    }
}

/// What was shown already, of each account: what its gateway still tells of.
#[derive(Default)]
struct Seen(BTreeSet<(AuthenticatorId, AttemptId, String)>);

impl Seen {
    fn new_ones(&mut self, phone: &Phone, requests: Vec<Request>) -> Vec<Request> {
        let device = phone.device();
        // A second request of one login is another one, by its nonce.
        let key = |request: &Request| (device, request.attempt(), request.nonce.to_string());
        let waiting: BTreeSet<_> = requests.iter().map(key).collect();
        let fresh = requests.into_iter().filter(|request| !self.0.contains(&key(request))).collect();
        self.0.retain(|(of, ..)| *of != device);
        self.0.extend(waiting);
        fresh
    }
}

fn missed(error: &PhoneError, pocket: &mut Pocket) -> Outcome {
    let why = crate::cli::chain(error);
    if pocket.json {
        return pocket.terminal.json(&json!({ "trouble": why }));
    }
    let text = format!("The gateway cannot be asked now ({}). Trying on.", crate::cli::terminal::clean(&why));
    pocket.terminal.line(pocket.terminal.toned(Tone::Warning, &text))
}

async fn meet(asked: Asked, args: &Args, pocket: &mut Pocket) -> Outcome {
    let attempt = asked.request.attempt();
    // Evidence for the login page; nothing hangs on it.
    asked.phone.shown(attempt).await.ok();
    if pocket.json {
        return pocket.terminal.json(&as_json(&asked.request, &asked.phone));
    }
    pocket.terminal.line("")?;
    show(&asked.request, &asked.phone, pocket.now(), &mut pocket.terminal)?;
    if args.no_answers || !pocket.terminal.looks().interactive {
        return Ok(());
    }
    asked.phone.opened(attempt).await.ok();
    match ask(&asked, pocket).await? {
        None => pocket.terminal.line("Not answered."),
        Some(Ok(answered)) => {
            pocket.keep(&asked.phone)?;
            tell(&answered, &asked.request, &mut pocket.terminal)
        }
        Some(Err(error)) => {
            let failed = failure(&error, "answer the request");
            pocket.terminal.line(failed.to_string())
        }
    }
}

/// Enter alone approves nothing.
async fn ask(asked: &Asked, pocket: &mut Pocket) -> Outcome<Option<Result<Answered, PhoneError>>> {
    let (phone, request) = (&asked.phone, &asked.request);
    loop {
        let Some(said) = pocket.terminal.ask("approve, deny, or report that it was not you? [a/d/r]")? else {
            return Ok(None);
        };
        match said.trim().to_lowercase().as_str() {
            "a" | "approve" => {
                let number = match request.digits() {
                    Some(digits) => match ask_number(digits, &mut pocket.terminal)? {
                        Some(number) => Some(number),
                        None => continue,
                    },
                    None => None,
                };
                return Ok(Some(phone.approve(request, number.as_deref()).await));
            }
            "d" | "deny" => return Ok(Some(phone.deny(request).await)),
            "r" | "report" => return Ok(Some(phone.report(request).await)),
            _ => {}
        }
    }
}
