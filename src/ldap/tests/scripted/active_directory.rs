//! What only Active Directory does: reasons in words, identifiers in octets, groups as security identifiers.

use serde_json::{Value, json};
use vestibule_engine::PrimaryRefusal as No;

use super::super::support::{identify, login, merge, searching, told, upstream};
use super::{Request, Say, Scripted, bind_result, contains, entry, found};

const ALICE: &str = "CN=Alice Example,OU=Users,DC=example,DC=org";
const GUID: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const VPN: &str = "CN=VPN,OU=Groups,DC=example,DC=org";
const USERS: &str = "CN=Domain Users,CN=Users,DC=example,DC=org";

fn sid(relative: u16) -> Vec<u8> {
    let domain: [u8; 24] = [1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0];
    [&domain[..], &u32::from(relative).to_le_bytes()].concat()
}

fn alice() -> Vec<u8> {
    entry(
        ALICE,
        &[
            ("objectGUID", &[&GUID]),
            ("sAMAccountName", &[b"Alice"]),
            ("displayName", &[b"Alice Example"]),
            ("mail", &[b"alice@example.org"]),
            ("objectSid", &[&sid(1105)]),
            ("primaryGroupID", &[b"513"]),
        ],
    )
}

/// A directory with Alice in it, where a bind is answered with this.
fn answering(code: u8, text: &'static str) -> impl Fn(&Request) -> Say {
    move |request| match request {
        Request::Bind { .. } => Say::Messages(vec![bind_result(code, text)]),
        Request::Search { base, attributes, .. } if base == ALICE && contains(attributes, b"tokenGroups") => found(
            vec![entry(ALICE, &[("tokenGroups", &[&sid(2001), &sid(513), &[1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]])])],
        ),
        Request::Search { filter, .. } if contains(filter, b"1.2.840.113556.1.4.1941") => found(vec![entry(VPN, &[])]),
        Request::Search { filter, .. } if contains(filter, b"objectSid") => {
            let groups = [(sid(2001), VPN), (sid(513), USERS)];
            let asked = groups.iter().filter(|(sid, _)| contains(filter, sid));
            found(asked.map(|(_, dn)| entry(dn, &[])).collect())
        }
        Request::Search { filter, .. } if contains(filter, b"alice") || contains(filter, b"Alice") => {
            found(vec![alice()])
        }
        Request::Search { .. } => found(vec![]),
    }
}

fn config(server: &Scripted, more: Value) -> Value {
    let mut config = searching(
        &[&server.url],
        json!({
            "directory": "active_directory",
            "find": { "search": { "base": "DC=example,DC=org" } },
            "domains": ["EXAMPLE", "example.org"],
        }),
    );
    merge(&mut config, more);
    config
}

#[tokio::test] // LDP-22
async fn a_guid_and_the_account_name_are_the_identity_however_the_name_is_spelled() {
    let answer = answering(0, "");
    let server = Scripted::start(move |request, _| answer(request)).await;
    let upstream = upstream(config(&server, json!({})));
    let subject = identify(&upstream, "alice").await.unwrap();
    assert_eq!(subject.id, "03020100-0504-0706-0809-0a0b0c0d0e0f");
    assert_eq!(subject.name, "alice");
    for spelling in ["Alice", "EXAMPLE\\alice", "alice@example.org"] {
        assert_eq!(identify(&upstream, spelling).await.as_ref(), Some(&subject), "{spelling}");
    }
}

#[tokio::test] // LDP-31
async fn token_groups_are_looked_up_with_the_primary_group_among_them() {
    let answer = answering(0, "");
    let server = Scripted::start(move |request, _| answer(request)).await;
    let person = login(&upstream(config(&server, json!({}))), "alice", "secret").await.accepted();
    assert_eq!(person.groups, [USERS, VPN, "Domain Users", "VPN"]);
    assert_eq!(person.display_name.as_deref(), Some("Alice Example"));
}

#[tokio::test] // LDP-31
async fn the_matching_rule_finds_nested_groups_and_the_primary_group() {
    let answer = answering(0, "");
    let server = Scripted::start(move |request, _| answer(request)).await;
    let upstream = upstream(config(&server, json!({ "groups": { "matching_rule": {} } })));
    let person = login(&upstream, "alice", "secret").await.accepted();
    assert_eq!(person.groups, [USERS, VPN, "Domain Users", "VPN"]);
}

#[tokio::test] // LDP-31
async fn groups_that_come_in_parts_are_all_read() {
    let server = Scripted::start(|request, _| match request {
        Request::Bind { .. } => Say::Messages(vec![bind_result(0, "")]),
        Request::Search { base, attributes, .. } if base == ALICE && contains(attributes, b"memberOf;range=1-*") => {
            found(vec![entry(ALICE, &[("memberOf;range=1-*", &[USERS.as_bytes()])])])
        }
        Request::Search { .. } => found(vec![entry(
            ALICE,
            &[("objectGUID", &[&GUID]), ("memberOf", &[]), ("memberOf;range=0-0", &[VPN.as_bytes()])],
        )]),
    })
    .await;
    let upstream = upstream(config(&server, json!({ "groups": { "member_of": {} } })));
    let person = login(&upstream, "alice", "secret").await.accepted();
    assert_eq!(person.groups, [USERS, VPN, "Domain Users", "VPN"]);
}

#[tokio::test] // LDP-21
async fn why_a_login_is_refused_is_told_apart() {
    for (text, refusal) in [
        ("80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 52e, v3839", No::WrongPassword),
        (
            "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 532, v3839",
            No::PasswordExpired,
        ),
        (
            "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 533, v3839",
            No::AccountDisabled,
        ),
        (
            "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 773, v3839",
            No::PasswordMustChange,
        ),
        ("80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 775, v3839", No::AccountLocked),
    ] {
        let answer = answering(49, text);
        let server = Scripted::start(move |request, _| answer(request)).await;
        assert_eq!(login(&upstream(config(&server, json!({}))), "alice", "secret").await.refused(), refusal);
    }
}

#[tokio::test] // LDP-30
async fn a_demand_for_protection_is_told_with_the_remedy() {
    let answer =
        answering(8, "00002028: LdapErr: DSID-0C090259, comment: The server requires binds to turn on integrity");
    let server = Scripted::start(move |request, _| answer(request)).await;
    let error = told(&login(&upstream(config(&server, json!({}))), "alice", "secret").await.failed());
    assert!(error.contains("use ldaps:// or start_tls"), "{error}");
}

#[tokio::test]
async fn a_principal_name_signs_in_and_the_entry_is_read_as_that_person() {
    let answer = answering(0, "");
    let server = Scripted::start(move |request, _| answer(request)).await;
    let upstream = upstream(json!({
        "servers": [server.url],
        "allow_plaintext": true,
        "directory": "active_directory",
        "find": { "upn_template": { "template": "{user}@example.org", "base": "DC=example,DC=org" } },
        "domains": ["EXAMPLE"],
    }));
    let person = login(&upstream, "EXAMPLE\\Alice", "secret").await.accepted();
    assert_eq!(person.subject.id, "03020100-0504-0706-0809-0a0b0c0d0e0f");
    assert_eq!(person.groups, [USERS, VPN, "Domain Users", "VPN"]);
    assert_eq!(server.heard.binds(), ["alice@example.org"]);
    assert_eq!(identify(&upstream, "alice@other.example").await, None);
    assert_eq!(identify(&upstream, "OTHER\\alice").await, None);
}
