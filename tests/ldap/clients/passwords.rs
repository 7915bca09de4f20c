//! Changing one's password, and what the directory's password policy says of one.

use std::time::Duration;

use serde_json::{Value, json};
use vestibule::clock::SystemClock;
use vestibule::phone::Phone;
use vestibule_engine::{Carried, Clock, Person, Store, Subject};
use vestibule_peers::ldap_tools::{LdapTools, code};
use vestibule_peers::python_ldap::Python;
use vestibule_peers::slapd;

use crate::harness::{Site, StoreKind, enrol, now};
use crate::ldap::stage::Stage;

#[tokio::test] // LDP-18
async fn password_changed_by_its_owner_counts_at_once_and_the_old_one_opens_nothing_from_any_cache() {
    let Some(stage) = Stage::before_slapd("      coalesce: 5m\n", "").await else { return };
    let token = stage.enrolled(1).await;
    let (code_then, code_now) = (token.code(), token.code_at(now() + 30));
    let owner = |typed: &str| stage.door.person("user0001", typed).unwrap();
    let old = owner(&format!("pw-user0001,{code_then}"));
    assert_eq!(old.whoami().await.unwrap().code, code::SUCCESS);
    let changed = old.change_password(None, None, Some("a better one")).await.unwrap();
    assert_eq!(changed.code, code::SUCCESS, "{changed:?}");
    // What was typed before is remembered, and worth nothing.
    for typed in [format!("pw-user0001,{code_then}"), format!("pw-user0001,{code_now}"), "pw-user0001".to_owned()] {
        assert_eq!(owner(&typed).whoami().await.unwrap().code, code::INVALID_CREDENTIALS, "{typed}");
        assert_eq!(stage.last_denial("user0001").await, Some("wrong-password"));
    }
    let is_dropped = stage.events().await.iter().any(|event| event.id() == "trust.revoked");
    assert!(is_dropped, "what was remembered ends with the password");
    assert_eq!(owner("a better one").whoami().await.unwrap().code, code::INVALID_CREDENTIALS, "no way around the code");
    let again = owner(&format!("a better one,{code_then}"));
    assert_eq!(again.whoami().await.unwrap().code, code::INVALID_CREDENTIALS, "a code is good once");
    assert_eq!(owner(&format!("a better one,{code_now}")).whoami().await.unwrap().code, code::SUCCESS);

    // Not by anybody, and not in the clear. (The tool ends with 1 whatever the result is, and prints it.)
    let nobody = stage.tools().change_password(Some(&slapd::user_dn(1)), None, Some("x")).await.unwrap();
    assert!(nobody.printed.contains("(8)"), "{nobody:?}");
    let clear = LdapTools::new(stage.door.local_url()).unwrap();
    let clear = clear.change_password(Some(&slapd::user_dn(1)), None, Some("x")).await.unwrap();
    assert!(clear.printed.contains("(13)"), "{clear:?}");
    stage.end().await;
}

/// A bind that asks what the password policy says, and what came back: the code, the policy's error, and what may be done
/// afterwards.
const ASK_POLICY: &str = r#"
from ldap.controls.ppolicy import PasswordPolicyControl
person = connect()
asked = person.simple_bind(given["name"], given["typed"], serverctrls=[PasswordPolicyControl()])
try:
    _, _, _, controls = person.result3(asked)
    code = 0
except ldap.LDAPError as error:
    code = error.args[0]["result"]
    controls = [ldap.controls.DecodeControlTuples([control])[0] for control in error.args[0].get("ctrls", [])]
said = [control.error for control in controls if isinstance(control, PasswordPolicyControl)]
own = attempt(lambda: person.search_s(given["name"], ldap.SCOPE_BASE, "(objectClass=*)", ["uid"]))["code"] if code == 0 else None
say([code, said, own])
"#;

async fn ask(python: &Python, uid: &str, typed: &str) -> Value {
    let dn = format!("uid={uid},{}", slapd::PEOPLE);
    python.clone().give("name", dn).give("typed", typed).run(ASK_POLICY).await.unwrap()
}

/// Somebody whose password is not good for a login, as the gateway would know them from better days, with their phone.
async fn phone_of(stage: &Stage, uid: &str) -> Phone {
    let reader = LdapTools::new(stage.site.directory.as_ref().unwrap().url()).unwrap();
    let reader = reader.bind(slapd::READER_DN, slapd::READER_PASSWORD);
    let found = reader.search(slapd::PEOPLE, &format!("(uid={uid})"), &["entryUUID"]).await.unwrap();
    let id = found.entries()[0].value("entryUUID").unwrap().to_owned();
    let subject = Subject { source: "staff".to_owned(), id, name: uid.to_owned() };
    let carried = Carried::default();
    let person = Person { subject, groups: Vec::new(), display_name: None, mail: None, carried };
    let user = stage.store.adopt(&person, SystemClock::new().now()).await.unwrap();
    stage.site.phone(&stage.store, user.id, uid).await
}

#[tokio::test] // LDP-20
async fn password_policy_of_the_directory_reaches_the_client_and_no_phone_rings_for_it() {
    let Some(mut site) = Site::with_directory(StoreKind::Sqlite).await.unwrap() else { return };
    site.with_portal("").unwrap();
    let door = site.with_ldap("", "").unwrap();
    let Some(stage) = Stage::start(site, door).await else { return };
    let directory = stage.site.directory.as_ref().unwrap();
    let (Some(door), Some(direct)) =
        (Python::python_ldap(&stage.door.secure_url()), Python::python_ldap(&directory.tls_url()))
    else {
        return;
    };
    let (door, direct) = (door.ca(&stage.door.ca_file()), direct.ca(&directory.ca().unwrap().ca_file()));
    for (uid, expected) in [("expired", json!([49, [0], null])), ("locked", json!([49, [1], null]))] {
        let phone = phone_of(&stage, uid).await;
        let typed = format!("pw-{uid}");
        assert_eq!(ask(&direct, uid, &typed).await, expected, "{uid} at the directory itself");
        for typed in [format!("{typed},123456"), format!("{typed},push"), typed] {
            assert_eq!(ask(&door, uid, &typed).await, expected, "{typed}");
        }
        assert!(phone.requests(Duration::ZERO).await.unwrap().is_empty());
    }
    let events = stage.events().await;
    assert!(events.iter().all(|event| !matches!(event.id(), "login.prompted" | "factor.failed")), "{events:?}");

    // Let in to change the password, and only for that: the directory says so, and holds them to it.
    let expected = json!([0, [2], code::INSUFFICIENT_ACCESS]);
    assert_eq!(ask(&direct, "mustchange", "pw-mustchange").await, expected);
    let user = stage.known("mustchange", "pw-mustchange").await;
    let token = enrol(&stage.store, user.id).await;
    let typed = format!("pw-mustchange,{}", token.code());
    assert_eq!(ask(&door, "mustchange", &typed).await, expected);
    let owner = stage.door.person("mustchange", &typed).unwrap();
    let changed = owner.change_password(None, Some("pw-mustchange"), Some("a better one")).await.unwrap();
    assert_eq!(changed.code, code::SUCCESS, "{changed:?}");
    let typed = format!("a better one,{}", token.code_at(now() + 30));
    assert_eq!(ask(&door, "mustchange", &typed).await, json!([0, [null], 0]));
    stage.end().await;
}
