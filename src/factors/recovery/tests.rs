use proptest::prelude::*;
use vestibule_engine::{Password, Second, SecretBytes, Splitting, split};

use super::*;
use crate::tests::{Dice, ada, as_enrolled, no_prompts, text_prompts, typed};

const COST: HashCost = HashCost { memory_kib: 256, passes: 1, lanes: 1 };

fn factor() -> RecoveryCodes {
    RecoveryCodes::new(RecoverySettings { codes: 10, cost: COST }, Arc::new(HashPool::new(2, 8)))
}

async fn enrolled() -> (RecoveryCodes, Authenticator, Vec<String>) {
    let factor = factor();
    let enrolment = factor.enrol(ada(), "Paper", &Dice::new()).await.unwrap();
    let codes = enrolment.codes.iter().map(|code| code.reveal().to_owned()).collect();
    (factor, as_enrolled(enrolment.new), codes)
}

async fn check(factor: &RecoveryCodes, with: &[Authenticator], text: &str) -> Checked {
    factor.check(None, with, &typed(text), Timestamp(0)).await.unwrap()
}

/// REC-01
#[tokio::test]
async fn each_code_of_a_set_is_right_and_names_what_it_spends() {
    let (factor, paper, codes) = enrolled().await;
    assert_eq!(codes.len(), 10);
    for (number, code) in (1..).zip(&codes) {
        let spend = Spend::Item { authenticator: paper.id, item: i32::to_string(&number) };
        assert_eq!(check(&factor, std::slice::from_ref(&paper), code).await, Checked::Right(spend));
    }
}

#[tokio::test]
async fn a_code_is_taken_as_people_type_it() {
    let (factor, paper, codes) = enrolled().await;
    let code = &codes[0];
    let with = [paper];
    for text in [
        code.to_uppercase(),
        code.replace('-', ""),
        code.replace('-', " "),
        format!("  {code} "),
        code.replace('0', "O").replace('1', "l"),
        code.replace('0', "o").replace('1', "I"),
    ] {
        assert!(matches!(check(&factor, &with, &text).await, Checked::Right(_)), "{text}");
    }
}

#[tokio::test]
async fn a_code_of_another_set_is_wrong_and_a_new_set_knows_none_of_the_old() {
    let (factor, paper, codes) = enrolled().await;
    let newer = as_enrolled(factor.enrol(ada(), "Paper", &Dice::new()).await.unwrap().new);
    assert_eq!(check(&factor, std::slice::from_ref(&newer), &codes[3]).await, Checked::Wrong);
    assert!(matches!(check(&factor, &[newer, paper], &codes[3]).await, Checked::Right(_)));
    assert_eq!(check(&factor, &[], &codes[3]).await, Checked::Wrong);
}

#[tokio::test]
async fn what_has_not_the_shape_of_a_recovery_code_is_left_to_other_factors() {
    let (factor, paper, codes) = enrolled().await;
    let with = [paper];
    let long = format!("{}0", codes[0]);
    for text in ["492039", "12345678", "push", "k3fa-9x2m-7qtd", long.as_str(), "u3fa-9x2m-7qtd-0hvc", "пароль"] {
        assert_eq!(check(&factor, &with, text).await, Checked::NotMine, "{text}");
    }
    assert_eq!(factor.check(None, &with, &Answer::Look, Timestamp(0)).await.unwrap(), Checked::NotMine);
}

/// REC-01: a copy of the database holds no usable code.
#[tokio::test]
async fn the_stored_record_holds_no_code() {
    let (_, paper, codes) = enrolled().await;
    let stored = String::from_utf8(paper.secret.expose().to_vec()).unwrap();
    for code in codes {
        assert!(!stored.contains(&code) && !stored.contains(&code.replace('-', "")));
    }
    assert!(!format!("{paper:?}").contains(&stored));
}

#[tokio::test]
async fn a_guess_costs_one_hash_however_many_codes_there_are() {
    let (factor, paper, _) = enrolled().await;
    let before = factor.pool.hashes();
    check(&factor, &[paper], "k3fa-9x2m-7qtd-0hvc").await;
    assert_eq!(factor.pool.hashes() - before, 1);
}

#[tokio::test]
async fn a_damaged_record_is_a_fault_and_never_an_acceptance() {
    let (factor, mut paper, codes) = enrolled().await;
    for record in ["", "{}", r#"{"m":256,"t":1,"p":1,"salt":"AAAAAAAAAAAAAAAAAAAAAA","codes":[]}"#] {
        paper.secret = SecretBytes::new(record);
        factor.check(None, &[paper.clone()], &typed(&codes[0]), Timestamp(0)).await.expect_err(record);
    }
}

#[tokio::test]
async fn without_prompts_it_fits_only_what_was_typed_in_its_shape() {
    let factor = factor();
    let passcode = |text| Passcode::parse(text).unwrap();
    assert!(factor.fits(&text_prompts(), None));
    assert!(!factor.fits(&no_prompts(), None));
    assert!(!factor.fits(&no_prompts(), Some(&passcode("492039"))));
    assert!(factor.fits(&no_prompts(), Some(&passcode("k3fa-9x2m-7qtd-0hvc"))));
}

proptest! {
    #[test]
    fn every_code_we_print_has_the_shape_that_is_split_from_a_password_and_reads_back(seed: u64) {
        let code = Code::draw(&Dice::seeded(seed)).unwrap();
        let printed = code.printed();
        let field = Password::new(format!("secret,{}", printed.reveal()));
        let split = split(&field, &Splitting::After { delimiter: ',' });
        prop_assert_eq!(split.password.octets(), b"secret");
        prop_assert!(matches!(split.second, Some(Second::Code(_))));
        let read = Code::read(&Passcode::parse(printed.reveal()).unwrap()).unwrap();
        prop_assert_eq!(read.octets(), code.octets());
    }

    #[test]
    fn whatever_is_typed_reading_it_does_not_panic(text: String) {
        if let Some(passcode) = Passcode::parse(&text) {
            let _ = Code::read(&passcode);
        }
    }
}
