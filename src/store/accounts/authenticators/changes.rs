//! What can change of an authenticator that stays the same one.

use vestibule_engine::{AuditEvent, AuditRecord, AuthenticatorId, SecretBytes, Timestamp, UserId};

use super::{check_label, known, secret_place};
use crate::audit::Chain;
use crate::fault::Fault;
use crate::keyring::Keyring;
use crate::session::Session;

/// By whom a change is that only the person, or the device itself, can make.
const BY_OWNER: &str = "owner";
const BY_DEVICE: &str = "device";

fn changed(user: UserId, authenticator: AuthenticatorId, what: &str, by: &str, now: Timestamp) -> AuditRecord {
    let (what, by) = (what.to_owned(), by.to_owned());
    AuditRecord::new(now, AuditEvent::AuthenticatorChanged { user, authenticator, what, by })
}

pub(crate) async fn label(
    session: &mut Session,
    keyring: &Keyring,
    chain: &mut Chain,
    id: AuthenticatorId,
    label: &str,
    by: &str,
    now: Timestamp,
) -> Result<(), Fault> {
    check_label(label)?;
    let known = known(session, keyring, id).await?;
    let sql = "UPDATE authenticators SET label = $1 WHERE id = $2";
    session.execute(sql, &[label.into(), (&id.to_string()).into()]).await?;
    chain.append(&changed(known.user, id, "label", by, now))
}

/// Replace the factor's own record.
pub(crate) async fn reseal(
    session: &mut Session,
    keyring: &Keyring,
    chain: &mut Chain,
    id: AuthenticatorId,
    secret: &SecretBytes,
    now: Timestamp,
) -> Result<(), Fault> {
    let known = known(session, keyring, id).await?;
    let sealed = keyring.seal(secret.expose(), &secret_place(id, known.user))?;
    let sql = "UPDATE authenticators SET secret = $1 WHERE id = $2";
    session.execute(sql, &[(&sealed).into(), (&id.to_string()).into()]).await?;
    chain.append(&changed(known.user, id, "key", BY_DEVICE, now))
}

/// Which of their authenticators the person wants to be asked first.
pub(crate) async fn prefer(
    session: &mut Session,
    chain: &mut Chain,
    user: UserId,
    preferred: Option<AuthenticatorId>,
    now: Timestamp,
) -> Result<(), Fault> {
    let sql =
        format!("SELECT id, preferred FROM authenticators WHERE user_id = $1 ORDER BY id{}", session.for_update());
    let rows = session.query(&sql, &[(&user.to_string()).into()]).await?;
    let held = rows.into_iter().map(|mut row| Ok((row.id()?, row.flag()?))).collect::<Result<Vec<_>, Fault>>()?;
    if let Some(id) = preferred.filter(|id| held.iter().all(|(one, _)| one != id)) {
        return Fault::refused(format!("the user has no authenticator {id}"));
    }
    let sql = "UPDATE authenticators SET preferred = $1 WHERE id = $2";
    for (id, was) in held {
        let is = preferred == Some(id);
        if is != was {
            session.execute(sql, &[is.into(), (&id.to_string()).into()]).await?;
            let what = if is { "asked first" } else { "no longer asked first" };
            chain.append(&changed(user, id, what, BY_OWNER, now))?;
        }
    }
    Ok(())
}
