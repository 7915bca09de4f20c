//! Users and authenticators.

use uuid::Uuid;
use vestibule_engine::{
    AuthenticatorId, Charge, Committed, CounterKey, ENDING, Method, Person, SecretBytes, Store, StoreError, Subject,
    Transition, User, UserChange, UserId,
};

use super::on_both;
use crate::tests::places::*;

on_both!(
    a_person_is_one_user_however_often_they_come,
    what_the_source_says_is_kept_up_to_date,
    a_local_user_is_found_by_their_name,
    a_name_is_taken_once,
    what_a_source_keeps_is_not_changed_here,
    a_user_is_changed_by_an_administrator,
    a_deleted_user_leaves_nothing_but_their_audit,
    users_are_searched_and_paged,
    an_authenticator_counts_once_it_is_confirmed,
    nobody_hoards_authenticators,
    locks_are_cleared_for_one_user_alone,
    known_places_outlast_an_unlock_but_no_change_of_password,
    what_is_not_there_is_refused,
    who_was_looked_up_a_moment_ago_and_is_disabled_elsewhere_is_not_let_in,
    who_is_disabled_ends_what_stood_and_neither_an_unlock_nor_enabling_lifts_that,
);

fn refused<T: std::fmt::Debug>(how: Result<T, StoreError>) -> String {
    match how {
        Err(StoreError::Refused(why)) => why,
        other => panic!("not refused: {other:?}"),
    }
}

async fn a_person_is_one_user_however_often_they_come(place: &Place) {
    let store = place.open().await;
    let mut logins = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let store = store.clone();
        logins.spawn(async move { store.adopt(&person("alice"), NOW).await.unwrap().id });
    }
    let ids = logins.join_all().await;
    assert!(ids.iter().all(|id| *id == ids[0]));
    let user = store.user_of(&person("alice").subject).await.unwrap().unwrap();
    assert_eq!((user.id, user.enabled, user.created, user.last_login), (ids[0], true, NOW, None));
    assert_eq!(user.groups, ["staff"]);
    let made = store.audit_tail(100, Some(user.id)).await.unwrap();
    assert_eq!(made.iter().map(|line| line.record.event.id()).collect::<Vec<_>>(), ["user.created"]);
}

async fn what_the_source_says_is_kept_up_to_date(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await;
    let before = audit_lines(&store).await;
    alice(&store).await;
    assert_eq!(audit_lines(&store).await, before, "nothing changed, nothing is written");
    let moved = Person { groups: vec!["admins".into()], mail: None, ..person("alice") };
    let adopted = store.adopt(&moved, after(5)).await.unwrap();
    assert_eq!(adopted.display_name.as_deref(), Some("alice Example"));
    assert_eq!((adopted.id, adopted.created, &adopted.groups[..]), (user.id, NOW, &["admins".to_owned()][..]));
    assert_eq!(store.user(user.id).await.unwrap().unwrap().mail, None);
    assert_eq!(audit_lines(&store).await, before + 1);
    let two = |groups: [&str; 2]| Person { groups: groups.map(str::to_owned).to_vec(), ..moved.clone() };
    store.adopt(&two(["a", "b"]), NOW).await.unwrap();
    store.adopt(&two(["b", "a"]), NOW).await.unwrap();
    assert_eq!(audit_lines(&store).await, before + 2, "the order of groups means nothing");
    // The same id at another source is somebody else.
    let subject = Subject { source: "partner".into(), ..person("alice").subject };
    assert_ne!(store.adopt(&Person { subject, ..person("alice") }, NOW).await.unwrap().id, user.id);
}

async fn a_local_user_is_found_by_their_name(place: &Place) {
    let store = place.open().await;
    let user = store.create_user(new_user("Zoë"), "admin", NOW).await.unwrap();
    assert_eq!((user.subject.source.as_str(), user.subject.name.as_str()), ("local", "zoë"));
    let account = store.local_account("zoë").await.unwrap().unwrap();
    assert_eq!(account.user.id, user.id);
    assert_eq!(account.password_hash.unwrap().expose(), b"$argon2id$canary-hash");
    assert!(store.local_account("alice").await.unwrap().is_none());
    // Signing in as a local user changes nothing, and brings nobody back who was deleted.
    let person = Person { subject: user.subject.clone(), ..person("zoë") };
    store.delete_user(user.id, "admin", NOW).await.unwrap();
    assert!(refused(store.adopt(&person, NOW).await).contains("no local user zoë"));
}

