//! A configuration that changes under standing connections.

use std::time::Duration;

use vestibule_peers::certificates::TestCa;
use vestibule_peers::ldap_tools::{LdapTools, code};
use vestibule_peers::slapd::{PEOPLE, user_dn, user_password};

use super::{application, from, said, until_said};
use crate::harness::ldap_wire::Wire;
use crate::harness::ldap_wire::request::{bind, find, message, root_dse};
use crate::ldap::stage::Stage;

const SOON: Duration = Duration::from_secs(5);
const TAKEN: &str = "The changed configuration is in use";

fn hang_up(stage: &Stage) {
    let pid = stage.daemon.pid().to_string();
    assert!(std::process::Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
}

/// Write the configuration, and wait until it is in use.
async fn change(stage: &Stage) {
    let before = said(&stage.daemon, TAKEN);
    stage.site.write();
    // Nobody tells the gateway: it notices that the file is another one.
    until_said(&stage.daemon, TAKEN, before + 1).await;
}

async fn whoami(stage: &Stage, ca: &TestCa) -> i32 {
    LdapTools::new(stage.door.secure_url()).unwrap().ca(ca.ca_file()).whoami().await.unwrap().code
}

#[tokio::test]
async fn change_reaches_new_connections_and_the_next_bind_on_those_that_stand() {
    let Some(mut stage) = Stage::before_slapd("", "").await else { return };
    let (dn, password) = (user_dn(1), user_password(1));
    let mut standing = Wire::tls(stage.door.secure(), stage.door.ca.ca_pem()).await;
    assert_eq!(standing.bind(1, &dn, &password).await, 49, "somebody without a factor");

    // Another policy.
    stage.site.more.push_str("policy: { rules: [{ name: open, users: [user0001], require: skip }] }\n");
    change(&stage).await;
    assert_eq!(standing.bind(2, &dn, &password).await, 0);
    assert_eq!(standing.ask(3, &find(&dn, "user0001")).await.len(), 2);

    // Another certificate, which is no change of the configuration: somebody has to say so.
    let renewed = TestCa::new().unwrap();
    let issued = renewed.server(&["127.0.0.1"]).unwrap();
    stage.site.file("ldap.pem", std::fs::read(issued.certificate_file).unwrap());
    stage.site.file("ldap.key", std::fs::read(issued.key_file).unwrap());
    assert_eq!(whoami(&stage, &stage.door.ca).await, code::SUCCESS);
    let before = said(&stage.daemon, TAKEN);
    hang_up(&stage);
    until_said(&stage.daemon, TAKEN, before + 1).await;
    assert_eq!(whoami(&stage, &renewed).await, code::SUCCESS);
    assert_eq!(whoami(&stage, &stage.door.ca).await, code::NO_SERVER);
    assert_eq!(standing.ask(4, &find(&dn, "user0001")).await.len(), 2, "who is connected stays so");

    // One application more. Its first connection came before it.
    assert_eq!(from(7, stage.door.local()).await.ended_within(SOON).await, None);
    let branch = application("branch", "\"127.0.0.7\"", "");
    stage.site.more = stage.site.more.replace("    app:\n", &format!("{branch}    app:\n"));
    change(&stage).await;
    let mut branch = from(7, stage.door.local()).await;
    assert_eq!(branch.bind(1, &dn, &password).await, 0);
    assert_eq!(stage.last_decision().await.service, "ldap/branch");

    // One application less: what stands may end what it does, and signs nobody in again.
    let elsewhere = "    app:\n      addresses: [\"127.0.0.8\"]";
    stage.site.more = stage.site.more.replace("    app:\n      addresses: [\"127.0.0.1\"]", elsewhere);
    change(&stage).await;
    assert_eq!(standing.ask(5, &find(&dn, "user0001")).await.len(), 2);
    standing.send(&message(6, &bind(&dn, &password), &[])).await;
    assert_eq!(standing.ended_within(SOON).await, Some(52));
    assert_eq!(from(1, stage.door.local()).await.ended_within(SOON).await, None);
    assert_eq!(branch.bind(2, &dn, &password).await, 0);

    // What cannot change while the door is open changes nothing else either.
    stage.site.more =
        stage.site.more.replace("require: skip", "require: refuse").replace("tls: never", "tls: start_tls");
    stage.daemon.expecting("The changed configuration was not taken");
    stage.site.write();
    until_said(&stage.daemon, "`ldap.listeners` was changed: that needs a restart", 1).await;
    assert_eq!(branch.bind(3, &dn, &password).await, 0);
    assert_eq!(branch.ask(4, &root_dse(&["namingContexts"])).await.len(), 2);
    assert_eq!(branch.ask(5, &find(PEOPLE, "user0009")).await.len(), 1, "with the rights of a person");
    stage.end().await;
}
