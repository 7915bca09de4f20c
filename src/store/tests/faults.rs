//! What can happen to a database file. Whatever it is, nobody is let in by it (FLT-14 to FLT-17).

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use vestibule_engine::{Method, SecretBytes, Store, StoreError, TokenKind, Transition};

use super::places::*;
use crate::guard::beside;
use crate::{Handle, OpenError, Opening, StoreSettings, open};

async fn with_users() -> (Place, Arc<Handle>) {
    let place = Place::file();
    let store = place.open().await;
    for number in 0..50 {
        let user = store.create_user(new_user(&format!("user{number}")), "admin", NOW).await.unwrap();
        enrolled(&store, user.id, Method::Totp).await;
        let open = Transition { to: Some(open_position(Some(user.id))), ..decided(Some(user.id)) };
        store.commit(open).await.unwrap();
    }
    (place, store)
}

async fn reopened(place: &Place) -> Result<Arc<Handle>, OpenError> {
    place.try_open(keyring(1), NODE, Opening::Existing).await
}

/// OTP-09, LOG-02
#[tokio::test]
async fn no_secret_lies_in_clear_in_any_file() {
    let (place, store) = with_users().await;
    let phone = enrolled(&store, alice(&store).await.id, Method::Push).await;
    store.set_push(phone, Some(SecretBytes::new("canary-push")), NOW).await.unwrap();
    store.put_token(token(TokenKind::Session, 1, None)).await.unwrap();
    store.keep("gateway-key", SecretBytes::new("canary-kept")).await.unwrap();
    let looked_at = |when: &str| {
        let mut files = 0;
        for file in std::fs::read_dir(place.path().parent().unwrap()).unwrap() {
            let octets = std::fs::read(file.unwrap().path()).unwrap();
            for canary in ["canary-seed", "canary-payload", "canary-hash", "canary-push", "canary-token", "canary-kept"]
            {
                assert!(!octets.windows(canary.len()).any(|found| found == canary.as_bytes()), "{canary} {when}");
            }
            files += 1;
        }
        files
    };
    // The database, its log and its index, and the witness.
    assert!(looked_at("while it runs") >= 4);
    store.close().await;
    assert!(looked_at("when it is closed") >= 2);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.path()), 0o600);
    assert_eq!(mode(&beside(&place.path(), ".witness")), 0o600);
}

/// FLT-14
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn while_somebody_else_holds_the_file_reads_go_on_and_logins_are_refused() {
    let (place, store) = with_users().await;
    let other = rusqlite::Connection::open(place.path()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let mut logins = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = store.clone();
        logins.spawn(async move { store.commit(decided(None)).await });
    }
    assert!(store.local_account("user1").await.unwrap().is_some());
    for how in logins.join_all().await {
        assert!(matches!(how, Err(StoreError::Unavailable { .. })), "{how:?}");
    }
    assert!(matches!(reopened(&place).await.unwrap_err(), OpenError::Locked { .. }));
    let lines = audit_lines(&store).await;
    other.execute_batch("COMMIT").unwrap();
    assert!(is_done(&store.commit(decided(None)).await.unwrap()));
    assert_eq!(audit_lines(&store).await, lines + 1);
}

/// The command line beside the daemon.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_on_one_file_write_one_chain_and_nobody_takes_it_for_a_restored_backup() {
    let place = Place::file();
    let stores = [place.open().await, place.open().await];
    let mut logins = tokio::task::JoinSet::new();
    for number in 0..100 {
        let store = stores[number % 2].clone();
        logins.spawn(async move { store.commit(decided(None)).await.unwrap() });
    }
    assert!(logins.join_all().await.iter().all(is_done));
    stores[0].commit(decided(None)).await.unwrap();
    stores[0].close().await;
    stores[1].close().await;
    let store = reopened(&place).await.unwrap();
    let told = store.audit_tail(1000, None).await.unwrap();
    assert_eq!(told.len(), 101);
    assert!(told.iter().all(|line| line.record.event.id() == "login.decided"));
    assert!(store.audit_verify().await.unwrap().problem.is_none());
}

