//! PostgreSQL's writer: a task with one transaction open at a time.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::error::Elapsed;

use super::group::settle;
use super::{Desk, Message, QUEUE_MAX, Queue, Taken};
use crate::audit::Filing;
use crate::fault::Fault;
use crate::session::{Postgres, Session, postgres_fault};
use crate::witness::Witness;

pub(crate) fn start(desk: Arc<Desk>, pool: PgPool, witness: Option<Witness>, tasks: &mut JoinSet<()>) -> Queue {
    let (sender, queue) = mpsc::channel(QUEUE_MAX);
    tasks.spawn(run(desk, pool, witness, queue));
    Queue::Task(sender)
}

/// The witness is written here, between transactions: some hundred octets that wait for no disk.
async fn run(desk: Arc<Desk>, pool: PgPool, mut witness: Option<Witness>, mut queue: mpsc::Receiver<Message>) {
    let mut filing = Filing::default();
    loop {
        let Ok(first) = next(&mut queue, witness.as_ref().and_then(Witness::due)).await else {
            witness.iter_mut().for_each(Witness::write);
            continue;
        };
        let Some(first) = first else { break };
        let taken = Taken::from(first, || queue.try_recv().ok());
        match connect(&pool).await {
            Ok(mut session) => {
                let head = settle(&mut session, &desk, taken.jobs).await;
                if let Some(head) = head {
                    witness.iter_mut().for_each(|witness| witness.note(&desk.node, &head));
                    filing.turn(&mut session, &desk, head.sequence).await;
                }
            }
            Err(fault) => taken.jobs.into_iter().for_each(|job| job.answer(Err(fault.clone()))),
        }
        if taken.is_last {
            break;
        }
    }
    witness.iter_mut().for_each(Witness::write);
}

/// What comes next, or that nothing came in this time.
async fn next(queue: &mut mpsc::Receiver<Message>, within: Option<Duration>) -> Result<Option<Message>, Elapsed> {
    match within {
        None => Ok(queue.recv().await),
        Some(within) => tokio::time::timeout(within, queue.recv()).await,
    }
}

pub(crate) async fn connect(pool: &PgPool) -> Result<Session, Fault> {
    let connection = pool.acquire().await.map_err(postgres_fault)?;
    Ok(Session::Postgres(Box::new(Postgres::new(connection))))
}
