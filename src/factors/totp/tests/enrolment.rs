use std::time::Duration;

use super::*;
use crate::tests::{Dice, NoDice};

fn passcode(text: &str) -> Passcode {
    Passcode::parse(text).unwrap()
}

fn confirm(offset: i64) -> Confirmation {
    factor().confirm(&enrolled(&key(), 1), &passcode(&code(&key(), STEP + offset)), NOW).unwrap()
}

/// OTP-09
#[test]
fn a_new_key_has_160_bits_of_chance_and_is_not_usable_yet() {
    let dice = Dice::new();
    let enrolment = factor().enrol(ada(), "ada", "Pixel", &dice).unwrap();
    let other = factor().enrol(ada(), "ada", "Pixel", &dice).unwrap();
    assert_eq!(Key::from_secret(&enrolment.new.secret).unwrap().octets().len(), 20);
    assert_ne!(enrolment.new.secret, other.new.secret);
    assert_ne!(enrolment.new.id, other.new.id);
    assert!(!enrolment.new.confirmed);
    factor().enrol(ada(), "ada", "Pixel", &NoDice).unwrap_err();
}

/// OTP-09, LOG-02
#[test]
fn an_enrolment_does_not_print_its_key() {
    let enrolment = factor().enrol(ada(), "ada", "Pixel", &Dice::new()).unwrap();
    let printed = format!("{enrolment:?}");
    let group = enrolment.secret_text.reveal().split(' ').next().unwrap();
    assert!(!printed.contains("otpauth") && !printed.contains(group), "{printed}");
}

/// OTP-10
#[test]
fn the_first_right_code_confirms_and_is_spent() {
    let Confirmation::Right(Spend::Step { step, .. }) = confirm(0) else { panic!() };
    assert_eq!(step, STEP);
    assert!(matches!(confirm(-1), Confirmation::Right(_)));
    let wrong = factor().confirm(&enrolled(&key(), 1), &passcode("000000"), NOW).unwrap();
    assert_eq!(wrong, Confirmation::Wrong);
    let word = factor().confirm(&enrolled(&key(), 1), &passcode("hello"), NOW).unwrap();
    assert_eq!(word, Confirmation::NotACode);
}

#[test]
fn a_phone_whose_clock_is_off_is_told_so_instead_of_wrong() {
    assert_eq!(confirm(4), Confirmation::ClockOff { ahead: true, by: Duration::from_secs(120) });
    assert_eq!(confirm(-10), Confirmation::ClockOff { ahead: false, by: Duration::from_secs(300) });
    assert_eq!(confirm(120), Confirmation::Wrong);
}

/// OTP-07
#[tokio::test]
async fn a_token_90_seconds_ahead_is_resynchronised_by_two_codes_in_a_row() {
    let mut token = enrolled(&key(), 1);
    let (first, second) = (passcode(&code(&key(), STEP + 2)), passcode(&code(&key(), STEP + 3)));
    assert_eq!(check(&factor(), &[token.clone()], second.as_typed(), NOW).await, Checked::Wrong);

    let spend = factor().resync(&token, [&first, &second], NOW).unwrap().unwrap();
    spent(&mut token, &spend);

    let reused = check(&factor(), &[token.clone()], second.as_typed(), NOW).await;
    assert_eq!(reused, Checked::UsedBefore(token.id));
    let next = check(&factor(), &[token.clone()], &code(&key(), STEP + 4), NOW).await;
    assert!(matches!(next, Checked::Right(_)), "{next:?}");
    assert_eq!(factor().resync(&token, [&first, &second], NOW).unwrap(), None, "used before");
}

/// OTP-07
#[test]
fn codes_an_hour_away_in_the_wrong_order_or_not_in_a_row_resynchronise_nothing() {
    let token = enrolled(&key(), 1);
    for (first, second) in [(120, 121), (-121, -120), (3, 2), (1, 3), (2, 2), (4, 5)] {
        let codes = [first, second].map(|offset| passcode(&code(&key(), STEP + offset)));
        assert_eq!(factor().resync(&token, [&codes[0], &codes[1]], NOW).unwrap(), None, "{first} {second}");
    }
}

