//! Users: their rows.

mod administration;
mod adoption;

use vestibule_engine::{AuditEvent, AuditRecord, LocalAccount, Subject, Timestamp, User, UserId};

use crate::audit::Chain;
use crate::fault::Fault;
use crate::keyring::{Keyring, Place};
use crate::session::{Arg, Row, Session};

pub(crate) use administration::{change, clear_locks, create, delete, forget_places_of};
pub(crate) use adoption::{adopt, needs_adoption};

/// The source that local users belong to. Their subject's id is their user id.
const LOCAL: &str = "local";
const SELECT: &str = "SELECT id, source, subject_id, name, display_name, mail, member_of, enabled, created, last_login, password_hash \
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

async fn find(session: &mut Session, wheres: &str, args: &[Arg<'_>]) -> Result<Option<(User, Option<Vec<u8>>)>, Fault> {
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

/// The same, whose row then waits for this transaction: what is read here is written back.
async fn known_of(session: &mut Session, subject: &Subject) -> Result<Option<User>, Fault> {
    let wheres = format!("source = $1 AND subject_id = $2{}", session.for_update());
    let args = [(&subject.source).into(), (&subject.id).into()];
    Ok(find(session, &wheres, &args).await?.map(|(user, _)| user))
}

pub(crate) async fn user_of(session: &mut Session, subject: &Subject) -> Result<Option<User>, Fault> {
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

/// The record of a user who is new.
fn record_created(chain: &mut Chain, user: &User, by: &str, now: Timestamp) -> Result<(), Fault> {
    let (name, source) = (user.subject.name.clone(), user.subject.source.clone());
    chain.append(&AuditRecord::new(now, AuditEvent::UserCreated { user: user.id, name, source, by: by.to_owned() }))
}
