//! Users.

use uuid::Uuid;
use vestibule_engine::{
    AuditEvent, AuditRecord, CounterKey, LocalAccount, NewUser, Person, Subject, Timestamp, User, UserChange, UserId,
    UserName,
};

use crate::audit::Chain;
use crate::fault::Fault;
use crate::keyring::{Keyring, Place};
use crate::session::{Arg, Row, Session};
use crate::trust;

/// The source that local users belong to. Their subject's id is their user id.
const LOCAL: &str = "local";
/// Who made a user that was made at their first login.
const BY_FIRST_LOGIN: &str = "first login";
/// The longest display name, mail address or group name that is kept, in octets.
const TEXT_OCTETS_MAX: usize = 1024;
/// More groups than any directory of ours gave; more would only be ballast in every login.
const GROUPS_MAX: usize = 4096;

const SELECT: &str =
    "SELECT id, source, subject_id, name, display_name, mail, member_of, enabled, created, last_login, password_hash \
     FROM users";

/// A row of users: the user and, for local ones, what checks the password, still sealed.
fn read(mut row: Row) -> Result<(User, Option<Vec<u8>>), Fault> {
    let id = row.id()?;
    let subject = Subject { source: row.text()?, id: row.text()?, name: row.text()? };
    let (display_name, mail) = (row.text_if_any()?, row.text_if_any()?);
    let groups = row.parsed(|text| serde_json::from_str(text).ok())?;
    let (enabled, created, last_login) = (row.flag()?, row.at()?, row.at_if_any()?);
    let user = User { id, subject, display_name, mail, groups, enabled, created, last_login };
    Ok((user, row.blob_if_any()?))
}

pub(crate) fn password_place(id: UserId) -> Place {
    Place::of("users", "password_hash", &id.to_string(), &id.to_string())
}

async fn find(
    session: &mut Session,
    wheres: &str,
    args: &[Arg<'_>],
) -> Result<Option<(User, Option<Vec<u8>>)>, Fault> {
    let row = session.query_one(&format!("{SELECT} WHERE {wheres}"), args).await?;
    row.map(read).transpose()
}

pub(crate) async fn user(session: &mut Session, id: UserId) -> Result<Option<User>, Fault> {
    Ok(find(session, "id = $1", &[(&id.to_string()).into()]).await?.map(|(user, _)| user))
}

/// The user, whose row then waits for this transaction, or a refusal.
async fn known(session: &mut Session, id: UserId) -> Result<User, Fault> {
    let wheres = format!("id = $1{}", session.for_update());
    let found = find(session, &wheres, &[(&id.to_string()).into()]).await?;
    found.map(|(user, _)| user).ok_or_else(|| Fault::Refused(format!("there is no user {id}")))
}

pub(crate) async fn user_of(
    session: &mut Session,
    subject: &Subject,
) -> Result<Option<User>, Fault> {
    let args = [(&subject.source).into(), (&subject.id).into()];
    Ok(find(session, "source = $1 AND subject_id = $2", &args).await?.map(|(user, _)| user))
}

pub(crate) async fn local_account(
    session: &mut Session,
    keyring: &Keyring,
    canonical_name: &str,
) -> Result<Option<LocalAccount>, Fault> {
    // The constant is written out, so that the partial index is used.
    let found = find(session, "source = 'local' AND name = $1", &[canonical_name.into()]).await?;
    let Some((user, sealed)) = found else { return Ok(None) };
    let password_hash = sealed.map(|sealed| keyring.open(&sealed, &password_place(user.id))).transpose()?;
    Ok(Some(LocalAccount { user, password_hash }))
}

pub(crate) async fn users(
    session: &mut Session,
    search: Option<&str>,
    offset: u64,
    limit: u32,
) -> Result<Vec<User>, Fault> {
    let pattern = format!("%{}%", escaped(&search.unwrap_or_default().to_lowercase()));
    let sql = format!("{SELECT} WHERE sought LIKE $1 ESCAPE '!' ORDER BY name, id LIMIT $2 OFFSET $3");
    let offset = i64::try_from(offset).unwrap_or(i64::MAX);
    let rows = session.query(&sql, &[(&pattern).into(), limit.into(), offset.into()]).await?;
    rows.into_iter().map(|row| read(row).map(|(user, _)| user)).collect()
}

fn escaped(text: &str) -> String {
    text.replace('!', "!!").replace('%', "!%").replace('_', "!_")
}

fn sought(name: &str, display_name: Option<&str>, mail: Option<&str>) -> String {
    [name, display_name.unwrap_or_default(), mail.unwrap_or_default()].join("\n").to_lowercase()
}

fn as_json(groups: &[String]) -> Result<String, Fault> {
    serde_json::to_string(groups).map_err(|error| Fault::damaged(error.to_string()))
}

/// Whether what the source says differs from what is kept.
pub(crate) fn needs_adoption(user: &User, person: &Person) -> bool {
    !differences(user, person).is_empty()
}

fn differences(user: &User, person: &Person) -> Vec<&'static str> {
    [
        (user.subject.name != person.subject.name, "name"),
        (user.display_name != person.display_name, "display name"),
        (user.mail != person.mail, "mail"),
        (user.groups != person.groups, "groups"),
    ]
    .into_iter()
    .filter_map(|(differs, what)| differs.then_some(what))
    .collect()
}

