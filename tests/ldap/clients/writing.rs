//! Changing entries: what somebody may do at the directory, they may do through the door, and hear the same of it.

use vestibule_peers::ldap_tools::{LdapTools, code};
use vestibule_peers::slapd::{self, Options, Slapd};

use crate::ldap::stage::{Stage, site_before};

/// A part of the company where whoever signed in may write.
const WORKSHOP: &str = "ou=workshop,dc=example,dc=org";

/// Each of the tools' operations, and how it ended.
async fn work(tools: &LdapTools, name: &str) -> Vec<(i32, Option<String>)> {
    let (dn, renamed) = (format!("cn={name},{WORKSHOP}"), format!("cn={name} the second,{WORKSHOP}"));
    let add = format!("dn: {dn}\nobjectClass: device\ncn: {name}\ndescription: new\n");
    let change = format!("dn: {dn}\nchangetype: modify\nreplace: description\ndescription: used\n");
    let rename = format!("dn: {dn}\nchangetype: modrdn\nnewrdn: cn={name} the second\ndeleteoldrdn: 1\n");
    let answers = [
        tools.add(&add).await.unwrap(),
        tools.add(&add).await.unwrap(),
        tools.modify(&change).await.unwrap(),
        tools.compare(&dn, "description", "used").await.unwrap(),
        tools.compare(&dn, "description", "new").await.unwrap(),
        tools.modify(&rename).await.unwrap(),
        tools.delete(&dn).await.unwrap(),
        tools.search(WORKSHOP, "(description=used)", &["1.1"]).await.unwrap(),
        tools.delete(&renamed).await.unwrap(),
        // Not theirs to change.
        tools.delete(&slapd::user_dn(9)).await.unwrap(),
    ];
    answers.iter().map(|answer| (answer.code, answer.diagnostic().map(str::to_owned))).collect()
}

#[tokio::test]
async fn person_changes_entries_through_the_door_as_at_the_directory_itself() {
    let database = format!("access to dn.subtree=\"{WORKSHOP}\" by users write by * none");
    let options = Options { database, ..Options::small() };
    let Some(slapd) = Slapd::start(options).await.unwrap() else { return };
    let (url, ca) = (slapd.url(), slapd.ca().unwrap().ca_file());
    let Some(mut site) = site_before(slapd).await else { return };
    site.more.push_str(&format!(
        "policy: {{ rules: [{{ name: exempt, doors: [ldap], users: [{}], require: skip }}] }}\n",
        slapd::user_name(2)
    ));
    // All tools of one person are one sign-in.
    let door = site.with_ldap("      coalesce: 5m\n", "").unwrap();
    let Some(stage) = Stage::start(site, door).await else { return };
    let direct = LdapTools::new(url).unwrap().ca(ca).start_tls();
    let suffix = format!("dn: {WORKSHOP}\nobjectClass: organizationalUnit\nou: workshop\n");
    assert_eq!(
        direct.clone().bind(slapd::ADMIN_DN, slapd::ADMIN_PASSWORD).add(&suffix).await.unwrap().code,
        code::SUCCESS
    );

    let expected = work(&direct.bind(&slapd::user_dn(3), &slapd::user_password(3)), "lathe").await;
    let codes: Vec<_> = expected.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, [0, 68, 0, code::COMPARE_TRUE, code::COMPARE_FALSE, 0, 32, 0, 0, code::INSUFFICIENT_ACCESS]);
    let exempt = stage.tools().bind(&slapd::user_dn(2), &slapd::user_password(2));
    assert_eq!(work(&exempt, "lathe").await, expected, "exempt");
    let token = stage.enrolled(1).await;
    let with_code = stage.tools().bind(&slapd::user_dn(1), &format!("pw-user0001,{}", token.code()));
    assert_eq!(work(&with_code, "lathe").await, expected, "with a code");
    assert_eq!(stage.let_in("user0001").await, (1, expected.len() - 1), "one factor, typed once");
    stage.end().await;
}
