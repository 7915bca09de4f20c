use std::os::unix::fs::PermissionsExt;

use clap::Parser;
use vestibule_engine::{Answer, Checked, Passcode, SecondFactor};

use super::*;
use crate::cli::desk::tests::Bench;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: FactorsArgs,
}

/// A command as it is typed after `vestibule factors`.
async fn run(bench: &mut Bench, typed: &str) -> Outcome {
    let words = std::iter::once("factors").chain(typed.split_whitespace());
    Line::try_parse_from(words)?.args.command.run(&mut bench.desk).await
}

async fn authenticators(bench: &Bench) -> Vec<Authenticator> {
    let ada = bench.desk.person("ada").await.unwrap();
    bench.desk.store.authenticators(ada.id).await.unwrap()
}

/// Enrolled and not confirmed: the secret in base 32.
async fn enrol(bench: &mut Bench) -> String {
    bench.for_scripts();
    run(bench, "enrol totp ada --label Pixel").await.unwrap();
    bench.desk.json = false;
    let told: serde_json::Value = serde_json::from_str(bench.screen().lines().last().unwrap()).unwrap();
    told["secret"].as_str().unwrap().to_owned()
}

async fn sign_in(bench: &Bench, code: &str) -> Checked {
    let answer = Answer::Typed(Passcode::parse(code).unwrap());
    bench.desk.factors.totp().check(None, &authenticators(bench).await, &answer, bench.desk.now()).await.unwrap()
}

#[tokio::test]
async fn enrolling_shows_a_code_to_scan_a_key_to_type_and_the_next_command() {
    let mut bench = Bench::new().await;
    bench.add_ada().await;
    run(&mut bench, "enrol totp ada").await.unwrap();
    let shown = bench.screen();
    assert!(shown.contains("####"), "{shown}");
    assert!(shown.contains("Or type this key into it: "));
    let id = short(&authenticators(&bench).await[0]);
    assert!(shown.ends_with(&format!("next: vestibule factors confirm ada CODE --id {id}\n")), "{shown}");
}

#[tokio::test]
async fn a_person_at_the_terminal_may_leave_the_proof_for_later() {
    let mut bench = Bench::new().await;
    bench.add_ada().await;
    bench.will_type("000000\nabc\n\n");
    run(&mut bench, "enrol totp ada").await.unwrap();
    let shown = bench.screen();
    assert!(shown.contains("That code did not match. Use the newest one."), "{shown}");
    assert!(shown.contains("A code has 6 to 8 digits."));
    assert!(shown.contains("next: vestibule factors confirm ada CODE"));
    assert!(!authenticators(&bench).await[0].confirmed);
}

/// OTP-10
#[tokio::test]
async fn an_authenticator_is_no_second_step_until_one_right_code_and_that_code_is_spent() {
    let mut bench = Bench::new().await;
    bench.add_ada().await;
    let secret = enrol(&mut bench).await;
    let code = bench.code_now(&secret);
    assert_eq!(sign_in(&bench, &code).await, Checked::Wrong);

    run(&mut bench, "confirm ada 000000").await.unwrap_err();
    run(&mut bench, &format!("confirm ada {code}")).await.unwrap();
    assert_eq!(bench.screen(), "ada can sign in with Pixel now.\n");

    assert!(matches!(sign_in(&bench, &code).await, Checked::UsedBefore(_)));
    bench.wait(30);
    let next = bench.code_now(&secret);
    assert!(matches!(sign_in(&bench, &next).await, Checked::Right(_)));
    let error = run(&mut bench, &format!("confirm ada {next}")).await.unwrap_err().to_string();
    assert!(error.contains("has no second step to do that with"), "{error}");
}

#[tokio::test]
async fn a_phone_whose_clock_is_off_is_told_to_set_it() {
    let mut bench = Bench::new().await;
    bench.add_ada().await;
    let secret = enrol(&mut bench).await;
    let code = bench.code_at(&secret, 4);
    let error = run(&mut bench, &format!("confirm ada {code}")).await.unwrap_err().to_string();
    assert!(error.contains("120 s ahead. Set its clock to automatic."), "{error}");
}

/// OTP-07
#[tokio::test]
async fn two_codes_in_a_row_put_a_clock_right() {
    let mut bench = Bench::new().await;
    bench.add_ada().await;
    let secret = enrol(&mut bench).await;
    let code = bench.code_now(&secret);
    run(&mut bench, &format!("confirm ada {code}")).await.unwrap();
    bench.wait(3600);
    let (first, second) = (bench.code_at(&secret, 3), bench.code_at(&secret, 4));
    assert_eq!(sign_in(&bench, &first).await, Checked::Wrong);

    run(&mut bench, &format!("resync ada {second} {first}")).await.unwrap_err();
    run(&mut bench, &format!("resync ada {first} {second}")).await.unwrap();
    run(&mut bench, &format!("resync ada {first} {second}")).await.unwrap_err();

    assert!(matches!(sign_in(&bench, &second).await, Checked::UsedBefore(_)));
    bench.wait(30);
    let next = bench.code_at(&secret, 4);
    assert!(matches!(sign_in(&bench, &next).await, Checked::Right(_)));
}

