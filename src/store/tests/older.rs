//! A database that an older version of the program made.

use std::fmt::Write as _;

use uuid::Uuid;
use vestibule_engine::{
    AttemptId, AuthenticatorId, CounterKey, Ended, Method, Position, Station, Store, Timestamp, TokenKind, Transition,
    TrustEntry, TrustId, UserId,
};

use super::places::*;
use crate::accounts::{password_place, secret_place};
use crate::attempts::Attempt;
use crate::keyring::hex;
use crate::{Opening, schema, trust};

/// What a database of version 1 holds.
struct VersionOne {
    user: UserId,
    phone: AuthenticatorId,
    codes: AuthenticatorId,
    open: AttemptId,
    ended: AttemptId,
    trust: TrustEntry,
}

impl VersionOne {
    fn new() -> Self {
        let (user, id) = (UserId(Uuid::new_v4()), TrustId(Uuid::new_v4()));
        let (service, station) = ("radius/vpn".to_owned(), Station::parse("laptop").unwrap());
        let [phone, codes] = [AuthenticatorId(Uuid::new_v4()), AuthenticatorId(Uuid::new_v4())];
        let (open, ended) = (attempt_id(), attempt_id());
        let trust = TrustEntry { id, user, service, station, method: Method::Totp, granted: NOW, until: after(6000) };
        Self { user, phone, codes, open, ended, trust }
    }

    /// The statements that the version made its tables with, and rows as it wrote them.
    fn sql(&self, place: &Place) -> String {
        let (keys, is_postgres) = (keyring(1), matches!(place, Place::Server(..)));
        let blob =
            |octets: &[u8]| if is_postgres { format!("'\\x{}'", hex(octets)) } else { format!("X'{}'", hex(octets)) };
        let Self { user, phone, codes, open, ended, trust } = self;
        let now = NOW.0;
        let mut sql = String::new();
        if !is_postgres {
            sql.push_str("PRAGMA application_id = 0x56535442;");
        }
        write!(
            sql,
            "CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL);
             INSERT INTO meta (name, value) VALUES ('deployment', '{}'), ('created', '{now}'), ('key_check', '{}'),
             ('schema', '1'); {}",
            Uuid::new_v4(),
            schema::key_check(&keys).unwrap(),
            schema::in_dialect(schema::STEPS[0].1, is_postgres),
        )
        .unwrap();
        let hash = blob(&keys.seal(b"canary-hash", &password_place(*user)).unwrap());
        write!(
            sql,
            "INSERT INTO users (id, source, subject_id, name, member_of, sought, enabled, created, password_hash)
             VALUES ('{user}', 'local', '{user}', 'carol', '[\"staff\"]', 'carol', 1, {now}, {hash});"
        )
        .unwrap();
        for (id, method) in [(phone, "totp"), (codes, "recovery-code")] {
            let secret = blob(&keys.seal(b"canary-seed", &secret_place(*id, *user)).unwrap());
            write!(
                sql,
                "INSERT INTO authenticators (id, user_id, method, label, secret, high_water, drift, confirmed, created)
                 VALUES ('{id}', '{user}', '{method}', 'phone', {secret}, 100, 1, 1, {now});"
            )
            .unwrap();
        }
        write!(sql, "INSERT INTO spent_items (authenticator_id, item, spent) VALUES ('{codes}', '1', {now});").unwrap();
        let end = Position::Ended(Ended { allowed: true, payload: vestibule_engine::SecretBytes::new("end") });
        for (id, position, user) in
            [(open, open_position(Some(*user)), format!("'{user}'")), (ended, end, "NULL".into())]
        {
            let attempt = Attempt::after(None, &position, NOW);
            write!(
                sql,
                "INSERT INTO attempts (id, version, user_id, turn, expires, is_open, allowed, payload)
                 VALUES ('{id}', 1, {user}, {}, {}, {}, {}, {});",
                attempt.turn.0.cast_signed(),
                attempt.expires.0,
                i64::from(attempt.is_open),
                i64::from(attempt.allowed),
                blob(&attempt.sealed(*id, &keys).unwrap()),
            )
            .unwrap();
        }
        write!(
            sql,
            "INSERT INTO trust (id, user_id, service, station, method, granted, expires, proof)
             VALUES ('{}', '{user}', 'radius/vpn', 'laptop', 'totp', {now}, {}, {});
             INSERT INTO counters (name, failures, last_failure) VALUES ('code-of|carol', 4, {now});",
            trust.id,
            trust.until.0,
            blob(&trust::proof(trust, &keys)),
        )
        .unwrap();
        sql
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_of_version_one_is_brought_up_to_date_and_keeps_what_it_holds() {
    let mut places = vec![Place::file()];
    places.extend(Place::server().await);
    for place in places {
        let was = VersionOne::new();
        place.meddle(&was.sql(&place));
        // Two gateways that start at the same moment.
        let open = |node| place.try_open(keyring(1), node, Opening::Existing);
        let (one, two) = tokio::join!(open("one"), open("two"));
        let (store, other) = (one.unwrap(), two.unwrap());
        other.close().await;

        let held = store.authenticators(was.user).await.unwrap();
        assert_eq!(held.len(), 2);
        assert!(held.iter().all(|one| one.secret.expose() == b"canary-seed" && one.confirmed && !one.preferred));
        assert_eq!(store.spent_items(was.codes).await.unwrap(), ["1"]);
        let account = store.local_account("carol").await.unwrap().unwrap();
        assert_eq!(account.password_hash.unwrap().expose(), b"canary-hash");
        assert_eq!(store.counters(&[CounterKey("code-of|carol".into())]).await.unwrap()[0].failures, 4);
        assert_eq!(store.trust_entries(None, NOW).await.unwrap()[0].id, was.trust.id);
        let ended = store.attempt(was.ended).await.unwrap().unwrap();
        assert!(matches!(ended.position, Position::Ended(Ended { allowed: true, .. })));
        let open = store.attempt(was.open).await.unwrap().unwrap();
        let Position::Open(open) = open.position else { panic!("not open") };
        assert_eq!((open.ringing, open.payload.expose()), (None, &b"canary-payload"[..]));
        assert!(store.ringing(was.user, NOW).await.unwrap().is_empty());

        // Everything that is new works on what is old.
        let from = Transition { from: Some(1), attempt: was.open, ..rings(was.user, "radius/vpn", 1, 1) };
        assert!(is_done(&store.commit(from).await.unwrap()));
        assert_eq!(store.ringing(was.user, NOW).await.unwrap()[0].id, was.open);
        let login = Transition { spend: vec![step(was.phone, 100)], ..decided(Some(was.user)) };
        assert!(!is_done(&store.commit(login.clone()).await.unwrap()), "a step that was used");
        let login = Transition { spend: vec![step(was.phone, 101)], ..login };
        assert!(is_done(&store.commit(login).await.unwrap()));
        store.prefer_authenticator(was.user, Some(was.phone), NOW).await.unwrap();
        store.put_token(token(TokenKind::Session, 1, Some(was.user))).await.unwrap();
        assert!(store.audit_verify().await.unwrap().problem.is_none());
        store.close().await;
        let store = place.try_open(keyring(1), NODE, Opening::Existing).await.unwrap();
        assert!(store.token(TokenKind::Session, &[1; 32], Timestamp(NOW.0 + 1)).await.unwrap().is_some());
        store.close().await;
    }
}
