use clap::Parser;

use super::*;
use crate::cli::desk::tests::Bench;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: UsersArgs,
}

/// A command as it is typed after `vestibule users`.
async fn run(bench: &mut Bench, typed: &str) -> Outcome {
    let words = std::iter::once("users").chain(typed.split_whitespace());
    Line::try_parse_from(words)?.args.command.run(&mut bench.desk).await
}

#[tokio::test]
async fn a_new_user_can_sign_in_with_the_password_from_standard_input() {
    let mut bench = Bench::new().await;
    bench.is_piped("correct horse\n");
    run(&mut bench, "add Ada --group vpn --group staff --mail ada@example.com").await.unwrap();
    assert_eq!(bench.screen(), "Added ada.\nnext: vestibule factors enrol totp ada, or vestibule users invite ada\n");

    let account = bench.desk.store.local_account("ada").await.unwrap().unwrap();
    assert_eq!(account.user.groups, ["vpn", "staff"]);
    let hash = account.password_hash.unwrap();
    assert!(hash.expose().starts_with(b"$argon2id$v=19$m=8,t=1,p=1$"));

    bench.is_piped("another horse\n");
    run(&mut bench, "passwd ada").await.unwrap();
    let account = bench.desk.store.local_account("ada").await.unwrap().unwrap();
    assert_ne!(account.password_hash.unwrap(), hash);
}

