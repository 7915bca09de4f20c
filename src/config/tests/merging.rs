//! Several files as one configuration, and where a path stands in them.

use std::path::PathBuf;

use crate::config::merge::merge;
use crate::config::problems::place_of;
use crate::config::tree::{self, Malformed, Node};

fn merged(texts: &[&str]) -> (Node, Vec<Malformed>) {
    let files: Vec<PathBuf> = (0..texts.len()).map(|file| PathBuf::from(format!("{file}.yaml"))).collect();
    let mut problems = Vec::new();
    let mut root = Node::empty(0);
    for (file, text) in texts.iter().enumerate() {
        let more = tree::parse(text, file, &mut problems).expect("usable YAML");
        merge(&mut root, more, &files, &mut problems);
    }
    (root, problems)
}

#[test]
fn groups_are_merged_key_by_key() {
    let (root, problems) = merged(&["radius:\n  clients:\n    a: {b: 1}\n", "radius:\n  clients:\n    c: {b: 2}\n"]);
    assert!(problems.is_empty(), "{problems:?}");
    let clients = root.get("radius").and_then(|radius| radius.get("clients")).expect("clients");
    assert_eq!(clients.entries().iter().map(|entry| entry.key.as_str()).collect::<Vec<_>>(), ["a", "c"]);
}

#[test]
fn an_option_set_in_two_files_is_refused_with_both_places() {
    let (_, problems) = merged(&["# first\nnode: a\n", "log: {level: info}\nnode: b\n"]);
    assert_eq!(problems.len(), 1);
    assert_eq!((problems[0].place.file, problems[0].place.line), (1, 2));
    assert!(problems[0].found.contains("0.yaml, line 2"), "{}", problems[0].found);
}

#[test]
fn lists_are_not_joined_across_files() {
    let (_, problems) = merged(&["a: [1]\n", "a: [2]\n"]);
    assert_eq!(problems.len(), 1);
}

#[test]
fn a_path_is_found_where_it_was_written() {
    let (root, _) = merged(&["a: 1\nclients:\n  vpn.example.org:\n    hosts: [x, y]\n", "clients:\n  b:\n    c: 1\n"]);
    let at = |path: &str| {
        let place = place_of(&root, path);
        (place.file, place.line)
    };
    assert_eq!(at("clients.vpn.example.org"), (0, 3));
    assert_eq!(at("clients.vpn.example.org.hosts.1"), (0, 4));
    assert_eq!(at("clients.b.c"), (1, 3));
    // What is not there is told where it should be.
    assert_eq!(at("clients.b.secret"), (1, 2));
    assert_eq!(at("policy.rules"), (0, 1));
}
