//! Python's two libraries, and the applications that are made with them.

use serde_json::json;
use vestibule_peers::python_ldap::Python;
use vestibule_peers::slapd;

use crate::harness::{now, reader_account};
use crate::ldap::stage::Stage;

#[tokio::test]
async fn ldap3_starts_tls_reads_what_the_server_says_of_itself_and_binds_again_on_one_connection() {
    let Some(stage) = Stage::before_slapd(&reader_account(), "").await else { return };
    let token = stage.enrolled(1).await;
    let Some(python) = Python::ldap3(&stage.door.plain_url()) else { return };
    let python = python.ca(&stage.door.ca_file()).give("name", slapd::user_dn(1)).give("wrong", token.wrong());
    let python = python.give("code", token.code()).give("next", token.code_at(now() + 30));
    let python = python.give("reader", slapd::READER_DN).give("password", slapd::READER_PASSWORD);
    let script = r#"
tls = ldap3.Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=given["ca"])
server = ldap3.Server(given["url"], tls=tls, get_info=ldap3.ALL)
person = "pw-user0001,"
connection = ldap3.Connection(server, given["name"], person + given["code"], auto_bind=ldap3.AUTO_BIND_TLS_BEFORE_BIND)
seen = []
def see(bound):
    seen.append([bound, connection.result["result"], connection.extend.standard.who_am_i()])
see(connection.bound)
see(connection.rebind(given["reader"], given["password"]))
connection.search("ou=people,dc=example,dc=org", "(uid=user0007)", attributes=["mail"])
found = [entry.mail.value for entry in connection.entries]
see(connection.rebind(given["name"], person + given["next"]))
see(connection.rebind(given["name"], person + given["wrong"]))
see(connection.rebind(given["name"], person + given["next"]))
say({
    "seen": seen,
    "found": found,
    "contexts": server.info.naming_contexts,
    "mechanisms": server.info.supported_sasl_mechanisms,
    "schema": "inetOrgPerson" in server.schema.object_classes,
})
"#;
    let (person, reader) = (format!("dn:{}", slapd::user_dn(1)), format!("dn:{}", slapd::READER_DN));
    let said = python.run(script).await.unwrap();
    let seen = json!([[true, 0, person], [true, 0, reader], [true, 0, person], [false, 49, null], [true, 0, person],]);
    assert_eq!(said["seen"], seen);
    assert_eq!(said["found"], json!(["user0007@example.org"]));
    assert_eq!(said["contexts"], json!([slapd::SUFFIX]));
    // Only what the door takes is announced (LDP-14, LDP-35).
    assert_eq!(said["mechanisms"], json!(["PLAIN"]));
    assert_eq!(said["schema"], true);
    stage.end().await;
}

#[tokio::test]
async fn python_ldap_works_on_by_the_rights_of_whoever_it_bound_last() {
    let Some(stage) = Stage::before_slapd(&reader_account(), "").await else { return };
    let token = stage.enrolled(1).await;
    let Some(python) = Python::python_ldap(&stage.door.secure_url()) else { return };
    let python = python.ca(&stage.door.ca_file()).give("name", slapd::user_dn(1)).give("wrong", token.wrong());
    let python = python.give("code", token.code()).give("base", slapd::PEOPLE);
    let python = python.give("reader", slapd::READER_DN).give("password", slapd::READER_PASSWORD);
    let script = r#"
connection = connect()
seen = []
def see(name, password):
    bound = attempt(lambda: connection.simple_bind_s(name, password))
    others = attempt(lambda: seen.append(len(connection.search_s(given["base"], ldap.SCOPE_SUBTREE, "(uid=user000*)", ["uid"]))))
    seen.append([bound["code"], others["code"], connection.whoami_s()])
see(given["reader"], given["password"])
see(given["name"], "pw-user0001," + given["code"])
see(given["name"], "pw-user0001," + given["wrong"])
see(given["reader"], given["password"])
say(seen)
"#;
    let (person, reader) = (format!("dn:{}", slapd::user_dn(1)), format!("dn:{}", slapd::READER_DN));
    let said = python.run(script).await.unwrap();
    // The reader sees nine; a person not even that there is a branch of others; and nobody asks anything (LDP-06).
    assert_eq!(said, json!([9, [0, 0, reader], [0, 32, person], [49, 8, ""], 9, [0, 0, reader]]));
    stage.end().await;
}
