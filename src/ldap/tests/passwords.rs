//! Right, wrong, and everything a directory can say in between.

use serde_json::json;
use vestibule_engine::PrimaryRefusal as No;
use vestibule_engine::{Password, PrimarySource, Subject, UserName};
use vestibule_peers::slapd::{self, user_name, user_password};

use super::support::{at, identify, login, searching, small_directory, told, upstream};

#[tokio::test]
async fn the_right_password_is_accepted_with_what_the_directory_says_of_the_person() {
    let Some(slapd) = small_directory().await else { return };
    let person = login(&at(&slapd), "user0001", "pw-user0001").await.accepted();
    assert_eq!(person.subject.source, "test");
    assert_eq!(person.subject.name, "user0001");
    assert_eq!(person.subject.id.len(), 36);
    assert_eq!(person.display_name.as_deref(), Some("User 1"));
    assert_eq!(person.mail.as_deref(), Some("user0001@example.org"));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_are_refused() {
    let Some(slapd) = small_directory().await else { return };
    let upstream = at(&slapd);
    assert_eq!(login(&upstream, "user0001", "pw-user0002").await.refused(), No::WrongPassword);
    assert_eq!(login(&upstream, "nopassword", "x").await.refused(), No::WrongPassword);
    assert_eq!(identify(&upstream, "nobody").await, None);
}

#[tokio::test] // LDP-20
async fn what_the_password_policy_says_is_told_apart() {
    let Some(slapd) = small_directory().await else { return };
    let upstream = at(&slapd);
    assert_eq!(login(&upstream, "expired", "pw-expired").await.refused(), No::PasswordExpired);
    assert_eq!(login(&upstream, "locked", "pw-locked").await.refused(), No::AccountLocked);
    assert_eq!(login(&upstream, "mustchange", "pw-mustchange").await.refused(), No::PasswordMustChange);
}

#[tokio::test] // LDP-07
async fn a_password_that_is_none_is_refused_without_asking_the_directory() {
    let Some(mut slapd) = small_directory().await else { return };
    let upstream = at(&slapd);
    let subject = identify(&upstream, "user0001").await.unwrap();
    slapd.stop();
    for password in [&b""[..], b"\0", b"\0\0", b"pw-user0001\0", b"\xff\xfe"] {
        let user = UserName::parse("user0001").unwrap();
        let outcome = upstream.authenticator().authenticate(&user, &subject, &Password::new(password)).await;
        let outcome = outcome.unwrap_or_else(|error| panic!("{password:?} was sent: {}", told(&error)));
        assert!(matches!(outcome, vestibule_engine::PrimaryOutcome::Refused(No::WrongPassword)), "{password:?}");
    }
}

#[tokio::test] // LDP-07
async fn a_password_of_spaces_is_a_password() {
    let Some(slapd) = small_directory().await else { return };
    assert_eq!(login(&at(&slapd), "user0001", "   ").await.refused(), No::WrongPassword);
}

#[tokio::test]
async fn one_bind_connection_serves_many_people_and_mixes_none_up() {
    let Some(slapd) = small_directory().await else { return };
    let upstream = upstream(searching(&[&slapd.url()], json!({ "bind_connections": 1, "connections": 1 })));
    let logins = (1..=20).map(|number| {
        let upstream = &upstream;
        async move {
            let name = user_name(number);
            let right = login(upstream, &name, user_password(number)).await.accepted();
            assert_eq!(right.subject.name, name);
            let others = login(upstream, &name, user_password(number % 20 + 1)).await.refused();
            assert_eq!(others, No::WrongPassword);
        }
    });
    futures_util::future::join_all(logins).await;
}

#[tokio::test]
async fn somebody_else_than_was_identified_is_not_signed_in() {
    let Some(slapd) = small_directory().await else { return };
    let upstream = at(&slapd);
    let other = identify(&upstream, "user0002").await.unwrap();
    let user = UserName::parse("user0001").unwrap();
    let outcome = upstream.authenticator().authenticate(&user, &other, &Password::new("pw-user0001")).await.unwrap();
    assert!(matches!(outcome, vestibule_engine::PrimaryOutcome::Refused(No::UnknownUser)));
}

#[tokio::test]
async fn a_refused_service_account_is_an_error_and_is_not_tried_again_at_once() {
    let Some(slapd) = small_directory().await else { return };
    let wrong = json!({ "find": { "search": { "password": { "env": "wrong" } } } });
    let upstream = upstream(searching(&[&slapd.url()], wrong));
    let first = told(&login(&upstream, "user0001", "pw-user0001").await.failed());
    assert!(first.contains("the service account is refused"), "{first}");
    let second = told(&login(&upstream, "user0001", "pw-user0001").await.failed());
    assert!(second.contains("a moment ago"), "{second}");
}

#[tokio::test]
async fn a_dn_template_signs_in_and_reads_who_it_was() {
    let Some(slapd) = small_directory().await else { return };
    let found = identify(&at(&slapd), "user0001").await.unwrap();
    let template = format!("uid={{user}},{}", slapd::PEOPLE);
    let upstream = upstream(json!({
        "servers": [slapd.url()],
        "allow_plaintext": true,
        "find": { "dn_template": { "template": template } },
        "domains": ["corp"],
    }));
    for name in ["user0001", "USER0001", "CORP\\user0001"] {
        let person = login(&upstream, name, "pw-user0001").await.accepted();
        assert_eq!(person.subject, found, "{name}");
        assert_eq!(person.mail.as_deref(), Some("user0001@example.org"));
        assert!(person.groups.contains(&"vpn".to_owned()), "{:?}", person.groups);
    }
    assert_eq!(login(&upstream, "user0001", "wrong").await.refused(), No::WrongPassword);
    assert_eq!(login(&upstream, "user0001,ou=people", "pw-user0001").await.refused(), No::WrongPassword);
}

#[tokio::test]
async fn a_dn_template_without_reading_knows_people_by_name() {
    let Some(slapd) = small_directory().await else { return };
    let template = format!("uid={{user}},{}", slapd::PEOPLE);
    let upstream = upstream(json!({
        "servers": [slapd.url()],
        "allow_plaintext": true,
        "find": { "dn_template": { "template": template, "read_own_entry": false } },
    }));
    let person = login(&upstream, "User0001", "pw-user0001").await.accepted();
    let expected = Subject { source: "test".into(), id: "user0001".into(), name: "user0001".into() };
    assert_eq!(person.subject, expected);
}

#[tokio::test] // ADM-04
async fn pretending_for_an_unknown_name_takes_time_and_locks_nobody() {
    let Some(slapd) = small_directory().await else { return };
    let upstream = at(&slapd);
    assert_eq!(identify(&upstream, "nobody").await, None);
    upstream.authenticator().pretend(&Password::new("guess")).await;
    login(&upstream, "user0001", "pw-user0001").await.accepted();
}
