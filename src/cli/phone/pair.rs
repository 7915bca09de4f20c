//! Accounts come and go.

use std::time::Duration;

use serde_json::json;
use vestibule_factors::push::protocol;

use super::pocket::{Pocket, failure};
use crate::cli::terminal::{Table, Tone, clean};
use crate::cli::{Failure, Outcome};
use crate::phone::{Account, PairingLink, Phone, PhoneError};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The link under the portal's QR code; - to read it from standard input
    link: String,
    /// What to call this device, to tell it from the person's others
    #[arg(long, default_value = "Terminal")]
    label: String,
    /// Do not wait until the code was confirmed in the portal
    #[arg(long)]
    no_wait: bool,
}

/// A portal gives up sooner.
const CONFIRM_PATIENCE: Duration = Duration::from_secs(600);

pub(super) async fn run(args: Args, pocket: &mut Pocket) -> Outcome {
    // A link in an argument is on the screen of whoever lists processes. It is good for one use, and this is it.
    let typed = if args.link == "-" { pocket.terminal.ask("Link:")?.unwrap_or_default() } else { args.link };
    let link = PairingLink::parse(&typed).map_err(|why| {
        Failure::usage(why.to_string()).then("take the link that the portal shows, in quotes, with all that follows #")
    })?;
    let platform = format!("vestibule {} on {}", env!("CARGO_PKG_VERSION"), std::env::consts::OS);
    let paired = Phone::pair(&link, &args.label, &platform, &pocket.surroundings).await;
    let paired = paired.map_err(|error| failure(&error, "pair this phone"))?;
    pocket.keep(&paired.phone)?;
    let account = paired.phone.account();
    if pocket.json {
        let mut told = as_json(&account);
        if let Some(fields) = told.as_object_mut() {
            fields.insert("confirmation_code".into(), paired.code.digits().to_string().into());
            fields.insert("status".into(), "pending".into());
        }
        pocket.terminal.json(&told)?;
    } else {
        pocket.terminal.line(format!(
            "{} at {} shows a code. Compare:",
            clean(&account.name),
            clean(&account.issuer)
        ))?;
        let code = pocket.terminal.toned(Tone::Strong, &paired.code.to_string());
        pocket.terminal.line(format!("\n  {code}\n"))?;
        pocket
            .terminal
            .line("Where both are the same, confirm in the portal. Until then this device can approve nothing.")?;
    }
    if args.no_wait { Ok(()) } else { confirmed(&paired.phone, pocket).await }
}

async fn confirmed(phone: &Phone, pocket: &mut Pocket) -> Outcome {
    let Ok(confirmed) = tokio::time::timeout(CONFIRM_PATIENCE, phone.confirmed()).await else {
        return Err(Failure::new("nobody confirmed the code in the portal").then("vestibule phone list").into());
    };
    match confirmed {
        Ok(()) if pocket.json => pocket.terminal.json(&json!({ "device": phone.device(), "status": "active" })),
        Ok(()) => {
            pocket.terminal.line(pocket.terminal.toned(Tone::Good, "Confirmed."))?;
            pocket.terminal.line("next: vestibule phone watch")
        }
        Err(PhoneError::Unpaired) => {
            pocket.forget(phone)?;
            Err(Failure::new("this phone was not paired")
                .because("somebody said in the portal that the codes differ, or it took too long")
                .then("begin again in the portal, with a new link")
                .into())
        }
        Err(error) => Err(failure(&error, "see whether the code was confirmed").into()),
    }
}

pub(super) async fn list(pocket: &mut Pocket) -> Outcome {
    if pocket.accounts()?.is_empty() {
        return if pocket.json { Ok(()) } else { pocket.terminal.line("This phone has no account.") };
    }
    let mut table = Table::new(&["DEVICE", "ACCOUNT", "GATEWAY", "LABEL", "STATE", "WAITING"]);
    for phone in pocket.phones()? {
        let account = phone.account();
        let state = state(&phone).await;
        let waiting = phone.requests(Duration::ZERO).await.map(|requests| requests.len()).ok();
        if pocket.json {
            let mut told = as_json(&account);
            if let Some(fields) = told.as_object_mut() {
                fields.insert("state".into(), state.into());
                fields.insert("waiting".into(), waiting.into());
            }
            pocket.terminal.json(&told)?;
            continue;
        }
        let device = account.device.to_string().chars().take(8).collect();
        let waiting = waiting.map_or("-".to_owned(), |waiting| waiting.to_string());
        table.row([device, account.name, account.origin, account.label, state.to_owned(), waiting]);
    }
    if pocket.json { Ok(()) } else { pocket.terminal.table(&table) }
}

async fn state(phone: &Phone) -> &'static str {
    match phone.status().await {
        Ok(account) if account.status == protocol::Status::Active => "in use",
        Ok(_) => "not confirmed yet",
        Err(PhoneError::Unpaired) => "removed at the gateway",
        Err(PhoneError::Unreachable { .. }) => "gateway not reached",
        Err(_) => "gateway in trouble",
    }
}

pub(super) async fn unpair(anyway: bool, pocket: &mut Pocket) -> Outcome {
    let phone = pocket.phone()?;
    match phone.unpair().await {
        Err(error) if !anyway => {
            let failed = failure(&error, "tell the gateway that this device is given up");
            return Err(failed.then("the same command with --anyway, and remove the device in the portal").into());
        }
        _ => {}
    }
    pocket.forget(&phone)?;
    let account = phone.account();
    if pocket.json {
        return pocket.terminal.json(&json!({ "device": account.device, "unpaired": true }));
    }
    pocket.terminal.line(format!("{} at {} is removed.", clean(&account.name), clean(&account.issuer)))
}

/// Everything but the keys.
fn as_json(account: &Account) -> serde_json::Value {
    json!({
        "device": account.device,
        "account": account.name,
        "issuer": account.issuer,
        "origin": account.origin,
        "label": account.label,
    })
}
