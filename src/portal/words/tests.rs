//! Every sentence in every language, and which one a reader gets.

use std::collections::{BTreeMap, BTreeSet};

use fluent_bundle::FluentResource;
use vestibule_engine::Method;

use super::*;

/// The keys of a language, each with the arguments its sentence uses.
fn sentences(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let resource = FluentResource::try_new(language.source().to_owned())
        .unwrap_or_else(|(_, errors)| panic!("{} cannot be read: {errors:?}", language.tag()));
    drop(resource);
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut key = String::new();
    for line in language.source().lines() {
        if let Some((name, _)) = line.split_once(" =").filter(|_| !line.starts_with([' ', '#'])) {
            key = name.to_owned();
            assert!(found.insert(key.clone(), BTreeSet::new()).is_none(), "{} twice in {}", key, language.tag());
        }
        let arguments = line
            .split('$')
            .skip(1)
            .map(|rest| rest.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default().to_owned());
        found.entry(key.clone()).or_default().extend(arguments.collect::<Vec<_>>());
    }
    found
}

#[test]
fn every_sentence_is_there_in_every_language_about_the_same_things() {
    let english = sentences(Language::English);
    for language in Language::ALL {
        let other = sentences(language);
        let missing: Vec<_> = english.keys().filter(|key| !other.contains_key(*key)).collect();
        let extra: Vec<_> = other.keys().filter(|key| !english.contains_key(*key)).collect();
        assert!(missing.is_empty() && extra.is_empty(), "{}: missing {missing:?}, extra {extra:?}", language.tag());
        for (key, arguments) in &english {
            assert_eq!(&other[key], arguments, "{key} in {}", language.tag());
        }
    }
}

#[test]
fn every_sentence_that_a_page_asks_for_exists() {
    let known = sentences(Language::English);
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut asked = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for call in ["w.say(\"", "w.with(\"", "w.with_two(\"", "w.count(\""] {
            for rest in text.split(call).skip(1) {
                let key = rest.split('"').next().unwrap();
                let (family, is_family) = key.strip_suffix("{}").map_or((key, false), |family| (family, true));
                let is_known = if is_family {
                    ["code", "recovery", "invitation", "number", "primary"]
                        .iter()
                        .all(|kind| known.contains_key(&format!("{family}{kind}")))
                } else {
                    known.contains_key(key)
                };
                assert!(is_known, "{key} in {}", path.display());
                asked += 1;
            }
        }
    }
    assert!(asked > 50, "{asked}");
}

/// The keys that are put together from a kind of thing.
#[test]
fn every_kind_of_thing_has_its_sentence() {
    let known = sentences(Language::English);
    let kinds = Method::ALL.into_iter().chain([Method::Invitation]).map(|method| format!("kind-{}", method.name()));
    let told =
        ["trouble", "not-there", "forged", "too-large"].map(|key| [format!("{key}-title"), format!("{key}-text")]);
    let ended = ["denied", "reported", "wrong-number", "unanswered", "tries", "rings", "locked", "refused"]
        .map(|word| [format!("ended-{word}-title"), format!("ended-{word}-text")]);
    for key in kinds.chain(told.into_iter().flatten()).chain(ended.into_iter().flatten()) {
        assert!(known.contains_key(&key), "{key}");
    }
}

/// What no page asks for is left over from another one.
#[test]
fn every_sentence_is_asked_for_somewhere() {
    let mut text = String::new();
    let mut folders = vec![std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR"))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("authenticator") {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs" || end == "html") {
                text.push_str(&std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let families = [
        "kind-",
        "ended-",
        "code-title-",
        "code-lead-",
        "code-label-",
        "code-again-",
        "trouble-",
        "not-there-",
        "forged-",
        "too-large-",
    ];
    for key in sentences(Language::English).keys().filter(|key| !key.is_empty()) {
        let is_family = families.iter().any(|family| key.starts_with(family));
        assert!(is_family || text.contains(&format!("\"{key}\"")), "{key}");
    }
}

/// No exclamation marks, no blame, no begging.
#[test]
fn sentences_are_calm() {
    for language in Language::ALL {
        let text = language.source();
        assert!(!text.contains('!') && !text.contains('¡'), "{}", language.tag());
        assert!(!text.to_lowercase().contains("please"), "{}", language.tag());
    }
}

#[test]
fn the_language_is_the_best_the_browser_asks_for() {
    for (header, language) in [
        ("de-CH, de;q=0.9, en;q=0.8", Some(Language::German)),
        ("pt-BR, it;q=0.5, fr;q=0.7", Some(Language::French)),
        ("en;q=0, es", Some(Language::Spanish)),
        ("fr, de", Some(Language::French)),
        ("zh, *", None),
        ("", None),
    ] {
        assert_eq!(Language::accepted(header), language, "{header}");
    }
}

#[test]
fn time_is_told_in_words_up_to_a_day() {
    let words = Words(Language::English);
    let now = Timestamp::from_secs(1_800_000_000);
    let ago = |seconds: i64| {
        words.ago(Timestamp::from_secs(1_800_000_000 - seconds), now).replace(['\u{2068}', '\u{2069}'], "")
    };
    assert_eq!(ago(5), "just now");
    assert_eq!(ago(60), "1 minute ago");
    assert_eq!(ago(7_300), "2 hours ago");
    assert_eq!(ago(86_400 * 3), "2027-01-12");
}
