//! Ways to be taken for somebody, or to try a password, without the bind that asks for a second step.

use vestibule_peers::slapd::{self, PEOPLE, SUFFIX, user_dn};

use crate::harness::ldap_wire::request::{
    self, BASE, SUBTREE, Search, bind_as, compare, constructed, control, delete, element, equals, extended, message,
    sasl, string,
};
use crate::harness::{ldap_wire::Wire, reader_account};
use crate::ldap::keeper::{Inside, KEEPER, PLAIN, Plan, stage};

const PROTOCOL_ERROR: u32 = 2;
const AUTH_METHOD_NOT_SUPPORTED: u32 = 7;
const CONFIDENTIALITY_REQUIRED: u32 = 13;
const SASL_BIND_IN_PROGRESS: u32 = 14;
const INVALID_CREDENTIALS: u32 = 49;
const UNWILLING_TO_PERFORM: u32 = 53;
const AUTHORIZATION_DENIED: u32 = 123;

async fn bind_octets(wire: &mut Wire, id: i64, operation: &[u8]) -> u32 {
    wire.send(&message(id, operation, &[])).await;
    wire.code(id).await
}

#[tokio::test] // LDP-14, B4
async fn ways_to_sign_in_that_name_nobody_we_could_ask_are_refused() {
    let Some(stage) = stage(&Plan { exempt: &[KEEPER], ..Plan::default() }).await else { return };
    let mechanisms = [
        "EXTERNAL",
        "GSSAPI",
        "GSS-SPNEGO",
        "DIGEST-MD5",
        "CRAM-MD5",
        "NTLM",
        "SCRAM-SHA-1",
        "SCRAM-SHA-256",
        "SCRAM-SHA-256-PLUS",
        "OAUTHBEARER",
        "ANONYMOUS",
        "LOGIN",
        "OTP",
        "plain",
        "PLAIN ",
        "",
    ];
    let me = user_dn(KEEPER);
    let mut ways: Vec<(String, Vec<u8>)> = Vec::new();
    for mechanism in mechanisms {
        for credentials in [None, Some(&b""[..]), Some(b"\0user0009\0pw-user0009"), Some(me.as_bytes())] {
            ways.push((mechanism.to_owned(), sasl(mechanism, credentials)));
        }
    }
    // Kerberos 4, and Active Directory's Sicily.
    for tag in [0x81, 0x82, 0x89, 0x8A, 0x8B] {
        ways.push((format!("tag {tag:02x}"), bind_as(3, &me, &element(tag, b"NTLM"))));
    }
    let mut wire = stage.wire_as(KEEPER).await;
    for (id, (way, operation)) in (10..).zip(&ways) {
        assert_eq!(bind_octets(&mut wire, id, operation).await, AUTH_METHOD_NOT_SUPPORTED, "{way}");
        assert_eq!(wire.whoami(2).await, "", "{way}");
    }
    for version in [1, 2, 4, 127] {
        let old = bind_as(version, &me, &element(0x80, slapd::user_password(KEEPER).as_bytes()));
        assert_eq!(bind_octets(&mut wire, 2, &old).await, PROTOCOL_ERROR, "version {version}");
        assert_eq!(wire.whoami(3).await, "", "version {version}");
    }
    stage.assert_alive().await;
    stage.end().await;
}

#[tokio::test] // LDP-14, B4
async fn sasl_plain_is_a_bind_like_any_other_and_for_oneself() {
    let Some(stage) = stage(&Plan::default()).await else { return };
    let token = stage.enrolled(2).await;
    let mut wire = stage.wire().await;
    let plain =
        |whom: &str, name: &str, typed: &str| sasl("PLAIN", Some(format!("{whom}\0{name}\0{typed}").as_bytes()));
    let password = slapd::user_password(2);
    assert_eq!(bind_octets(&mut wire, 1, &plain("", "user0002", &password)).await, INVALID_CREDENTIALS, "no code");
    let wrong = format!("{password},{}", token.wrong());
    assert_eq!(bind_octets(&mut wire, 2, &plain("", "user0002", &wrong)).await, INVALID_CREDENTIALS);
    let right = format!("{password},{}", token.code());
    // As somebody else, before the code is spent.
    for whom in ["user0001", "u:user0001", "dn:uid=user0001,ou=people,dc=example,dc=org", "u:", "dn:"] {
        assert_eq!(bind_octets(&mut wire, 3, &plain(whom, "user0002", &right)).await, AUTHORIZATION_DENIED, "{whom}");
        assert_eq!(wire.whoami(4).await, "");
    }
    for (operation, what) in [
        (plain("", "", &right), "no name"),
        (plain("", "user0002", ""), "no password"),
        (plain("user0002", "user0002", ""), "no password"),
    ] {
        assert_eq!(bind_octets(&mut wire, 5, &operation).await, UNWILLING_TO_PERFORM, "{what}");
    }
    assert_eq!(bind_octets(&mut wire, 6, &sasl("PLAIN", Some(b"user0002"))).await, PROTOCOL_ERROR);
    // The first word is the server's, and empty (RFC 4422).
    assert_eq!(bind_octets(&mut wire, 7, &sasl("PLAIN", None)).await, SASL_BIND_IN_PROGRESS);
    assert_eq!(wire.whoami(8).await, "");
    assert_eq!(bind_octets(&mut wire, 9, &plain("u:user0002", "user0002", &right)).await, 0);
    assert_eq!(wire.whoami(10).await, format!("dn:{}", user_dn(2)));
    let mut clear = Wire::plain(stage.door.local()).await;
    assert_eq!(bind_octets(&mut clear, 1, &plain("", "user0009", "pw-user0009")).await, CONFIDENTIALITY_REQUIRED);
    assert_eq!(bind_octets(&mut clear, 2, &sasl("PLAIN", None)).await, CONFIDENTIALITY_REQUIRED);
    stage.assert_alive().await;
    stage.end().await;
}

