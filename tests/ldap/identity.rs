//! One name, one entry: nobody is let in under a name that means somebody else, nor by a directory that is ours no more.

use vestibule_peers::ldap_tools::{LdapTools, code};
use vestibule_peers::slapd::{self, Options, PEOPLE, Slapd, user_dn, user_password};

use super::stage::{Stage, slapd_primary};
use crate::harness::ldap_wire::Wire;
use crate::ldap::networks::{said, until_said};

const EXEMPT: &str = "policy: { rules: [{ name: open, services: [app], require: skip }] }\n";

#[tokio::test] // LDP-22
async fn whoever_has_a_foreign_dn_for_a_mail_address_does_not_sign_in_as_that_entry() {
    let Some(mut stage) = Stage::before_slapd("", "").await else { return };
    stage.site.more.push_str(EXEMPT);
    let before = said(&stage.daemon, TAKEN);
    stage.site.write();
    until_said(&stage.daemon, TAKEN, before + 1).await;
    let slapd = stage.site.directory.as_ref().unwrap();
    let admin = LdapTools::new(slapd.url()).unwrap().bind(slapd::ADMIN_DN, slapd::ADMIN_PASSWORD);
    let names = [
        slapd::ADMIN_DN.to_owned(),
        slapd::READER_DN.to_owned(),
        format!("uid=user0003,ou=elsewhere,{}", slapd::SUFFIX),
        // Not what we read as a DN, and what a directory might.
        "uid=\"user0003\",ou=people".to_owned(),
        "2.5.4.3=#04024869".to_owned(),
    ];
    for name in &names {
        let ldif = format!("dn: {}\nchangetype: modify\nreplace: mail\nmail: {name}\n", user_dn(2));
        assert_eq!(admin.modify(&ldif).await.unwrap().code, code::SUCCESS, "{name}");
        let tried = stage.tools().bind(name, &user_password(2)).whoami().await.unwrap();
        assert_eq!(tried.code, code::INVALID_CREDENTIALS, "{name}: {tried:?}");
    }
    // By their own DN, however it is written, they are themselves.
    let own = format!("UID=user0002 , {PEOPLE}");
    let known = stage.tools().bind(&own, &user_password(2)).whoami().await.unwrap();
    assert_eq!((known.code, known.printed.trim()), (code::SUCCESS, &*format!("dn:{}", user_dn(2))));
    stage.end().await;
}

const TAKEN: &str = "The changed configuration is in use";

#[tokio::test]
async fn directory_that_was_exchanged_lets_nobody_in_over_a_connection_that_stood_before() {
    let Some(mut stage) = Stage::before_slapd("", "").await else { return };
    let Some(other) = Slapd::start(Options::small()).await.unwrap() else { return };
    let admin = LdapTools::new(other.url()).unwrap().bind(slapd::ADMIN_DN, slapd::ADMIN_PASSWORD);
    let ldif = format!("dn: {}\nchangetype: modify\nreplace: userPassword\nuserPassword: pw-new\n", user_dn(1));
    assert_eq!(admin.modify(&ldif).await.unwrap().code, code::SUCCESS);
    let change = async |stage: &Stage| {
        let before = said(&stage.daemon, TAKEN);
        stage.site.write();
        until_said(&stage.daemon, TAKEN, before + 1).await;
    };
    stage.site.more.push_str(EXEMPT);
    change(&stage).await;
    let mut standing = Wire::tls(stage.door.secure(), stage.door.ca.ca_pem()).await;
    assert_eq!(standing.bind(1, &user_dn(1), &user_password(1)).await, 0);
    // Another server behind the same name.
    let more = ["allow_plaintext: true", "timeout: 3s", "cool_down: 100ms"];
    stage.site.primaries(&slapd_primary(&[&other.url()], &more));
    change(&stage).await;
    assert_eq!(standing.bind(2, &user_dn(1), &user_password(1)).await, 49, "what the old one still believes");
    assert_eq!(standing.bind(3, &user_dn(1), "pw-new").await, 0);
    assert_eq!(standing.whoami(4).await, format!("dn:{}", user_dn(1)));
    stage.end().await;
}
