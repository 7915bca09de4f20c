//! The corpus of bad configurations (OPS-05): `bad/*.txt`, each case with every message it must give, and no other.
//!
//! ```text
//! === what is wrong            the case goes into conf.d beside a usable configuration
//! === what is wrong (alone)    the case is the whole configuration
//! yaml
//! --- LINE PATH | part of what is found | part of the remedy      (`warning` after the dashes for a warning,
//!                                                                  `base:LINE` for a line of the usable one)
//! ```

use std::path::Path;

use super::folder::Folder;
use crate::config::Report;

struct Case<'a> {
    name: &'a str,
    is_alone: bool,
    text: String,
    expected: Vec<Expected<'a>>,
}

struct Expected<'a> {
    is_in_base: bool,
    line: usize,
    path: &'a str,
    found: &'a str,
    remedy: &'a str,
    is_error: bool,
}

fn cases(corpus: &str) -> Vec<Case<'_>> {
    corpus.split("\n=== ").map(|case| case.strip_prefix("=== ").unwrap_or(case)).filter_map(case).collect()
}

fn case(text: &str) -> Option<Case<'_>> {
    let (name, body) = text.split_once('\n')?;
    if name.starts_with('#') {
        return None;
    }
    let is_alone = name.ends_with(" (alone)");
    let mut case = Case { name, is_alone, text: String::new(), expected: Vec::new() };
    for line in body.lines() {
        match line.strip_prefix("--- ") {
            Some(expected) => case.expected.push(expectation(expected)),
            None => {
                case.text.push_str(line);
                case.text.push('\n');
            }
        }
    }
    Some(case)
}

fn expectation(line: &str) -> Expected<'_> {
    let (is_error, line) = line.strip_prefix("warning ").map_or((true, line), |line| (false, line));
    let mut parts = line.splitn(3, " | ");
    let place = parts.next().expect("a place");
    let (line, path) = place.split_once(' ').unwrap_or((place, ""));
    let (is_in_base, line) = line.strip_prefix("base:").map_or((false, line), |line| (true, line));
    let line = line.parse().expect("a line number");
    Expected {
        is_in_base,
        line,
        path,
        found: parts.next().expect("what is found"),
        remedy: parts.next().expect("a remedy"),
        is_error,
    }
}

fn report(case: &Case<'_>) -> Report {
    let folder = Folder::new();
    let loaded = if case.is_alone {
        folder.write("vestibule.yaml", &case.text, 0o644);
        folder.load()
    } else {
        folder.load_base_with(&case.text)
    };
    let errors = loaded.report.errors();
    assert_eq!(loaded.config.is_none(), errors > 0, "{}: a configuration with errors must not be usable", case.name);
    loaded.report
}

fn judge(case: &Case<'_>) -> Result<(), String> {
    let report = report(case);
    let mut left = report.problems.clone();
    for expected in &case.expected {
        let is_main = case.is_alone || expected.is_in_base;
        let file = if is_main { "vestibule.yaml" } else { "conf.d/case.yaml" };
        let at = left.iter().position(|problem| {
            (problem.line, problem.path.as_str(), problem.is_error) == (expected.line, expected.path, expected.is_error)
                && problem.file.ends_with(file)
                && problem.found.contains(expected.found)
                && problem.remedy.contains(expected.remedy)
        });
        match at {
            Some(at) => drop(left.remove(at)),
            None => {
                let Expected { line, path, found, remedy, .. } = expected;
                return Err(format!("{}: not told: {line} {path} | {found} | {remedy}\nbut:\n{report}", case.name));
            }
        }
    }
    if let Some(other) = left.first() {
        return Err(format!("{}: told as well:\n{other}", case.name));
    }
    let text = format!("{report} {}", serde_json::to_string(&report).expect("JSON"));
    match text.contains("hunter2") {
        true => Err(format!("{}: a secret was repeated:\n{text}", case.name)),
        false => Ok(()),
    }
}

#[test]
fn every_bad_configuration_is_refused_with_its_messages() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/bad");
    let mut count = 0;
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("the corpus") {
        let corpus = std::fs::read_to_string(entry.expect("an entry").path()).expect("a corpus");
        for case in cases(&corpus) {
            assert!(!case.expected.is_empty(), "{} expects nothing", case.name);
            count += 1;
            wrong.extend(judge(&case).err());
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n\n{}", wrong.len(), wrong.join("\n\n"));
    assert!(count >= 100, "OPS-05 asks for a hundred cases; there are {count}");
}

#[test]
fn the_base_of_the_corpus_is_fine() {
    let loaded = Folder::new().load_base_with("");
    assert!(loaded.report.problems.is_empty(), "{}", loaded.report);
    let config = loaded.config.expect("usable");
    assert_eq!(config.node, "test");
    assert!(config.state.is_absolute());
}

#[test]
fn all_problems_of_all_files_are_told_at_once() {
    let folder = Folder::new();
    folder.write("vestibule.yaml", "node: -bad-\nmaster_key: {file: absent}\nlog: {level: loud}\n", 0o644);
    folder.write(
        "conf.d/a.yaml",
        "radius:\n  clients:\n    a: {addresses: [x], secret: {env: NONE}, primary: b}\n",
        0o644,
    );
    folder.write("conf.d/b.yaml", "polcy: {}\nthrottle:\n  code_per_user: {tries: 0}\n", 0o644);
    let report = folder.load().report;
    for (file, line, path) in [
        ("vestibule.yaml", 1, "node"),
        ("vestibule.yaml", 2, "master_key"),
        ("vestibule.yaml", 3, "log.level"),
        ("conf.d/a.yaml", 3, "radius.clients.a.addresses.0"),
        ("conf.d/a.yaml", 3, "radius.clients.a.secret"),
        ("conf.d/a.yaml", 3, "radius.clients.a.primary"),
        ("conf.d/b.yaml", 1, "polcy"),
        ("conf.d/b.yaml", 3, "throttle.code_per_user"),
    ] {
        let told = report.problems.iter().any(|problem| {
            problem.file.ends_with(file) && problem.line == line && problem.path == path && problem.is_error
        });
        assert!(told, "{file}:{line} {path} is missing in\n{report}");
    }
}

#[test]
fn a_configuration_that_everybody_can_change_is_warned_of() {
    let folder = Folder::new();
    folder.write("vestibule.yaml", super::folder::BASE, 0o666);
    let loaded = folder.load();
    assert_eq!((loaded.report.errors(), loaded.report.warnings()), (0, 1), "{}", loaded.report);
    assert!(loaded.config.is_some());
}
