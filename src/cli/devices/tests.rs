use clap::Parser;
use vestibule_engine::{DeviceMark, NewAuthenticator, SecretBytes};

use super::*;
use crate::cli::desk::tests::Bench;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: DevicesArgs,
}

/// A command as it is typed after `vestibule devices`.
async fn run(bench: &mut Bench, typed: &str) -> Outcome {
    let words = std::iter::once("devices").chain(typed.split_whitespace());
    Line::try_parse_from(words)?.args.command.run(&mut bench.desk).await
}

async fn give(bench: &Bench, user: &User, number: u128, label: &str) -> AuthenticatorId {
    let id = AuthenticatorId(uuid::Uuid::from_u128(number));
    let new = NewAuthenticator {
        id,
        user: user.id,
        method: Method::Push,
        label: label.to_owned(),
        secret: SecretBytes::new(b"{}".to_vec()),
        confirmed: true,
        high_water: 0,
    };
    bench.desk.store.add_authenticator(new, "test", bench.desk.now()).await.unwrap();
    id
}

#[tokio::test]
async fn devices_are_listed_with_when_they_were_heard_of_and_what_is_wrong() {
    let mut bench = Bench::new().await;
    let (ada, bob) = (bench.add_ada().await, bench.add("bob").await);
    let pixel = give(&bench, &ada, 0xaaaa << 112, "Pixel").await;
    give(&bench, &bob, 0xbbbb << 112, "Fairphone").await;
    bench.desk.store.mark_device(pixel, DeviceMark::Shown, bench.desk.now()).await.unwrap();
    let trouble = DeviceMark::Trouble("the push service does not know it any more".to_owned());
    bench.desk.store.mark_device(pixel, trouble, bench.desk.now()).await.unwrap();
    bench.wait(120);

    run(&mut bench, "list").await.unwrap();
    let shown = bench.screen();
    assert!(shown.contains("Fairphone") && shown.contains("2 minutes ago"), "{shown}");
    assert!(shown.contains("does not know it any more"), "{shown}");
    run(&mut bench, "list bob").await.unwrap();
    assert!(!bench.screen().contains("Pixel"));
    run(&mut bench, "list --in-trouble").await.unwrap();
    assert!(!bench.screen().contains("Fairphone"));

    bench.for_scripts();
    run(&mut bench, "list ada").await.unwrap();
    let json = bench.json();
    assert_eq!(json["id"], pixel.to_string());
    assert_eq!(json["name"], "ada");
    assert_eq!(json["last_answered"], serde_json::Value::Null);
    assert!(json["last_shown"].is_string() && json.get("secret").is_none());
}

#[tokio::test]
async fn lost_device_is_revoked_by_the_beginning_of_its_id() {
    let mut bench = Bench::new().await;
    let (ada, bob) = (bench.add_ada().await, bench.add("bob").await);
    let pixel = give(&bench, &ada, 0xaaaa << 112, "Pixel").await;
    give(&bench, &ada, 0xaaab << 112, "Tablet").await;
    give(&bench, &bob, 0xbbbb << 112, "Fairphone").await;
    let several = run(&mut bench, "revoke aaa --yes").await.unwrap_err().to_string();
    assert!(several.contains("at least 4"), "{several}");
    run(&mut bench, "revoke cccc --yes").await.unwrap_err();

    let asked = run(&mut bench, "revoke aaaa").await.unwrap_err().to_string();
    assert!(asked.contains("ada loses Pixel (push)") && asked.contains("--yes"), "{asked}");
    run(&mut bench, "revoke AAAA --yes").await.unwrap();
    assert_eq!(bench.screen(), "Removed Pixel (push) of ada.\n");
    assert!(bench.desk.store.authenticator(pixel).await.unwrap().is_none());
    assert_eq!(bench.desk.store.authenticators(ada.id).await.unwrap().len(), 1);
    assert_eq!(bench.desk.store.authenticators(bob.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn several_devices_with_that_beginning_are_none() {
    let mut bench = Bench::new().await;
    let ada = bench.add_ada().await;
    give(&bench, &ada, (0xaaaa << 112) + 1, "Pixel").await;
    give(&bench, &ada, (0xaaaa << 112) + 2, "Tablet").await;
    let told = run(&mut bench, "revoke aaaa --yes").await.unwrap_err().to_string();
    assert!(told.contains("several devices"), "{told}");
    assert_eq!(bench.desk.store.authenticators(ada.id).await.unwrap().len(), 2);
}
