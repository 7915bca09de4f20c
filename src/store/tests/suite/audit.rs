//! The audit log, and every way to meddle with it (LOG-04).

use std::sync::Arc;

use vestibule_engine::{AuditEvent, AuditRecord, Store, StoreError};

use super::on_both;
use crate::tests::places::*;
use crate::{Handle, Problem, ProblemKind};

on_both!(
    the_log_holds_what_was_recorded_in_its_order,
    records_of_parallel_logins_form_one_chain,
    the_chain_goes_on_after_a_restart,
    an_edited_line_is_found,
    an_edited_line_with_its_hash_made_right_is_found,
    a_line_shown_for_another_user_is_found,
    a_missing_line_is_found,
    two_lines_in_each_others_place_are_found,
    a_cut_end_is_found,
    a_chain_written_anew_is_found,
    a_log_without_its_end_is_found,
    nothing_more_is_written_behind_a_forged_end,
);

fn started(number: u32) -> AuditRecord {
    AuditRecord::new(after(number.into()), AuditEvent::ConfigRefused { problems: number })
}

/// A store whose log has seven lines.
async fn with_lines(place: &Place) -> Arc<Handle> {
    let store = place.open().await;
    for number in 1..=7 {
        store.record(vec![started(number)]).await.unwrap();
    }
    let verified = store.audit_verify().await.unwrap();
    assert_eq!((verified.lines, verified.nodes, verified.problem), (7, 1, None));
    store
}

async fn found(store: &Handle) -> Problem {
    store.audit_verify().await.unwrap().problem.expect("a problem")
}

fn at(sequence: u64, kind: ProblemKind) -> Problem {
    Problem { node: NODE.into(), sequence, kind }
}

