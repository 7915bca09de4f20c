use proptest::prelude::*;
use vestibule_engine::{Passcode, SecretBytes};

use super::*;
use crate::tests::{no_prompts, text_prompts};

fn is_right(checked: &Checked) -> bool {
    matches!(checked, Checked::Right(_))
}

/// OTP-04
#[tokio::test]
async fn only_the_present_code_and_its_two_neighbours_are_right() {
    let phone = [enrolled(&key(), 1)];
    for offset in -5..=5_i64 {
        let checked = check(&factor(), &phone, &code(&key(), STEP + offset), NOW).await;
        assert_eq!(is_right(&checked), offset.abs() <= 1, "{offset}: {checked:?}");
    }
}

/// OTP-04: never more than configured.
#[tokio::test]
async fn the_window_is_the_configured_one() {
    let phone = [enrolled(&key(), 1)];
    for window in 0..=2_u8 {
        let factor = Totp::new(TotpSettings { window, ..TotpSettings::default() });
        for offset in -4..=4_i64 {
            let checked = check(&factor, &phone, &code(&key(), STEP + offset), NOW).await;
            assert_eq!(is_right(&checked), offset.unsigned_abs() <= u64::from(window));
        }
    }
}

/// OTP-03 (the part that is not the store's)
#[tokio::test]
async fn a_code_is_right_once_and_so_is_every_code_before_it() {
    let mut phone = enrolled(&key(), 1);
    let Checked::Right(spend) = check(&factor(), &[phone.clone()], &code(&key(), STEP), NOW).await else { panic!() };
    assert_eq!(spend, Spend::Step { authenticator: phone.id, step: STEP, drift: 0 });
    spent(&mut phone, &spend);

    let again = Checked::UsedBefore(phone.id);
    let phone = [phone];
    assert_eq!(check(&factor(), &phone, &code(&key(), STEP), NOW).await, again);
    assert_eq!(check(&factor(), &phone, &code(&key(), STEP - 1), NOW).await, again);
    assert!(is_right(&check(&factor(), &phone, &code(&key(), STEP + 1), NOW).await));
}

/// OTP-08: the wall clock was set back by an hour, and a code of that hour is shown again.
#[tokio::test]
async fn after_the_clock_went_back_no_code_of_the_past_is_right() {
    let mut phone = enrolled(&key(), 1);
    phone.high_water = STEP;
    let an_hour_ago = Timestamp::from_secs(NOW.secs() - 3600);
    let checked = check(&factor(), &[phone.clone()], &code(&key(), STEP - 120), an_hour_ago).await;
    assert_eq!(checked, Checked::UsedBefore(phone.id));
    let before_1970 = Timestamp::from_secs(-3600);
    assert_eq!(check(&factor(), &[phone], "123456", before_1970).await, Checked::Wrong);
}

/// OTP-07
#[tokio::test]
async fn a_clock_that_creeps_ahead_is_followed_until_its_bound_and_no_further() {
    let mut token = enrolled(&key(), 1);
    let mut now = NOW;
    let mut furthest = 0;
    // Twenty logins for each step that the token gains.
    for login in 0..300_i64 {
        now = now.after(std::time::Duration::from_secs(86_400));
        let ahead = login / 20;
        let step = key().step_at(now) + ahead;
        match check(&factor(), &[token.clone()], &code(&key(), step), now).await {
            Checked::Right(spend) => {
                spent(&mut token, &spend);
                furthest = ahead;
            }
            _ => break,
        }
    }
    assert_eq!(furthest, 5, "four steps of drift and one of window");
}

/// OTP-07, OTP-04: drift moves the window and never widens it.
#[tokio::test]
async fn a_learned_drift_accepts_as_many_steps_as_none() {
    for drift in [-1_000_000, -300, -60, 0, 49, 51, 400, 1_000_000] {
        let mut phone = enrolled(&key(), 1);
        phone.drift = drift;
        let phone = [phone];
        let mut right = Vec::new();
        for offset in -10..=10_i64 {
            if is_right(&check(&factor(), &phone, &code(&key(), STEP + offset), NOW).await) {
                right.push(offset);
            }
        }
        assert_eq!(right.len(), 3, "drift {drift}: {right:?}");
        assert!(right.iter().all(|offset| offset.abs() <= 5), "drift {drift}: {right:?}");
    }
}

#[tokio::test]
async fn all_authenticators_of_a_person_are_tried() {
    let other = Key::new(Algorithm::Sha256, 8, 60, &[9; 32]).unwrap();
    let both = [enrolled(&key(), 1), enrolled(&other, 2)];
    let first = check(&factor(), &both, &code(&key(), STEP), NOW).await;
    let second = check(&factor(), &both, &code(&other, other.step_at(NOW)), NOW).await;
    assert!(matches!(first, Checked::Right(spend) if spend.authenticator() == both[0].id));
    assert!(matches!(second, Checked::Right(spend) if spend.authenticator() == both[1].id));
    assert_eq!(check(&factor(), &both, "000000", NOW).await, Checked::Wrong);
    assert_eq!(check(&factor(), &[], "000000", NOW).await, Checked::Wrong);
}

