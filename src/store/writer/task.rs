//! PostgreSQL's writer: a task with one transaction open at a time.

use std::sync::Arc;

use sqlx::PgPool;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::group::settle;
use super::{Desk, Message, QUEUE_MAX, Queue, Taken};
use crate::fault::Fault;
use crate::session::{Postgres, Session, postgres_fault};

pub(crate) fn start(desk: Arc<Desk>, pool: PgPool, tasks: &mut JoinSet<()>) -> Queue {
    let (sender, queue) = mpsc::channel(QUEUE_MAX);
    tasks.spawn(run(desk, pool, queue));
    Queue::Task(sender)
}

async fn run(desk: Arc<Desk>, pool: PgPool, mut queue: mpsc::Receiver<Message>) {
    while let Some(first) = queue.recv().await {
        let taken = Taken::from(first, || queue.try_recv().ok());
        match connect(&pool).await {
            Ok(mut session) => {
                settle(&mut session, &desk, taken.jobs).await;
            }
            Err(fault) => taken.jobs.into_iter().for_each(|job| job.answer(Err(fault.clone()))),
        }
        if taken.is_last {
            break;
        }
    }
}

pub(crate) async fn connect(pool: &PgPool) -> Result<Session, Fault> {
    let connection = pool.acquire().await.map_err(postgres_fault)?;
    Ok(Session::Postgres(Box::new(Postgres::new(connection))))
}
