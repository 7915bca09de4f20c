//! `vestibule devices pair`: a phone for somebody who stands in front of us.

use serde_json::json;

use super::counter::Counter;
use crate::cli::desk::Desk;
use crate::cli::qr::Qr;
use crate::cli::terminal::{Tone, clean, rfc3339};
use crate::cli::{Failure, Outcome};

pub(super) async fn run(name: &str, desk: &mut Desk) -> Outcome {
    let user = desk.person(name).await?;
    let portal = desk.portal.clone().ok_or_else(|| {
        Failure::new("no phone can be paired")
            .because("there is no portal for it to talk to")
            .then("add `portal` to the configuration; see: vestibule config reference")
    })?;
    let parts = (desk.store.clone(), desk.clock.clone(), desk.random.clone());
    let counter = Counter::open(user.id, &portal, &desk.factors, parts.0, parts.1, parts.2).await?;
    show(&counter, desk)?;
    let Some(scanned) = counter.scanned().await? else {
        counter.refuse(desk.now()).await?;
        return Err(Failure::new("no phone was paired").because("none came in time").into());
    };
    if !desk.json {
        desk.terminal.line(format!("{} has scanned it, and shows a code.", clean(&scanned.label)))?;
    }
    let typed = desk.terminal.ask("The code on the phone:")?.unwrap_or_default();
    let is_same = scanned.code.as_deref().is_some_and(|code| digits(code) == digits(&typed));
    if !is_same {
        counter.refuse(desk.now()).await?;
        return Err(Failure::new("no phone was paired")
            .because("the code on the phone is another one, so it may be another phone that scanned")
            .then("begin again, where nobody else can see the QR code")
            .into());
    }
    let Some(device) = counter.confirm(desk.now()).await? else {
        return Err(Failure::new("no phone was paired").because("it took too long").into());
    };
    if desk.json {
        return desk.terminal.json(&json!({ "user": user.id, "device": device, "label": scanned.label }));
    }
    let done = format!("{} approves sign-ins of {} from now on.", clean(&scanned.label), clean(&user.subject.name));
    desk.terminal.line(desk.terminal.toned(Tone::Good, &done))
}

fn show(counter: &Counter, desk: &mut Desk) -> Outcome {
    let begun = &counter.begun;
    if desk.json {
        return desk.terminal.json(&json!({ "link": begun.link, "until": rfc3339(begun.until) }));
    }
    let drawn = Qr::of(&begun.link)?.drawn(desk.terminal.looks());
    desk.terminal.line("Scan this with the phone's camera:")?;
    desk.terminal.print(&format!("\n{drawn}\n"))?;
    desk.terminal.line(format!("Or, at a terminal: vestibule phone pair '{}'", begun.link))?;
    desk.terminal.line("It is good for one phone, and for five minutes.")
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}
