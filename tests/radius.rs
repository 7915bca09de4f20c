//! The RADIUS door asked by the clients network administrators type: radclient and radtest; and FreeRADIUS behind it.

use std::time::Duration;

use vestibule::phone::Answered;
use vestibule_peers::freeradius::{FilesUser, FreeRadius, Role, Setup};
use vestibule_peers::radclient::{Answer, Radclient};

use crate::harness::{SECRET, Site, StoreKind, Token, add_user, challenge, enrol, find, pap};

async fn local_site(prepare: impl FnOnce(&mut Site)) -> Option<(Site, Token)> {
    let mut site = Site::local(StoreKind::Sqlite).await.unwrap()?;
    prepare(&mut site);
    let store = site.store().await;
    let user = add_user(&store, "ada", "correct horse").await;
    let token = enrol(&store, user.id).await;
    store.close().await;
    Some((site, token))
}

#[tokio::test]
async fn radtest_is_let_in_with_password_and_code_and_not_without() {
    let Some((site, token)) = local_site(|site| {
        // radtest signs its request, as FreeRADIUS 3.2 does.
        site.clients.push_str("      require_message_authenticator: yes\n");
    })
    .await
    else {
        return;
    };
    let Some(client) = pap(&site) else { return };
    let daemon = site.start().await.unwrap();
    let with_code = format!("correct horse,{}", token.code());
    assert!(client.radtest("pap", "ada", "correct horse").await.unwrap().is("Access-Reject"));
    assert!(client.radtest("pap", "ada", &with_code).await.unwrap().is("Access-Accept"));
    assert!(client.radtest("pap", "ada", &with_code).await.unwrap().is("Access-Reject"));
    // What needs the password in another form is refused, never let in (RAD-08).
    for kind in ["chap", "mschap"] {
        assert!(!client.radtest(kind, "ada", "correct horse").await.unwrap().is("Access-Accept"), "{kind}");
    }
    daemon.stop().await;
}

#[tokio::test]
async fn wrong_secret_and_missing_signature_are_met_with_silence() {
    // BLA-03, BLA-05
    let Some((site, token)) = local_site(|_| ()).await else { return };
    let Some(client) = pap(&site) else { return };
    let daemon = site.start().await.unwrap();
    let typed = format!("correct horse,{}", token.code());
    let quick = Duration::from_secs(1);
    let stranger = Radclient::new(site.without_prompts(), "another-secret-of-some-length").unwrap().patience(quick);
    assert_eq!(stranger.login("ada", &typed).await.unwrap(), Answer::Silence);
    let unsigned = [("User-Name", "ada"), ("User-Password", typed.as_str())];
    assert_eq!(client.clone().patience(quick).send("auth", &unsigned).await.unwrap(), Answer::Silence);
    // Nothing of it cost the person anything, and the log says what to look at.
    assert!(client.login("ada", &typed).await.unwrap().is("Access-Accept"));
    let log = daemon.log();
    assert!(log.contains("secret"), "{log}");
    assert!(log.contains("Message-Authenticator"), "{log}");
    daemon.stop().await;
}

#[tokio::test]
async fn status_server_is_answered_without_a_login() {
    // STS-01, STS-02
    let Some((site, _)) = local_site(|_| ()).await else { return };
    let Some(client) = pap(&site) else { return };
    let daemon = site.start().await.unwrap();
    let answer = client.send("status", &[("Message-Authenticator", "0x00")]).await.unwrap();
    assert!(answer.is("Access-Accept"), "{answer:?}");
    let store = site.store().await;
    let lines = vestibule_engine::Store::audit_tail(&*store, 100, None).await.unwrap();
    assert!(lines.iter().all(|line| line.record.event.id() != "login.decided"), "{lines:?}");
    store.close().await;
    daemon.stop().await;
}

#[tokio::test]
async fn code_is_asked_for_and_a_wrong_one_asked_again() {
    // RAD-20, RAD-22
    let Some((site, token)) = local_site(|_| ()).await else { return };
    let Some(client) = challenge(&site) else { return };
    let daemon = site.start().await.unwrap();
    let answer = async |code: &str, state: &str| {
        let attributes =
            [("User-Name", "ada"), ("User-Password", code), ("State", state), ("Message-Authenticator", "0x00")];
        client.send("auth", &attributes).await.unwrap()
    };
    let state = |answer: &Answer| answer.reply().unwrap().value("State").unwrap().to_owned();
    let first = client.login("ada", "correct horse").await.unwrap();
    assert!(first.is("Access-Challenge"), "{first:?}");
    assert!(first.reply().unwrap().value("Reply-Message").is_some_and(|text| text.contains("code")));
    let second = answer(&token.wrong(), &state(&first)).await;
    assert!(second.is("Access-Challenge") && state(&second) != state(&first), "{second:?}");
    // The old handle and one bit off the new one open nothing.
    assert!(answer(&token.code(), &state(&first)).await.is("Access-Reject"));
    let mut flipped = state(&second);
    let last = flipped.pop().unwrap();
    flipped.push(if last == '0' { '1' } else { '0' });
    assert!(answer(&token.code(), &flipped).await.is("Access-Reject"));
    assert!(answer(&token.code(), &state(&second)).await.is("Access-Accept"));
    assert!(answer(&token.code(), &state(&second)).await.is("Access-Reject"));
    daemon.stop().await;
}

