//! Rows of attempts. What an attempt carries is sealed to its row, its version and whether it is over: a row set back
//! to an earlier state, or from refused to allowed, does not open (OPS-08).

use vestibule_engine::{
    AttemptId, AttemptRow, CoalesceKey, Ended, OpenAttempt, Position, SecretBytes, Timestamp, Turn, UserId,
};

use crate::fault::Fault;
use crate::keyring::{Keyring, Place};
use crate::session::{Row, Session};

pub(crate) const COLUMNS: &str =
    "id, version, user_id, coalesce_key, turn, expires, is_open, allowed, ringing, ringing_since, payload";

#[derive(Debug, Clone)]
pub(crate) enum Payload {
    Sealed(Vec<u8>),
    Plain(SecretBytes),
}

#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    pub(crate) version: u32,
    pub(crate) user: Option<UserId>,
    pub(crate) coalesce: Option<CoalesceKey>,
    pub(crate) turn: Turn,
    pub(crate) expires: Timestamp,
    pub(crate) is_open: bool,
    pub(crate) allowed: bool,
    /// The service for which the person's phone rings, and since when.
    pub(crate) ringing: Option<(String, Timestamp)>,
    pub(crate) payload: Payload,
}

impl Attempt {
    /// What `position` makes of the attempt that was there before.
    pub(crate) fn after(before: Option<&Self>, position: &Position, now: Timestamp) -> Self {
        let version = before.map_or(1, |before| before.version.saturating_add(1));
        match position {
            Position::Open(open) => Self {
                version,
                user: open.user,
                coalesce: open.coalesce,
                turn: open.turn,
                expires: open.expires,
                is_open: true,
                allowed: false,
                ringing: open.ringing.clone().map(|service| (service, rings_since(before).unwrap_or(now))),
                payload: Payload::Plain(open.payload.clone()),
            },
            Position::Ended(ended) => Self {
                version,
                user: before.and_then(|before| before.user),
                coalesce: None,
                turn: Turn(0),
                expires: now,
                is_open: false,
                allowed: ended.allowed,
                ringing: None,
                payload: Payload::Plain(ended.payload.clone()),
            },
        }
    }

    pub(crate) fn read(mut row: Row) -> Result<(AttemptId, Self), Fault> {
        let id = row.id()?;
        let version = u32::try_from(row.int()?).map_err(|_| Fault::damaged("an attempt has an impossible version"))?;
        let user = row.id_if_any()?;
        let coalesce = row.blob_if_any()?.map(coalesce_key).transpose()?;
        let turn = Turn(row.int()?.cast_unsigned());
        let (expires, is_open, allowed) = (row.at()?, row.flag()?, row.flag()?);
        let ringing = row.text_if_any()?.zip(row.at_if_any()?);
        let payload = Payload::Sealed(row.blob()?);
        Ok((id, Self { version, user, coalesce, turn, expires, is_open, allowed, ringing, payload }))
    }

    /// Whose phone rings for it.
    pub(crate) fn rings(&self) -> Option<UserId> {
        self.user.filter(|_| self.is_open && self.ringing.is_some())
    }

    pub(crate) fn place(&self, id: AttemptId) -> Place {
        let state = match (self.is_open, self.allowed, &self.ringing) {
            (true, _, None) => "open",
            (true, _, Some((service, _))) => &format!("open|{service}"),
            (false, true, _) => "allowed",
            (false, false, _) => "denied",
        };
        let user = self.user.map_or_else(|| "-".to_owned(), |user| user.to_string());
        Place::of("attempts", "payload", &format!("{id}|{}|{state}", self.version), &user)
    }

    pub(crate) fn sealed(&self, id: AttemptId, keyring: &Keyring) -> Result<Vec<u8>, Fault> {
        match &self.payload {
            Payload::Sealed(sealed) => Ok(sealed.clone()),
            Payload::Plain(plain) => Ok(keyring.seal(plain.expose(), &self.place(id))?),
        }
    }

    /// What lies sealed in the row; nothing where it was not written yet.
    pub(crate) fn as_sealed(&self) -> &[u8] {
        match &self.payload {
            Payload::Sealed(sealed) => sealed,
            Payload::Plain(_) => &[],
        }
    }

    pub(crate) fn opened(&self, id: AttemptId, keyring: &Keyring) -> Result<AttemptRow, Fault> {
        let payload = match &self.payload {
            Payload::Plain(plain) => plain.clone(),
            Payload::Sealed(sealed) => keyring.open(sealed, &self.place(id))?,
        };
        let position = if self.is_open {
            Position::Open(OpenAttempt {
                user: self.user,
                coalesce: self.coalesce,
                turn: self.turn,
                expires: self.expires,
                ringing: self.ringing.as_ref().map(|(service, _)| service.clone()),
                payload,
            })
        } else {
            Position::Ended(Ended { allowed: self.allowed, payload })
        };
        Ok(AttemptRow { id, version: self.version, position })
    }
}

fn rings_since(before: Option<&Attempt>) -> Option<Timestamp> {
    before?.ringing.as_ref().map(|(_, since)| *since)
}

fn coalesce_key(octets: Vec<u8>) -> Result<CoalesceKey, Fault> {
    octets.try_into().map(CoalesceKey).map_err(|_| Fault::damaged("an attempt has a key of the wrong length"))
}

pub(crate) async fn by_id(
    session: &mut Session,
    keyring: &Keyring,
    id: AttemptId,
) -> Result<Option<AttemptRow>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM attempts WHERE id = $1");
    let Some(row) = session.query_one(&sql, &[(&id.to_string()).into()]).await? else { return Ok(None) };
    let (id, attempt) = Attempt::read(row)?;
    attempt.opened(id, keyring).map(Some)
}

pub(crate) async fn by_key(
    session: &mut Session,
    key: &CoalesceKey,
    now: Timestamp,
) -> Result<Option<AttemptId>, Fault> {
    let sql = "SELECT id FROM attempts WHERE coalesce_key = $1 AND is_open = 1 AND expires > $2";
    let row = session.query_one(sql, &[key.0.as_slice().into(), now.into()]).await?;
    row.map(|mut row| row.id()).transpose()
}

/// Those that ring this person's phone, the one that began to first.
pub(crate) async fn ringing(
    session: &mut Session,
    keyring: &Keyring,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<AttemptRow>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM attempts WHERE user_id = $1 AND ringing IS NOT NULL AND is_open = 1 AND expires > $2 \
         ORDER BY ringing_since, id"
    );
    let rows = session.query(&sql, &[(&user.to_string()).into(), now.into()]).await?;
    let opened = |row| Attempt::read(row).and_then(|(id, attempt)| attempt.opened(id, keyring));
    rows.into_iter().map(opened).collect()
}

pub(crate) async fn expired(session: &mut Session, now: Timestamp, limit: u32) -> Result<Vec<AttemptId>, Fault> {
    let sql = "SELECT id FROM attempts WHERE is_open = 1 AND expires <= $1 ORDER BY expires LIMIT $2";
    let rows = session.query(sql, &[now.into(), limit.into()]).await?;
    rows.into_iter().map(|mut row| row.id()).collect()
}

pub(crate) async fn count_open(session: &mut Session) -> Result<u64, Fault> {
    let row = session.query_one("SELECT COUNT(*) FROM attempts WHERE is_open = 1", &[]).await?;
    Ok(u64::try_from(row.map_or(Ok(0), |mut row| row.int())?).unwrap_or(0))
}
