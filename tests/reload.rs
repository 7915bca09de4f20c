//! A new configuration in a running gateway: whole, or not at all (OPS-03, FLT-27).

use std::time::Duration;

use crate::harness::{Daemon, Site, StoreKind, add_user, enrol, pap};

async fn until(daemon: &Daemon, words: &str) {
    for _ in 0..100 {
        if daemon.log().contains(words) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the log never says {words}:\n{}", daemon.log());
}

fn hang_up(daemon: &Daemon) {
    let status = std::process::Command::new("kill").args(["-HUP", &daemon.pid().to_string()]).status().unwrap();
    assert!(status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_file_changes_nothing_and_a_good_one_changes_all() {
    let Some(mut site) = Site::local(StoreKind::Sqlite).await.unwrap() else { return };
    let store = site.store().await;
    let user = add_user(&store, "ada", "correct horse").await;
    let token = enrol(&store, user.id).await;
    store.close().await;
    let Some(client) = pap(&site) else { return };
    let mut daemon = site.start().await.unwrap();
    for words in ["onfiguration", "policy.rules.0", "radios"] {
        daemon.expecting(words);
    }
    let good = std::fs::read_to_string(site.path("vestibule.yaml")).unwrap();
    std::fs::write(site.path("vestibule.yaml"), format!("{good}policy: {{ rules: [{{ name: x }}] }}\nradios: {{}}\n"))
        .unwrap();
    hang_up(&daemon);
    until(&daemon, "radios").await;
    assert!(client.login("ada", &format!("correct horse,{}", token.code())).await.unwrap().is("Access-Accept"));
    // A rule that closes the door, with the same people and store.
    site.more.push_str("policy: { otherwise: refuse }\n");
    site.write();
    hang_up(&daemon);
    until(&daemon, "is in use").await;
    let next = token.code_at(crate::harness::now() + 30);
    assert!(client.login("ada", &format!("correct horse,{next}")).await.unwrap().is("Access-Reject"));
    daemon.stop().await;
}
