//! A request, as its reader sees it: app, place, browser or device, time, in this order.

use serde_json::json;
use vestibule_engine::{Door, Timestamp};

use crate::cli::Outcome;
use crate::cli::terminal::{Terminal, Tone, clean, rfc3339};
use crate::phone::{Phone, Request};

pub(super) fn show(request: &Request, phone: &Phone, now: Timestamp, terminal: &mut Terminal) -> Outcome {
    terminal.line(terminal.toned(Tone::Strong, &title(request)))?;
    let account = phone.account();
    let facts = [
        ("App", app(request)),
        ("Place", place(request)),
        ("Device", device(request)),
        ("Time", time(request, now, terminal)),
        ("Account", clean(&format!("{} at {}", account.name, account.issuer))),
        ("Request", short(request)),
    ];
    for (what, value) in facts {
        terminal.line(format!("  {what:<8} {value}"))?;
    }
    Ok(())
}

fn title(request: &Request) -> String {
    if request.test {
        "This is a test that you asked for.".to_owned()
    } else {
        format!("Sign in to {}?", clean(&request.service.name))
    }
}

fn app(request: &Request) -> String {
    let kind = match request.service.door {
        Door::Radius => "network access",
        Door::Ldap => "directory sign-in",
        Door::Oidc | Door::Proxy => "web sign-in",
        Door::Portal => "the portal",
    };
    format!("{} ({kind})", clean(&request.service.name))
}

fn place(request: &Request) -> String {
    let place = match (&request.place.place, &request.place.address) {
        (Some(name), Some(address)) => format!("{} ({})", clean(name), clean(address)),
        (Some(one), None) | (None, Some(one)) => clean(one),
        (None, None) => return "not known".to_owned(),
    };
    let familiar = if request.place.known { "you signed in from there before" } else { "new place for you" };
    format!("{place} · {familiar}")
}

fn device(request: &Request) -> String {
    let parts = [&request.place.client, &request.place.station];
    let known: Vec<String> = parts.into_iter().flatten().map(|part| clean(part)).collect();
    if known.is_empty() { "not known".to_owned() } else { known.join(", ") }
}

fn time(request: &Request, now: Timestamp, terminal: &Terminal) -> String {
    let left = request.until().since(now).as_secs();
    format!("{} · {left} s left", terminal.clockface().ago(request.asked(), now))
}

/// Enough of its id to tell it from the others that wait.
pub(super) fn short(request: &Request) -> String {
    request.attempt().to_string().chars().take(8).collect()
}

pub(super) fn as_json(request: &Request, phone: &Phone) -> serde_json::Value {
    json!({
        "request": request.attempt(),
        "device": phone.device(),
        "account": request.account,
        "origin": request.origin,
        "service": request.service.name,
        "door": request.service.door,
        "address": request.place.address,
        "place": request.place.place,
        "known": request.place.known,
        "client": request.place.client,
        "station": request.place.station,
        "asked": rfc3339(request.asked()),
        "until": rfc3339(request.until()),
        "digits": request.digits(),
        "code": request.code,
        "verification": request.needs_verification(),
        "test": request.test,
    })
}
