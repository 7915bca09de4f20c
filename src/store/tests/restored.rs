//! A database that was restored from a backup: what was spent since stays spent (OPS-09, I3).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use vestibule_engine::{Method, Spend, Store, Timestamp, TokenKind, Transition, TrustEntry, TrustId};

use super::places::*;
use crate::guard::beside;
use crate::{Handle, Opening, StoreSettings, open};

fn wall_clock() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "the witness file's time is the file system's, so is this test's")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp(i64::try_from(now.as_micros()).unwrap())
}

async fn opened(place: &Place, now: Timestamp) -> Arc<Handle> {
    open(place.settings(), keyring(1), NODE, Opening::Existing, now).await.unwrap()
}

fn put_back(backup: &Path, place: &Place) {
    for suffix in ["-wal", "-shm"] {
        std::fs::remove_file(beside(&place.path(), suffix)).ok();
    }
    std::fs::copy(backup, place.path()).unwrap();
}

async fn backed_up(place: &Place, store: &Handle) -> PathBuf {
    let backup = place.path().with_extension("backup");
    store.backup(&backup).await.unwrap();
    backup
}

#[tokio::test]
async fn what_was_used_since_the_backup_is_not_taken_again() {
    let place = Place::file();
    let store = place.open().await;
    let user = alice(&store).await;
    let phone = enrolled(&store, user.id, Method::Totp).await;
    let codes = enrolled(&store, user.id, Method::RecoveryCode).await;
    let invitation = enrolled(&store, user.id, Method::Invitation).await;
    let push = enrolled(&store, user.id, Method::Push).await;
    let station = vestibule_engine::Station::parse("laptop").unwrap();
    let (id, service) = (TrustId(uuid::Uuid::new_v4()), "radius/vpn".to_owned());
    let until = Timestamp(i64::MAX);
    let trust = Some(TrustEntry { id, user: user.id, service, station, method: Method::Totp, granted: NOW, until });
    store.commit(Transition { trust, ..decided(Some(user.id)) }).await.unwrap();
    store.put_token(token(TokenKind::Pairing, 1, Some(user.id))).await.unwrap();
    store.put_token(token(TokenKind::Session, 2, Some(user.id))).await.unwrap();
    store.commit(rings(user.id, "radius/vpn", 1, 1)).await.unwrap();
    let backup = backed_up(&place, &store).await;
    let now = wall_clock();
    let login = |spend, now| Transition { spend: vec![spend], now, ..decided(Some(user.id)) };
    assert!(is_done(&store.commit(login(step(phone, 101), now)).await.unwrap()));
    assert!(is_done(&store.commit(login(item(codes, "1"), now)).await.unwrap()));
    store.revoke_trust(id, "admin", now).await.unwrap();
    assert!(is_done(&store.commit(login(item(invitation, "1"), now)).await.unwrap()));
    assert!(store.take_token(TokenKind::Pairing, &[1; 32], NOW).await.unwrap().is_some());
    assert_eq!(store.drop_tokens(user.id, TokenKind::Session).await.unwrap(), 1);
    store.close().await;

    put_back(&backup, &place);
    let store = opened(&place, now).await;
    let told = store.audit_tail(1, None).await.unwrap();
    assert_eq!(
        serde_json::to_value(&told[0].record.event).unwrap(),
        serde_json::json!({"event": "store.restored", "missing": 4})
    );
    assert!(!is_done(&store.commit(login(step(phone, 101), now)).await.unwrap()), "a code used since");
    assert!(store.trust_entries(None, now).await.unwrap().is_empty(), "a station forgotten since");
    assert!(store.take_token(TokenKind::Pairing, &[1; 32], NOW).await.unwrap().is_none(), "a pairing used since");
    assert!(store.token(TokenKind::Session, &[2; 32], NOW).await.unwrap().is_none(), "a session ended since");
    assert!(store.ringing(user.id, NOW).await.unwrap().is_empty(), "a login decided since");

    let answered = Spend::Attempt { authenticator: push };
    assert!(is_done(&store.commit(login(answered, now)).await.unwrap()), "a phone has nothing that was used");

    // An authenticator that runs twenty minutes ahead still shows a code of then.
    let soon = now.after(std::time::Duration::from_secs(22 * 60));
    assert!(!is_done(&store.commit(login(step(phone, 114), soon)).await.unwrap()));

    // Codes are good again when those that were right then have run out; recovery codes are not, until issued anew.
    let later = now.after(std::time::Duration::from_secs(23 * 60));
    assert!(is_done(&store.commit(login(step(phone, 114), later)).await.unwrap()));
    for number in ["1", "2"] {
        assert!(!is_done(&store.commit(login(item(codes, number), later)).await.unwrap()));
    }
    assert!(!is_done(&store.commit(login(item(invitation, "1"), later)).await.unwrap()), "an invitation");
    let anew = enrolled(&store, user.id, Method::RecoveryCode).await;
    assert!(is_done(&store.commit(login(item(anew, "1"), later)).await.unwrap()));
    store.close().await;

    // It was told once; from here on the history is this one.
    let store = opened(&place, later).await;
    let told = store.audit_tail(100, None).await.unwrap();
    assert_eq!(told.iter().filter(|line| line.record.event.id() == "store.restored").count(), 1);
    assert!(store.audit_verify().await.unwrap().problem.is_none());
    store.close().await;
}

