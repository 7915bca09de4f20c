use vestibule_engine::{SecretBytes, Timestamp, User, UserId};

use super::*;
use crate::tests::Dice;

/// Cheap, but not so cheap that it skips the pool.
const COST: HashCost = HashCost { memory_kib: 256, passes: 1, lanes: 1 };

fn checker(cost: HashCost) -> Checker {
    Checker::new(Arc::new(HashPool::new(2, 8)), cost, &Dice::new()).unwrap()
}

fn account(password: Option<&str>, enabled: bool) -> LocalAccount {
    let password_hash = password.map(|text| hash_password(&Password::new(text), COST, &Dice::new()).unwrap());
    let subject = Subject { source: "local".into(), id: "7".into(), name: "ada".into() };
    let user = User {
        id: UserId(uuid::Uuid::from_u128(7)),
        subject,
        display_name: Some("Ada".into()),
        mail: None,
        groups: vec!["vpn".into()],
        enabled,
        created: Timestamp(0),
        last_login: None,
    };
    LocalAccount { user, password_hash }
}

async fn refusal(checker: &Checker, account: Option<LocalAccount>, password: &str) -> PrimaryRefusal {
    match checker.judge(account, &Password::new(password)).await.unwrap() {
        PrimaryOutcome::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_right_password_is_accepted_with_what_is_known_of_the_person() {
    let ada = account(Some("correct horse"), true);
    let outcome = checker(COST).judge(Some(ada), &Password::new("correct horse")).await.unwrap();
    let PrimaryOutcome::Accepted(person) = outcome else { panic!("{outcome:?}") };
    assert_eq!((person.subject.name.as_str(), person.groups), ("ada", vec!["vpn".to_owned()]));
    assert_eq!(person.display_name.as_deref(), Some("Ada"));
}

#[tokio::test]
async fn a_wrong_password_a_missing_one_a_disabled_user_and_an_unknown_one_are_refused() {
    let checker = checker(COST);
    let ada = account(Some("correct horse"), true);
    assert_eq!(refusal(&checker, Some(ada.clone()), "correct horsf").await, PrimaryRefusal::WrongPassword);
    assert_eq!(refusal(&checker, Some(ada), "").await, PrimaryRefusal::WrongPassword);
    assert_eq!(refusal(&checker, Some(account(None, true)), "anything").await, PrimaryRefusal::WrongPassword);
    let disabled = account(Some("correct horse"), false);
    assert_eq!(refusal(&checker, Some(disabled.clone()), "correct horse").await, PrimaryRefusal::AccountDisabled);
    // Who does not know the password learns nothing about the account, and the guess counts as one.
    assert_eq!(refusal(&checker, Some(disabled), "wrong guess").await, PrimaryRefusal::WrongPassword);
    assert_eq!(refusal(&checker, None, "anything").await, PrimaryRefusal::UnknownUser);
}

/// ADM-04, by counting the work instead of timing it.
#[tokio::test]
async fn every_answer_costs_exactly_one_hash() {
    let checker = checker(COST);
    let cases = [
        Some(account(Some("correct horse"), true)),
        Some(account(Some("another one"), true)),
        Some(account(Some("correct horse"), false)),
        Some(account(None, true)),
        None,
    ];
    for (done, account) in cases.into_iter().enumerate() {
        assert_eq!(checker.pool.hashes(), done as u64);
        checker.judge(account, &Password::new("correct horse")).await.unwrap();
    }
    checker.pretend(&Password::new("correct horse")).await.unwrap();
    assert_eq!(checker.pool.hashes(), 6);
    assert_eq!(checker.nobody.cost, COST, "nobody costs what somebody costs");
}

#[tokio::test]
async fn a_damaged_hash_is_a_fault_and_never_an_acceptance() {
    let checker = checker(COST);
    for stored in [
        "",
        "secret",
        "$argon2i$v=19$m=256,t=1,p=1$c2FsdHNhbHRzYWx0$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=256,t=1,p=1",
        "$argon2id$v=19$m=256,t=1,p=1$c2FsdHNhbHRzYWx0",
        // Four tebibytes: refused before any memory is taken.
        "$argon2id$v=19$m=4294967295,t=1,p=1$c2FsdHNhbHRzYWx0$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ] {
        let mut ada = account(Some("correct horse"), true);
        ada.password_hash = Some(SecretBytes::new(stored));
        checker.judge(Some(ada), &Password::new("correct horse")).await.expect_err(stored);
    }
}

#[test]
fn a_hash_made_by_the_reference_tool_is_understood() {
    // One of the test vectors of the reference implementation (test.c).
    let stored = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    let stored = StoredHash::parse(&SecretBytes::new(stored)).unwrap();
    assert!(stored.matches(&Password::new("password")).unwrap());
    assert!(!stored.matches(&Password::new("differentpassword")).unwrap());
}

#[test]
fn a_password_that_is_too_short_too_long_or_cannot_be_typed_is_not_set() {
    let set = |text: &str| hash_password(&Password::new(text), COST, &Dice::new());
    assert!(matches!(set("seven77"), Err(PasswordRefused::TooShort)));
    assert!(matches!(set("пароль1"), Err(PasswordRefused::TooShort)), "characters count, not octets");
    assert!(matches!(set(&"x".repeat(129)), Err(PasswordRefused::TooLong)));
    assert!(matches!(set("line\nbreak"), Err(PasswordRefused::NotTypable)));
    set("eight888").unwrap();
    set(&"x".repeat(128)).unwrap();
}

#[test]
fn the_same_password_gives_two_hashes_for_two_users() {
    let dice = Dice::new();
    let hash = || hash_password(&Password::new("correct horse"), COST, &dice).unwrap();
    assert_ne!(hash(), hash());
}