/// OTP-11
#[test]
fn the_address_of_an_enrolment_is_read_back_to_the_same_key_whatever_the_names() {
    let names = [
        "Example",
        "Müller & Söhne GmbH",
        "100% sure?",
        "A/B#C",
        "日本電気",
        "a:b",
        "spaces  inside",
        "quote\"'<>",
        "plus+sign=equals",
        "🚪 door",
    ];
    for name in names {
        let factor = Totp::new(TotpSettings { issuer: name.to_owned(), ..TotpSettings::default() });
        let enrolment = factor.enrol(ada(), &format!("{name}@{name}"), "Pixel", &Dice::new()).unwrap();
        let read = factor.import(ada(), "Pixel", enrolment.uri.reveal(), &Dice::new()).unwrap();
        assert_eq!(read.secret, enrolment.new.secret, "{name}");
        let scanned = totp_rs::Totp::from_url(enrolment.uri.reveal()).unwrap();
        assert_eq!(scanned.issuer(), Some(name.replace(':', " ").as_str()));
        assert_eq!(scanned.account_name(), format!("{name}@{name}").replace(':', " "));
    }
}

/// OTP-11: algorithm, digits and period travel, and base 32 has no padding.
#[test]
fn the_address_says_what_differs_from_what_every_app_assumes() {
    let unusual = Key::new(Algorithm::Sha256, 8, 60, &[0xAB; 32]).unwrap();
    assert_eq!(
        unusual.uri("Example Corp", "ada@example.com").reveal(),
        "otpauth://totp/Example%20Corp:ada%40example.com?secret=\
         VOV2XK5LVOV2XK5LVOV2XK5LVOV2XK5LVOV2XK5LVOV2XK5LVOVQ\
         &digits=8&algorithm=SHA256&issuer=Example%20Corp&period=60"
    );
    assert_eq!(key().secret_text().reveal(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
}

#[test]
fn keys_of_other_products_are_imported_as_they_write_them() {
    let import = |uri: &str| Key::from_uri(uri).map(|key| (key.octets().len() * 8, key.digits(), key.period()));
    // 80 bits, as old hardware tokens and apps have them.
    assert_eq!(import("otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ"), Ok((80, 6, 30)));
    assert_eq!(import("otpauth://totp/A%3Ax?secret=gezdgnbvgy3tqojqge&issuer=A&period=60"), Ok((88, 6, 60)));
    assert_eq!(import(" otpauth://totp/x?digits=8&secret=GEZD+GNBV-GY3T%20QOJQGE%3D%3D====\n"), Ok((88, 8, 30)));
}

#[test]
fn what_cannot_be_imported_says_why_without_the_secret() {
    let refused = |uri: &str| Key::from_uri(uri).err().unwrap();
    let with = |rest: &str| refused(&format!("otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ{rest}"));
    assert_eq!(refused("https://example.com/"), ImportRefused::NotAnAddress);
    assert_eq!(refused("otpauth://hotp/x?secret=GEZDGNBVGY3TQOJQ&counter=1"), ImportRefused::NotAnAddress);
    assert_eq!(refused(&format!("otpauth://totp/{}", "x".repeat(3000))), ImportRefused::NotAnAddress);
    assert_eq!(refused("otpauth://totp/x"), ImportRefused::Secret);
    assert_eq!(refused("otpauth://totp/x?secret=GEZD1"), ImportRefused::Secret);
    assert_eq!(refused("otpauth://totp/x?secret=GEZDGNBV"), ImportRefused::SecretLength(40));
    assert_eq!(with("&digits=10"), ImportRefused::Digits(10));
    assert_eq!(with("&digits=5"), ImportRefused::Digits(5));
    assert_eq!(with("&period=0"), ImportRefused::Period(0));
    assert_eq!(with("&period=86400"), ImportRefused::Period(86_400));
    assert_eq!(with("&algorithm=MD5"), ImportRefused::Algorithm);
    assert!(!format!("{:?} {}", with("&digits=5"), with("&digits=5")).contains("GEZD"));
}