#[tokio::test]
async fn a_password_that_is_too_short_adds_nobody() {
    let mut bench = Bench::new().await;
    bench.is_piped("short\n");
    let error = run(&mut bench, "add ada").await.unwrap_err().to_string();
    assert!(error.contains("shorter than 8 characters"), "{error}");
    assert!(!error.contains("short\n"));
    assert!(bench.desk.store.users(None, 0, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_name_that_is_taken_is_refused() {
    let mut bench = Bench::new().await;
    bench.add_ada().await;
    run(&mut bench, "add ADA --no-password").await.unwrap_err();
    assert_eq!(bench.desk.store.users(None, 0, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_disabled_user_is_shown_as_such_and_can_be_enabled_again() {
    let mut bench = Bench::new().await;
    bench.add_ada().await;
    run(&mut bench, "disable ada").await.unwrap();
    assert_eq!(bench.screen(), "ada cannot sign in any more.\n");
    run(&mut bench, "list").await.unwrap();
    assert!(bench.screen().contains("disabled"));
    run(&mut bench, "show ada").await.unwrap();
    assert!(bench.screen().contains(", disabled)"));
    run(&mut bench, "enable ada").await.unwrap();
    assert!(bench.desk.person("ada").await.unwrap().enabled);
}

#[tokio::test]
async fn deleting_says_what_is_lost_and_asks_first() {
    let mut bench = Bench::new().await;
    bench.add_ada().await;
    let error = run(&mut bench, "delete ada").await.unwrap_err().to_string();
    assert!(error.contains("ada loses no second step, no app password and no remembered station"), "{error}");

    bench.will_type("\n");
    run(&mut bench, "delete ada").await.unwrap();
    assert!(bench.screen().ends_with("Delete ada? [y/N] Nothing was changed.\n"));

    bench.will_type("y\n");
    run(&mut bench, "delete ada").await.unwrap();
    bench.desk.person("ada").await.unwrap_err();
}

#[tokio::test]
async fn password_and_groups_of_a_directory_user_are_not_ours_to_change() {
    let mut bench = Bench::new().await;
    bench.signed_in_from("corp", "ada").await;
    for typed in ["passwd ada", "groups ada admins"] {
        bench.is_piped("correct horse\n");
        let error = run(&mut bench, typed).await.unwrap_err().to_string();
        assert!(error.contains("come from corp"), "{error}");
    }
}

#[tokio::test]
async fn groups_are_replaced_as_a_whole() {
    let mut bench = Bench::new().await;
    bench.add_ada().await;
    run(&mut bench, "groups ada vpn staff").await.unwrap();
    assert_eq!(bench.screen(), "ada is in vpn, staff now.\n");
    run(&mut bench, "groups ada").await.unwrap();
    assert_eq!(bench.desk.person("ada").await.unwrap().groups, [] as [String; 0]);
}

#[tokio::test]
async fn a_locked_user_is_shown_with_the_way_out_and_unlocked() {
    let mut bench = Bench::new().await;
    let ada = bench.add_ada().await;
    bench.lock(&ada).await;
    run(&mut bench, "show ada").await.unwrap();
    let shown = bench.screen();
    assert!(shown.contains("too many wrong codes. To unlock: vestibule users unlock ada"), "{shown}");
    run(&mut bench, "unlock ada").await.unwrap();
    assert_eq!(bench.screen(), "ada can try again now.\n");
    run(&mut bench, "show ada").await.unwrap();
    assert!(!bench.screen().contains("Locked"));
}

#[tokio::test]
async fn scripts_get_one_json_object_a_line() {
    let mut bench = Bench::new().await;
    bench.add_ada().await;
    bench.add("bob").await;
    bench.for_scripts();
    run(&mut bench, "list").await.unwrap();
    let names: Vec<String> = bench
        .screen()
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["ada", "bob"]);
    run(&mut bench, "show ada").await.unwrap();
    let shown = bench.json();
    assert_eq!((&shown["created"], &shown["second_steps"]), (&"2026-05-28T20:26:42Z".into(), &serde_json::json!([])));
}

#[tokio::test]
async fn a_long_list_says_how_to_see_the_rest() {
    let mut bench = Bench::new().await;
    for number in 0..3 {
        bench.add(&format!("user{number}")).await;
    }
    run(&mut bench, "list --limit 2").await.unwrap();
    assert!(bench.screen().ends_with("There may be more: vestibule users list --skip 2\n"));
}

// REC-01
#[tokio::test]
async fn somebody_is_invited_with_a_code_that_is_shown_once_and_replaces_an_earlier_one() {
    let mut bench = Bench::new().await;
    bench.with_portal();
    let ada = bench.add_ada().await;
    bench.for_scripts();
    run(&mut bench, "invite ada --for 2h").await.unwrap();
    let first = bench.json();
    assert_eq!((&first["name"], &first["url"]), (&"ada".into(), &"https://login.example.com/".into()));
    let code = first["code"].as_str().unwrap().to_owned();
    bench.desk.json = false;
    run(&mut bench, "invite Ada").await.unwrap();
    let shown = bench.screen();
    assert!(
        shown.contains("next: ada signs in at https://login.example.com/ with the password and this code"),
        "{shown}"
    );

    let kept = bench.desk.store.authenticators(ada.id).await.unwrap();
    let [invitation] = kept.as_slice() else { panic!("{kept:?}") };
    assert_ne!(invitation.id.to_string(), first["id"].as_str().unwrap());
    let audit = bench.desk.store.audit_tail(20, Some(ada.id)).await.unwrap();
    let events: Vec<&str> = audit.iter().map(|line| line.record.event.id()).collect();
    assert_eq!(events.iter().filter(|event| **event == "user.invited").count(), 2, "{events:?}");
    assert!(!serde_json::to_string(&audit).unwrap().contains(&code), "the code is in the audit log");
}

#[tokio::test]
async fn an_open_window_is_told_with_what_it_means() {
    let mut bench = Bench::new().await;
    bench.add_ada().await;
    run(&mut bench, "invite ada --window --for 30m").await.unwrap();
    let shown = bench.screen();
    assert!(shown.contains("the password alone is enough to enrol") && shown.contains("There is no portal"), "{shown}");
    bench.for_scripts();
    run(&mut bench, "invite ada --window").await.unwrap();
    assert_eq!(bench.json()["code"], serde_json::Value::Null);
}

#[tokio::test]
async fn who_may_not_sign_in_or_for_too_long_is_not_invited() {
    let mut bench = Bench::new().await;
    let ada = bench.add_ada().await;
    for typed in ["invite ada --for 31d", "invite ada --for 5s", "invite nobody"] {
        run(&mut bench, typed).await.unwrap_err();
    }
    run(&mut bench, "disable ada").await.unwrap();
    let refused = run(&mut bench, "invite ada").await.unwrap_err().to_string();
    assert!(refused.contains("next: vestibule users enable ada"), "{refused}");
    assert!(bench.desk.store.authenticators(ada.id).await.unwrap().is_empty());
}