#[tokio::test]
async fn a_picture_is_private_and_keeps_the_key_off_the_screen() {
    let mut bench = Bench::new().await;
    bench.add_ada().await;
    let folder = tempfile::tempdir().unwrap();
    let file = |name| folder.path().join(name);
    let typed = format!("enrol totp ada --png {} --svg {}", file("a.png").display(), file("a.svg").display());
    run(&mut bench, &typed).await.unwrap();
    let shown = bench.screen();
    assert!(!shown.contains("key into it") && !shown.contains("####"), "{shown}");
    for name in ["a.png", "a.svg"] {
        assert_eq!(std::fs::metadata(file(name)).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // A file in the way: nothing is overwritten, and nothing is enrolled.
    run(&mut bench, &typed).await.unwrap_err();
    assert_eq!(authenticators(&bench).await.len(), 1);
}

#[tokio::test]
async fn a_key_of_another_product_is_taken_over_from_a_file() {
    let mut bench = Bench::new().await;
    bench.add_ada().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "otpauth://totp/Old:ada?secret=GEZDGNBVGY3TQOJQ\n").unwrap();
    run(&mut bench, &format!("enrol totp ada --label Token --import {}", file.display())).await.unwrap();
    bench.screen();
    let code = bench.code_now("GEZDGNBVGY3TQOJQ");
    run(&mut bench, &format!("confirm ada {code}")).await.unwrap();

    std::fs::write(&file, "otpauth://totp/Old:ada?secret=GEZDGNBV\n").unwrap();
    let error = run(&mut bench, &format!("enrol totp ada --import {}", file.display())).await.unwrap_err().to_string();
    assert!(error.contains("the secret has 40 bits") && !error.contains("GEZD"), "{error}");
}

/// REC-01
#[tokio::test]
async fn recovery_codes_are_shown_once_and_replace_the_old_ones() {
    let mut bench = Bench::new().await;
    bench.add_ada().await;
    run(&mut bench, "enrol recovery-codes ada").await.unwrap();
    let first = bench.screen();
    assert!(first.starts_with("Recovery codes of ada, shown this once."), "{first}");
    assert_eq!(first.lines().filter(|line| line.split('-').count() == 4).count(), 10);
    run(&mut bench, "list ada").await.unwrap();
    assert!(bench.screen().contains("10 left"));

    run(&mut bench, "enrol recovery-codes ada").await.unwrap();
    assert!(bench.screen().contains("The codes they had before are no longer good."));
    let sets = authenticators(&bench).await;
    assert_eq!(sets.len(), 1);
    let old = first.lines().find(|line| line.contains('-')).unwrap().split_whitespace().last().unwrap();
    let factor = bench.desk.factors.recovery_codes(bench.desk.factors.pool());
    let answer = Answer::Typed(Passcode::parse(old).unwrap());
    assert_eq!(factor.check(None, &sets, &answer, bench.desk.now()).await.unwrap(), Checked::Wrong);
}

#[tokio::test]
async fn removing_says_when_it_was_the_only_second_step() {
    let mut bench = Bench::new().await;
    bench.add_ada().await;
    run(&mut bench, "enrol recovery-codes ada").await.unwrap();
    let error = run(&mut bench, "remove ada").await.unwrap_err().to_string();
    assert!(error.contains("the only second step, and must enrol again."), "{error}");
    run(&mut bench, "remove ada --yes").await.unwrap();
    assert!(authenticators(&bench).await.is_empty());
}

#[tokio::test]
async fn with_several_the_one_is_named_by_the_beginning_of_its_id() {
    let mut bench = Bench::new().await;
    bench.add_ada().await;
    enrol(&mut bench).await;
    enrol(&mut bench).await;
    let error = run(&mut bench, "remove ada --yes").await.unwrap_err().to_string();
    assert!(error.contains("ada has several of them"), "{error}");
    let id = short(&authenticators(&bench).await[1]);
    run(&mut bench, &format!("remove ada --yes --id {id}")).await.unwrap();
    let left = authenticators(&bench).await;
    assert!(left.len() == 1 && short(&left[0]) != id);
}

/// OTP-09: a key is told once, at its enrolment.
#[tokio::test]
async fn no_list_shows_a_key() {
    let mut bench = Bench::new().await;
    bench.add_ada().await;
    let secret = enrol(&mut bench).await;
    bench.for_scripts();
    run(&mut bench, "list ada").await.unwrap();
    let shown = bench.screen();
    assert!(shown.contains("Pixel") && !shown.contains(&secret) && !shown.contains("secret"), "{shown}");
}
