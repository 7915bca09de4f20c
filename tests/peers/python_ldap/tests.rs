//! Both libraries against slapd itself, with nothing of ours between.

use serde_json::json;

use super::Python;
use crate::certificates::TestCa;
use crate::slapd::{Options, PEOPLE, READER_DN, READER_PASSWORD, Slapd, user_dn, user_password};

fn as_reader(python: Python) -> Python {
    python.give("dn", READER_DN).give("password", READER_PASSWORD).give("base", PEOPLE)
}

#[tokio::test]
async fn python_ldap_searches_and_tells_result_codes_at_slapd() {
    let Some(slapd) = Slapd::start(Options::small()).await.unwrap() else { return };
    let Some(python) = Python::python_ldap(&slapd.url()) else { return };
    let script = r#"
reader = connect()
reader.start_tls_s()
wrong = attempt(lambda: reader.simple_bind_s(given["dn"], "wrong"))
empty = attempt(lambda: reader.simple_bind_s(given["dn"], ""))
right = attempt(lambda: reader.simple_bind_s(given["dn"], given["password"]))
found = reader.search_s(given["base"], ldap.SCOPE_SUBTREE, "(uid=user0003)", ["mail"])
say([wrong["code"], empty["code"], right["code"], found])
"#;
    let said = as_reader(python.ca(&slapd.ca().unwrap().ca_file())).run(script).await.unwrap();
    assert_eq!(said, json!([49, 53, 0, [[user_dn(3), { "mail": ["user0003@example.org"] }]]]));
}

#[tokio::test]
async fn ldap3_searches_and_tells_result_codes_at_slapd() {
    let Some(slapd) = Slapd::start(Options::small()).await.unwrap() else { return };
    let Some(python) = Python::ldap3(&slapd.tls_url()) else { return };
    let script = r#"
refused = ldap3.Connection(connect(), given["dn"], "wrong")
refused.bind()
reader = ldap3.Connection(connect(), given["dn"], given["password"], auto_bind=True)
reader.search(given["base"], "(uid=user0003)", attributes=["mail"])
say([refused.result["result"], [entry.entry_dn for entry in reader.entries], reader.entries[0].mail.value])
"#;
    let said = as_reader(python.ca(&slapd.ca().unwrap().ca_file())).run(script).await.unwrap();
    assert_eq!(said, json!([49, [user_dn(3)], "user0003@example.org"]));
}

#[tokio::test]
async fn python_trusts_slapds_certificate_by_its_authority_alone() {
    let Some(slapd) = Slapd::start(Options { users: 1, ..Options::small() }).await.unwrap() else { return };
    let stranger = TestCa::new().unwrap();
    let Some(python) = Python::python_ldap(&slapd.tls_url()) else { return };
    let python = python.ca(&stranger.ca_file()).give("dn", user_dn(1)).give("password", user_password(1));
    let script = r#"say(attempt(lambda: connect().simple_bind_s(given["dn"], given["password"]))["code"])"#;
    // LDAP_SERVER_DOWN: the library's own code for a connection that did not come about.
    assert_eq!(python.run(script).await.unwrap(), json!(-1));
    let Some(python) = Python::ldap3(&slapd.tls_url()) else { return };
    let error = python.ca(&stranger.ca_file()).run("ldap3.Connection(connect(), auto_bind=True)").await.unwrap_err();
    assert!(error.to_string().contains("CERTIFICATE_VERIFY_FAILED"), "{error:#}");
}

#[tokio::test]
async fn script_that_says_nothing_is_an_error() {
    let Some(python) = Python::python_ldap("ldap://127.0.0.1") else { return };
    assert!(python.run("pass").await.is_err());
    assert!(python.run("say(given['nothing'])").await.unwrap_err().to_string().contains("KeyError"));
}
