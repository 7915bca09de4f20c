//! Who is let in by a bind, and who is not: OpenLDAP's own clients in front of slapd.

use vestibule_engine::{AuditEvent, Decision, FirstFactor, Store};
use vestibule_peers::ldap_tools::{LdapTools, code};
use vestibule_peers::slapd::{self, PEOPLE};
use vestibule_store::Handle;

use crate::harness::{LdapSite, Site, StoreKind, Token, enrol, find, reader_account};

/// A site with a directory and an LDAP door.
async fn site(application: &str) -> Option<(Site, LdapSite)> {
    let mut site = Site::with_directory(StoreKind::Sqlite).await.unwrap()?;
    let door = site.with_ldap(application, "").unwrap();
    Some((site, door))
}

/// Their first login, refused for want of a factor, makes a person known.
async fn enrolled(door: &LdapSite, store: &Handle, name: &str) -> Option<Token> {
    let first = door.person(name, &format!("pw-{name}"))?.whoami().await.unwrap();
    assert_eq!(first.code, code::INVALID_CREDENTIALS, "somebody without a factor: {first:?}");
    let user = find(store, name).await.expect("the first login makes a user known");
    Some(enrol(store, user.id).await)
}

#[tokio::test]
async fn person_with_password_and_code_is_let_in_as_themselves_and_nobody_else_is() {
    let Some((site, door)) = site("").await else { return };
    let daemon = site.start().await.unwrap();
    let store = site.store().await;
    let Some(token) = enrolled(&door, &store, "user0001").await else { return };
    let typed = format!("pw-user0001,{}", token.code());
    let known = door.person("user0001", &typed).unwrap().whoami().await.unwrap();
    assert_eq!((known.code, known.printed.trim()), (code::SUCCESS, &*format!("dn:{}", slapd::user_dn(1))), "{known:?}");
    for (typed, why) in [
        ("pw-user0001".to_owned(), "no code"),
        (format!("pw-user0001,{}", token.wrong()), "a wrong code"),
        (format!("guess,{}", token.code()), "a wrong password"),
    ] {
        let refused = door.person("user0001", &typed).unwrap().whoami().await.unwrap();
        assert_eq!((refused.code, refused.diagnostic()), (code::INVALID_CREDENTIALS, None), "{why}");
    }
    store.close().await;
    daemon.stop().await;
}

#[tokio::test]
async fn program_with_an_account_of_its_own_looks_people_up_and_changes_nothing() {
    let Some((site, door)) = site(&reader_account()).await else { return };
    let daemon = site.start().await.unwrap();
    let Some(tools) = door.tools() else { return };
    // However it spells its name (LDP-23).
    for dn in [slapd::READER_DN.to_owned(), "CN=Reader , dc=EXAMPLE,dc=org".to_owned()] {
        let reader = tools.clone().bind(&dn, slapd::READER_PASSWORD);
        let found = reader.search(PEOPLE, "(uid=user0001)", &["mail"]).await.unwrap();
        assert_eq!((found.code, found.entries().len()), (code::SUCCESS, 1), "{found:?}");
        let change = format!("dn: {}\nchangetype: modify\nreplace: sn\nsn: x\n", slapd::user_dn(1));
        assert_eq!(reader.modify(&change).await.unwrap().code, code::INSUFFICIENT_ACCESS);
    }
    let wrong = tools.bind(slapd::READER_DN, "guess").whoami().await.unwrap();
    assert_eq!(wrong.code, code::INVALID_CREDENTIALS);
    daemon.stop().await;
}

#[tokio::test] // LDP-07, LDP-08, LDP-11
async fn password_in_the_clear_and_none_at_all_are_refused_before_the_directory_hears_of_it() {
    let Some((site, door)) = site("").await else { return };
    let daemon = site.start().await.unwrap();
    let Some(tools) = door.tools() else { return };
    let empty = tools.clone().bind(&slapd::user_dn(1), "").whoami().await.unwrap();
    assert_eq!(empty.code, code::UNWILLING_TO_PERFORM);
    let clear = LdapTools::new(door.local_url()).unwrap().bind(&slapd::user_dn(1), "pw-user0001");
    assert_eq!(clear.whoami().await.unwrap().code, code::CONFIDENTIALITY_REQUIRED);
    let later = LdapTools::new(door.plain_url()).unwrap().bind(&slapd::user_dn(1), "pw-user0001").ca(door.ca_file());
    assert_eq!(later.whoami().await.unwrap().code, code::CONFIDENTIALITY_REQUIRED);
    assert_eq!(
        later.start_tls().whoami().await.unwrap().code,
        code::INVALID_CREDENTIALS,
        "heard, and without a factor"
    );
    assert_eq!(tools.whoami().await.unwrap().printed, "anonymous\n");
    let nobody = tools.search(PEOPLE, "(uid=user0001)", &[]).await.unwrap();
    assert_eq!(nobody.code, code::STRONGER_AUTH_REQUIRED);
    daemon.stop().await;
}

#[tokio::test]
async fn where_the_factor_comes_first_no_password_is_tried_without_it() {
    let Some((site, door)) = site("      order: factor_first\n      coalesce: 0s\n").await else { return };
    let daemon = site.start().await.unwrap();
    let store = site.store().await;
    let Some(token) = enrolled(&door, &store, "user0001").await else { return };
    let bind = async |typed: String| door.person("user0001", &typed).unwrap().whoami().await.unwrap().code;
    // Neither a wrong password nor the right one gets as far as the directory.
    for typed in [format!("guess,{}", token.wrong()), format!("pw-user0001,{}", token.wrong())] {
        assert_eq!(bind(typed).await, code::INVALID_CREDENTIALS);
        let last = last_decision(&store).await;
        assert_eq!((last.allowed, last.first_factor), (false, FirstFactor::NotAsked), "{last:?}");
    }
    assert_eq!(bind(format!("guess,{}", token.code())).await, code::INVALID_CREDENTIALS);
    let last = last_decision(&store).await;
    assert_eq!((last.allowed, last.first_factor), (false, FirstFactor::Refused), "{last:?}");
    assert_eq!(bind(format!("pw-user0001,{}", token.code())).await, code::SUCCESS);
    assert!(last_decision(&store).await.allowed);
    store.close().await;
    daemon.stop().await;
}

async fn last_decision(store: &Handle) -> Decision {
    let lines = store.audit_tail(20, None).await.unwrap();
    let mut decisions = lines.into_iter().rev().filter_map(|line| match line.record.event {
        AuditEvent::LoginDecided(decision) => Some(*decision),
        _ => None,
    });
    decisions.next().expect("a decision on record")
}
