//! New second steps, from the key to the first right code.

use std::io::Read;
use std::path::Path;

use anyhow::Context as _;
use serde_json::json;
use vestibule_engine::{
    AttemptId, AuditEvent, AuditRecord, Authenticator, AuthenticatorId, Committed, Method, NewAuthenticator, Passcode,
    Transition, User,
};
use vestibule_factors::{Confirmation, Enrolment};
use zeroize::Zeroizing;

use super::{TotpArgs, WhichArgs, find};
use crate::cli::desk::{Desk, told};
use crate::cli::files::{PRIVATE, new_file};
use crate::cli::qr::Qr;
use crate::cli::terminal::{Tone, clean};
use crate::cli::{Failure, Outcome};

/// Longer files than this hold no `otpauth://` address.
const ADDRESS_OCTETS_MAX: u64 = 4096;
/// Codes a person may type in one go before the command gives up.
const TRIES: usize = 5;

pub(super) async fn totp(args: &TotpArgs, desk: &mut Desk) -> Outcome {
    let user = desk.person(&args.name).await?;
    if let Some(file) = &args.import {
        return import(&user, &args.label, file, desk).await;
    }
    let enrolled = desk.factors.totp().enrol(user.id, &user.subject.name, &args.label, &*desk.random);
    let enrolment = enrolled.map_err(|error| Failure::fault("draw a key", &error))?;
    let qr = Qr::of(enrolment.uri.reveal())?;
    // Files first: where one cannot be written, nothing was enrolled.
    if let Some(png) = &args.png {
        new_file(png, &qr.png()?, PRIVATE)?;
    }
    if let Some(svg) = &args.svg {
        new_file(svg, qr.svg().as_bytes(), PRIVATE)?;
    }
    let id = add(enrolment.new.clone(), desk).await?;
    if desk.json {
        return desk.terminal.json(&json!({
            "user": user.id,
            "id": id,
            "uri": enrolment.uri.reveal(),
            "secret": enrolment.secret_text.reveal().replace(' ', ""),
            "confirmed": false,
        }));
    }
    present(&enrolment, &qr, args, desk)?;
    prove(&user, id, desk).await
}

/// Shown once. Where it went to a file, it does not also go to a terminal that may be recorded.
fn present(enrolment: &Enrolment, qr: &Qr, args: &TotpArgs, desk: &mut Desk) -> Outcome {
    let files: Vec<&Path> = [&args.png, &args.svg].into_iter().flatten().map(AsRef::as_ref).collect();
    if files.is_empty() {
        desk.terminal.line("Scan this with the authenticator app:")?;
        let drawn = qr.drawn(desk.terminal.looks());
        desk.terminal.print(&format!("\n{drawn}\n"))?;
        let secret = desk.terminal.toned(Tone::Strong, enrolment.secret_text.reveal());
        desk.terminal.line(format!("Or type this key into it: {secret}"))?;
    }
    for file in files {
        desk.terminal.line(format!("Wrote {}. Delete it once it was scanned.", clean(&file.display().to_string())))?;
    }
    Ok(())
}

/// Ask for the first code where somebody can answer; otherwise say what to type (OTP-10).
async fn prove(user: &User, id: AuthenticatorId, desk: &mut Desk) -> Outcome {
    let name = clean(&user.subject.name);
    let later =
        format!("vestibule factors confirm {name} CODE --id {}", id.to_string().split('-').next().unwrap_or(""));
    if !desk.terminal.looks().interactive {
        desk.terminal.line("It is no second step until it has shown one right code.")?;
        return desk.terminal.line(format!("next: {later}"));
    }
    for _ in 0..TRIES {
        let typed = desk.terminal.ask("The code the app shows now (Enter to do it later):")?.unwrap_or_default();
        let Some(code) = Passcode::parse(&typed) else { break };
        match judge(user, id, &code, desk).await? {
            None => return desk.terminal.line(format!("{name} can sign in with it now.")),
            Some(why) => desk.terminal.line(why)?,
        }
    }
    desk.terminal.line("It is no second step until it has shown one right code.")?;
    desk.terminal.line(format!("next: {later}"))
}

pub(super) async fn confirm(name: &str, code: Option<String>, which: &WhichArgs, desk: &mut Desk) -> Outcome {
    let user = desk.person(name).await?;
    let all = desk.store.authenticators(user.id).await.map_err(told)?;
    let one = find::one_of(&all, which, |one| one.method == Method::Totp && !one.confirmed, &user)?;
    let typed = match code {
        Some(code) => code,
        None => desk.terminal.ask("The code the app shows now:")?.unwrap_or_default(),
    };
    let code = Passcode::parse(&typed).ok_or_else(|| Failure::usage("a code has 6 to 8 digits"))?;
    let name = clean(&user.subject.name);
    if let Some(why) = judge(&user, one.id, &code, desk).await? {
        return Err(Failure::new("nothing was confirmed")
            .because(why)
            .then(format!("vestibule factors confirm {name} CODE"))
            .into());
    }
    if desk.json {
        return desk.terminal.json(&json!({ "user": user.id, "id": one.id, "confirmed": true }));
    }
    desk.terminal.line(format!("{name} can sign in with {} now.", clean(&one.label)))
}

