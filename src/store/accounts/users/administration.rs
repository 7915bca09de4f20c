//! What administrators do to users.

use uuid::Uuid;
use vestibule_engine::{
    AttemptId, AuditEvent, AuditRecord, CounterKey, NewUser, Subject, Timestamp, User, UserChange, UserId, UserName,
};

use super::{LOCAL, insert, known, local_account, password_place, record_created, write};
use crate::audit::Chain;
use crate::fault::Fault;
use crate::keyring::Keyring;
use crate::session::Session;
use crate::{tokens, trust};

/// The longest display name, mail address or group name that is kept, in octets.
const TEXT_OCTETS_MAX: usize = 1024;
/// More groups than any directory of ours gave; more would only be ballast in every login.
const GROUPS_MAX: usize = 4096;

pub(crate) async fn create(
    session: &mut Session,
    keyring: &Keyring,
    chain: &mut Chain,
    new: &NewUser,
    by: &str,
    now: Timestamp,
) -> Result<User, Fault> {
    let name = UserName::parse(&new.name).map_err(|refused| Fault::Refused(refused.to_string()))?.canonical();
    check_texts(new.display_name.iter().chain(&new.mail).chain(&new.groups), new.groups.len())?;
    if local_account(session, keyring, &name).await?.is_some() {
        return Fault::refused(format!("there is a local user {name} already"));
    }
    let id = UserId(Uuid::new_v4());
    let user = User {
        id,
        subject: Subject { source: LOCAL.to_owned(), id: id.to_string(), name },
        display_name: new.display_name.clone(),
        mail: new.mail.clone(),
        groups: new.groups.clone(),
        enabled: true,
        created: now,
        last_login: None,
    };
    let hash = new.password_hash.as_ref().map(|hash| keyring.seal(hash.expose(), &password_place(id))).transpose()?;
    insert(session, &user, hash.as_deref()).await?;
    record_created(chain, &user, by, now)?;
    Ok(user)
}

fn check_texts<'a>(mut texts: impl Iterator<Item = &'a String>, groups: usize) -> Result<(), Fault> {
    let is_unusable = |text: &String| text.len() > TEXT_OCTETS_MAX || text.chars().any(char::is_control);
    if texts.any(is_unusable) {
        return Fault::refused(format!("a text is longer than {TEXT_OCTETS_MAX} octets or holds a control character"));
    }
    if groups > GROUPS_MAX {
        return Fault::refused(format!("{groups} groups are more than {GROUPS_MAX}"));
    }
    Ok(())
}

pub(crate) async fn change(
    session: &mut Session,
    keyring: &Keyring,
    chain: &mut Chain,
    id: UserId,
    change: &UserChange,
    by: &str,
    now: Timestamp,
) -> Result<(), Fault> {
    let mut user = known(session, id).await?;
    check_change(&user, change)?;
    let what = match change {
        UserChange::Enabled(enabled) => {
            user.enabled = *enabled;
            if *enabled { "enabled" } else { "disabled" }
        }
        UserChange::Groups(groups) => {
            user.groups.clone_from(groups);
            "groups"
        }
        UserChange::DisplayName(name) => {
            user.display_name.clone_from(name);
            "display name"
        }
        UserChange::Mail(mail) => {
            user.mail.clone_from(mail);
            "mail"
        }
        UserChange::PasswordHash(hash) => {
            let sealed = keyring.seal(hash.expose(), &password_place(id))?;
            let sql = "UPDATE users SET password_hash = $1 WHERE id = $2";
            session.execute(sql, &[(&sealed).into(), (&id.to_string()).into()]).await?;
            "password"
        }
    };
    write(session, &user).await?;
    chain.append(&AuditRecord::new(
        now,
        AuditEvent::UserChanged { user: id, what: what.to_owned(), by: by.to_owned() },
    ))?;
    // SES-02: what a station was trusted on is no longer so. A place may be that of whoever made the change necessary.
    if matches!(change, UserChange::Enabled(false) | UserChange::PasswordHash(_)) {
        forget_places(session, &user).await?;
        trust::revoke_all(session, chain, id, by, now).await?;
        tokens::end_sessions(session, chain, id, by, now).await?;
    }
    if matches!(change, UserChange::Enabled(false)) {
        end_what_stands(session, id, now).await?;
        // SES-03: a pairing that was begun is not finished either.
        session.execute("DELETE FROM tokens WHERE user_id = $1", &[(&id.to_string()).into()]).await?;
    }
    Ok(())
}

