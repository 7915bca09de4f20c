//! Every spelling is one person, and no spelling is more than a name.

use serde_json::json;
use vestibule_peers::slapd::PEOPLE;

use super::support::{at, identify, login, searching, small_directory, upstream};

#[tokio::test] // LDP-22
async fn every_spelling_of_a_name_is_one_person() {
    let Some(slapd) = small_directory().await else { return };
    let upstream = upstream(searching(&[&slapd.url()], json!({ "domains": ["CORP", "corp.example"] })));
    let subject = identify(&upstream, "user0001").await.unwrap();
    for spelling in [
        "USER0001",
        "User0001",
        " user0001 ",
        "CORP\\user0001",
        "corp\\User0001",
        "user0001@corp.example",
        "USER0001@CORP.EXAMPLE",
        "user0001@example.org",
        "User0001@Example.org",
        &format!("uid=user0001,{PEOPLE}"),
        &format!("UID=User0001 , {}", PEOPLE.to_uppercase()),
        "uid=user0001, ou=people, dc=example, dc=org",
        "uid=user000\\31,ou=people,dc=example,dc=org",
    ] {
        assert_eq!(identify(&upstream, spelling).await.as_ref(), Some(&subject), "{spelling}");
    }
}

#[tokio::test] // LDP-22
async fn where_the_name_is_the_id_a_name_that_a_directory_would_fold_is_nobodys() {
    let template = format!("uid={{user}},{PEOPLE}");
    let upstream = upstream(json!({
        "servers": ["ldap://127.0.0.1:9"],
        "allow_plaintext": true,
        "domains": ["CORP"],
        "find": { "dn_template": { "template": template, "read_own_entry": false } },
    }));
    for user in ["\u{FF41}lice", "al\u{2170}ce", "ada  l", "ada\u{A0}l", "ada\u{3000}l", "al\u{AD}ice", "al\u{200B}ice"]
    {
        for spelling in [user.to_owned(), format!("CORP\\{user}")] {
            assert_eq!(identify(&upstream, &spelling).await, None, "{spelling:?}");
        }
    }
    let subject = identify(&upstream, "j\u{fc}rgen").await.unwrap();
    for spelling in ["ju\u{308}rgen", "CORP\\JU\u{308}RGEN"] {
        assert_eq!(identify(&upstream, spelling).await.as_ref(), Some(&subject), "{spelling}");
    }
}

#[tokio::test] // LDP-22
async fn letters_beyond_ascii_are_one_name_composed_or_not() {
    let Some(slapd) = small_directory().await else { return };
    let upstream = at(&slapd);
    let subject = identify(&upstream, "j\u{fc}rgen").await.unwrap();
    for spelling in ["ju\u{308}rgen", "J\u{dc}RGEN", "JU\u{308}RGEN", "juergen@example.org"] {
        assert_eq!(identify(&upstream, spelling).await.as_ref(), Some(&subject), "{spelling}");
    }
    login(&upstream, "JU\u{308}RGEN", "pw-j\u{fc}rgen").await.accepted();
}

#[tokio::test]
async fn a_dn_with_special_characters_signs_in() {
    let Some(slapd) = small_directory().await else { return };
    let upstream = at(&slapd);
    let person = login(&upstream, "jsmith", "pw-jsmith").await.accepted();
    let by_dn = identify(&upstream, &format!("cn=\\20Smith\\, John \\+ Sons,{PEOPLE}")).await;
    assert_eq!(by_dn, Some(person.subject));
}

#[tokio::test] // LDP-33
async fn a_name_with_filter_or_dn_characters_finds_nobody() {
    let Some(slapd) = small_directory().await else { return };
    let upstream = at(&slapd);
    for name in [
        "*",
        "user*",
        "user000?",
        "*)(uid=*",
        "*)(uid=*))(|(uid=*",
        "user0001)(objectClass=*",
        "\\2a",
        "user0001\\29",
        "\\75ser0001",
        "user0001,ou=people,dc=example,dc=org",
        "uid=user0001",
        "uid=*,ou=people,dc=example,dc=org",
        "ou=people,dc=example,dc=org",
        "dc=example,dc=org",
        "cn=reader,dc=example,dc=org",
        "cn=admin,dc=example,dc=org",
        "cn=vpn,ou=groups,dc=example,dc=org",
        "uid=user0001,ou=people,dc=example,dc=com",
        "uid=user0001,ou=people,dc=example,dc=org,",
    ] {
        assert_eq!(identify(&upstream, name).await, None, "{name}");
    }
}

#[tokio::test] // LDP-22
async fn a_name_that_two_people_share_is_nobodys() {
    let Some(slapd) = small_directory().await else { return };
    let upstream = at(&slapd);
    assert_eq!(identify(&upstream, "twins@example.org").await, None);
    login(&upstream, "twin1", "pw-twin1").await.accepted();
}

#[tokio::test]
async fn a_filter_that_demands_a_group_holds_for_every_spelling() {
    let Some(slapd) = small_directory().await else { return };
    let filter = "(&(|(uid={user})(mail={name}))(memberOf=cn=vpn,ou=groups,dc=example,dc=org))";
    let upstream = upstream(searching(&[&slapd.url()], json!({ "find": { "search": { "filter": filter } } })));
    assert!(identify(&upstream, "user0001").await.is_some());
    assert!(identify(&upstream, &format!("uid=user0001,{PEOPLE}")).await.is_some());
    for outsider in ["user0020", "user0020@example.org", &format!("uid=user0020,{PEOPLE}")] {
        assert_eq!(identify(&upstream, outsider).await, None, "{outsider}");
    }
}

#[tokio::test]
async fn an_id_that_may_not_be_read_is_an_error_and_not_an_identity() {
    let Some(slapd) = small_directory().await else { return };
    let upstream = upstream(searching(&[&slapd.url()], json!({ "id_attribute": "employeeNumber" })));
    let error = login(&upstream, "user0001", "pw-user0001").await.failed();
    assert!(error.to_string().contains("employeeNumber"), "{error}");
}
