//! The domain controller itself, with nothing of ours between. One start for all: a domain takes seconds to make.

use super::people::{ADA, CAROL, CLUMSY, DISABLED, EVERYONE, EXPIRED, LOCKED, MUST_CHANGE, READER, STALE};
use super::{ADMIN_DN, ADMIN_PASSWORD, BASE, GROUPS, PEOPLE, Person, Samba};
use crate::ldap_tools::{Answer, LdapTools, code};
use crate::python_ldap::Python;

/// A bind shown by a search, because Samba knows no "Who am I?".
async fn bind(samba: &Samba, name: &str, password: &str) -> Answer {
    let tools = LdapTools::new(samba.tls_url()).unwrap().ca(samba.ca().ca_file());
    tools.bind(name, password).search(PEOPLE, "(sAMAccountName=ada)", &["mail"]).await.unwrap()
}

async fn data(samba: &Samba, person: Person, password: &str) -> String {
    let answer = bind(samba, person.upn, password).await;
    let Some(diagnostic) = answer.diagnostic() else { return answer.code.to_string() };
    assert_eq!(answer.code, code::INVALID_CREDENTIALS);
    let start = "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data ";
    diagnostic.strip_prefix(start).and_then(|rest| rest.strip_suffix(", v1db1")).unwrap().to_owned()
}

#[tokio::test]
async fn samba_is_a_domain_controller_as_applications_meet_it() {
    // Two side by side; what becomes of one is nothing to the other.
    let (samba, other) = tokio::join!(Samba::start(), Samba::start());
    let (Some(samba), Some(other)) = (samba.unwrap(), other.unwrap()) else { return };
    if LdapTools::new(samba.url()).is_none() {
        return;
    }
    assert_ne!(samba.address(), other.address());
    drop(other);
    refusals_say_why_to_who_knows_the_password(&samba).await;
    third_wrong_password_locks(&samba).await;
    one_person_has_many_names(&samba).await;
    passwords_are_refused_without_tls(&samba).await;
    groups_nest_and_large_ones_come_in_ranges(&samba).await;
    python_signs_in_as_well(&samba).await;
}

async fn refusals_say_why_to_who_knows_the_password(samba: &Samba) {
    let nobody = Person { account: "nobody", name: "Nobody", upn: "nobody@corp.example" };
    for (person, right, wrong) in [
        (ADA, "0", "52e"),
        (READER, "0", "52e"),
        (MUST_CHANGE, "773", "52e"),
        (DISABLED, "533", "52e"),
        (EXPIRED, "701", "52e"),
        (STALE, "532", "52e"),
        (LOCKED, "775", "775"),
        (nobody, "52e", "52e"),
    ] {
        assert_eq!(data(samba, person, &person.password()).await, right, "{}", person.account);
        assert_eq!(data(samba, person, "wrong").await, wrong, "{}", person.account);
    }
    assert_eq!(data(samba, ADA, "").await, "52e");
}

async fn third_wrong_password_locks(samba: &Samba) {
    assert_eq!(data(samba, CLUMSY, &CLUMSY.password()).await, "0");
    for said in ["52e", "52e", "52e", "775"] {
        assert_eq!(data(samba, CLUMSY, "wrong").await, said);
    }
    assert_eq!(data(samba, CLUMSY, &CLUMSY.password()).await, "775");
}

async fn one_person_has_many_names(samba: &Samba) {
    let canonical = "corp.example/People/Carol Jones";
    let account = CAROL.mail();
    let (dn, domain_name) = (CAROL.dn(), CAROL.domain_name());
    for name in [&dn, &domain_name, "corp\\CAROL", CAROL.upn, &account, "carol@CORP", canonical] {
        let found = bind(samba, name, &CAROL.password()).await;
        assert_eq!((found.code, found.entries().len()), (code::SUCCESS, 1), "{name}: {found:?}");
    }
    for name in ["carol", "CORP.EXAMPLE\\carol"] {
        assert_eq!(bind(samba, name, &CAROL.password()).await.code, code::INVALID_CREDENTIALS, "{name}");
    }
    assert_eq!(bind(samba, ADMIN_DN, ADMIN_PASSWORD).await.code, code::SUCCESS);
}

async fn passwords_are_refused_without_tls(samba: &Samba) {
    let plain = LdapTools::new(samba.url()).unwrap();
    let refused = plain.clone().bind(ADA.upn, &ADA.password()).search(PEOPLE, "(cn=*)", &["cn"]).await.unwrap();
    assert_eq!(refused.code, code::STRONGER_AUTH_REQUIRED);
    assert_eq!(refused.diagnostic(), Some("BindSimple: Transport encryption required."));
    let started = plain.clone().ca(samba.ca().ca_file()).start_tls().bind(ADA.upn, &ADA.password());
    assert_eq!(started.search(PEOPLE, "(cn=*)", &["cn"]).await.unwrap().code, code::SUCCESS);
    let anonymous = plain.search(BASE, "(cn=*)", &["cn"]).await.unwrap();
    assert_eq!(anonymous.code, code::OPERATIONS_ERROR);
}

async fn groups_nest_and_large_ones_come_in_ranges(samba: &Samba) {
    let reader = LdapTools::new(samba.tls_url()).unwrap().ca(samba.ca().ca_file());
    let reader = reader.bind(&READER.dn(), &READER.password());
    let in_chain = format!("(member:1.2.840.113556.1.4.1941:={})", ADA.dn());
    let groups = reader.search(GROUPS, &in_chain, &["cn"]).await.unwrap().entries();
    let mut names: Vec<_> = groups.iter().filter_map(|group| group.value("cn")).collect();
    names.sort_unstable();
    assert_eq!(names, ["staff", "vpn", "worldwide"]);
    let first = reader.search(GROUPS, "(cn=everyone)", &["member;range=0-1499"]).await.unwrap().entries();
    assert_eq!(first[0].values("member;range=0-1499").len(), 1500);
    let rest = reader.search(GROUPS, "(cn=everyone)", &["member;range=1500-*"]).await.unwrap().entries();
    assert_eq!(rest[0].values("member;range=1500-*").len(), EVERYONE as usize - 1500);
}

async fn python_signs_in_as_well(samba: &Samba) {
    let Some(python) = Python::ldap3(&samba.tls_url()) else { return };
    let python = python.ca(&samba.ca().ca_file()).give("name", ADA.domain_name()).give("password", ADA.password());
    let script = r#"
connection = ldap3.Connection(connect(), given["name"], given["password"], auto_bind=True)
say(connection.result["result"])
"#;
    assert_eq!(python.run(script).await.unwrap(), 0);
}