async fn a_name_is_taken_once(place: &Place) {
    let store = place.open().await;
    store.create_user(new_user("bob"), "admin", NOW).await.unwrap();
    assert!(refused(store.create_user(new_user("BOB "), "admin", NOW).await).contains("already"));
    for unusable in ["", "  ", "a\nb", &"x".repeat(1025)] {
        refused(store.create_user(new_user(unusable), "admin", NOW).await);
    }
    // Somebody elsewhere may have the same name.
    store.adopt(&person("bob"), NOW).await.unwrap();
    assert_eq!(store.users(Some("bob"), 0, 10).await.unwrap().len(), 2);
}

async fn what_a_source_keeps_is_not_changed_here(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await;
    let password = UserChange::PasswordHash(SecretBytes::new("hash"));
    for change in [password, UserChange::Groups(vec![]), UserChange::Mail(None), UserChange::DisplayName(None)] {
        assert!(refused(store.change_user(user.id, change, "admin", NOW).await).contains("company"));
    }
    store.change_user(user.id, UserChange::Enabled(false), "admin", NOW).await.unwrap();
    assert!(!store.user(user.id).await.unwrap().unwrap().enabled);
}

async fn a_user_is_changed_by_an_administrator(place: &Place) {
    let store = place.open().await;
    let user = store.create_user(new_user("carol"), "admin", NOW).await.unwrap();
    let changes = [
        UserChange::Enabled(false),
        UserChange::Enabled(true),
        UserChange::Groups(vec!["a".into(), "b".into()]),
        UserChange::PasswordHash(SecretBytes::new("another")),
        UserChange::DisplayName(Some("Carol".into())),
        UserChange::Mail(Some("carol@example.org".into())),
    ];
    for change in changes {
        store.change_user(user.id, change, "admin", NOW).await.unwrap();
    }
    let account = store.local_account("carol").await.unwrap().unwrap();
    assert_eq!(account.user.groups, ["a", "b"]);
    assert_eq!(account.user.mail.as_deref(), Some("carol@example.org"));
    assert_eq!(account.password_hash.unwrap().expose(), b"another");
    assert_eq!(store.audit_tail(100, Some(user.id)).await.unwrap().len(), 7);
    let text = serde_json::to_string(&store.audit_tail(100, None).await.unwrap()).unwrap();
    assert!(!text.contains("another") && text.contains("\"by\":\"admin\""));
}

async fn a_deleted_user_leaves_nothing_but_their_audit(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await;
    let codes = enrolled(&store, user.id, Method::RecoveryCode).await;
    let key = CounterKey::code_of(user.id);
    let open = Transition {
        to: Some(open_position(Some(user.id))),
        spend: vec![item(codes, "1")],
        charge: vec![Charge { key: key.clone(), budget: budget(1) }],
        ..decided(Some(user.id))
    };
    let attempt = open.attempt;
    assert!(is_done(&store.commit(open).await.unwrap()));
    store.delete_user(user.id, "admin", NOW).await.unwrap();
    assert!(store.user(user.id).await.unwrap().is_none());
    assert!(store.authenticators(user.id).await.unwrap().is_empty());
    assert!(store.spent_items(codes).await.unwrap().is_empty());
    assert!(store.attempt(attempt).await.unwrap().is_none());
    assert_eq!(store.counters(&[key]).await.unwrap()[0].failures, 0);
    let told = store.audit_tail(100, Some(user.id)).await.unwrap();
    assert_eq!(told.last().unwrap().record.event.id(), "user.deleted");
    assert_ne!(alice(&store).await.id, user.id, "who comes back is somebody new");
}

async fn users_are_searched_and_paged(place: &Place) {
    let store = place.open().await;
    for name in ["dora", "anna", "berta", "cäcilia", "100%", "under_score"] {
        store.adopt(&person(name), NOW).await.unwrap();
    }
    let names = async |search: Option<&str>, offset, limit| -> Vec<String> {
        let users = store.users(search, offset, limit).await.unwrap();
        users.into_iter().map(|user| user.subject.name).collect()
    };
    assert_eq!(names(None, 0, 3).await, ["100%", "anna", "berta"]);
    assert_eq!(names(None, 3, 9).await, ["cäcilia", "dora", "under_score"]);
    assert_eq!(names(Some("ANNA"), 0, 9).await, ["anna"]);
    assert_eq!(names(Some("CÄC"), 0, 9).await, ["cäcilia"]);
    assert_eq!(names(Some("Dora Ex"), 0, 9).await, ["dora"]);
    assert_eq!(names(Some("@example.org"), 0, 9).await.len(), 6);
    // What means something in a pattern means itself here.
    assert_eq!(names(Some("%"), 0, 9).await, ["100%"]);
    assert_eq!(names(Some("_"), 0, 9).await, ["under_score"]);
    assert!(names(Some("!"), 0, 9).await.is_empty());
}

