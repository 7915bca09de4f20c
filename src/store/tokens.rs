//! What holders of a secret may do: sessions, pairings. A row says who and until when; what it carries is sealed to all of
//! that, so whoever can write to the database, but has no master key, can neither make one nor prolong one (SES-01).

use vestibule_engine::{AuditEvent, AuditRecord, SecretBytes, Timestamp, Token, TokenKind, UserId};

use crate::audit::Chain;
use crate::fault::Fault;
use crate::keyring::{Keyring, Place, hex};
use crate::session::{Row, Session};

pub(crate) const COLUMNS: &str = "kind, digest, user_id, created, expires, payload";

/// The most that a token may carry: its owner's record of a few fields, and room to spare.
const PAYLOAD_OCTETS_MAX: usize = 64 * 1024;

/// A row as it is kept, still sealed.
pub(crate) struct Kept {
    pub(crate) kind: TokenKind,
    pub(crate) digest: [u8; 32],
    user: Option<UserId>,
    created: Timestamp,
    expires: Timestamp,
    pub(crate) sealed: Vec<u8>,
}

impl Kept {
    pub(crate) fn read(mut row: Row) -> Result<Self, Fault> {
        let kind = row.parsed(|name| TokenKind::ALL.into_iter().find(|kind| kind.name() == name))?;
        let digest = row.blob()?.try_into().map_err(|_| Fault::damaged("a token's digest has the wrong length"))?;
        let user = row.id_if_any()?;
        Ok(Self { kind, digest, user, created: row.at()?, expires: row.at()?, sealed: row.blob()? })
    }

    pub(crate) fn place(&self) -> Place {
        place(self.kind, &self.digest, self.user, self.created, self.expires)
    }

    fn opened(self, keyring: &Keyring) -> Result<Token, Fault> {
        let payload = keyring.open(&self.sealed, &self.place())?;
        let Self { kind, digest, user, created, expires, .. } = self;
        Ok(Token { kind, digest, user, payload, created, expires })
    }
}

fn place(kind: TokenKind, digest: &[u8; 32], user: Option<UserId>, created: Timestamp, expires: Timestamp) -> Place {
    let row = format!("{}|{}|{}", row(kind, digest), created.0, expires.0);
    let user = user.map_or_else(|| "-".to_owned(), |user| user.to_string());
    Place::of("tokens", "payload", &row, &user)
}

pub(crate) fn row(kind: TokenKind, digest: &[u8; 32]) -> String {
    format!("{}|{}", kind.name(), hex(digest))
}

fn check_size(payload: &SecretBytes) -> Result<(), Fault> {
    let octets = payload.expose().len();
    if octets > PAYLOAD_OCTETS_MAX {
        return Fault::refused(format!("a token carries {octets} octets; {PAYLOAD_OCTETS_MAX} are kept"));
    }
    Ok(())
}

/// Its user, if it has one, is there and enabled: whoever calls has looked, and holds their row.
pub(crate) async fn put(session: &mut Session, keyring: &Keyring, token: &Token) -> Result<(), Fault> {
    check_size(&token.payload)?;
    let Token { kind, digest, user, created, expires, .. } = token;
    let payload = keyring.seal(token.payload.expose(), &place(*kind, digest, *user, *created, *expires))?;
    let user = user.map(|user| user.to_string());
    let sql = format!("INSERT INTO tokens ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING");
    let args = [
        kind.name().into(),
        digest.as_slice().into(),
        (&user).into(),
        (*created).into(),
        (*expires).into(),
        (&payload).into(),
    ];
    if session.execute(&sql, &args).await? == 0 {
        return Fault::refused("there is such a token already");
    }
    Ok(())
}

pub(crate) async fn token(
    session: &mut Session,
    keyring: &Keyring,
    kind: TokenKind,
    digest: &[u8; 32],
    now: Timestamp,
) -> Result<Option<Token>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM tokens WHERE kind = $1 AND digest = $2 AND expires > $3");
    let row = session.query_one(&sql, &[kind.name().into(), digest.as_slice().into(), now.into()]).await?;
    row.map(|row| Kept::read(row)?.opened(keyring)).transpose()
}

/// One statement: of many who try, on however many nodes, one gets the row.
pub(crate) async fn take(
    session: &mut Session,
    keyring: &Keyring,
    kind: TokenKind,
    digest: &[u8; 32],
    now: Timestamp,
) -> Result<Option<Token>, Fault> {
    let sql = format!("DELETE FROM tokens WHERE kind = $1 AND digest = $2 AND expires > $3 RETURNING {COLUMNS}");
    let row = session.query_one(&sql, &[kind.name().into(), digest.as_slice().into(), now.into()]).await?;
    row.map(|row| Kept::read(row)?.opened(keyring)).transpose()
}

/// Give it another payload and another end. False where there is none any more.
pub(crate) async fn change(
    session: &mut Session,
    keyring: &Keyring,
    kind: TokenKind,
    digest: &[u8; 32],
    payload: &SecretBytes,
    expires: Timestamp,
) -> Result<bool, Fault> {
    check_size(payload)?;
    let sql = format!("SELECT {COLUMNS} FROM tokens WHERE kind = $1 AND digest = $2{}", session.for_update());
    let Some(row) = session.query_one(&sql, &[kind.name().into(), digest.as_slice().into()]).await? else {
        return Ok(false);
    };
    let kept = Kept::read(row)?;
    // What we did not write must not become ours by a change.
    keyring.open(&kept.sealed, &kept.place())?;
    let payload = keyring.seal(payload.expose(), &Kept { expires, ..kept }.place())?;
    let sql = "UPDATE tokens SET payload = $1, expires = $2 WHERE kind = $3 AND digest = $4";
    let args = [(&payload).into(), expires.into(), kind.name().into(), digest.as_slice().into()];
    session.execute(sql, &args).await.map(|changed| changed > 0)
}

pub(crate) async fn of_user(
    session: &mut Session,
    keyring: &Keyring,
    user: UserId,
    kind: TokenKind,
    now: Timestamp,
) -> Result<Vec<Token>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM tokens WHERE user_id = $1 AND kind = $2 AND expires > $3 ORDER BY created, digest"
    );
    let rows = session.query(&sql, &[(&user.to_string()).into(), kind.name().into(), now.into()]).await?;
    rows.into_iter().map(|row| Kept::read(row)?.opened(keyring)).collect()
}

pub(crate) async fn drop_of(session: &mut Session, user: UserId, kind: TokenKind) -> Result<u64, Fault> {
    let sql = "DELETE FROM tokens WHERE user_id = $1 AND kind = $2";
    session.execute(sql, &[(&user.to_string()).into(), kind.name().into()]).await
}

/// Whoever is signed in as this user, or on the way in, is so no more (SES-03).
pub(crate) async fn end_sessions(
    session: &mut Session,
    chain: &mut Chain,
    user: UserId,
    by: &str,
    now: Timestamp,
) -> Result<(), Fault> {
    drop_of(session, user, TokenKind::SigningIn).await?;
    for _ in 0..drop_of(session, user, TokenKind::Session).await? {
        chain.append(&AuditRecord::new(now, AuditEvent::SessionEnded { user, by: by.to_owned() }))?;
    }
    Ok(())
}