async fn opened_with(place: &Place, folder: &Path, node: &str, now: Timestamp) -> Arc<Handle> {
    let mut settings = place.settings();
    if let StoreSettings::Postgres(postgres) = &mut settings {
        postgres.witness_folder = Some(folder.to_owned());
    }
    open(settings, keyring(1), node, Opening::Create, now).await.unwrap()
}

/// OPS-09
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_gateway_notices_a_postgres_that_was_restored() {
    let Some(place) = Place::server().await else { return };
    let Place::Server(server, database) = &place else { panic!("not a server") };
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let now = wall_clock();
    let both = async |place: &Place| {
        [
            opened_with(place, folders[0].path(), "one", now).await,
            opened_with(place, folders[1].path(), "two", now).await,
        ]
    };
    let close = async |stores: [Arc<Handle>; 2]| {
        for store in stores {
            store.close().await;
        }
    };
    let stores = both(&place).await;
    let user = alice(&stores[0]).await;
    let phone = enrolled(&stores[0], user.id, Method::Totp).await;
    let codes = enrolled(&stores[0], user.id, Method::RecoveryCode).await;
    close(stores).await;
    let backup = format!("{database}_backup");
    server.sql("postgres", &format!("CREATE DATABASE {backup} TEMPLATE {database}")).unwrap();

    let login = |spend, now| Transition { spend: vec![spend], now, ..decided(Some(user.id)) };
    let stores = both(&place).await;
    assert!(is_done(&stores[0].commit(login(step(phone, 101), now)).await.unwrap()));
    assert!(is_done(&stores[1].commit(login(item(codes, "1"), now)).await.unwrap()));
    close(stores).await;
    let stores = both(&place).await;
    let told = stores[0].audit_tail(100, None).await.unwrap();
    assert!(told.iter().all(|line| line.record.event.id() != "store.restored"), "a restart is none");
    close(stores).await;

    // What the backup holds, where the gateways look for their database.
    let restored = Place::Server(server, backup);
    let stores = both(&restored).await;
    for (store, node) in stores.iter().zip(["one", "two"]) {
        let told = store.audit_from(node, 1, 100).await.unwrap();
        assert_eq!(told.last().unwrap().record.event.id(), "store.restored", "{node}");
        assert!(!is_done(&store.commit(login(step(phone, 101), now)).await.unwrap()));
        assert!(!is_done(&store.commit(login(item(codes, "1"), now)).await.unwrap()));
    }
    let later = now.after(std::time::Duration::from_secs(23 * 60));
    assert!(is_done(&stores[0].commit(login(step(phone, 114), later)).await.unwrap()));
    assert!(!is_done(&stores[1].commit(login(item(codes, "2"), later)).await.unwrap()));
    close(stores).await;
    let stores = both(&restored).await;
    let told = stores[0].audit_tail(100, None).await.unwrap();
    assert_eq!(told.iter().filter(|line| line.record.event.id() == "store.restored").count(), 2, "told once by each");
    assert!(stores[0].audit_verify().await.unwrap().problem.is_none());
    close(stores).await;
}

#[tokio::test]
async fn a_backup_that_was_overtaken_by_new_logins_is_noticed_too() {
    let place = Place::file();
    let store = place.open().await;
    store.commit(decided(None)).await.unwrap();
    let backup = backed_up(&place, &store).await;
    store.commit(decided(None)).await.unwrap();
    store.close().await;
    let witness = std::fs::read(beside(&place.path(), ".witness")).unwrap();
    put_back(&backup, &place);
    std::fs::remove_file(beside(&place.path(), ".witness")).unwrap();
    let store = opened(&place, NOW).await;
    for _ in 0..5 {
        store.commit(decided(None)).await.unwrap();
    }
    store.close().await;
    std::fs::write(beside(&place.path(), ".witness"), witness).unwrap();
    let store = opened(&place, NOW).await;
    assert_eq!(store.audit_tail(1, None).await.unwrap()[0].record.event.id(), "store.restored");
    store.close().await;
}

#[tokio::test]
async fn a_restart_or_a_kill_is_not_taken_for_a_restored_backup() {
    let place = Place::file();
    for _ in 0..3 {
        let store = place.open().await;
        for _ in 0..10 {
            store.commit(decided(None)).await.unwrap();
        }
        // Not closed: what is dropped stops without a word, like a process that is killed.
        drop(store);
    }
    let store = place.open().await;
    let told = store.audit_tail(100, None).await.unwrap();
    assert_eq!(told.len(), 30);
    assert!(told.iter().all(|line| line.record.event.id() == "login.decided"));
}

#[tokio::test]
async fn a_forged_witness_is_not_believed() {
    let place = Place::file();
    let store = place.open().await;
    store.commit(decided(None)).await.unwrap();
    store.close().await;
    let path = beside(&place.path(), ".witness");
    let forged = std::fs::read_to_string(&path).unwrap().replace("[1,", "[9,");
    std::fs::write(&path, forged).unwrap();
    let store = opened(&place, NOW).await;
    assert_eq!(store.audit_tail(10, None).await.unwrap().len(), 1);
    store.close().await;
}