#[tokio::test]
async fn attributes_of_the_users_groups_come_with_the_acceptance_only() {
    let Some((site, token)) = local_site(|site| {
        site.clients.push_str(
            "      reply_attributes:\n        - { name: Filter-Id, value: staff-only, groups: [vpn-staff] }\n        \
             - { name: Class, value: everybody }\n",
        );
    })
    .await
    else {
        return;
    };
    let Some(client) = pap(&site) else { return };
    let store = site.store().await;
    let ada = find(&store, "ada").await.unwrap();
    let groups = vestibule_engine::UserChange::Groups(vec!["VPN-Staff".into()]);
    vestibule_engine::Store::change_user(&*store, ada.id, groups, "test", ada.created).await.unwrap();
    store.close().await;
    let daemon = site.start().await.unwrap();
    let refused = client.login("ada", "correct horse").await.unwrap();
    assert!(refused.reply().unwrap().value("Filter-Id").is_none() && refused.reply().unwrap().value("Class").is_none());
    let accepted = client.login("ada", &format!("correct horse,{}", token.code())).await.unwrap();
    assert_eq!(accepted.reply().unwrap().value("Filter-Id"), Some("staff-only"), "{accepted:?}");
    assert!(accepted.reply().unwrap().value("Class").is_some());
    daemon.stop().await;
}

#[tokio::test]
async fn login_is_relayed_to_freeradius_and_its_attributes_wait_for_the_code() {
    // RAD-27, BLA-02
    let user =
        FilesUser::new("ada", "upstream-secret").reply("Filter-Id", "from-upstream").reply("Session-Timeout", "3600");
    let setup = Setup::new(Role::Files(vec![user]), "the-secret-between-gateway-and-upstream");
    let Some(upstream) = FreeRadius::start(&setup).await.unwrap() else { return };
    let Some(mut site) = Site::local(StoreKind::Sqlite).await.unwrap() else { return };
    site.file("upstream.secret", upstream.secret());
    // FreeRADIUS 3.2.1 is from before it signed its answers: the legacy peer.
    site.primaries(&format!(
        "  staff:\n    radius:\n      require_message_authenticator: no\n      servers:\n        - {{ address: \"{}\", secret: {{ file: upstream.secret }} }}\n",
        upstream.address()
    ));
    let Some(client) = pap(&site) else { return };
    let mut daemon = site.start().await.unwrap();
    daemon.expecting("staff");
    assert!(client.login("ada", "wrong").await.unwrap().is("Access-Reject"));
    let refused = client.login("ada", "upstream-secret").await.unwrap();
    assert!(refused.is("Access-Reject") && refused.reply().unwrap().value("Filter-Id").is_none(), "{refused:?}");
    let store = site.store().await;
    let token = enrol(&store, find(&store, "ada").await.unwrap().id).await;
    store.close().await;
    let accepted = client.login("ADA", &format!("upstream-secret,{}", token.code())).await.unwrap();
    // Another case of the name is another name at this upstream, and no way round the factor here.
    assert!(!accepted.is("Access-Accept"), "{accepted:?}");
    let accepted = client.login("ada", &format!("upstream-secret,{}", token.code())).await.unwrap();
    assert!(accepted.is("Access-Accept"), "{accepted:?}");
    assert_eq!(accepted.reply().unwrap().value("Filter-Id"), Some("from-upstream"));
    assert_eq!(accepted.reply().unwrap().value("Session-Timeout"), Some("3600"));
    daemon.stop().await;
}

#[tokio::test]
async fn password_and_code_appear_in_no_log() {
    // LOG-02: at the most talkative level.
    let Some((site, token)) = local_site(|site| site.more.push_str("log: { level: trace }\n")).await else { return };
    let (Some(first), Some(second)) = (pap(&site), challenge(&site)) else { return };
    let daemon = site.start().await.unwrap();
    let code = token.code();
    first.login("ada", "canary-of-a-wrong-password,918273").await.unwrap();
    assert!(first.login("ada", &format!("correct horse,{code}")).await.unwrap().is("Access-Accept"));
    second.login("ada", "correct horse").await.unwrap();
    let log = daemon.log();
    assert!(log.contains("wrong-password"), "the log says nothing: {log}");
    for secret in ["correct horse", "canary-of-a-wrong", "918273", &code, SECRET] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    daemon.stop().await;
}

#[tokio::test]
async fn number_that_the_phone_shows_is_typed_in_the_challenge() {
    // Code to phone: the approval alone lets nobody in.
    let Some(mut site) = Site::local(StoreKind::Sqlite).await.unwrap() else { return };
    site.with_portal("login: { push: { number: on_phone, digits: 4 } }\n").unwrap();
    let store = site.store().await;
    let user = add_user(&store, "ada", "correct horse").await;
    let phone = site.phone(&store, user.id, "ada").await;
    let Some(client) = challenge(&site) else { return };
    let daemon = site.start().await.unwrap();
    let asked = client.login("ada", "correct horse").await.unwrap();
    let question = asked.reply().unwrap().clone();
    assert_eq!(question.value("Reply-Message"), Some("Approve on your phone, then enter the number it shows."));
    let request = phone.next_request(Duration::from_secs(5)).await.unwrap().expect("a request");
    let Answered::Approved { code: Some(number) } = phone.approve(&request, None).await.unwrap() else {
        panic!("the phone shows no number")
    };
    let reply = |state: String, typed: String| {
        let client = client.clone();
        async move {
            let attributes = [
                ("User-Name", "ada"),
                ("User-Password", typed.as_str()),
                ("State", state.as_str()),
                ("Message-Authenticator", "0x00"),
            ];
            client.send("auth", &attributes).await.unwrap()
        }
    };
    let state = question.value("State").unwrap().to_owned();
    let wrong = if number == "0000" { "0001" } else { "0000" };
    let again = reply(state, wrong.to_owned()).await;
    assert!(again.is("Access-Challenge"), "{again:?}");
    let state = again.reply().unwrap().value("State").unwrap().to_owned();
    assert!(reply(state, number).await.is("Access-Accept"));
    daemon.stop().await;
    store.close().await;
}
