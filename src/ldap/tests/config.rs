//! What an administrator is told about a configuration.

use serde_json::{Value, json};
use vestibule_engine::config::Problem;

use super::support::{link, merge, searching};

fn problems(more: Value) -> Vec<Problem> {
    let mut config = searching(&["ldaps://ldap.example.org"], json!({ "allow_plaintext": false }));
    merge(&mut config, more);
    link(config).1.into_vec()
}

fn paths(more: Value) -> Vec<String> {
    let errors = problems(more).into_iter().filter(|problem| problem.is_error);
    errors.map(|problem| problem.path.trim_start_matches("sources.test.ldap.").to_owned()).collect()
}

#[test]
fn a_usual_configuration_has_no_problems() {
    assert_eq!(problems(json!({})), []);
    assert_eq!(problems(json!({ "directory": "active_directory" })), []);
}

#[test] // LDP-29
fn plaintext_is_refused_and_where_demanded_warned_about() {
    let plain = json!({ "servers": ["ldap://ldap.example.org"] });
    assert_eq!(paths(plain.clone()), ["servers.0"]);
    let mut demanded = plain.clone();
    merge(&mut demanded, json!({ "allow_plaintext": true }));
    assert!(paths(demanded.clone()).is_empty());
    assert_eq!(problems(demanded).len(), 1);
    let mut protected = plain;
    merge(&mut protected, json!({ "tls": { "start_tls": true } }));
    assert_eq!(problems(protected), []);
}

#[test] // LDP-29
fn there_is_no_switch_against_verification() {
    let mut config = searching(&["ldaps://ldap.example.org"], json!({}));
    merge(&mut config, json!({ "tls": { "insecure": true } }));
    let refused = serde_json::from_value::<crate::LdapConfig>(config).unwrap_err();
    assert!(refused.to_string().contains("unknown field"));
}

#[test]
fn all_problems_are_told_at_once() {
    let told = paths(json!({
        "servers": ["ldap.example.org", "ldaps://[::1]"],
        "tls": { "ca_file": "/nowhere/ca.pem" },
        "find": { "search": { "base": "people", "filter": "(uid={login})", "password": { "env": "missing" } } },
        "groups": { "search": { "base": "groups", "filter": "member=" } },
        "id_attribute": "entry UUID",
        "domains": ["a@b"],
        "timeout": "1ms",
        "connections": 0,
    }));
    assert_eq!(
        told,
        [
            "servers.0",
            "servers.1",
            "tls.ca_file",
            "find.search.base",
            "find.search.filter",
            "find.search.password",
            "id_attribute",
            "groups.search.base",
            "groups.search.filter",
            "domains",
            "timeout",
            "connections",
        ]
    );
}

#[test]
fn an_id_that_can_be_given_away_is_warned_about() {
    let problems = problems(json!({ "id_attribute": "uid" }));
    assert_eq!(problems.len(), 1);
    assert!(!problems[0].is_error);
}

#[test]
fn an_authority_without_tls_is_refused_because_it_has_no_effect() {
    let plain = json!({ "servers": ["ldap://127.0.0.1"], "allow_plaintext": true, "tls": { "ca_file": "/ca.pem" } });
    assert_eq!(paths(plain), ["tls.ca_file"]);
}
