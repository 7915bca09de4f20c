//! Which groups a person is in, by each way to find out that slapd knows.

use serde_json::json;

use vestibule_peers::slapd;

use super::support::{at, login, searching, small_directory, upstream};

const VPN: &str = "cn=vpn,ou=groups,dc=example,dc=org";
const EVERYONE: &str = "cn=everyone,ou=groups,dc=example,dc=org";
const STAFF: &str = "cn=staff,ou=groups,dc=example,dc=org";

#[tokio::test]
async fn member_of_gives_direct_groups_by_dn_and_by_name() {
    let Some(slapd) = small_directory().await else { return };
    let person = login(&at(&slapd), "user0001", "pw-user0001").await.accepted();
    assert_eq!(person.groups, [EVERYONE, VPN, "everyone", "vpn"]);
    let other = login(&at(&slapd), "user0020", "pw-user0020").await.accepted();
    assert_eq!(other.groups, [EVERYONE, "everyone"]);
}

#[tokio::test] // LDP-31
async fn a_nested_search_finds_the_groups_of_groups() {
    let Some(slapd) = small_directory().await else { return };
    let search = |nested| {
        let groups = json!({ "groups": { "search": { "base": "ou=groups,dc=example,dc=org", "nested": nested } } });
        upstream(searching(&[&slapd.url()], groups))
    };
    let person = login(&search(true), "user0001", "pw-user0001").await.accepted();
    for group in ["vpn", "everyone", "staff", "all staff, worldwide", STAFF] {
        assert!(person.groups.contains(&group.to_owned()), "{group} in {:?}", person.groups);
    }
    let person = login(&search(false), "user0001", "pw-user0001").await.accepted();
    assert_eq!(person.groups, [EVERYONE, VPN, "everyone", "vpn"]);
}

#[tokio::test] // LDP-33
async fn a_member_with_special_characters_in_the_dn_has_their_groups() {
    let Some(slapd) = small_directory().await else { return };
    let groups = json!({ "groups": { "search": { "base": "ou=groups,dc=example,dc=org" } } });
    let person = login(&upstream(searching(&[&slapd.url()], groups)), "jsmith", "pw-jsmith").await.accepted();
    assert!(person.groups.contains(&"staff".to_owned()), "{:?}", person.groups);
}

#[tokio::test]
async fn groups_that_list_names_are_found_whatever_was_typed() {
    let Some(slapd) = small_directory().await else { return };
    // slapd's test groups list DNs; asking for the group named like the person's account is the same question.
    let filter = "(member=uid={user},ou=people,dc=example,dc=org)";
    let search = json!({ "base": "ou=groups,dc=example,dc=org", "filter": filter, "nested": false });
    let upstream = upstream(searching(&[&slapd.url()], json!({ "groups": { "search": search } })));
    let person = login(&upstream, "user0001@example.org", "pw-user0001").await.accepted();
    assert_eq!(person.groups, [EVERYONE, VPN, "everyone", "vpn"]);
}

#[tokio::test]
async fn no_groups_are_read_where_none_are_wanted() {
    let Some(slapd) = small_directory().await else { return };
    let upstream = upstream(searching(&[&slapd.url()], json!({ "groups": { "none": {} } })));
    assert!(login(&upstream, "user0001", "pw-user0001").await.accepted().groups.is_empty());
}

#[tokio::test]
async fn token_groups_that_cannot_be_read_are_an_error_and_not_an_empty_list() {
    let Some(slapd) = small_directory().await else { return };
    let upstream = upstream(searching(&[&slapd.url()], json!({ "groups": { "token_groups": {} } })));
    let error = login(&upstream, "user0001", "pw-user0001").await.failed();
    assert!(error.to_string().contains("tokenGroups"), "{error}");
}

/// Whoever may make a group somewhere must not make one that is taken for another, whose DN a rule names.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test's own tasks end with the test")]
async fn a_group_that_is_called_like_the_dn_of_another_is_not_it() {
    let Some(slapd) = small_directory().await else { return };
    let (connection, mut ldap) = ldap3::LdapConnAsync::new(&slapd.url()).await.unwrap();
    ldap3::drive!(connection);
    ldap.simple_bind(slapd::ADMIN_DN, slapd::ADMIN_PASSWORD).await.unwrap().success().unwrap();
    let member = slapd::user_dn(20);
    let attributes = [("objectClass", "groupOfNames"), ("cn", VPN), ("member", &member)];
    let attributes = attributes.map(|(name, value)| (name, std::collections::HashSet::from([value]))).to_vec();
    let disguised = format!("cn={},ou=groups,dc=example,dc=org", ldap3::dn_escape(VPN));
    ldap.add(&disguised, attributes).await.unwrap().success().unwrap();
    let groups = json!({ "groups": { "search": { "base": "ou=groups,dc=example,dc=org" } } });
    let person = login(&upstream(searching(&[&slapd.url()], groups)), "user0020", "pw-user0020").await.accepted();
    assert!(person.groups.iter().any(|group| group.len() > VPN.len()), "the disguised one: {:?}", person.groups);
    assert!(!person.groups.contains(&VPN.to_owned()), "{:?}", person.groups);
}
