//! Word from the other nodes that an attempt ended (LISTEN/NOTIFY). A hint: what is lost while the connection is down
//! is found by those who look now and then.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::task::JoinSet;
use vestibule_engine::AttemptId;

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
    listener.listen("vestibule_endings").await?;
    if std::mem::take(is_told) {
        tracing::info!("Word from the other gateways arrives again");
    }
    loop {
        let notice = listener.recv().await?;
        for id in parse(&desk.node, notice.payload()) {
            // Nobody may be waiting, which is fine.
            drop(desk.endings.send(id));
        }
    }
}

pub(crate) fn notice(node: &str, ended: &[AttemptId]) -> String {
    let ids: Vec<_> = ended.iter().map(ToString::to_string).collect();
    format!("{node}|{}", ids.join(","))
}

/// The attempts of a notice, unless it is our own.
fn parse<'a>(node: &str, notice: &'a str) -> impl Iterator<Item = AttemptId> + use<'a> {
    let (from, ids) = notice.split_once('|').unwrap_or_default();
    let ids = if from == node { "" } else { ids };
    ids.split(',').filter_map(|id| id.parse().ok())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_notice_is_read_by_the_others_and_not_by_its_sender() {
        let ids = [AttemptId(Uuid::from_u128(1)), AttemptId(Uuid::from_u128(2))];
        let notice = notice("one", &ids);
        assert_eq!(parse("two", &notice).collect::<Vec<_>>(), ids);
        assert_eq!(parse("one", &notice).count(), 0);
        assert_eq!(parse("two", "rubbish").count() + parse("two", "one|,,x").count(), 0);
    }
}
