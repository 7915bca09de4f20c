//! How far a request on a phone got. Each step is written down once, with its line in the audit log.

use vestibule_engine::{AttemptId, AuditEvent, AuditRecord, Delivery, DeliveryState};

use crate::audit::Chain;
use crate::fault::Fault;
use crate::session::{Arg, Row, Session};

/// False where that is known already.
pub(crate) async fn note(session: &mut Session, chain: &mut Chain, delivery: &Delivery) -> Result<bool, Fault> {
    let Delivery { attempt, user, authenticator, state, at } = *delivery;
    let sql = "INSERT INTO deliveries (attempt, authenticator, state, user_id, at) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT DO NOTHING";
    let [of_attempt, of_device, of_user] = [attempt.to_string(), authenticator.to_string(), user.to_string()];
    let args: [Arg<'_>; 5] =
        [(&of_attempt).into(), (&of_device).into(), state.name().into(), (&of_user).into(), at.into()];
    if session.execute(sql, &args).await? == 0 {
        return Ok(false);
    }
    chain.append(&AuditRecord::new(at, AuditEvent::PushDelivery { attempt, user, authenticator, state }))?;
    Ok(true)
}

fn read(mut row: Row) -> Result<Delivery, Fault> {
    let (attempt, authenticator) = (row.id()?, row.id()?);
    let state = row.parsed(DeliveryState::parse)?;
    Ok(Delivery { attempt, authenticator, state, user: row.id()?, at: row.at()? })
}

pub(crate) async fn of_attempt(session: &mut Session, attempt: AttemptId) -> Result<Vec<Delivery>, Fault> {
    let sql = "SELECT attempt, authenticator, state, user_id, at FROM deliveries WHERE attempt = $1";
    let rows = session.query(sql, &[(&attempt.to_string()).into()]).await?;
    let mut found = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    // What happened in one moment happened in the order of its steps.
    found.sort_by_key(|delivery| (delivery.at, delivery.state, delivery.authenticator));
    Ok(found)
}