pub(crate) async fn adopt(
    session: &mut Session,
    chain: &mut Chain,
    person: &Person,
    now: Timestamp,
) -> Result<User, Fault> {
    let Some(mut user) = user_of(session, &person.subject).await? else {
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

async fn adopt_new(
    session: &mut Session,
    chain: &mut Chain,
    person: &Person,
    now: Timestamp,
) -> Result<User, Fault> {
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
    created(chain, &user, BY_FIRST_LOGIN, now)?;
    Ok(user)
}

fn created(chain: &mut Chain, user: &User, by: &str, now: Timestamp) -> Result<(), Fault> {
    let (name, source) = (user.subject.name.clone(), user.subject.source.clone());
    chain.append(&AuditRecord::new(now, AuditEvent::UserCreated { user: user.id, name, source, by: by.to_owned() }))
}

async fn insert(session: &mut Session, user: &User, password_hash: Option<&[u8]>) -> Result<(), Fault> {
    let id = user.id.to_string();
    let groups = as_json(&user.groups)?;
    let sought = sought(&user.subject.name, user.display_name.as_deref(), user.mail.as_deref());
    let sql = "INSERT INTO users (id, source, subject_id, name, display_name, mail, member_of, sought, enabled, \
               created, last_login, password_hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let args = [
        (&id).into(),
        (&user.subject.source).into(),
        (&user.subject.id).into(),
        (&user.subject.name).into(),
        (&user.display_name).into(),
        (&user.mail).into(),
        (&groups).into(),
        (&sought).into(),
        user.enabled.into(),
        user.created.into(),
        user.last_login.into(),
        Arg::Blob(password_hash),
    ];
    session.execute(sql, &args).await.map(drop)
}

async fn write(session: &mut Session, user: &User) -> Result<(), Fault> {
    let id = user.id.to_string();
    let groups = as_json(&user.groups)?;
    let sought = sought(&user.subject.name, user.display_name.as_deref(), user.mail.as_deref());
    let sql = "UPDATE users SET name = $1, display_name = $2, mail = $3, member_of = $4, sought = $5, enabled = $6 \
               WHERE id = $7";
    let args = [
        (&user.subject.name).into(),
        (&user.display_name).into(),
        (&user.mail).into(),
        (&groups).into(),
        (&sought).into(),
        user.enabled.into(),
        (&id).into(),
    ];
    session.execute(sql, &args).await.map(drop)
}

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
    created(chain, &user, by, now)?;
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
    // SES-02: what a station was trusted on is no longer so.
    if matches!(change, UserChange::Enabled(false) | UserChange::PasswordHash(_)) {
        trust::revoke_all(session, chain, id, by, now).await?;
    }
    Ok(())
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
) -> Result<Vec<vestibule_engine::AttemptId>, Fault> {
    let user = known(session, id).await?;
    let text = id.to_string();
    let sql = "DELETE FROM attempts WHERE user_id = $1 RETURNING id";
    let ended = session.query(sql, &[(&text).into()]).await?;
    let ended = ended.into_iter().map(|mut row| row.id()).collect::<Result<_, _>>()?;
    forget_failures(session, &user).await?;
    trust::revoke_all(session, chain, id, by, now).await?;
    // Authenticators and what was spent of them go with the row.
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

async fn forget_failures(session: &mut Session, user: &User) -> Result<(), Fault> {
    let at = CounterKey::password_at(&user.subject, "").0;
    // Everything that begins with `at`, which ends in a bar: up to the sign after the bar.
    let beyond = format!("{}}}", at.strip_suffix('|').unwrap_or(&at));
    let sql = "DELETE FROM counters WHERE name = $1 OR name = $2 OR (name >= $3 AND name < $4)";
    let (of, code) = (CounterKey::password_of(&user.subject).0, CounterKey::code_of(user.id).0);
    session.execute(sql, &[(&of).into(), (&code).into(), (&at).into(), (&beyond).into()]).await.map(drop)
}
