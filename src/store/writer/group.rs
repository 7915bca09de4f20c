//! One transaction for many changes. Where a group fails because of one of them, each is tried alone.

use std::collections::HashSet;

use vestibule_engine::{AuditEvent, AuditRecord, Bell, Committed, Transition};

use super::{Desk, Job};
use crate::audit::{Chain, Head};
use crate::book::Book;
use crate::change::{Change, Order, Outcome};
use crate::fault::Fault;
use crate::listener;
use crate::session::Session;

/// How often a change is tried that clashed with another node's. Each time it sees what the other did.
const TRIES_MAX: u32 = 5;

/// Bells in one notice: PostgreSQL takes 8,000 octets, a bell and its comma are 34.
const BELLS_A_NOTICE: usize = 200;

/// Carry out what was taken from the queue, in its order. Returns the end of our chain, if it moved.
pub(super) async fn settle(session: &mut Session, desk: &Desk, jobs: Vec<Job>) -> Option<Head> {
    let mut head = None;
    let mut group = Vec::new();
    for job in jobs {
        if job.order.change.is_grouped() {
            group.push(job);
            continue;
        }
        head = settle_group(session, desk, std::mem::take(&mut group)).await.or(head);
        head = settle_group(session, desk, vec![job]).await.or(head);
    }
    settle_group(session, desk, group).await.or(head)
}

async fn settle_group(session: &mut Session, desk: &Desk, jobs: Vec<Job>) -> Option<Head> {
    if jobs.is_empty() {
        return None;
    }
    match transact(session, desk, &jobs).await {
        Ok(settled) => Some(settled.tell(desk, jobs)),
        // One of them may be the reason, and the others must not suffer for it.
        Err(fault) if matches!(fault, Fault::Clash(_)) || matches!(fault, Fault::Damaged(_)) && jobs.len() > 1 => {
            let mut head = None;
            for job in jobs {
                head = settle_alone(session, desk, job).await.or(head);
            }
            head
        }
        Err(fault) => {
            desk.note(&fault);
            jobs.into_iter().for_each(|job| job.answer(Err(fault.clone())));
            None
        }
    }
}

async fn settle_alone(session: &mut Session, desk: &Desk, job: Job) -> Option<Head> {
    let mut tries = 1;
    loop {
        match transact(session, desk, std::slice::from_ref(&job)).await {
            Ok(settled) => return Some(settled.tell(desk, vec![job])),
            Err(Fault::Clash(_)) if tries < TRIES_MAX => tries += 1,
            Err(fault) => {
                desk.note(&fault);
                job.answer(Err(fault));
                return None;
            }
        }
    }
}

/// A transaction that was committed.
struct Settled {
    outcomes: Vec<Result<Outcome, Fault>>,
    rings: HashSet<Bell>,
    head: Head,
    has_counted: bool,
}

impl Settled {
    fn tell(self, desk: &Desk, jobs: Vec<Job>) -> Head {
        desk.reaches(&self.head);
        // Before anybody hears of it: whoever tries again after an answer is met by what was counted.
        if self.has_counted {
            desk.counted.forget();
        }
        for (job, outcome) in jobs.into_iter().zip(self.outcomes) {
            job.answer(outcome);
        }
        self.rings.into_iter().for_each(|bell| desk.bells.ring(bell));
        self.head
    }
}

async fn transact(session: &mut Session, desk: &Desk, jobs: &[Job]) -> Result<Settled, Fault> {
    desk.check()?;
    let done = match session.begin().await {
        Ok(()) => match inside(session, desk, jobs).await {
            // Where COMMIT itself fails, nobody knows; whoever asked is told that we could not find out.
            Ok(settled) => session.commit().await.map(|()| settled),
            Err(fault) => Err(fault),
        },
        Err(fault) => Err(fault),
    };
    if done.is_err() {
        session.rollback().await;
        // Where COMMIT itself failed, it may stand all the same.
        desk.counted.forget();
    }
    done
}

