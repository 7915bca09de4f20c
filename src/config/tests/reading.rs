//! Texts to typed values: what is read, what is refused, and how it is told.

use std::collections::BTreeMap;

use serde::Deserialize;
use vestibule_engine::config::{SecretRef, Span};

use crate::config::fault::dotted;
use crate::config::told::read_all;
use crate::config::tree::{self, Malformed, Node};

#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct House {
    name: String,
    #[serde(default)]
    doors: u16,
    #[serde(default)]
    open: bool,
    #[serde(default)]
    rooms: BTreeMap<String, Room>,
    #[serde(default)]
    visitors: Vec<std::net::IpAddr>,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Room {
    heating: Heating,
    #[serde(default)]
    warm_up: Option<Span>,
    #[serde(default)]
    key: Option<SecretRef>,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Heating {
    None,
    Stove(Stove),
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Stove {
    wood: String,
}

fn parsed(text: &str) -> Result<Node, Malformed> {
    let mut malformed = Vec::new();
    let node = tree::parse(text, 0, &mut malformed)?;
    malformed.pop().map_or(Ok(node), Err)
}

fn faults(text: &str) -> Vec<(String, String)> {
    let mut root = parsed(text).expect("usable YAML");
    let (_, faults) = read_all::<House>(&mut root);
    faults.iter().map(|fault| (dotted(fault.steps()), fault.words(Some("")).0)).collect()
}

fn read(text: &str) -> House {
    let mut root = parsed(text).expect("usable YAML");
    let (house, faults) = read_all::<House>(&mut root);
    assert!(faults.is_empty(), "{faults:?}");
    house.expect("nothing was wrong")
}

#[test]
fn values_are_read_as_the_field_asks_for_them() {
    // OPS-06: a text stays the text that was written, whatever else YAML could see in it.
    for (written, meant) in [("NO", "NO"), ("0123", "0123"), ("true", "true"), ("1e3", "1e3"), ("\"null\"", "null")] {
        assert_eq!(read(&format!("name: {written}\n")).name, meant);
    }
    assert_eq!(read("name: a\ndoors: 3\nopen: true\n").doors, 3);
}

#[test]
fn kinds_are_map_keys_or_single_words() {
    let house = read("name: a\nrooms:\n  hall: {heating: none}\n  parlour:\n    heating:\n      stove: {wood: ash}\n");
    assert_eq!(house.rooms["hall"].heating, Heating::None);
    assert_eq!(house.rooms["parlour"].heating, Heating::Stove(Stove { wood: "ash".into() }));
}

#[test]
fn an_alias_stands_for_what_it_names() {
    let house = read("name: a\nrooms:\n  hall: &same {heating: none, warm_up: 5m}\n  attic: *same\n");
    assert_eq!(house.rooms["attic"], house.rooms["hall"]);
}

#[test]
fn every_fault_is_told_not_only_the_first() {
    let text = "nmae: a\ndoors: many\nopen: yes\nrooms:\n  hall: {heating: gas}\n  attic: {heating: none, warm_up: 5}\n\
                visitors: [10.0.0.1, nobody, 10.0.0.300]\n";
    let paths: Vec<String> = faults(text).into_iter().map(|(path, _)| path).collect();
    for path in ["nmae", "doors", "open", "rooms.hall.heating", "rooms.attic.warm_up", "visitors.1", "visitors.2", ""] {
        assert!(paths.iter().any(|told| told == path), "{path} is missing in {paths:?}");
    }
    assert_eq!(paths.len(), 8, "{paths:?}");
}

#[test]
fn what_only_follows_from_a_fault_is_not_told_as_another() {
    // Without its faulty `heating` the room lacks one: that is the same mistake.
    assert_eq!(faults("name: a\nrooms:\n  hall: {heating: gas}\n").len(), 1);
}

#[test]
fn a_secret_written_down_is_refused_and_not_repeated() {
    let text = "name: a\nrooms:\n  hall: {heating: none, key: hunter2}\n";
    let told = faults(text);
    assert_eq!(told.len(), 1);
    assert!(told[0].1.contains("secret written into"), "{told:?}");
    assert!(!told[0].1.contains("hunter2"));
}

#[test]
fn two_kinds_at_once_are_refused() {
    let told = faults("name: a\nrooms:\n  hall: {heating: none, key: {file: a, env: B}}\n");
    assert!(told[0].1.contains("both `file` and `env`"), "{told:?}");
}

#[test]
fn a_key_written_twice_is_refused_with_both_lines() {
    let Err(malformed) = parsed("name: a\ndoors: 1\nname: b\n") else { panic!("refused") };
    assert_eq!(malformed.place.line, 3);
    assert!(malformed.found.contains("line 1"), "{}", malformed.found);
}

#[test]
fn aliases_that_multiply_are_refused_at_once() {
    // OPS-06: nine levels of nine are 387 million values.
    let mut text = String::from("a: &a [x, x, x, x, x, x, x, x, x]\n");
    for (one, before) in ["b", "c", "d", "e", "f", "g", "h", "i"].iter().zip(["a", "b", "c", "d", "e", "f", "g", "h"]) {
        let items = vec![format!("*{before}"); 9].join(", ");
        text.push_str(&format!("{one}: &{one} [{items}]\n"));
    }
    let Err(malformed) = parsed(&text) else { panic!("refused") };
    assert!(malformed.found.contains("aliases"), "{}", malformed.found);
}

#[test]
fn anchors_within_anchors_are_refused_before_they_fill_the_memory() {
    // OPS-06
    let opened: String = (0..20).map(|level| format!("&a{level} [")).collect();
    let text = format!("a: {opened}{}{}", "1,".repeat(200_000), "]".repeat(20));
    let Err(malformed) = parsed(&text) else { panic!("refused") };
    assert!(malformed.found.contains("aliases"), "{}", malformed.found);
}

#[test]
fn bottomless_nesting_is_refused() {
    let Err(malformed) = parsed(&format!("a: {}1{}", "[".repeat(60), "]".repeat(60))) else { panic!("refused") };
    assert!(malformed.found.contains("deep"), "{}", malformed.found);
    assert!(parsed(&format!("a: {}", "[".repeat(100_000))).is_err());
    assert!(parsed(&format!("a: {}", "{a: ".repeat(100_000))).is_err());
}

#[test]
fn what_is_no_list_of_options_is_refused() {
    for text in ["- a\n- b\n", "just words\n", "a: 1\n---\nb: 2\n", "a: !secret b\n", "a: [1\n", "a: *b\n"] {
        assert!(parsed(text).is_err(), "{text:?}");
    }
}

#[test]
fn an_empty_file_is_a_configuration_without_options() {
    for text in ["", "# nothing\n", "---\n", "\n\n"] {
        assert!(parsed(text).is_ok_and(|node| node.entries().is_empty()), "{text:?}");
    }
}

#[test]
fn text_that_is_no_yaml_is_not_repeated() {
    let Err(malformed) = parsed("secret: *hunter2\n") else { panic!("refused") };
    assert!(!format!("{malformed:?}").contains("hunter2"), "{malformed:?}");
    let Err(malformed) = parsed("secret: \"hunter2\n") else { panic!("refused") };
    assert!(!format!("{malformed:?}").contains("hunter2"), "{malformed:?}");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "[ -~\\n\\t\u{e4}\u{1f600}]{0,200}") {
        if let Ok(mut root) = parsed(&text) {
            let (_, faults) = read_all::<House>(&mut root);
            for fault in faults {
                let (found, _) = fault.words(None);
                proptest::prop_assert!(!found.is_empty());
            }
        }
    }
}
