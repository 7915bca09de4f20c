//! Names, codes in the password field, lengths of time.

use proptest::prelude::*;

use crate::config::Span;
use crate::split::Second;
use crate::*;

#[test]
fn spellings_of_one_name_are_one_name() {
    // RAD-34, LDP-22
    let canonical = |name: &str| UserName::parse(name).unwrap().canonical();
    assert_eq!(canonical("ADA"), "ada");
    assert_eq!(canonical(" ada "), "ada");
    assert_eq!(canonical("\u{e4}ltst"), canonical("a\u{308}ltst"));
    assert_eq!(canonical("\u{c4}LTST"), canonical("a\u{308}ltst"));
    assert_eq!(canonical("ada"), "ada");
    assert_ne!(canonical("ada"), canonical("\u{430}da"));
}

#[test]
fn names_that_are_no_names_are_refused() {
    // RAD-06: nothing ends at a NUL.
    assert_eq!(UserName::parse("alice\0admin"), Err(NameRefused::ControlCharacter));
    assert_eq!(UserName::parse("   "), Err(NameRefused::Empty));
    assert_eq!(UserName::parse(&"x".repeat(1025)), Err(NameRefused::TooLong));
    assert!(UserName::parse(&"x".repeat(1024)).is_ok());
    assert_eq!(UserName::from_octets(&[0xff, 0xfe]), Err(NameRefused::NotUtf8));
}

fn parts(typed: &str, how: &Splitting) -> (String, Option<String>) {
    let split = split(&Password::new(typed), how);
    let second = split.second.map(|second| match second {
        Second::Code(code) => code.as_typed().to_owned(),
        Second::Use(method, number) => format!("{method}{}", number.map(|n| n.to_string()).unwrap_or_default()),
    });
    (split.password.as_text().unwrap().to_owned(), second)
}

#[test]
fn code_after_the_last_delimiter_is_split_off() {
    // RAD-25: twelve passwords, one reading each.
    let comma = Splitting::After { delimiter: ',' };
    for (typed, password, second) in [
        ("secret", "secret", None),
        ("secret,123456", "secret", Some("123456")),
        ("secret,12345678", "secret", Some("12345678")),
        ("secret,12345", "secret,12345", None),
        ("secret,123456789", "secret,123456789", None),
        ("a,b,123456", "a,b", Some("123456")),
        ("a,123456,654321", "a,123456", Some("654321")),
        ("secret,", "secret,", None),
        ("se,cret", "se,cret", None),
        ("secret,push", "secret", Some("push")),
        ("secret,Push2", "secret", Some("push2")),
        ("secret,k3fa-9x2m-aaaa-zzzz", "secret", Some("k3fa-9x2m-aaaa-zzzz")),
        ("secret,pushy", "secret,pushy", None),
        (",123456", "", Some("123456")),
    ] {
        assert_eq!(parts(typed, &comma), (password.to_owned(), second.map(str::to_owned)), "{typed}");
    }
}

#[test]
fn code_of_fixed_length_is_split_off_the_end() {
    let six = Splitting::Suffix { digits: 6 };
    assert_eq!(parts("secret492039", &six), ("secret".into(), Some("492039".into())));
    assert_eq!(parts("secret", &six), ("secret".into(), None));
    assert_eq!(parts("123456", &six), (String::new(), Some("123456".into())));
    assert_eq!(parts("pa\u{df}wort123456", &six), ("pa\u{df}wort".into(), Some("123456".into())));
    assert_eq!(parts("12345", &six), ("12345".into(), None));
    assert_eq!(parts("secret,123456", &Splitting::Never), ("secret,123456".into(), None));
}

#[test]
fn codes_are_read_as_people_type_them() {
    // OTP-12
    for typed in
        ["012345", "012 345", " 012-345 ", "\u{660}\u{661}\u{662}\u{663}\u{664}\u{665}", "\u{ff10}\u{ff11}\u{ff12}345"]
    {
        assert_eq!(Passcode::parse(typed).unwrap().digits().as_deref(), Some("012345"), "{typed}");
    }
    assert_eq!(Passcode::parse("12a456").unwrap().digits(), None);
    assert!(Passcode::parse("").is_none());
    assert!(Passcode::parse(&"1".repeat(65)).is_none());
}

#[test]
fn length_of_time_needs_a_unit() {
    assert_eq!(Span::parse("30s").unwrap(), Span::secs(30));
    assert_eq!(Span::parse("2 m").unwrap(), Span::secs(120));
    assert_eq!(Span::parse("1d").unwrap().to_string(), "1d");
    assert_eq!(Span::parse("1500ms").unwrap().to_string(), "1500ms");
    for refused in ["30", "", "s", "-1s", "1.5h", "30sec", "99999999999999999999s", "18446744073709551615d"] {
        assert!(Span::parse(refused).is_err(), "{refused}");
    }
}

#[test]
fn secrets_do_not_show_themselves() {
    // LOG-02
    let shown = format!(
        "{:?} {:?} {:?}",
        Password::new("canary"),
        Passcode::parse("canary").unwrap(),
        SecretBytes::new(*b"canary")
    );
    assert!(!shown.contains("canary") && !shown.contains("99"), "{shown}");
}

#[test]
fn counters_wait_longer_with_each_failure_and_forget() {
    let budget = Budgets::default().code_of;
    let at = |seconds| Timestamp::from_secs(seconds);
    let mut counter = Counter::default();
    for _ in 0..4 {
        counter = counter.after_failure(&budget, at(0));
        assert_eq!(counter.is_locked(at(0)), None);
    }
    counter = counter.after_failure(&budget, at(0));
    assert_eq!(counter.is_locked(at(0)), Some(at(30)));
    counter = counter.after_failure(&budget, at(31));
    assert_eq!(counter.is_locked(at(31)), Some(at(91)));
    for _ in 0..40 {
        counter = counter.after_failure(&budget, at(100));
    }
    assert_eq!(counter.is_locked(at(100)), Some(at(3700)));
    counter = counter.after_failure(&budget, at(100 + 86_400));
    assert_eq!((counter.failures, counter.is_locked(at(100 + 86_400))), (1, None));
}

proptest! {
    #[test]
    fn splitting_loses_and_invents_nothing(typed in "\\PC{0,40}", digits in 1_u8..10, delimiter in any::<char>()) {
        for how in [Splitting::Never, Splitting::After { delimiter }, Splitting::Suffix { digits }] {
            let split = split(&Password::new(typed.as_str()), &how);
            let password = split.password.as_text().unwrap();
            prop_assert!(typed.starts_with(password));
            if split.second.is_none() {
                prop_assert_eq!(password, typed.as_str());
            }
        }
    }

    #[test]
    fn canonical_form_is_stable(name in "\\PC{1,60}") {
        if let Ok(name) = UserName::parse(&name) {
            let once = name.canonical();
            if let Ok(again) = UserName::parse(&once) {
                prop_assert_eq!(again.canonical(), once);
            }
        }
    }
}