async fn inside(session: &mut Session, desk: &Desk, jobs: &[Job]) -> Result<Settled, Fault> {
    let mut chain = Chain::read(session, &desk.keyring, &desk.deployment, &desk.node).await?;
    desk.check_end(session, chain.head()).await?;
    let mut rings = HashSet::new();
    let mut has_counted = false;
    let outcomes = match jobs {
        [Job { order, .. }] if !order.change.is_grouped() => {
            has_counted = !matches!(order.change, Change::Adopt(_));
            match order.carry_out(session, desk, &mut chain, &mut rings).await {
                Err(Fault::Refused(why)) => vec![Err(Fault::Refused(why))],
                outcome => vec![Ok(outcome?)],
            }
        }
        _ => {
            let (book, outcomes) = grouped(session, desk, jobs, &mut chain, &mut rings).await?;
            has_counted |= book.has_counted();
            outcomes
        }
    };
    chain.write(session, &desk.keyring, &desk.deployment).await?;
    notify(session, desk, &rings).await?;
    desk.check()?;
    Ok(Settled { outcomes, rings, head: chain.head().clone(), has_counted })
}

async fn grouped(
    session: &mut Session,
    desk: &Desk,
    jobs: &[Job],
    chain: &mut Chain,
    rings: &mut HashSet<Bell>,
) -> Result<(Book, Vec<Result<Outcome, Fault>>), Fault> {
    let transitions = jobs.iter().filter_map(|job| transition(&job.order));
    let users = jobs.iter().filter_map(|job| job.order.change.needs_user());
    let mut book = Book::load(session, desk, transitions, users).await?;
    let mut outcomes = Vec::with_capacity(jobs.len());
    for job in jobs {
        outcomes.push(match &job.order.change {
            Change::Record(records) => {
                records.iter().try_for_each(|record| chain.append(record))?;
                Ok(Outcome::Done)
            }
            Change::Transition(transition) => take(&mut book, transition, desk, chain)?,
            // Its turn comes below.
            _ => Ok(Outcome::Done),
        });
    }
    book.write(session, &desk.keyring, chain).await?;
    rings.extend(book.rings());
    let mut single: Vec<_> = jobs
        .iter()
        .zip(&mut outcomes)
        .filter_map(|(job, outcome)| job.order.change.row().map(|row| (row, &job.order, outcome)))
        .collect();
    single.sort_by(|one, other| one.0.cmp(&other.0));
    for (_, order, outcome) in single {
        *outcome = touch(session, desk, order, &book, chain, rings).await?;
    }
    Ok((book, outcomes))
}

/// A change of one row that no login reads, beside those of logins.
async fn touch(
    session: &mut Session,
    desk: &Desk,
    order: &Order,
    book: &Book,
    chain: &mut Chain,
    rings: &mut HashSet<Bell>,
) -> Result<Result<Outcome, Fault>, Fault> {
    if let Some(user) = order.change.needs_user().filter(|user| !book.is_enabled(*user)) {
        return Ok(Fault::refused(format!("the user {user} is disabled or gone")));
    }
    match order.carry_out(session, desk, chain, rings).await {
        // It changed nothing.
        Err(Fault::Refused(why)) => Ok(Err(Fault::Refused(why))),
        outcome => outcome.map(Ok),
    }
}

fn transition(order: &Order) -> Option<&Transition> {
    match &order.change {
        Change::Transition(transition) => Some(transition),
        _ => None,
    }
}

fn take(
    book: &mut Book,
    transition: &Transition,
    desk: &Desk,
    chain: &mut Chain,
) -> Result<Result<Outcome, Fault>, Fault> {
    let committed = match book.apply(transition, &desk.keyring) {
        Ok(committed) => committed,
        // It changed nothing: a row that does not open is the trouble of this one alone.
        Err(fault) => return Ok(Err(fault)),
    };
    if let Committed::Done { locked } = &committed {
        transition.audit.iter().try_for_each(|record| chain.append(record))?;
        for (key, until) in locked {
            let event = AuditEvent::LockStarted { counter: key.0.clone(), until: *until };
            chain.append(&AuditRecord::new(transition.now, event))?;
        }
    }
    Ok(Ok(Outcome::Committed(committed)))
}

/// Wake those who wait on other nodes. The notice leaves with the COMMIT.
async fn notify(session: &mut Session, desk: &Desk, rings: &HashSet<Bell>) -> Result<(), Fault> {
    if !session.is_postgres() {
        return Ok(());
    }
    // With our mark, so that we do not wake ourselves twice.
    let bells: Vec<_> = rings.iter().copied().collect();
    for bells in bells.chunks(BELLS_A_NOTICE) {
        let notice = listener::notice(&desk.process, bells);
        session.query("SELECT pg_notify('vestibule_bells', $1)", &[(&notice).into()]).await?;
    }
    Ok(())
}
