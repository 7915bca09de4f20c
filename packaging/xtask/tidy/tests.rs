use super::metadata::{Dependency, Metadata, Package};
use super::promises::{self, Promises};
use super::source::Source;
use super::{directions, keepers, lock, problems, top_level, words};
use crate::shell;

#[test]
fn this_tree_is_tidy() {
    assert_eq!(problems(&shell::root().unwrap()).unwrap(), Vec::<String>::new());
}

fn package(name: &str, dependencies: Vec<Dependency>) -> Package {
    Package { name: name.to_owned(), dependencies }
}

fn ours(name: &str) -> Dependency {
    Dependency { name: name.to_owned(), kind: None, features: Vec::new(), path: Some("somewhere".to_owned()) }
}

fn theirs(name: &str) -> Dependency {
    Dependency { path: None, ..ours(name) }
}

fn for_tests(dependency: Dependency) -> Dependency {
    Dependency { kind: Some("dev".to_owned()), ..dependency }
}

#[test]
fn a_door_may_see_the_engine_and_never_another_door() {
    let fine = package("vestibule-radius", vec![ours("vestibule-engine"), ours("vestibule-listen"), theirs("bytes")]);
    assert_eq!(directions::problems(&[fine]), Vec::<String>::new());
    let wrong = package("vestibule-radius", vec![ours("vestibule-ldap")]);
    assert_eq!(directions::problems(&[wrong]), ["vestibule-radius must not depend on vestibule-ldap"]);
}

#[test]
fn the_engine_sees_none_of_ours_and_tests_may_start_peers() {
    let wrong = package("vestibule-engine", vec![ours("vestibule-store"), for_tests(ours("vestibule-peers"))]);
    assert_eq!(directions::problems(&[wrong]), ["vestibule-engine must not depend on vestibule-store"]);
    let product = package("vestibule-radius", vec![ours("vestibule-peers")]);
    assert_eq!(directions::problems(&[product]).len(), 1);
}

#[test]
fn a_member_that_the_table_does_not_name_is_a_problem() {
    assert_eq!(directions::problems(&[package("vestibule-extra", Vec::new())]).len(), 1);
}

#[test]
fn the_table_has_the_ten_members_of_the_design_and_no_cycle() {
    let member = |name: &str| directions::problems(&[package(name, Vec::new())]).is_empty();
    for name in ["engine", "listen", "radius", "ldap", "oidc", "proxy", "portal", "factors", "push", "store"] {
        assert!(member(&format!("vestibule-{name}")), "{name}");
    }
    for from in directions::MEMBERS {
        for to in from.sees() {
            let back = package(to, vec![ours(from.name())]);
            assert_eq!(directions::problems(&[back]).len(), 1, "{} and {to} see each other", from.name());
        }
    }
}

#[test]
fn a_kept_crate_is_listed_by_its_keeper_only() {
    let fine = package("vestibule-store", vec![theirs("rusqlite"), theirs("sqlx")]);
    assert_eq!(keepers::problems(&[fine]), Vec::<String>::new());
    let wrong = package("vestibule-engine", vec![theirs("sqlx")]);
    assert_eq!(keepers::problems(&[wrong]), ["vestibule-engine must not list sqlx: only vestibule-store may"]);
    let in_tests = package("vestibule-engine", vec![for_tests(theirs("sqlx"))]);
    assert_eq!(keepers::problems(&[in_tests]), Vec::<String>::new());
}

#[test]
fn a_crate_for_tests_is_never_part_of_the_product() {
    assert_eq!(keepers::problems(&[package("vestibule-radius", vec![theirs("radius")])]).len(), 1);
    assert!(keepers::problems(&[package("vestibule-radius", vec![for_tests(theirs("radius"))])]).is_empty());
}

#[test]
fn the_engine_waits_with_tokio_and_does_nothing_else_with_it() {
    let tokio = |features: &[&str]| {
        let features = features.iter().map(|feature| (*feature).to_owned()).collect();
        vec![Dependency { features, ..theirs("tokio") }]
    };
    assert!(keepers::problems(&[package("vestibule-engine", tokio(&["sync", "time"]))]).is_empty());
    assert_eq!(keepers::problems(&[package("vestibule-engine", tokio(&["sync", "net"]))]).len(), 1);
    assert!(keepers::problems(&[package("vestibule-radius", tokio(&["net"]))]).is_empty());
}

