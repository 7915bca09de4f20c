//! Authenticators: enrolling, confirming, removing.

mod changes;

use vestibule_engine::{
    AuditEvent, AuditRecord, Authenticator, AuthenticatorId, Method, NewAuthenticator, Spend, Timestamp, UserId,
};

use crate::audit::Chain;
use crate::fault::Fault;
use crate::keyring::{Keyring, Place};
use crate::session::{Arg, Row, Session};
use crate::trust;

pub(crate) use changes::{label, prefer, reseal};

/// Nobody carries more; each is looked at in every login of its owner.
const PER_USER_MAX: i64 = 32;
/// The longest label, in octets: it stands in prompts and in the audit log.
const LABEL_OCTETS_MAX: usize = 200;

pub(crate) fn secret_place(id: AuthenticatorId, user: UserId) -> Place {
    Place::of("authenticators", "secret", &id.to_string(), &user.to_string())
}

const SELECT: &str = "SELECT id, user_id, method, label, secret, high_water, drift, confirmed, preferred, created, last_used \
                      FROM authenticators";

fn read(mut row: Row, keyring: &Keyring) -> Result<Authenticator, Fault> {
    let (id, user) = (row.id()?, row.id()?);
    let (method, label) = (row.parsed(Method::parse)?, row.text()?);
    let secret = keyring.open(&row.blob()?, &secret_place(id, user))?;
    let high_water = row.int()?;
    let drift = i32::try_from(row.int()?).map_err(|_| Fault::damaged("an authenticator drifts too far"))?;
    let (confirmed, preferred) = (row.flag()?, row.flag()?);
    let (created, last_used) = (row.at()?, row.at_if_any()?);
    Ok(Authenticator { id, user, method, label, secret, high_water, drift, confirmed, preferred, created, last_used })
}

pub(crate) async fn authenticators(
    session: &mut Session,
    keyring: &Keyring,
    user: UserId,
) -> Result<Vec<Authenticator>, Fault> {
    let sql = format!("{SELECT} WHERE user_id = $1");
    let rows = session.query(&sql, &[(&user.to_string()).into()]).await?;
    let mut found = rows.into_iter().map(|row| read(row, keyring)).collect::<Result<Vec<_>, _>>()?;
    found.sort_by_key(|one| (one.created, one.id));
    Ok(found)
}

pub(crate) async fn authenticator(
    session: &mut Session,
    keyring: &Keyring,
    id: AuthenticatorId,
) -> Result<Option<Authenticator>, Fault> {
    let row = session.query_one(&format!("{SELECT} WHERE id = $1"), &[(&id.to_string()).into()]).await?;
    row.map(|row| read(row, keyring)).transpose()
}

/// The authenticator, whose row then waits for this transaction, or a refusal.
async fn known(session: &mut Session, keyring: &Keyring, id: AuthenticatorId) -> Result<Authenticator, Fault> {
    let sql = format!("{SELECT} WHERE id = $1{}", session.for_update());
    let row = session.query_one(&sql, &[(&id.to_string()).into()]).await?;
    row.map_or_else(|| Fault::refused(format!("there is no authenticator {id}")), |row| read(row, keyring))
}

pub(crate) async fn add(
    session: &mut Session,
    keyring: &Keyring,
    chain: &mut Chain,
    new: &NewAuthenticator,
    by: &str,
    now: Timestamp,
) -> Result<(), Fault> {
    let (id, user) = (new.id.to_string(), new.user.to_string());
    check_new(session, new, &id, &user).await?;
    let secret = keyring.seal(new.secret.expose(), &secret_place(new.id, new.user))?;
    let sql = "INSERT INTO authenticators (id, user_id, method, label, secret, high_water, drift, confirmed, created) \
               VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8)";
    let args: [Arg<'_>; 8] = [
        (&id).into(),
        (&user).into(),
        new.method.name().into(),
        (&new.label).into(),
        (&secret).into(),
        new.high_water.into(),
        new.confirmed.into(),
        now.into(),
    ];
    session.execute(sql, &args).await?;
    let (label, by) = (new.label.clone(), by.to_owned());
    let event = AuditEvent::AuthenticatorAdded {
        user: new.user,
        authenticator: new.id,
        method: new.method,
        label,
        by: by.clone(),
    };
    chain.append(&AuditRecord::new(now, event))?;
    if new.method == Method::RecoveryCode {
        // One set a person: the old codes end where the new ones begin, not a crash later.
        let sql =
            "DELETE FROM authenticators WHERE user_id = $1 AND method = 'recovery-code' AND id <> $2 RETURNING id";
        for mut row in session.query(sql, &[(&user).into(), (&id).into()]).await? {
            let (authenticator, by) = (row.id()?, by.clone());
            let event = AuditEvent::AuthenticatorRemoved { user: new.user, authenticator, method: new.method, by };
            chain.append(&AuditRecord::new(now, event))?;
        }
    }
    if new.confirmed {
        // SES-02
        trust::revoke_all(session, chain, new.user, &by, now).await?;
    }
    Ok(())
}