/// OTP-10
#[tokio::test]
async fn a_half_enrolled_authenticator_is_no_factor_and_neither_is_one_of_another_kind() {
    let mut phone = enrolled(&key(), 1);
    phone.confirmed = false;
    assert_eq!(check(&factor(), &[phone.clone()], &code(&key(), STEP), NOW).await, Checked::Wrong);
    (phone.confirmed, phone.method) = (true, Method::ExternalCode);
    assert_eq!(check(&factor(), &[phone], &code(&key(), STEP), NOW).await, Checked::Wrong);
}

#[tokio::test]
async fn a_damaged_record_is_a_fault_unless_another_authenticator_is_right() {
    for record in [&b""[..], &[1, 1, 6], &[1, 9, 6, 30, 1], &[1, 1, 12, 30], &[2, 1, 6, 30], &[1, 1, 6, 0]] {
        let mut record = record.to_vec();
        record.extend_from_slice(if record.len() > 3 { &[7; 20] } else { &[] });
        let mut damaged = enrolled(&key(), 1);
        damaged.secret = SecretBytes::new(record);
        let both = [damaged, enrolled(&key(), 2)];
        factor().check(None, &both, &typed("000000"), NOW).await.unwrap_err();
        assert!(is_right(&check(&factor(), &both, &code(&key(), STEP), NOW).await));
    }
}

/// OTP-12
#[tokio::test]
async fn a_code_is_taken_as_people_type_it_and_its_length_is_exact() {
    // A step whose code begins with a zero.
    let step = (STEP..).find(|step| code(&key(), *step).starts_with('0')).unwrap();
    let now = Timestamp::from_secs(step * 30);
    let right = code(&key(), step);
    let phone = [enrolled(&key(), 1)];
    let in_digits_from = |zero: char| -> String {
        right.chars().filter_map(|c| char::from_u32(zero as u32 + c.to_digit(10)?)).collect()
    };
    let (head, tail) = right.split_at(3);
    for text in [
        format!("{head} {tail}"),
        format!(" {head}-{tail} "),
        format!("{head}\u{a0}{tail}"),
        in_digits_from('\u{660}'),
        in_digits_from('\u{ff10}'),
    ] {
        assert!(is_right(&check(&factor(), &phone, &text, now).await), "{text}");
    }
    let without_zero = right.trim_start_matches('0');
    for text in [format!("0{right}"), format!("{right}0")] {
        assert_eq!(check(&factor(), &phone, &text, now).await, Checked::Wrong, "{text}");
    }
    for text in [without_zero, "12345", "123456789", "secret", "k3fa-9x2m-7qtd-0hvc", "push", "+12345", "1e5000"] {
        assert_eq!(check(&factor(), &phone, text, now).await, Checked::NotMine, "{text}");
    }
    assert_eq!(factor().check(None, &phone, &Answer::Look, now).await.unwrap(), Checked::NotMine);
}

#[test]
fn without_prompts_it_fits_only_what_was_typed_in_its_shape() {
    let passcode = |text| Passcode::parse(text).unwrap();
    assert!(factor().fits(&text_prompts(), None));
    assert!(!factor().fits(&no_prompts(), None));
    assert!(factor().fits(&no_prompts(), Some(&passcode("492 039"))));
    assert!(!factor().fits(&no_prompts(), Some(&passcode("k3fa-9x2m-7qtd-0hvc"))));
    assert!(factor().is_typed());
}

proptest! {
    #[test]
    fn whatever_the_record_and_the_moment_judging_does_not_panic(
        record: Vec<u8>, moment: i64, high_water: i64, drift: i32, text in "[0-9]{6,8}",
    ) {
        let mut phone = enrolled(&key(), 1);
        (phone.high_water, phone.drift) = (high_water, drift);
        drop(factor().judge(&phone, &text, Timestamp(moment)));
        phone.secret = SecretBytes::new(record);
        drop(factor().judge(&phone, &text, Timestamp(moment)));
    }
}

/// OTP-03: the same key was imported twice, so two authenticators show the same codes.
#[tokio::test]
async fn one_key_enrolled_twice_does_not_make_a_code_good_twice() {
    let mut both = [enrolled(&key(), 1), enrolled(&key(), 2)];
    let Checked::Right(spend) = check(&factor(), &both, &code(&key(), STEP), NOW).await else { panic!() };
    let used = both.iter_mut().find(|one| one.id == spend.authenticator()).unwrap();
    spent(used, &spend);
    let again = check(&factor(), &both, &code(&key(), STEP), NOW).await;
    assert!(matches!(again, Checked::UsedBefore(_)), "{again:?}");
}