#[tokio::test]
async fn lines_that_no_end_covers_are_found() {
    let place = Place::file();
    let store = place.open().await;
    let user = alice(&store).await;
    store.commit(decided(Some(user.id))).await.unwrap();
    for sequence in ["-5", "sequence + 1000"] {
        place.meddle(&format!(
            "INSERT INTO audit SELECT node, {sequence}, at, event, user_id, record, previous, hash FROM audit WHERE sequence = 2"
        ));
    }
    assert_eq!(store.audit_tail(100, None).await.unwrap().len(), 4, "they are shown like the others");
    assert!(store.audit_verify().await.unwrap().problem.is_some());
}

#[tokio::test]
async fn an_old_signed_end_put_back_under_a_running_gateway_is_noticed() {
    let place = Place::file();
    let store = place.open().await;
    store.commit(decided(None)).await.unwrap();
    place.meddle("CREATE TABLE loot AS SELECT * FROM audit_heads");
    for _ in 0..5 {
        store.commit(decided(None)).await.unwrap();
    }
    place.meddle(
        "DELETE FROM audit WHERE sequence > 1; DELETE FROM audit_heads; INSERT INTO audit_heads SELECT * FROM loot; DROP TABLE loot",
    );
    let went_on = store.commit(decided(None)).await;
    assert!(went_on.is_err());
}

#[tokio::test]
async fn a_command_run_by_root_leaves_the_witness_to_the_gateway() {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let place = Place::file();
    let folder = place.path().parent().unwrap().to_owned();
    if chown(&folder, Some(4711), Some(4711)).is_err() {
        println!("not run: only root can give a folder away");
        return;
    }
    place.open().await.close().await;
    let witness = std::fs::metadata(beside(&place.path(), ".witness")).unwrap();
    assert_eq!((witness.uid(), witness.gid(), witness.mode() & 0o777), (4711, 4711, 0o600));
}

#[tokio::test]
async fn a_damaged_witness_is_not_no_witness() {
    let place = Place::file();
    let store = place.open().await;
    let user = alice(&store).await;
    let codes = enrolled(&store, user.id, Method::RecoveryCode).await;
    let backup = backed_up(&place, &store).await;
    let now = wall_clock();
    let login = |spend| Transition { spend: vec![spend], now, ..decided(Some(user.id)) };
    assert!(is_done(&store.commit(login(item(codes, "1"))).await.unwrap()));
    store.close().await;
    put_back(&backup, &place);
    std::fs::write(beside(&place.path(), ".witness"), b"").unwrap();
    let Ok(store) = open(place.settings(), keyring(1), NODE, Opening::Existing, now).await else { return };
    assert!(!is_done(&store.commit(login(item(codes, "1"))).await.unwrap()), "a used recovery code works again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn commands_started_together_all_open() {
    let place = Place::file();
    let store = place.open().await;
    let mut failures = Vec::new();
    for _ in 0..30 {
        let mut set = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let settings = place.settings();
            set.spawn(async move {
                match open(settings, keyring(1), NODE, Opening::Existing, NOW).await {
                    Ok(handle) => {
                        handle.close().await;
                        None
                    }
                    Err(error) => {
                        Some(format!("{error}: {:?}", std::error::Error::source(&error).map(|s| s.to_string())))
                    }
                }
            });
        }
        failures.extend(set.join_all().await.into_iter().flatten());
    }
    drop(store);
    assert!(failures.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_login_does_not_undo_a_disable() {
    let Some(place) = Place::server().await else { return };
    let (one, two) = (place.open().await, place.open_as("two").await);
    let mut undone = 0;
    for round in 0..300 {
        let mut who = person(&format!("p{round}"));
        let user = one.adopt(&who, NOW).await.unwrap();
        who.groups = vec![format!("g{round}")];
        let (adopting, disabling) = tokio::join!(
            one.adopt(&who, NOW),
            two.change_user(user.id, vestibule_engine::UserChange::Enabled(false), "admin", NOW)
        );
        adopting.unwrap();
        disabling.unwrap();
        undone += usize::from(one.user(user.id).await.unwrap().unwrap().enabled);
    }
    assert_eq!(undone, 0);
}

// REC-01
#[tokio::test]
async fn a_new_set_of_recovery_codes_ends_the_old_one_in_the_same_moment() {
    let place = Place::file();
    let store = place.open().await;
    let user = alice(&store).await;
    let old = enrolled(&store, user.id, Method::RecoveryCode).await;
    let new = enrolled(&store, user.id, Method::RecoveryCode).await;
    let held: Vec<_> = store.authenticators(user.id).await.unwrap().into_iter().map(|one| one.id).collect();
    assert_eq!(held, [new]);
    let login = Transition { spend: vec![item(old, "1")], ..decided(Some(user.id)) };
    assert!(!is_done(&store.commit(login).await.unwrap()));
}
