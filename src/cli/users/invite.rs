//! Letting somebody in once, to enrol (REC-01).

use std::time::Duration;

use serde_json::json;
use vestibule_engine::config::Span;
use vestibule_engine::{AuditEvent, AuditRecord, Authenticator, AuthenticatorId, Method, Timestamp, User};
use vestibule_factors::{InvitationKind, Invitations, InviteRefused, ShownOnce};

use crate::cli::desk::{Desk, told};
use crate::cli::terminal::{Tone, clean, rfc3339};
use crate::cli::{Failure, Outcome};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A name, source/name where two sources have it, or an id
    name: String,
    /// How long it can be used, like 24h or 3d [default: as the configuration says]
    #[arg(long = "for", value_name = "TIME", value_parser = Span::parse)]
    lifetime: Option<Span>,
    /// No code: for that time the password alone lets them enrol. Whoever else has the password can as well
    #[arg(long)]
    window: bool,
}

/// What was given out.
struct Invited {
    user: User,
    id: AuthenticatorId,
    until: Timestamp,
    /// `None` for a window.
    code: Option<ShownOnce>,
}

pub(super) async fn run(args: &Args, desk: &mut Desk) -> Outcome {
    let user = desk.person(&args.name).await?;
    if !user.enabled {
        let name = clean(&user.subject.name);
        return Err(Failure::new(format!("{name} was not invited"))
            .because("every login of a disabled person is refused")
            .then(format!("vestibule users enable {name}"))
            .into());
    }
    let kind = if args.window { InvitationKind::Window } else { InvitationKind::Code };
    let invited = invite(user, args.lifetime.map(|span| span.0), kind, desk).await?;
    if desk.json { as_json(&invited, desk) } else { present(&invited, desk) }
}

async fn invite(user: User, lifetime: Option<Duration>, kind: InvitationKind, desk: &Desk) -> Outcome<Invited> {
    let earlier = invitations(&user, desk).await?;
    let invitations = desk.factors.invitations(desk.factors.pool());
    let made = invitations.invite(user.id, lifetime, kind, desk.now(), &*desk.random).await;
    let (new, code) = made.map_err(|refused| match refused {
        InviteRefused::Lifetime => Failure::usage(format!("--for: {refused}")),
        InviteRefused::Failed(_) => Failure::fault("invite", &refused),
    })?;
    let id = new.id;
    desk.store.add_authenticator(new, &desk.by, desk.now()).await.map_err(told)?;
    let added = desk.store.authenticator(id).await.map_err(told)?;
    let added = added.ok_or_else(|| Failure::new("the invitation was taken away at once"))?;
    let standing = Invitations::standing(&added).map_err(|error| Failure::fault("read the invitation", &error))?;
    let (until, by) = (standing.expires, desk.by.clone());
    let event = AuditEvent::UserInvited { user: user.id, authenticator: id, until, by };
    desk.store.record(vec![AuditRecord::new(desk.now(), event)]).await.map_err(told)?;
    // One at a time: a code that was lost on its way is good for nothing once there is another.
    for old in earlier {
        desk.store.remove_authenticator(old.id, &desk.by, desk.now()).await.map_err(told)?;
    }
    Ok(Invited { user, id, until, code })
}

async fn invitations(user: &User, desk: &Desk) -> Outcome<Vec<Authenticator>> {
    let all = desk.store.authenticators(user.id).await.map_err(told)?;
    Ok(all.into_iter().filter(|one| one.method == Method::Invitation).collect())
}

fn as_json(invited: &Invited, desk: &mut Desk) -> Outcome {
    desk.terminal.json(&json!({
        "user": invited.user.id,
        "name": invited.user.subject.name,
        "id": invited.id,
        "kind": if invited.code.is_some() { "code" } else { "window" },
        "code": invited.code.as_ref().map(ShownOnce::reveal),
        "until": rfc3339(invited.until),
        "url": desk.portal.as_ref().map(|portal| format!("{}/", portal.origin)),
    }))
}

fn present(invited: &Invited, desk: &mut Desk) -> Outcome {
    let name = clean(&invited.user.subject.name);
    let until = desk.terminal.clockface().moment(invited.until);
    desk.terminal.line(format!("{name} can enrol a second step until {until}."))?;
    let with = match &invited.code {
        Some(code) => {
            let code = desk.terminal.toned(Tone::Strong, code.reveal());
            desk.terminal.line(format!("\n  {code}\n"))?;
            desk.terminal
                .line("This code is shown once and good for one sign-in. Give it to them, and to nobody else.")?;
            "the password and this code"
        }
        None => {
            let warning = "Until then the password alone is enough to enrol, for whoever has it.";
            desk.terminal.line(desk.terminal.toned(Tone::Warning, warning))?;
            "the password"
        }
    };
    match &desk.portal {
        Some(portal) => desk.terminal.line(format!("next: {name} signs in at {}/ with {with}", portal.origin)),
        None => {
            desk.terminal.line("There is no portal to enrol at yet.")?;
            desk.terminal.line("next: add `portal` to the configuration; see: vestibule config reference")
        }
    }
}