/// Connections that were signed in before end, also if the user is enabled again before anybody looks.
async fn end_what_stands(session: &mut Session, id: UserId, now: Timestamp) -> Result<(), Fault> {
    let sql = "INSERT INTO counters (name, failures, last_failure, locked_until) VALUES ($1, 1, $2, NULL) \
               ON CONFLICT (name) DO UPDATE SET failures = counters.failures + 1, last_failure = excluded.last_failure";
    let key = CounterKey::standing_ended(id);
    session.execute(sql, &[(&key.0).into(), now.into()]).await.map(drop)
}

fn check_change(user: &User, change: &UserChange) -> Result<(), Fault> {
    let source = &user.subject.source;
    if source != LOCAL && !matches!(change, UserChange::Enabled(_)) {
        return Fault::refused(format!("this is kept by {source}: change it there, the next login would undo it here"));
    }
    match change {
        UserChange::Groups(groups) => check_texts(groups.iter(), groups.len()),
        UserChange::DisplayName(text) | UserChange::Mail(text) => check_texts(text.iter(), 0),
        UserChange::Enabled(_) | UserChange::PasswordHash(_) => Ok(()),
    }
}

/// Remove a user with everything they hold; returns the attempts that are gone with them.
pub(crate) async fn delete(
    session: &mut Session,
    chain: &mut Chain,
    id: UserId,
    by: &str,
    now: Timestamp,
) -> Result<Vec<AttemptId>, Fault> {
    let user = known(session, id).await?;
    let text = id.to_string();
    let sql = "DELETE FROM deliveries WHERE attempt IN (SELECT id FROM attempts WHERE user_id = $1)";
    session.execute(sql, &[(&text).into()]).await?;
    let sql = "DELETE FROM attempts WHERE user_id = $1 RETURNING id";
    let ended = session.query(sql, &[(&text).into()]).await?;
    let ended = ended.into_iter().map(|mut row| row.id()).collect::<Result<_, _>>()?;
    forget_failures(session, &user).await?;
    forget_places(session, &user).await?;
    trust::revoke_all(session, chain, id, by, now).await?;
    tokens::end_sessions(session, chain, id, by, now).await?;
    // Authenticators with what was spent of them and what is known of devices go with the row, and so do tokens.
    session.execute("DELETE FROM users WHERE id = $1", &[(&text).into()]).await?;
    let name = user.subject.name;
    chain.append(&AuditRecord::new(now, AuditEvent::UserDeleted { user: id, name, by: by.to_owned() }))?;
    Ok(ended)
}

pub(crate) async fn clear_locks(
    session: &mut Session,
    chain: &mut Chain,
    id: UserId,
    by: &str,
    now: Timestamp,
) -> Result<(), Fault> {
    let user = known(session, id).await?;
    forget_failures(session, &user).await?;
    chain.append(&AuditRecord::new(now, AuditEvent::LockCleared { user: id, by: by.to_owned() }))
}

/// Wrong passwords and codes, and requests to the phone. Where the user was let in stays known.
async fn forget_failures(session: &mut Session, user: &User) -> Result<(), Fault> {
    let (of, code) = (CounterKey::password_of(&user.subject).0, CounterKey::code_of(user.id).0);
    let (push, report) = (CounterKey::push_of(user.id).0, CounterKey::report_of(user.id).0);
    let names = [(&of).into(), (&code).into(), (&push).into(), (&report).into()];
    session.execute("DELETE FROM counters WHERE name IN ($1, $2, $3, $4)", &names).await?;
    forget_everywhere(session, &CounterKey::code_at(user.id, "")).await?;
    forget_everywhere(session, &CounterKey::push_at(user.id, "")).await?;
    forget_everywhere(session, &CounterKey::password_at(&user.subject, "")).await
}

/// Where the user was let in, and so is not locked out by failures elsewhere.
async fn forget_places(session: &mut Session, user: &User) -> Result<(), Fault> {
    forget_everywhere(session, &CounterKey::known_at(&user.subject.source, &user.subject.id, "")).await
}

/// The same, after a report: the places may be a stranger's.
pub(crate) async fn forget_places_of(session: &mut Session, id: UserId) -> Result<(), Fault> {
    let user = known(session, id).await?;
    forget_places(session, &user).await
}

/// Every counter that begins with `at`, a key that ends in the bar before a place: up to the sign after the bar.
async fn forget_everywhere(session: &mut Session, at: &CounterKey) -> Result<(), Fault> {
    let beyond = format!("{}}}", at.0.strip_suffix('|').unwrap_or(&at.0));
    let sql = "DELETE FROM counters WHERE name >= $1 AND name < $2";
    session.execute(sql, &[(&at.0).into(), (&beyond).into()]).await.map(drop)
}
