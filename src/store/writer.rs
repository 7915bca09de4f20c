//! The one place that changes anything: takes what has queued up, carries it out in one transaction, and answers after
//! its COMMIT (LOG-05).

mod group;
mod task;
mod thread;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};

use tokio::sync::oneshot;
use uuid::Uuid;
use vestibule_engine::{Bells, StoreError};

use crate::audit::{self, Head};
use crate::change::{Order, Outcome};
use crate::counted::Counted;
use crate::fault::Fault;
use crate::guard::Guard;
use crate::keyring::Keyring;
use crate::session::Session;

pub(crate) use task::{connect, start as start_task};
pub(crate) use thread::{at_once, start as start_thread};

/// Changes that may wait. Beyond it a login is refused at once instead of later: at some thousand a second, this many
/// is about a second's worth.
pub(crate) const QUEUE_MAX: usize = 4096;
/// Changes in one transaction: enough to share the wait for the disk, few enough that nobody waits long behind them.
const GROUP_MAX: usize = 256;

/// What every part of the store knows.
pub(crate) struct Desk {
    pub(crate) keyring: Keyring,
    pub(crate) deployment: String,
    pub(crate) node: String,
    /// By which other processes of the same name are told from this one.
    pub(crate) process: String,
    pub(crate) bells: Bells,
    pub(crate) guard: Option<Guard>,
    /// What counters said a moment ago.
    pub(crate) counted: Counted,
    /// How far our chain had come: it never goes back while we run.
    reached: Mutex<Option<Head>>,
    /// A write was lost on its way to the disk: nothing is written any more until somebody has looked.
    suspect: AtomicBool,
    /// Rows that somebody else wrote, as often as they were met.
    unproven: AtomicU64,
}

impl Desk {
    pub(crate) fn new(keyring: Keyring, deployment: String, node: String, guard: Option<Guard>) -> Self {
        Self {
            keyring,
            deployment,
            node,
            process: Uuid::new_v4().simple().to_string(),
            bells: Bells::default(),
            guard,
            counted: Counted::default(),
            reached: Mutex::default(),
            suspect: AtomicBool::new(false),
            unproven: AtomicU64::new(0),
        }
    }

    /// Refuse to go on where the database is not what was opened.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        if self.suspect.load(Ordering::Relaxed) {
            return Err(Fault::damaged(
                "an earlier write did not reach the disk: check the disk, then restart the gateway",
            ));
        }
        self.guard.as_ref().map_or(Ok(()), Guard::check)
    }

    /// An end that was signed once can be put back by whoever kept it. What we wrote last must still be there.
    async fn check_end(&self, session: &mut Session, found: &Head) -> Result<(), Fault> {
        let Some(reached) = self.reached.lock().unwrap_or_else(PoisonError::into_inner).clone() else { return Ok(()) };
        if *found == reached || audit::holds(session, &self.node, &reached).await? {
            return Ok(());
        }
        Err(Fault::damaged("the end of the audit log was cut off or put back while we run: restart after a restore"))
    }

    fn reaches(&self, head: &Head) {
        *self.reached.lock().unwrap_or_else(PoisonError::into_inner) = Some(head.clone());
    }

    /// A row was met that we did not write. Told the first, second, fourth, eighth... time: whoever logs in may repeat it
    /// as often as they like.
    pub(crate) fn note_unproven(&self) {
        let times = self.unproven.fetch_add(1, Ordering::Relaxed) + 1;
        if times.is_power_of_two() {
            tracing::warn!(
                times,
                "A remembered station in the database was not written by us and is not believed: look who else can \
                 write to the database"
            );
        }
    }

    pub(crate) fn note(&self, fault: &Fault) {
        if matches!(fault, Fault::Unsure(_)) && !self.suspect.swap(true, Ordering::Relaxed) {
            tracing::error!(error = %fault, "A write did not reach the disk; nothing more is written until a restart");
        }
    }
}

/// Who waits for a change.
pub(crate) struct Job {
    order: Order,
    answer: oneshot::Sender<Result<Outcome, Fault>>,
}

impl Job {
    fn answer(self, with: Result<Outcome, Fault>) {
        // Whoever asked may have gone; the change stands all the same.
        drop(self.answer.send(with));
    }
}

pub(crate) enum Message {
    Job(Box<Job>),
    /// Finish what came before this, and stop.
    Stop,
}

/// The way to the writer.
pub(crate) enum Queue {
    Thread(mpsc::SyncSender<Message>),
    Task(tokio::sync::mpsc::Sender<Message>),
}

impl Queue {
    fn send(&self, message: Message) -> Result<(), Fault> {
        let is_full = match self {
            Self::Thread(queue) => match queue.try_send(message) {
                Ok(()) => return Ok(()),
                Err(error) => matches!(error, mpsc::TrySendError::Full(_)),
            },
            Self::Task(queue) => match queue.try_send(message) {
                Ok(()) => return Ok(()),
                Err(error) => matches!(error, tokio::sync::mpsc::error::TrySendError::Full(_)),
            },
        };
        Err(Fault::unavailable(if is_full {
            format!("more than {QUEUE_MAX} changes wait for the database")
        } else {
            "the store is closed".to_owned()
        }))
    }

    pub(crate) async fn carry_out(&self, doing: &str, order: Order) -> Result<Outcome, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.send(Message::Job(Box::new(Job { order, answer }))).map_err(|fault| fault.while_doing(doing))?;
        let answered = answered.await.unwrap_or_else(|_| Err(Fault::unavailable("the store was closed")));
        answered.map_err(|fault| fault.while_doing(doing))
    }

    pub(crate) fn stop(&self) {
        // A full queue or a writer that has stopped: either way nothing new is taken after this one is dropped.
        drop(self.send(Message::Stop));
    }
}

/// What a writer took from its queue at once.
struct Taken {
    jobs: Vec<Job>,
    is_last: bool,
}

impl Taken {
    /// The first message, and whatever else is there already.
    fn from(first: Message, mut next: impl FnMut() -> Option<Message>) -> Self {
        let mut taken = Self { jobs: Vec::new(), is_last: false };
        let mut message = Some(first);
        while let Some(Message::Job(job)) = message {
            taken.jobs.push(*job);
            message = if taken.jobs.len() < GROUP_MAX { next() } else { None };
        }
        taken.is_last = matches!(message, Some(Message::Stop));
        taken
    }
}