async fn an_authenticator_counts_once_it_is_confirmed(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await;
    let id = AuthenticatorId(Uuid::new_v4());
    store.add_authenticator(new_authenticator(id, user.id, Method::Totp, false), "alice", NOW).await.unwrap();
    let held = &store.authenticators(user.id).await.unwrap()[0];
    assert_eq!((held.id, held.user, held.method, held.confirmed), (id, user.id, Method::Totp, false));
    assert_eq!((held.secret.expose(), held.label.as_str(), held.created), (&b"canary-seed"[..], "phone", NOW));
    assert!(!store.confirm_authenticator(id, &step(id, 100), NOW).await.unwrap(), "used before");
    let mut confirms = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = store.clone();
        confirms.spawn(async move { store.confirm_authenticator(id, &step(id, 101), NOW).await.unwrap() });
    }
    assert_eq!(confirms.join_all().await.into_iter().filter(|confirmed| *confirmed).count(), 1);
    assert!(!store.confirm_authenticator(id, &step(id, 102), NOW).await.unwrap(), "confirmed already");
    // The code that confirmed is used up.
    let mut login = decided(Some(user.id));
    login.spend = vec![step(id, 101)];
    assert!(!is_done(&store.commit(login).await.unwrap()));
    store.remove_authenticator(id, "admin", NOW).await.unwrap();
    assert!(store.authenticators(user.id).await.unwrap().is_empty());
    let told = store.audit_tail(100, Some(user.id)).await.unwrap();
    let told: Vec<_> = told.iter().map(|line| line.record.event.id()).collect();
    assert_eq!(told[1..], ["authenticator.added", "authenticator.confirmed", "authenticator.removed"]);
}

async fn nobody_hoards_authenticators(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await;
    for _ in 0..32 {
        enrolled(&store, user.id, Method::Totp).await;
    }
    let one_more = new_authenticator(AuthenticatorId(Uuid::new_v4()), user.id, Method::Totp, true);
    assert!(refused(store.add_authenticator(one_more, "test", NOW).await).contains("remove one first"));
}

