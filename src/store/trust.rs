//! Stations whose owner gave a factor there, and for how long that counts.
//!
//! A row of these is worth a second factor. So each carries a proof that we wrote it as it stands: whoever can write to
//! the database, but has no master key, can neither make one nor prolong one.

use vestibule_engine::{AuditEvent, AuditRecord, Method, Station, Timestamp, TrustEntry, TrustId, UserId};

use crate::audit::Chain;
use crate::fault::Fault;
use crate::keyring::Keyring;
use crate::session::{Arg, Row, Session};
use crate::writer::Desk;

pub(crate) const COLUMNS: &str = "id, user_id, service, station, method, granted, expires, proof";

/// A row as it is kept, believed or not.
struct Kept {
    /// Id, user, service, station and method.
    texts: [String; 5],
    /// Granted, expires.
    times: [Timestamp; 2],
    proof: Vec<u8>,
}

impl Kept {
    fn read(mut row: Row) -> Result<Self, Fault> {
        let texts = [row.text()?, row.text()?, row.text()?, row.text()?, row.text()?];
        Ok(Self { texts, times: [row.at()?, row.at()?], proof: row.blob()? })
    }

    fn statement(&self) -> Vec<u8> {
        statement(self.texts.each_ref().map(String::as_str), self.times)
    }

    fn is_ours(&self, keyring: &Keyring) -> bool {
        keyring.check_proof(&self.statement(), &self.proof).is_ok()
    }

    fn into_entry(self) -> Option<TrustEntry> {
        let ([id, user, service, station, method], [granted, until]) = (self.texts, self.times);
        Some(TrustEntry {
            id: id.parse().ok()?,
            user: user.parse().ok()?,
            service,
            station: Station::kept(&station)?,
            method: Method::parse(&method)?,
            granted,
            until,
        })
    }
}

/// What a proof is about: every cell, each after its length, so that none runs into the next.
fn statement(texts: [&str; 5], times: [Timestamp; 2]) -> Vec<u8> {
    let times = times.map(|at| at.0.to_be_bytes());
    let mut statement = Vec::new();
    for part in std::iter::once("trust").chain(texts).map(str::as_bytes).chain(times.iter().map(|at| at.as_slice())) {
        statement.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        statement.extend_from_slice(part);
    }
    statement
}

pub(crate) fn proof(entry: &TrustEntry, keyring: &Keyring) -> Vec<u8> {
    let (id, user) = (entry.id.to_string(), entry.user.to_string());
    let texts = [&id, &user, &entry.service, entry.station.as_str(), entry.method.name()];
    keyring.prove(&statement(texts, [entry.granted, entry.until]))
}

/// The entry, if we wrote the row as it stands. One that we did not write is not there.
pub(crate) fn read(row: Row, desk: &Desk) -> Result<Option<TrustEntry>, Fault> {
    let Some(kept) = Kept::read(row).ok().filter(|kept| kept.is_ours(&desk.keyring)) else {
        desk.note_unproven();
        return Ok(None);
    };
    let entry = kept.into_entry();
    entry.map(Some).ok_or_else(|| Fault::damaged("a remembered station that we wrote cannot be read"))
}

/// For the rotation of the master key: which row it is, and its proof with the current key; nothing for a row that we
/// did not write, which goes.
pub(crate) fn proven_anew(row: Row, desk: &Desk) -> Result<(String, Option<Vec<u8>>), Fault> {
    let kept = Kept::read(row)?;
    let anew = kept.is_ours(&desk.keyring).then(|| desk.keyring.prove(&kept.statement()));
    if anew.is_none() {
        desk.note_unproven();
    }
    let [id, ..] = kept.texts;
    Ok((id, anew))
}

pub(crate) async fn trusted(
    session: &mut Session,
    desk: &Desk,
    user: UserId,
    service: &str,
    station: &Station,
    now: Timestamp,
) -> Result<Option<TrustEntry>, Fault> {
    let sql =
        format!("SELECT {COLUMNS} FROM trust WHERE user_id = $1 AND service = $2 AND station = $3 AND expires > $4");
    let user = user.to_string();
    let args = [(&user).into(), service.into(), station.as_str().into(), now.into()];
    session.query_one(&sql, &args).await?.map_or(Ok(None), |row| read(row, desk))
}

pub(crate) async fn entries(
    session: &mut Session,
    desk: &Desk,
    user: Option<UserId>,
    now: Timestamp,
) -> Result<Vec<TrustEntry>, Fault> {
    let user = user.map(|user| user.to_string());
    let (of_user, args): (&str, &[Arg<'_>]) =
        if user.is_some() { (" AND user_id = $2", &[now.into(), (&user).into()]) } else { ("", &[now.into()]) };
    let sql = format!("SELECT {COLUMNS} FROM trust WHERE expires > $1{of_user} ORDER BY granted, id");
    let rows = session.query(&sql, args).await?;
    rows.into_iter().filter_map(|row| read(row, desk).transpose()).collect()
}

pub(crate) async fn revoke(
    session: &mut Session,
    chain: &mut Chain,
    id: TrustId,
    by: &str,
    now: Timestamp,
) -> Result<bool, Fault> {
    let sql = "DELETE FROM trust WHERE id = $1 RETURNING user_id, service, station";
    let Some(mut row) = session.query_one(sql, &[(&id.to_string()).into()]).await? else { return Ok(false) };
    let (user, service, station) = (row.id()?, row.text()?, row.text()?);
    let event = AuditEvent::TrustRevoked { user, trust: id, service, station, by: by.to_owned() };
    chain.append(&AuditRecord::new(now, event))?;
    Ok(true)
}

pub(crate) async fn revoke_all(
    session: &mut Session,
    chain: &mut Chain,
    user: UserId,
    by: &str,
    now: Timestamp,
) -> Result<(), Fault> {
    let sql = "DELETE FROM trust WHERE user_id = $1 RETURNING id, service, station";
    for mut row in session.query(sql, &[(&user.to_string()).into()]).await? {
        // A row that somebody else put there must not keep an administrator from disabling the user.
        let Ok(trust) = row.id() else { continue };
        let (service, station) = (row.text()?, row.text()?);
        let event = AuditEvent::TrustRevoked { user, trust, service, station, by: by.to_owned() };
        chain.append(&AuditRecord::new(now, event))?;
    }
    Ok(())
}
