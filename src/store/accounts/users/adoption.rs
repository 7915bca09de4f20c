//! People whose source vouches for them: made a user at their first login, and kept as the source says.

use std::collections::BTreeSet;

use uuid::Uuid;
use vestibule_engine::{AuditEvent, AuditRecord, Person, Timestamp, User, UserId};

use super::{LOCAL, insert, known_of, record_created, write};
use crate::audit::Chain;
use crate::fault::Fault;
use crate::session::Session;

/// Who made a user that was made at their first login.
const BY_FIRST_LOGIN: &str = "first login";

/// Whether what the source says differs from what is kept.
pub(crate) fn needs_adoption(user: &User, person: &Person) -> bool {
    !differences(user, person).is_empty()
}

fn differences(user: &User, person: &Person) -> Vec<&'static str> {
    [
        (user.subject.name != person.subject.name, "name"),
        (user.display_name != person.display_name, "display name"),
        (user.mail != person.mail, "mail"),
        (!are_same(&user.groups, &person.groups), "groups"),
    ]
    .into_iter()
    .filter_map(|(differs, what)| differs.then_some(what))
    .collect()
}

/// In whatever order a directory lists them.
fn are_same(one: &[String], other: &[String]) -> bool {
    let sorted = |groups: &[String]| groups.iter().cloned().collect::<BTreeSet<_>>();
    one == other || sorted(one) == sorted(other)
}

pub(crate) async fn adopt(
    session: &mut Session,
    chain: &mut Chain,
    person: &Person,
    now: Timestamp,
) -> Result<User, Fault> {
    let Some(mut user) = known_of(session, &person.subject).await? else {
        return adopt_new(session, chain, person, now).await;
    };
    let changed = differences(&user, person);
    if changed.is_empty() {
        return Ok(user);
    }
    user.subject.name.clone_from(&person.subject.name);
    user.display_name.clone_from(&person.display_name);
    user.mail.clone_from(&person.mail);
    user.groups.clone_from(&person.groups);
    write(session, &user).await?;
    let what = format!("{} as {} says", changed.join(", "), user.subject.source);
    chain.append(&AuditRecord::new(now, AuditEvent::UserChanged { user: user.id, what, by: BY_FIRST_LOGIN.into() }))?;
    Ok(user)
}

async fn adopt_new(session: &mut Session, chain: &mut Chain, person: &Person, now: Timestamp) -> Result<User, Fault> {
    if person.subject.source == LOCAL {
        return Fault::refused(format!("there is no local user {} any more", person.subject.name));
    }
    let user = User {
        id: UserId(Uuid::new_v4()),
        subject: person.subject.clone(),
        display_name: person.display_name.clone(),
        mail: person.mail.clone(),
        groups: person.groups.clone(),
        enabled: true,
        created: now,
        last_login: None,
    };
    insert(session, &user, None).await?;
    record_created(chain, &user, BY_FIRST_LOGIN, now)?;
    Ok(user)
}