#[tokio::test]
async fn a_file_whose_making_was_cut_short_is_made_after_all() {
    let place = Place::file();
    rusqlite::Connection::open(place.path()).unwrap().execute_batch("PRAGMA journal_mode = WAL").unwrap();
    assert!(matches!(reopened(&place).await.unwrap_err(), OpenError::NotOurs(_)));
    assert!(is_done(&place.open().await.commit(decided(None)).await.unwrap()));
}

/// FLT-16
#[tokio::test]
async fn a_file_with_damaged_pages_is_refused_with_what_to_do() {
    let (place, store) = with_users().await;
    store.close().await;
    let whole = std::fs::read(place.path()).unwrap();
    let mut refused = 0;
    for page in 1..whole.len() / 4096 {
        // The head of a page says where its cells are.
        let mut damaged = whole.clone();
        damaged[page * 4096..page * 4096 + 12].fill(0xA5);
        std::fs::write(place.path(), &damaged).unwrap();
        match reopened(&place).await {
            Err(OpenError::Damaged { place, .. }) => {
                assert!(OpenError::Missing(place).to_string().contains("vestibule.db"));
                refused += 1;
            }
            // A page that nothing is in.
            Ok(store) => store.close().await,
            Err(other) => panic!("page {page}: {other}"),
        }
        std::fs::write(place.path(), &whole).unwrap();
    }
    assert!(refused + 3 >= whole.len() / 4096 - 1, "{refused} of {}", whole.len() / 4096);
    reopened(&place).await.unwrap();
}

/// FLT-16
#[tokio::test]
async fn a_cut_or_foreign_file_is_refused() {
    let (place, store) = with_users().await;
    store.close().await;
    let whole = std::fs::read(place.path()).unwrap();
    for length in [10, 100, 4096, whole.len() / 2, whole.len() - 1] {
        std::fs::write(place.path(), &whole[..length]).unwrap();
        let refused = reopened(&place).await.unwrap_err();
        assert!(matches!(refused, OpenError::Damaged { .. } | OpenError::NotOurs(_)), "{length}: {refused}");
    }
    std::fs::remove_file(place.path()).unwrap();
    rusqlite::Connection::open(place.path()).unwrap().execute_batch("CREATE TABLE notes (text TEXT)").unwrap();
    assert!(matches!(reopened(&place).await.unwrap_err(), OpenError::NotOurs(_)));
    std::fs::write(place.path(), "just a text, but not a short one").unwrap();
    assert!(matches!(reopened(&place).await.unwrap_err(), OpenError::NotOurs(_)));
}

/// FLT-17
#[tokio::test]
async fn nothing_is_made_in_place_of_a_database_that_was_there() {
    for emptied in [false, true] {
        let (place, store) = with_users().await;
        store.close().await;
        std::fs::remove_file(place.path()).unwrap();
        if emptied {
            std::fs::write(place.path(), b"").unwrap();
        }
        for opening in [Opening::Existing, Opening::Create] {
            let refused = place.try_open(keyring(1), NODE, opening).await.unwrap_err();
            assert!(matches!(refused, OpenError::Vanished { .. }), "{refused}");
        }
        // Who means it says so.
        std::fs::remove_file(beside(&place.path(), ".witness")).unwrap();
        assert!(matches!(reopened(&place).await.unwrap_err(), OpenError::Missing(_)));
        place.open().await.close().await;
    }
}

type Meddling<'a> = Box<dyn Fn(&Path) + 'a>;