async fn the_log_holds_what_was_recorded_in_its_order(place: &Place) {
    let store = with_lines(place).await;
    store.record(vec![started(8), started(9)]).await.unwrap();
    store.record(Vec::new()).await.unwrap();
    let lines = store.audit_from(NODE, 3, 2).await.unwrap();
    assert_eq!(lines.iter().map(|line| line.sequence).collect::<Vec<_>>(), [3, 4]);
    assert_eq!(lines[0].node, NODE);
    assert!(matches!(lines[0].record.event, AuditEvent::ConfigRefused { problems: 3 }));
    let tail = store.audit_tail(4, None).await.unwrap();
    assert_eq!(tail.iter().map(|line| line.sequence).collect::<Vec<_>>(), [6, 7, 8, 9]);
    assert_eq!(store.audit_nodes().await.unwrap(), [NODE]);
    let mut exported = Vec::new();
    store
        .audit_export(|line| {
            exported.push(line.hash.clone());
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(exported.len(), 9);
    let full = store.audit_export(|_| Err(std::io::Error::other("no paper"))).await.unwrap_err();
    assert!(matches!(full, StoreError::Unavailable { .. }));
}

async fn records_of_parallel_logins_form_one_chain(place: &Place) {
    let store = place.open().await;
    let mut logins = tokio::task::JoinSet::new();
    for number in 0..300 {
        let store = store.clone();
        logins.spawn(async move {
            if number % 3 == 0 {
                store.record(vec![started(number)]).await.unwrap();
            } else {
                assert!(is_done(&store.commit(decided(None)).await.unwrap()));
            }
        });
    }
    logins.join_all().await;
    let verified = store.audit_verify().await.unwrap();
    assert_eq!((verified.lines, verified.problem), (300, None));
}

async fn the_chain_goes_on_after_a_restart(place: &Place) {
    let store = with_lines(place).await;
    store.close().await;
    let late = store.record(vec![started(8)]).await.unwrap_err();
    assert!(matches!(late, StoreError::Unavailable { .. }));
    let store = place.open().await;
    store.record(vec![started(8)]).await.unwrap();
    assert_eq!(store.audit_from(NODE, 8, 10).await.unwrap().len(), 1);
    assert!(store.audit_verify().await.unwrap().problem.is_none());
}

async fn an_edited_line_is_found(place: &Place) {
    let store = with_lines(place).await;
    place.meddle("UPDATE audit SET record = REPLACE(record, '\"problems\":4', '\"problems\":0') WHERE sequence = 4");
    let problem = found(&store).await;
    assert_eq!(problem, at(4, ProblemKind::Edit));
    assert_eq!(problem.to_string(), "line 4 of node one was edited");
}

async fn an_edited_line_with_its_hash_made_right_is_found(place: &Place) {
    let store = with_lines(place).await;
    let forged = store.audit_from(NODE, 4, 1).await.unwrap()[0].clone();
    let before = crate::keyring::unhex(&store.audit_from(NODE, 3, 1).await.unwrap()[0].hash).unwrap();
    let record = serde_json::to_string(&forged.record).unwrap().replace("\"problems\":4", "\"problems\":0");
    let hash = crate::audit::link(&before.try_into().unwrap(), 4, NODE, &record);
    let (hash, prefix) = (crate::keyring::hex(&hash), if matches!(place, Place::File(_)) { "X'" } else { "'\\x" });
    place.meddle(&format!("UPDATE audit SET record = '{record}', hash = {prefix}{hash}' WHERE sequence = 4"));
    assert_eq!(found(&store).await, at(4, ProblemKind::Edit));
}

async fn a_line_shown_for_another_user_is_found(place: &Place) {
    let store = with_lines(place).await;
    place.meddle("UPDATE audit SET user_id = 'somebody' WHERE sequence = 2");
    assert_eq!(found(&store).await, at(2, ProblemKind::Edit));
}

async fn a_missing_line_is_found(place: &Place) {
    let store = with_lines(place).await;
    place.meddle("DELETE FROM audit WHERE sequence = 3");
    assert_eq!(found(&store).await, at(3, ProblemKind::Gap));
}

async fn two_lines_in_each_others_place_are_found(place: &Place) {
    let store = with_lines(place).await;
    place.meddle(
        "UPDATE audit SET sequence = 99 WHERE sequence = 2; UPDATE audit SET sequence = 2 WHERE sequence = 5; \
         UPDATE audit SET sequence = 5 WHERE sequence = 99",
    );
    assert_eq!(found(&store).await, at(2, ProblemKind::Reordering));
}

async fn a_cut_end_is_found(place: &Place) {
    let store = with_lines(place).await;
    place.meddle("DELETE FROM audit WHERE sequence > 5");
    assert_eq!(found(&store).await, at(6, ProblemKind::TruncatedTail));
    // With the end moved back, it is not signed any more.
    place.meddle("UPDATE audit_heads SET sequence = 5, hash = (SELECT a.hash FROM audit a WHERE a.sequence = 5)");
    assert_eq!(found(&store).await, at(5, ProblemKind::HeadMismatch));
}

async fn a_chain_written_anew_is_found(place: &Place) {
    let store = with_lines(place).await;
    let mut head = crate::audit::Head::before_first(store.deployment(), NODE);
    let prefix = if matches!(place, Place::File(_)) { "X'" } else { "'\\x" };
    let cell = |hash: &[u8]| format!("{prefix}{}'", crate::keyring::hex(hash));
    for number in 1..=7_i64 {
        let record = serde_json::to_string(&started(0)).unwrap();
        let hash = crate::audit::link(&head.hash, number, NODE, &record);
        place.meddle(&format!(
            "UPDATE audit SET record = '{record}', at = {}, previous = {}, hash = {} WHERE sequence = {number}",
            after(0).0,
            cell(&head.hash),
            cell(&hash)
        ));
        head = crate::audit::Head { sequence: number, hash };
    }
    place.meddle(&format!("UPDATE audit_heads SET hash = {}", cell(&head.hash)));
    assert_eq!(found(&store).await, at(7, ProblemKind::HeadMismatch));
}

async fn a_log_without_its_end_is_found(place: &Place) {
    let store = with_lines(place).await;
    place.meddle("DELETE FROM audit_heads");
    assert_eq!(found(&store).await, at(0, ProblemKind::HeadMismatch));
    store.close().await;
    assert!(place.try_open(keyring(1), NODE, crate::Opening::Existing).await.is_err());
}

async fn nothing_more_is_written_behind_a_forged_end(place: &Place) {
    let store = with_lines(place).await;
    place.meddle("UPDATE audit_heads SET sequence = 5");
    let refused = store.commit(decided(None)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Damaged { .. }), "{refused:?}");
}
