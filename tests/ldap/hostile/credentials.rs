//! Names and passwords that nobody has, in forms that somebody may take for something else.

use vestibule_peers::slapd::{self, PEOPLE, user_dn};

use crate::harness::ldap_wire::Wire;
use crate::harness::ldap_wire::request::{bind_as, element, message, string};
use crate::ldap::keeper::{KEEPER, PLAIN, Plan, stage};

const INVALID_CREDENTIALS: u32 = 49;
const UNWILLING_TO_PERFORM: u32 = 53;

/// A bind whose name and password are any octets.
async fn bind(wire: &mut Wire, name: &[u8], password: &[u8]) -> u32 {
    let mut operation = bind_as(3, "", &element(0x80, password));
    if !name.is_empty() {
        let content = [element(0x02, &[3]), string(name), element(0x80, password)].concat();
        operation = element(0x60, &content);
    }
    wire.send(&message(2, &operation, &[])).await;
    wire.code(2).await
}

#[tokio::test] // LDP-33, B7, B9, B12
async fn names_that_mean_more_to_a_filter_or_less_than_one_person_let_nobody_in() {
    let Some(stage) = stage(&Plan { exempt: &[KEEPER], ..Plan::default() }).await else { return };
    let password = slapd::user_password(PLAIN);
    let mut wire = stage.wire().await;
    let long = "x".repeat(200 << 10);
    for name in [
        &b"*"[..],
        b"user0009*",
        b"user000?",
        b"*)(uid=*))(|(uid=*",
        b"user0009)(uid=user0009",
        b"\\2a",
        b"user0009\\00",
        b"user0009\0",
        b"\0user0009",
        b"\xff\xfe",
        b"uid=*,ou=people,dc=example,dc=org",
        b"uid=user0009+cn=*,ou=people,dc=example,dc=org",
        b"uid=user0009,ou=people,dc=example,dc=org,",
        b"ou=people,dc=example,dc=org",
        b"dc=example,dc=org",
        b" ",
        b"\n",
        long.as_bytes(),
        format!("uid={long},{PEOPLE}").as_bytes(),
    ] {
        let shown = String::from_utf8_lossy(&name[..name.len().min(60)]).into_owned();
        assert_eq!(bind(&mut wire, name, password.as_bytes()).await, INVALID_CREDENTIALS, "{shown:?}");
        assert_eq!(wire.whoami(3).await, "", "{shown:?}");
    }
    stage.assert_alive().await;
    stage.end().await;
}

#[tokio::test] // LDP-07, B1
async fn passwords_that_are_none_or_leave_none_let_nobody_in() {
    let Some(stage) = stage(&Plan { exempt: &[KEEPER], ..Plan::default() }).await else { return };
    let token = stage.enrolled(2).await;
    let mut wire = stage.wire().await;
    let long = "x".repeat(200 << 10);
    let code = token.code();
    for (number, me) in [(2, user_dn(2)), (PLAIN, user_dn(PLAIN))] {
        assert_eq!(bind(&mut wire, me.as_bytes(), b"").await, UNWILLING_TO_PERFORM);
        for typed in [
            " ".to_owned(),
            "\0".to_owned(),
            "\0\0\0\0".to_owned(),
            ",".to_owned(),
            format!(",{code}"),
            code.clone(),
            ",push".to_owned(),
            format!("{}\0", slapd::user_password(number)),
            format!("{}\0,{code}", slapd::user_password(number)),
            format!("\0{}", slapd::user_password(number)),
            long.clone(),
        ] {
            let shown: String = typed.chars().take(30).collect();
            let heard = bind(&mut wire, me.as_bytes(), typed.as_bytes()).await;
            assert!([INVALID_CREDENTIALS, UNWILLING_TO_PERFORM].contains(&heard), "{shown:?}: {heard}");
            assert_eq!(wire.whoami(3).await, "", "{shown:?}");
        }
    }
    // A password without a name is nobody's.
    assert_eq!(bind(&mut wire, b"", b"x").await, INVALID_CREDENTIALS);
    stage.assert_alive().await;
    stage.end().await;
}