/// FLT-17
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_deleted_or_replaced_while_we_run_lets_nobody_in() {
    let empty = Place::file();
    empty.open().await.close().await;
    let meddlings: [(&str, Meddling<'_>); 5] = [
        ("deleted", Box::new(|path: &Path| std::fs::remove_file(path).unwrap())),
        ("moved away", Box::new(|path: &Path| std::fs::rename(path, path.with_extension("old")).unwrap())),
        ("log deleted", Box::new(|path: &Path| std::fs::remove_file(beside(path, "-wal")).unwrap())),
        (
            "replaced by another",
            Box::new(|path: &Path| {
                std::fs::remove_file(path).unwrap();
                std::fs::copy(empty.path(), path).unwrap();
            }),
        ),
        ("emptied", Box::new(|path: &Path| drop(std::fs::File::create(path).unwrap()))),
    ];
    for (what, meddle) in meddlings {
        let (place, store) = with_users().await;
        meddle(&place.path());
        let refused = store.commit(decided(None)).await.unwrap_err();
        assert!(matches!(refused, StoreError::Damaged { .. }), "{what}: {refused:?}");
        // Who is enrolled is never forgotten: the answer is right, or there is none.
        let account = store.local_account("user1").await;
        assert!(account.as_ref().is_err() || account.as_ref().is_ok_and(Option::is_some), "{what}: {account:?}");
    }
}

#[tokio::test]
async fn a_folder_that_is_not_ours_is_told() {
    let place = Place::file();
    let nowhere = StoreSettings::Sqlite { path: place.path().join("no/such/folder.db") };
    let refused = open(nowhere, keyring(1), NODE, Opening::Create, NOW).await.unwrap_err();
    assert!(matches!(refused, OpenError::NotWritable { .. }), "{refused}");
}

#[tokio::test]
async fn a_backup_taken_while_logins_go_on_is_whole() {
    let (place, store) = with_users().await;
    let copy = Place::file();
    store.backup(&copy.path()).await.unwrap();
    assert!(matches!(store.backup(&copy.path()).await.unwrap_err(), StoreError::Refused(_)));
    let restored = reopened(&copy).await.unwrap();
    assert_eq!(restored.users(None, 0, 100).await.unwrap().len(), 50);
    assert!(restored.audit_verify().await.unwrap().problem.is_none());
    let mut octets = Vec::new();
    OpenOptions::new().read(true).open(copy.path()).unwrap().read_to_end(&mut octets).unwrap();
    assert!(!octets.windows(11).any(|found| found == b"canary-seed"));
    drop(place);
}

/// A disk of one MiB, for as long as it lives.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(folder.path());
        if mount.output().is_ok_and(|done| done.status.success()) {
            return Some(Self(folder));
        }
        vestibule_peers::tools::not_run("not run: a full disk (mounting one needs root)");
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(self.0.path()).output().ok();
    }
}

/// FLT-15
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_full_disk_refuses_logins_until_there_is_room_again() {
    let Some(disk) = SmallDisk::mount() else { return };
    let settings = StoreSettings::Sqlite { path: disk.0.path().join("vestibule.db") };
    let store = open(settings, keyring(1), NODE, Opening::Create, NOW).await.unwrap();
    let user = alice(&store).await;
    let phone = enrolled(&store, user.id, Method::Totp).await;
    let ballast = disk.0.path().join("ballast");
    let mut file = std::fs::File::create(&ballast).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}

    let (mut steps, mut refused) = (100, 0);
    for _ in 0..400 {
        steps += 1;
        let change = Transition { spend: vec![step(phone, steps)], ..decided(Some(user.id)) };
        if let Err(error) = store.commit(change).await {
            assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
            (steps, refused) = (steps - 1, refused + 1);
        }
    }
    assert!(refused > 0, "the disk never filled up");
    assert_eq!(store.authenticators(user.id).await.unwrap()[0].high_water, steps, "reads go on");
    drop(file);
    std::fs::remove_file(ballast).unwrap();
    let change = Transition { spend: vec![step(phone, steps + 1)], ..decided(Some(user.id)) };
    assert!(is_done(&store.commit(change).await.unwrap()));
    let verified = store.audit_verify().await.unwrap();
    assert!(verified.problem.is_none(), "{verified:?}");
    let allowed = store.audit_tail(1000, Some(user.id)).await.unwrap();
    let allowed = allowed.iter().filter(|line| line.record.event.id() == "login.decided").count();
    assert_eq!(i64::try_from(allowed).unwrap(), steps + 1 - 100, "as many records as logins");
    store.close().await;
}

/// What was written last and only in part, as after a power cut, is not there; what was answered is.
#[tokio::test]
async fn a_torn_log_loses_nothing_that_was_answered() {
    let (place, store) = with_users().await;
    let lines = audit_lines(&store).await;
    let copy = Place::file();
    std::fs::copy(place.path(), copy.path()).unwrap();
    let log = beside(&copy.path(), "-wal");
    std::fs::copy(beside(&place.path(), "-wal"), &log).unwrap();
    let mut file = OpenOptions::new().write(true).open(&log).unwrap();
    file.seek(SeekFrom::End(0)).unwrap();
    file.write_all(&[0x5A; 3000]).unwrap();
    let recovered = reopened(&copy).await.unwrap();
    assert_eq!(audit_lines(&recovered).await, lines);
    assert!(recovered.audit_verify().await.unwrap().problem.is_none());
}

