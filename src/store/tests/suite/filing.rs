//! The audit log by person: the same lines before, while and after they are filed.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;
use vestibule_engine::{AuditEvent, AuditLine, AuditRecord, Store, Timestamp, UserId};

use super::on_both;
use crate::audit::{Hash, Head, WAITING_MAX, link};
use crate::keyring::{hex, unhex};
use crate::tests::places::*;
use crate::{Handle, Opening, ProblemKind};

on_both!(
    a_history_is_the_same_before_and_after_it_is_filed,
    lines_of_a_node_that_is_gone_are_filed_too,
    a_log_of_an_older_version_is_filed_at_once,
    what_is_filed_for_somebody_else_is_found_and_shown_to_nobody,
    a_line_that_is_not_where_it_is_said_to_be_filed_is_found,
    what_is_filed_beside_the_lines_takes_their_place_from_nobody_and_is_found,
);

const TOGETHER: usize = 1_000;
/// Lines after that are a day later than the first: there are two a second.
const A_DAY: usize = 180_000;
/// Groups of changes that see a whole pass to its end.
const TURNS: u32 = 64;

/// A line about somebody; which one, is in its time.
fn about(user: UserId, number: usize) -> AuditRecord {
    let AuditRecord { event: AuditEvent::LoginDecided(mut decision), .. } = decision(attempt_id(), Some(user)) else {
        panic!("no decision")
    };
    decision.took = u64::try_from(number).unwrap();
    AuditRecord::new(after(decision.took / 2), AuditEvent::LoginDecided(decision))
}

/// Lines with these numbers about these people, in turn.
async fn with_lines(store: &Handle, users: &[UserId], numbers: Range<usize>) {
    let records: Vec<_> = users.iter().cycle().zip(numbers).map(|(user, number)| about(*user, number)).collect();
    for some in records.chunks(TOGETHER) {
        store.record(some.to_vec()).await.unwrap();
    }
}

async fn turns(store: &Handle) {
    for number in 0..TURNS {
        let event = AuditEvent::ConfigRefused { problems: number };
        store.record(vec![AuditRecord::new(after(110_000), event)]).await.unwrap();
    }
}

/// A line: when, whose, which, and the hash that stands for all it says.
type Seen = (Timestamp, String, u64, String);

fn seen(lines: Vec<AuditLine>) -> Vec<Seen> {
    lines.into_iter().map(|line| (line.record.at, line.node, line.sequence, line.hash)).collect()
}

async fn history(store: &Handle, user: UserId) -> Vec<Seen> {
    seen(store.audit_tail(1_000_000, Some(user)).await.unwrap())
}

/// Which lines are filed.
fn filed(place: &Place) -> i64 {
    place.number("SELECT COUNT(*) FROM audit_by_user")
}

fn people() -> Vec<UserId> {
    (0..7).map(|_| UserId(Uuid::new_v4())).collect()
}

async fn a_history_is_the_same_before_and_after_it_is_filed(place: &Place) {
    let (store, people) = (place.open().await, people());
    let lines = usize::try_from(WAITING_MAX).unwrap();
    with_lines(&store, &people, 0..lines - 1).await;
    turns(&store).await;
    assert_eq!(filed(place), 0, "too few wait, but for those that are about nobody");
    let before = history(&store, people[3]).await;
    assert_eq!(before.len(), (lines - 1 - 3).div_ceil(7));
    assert!(before.is_sorted());

    // In the middle of the pass, by a process that ends there.
    with_lines(&store, &people, lines..lines + 14 * TOGETHER).await;
    let middle = history(&store, people[3]).await;
    let some = filed(place);
    assert!(some > 0 && some < 30_000, "{some}");
    assert_eq!(middle.len(), before.len() + 2 * TOGETHER);
    assert!(middle.starts_with(&before));
    store.close().await;
    let store = place.open().await;
    assert!(history(&store, people[3]).await == middle);

    turns(&store).await;
    assert!(filed(place) > some);
    assert!(history(&store, people[3]).await == middle);
    let newest = seen(store.audit_tail(5, Some(people[3])).await.unwrap());
    assert!(newest.len() == 5 && middle.ends_with(&newest));
    let verified = store.audit_verify().await.unwrap();
    assert_eq!(verified.problem, None);

    // What comes after it is found as well.
    with_lines(&store, &people[3..4], 99_000..99_002).await;
    assert_eq!(history(&store, people[3]).await.len(), middle.len() + 2);
    assert!(history(&store, UserId(Uuid::new_v4())).await.is_empty());
}

async fn lines_of_a_node_that_is_gone_are_filed_too(place: &Place) {
    let people = people();
    let gone = place.open_as("gone").await;
    with_lines(&gone, &people, 0..2 * TOGETHER).await;
    gone.close().await;
    let there = place.open_as("there").await;
    with_lines(&there, &people, A_DAY..A_DAY + 100).await;
    let store = place.open().await;
    with_lines(&store, &people, A_DAY..A_DAY + usize::try_from(WAITING_MAX).unwrap()).await;
    let filed_of = |node: &str| place.number(&format!("SELECT filed FROM audit_heads WHERE node = '{node}'"));
    turns(&store).await;
    assert_eq!((filed_of("gone"), filed_of("there")), (2_000, 0), "who is there files its own");
    let history = history(&store, people[0]).await;
    assert_eq!(history.iter().filter(|(_, node, ..)| node == "gone").count(), (2 * TOGETHER).div_ceil(7));
    assert_eq!(store.audit_verify().await.unwrap().problem, None);
}

