//! Stations whose owner gave a factor there, and for how long that counts.

use vestibule_engine::{AuditEvent, AuditRecord, Method, Station, Timestamp, TrustEntry, TrustId, UserId};

use crate::audit::Chain;
use crate::fault::Fault;
use crate::session::{Arg, Row, Session};

pub(crate) const SELECT: &str = "SELECT id, user_id, service, station, method, granted, expires FROM trust";

pub(crate) fn read(mut row: Row) -> Result<TrustEntry, Fault> {
    Ok(TrustEntry {
        id: row.id()?,
        user: row.id()?,
        service: row.text()?,
        station: row.parsed(Station::parse)?,
        method: row.parsed(Method::parse)?,
        granted: row.at()?,
        until: row.at()?,
    })
}

pub(crate) async fn trusted(
    session: &mut Session,
    user: UserId,
    service: &str,
    station: &Station,
    now: Timestamp,
) -> Result<Option<TrustEntry>, Fault> {
    let sql = format!("{SELECT} WHERE user_id = $1 AND service = $2 AND station = $3 AND expires > $4");
    let user = user.to_string();
    let args = [(&user).into(), service.into(), station.as_str().into(), now.into()];
    session.query_one(&sql, &args).await?.map(read).transpose()
}

pub(crate) async fn entries(
    session: &mut Session,
    user: Option<UserId>,
    now: Timestamp,
) -> Result<Vec<TrustEntry>, Fault> {
    let user = user.map(|user| user.to_string());
    let (of_user, args): (&str, &[Arg<'_>]) =
        if user.is_some() { (" AND user_id = $2", &[now.into(), (&user).into()]) } else { ("", &[now.into()]) };
    let sql = format!("{SELECT} WHERE expires > $1{of_user} ORDER BY granted, id");
    session.query(&sql, args).await?.into_iter().map(read).collect()
}

pub(crate) async fn revoke(
    session: &mut Session,
    chain: &mut Chain,
    id: TrustId,
    by: &str,
    now: Timestamp,
) -> Result<bool, Fault> {
    let sql = "DELETE FROM trust WHERE id = $1 RETURNING user_id";
    let Some(mut row) = session.query_one(sql, &[(&id.to_string()).into()]).await? else { return Ok(false) };
    let event = AuditEvent::TrustRevoked { user: row.id()?, trust: id, by: by.to_owned() };
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
    let sql = "DELETE FROM trust WHERE user_id = $1 RETURNING id";
    for mut row in session.query(sql, &[(&user.to_string()).into()]).await? {
        let event = AuditEvent::TrustRevoked { user, trust: row.id()?, by: by.to_owned() };
        chain.append(&AuditRecord::new(now, event))?;
    }
    Ok(())
}
