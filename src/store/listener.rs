//! Word from the other nodes of what moved (LISTEN/NOTIFY). A hint: what is lost while the connection is down is found by
//! those who wait, who are woken when it stands again, and look now and then.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::task::JoinSet;
use vestibule_engine::{AttemptId, Bell, UserId};

use crate::writer::Desk;

/// How long to wait before asking for a connection again.
const RETRY: Duration = Duration::from_secs(1);

pub(crate) fn start(desk: Arc<Desk>, pool: PgPool, tasks: &mut JoinSet<()>) {
    tasks.spawn(async move {
        let mut is_told = false;
        loop {
            let Err(error) = listen(&desk, &pool, &mut is_told).await;
            if matches!(error, sqlx::Error::PoolClosed) {
                return;
            }
            // Once a loss, not once a second.
            if !std::mem::replace(&mut is_told, true) {
                tracing::warn!(
                    error = %error,
                    "No word from the other gateways: logins answered on one of them are noticed here a little later"
                );
            }
            tokio::time::sleep(RETRY).await;
        }
    });
}

async fn listen(desk: &Desk, pool: &PgPool, is_told: &mut bool) -> Result<std::convert::Infallible, sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen("vestibule_bells").await?;
    // What rang before was not heard.
    desk.bells.ring_all();
    if std::mem::take(is_told) {
        tracing::info!("Word from the other gateways arrives again");
    }
    loop {
        match listener.try_recv().await? {
            Some(notice) => parse(&desk.process, notice.payload()).for_each(|bell| desk.bells.ring(bell)),
            // The connection was lost, and stands again.
            None => desk.bells.ring_all(),
        }
    }
}

pub(crate) fn notice(process: &str, bells: &[Bell]) -> String {
    let bells: Vec<_> = bells.iter().map(written).collect();
    format!("{process}|{}", bells.join(","))
}

fn written(bell: &Bell) -> String {
    match bell {
        Bell::Attempt(AttemptId(id)) => format!("a{}", id.simple()),
        Bell::User(UserId(id)) => format!("u{}", id.simple()),
    }
}

fn bell(written: &str) -> Option<Bell> {
    let (kind, id) = written.split_at_checked(1)?;
    let id = id.parse().ok()?;
    match kind {
        "a" => Some(Bell::Attempt(AttemptId(id))),
        "u" => Some(Bell::User(UserId(id))),
        _ => None,
    }
}

/// The bells of a notice, unless it is our own.
fn parse<'a>(process: &str, notice: &'a str) -> impl Iterator<Item = Bell> + use<'a> {
    let (from, bells) = notice.split_once('|').unwrap_or_default();
    let bells = if from == process { "" } else { bells };
    bells.split(',').filter_map(bell)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_notice_is_read_by_the_others_and_not_by_its_sender() {
        let bells = [Bell::Attempt(AttemptId(Uuid::from_u128(1))), Bell::User(UserId(Uuid::from_u128(2)))];
        let notice = notice("one", &bells);
        assert_eq!(parse("two", &notice).collect::<Vec<_>>(), bells);
        assert_eq!(parse("one", &notice).count(), 0);
        assert_eq!(parse("two", "rubbish").count() + parse("two", "one|,,x,ä,a1").count(), 0);
    }

    #[test]
    fn a_notice_of_many_bells_fits_into_what_postgres_takes() {
        let bells = vec![Bell::User(UserId(Uuid::from_u128(u128::MAX))); 200];
        assert!(notice(&Uuid::new_v4().simple().to_string(), &bells).len() < 8000);
    }
}