const LOCK: &str =
    "[[package]]\nname = \"rustls\"\nversion = \"0.23.1\"\n[[package]]\nname = \"ring\"\nversion = \"1\"\n";

#[test]
fn a_lock_file_with_one_tls_stack_is_fine() {
    assert_eq!(lock::problems(LOCK), Vec::<String>::new());
}

#[test]
fn a_second_tls_stack_in_the_lock_file_is_told() {
    let second = format!("{LOCK}[[package]]\nname = \"rustls\"\nversion = \"0.22.0\"\n");
    assert_eq!(lock::problems(&second), ["Cargo.lock has 2 versions of rustls: one is allowed"]);
    let openssl = format!("{LOCK}[[package]]\nname = \"openssl-sys\"\nversion = \"1\"\n");
    assert_eq!(lock::problems(&openssl).len(), 1);
    assert_eq!(lock::problems(""), ["Cargo.lock has no rustls", "Cargo.lock has no ring"]);
}

fn of_source(path: &str, text: &str) -> Vec<String> {
    words::problems(&[Source::new(path, text)])
}

#[test]
fn a_protocol_word_in_the_engine_is_told_with_its_line() {
    assert_eq!(
        of_source("src/engine/engine.rs", "fn a() {}\nfn b(packet: u8) {}\n"),
        ["src/engine/engine.rs:2: packet does not belong here: the engine knows no protocol"]
    );
}

#[test]
fn comments_tests_and_longer_names_are_not_read_as_words() {
    let text = "// a packet\nfn packets() {} // bind\nlet a = \"x\"; /// redirect\n#[cfg(test)]\nmod tests {\nlet packet = 1;\n}\n";
    assert_eq!(of_source("src/engine/engine.rs", text), Vec::<String>::new());
}

#[test]
fn reply_codes_are_chosen_in_answer_rs() {
    let text = "let code = Code::AccessAccept;\n";
    assert_eq!(of_source("src/radius/answer.rs", text), Vec::<String>::new());
    assert_eq!(of_source("src/radius/server.rs", text).len(), 1);
}

#[test]
fn files_and_environment_are_read_by_config() {
    let text = "let text = std::fs::read_to_string(path)?;\nlet name = std::env::var(\"HOME\");\n";
    assert_eq!(of_source("src/config/load.rs", text), Vec::<String>::new());
    assert_eq!(of_source("src/radius/dictionary.rs", text).len(), 2);
}

#[test]
fn a_module_is_not_a_mod_rs() {
    assert_eq!(of_source("src/radius/wire/mod.rs", "").len(), 1);
}

#[test]
fn the_top_folder_holds_only_what_it_may() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert!(top_level::problems(&names(&["Cargo.toml", "src", "tests"])).is_empty());
    assert_eq!(top_level::problems(&names(&["src", "utils"])).len(), 1);
}

#[test]
fn what_cargo_says_of_this_workspace_is_understood() {
    let metadata = Metadata::read(&shell::root().unwrap()).unwrap();
    let engine = metadata.packages.iter().find(|package| package.name == "vestibule-engine").unwrap();
    assert!(engine.dependencies.iter().any(|each| each.name == "tokio" && !each.is_ours() && !each.is_for_tests()));
    assert!(metadata.packages.iter().any(|package| package.dependencies.iter().any(Dependency::is_ours)));
}

const PROMISES: &str =
    "| `x` | y |\n\n| promise | how | shown by |\n|---|---|---|\n| it `holds` | so | `one`, `two` |\n\n| `z` |\n";

#[test]
fn a_promise_whose_test_is_gone_is_told() {
    let named = promises::named(PROMISES);
    assert_eq!(named, ["one", "two"]);
    let functions = ["one".to_owned()].into();
    assert_eq!(
        promises::problems(&Promises { named, functions }),
        ["README.md names the test two, which is not there"]
    );
    assert_eq!(promises::problems(&Promises { named: Vec::new(), functions: [].into() }).len(), 1);
}