fn check_label(label: &str) -> Result<(), Fault> {
    if label.len() > LABEL_OCTETS_MAX || label.chars().any(char::is_control) {
        return Fault::refused(format!(
            "the label is longer than {LABEL_OCTETS_MAX} octets or holds a control character"
        ));
    }
    Ok(())
}

async fn check_new(session: &mut Session, new: &NewAuthenticator, id: &str, user: &str) -> Result<(), Fault> {
    check_label(&new.label)?;
    let sql = format!("SELECT id FROM users WHERE id = $1{}", session.for_update());
    if session.query_one(&sql, &[user.into()]).await?.is_none() {
        return Fault::refused(format!("there is no user {user}"));
    }
    if session.query_one("SELECT id FROM authenticators WHERE id = $1", &[id.into()]).await?.is_some() {
        return Fault::refused(format!("there is an authenticator {id} already"));
    }
    let count = session.query_one("SELECT COUNT(*) FROM authenticators WHERE user_id = $1", &[user.into()]).await?;
    if count.map_or(Ok(0), |mut row| row.int())? >= PER_USER_MAX {
        return Fault::refused(format!("the user has {PER_USER_MAX} authenticators already: remove one first"));
    }
    Ok(())
}

pub(crate) async fn confirm(
    session: &mut Session,
    keyring: &Keyring,
    chain: &mut Chain,
    id: AuthenticatorId,
    spend: &Spend,
    now: Timestamp,
) -> Result<bool, Fault> {
    let known = known(session, keyring, id).await?;
    if known.confirmed || spend.authenticator() != id {
        return Ok(false);
    }
    let text = id.to_string();
    let (mut high_water, mut drift) = (known.high_water, known.drift);
    match spend {
        Spend::Step { step, .. } if *step <= high_water => return Ok(false),
        Spend::Step { step, drift: learned, .. } => (high_water, drift) = (*step, *learned),
        Spend::Item { item, .. } => {
            let args = [(&text).into(), item.into(), now.into()];
            let sql = "INSERT INTO spent_items (authenticator_id, item, spent) VALUES ($1, $2, $3) \
                       ON CONFLICT (authenticator_id, item) DO NOTHING";
            if session.execute(sql, &args).await? == 0 {
                return Ok(false);
            }
        }
        Spend::Attempt { .. } => {}
    }
    let sql = "UPDATE authenticators SET confirmed = 1, high_water = $1, drift = $2, last_used = $3 WHERE id = $4";
    let args = [high_water.into(), i64::from(drift).into(), now.into(), (&text).into()];
    session.execute(sql, &args).await?;
    let event = AuditEvent::AuthenticatorConfirmed { user: known.user, authenticator: id };
    chain.append(&AuditRecord::new(now, event))?;
    // SES-02
    trust::revoke_all(session, chain, known.user, "enrolment", now).await?;
    Ok(true)
}

/// Remove it, with what is known of its device; returns whose it was.
pub(crate) async fn remove(
    session: &mut Session,
    chain: &mut Chain,
    id: AuthenticatorId,
    by: &str,
    now: Timestamp,
) -> Result<UserId, Fault> {
    let sql = format!("SELECT user_id, method FROM authenticators WHERE id = $1{}", session.for_update());
    let Some(mut row) = session.query_one(&sql, &[(&id.to_string()).into()]).await? else {
        return Fault::refused(format!("there is no authenticator {id}"));
    };
    let (user, method) = (row.id()?, row.parsed(Method::parse)?);
    session.execute("DELETE FROM authenticators WHERE id = $1", &[(&id.to_string()).into()]).await?;
    let event = AuditEvent::AuthenticatorRemoved { user, authenticator: id, method, by: by.to_owned() };
    chain.append(&AuditRecord::new(now, event))?;
    // SES-02
    trust::revoke_all(session, chain, user, by, now).await?;
    Ok(user)
}

pub(crate) async fn spent_items(session: &mut Session, id: AuthenticatorId) -> Result<Vec<String>, Fault> {
    let sql = "SELECT item FROM spent_items WHERE authenticator_id = $1 ORDER BY spent, item";
    let rows = session.query(sql, &[(&id.to_string()).into()]).await?;
    rows.into_iter().map(|mut row| row.text()).collect()
}