async fn locks_are_cleared_for_one_user_alone(place: &Place) {
    let store = place.open().await;
    let (alice, bob) = (alice(&store).await, store.adopt(&person("bob"), NOW).await.unwrap());
    let keys: Vec<_> = [&alice, &bob]
        .into_iter()
        .flat_map(|user| {
            let subject = &user.subject;
            let at = ["192.0.2.1", "zz"].map(|place| CounterKey::password_at(subject, place));
            [
                at.to_vec(),
                vec![
                    CounterKey::password_of(subject),
                    CounterKey::code_of(user.id),
                    CounterKey::push_of(user.id),
                    CounterKey::report_of(user.id),
                ],
            ]
            .concat()
        })
        .collect();
    let charge = keys.iter().map(|key| Charge { key: key.clone(), budget: budget(1) }).collect();
    store.commit(Transition { charge, ..Transition::new(attempt_id(), NOW) }).await.unwrap();
    store.clear_locks(alice.id, "admin", NOW).await.unwrap();
    let failures: Vec<_> = store.counters(&keys).await.unwrap().iter().map(|counter| counter.failures).collect();
    assert_eq!(failures, [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
}

async fn known_places_outlast_an_unlock_but_no_change_of_password(place: &Place) {
    let store = place.open().await;
    let carol = store.create_user(new_user("carol"), "admin", NOW).await.unwrap();
    let bob = store.adopt(&person("bob"), NOW).await.unwrap();
    let known = |user: &User, from| CounterKey::known_at(&user.subject.source, &user.subject.id, from);
    let keys = [known(&carol, "192.0.2.1"), known(&carol, "~"), known(&bob, "192.0.2.1")];
    let let_in = async || {
        let charge = keys.iter().map(|key| Charge { key: key.clone(), budget: budget(9) }).collect();
        store.commit(Transition { charge, ..Transition::new(attempt_id(), NOW) }).await.unwrap();
    };
    let are_known = async || -> Vec<bool> {
        store.counters(&keys).await.unwrap().iter().map(|counter| counter.last_failure.is_some()).collect()
    };
    let_in().await;
    store.clear_locks(carol.id, "admin", NOW).await.unwrap();
    store.change_user(carol.id, UserChange::DisplayName(None), "admin", NOW).await.unwrap();
    assert_eq!(are_known().await, [true, true, true], "an unlock and a name change nothing");

    let password = UserChange::PasswordHash(SecretBytes::new("another"));
    for change in [password, UserChange::Enabled(false)] {
        let_in().await;
        store.change_user(carol.id, change, "admin", NOW).await.unwrap();
        assert_eq!(are_known().await, [false, false, true]);
    }
    let_in().await;
    store.delete_user(carol.id, "admin", NOW).await.unwrap();
    assert_eq!(are_known().await, [false, false, true], "deleted");
}

async fn what_is_not_there_is_refused(place: &Place) {
    let store = place.open().await;
    let (nobody, nothing) = (UserId(Uuid::new_v4()), AuthenticatorId(Uuid::new_v4()));
    refused(store.change_user(nobody, UserChange::Enabled(true), "admin", NOW).await);
    refused(store.delete_user(nobody, "admin", NOW).await);
    refused(store.clear_locks(nobody, "admin", NOW).await);
    refused(store.add_authenticator(new_authenticator(nothing, nobody, Method::Totp, true), "admin", NOW).await);
    refused(store.confirm_authenticator(nothing, &step(nothing, 1), NOW).await);
    refused(store.remove_authenticator(nothing, "admin", NOW).await);
    assert_eq!(audit_lines(&store).await, 0);
}

/// What is believed for a moment decides nothing: the step that lets somebody in is committed only if they may.
async fn who_was_looked_up_a_moment_ago_and_is_disabled_elsewhere_is_not_let_in(place: &Place) {
    let (here, elsewhere) = (place.open().await, place.open().await);
    let user = here.adopt(&person("alice"), NOW).await.unwrap();
    elsewhere.change_user(user.id, UserChange::Enabled(false), "test", NOW).await.unwrap();
    let believed = here.adopt(&person("alice"), NOW).await.unwrap();
    let change = Transition { if_enabled: Some(believed.id), ..decided(Some(believed.id)) };
    assert!(matches!(here.commit(change).await.unwrap(), Committed::UserGone));
    assert!(!here.adopt(&person("alice"), NOW).await.unwrap().enabled, "and from then on it is known here");

    // What is changed here is known here, and what the source says differently is looked up.
    here.change_user(user.id, UserChange::Enabled(true), "test", NOW).await.unwrap();
    assert!(here.adopt(&person("alice"), NOW).await.unwrap().enabled);
    let moved = Person { groups: vec!["admins".into()], ..person("alice") };
    assert_eq!(here.adopt(&moved, NOW).await.unwrap().groups, ["admins"]);
    here.delete_user(user.id, "test", NOW).await.unwrap();
    assert_ne!(here.adopt(&moved, NOW).await.unwrap().id, user.id, "somebody new");
}

async fn who_is_disabled_ends_what_stood_and_neither_an_unlock_nor_enabling_lifts_that(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await;
    let ended = async || store.counters(&[CounterKey::standing_ended(user.id)]).await.unwrap()[0].last_failure;
    assert_eq!(ended().await, None);
    for now in [NOW, after(5)] {
        store.change_user(user.id, UserChange::Enabled(false), "admin", now).await.unwrap();
        store.change_user(user.id, UserChange::Enabled(true), "admin", after(60)).await.unwrap();
        store.clear_locks(user.id, "admin", after(60)).await.unwrap();
        assert_eq!(ended().await, Some(now), "the last time");
    }
    // By a report, each one counts, also within the hour.
    for now in [after(10), after(11)] {
        let charge = vec![Charge { key: CounterKey::standing_ended(user.id), budget: ENDING }];
        store.commit(Transition { charge, now, ..Transition::new(attempt_id(), now) }).await.unwrap();
        assert_eq!(ended().await, Some(now));
    }
}