#[tokio::test] // LDP-36
async fn passwords_are_tried_by_bind_only() {
    let application = reader_account();
    let Some(stage) = stage(&Plan { exempt: &[KEEPER], application: &application, ..Plan::default() }).await else {
        return;
    };
    let victim = user_dn(2);
    let by = |filter: Vec<u8>| Search::new(PEOPLE, SUBTREE, filter).operation();
    let extensible = |parts: &[(u8, &str)]| {
        let parts: Vec<Vec<u8>> = parts.iter().map(|(tag, part)| element(*tag, part.as_bytes())).collect();
        constructed(0xA9, &parts)
    };
    let substring = constructed(0xA4, &[string("userPassword"), constructed(0x30, &[element(0x80, b"pw-")])]);
    let deep = constructed(
        0xA0,
        &[equals("uid", "user0002"), constructed(0xA1, &[constructed(0xA2, &[equals("userPassword", "x")])])],
    );
    let verify = [string(&victim), element(0x80, b"pw-user0002")].concat();
    let tries = [
        compare(&victim, "userPassword", "pw-user0002"),
        compare(&victim, "USERPASSWORD;x-a", "pw-user0002"),
        compare(&victim, "2.5.4.35", "pw-user0002"),
        by(equals("userPassword", "pw-user0002")),
        by(request::pair(0xA5, "userPassword", "a")),
        by(request::pair(0xA6, "userPassword", "z")),
        by(request::pair(0xA8, "userPassword", "pw-user0002")),
        by(substring),
        by(deep),
        by(extensible(&[(0x82, "userPassword"), (0x83, "pw-user0002")])),
        by(extensible(&[(0x81, "octetStringMatch"), (0x82, "userPassword"), (0x83, "pw-user0002")])),
        by(extensible(&[(0x81, "octetStringMatch"), (0x83, "pw-user0002")])),
        // OpenLDAP's check of a password, and the exchange of roles.
        extended("1.3.6.1.4.1.4203.666.6.5", Some(&element(0x30, &verify))),
        extended("1.3.6.1.1.19", Some(b"\x30\x00")),
    ];
    let mut reader = stage.wire().await;
    assert_eq!(reader.bind(1, slapd::READER_DN, slapd::READER_PASSWORD).await, 0);
    for mut wire in [stage.wire_as(KEEPER).await, stage.wire_as(PLAIN).await, reader] {
        for (id, operation) in (10..).zip(&tries) {
            let answer = wire.ask(id, operation).await;
            assert_eq!((answer.len(), answer[0].code()), (1, UNWILLING_TO_PERFORM), "{id}");
        }
    }
    stage.assert_alive().await;
    stage.end().await;
}

#[tokio::test] // LDP-15, LDP-16, B13
async fn nobody_acts_for_somebody_else() {
    let application = reader_account();
    let Some(stage) = stage(&Plan { exempt: &[KEEPER], application: &application, ..Plan::default() }).await else {
        return;
    };
    let mut inside = Inside::of(stage.directory()).await;
    let dn = inside.put("kept").await;
    let as_keeper = format!("dn:{}", user_dn(KEEPER));
    let mut reader = stage.wire().await;
    assert_eq!(reader.bind(1, slapd::READER_DN, slapd::READER_PASSWORD).await, 0);
    for mut wire in [stage.wire().await, stage.wire_as(PLAIN).await, stage.wire_as(KEEPER).await, reader] {
        for name in ["2.16.840.1.113730.3.4.18", "2.16.840.1.113730.3.4.12"] {
            for (is_critical, code) in [(true, AUTHORIZATION_DENIED), (false, PROTOCOL_ERROR)] {
                let proxied = control(name, is_critical, Some(as_keeper.as_bytes()));
                let hidden = [control("1.2.3.4", false, None), proxied];
                for operation in [delete(&dn), request::whoami(), request::find(SUFFIX, "user0002")] {
                    let answer = wire.ask_with(2, &operation, &hidden).await.pop().unwrap();
                    // We tell a stranger ourselves that they are nobody, and know no control for that.
                    let is_of_nobody = answer.code() == 12 || answer.value() == Some(Vec::new());
                    assert!(answer.code() == code || is_of_nobody, "{answer:?}");
                }
                assert!(inside.is_as_it_was(&dn).await);
            }
        }
    }
    // A bind with it signs in nobody.
    let mut wire = stage.wire().await;
    let proxied = control("2.16.840.1.113730.3.4.18", true, Some(as_keeper.as_bytes()));
    let signs_in = request::bind(&user_dn(PLAIN), &slapd::user_password(PLAIN));
    wire.send(&message(2, &signs_in, &[proxied])).await;
    assert_eq!(wire.code(2).await, AUTHORIZATION_DENIED);
    assert_eq!(wire.whoami(3).await, "");
    // An unknown control that is critical is the directory's to refuse (LDP-15).
    let mut wire = stage.wire_as(PLAIN).await;
    let own = Search::new(&user_dn(PLAIN), BASE, request::present("objectClass")).operation();
    let unknown = |is_critical| [control("1.2.3.4", is_critical, None)];
    assert_eq!(wire.ask_with(4, &own, &unknown(true)).await.pop().unwrap().code(), 12);
    assert_eq!(wire.ask_with(5, &own, &unknown(false)).await.len(), 2);
    stage.assert_alive().await;
    stage.end().await;
}
