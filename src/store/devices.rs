//! What is known of a device besides its key: where it is rung, and when it was last heard of. Rows come and go with
//! their authenticator; one is made when there is something to say.

use vestibule_engine::{AuthenticatorId, Device, DeviceMark, SecretBytes, Timestamp, UserId};

use crate::fault::Fault;
use crate::keyring::{Keyring, Place};
use crate::session::{Arg, Row, Session};

const SELECT: &str = "SELECT d.id, d.push, d.push_since, d.last_seen, d.last_shown, d.last_answered, d.trouble \
                      FROM devices d";

/// The longest address: a Web Push endpoint with its keys is some hundred octets.
const PUSH_OCTETS_MAX: usize = 8 * 1024;
/// What a push service says of itself is cut after this many octets.
const TROUBLE_OCTETS_MAX: usize = 500;
/// A device that polls is written down as seen this often, and not at every request.
const SEEN_EVERY_SECONDS: u64 = 30;

/// Bound to when it was given: an older address of the same device does not open in the place of a newer one.
pub(crate) fn push_place(id: AuthenticatorId, since: Timestamp) -> Place {
    Place::of("devices", "push", &format!("{id}|{}", since.0), "-")
}

fn read(mut row: Row, keyring: &Keyring) -> Result<Device, Fault> {
    let id = row.id()?;
    let (sealed, push_since) = (row.blob_if_any()?, row.at_if_any()?);
    let push = match (sealed, push_since) {
        (None, _) => None,
        (Some(sealed), Some(since)) => Some(keyring.open(&sealed, &push_place(id, since))?),
        (Some(_), None) => return Err(Fault::damaged("a device does not say since when it is rung there")),
    };
    let (last_seen, last_shown, last_answered) = (row.at_if_any()?, row.at_if_any()?, row.at_if_any()?);
    Ok(Device { id, push, push_since, last_seen, last_shown, last_answered, trouble: row.text_if_any()? })
}

pub(crate) async fn device(
    session: &mut Session,
    keyring: &Keyring,
    id: AuthenticatorId,
) -> Result<Option<Device>, Fault> {
    let row = session.query_one(&format!("{SELECT} WHERE d.id = $1"), &[(&id.to_string()).into()]).await?;
    row.map(|row| read(row, keyring)).transpose()
}

pub(crate) async fn of_user(session: &mut Session, keyring: &Keyring, user: UserId) -> Result<Vec<Device>, Fault> {
    let sql = format!("{SELECT} JOIN authenticators a ON a.id = d.id WHERE a.user_id = $1 ORDER BY a.created, a.id");
    let rows = session.query(&sql, &[(&user.to_string()).into()]).await?;
    rows.into_iter().map(|row| read(row, keyring)).collect()
}

/// Where it is rung from now on. What was wrong with the place before is forgotten.
pub(crate) async fn set_push(
    session: &mut Session,
    keyring: &Keyring,
    id: AuthenticatorId,
    push: Option<&SecretBytes>,
    now: Timestamp,
) -> Result<(), Fault> {
    if push.is_some_and(|push| push.expose().len() > PUSH_OCTETS_MAX) {
        return Fault::refused(format!("where a device is rung is longer than {PUSH_OCTETS_MAX} octets"));
    }
    let sealed = push.map(|push| keyring.seal(push.expose(), &push_place(id, now))).transpose()?;
    let since = push.map(|_| now);
    let sql = "INSERT INTO devices (id, push, push_since) SELECT id, $1, $2 FROM authenticators WHERE id = $3 \
               ON CONFLICT (id) DO UPDATE SET push = excluded.push, push_since = excluded.push_since, trouble = NULL";
    let text = id.to_string();
    let args = [Arg::Blob(sealed.as_deref()), since.into(), (&text).into()];
    if session.execute(sql, &args).await? == 0 {
        return Fault::refused(format!("there is no authenticator {id}"));
    }
    Ok(())
}

