//! Who there is, and what is known of somebody.

use serde_json::json;
use vestibule_engine::{Authenticator, TrustEntry, User};

use crate::cli::app_passwords::app_passwords;
use crate::cli::desk::{Desk, told};
use crate::cli::terminal::{Table, Tone, clean, rfc3339};
use crate::cli::trust::shown;
use crate::cli::{Outcome, factors, locks};

use super::{ListArgs, counted};

pub(super) async fn list(args: &ListArgs, desk: &mut Desk) -> Outcome {
    let users = desk.store.users(args.search.as_deref(), args.skip, args.limit).await.map_err(told)?;
    if desk.json {
        for user in &users {
            desk.terminal.json(&user_json(user))?;
        }
        return Ok(());
    }
    if users.is_empty() {
        return desk.terminal.line("Nobody. To add somebody: vestibule users add NAME");
    }
    let mut table = Table::new(&["NAME", "SOURCE", "STATE", "LAST LOGIN", "GROUPS", "DISPLAY NAME"]);
    let now = desk.now();
    for user in &users {
        let clockface = desk.terminal.clockface();
        table.row([
            user.subject.name.clone(),
            user.subject.source.clone(),
            if user.enabled { "enabled" } else { "disabled" }.to_owned(),
            user.last_login.map_or("never".to_owned(), |at| clockface.ago(at, now)),
            user.groups.join(", "),
            user.display_name.clone().unwrap_or_default(),
        ]);
    }
    desk.terminal.table(&table)?;
    if u32::try_from(users.len()) == Ok(args.limit) {
        let next = args.skip.saturating_add(args.limit.into());
        desk.terminal.line(format!("There may be more: vestibule users list --skip {next}"))?;
    }
    Ok(())
}

pub(super) async fn one(name: &str, desk: &mut Desk) -> Outcome {
    let user = desk.person(name).await?;
    let authenticators = desk.store.authenticators(user.id).await.map_err(told)?;
    let trusted = desk.store.trust_entries(Some(user.id), desk.now()).await.map_err(told)?;
    let for_programs = app_passwords(desk).list(user.id).await.map_err(told)?;
    let locks = locks::of(&user, desk).await?;
    if desk.json {
        let mut whole = user_json(&user);
        if let Some(fields) = whole.as_object_mut() {
            fields.insert("second_steps".into(), authenticators.iter().map(factors::as_json).collect());
            fields.insert("remembered".into(), trusted.iter().map(remembered_json).collect());
            fields.insert("app_passwords".into(), json!(for_programs));
            fields.insert("locks".into(), locks.iter().map(locks::Lock::as_json).collect());
        }
        return desk.terminal.json(&whole);
    }
    facts(&user, desk)?;
    second_steps(&authenticators, desk)?;
    for one in &for_programs {
        desk.terminal.line(format!("  app password \"{}\" for {}", clean(&one.label), clean(&one.service)))?;
    }
    stations(&trusted, desk)?;
    for lock in locks {
        let until = desk.terminal.clockface().moment(lock.until);
        let text = desk.terminal.toned(Tone::Warning, &format!("Locked until {until}"));
        desk.terminal.line(format!("{text}: {}. To unlock: vestibule users unlock {}", lock.what, clean(name)))?;
    }
    Ok(())
}

fn facts(user: &User, desk: &mut Desk) -> Outcome {
    let name = desk.terminal.toned(Tone::Strong, &clean(&user.subject.name));
    let state = if user.enabled { String::new() } else { ", disabled".to_owned() };
    desk.terminal.line(format!("{name} ({}{state})", clean(&user.subject.source)))?;
    let last = user.last_login.map_or("never".to_owned(), |at| desk.terminal.clockface().moment(at));
    let facts = [
        ("display name", user.display_name.clone()),
        ("mail", user.mail.clone()),
        ("groups", Some(user.groups.join(", ")).filter(|groups| !groups.is_empty())),
        ("last login", Some(last)),
        ("id", Some(user.id.to_string())),
    ];
    for (what, value) in facts {
        if let Some(value) = value {
            desk.terminal.line(format!("  {what:<13} {}", clean(&value)))?;
        }
    }
    Ok(())
}

fn second_steps(authenticators: &[Authenticator], desk: &mut Desk) -> Outcome {
    desk.terminal.line(format!("{}:", counted(authenticators.len(), "second step")))?;
    for one in authenticators {
        let state = if one.confirmed { "" } else { ", not confirmed yet" };
        desk.terminal.line(format!("  {}  {}{state}", one.method, clean(&one.label)))?;
    }
    Ok(())
}

fn stations(trusted: &[TrustEntry], desk: &mut Desk) -> Outcome {
    for entry in trusted {
        let until = desk.terminal.clockface().moment(entry.until);
        let (station, service) = (clean(&shown(&entry.station)), clean(&entry.service));
        desk.terminal.line(format!("  remembered at {station} for {service} until {until}"))?;
    }
    Ok(())
}

/// Without what tells one repeated sign-in from another.
fn remembered_json(entry: &TrustEntry) -> serde_json::Value {
    let mut json = json!(entry);
    if let Some(fields) = json.as_object_mut() {
        fields.insert("station".into(), json!(entry.station.shown()));
        fields.insert("repeated".into(), json!(entry.station.is_of_repeats()));
    }
    json
}

pub(super) fn user_json(user: &User) -> serde_json::Value {
    json!({
        "id": user.id,
        "name": user.subject.name,
        "source": user.subject.source,
        "subject": user.subject.id,
        "display_name": user.display_name,
        "mail": user.mail,
        "groups": user.groups,
        "enabled": user.enabled,
        "created": rfc3339(user.created),
        "last_login": user.last_login.map(rfc3339),
    })
}
