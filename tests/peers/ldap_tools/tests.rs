//! The tools against slapd itself, with nothing of ours between.

use std::time::Duration;

use tokio::net::TcpListener;

use super::answer::read_entry;
use super::{LdapTools, code};
use crate::certificates::TestCa;
use crate::slapd::{self, GROUPS, Options, PEOPLE, Slapd, user_dn, user_password};

async fn directory() -> Option<(Slapd, LdapTools)> {
    let slapd = Slapd::start(Options::small()).await.unwrap()?;
    let tools = LdapTools::new(slapd.url())?;
    Some((slapd, tools))
}

fn person(tools: &LdapTools, number: u32) -> LdapTools {
    tools.clone().bind(&user_dn(number), &user_password(number))
}

#[test]
fn entry_is_read_with_values_in_base64_and_a_block_without_a_name_is_none() {
    let entry =
        read_entry("dn:: dWlkPWrDvHJnZW4=\nCN: J\u{fc}rgen\nnote:\nmember;range=0-1: a: b\nmail: x\nmail: y").unwrap();
    assert_eq!(entry.dn, "uid=j\u{fc}rgen");
    assert_eq!((entry.value("cn"), entry.value("note")), (Some("J\u{fc}rgen"), Some("")));
    assert_eq!((entry.value("member;range=0-1"), entry.values("mail")), (Some("a: b"), vec!["x", "y"]));
    assert_eq!(read_entry("# refldap://elsewhere.example.org/??sub"), None);
}

#[tokio::test]
async fn tools_tell_a_right_password_from_a_wrong_an_empty_and_none_at_slapd() {
    let Some((_slapd, tools)) = directory().await else { return };
    let known = person(&tools, 7).whoami().await.unwrap();
    assert_eq!((known.code, known.printed.as_str()), (code::SUCCESS, "dn:uid=user0007,ou=people,dc=example,dc=org\n"));
    let wrong = tools.clone().bind(&user_dn(7), "wrong").whoami().await.unwrap();
    assert_eq!((wrong.code, wrong.diagnostic()), (code::INVALID_CREDENTIALS, None));
    let empty = tools.clone().bind(&user_dn(7), "").whoami().await.unwrap();
    assert_eq!(empty.code, code::UNWILLING_TO_PERFORM);
    assert_eq!(empty.diagnostic(), Some("unauthenticated bind (DN with no password) disallowed"));
    assert_eq!(tools.whoami().await.unwrap().printed, "anonymous\n");
}

#[tokio::test]
async fn tools_search_whole_and_by_pages_at_slapd() {
    let Some((_slapd, tools)) = directory().await else { return };
    let reader = tools.bind(slapd::READER_DN, slapd::READER_PASSWORD);
    let smith = reader.search(PEOPLE, "(uid=jsmith)", &["cn", "memberOf"]).await.unwrap();
    let [smith] = &smith.entries()[..] else { panic!("{smith:?}") };
    assert_eq!((smith.value("cn"), smith.values("memberof").len()), (Some(" Smith, John + Sons"), 1));
    let paged = reader.search_with(&["-E", "pr=6/noprompt"], PEOPLE, "(uid=user00*)", &["uid"]).await.unwrap();
    assert_eq!((paged.code, paged.entries().len()), (code::SUCCESS, 20));
    let bounded = reader.search_with(&["-z", "3"], PEOPLE, "(uid=user00*)", &["uid"]).await.unwrap();
    assert_eq!((bounded.code, bounded.entries().len()), (code::SIZE_LIMIT_EXCEEDED, 3));
    let nowhere = reader.search("ou=nowhere,dc=example,dc=org", "(uid=*)", &[]).await.unwrap();
    assert_eq!((nowhere.code, nowhere.entries()), (code::NO_SUCH_OBJECT, vec![]));
}

#[tokio::test]
async fn tools_write_compare_and_delete_at_slapd() {
    let Some((_slapd, tools)) = directory().await else { return };
    let admin = tools.clone().bind(slapd::ADMIN_DN, slapd::ADMIN_PASSWORD);
    let group = format!("cn=lunch,{GROUPS}");
    let ldif = format!("dn: {group}\nobjectClass: groupOfNames\ncn: lunch\nmember: {}\n", user_dn(1));
    assert_eq!(admin.add(&ldif).await.unwrap().code, code::SUCCESS);
    let change = format!("dn: {group}\nchangetype: modify\nadd: description\ndescription: at noon\n");
    assert_eq!(admin.modify(&change).await.unwrap().code, code::SUCCESS);
    assert_eq!(admin.compare(&group, "description", "at noon").await.unwrap().code, code::COMPARE_TRUE);
    assert_eq!(admin.compare(&group, "description", "at one").await.unwrap().code, code::COMPARE_FALSE);
    assert_eq!(person(&tools, 1).modify(&change).await.unwrap().code, code::INSUFFICIENT_ACCESS);
    assert_eq!(admin.delete(&group).await.unwrap().code, code::SUCCESS);
    assert_eq!(admin.compare(&group, "cn", "lunch").await.unwrap().code, code::NO_SUCH_OBJECT);
}

#[tokio::test]
async fn tools_change_a_password_at_slapd() {
    let Some((_slapd, tools)) = directory().await else { return };
    let first = person(&tools, 3);
    let old = user_password(3);
    assert_eq!(first.change_password(None, Some(&old), Some("new one")).await.unwrap().code, code::SUCCESS);
    assert_eq!(first.whoami().await.unwrap().code, code::INVALID_CREDENTIALS);
    let second = tools.clone().bind(&user_dn(3), "new one");
    let made = second.change_password(Some(&user_dn(3)), None, None).await.unwrap();
    let made = made.printed.trim().strip_prefix("New password: ").unwrap();
    assert_eq!(tools.bind(&user_dn(3), made).whoami().await.unwrap().code, code::SUCCESS);
}

#[tokio::test]
async fn tools_trust_slapds_certificate_by_its_authority_alone() {
    let Some((slapd, plain)) = directory().await else { return };
    let immediate = LdapTools::new(slapd.tls_url()).unwrap();
    let stranger = TestCa::new().unwrap();
    for tools in [immediate, plain.clone().start_tls()] {
        let tools = person(&tools, 2);
        let trusting = tools.clone().ca(slapd.ca().unwrap().ca_file());
        assert_eq!(trusting.whoami().await.unwrap().code, code::SUCCESS);
        let refused = tools.ca(stranger.ca_file()).whoami().await.unwrap();
        // One is a connection that failed, the other a StartTLS that did.
        assert!([code::NO_SERVER, 1].contains(&refused.code), "{refused:?}");
    }
    assert_eq!(plain.start_tls().whoami().await.unwrap().code, 1);
}

#[tokio::test]
async fn tool_that_gets_no_answer_is_ended_when_patience_is() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let Some(tools) = LdapTools::new(format!("ldap://{}", silent.local_addr().unwrap())) else { return };
    let error = tools.patience(Duration::from_millis(300)).whoami().await.unwrap_err();
    assert!(error.to_string().ends_with("does not end within 300ms"), "{error:#}");
    drop(silent);
}