/// Forget where it is rung, unless it gave another place since.
pub(crate) async fn drop_push(
    session: &mut Session,
    id: AuthenticatorId,
    given_by: Timestamp,
    why: &str,
) -> Result<(), Fault> {
    let sql = "UPDATE devices SET push = NULL, push_since = NULL, trouble = $1 \
               WHERE id = $2 AND push IS NOT NULL AND push_since <= $3";
    session.execute(sql, &[cut(why).into(), (&id.to_string()).into(), given_by.into()]).await.map(drop)
}

/// Whether `mark` would tell nothing that is not known of this device. Asked before the writer is.
pub(crate) fn is_known(device: Option<&Device>, mark: &DeviceMark, now: Timestamp) -> bool {
    match mark {
        DeviceMark::Seen => device
            .and_then(|device| device.last_seen)
            .is_some_and(|seen| now < seen.after(std::time::Duration::from_secs(SEEN_EVERY_SECONDS))),
        DeviceMark::Reached => device.is_none_or(|device| device.trouble.is_none()),
        DeviceMark::Trouble(why) => device.is_some_and(|device| device.trouble.as_deref() == Some(cut(why))),
        DeviceMark::Shown | DeviceMark::Answered => false,
    }
}

/// A mark of a device that is gone is none.
pub(crate) async fn mark(
    session: &mut Session,
    id: AuthenticatorId,
    mark: &DeviceMark,
    now: Timestamp,
) -> Result<(), Fault> {
    let id = id.to_string();
    let (sql, first): (&str, Arg<'_>) = match mark {
        DeviceMark::Seen => (SEEN, now.into()),
        DeviceMark::Shown => (SHOWN, now.into()),
        DeviceMark::Answered => (ANSWERED, now.into()),
        DeviceMark::Trouble(why) => (TROUBLE, cut(why).into()),
        DeviceMark::Reached => {
            let sql = "UPDATE devices SET trouble = NULL WHERE id = $1 AND trouble IS NOT NULL";
            return session.execute(sql, &[(&id).into()]).await.map(drop);
        }
    };
    session.execute(sql, &[first, (&id).into()]).await.map(drop)
}

// Another node's clock may be a little ahead: what was last does not become earlier.
const SEEN: &str = "INSERT INTO devices (id, last_seen) SELECT id, $1 FROM authenticators WHERE id = $2 \
     ON CONFLICT (id) DO UPDATE SET last_seen = CASE WHEN devices.last_seen > excluded.last_seen \
     THEN devices.last_seen ELSE excluded.last_seen END";
const SHOWN: &str = "INSERT INTO devices (id, last_seen, last_shown) SELECT id, $1, $1 FROM authenticators \
     WHERE id = $2 ON CONFLICT (id) DO UPDATE SET last_seen = CASE WHEN devices.last_seen > excluded.last_seen \
     THEN devices.last_seen ELSE excluded.last_seen END, last_shown = CASE WHEN devices.last_shown > \
     excluded.last_shown THEN devices.last_shown ELSE excluded.last_shown END";
const ANSWERED: &str = "INSERT INTO devices (id, last_seen, last_answered) SELECT id, $1, $1 FROM authenticators \
     WHERE id = $2 ON CONFLICT (id) DO UPDATE SET last_seen = CASE WHEN devices.last_seen > excluded.last_seen \
     THEN devices.last_seen ELSE excluded.last_seen END, last_answered = CASE WHEN devices.last_answered > \
     excluded.last_answered THEN devices.last_answered ELSE excluded.last_answered END";
const TROUBLE: &str = "INSERT INTO devices (id, trouble) SELECT id, $1 FROM authenticators WHERE id = $2 \
     ON CONFLICT (id) DO UPDATE SET trouble = excluded.trouble";

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(TROUBLE_OCTETS_MAX)).unwrap_or_default()
}