/// FLT-18: after a failed fsync nobody knows what is on the disk, and asking again would only say "fine".
#[tokio::test]
async fn after_a_write_that_was_lost_nobody_is_let_in_until_a_restart() {
    let (place, store) = with_users().await;
    let lost = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_FSYNC);
    let fault = crate::session::sqlite_fault(rusqlite::Error::SqliteFailure(lost, None));
    store.desk.note(&fault);
    assert!(matches!(store.commit(decided(None)).await.unwrap_err(), StoreError::Damaged { .. }));
    assert!(store.local_account("user1").await.unwrap().is_some(), "reads go on");
    store.close().await;
    assert!(is_done(&reopened(&place).await.unwrap().commit(decided(None)).await.unwrap()));
}

#[tokio::test]
async fn an_attempt_that_carries_too_much_is_refused() {
    let place = Place::file();
    let store = place.open().await;
    let ended = vestibule_engine::Ended { allowed: true, payload: SecretBytes::new(vec![0; 300_000]) };
    let to = Some(vestibule_engine::Position::Ended(ended));
    let refused = store.commit(Transition { to, ..decided(None) }).await.unwrap_err();
    assert!(matches!(refused, StoreError::Refused(_)), "{refused:?}");
    assert_eq!(audit_lines(&store).await, 0);
}

const CHILD: &str = "tests::faults::a_child_that_answers_logins_until_it_is_killed";

/// Not a test of its own: the process that the next one kills. It reads where its database is, and says after each login
/// that it was answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "started by another test"]
async fn a_child_that_answers_logins_until_it_is_killed() {
    let mut path = String::new();
    std::io::stdin().read_line(&mut path).unwrap();
    let settings = StoreSettings::Sqlite { path: path.trim().into() };
    let store = open(settings, keyring(1), NODE, Opening::Existing, NOW).await.unwrap();
    let mut logins = tokio::task::JoinSet::new();
    loop {
        while logins.len() < 20 {
            let (store, change) = (store.clone(), decided(None));
            logins.spawn(async move { (change.attempt, is_done(&store.commit(change).await.unwrap())) });
        }
        let Some(Ok((attempt, true))) = logins.join_next().await else { panic!("a login failed") };
        println!("answered {attempt}");
    }
}

/// LOG-05
#[tokio::test]
async fn whatever_was_answered_is_there_after_a_kill() {
    let place = Place::file();
    place.open().await.close().await;
    let mut answered = Vec::new();
    for round in 1..=8 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", CHILD, "--ignored", "--nocapture"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        writeln!(child.stdin.take().unwrap(), "{}", place.path().display()).unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let told = |line: &String| line.split_once("answered ").map(|(_, id)| id.to_owned());
        answered.extend(said.by_ref().map(Result::unwrap).filter_map(|line| told(&line)).take(round * 25));
        child.kill().unwrap();
        // What it said before it died counts too, but for a line that was cut.
        answered.extend(said.map_while(Result::ok).filter_map(|line| told(&line)).filter(|id| id.len() == 36));
        child.wait().unwrap();
    }
    assert!(answered.len() >= 8 * 25, "{}", answered.len());
    let store = reopened(&place).await.unwrap();
    assert!(store.audit_verify().await.unwrap().problem.is_none());
    let mut recorded = std::collections::HashSet::new();
    store
        .audit_export(|line| {
            recorded.extend(attempt_of(line));
            Ok(())
        })
        .await
        .unwrap();
    let lost: Vec<_> = answered.iter().filter(|id| !recorded.contains(*id)).collect();
    assert!(lost.is_empty(), "{lost:?} of {}", answered.len());
}

fn attempt_of(line: &vestibule_engine::AuditLine) -> Option<String> {
    match &line.record.event {
        vestibule_engine::AuditEvent::LoginDecided(decision) => Some(decision.attempt.to_string()),
        _ => None,
    }
}