/// Confirm it with this code, or say why not. The code is spent by it, and good for no login.
async fn judge(user: &User, id: AuthenticatorId, code: &Passcode, desk: &Desk) -> Outcome<Option<String>> {
    desk.clock.sound().map_err(|fault| Failure::fault("judge a code", &fault))?;
    let all = desk.store.authenticators(user.id).await.map_err(told)?;
    let one = all.into_iter().find(|one| one.id == id).ok_or_else(|| Failure::new("it was removed meanwhile"))?;
    let judged =
        desk.factors.totp().confirm(&one, code, desk.now()).map_err(|error| Failure::fault("judge a code", &error))?;
    Ok(match judged {
        Confirmation::Right(spend) => {
            let confirmed = desk.store.confirm_authenticator(id, &spend, desk.now()).await.map_err(told)?;
            (!confirmed).then(|| "That code was used already. Wait for the next one.".to_owned())
        }
        Confirmation::Wrong => Some("That code did not match. Use the newest one.".to_owned()),
        Confirmation::NotACode => Some("A code has 6 to 8 digits.".to_owned()),
        Confirmation::ClockOff { ahead, by } => Some(format!(
            "The code is right, but the clock of that device is {} s {}. Set its clock to automatic.",
            by.as_secs(),
            if ahead { "ahead" } else { "behind" }
        )),
    })
}

async fn import(user: &User, label: &str, file: &Path, desk: &mut Desk) -> Outcome {
    let address = read_address(file)?;
    let new = desk.factors.totp().import(user.id, label, &address, &*desk.random);
    let new = new.map_err(|why| Failure::new("nothing was imported").because(why.to_string()))?;
    let id = add(new, desk).await?;
    if desk.json {
        return desk.terminal.json(&json!({ "user": user.id, "id": id, "confirmed": false }));
    }
    desk.terminal.line(format!("Took over {}.", clean(label)))?;
    prove(user, id, desk).await
}

fn read_address(file: &Path) -> Outcome<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    let read = if file == Path::new("-") {
        std::io::stdin().take(ADDRESS_OCTETS_MAX).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(ADDRESS_OCTETS_MAX).read_to_string(&mut text))
    };
    read.with_context(|| format!("read the address in {}", file.display()))?;
    Ok(text)
}

pub(super) async fn recovery_codes(name: &str, desk: &mut Desk) -> Outcome {
    let user = desk.person(name).await?;
    let before = desk.store.authenticators(user.id).await.map_err(told)?;
    let old: Vec<Authenticator> = before.into_iter().filter(|one| one.method == Method::RecoveryCode).collect();
    let factor = desk.factors.recovery_codes(desk.factors.pool());
    let drawn = factor.enrol(user.id, "Recovery codes", &*desk.random).await;
    let set = drawn.map_err(|error| Failure::fault("draw recovery codes", &error))?;
    let id = add(set.new.clone(), desk).await?;
    let codes: Vec<&str> = set.codes.iter().map(|code| code.reveal()).collect();
    if desk.json {
        return desk.terminal.json(&json!({ "user": user.id, "id": id, "codes": codes }));
    }
    let name = clean(&user.subject.name);
    desk.terminal.line(format!("Recovery codes of {name}, shown this once. Each is good for one login.\n"))?;
    for (number, code) in (1..).zip(codes) {
        desk.terminal.line(format!("  {number:>2}  {code}"))?;
    }
    let ending = if old.is_empty() { "" } else { "\nThe codes they had before are no longer good." };
    desk.terminal.line(ending)
}

pub(super) async fn resync(name: &str, codes: [&str; 2], which: &WhichArgs, desk: &mut Desk) -> Outcome {
    let user = desk.person(name).await?;
    let all = desk.store.authenticators(user.id).await.map_err(told)?;
    let one = find::one_of(&all, which, |one| one.method == Method::Totp && one.confirmed, &user)?;
    let [Some(first), Some(second)] = codes.map(Passcode::parse) else {
        return Err(Failure::usage("a code has 6 to 8 digits").into());
    };
    desk.clock.sound().map_err(|fault| Failure::fault("judge a code", &fault))?;
    let found = desk.factors.totp().resync(&one, [&first, &second], desk.now());
    let name = clean(&user.subject.name);
    let Some(spend) = found.map_err(|error| Failure::fault("judge two codes", &error))? else {
        return Err(Failure::new("the clock was not put right")
            .because("these are not two new codes in a row, or the clock is further off than factors.totp.drift_max")
            .then(format!("vestibule factors enrol totp {name}"))
            .into());
    };
    let mut change = Transition::new(new_attempt(desk)?, desk.now());
    change.spend = vec![spend];
    let what = format!("clock of {} put right", one.label);
    let event = AuditEvent::UserChanged { user: user.id, what, by: desk.by.clone() };
    change.audit = vec![AuditRecord::new(desk.now(), event)];
    match desk.store.commit(change).await.map_err(told)? {
        Committed::Done { .. } if desk.json => desk.terminal.json(&json!({ "user": user.id, "id": one.id })),
        Committed::Done { .. } => desk.terminal.line(format!("{name} can sign in with the next code.")),
        _ => Err(Failure::new("the clock was not put right").because("these codes were used before").into()),
    }
}

fn new_attempt(desk: &Desk) -> Outcome<AttemptId> {
    let mut octets = [0; 16];
    desk.random.fill(&mut octets).map_err(|error| Failure::fault("draw a number", &error))?;
    Ok(AttemptId(uuid::Builder::from_random_bytes(octets).into_uuid()))
}

async fn add(new: NewAuthenticator, desk: &Desk) -> Outcome<AuthenticatorId> {
    let id = new.id;
    desk.store.add_authenticator(new, &desk.by, desk.now()).await.map_err(told)?;
    Ok(id)
}