async fn a_log_of_an_older_version_is_filed_at_once(place: &Place) {
    let (store, people) = (place.open().await, people());
    with_lines(&store, &people, 0..100).await;
    let before = history(&store, people[0]).await;
    store.close().await;
    place.meddle(OLDER);
    let store = place.try_open(keyring(1), NODE, Opening::Existing).await.unwrap();
    assert_eq!((filed(place), place.number("SELECT filed FROM audit_heads")), (100, 100));
    with_lines(&store, &people[..1], 200..201).await;
    assert!(history(&store, people[0]).await.starts_with(&before));
    assert_eq!(history(&store, people[0]).await.len(), before.len() + 1);
    assert_eq!(store.audit_verify().await.unwrap().problem, None);
}

/// Makes of a database one of the version before.
const OLDER: &str = "DROP TABLE audit_by_user; ALTER TABLE audit_heads DROP COLUMN filed; \
                     CREATE INDEX audit_user ON audit (user_id, at) WHERE user_id IS NOT NULL; \
                     UPDATE meta SET value = '2' WHERE name = 'schema'";

/// On a server, gateways of the older version may run meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_postgres_a_line_that_is_written_while_the_log_is_filed_is_not_lost() {
    let Some(place) = Place::server().await.map(Arc::new) else { return };
    let (store, user) = (place.open().await, UserId(Uuid::new_v4()));
    with_lines(&store, &[user], 0..10).await;
    let (deployment, last) = (store.deployment().to_owned(), store.audit_from(NODE, 10, 1).await.unwrap().remove(0));
    store.close().await;
    place.meddle(OLDER);
    // The next line, as a gateway writes it: its end is locked first, and the line comes a moment later.
    let record = serde_json::to_string(&about(user, 10)).unwrap();
    let previous: Hash = unhex(&last.hash).unwrap().try_into().unwrap();
    let head = Head { sequence: 11, hash: link(&previous, 11, NODE, &record) };
    let blob = |octets: &[u8]| format!("'\\x{}'", hex(octets));
    let (hash, signature) = (blob(&head.hash), blob(&head.sign(&keyring(1), &deployment, NODE)));
    let sql = format!(
        "BEGIN; SELECT sequence FROM audit_heads FOR UPDATE; SELECT pg_sleep(1.5); \
         INSERT INTO audit (node, sequence, at, event, user_id, record, previous, hash) \
         VALUES ('{NODE}', 11, {}, 'login.decided', '{user}', '{record}', {}, {hash}); \
         UPDATE audit_heads SET sequence = 11, hash = {hash}, signature = {signature}; COMMIT",
        about(user, 10).at.0,
        blob(&previous),
    );
    let older = tokio::task::spawn_blocking({
        let place = Arc::clone(&place);
        move || place.meddle(&sql)
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let store = place.try_open(keyring(1), NODE, Opening::Existing).await.unwrap();
    older.await.unwrap();
    assert_eq!(place.number("SELECT filed FROM audit_heads"), 11);
    assert_eq!(history(&store, user).await.len(), 11);
    assert_eq!(store.audit_verify().await.unwrap().problem, None);
}

/// A store in which all lines are filed.
async fn all_filed(place: &Place, people: &[UserId]) -> Arc<Handle> {
    let store = place.open().await;
    with_lines(&store, people, 0..100).await;
    place.meddle(
        "INSERT INTO audit_by_user SELECT user_id, at, node, sequence FROM audit; UPDATE audit_heads SET filed = 100",
    );
    assert_eq!(store.audit_verify().await.unwrap().problem, None);
    store
}

async fn misfiled(store: &Handle) {
    let problem = store.audit_verify().await.unwrap().problem.expect("a problem");
    assert_eq!((problem.sequence, problem.kind), (100, ProblemKind::Misfiled));
    assert_eq!(problem.to_string(), "what people see of the lines of node one up to 100 was changed");
}

async fn what_is_filed_for_somebody_else_is_found_and_shown_to_nobody(place: &Place) {
    let people = people();
    let store = all_filed(place, &people).await;
    let stranger = UserId(Uuid::new_v4());
    place.meddle(&format!("UPDATE audit_by_user SET user_id = '{stranger}' WHERE sequence = 50"));
    assert!(history(&store, stranger).await.is_empty());
    misfiled(&store).await;
}

async fn a_line_that_is_not_where_it_is_said_to_be_filed_is_found(place: &Place) {
    let people = people();
    let store = all_filed(place, &people).await;
    place.meddle("DELETE FROM audit_by_user WHERE sequence = 50");
    misfiled(&store).await;
    // Nor does another line make up for it.
    place.meddle("INSERT INTO audit_by_user SELECT user_id, at + 1, node, sequence FROM audit WHERE sequence = 49");
    misfiled(&store).await;
}

async fn what_is_filed_beside_the_lines_takes_their_place_from_nobody_and_is_found(place: &Place) {
    let people = people();
    let store = all_filed(place, &people).await;
    let (victim, before) = (people[0], history(&store, people[0]).await);
    // Other people's lines for this one, and their own at other times, all newer than what there is.
    place.meddle(&format!("INSERT INTO audit_by_user SELECT '{victim}', at + 99000000000, node, sequence FROM audit"));
    assert!(history(&store, victim).await == before);
    let newest = seen(store.audit_tail(5, Some(victim)).await.unwrap());
    assert!(newest.len() == 5 && before.ends_with(&newest));
    let problem = store.audit_verify().await.unwrap().problem.expect("a problem");
    assert_eq!(problem.kind, ProblemKind::Misfiled);
}
