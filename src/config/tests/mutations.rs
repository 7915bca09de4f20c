//! Typing mistakes at random: whatever becomes of a good configuration, it is usable, or it is refused with reasons.

use proptest::prelude::*;

use super::folder::Folder;

const GOOD: &str = include_str!("../../../config/examples/policy.yaml");

/// One mistake: take a stretch out, put something in its place.
fn with_mistake(text: &str, at: usize, length: usize, instead: &str) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let from = at % characters.len();
    let to = (from + length).min(characters.len());
    characters.splice(from..to, instead.chars());
    characters.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    // OPS-03, OPS-05
    #[test]
    fn a_mistake_anywhere_is_told_or_harmless(
        at in 0_usize..4_000,
        length in 0_usize..30,
        instead in prop_oneof!["[a-z]{0,5}", "[ \\n\\t:{}\\[\\],*&!#'\"-]{0,4}", "[0-9]{1,12}", "\u{0}|\u{202e}|\u{fffd}"],
    ) {
        let folder = Folder::new();
        let good = GOOD.replace("/etc/vestibule/radius-vpn.secret", "good.secret");
        let good = good.replace("/etc/vestibule/radius-firewalls.secret", "other.secret");
        let good = good.replace("/etc/vestibule/master.key", "master.key");
        folder.write("vestibule.yaml", &with_mistake(&good, at, length, &instead), 0o644);
        let loaded = folder.load();
        prop_assert_eq!(loaded.config.is_none(), loaded.report.errors() > 0, "{}", loaded.report);
        for problem in &loaded.report.problems {
            prop_assert!(problem.line >= 1 && !problem.found.is_empty() && !problem.remedy.is_empty());
        }
        let lines = loaded.report.to_string();
        prop_assert!(!lines.chars().any(|c| c.is_control() && c != '\n'), "{:?}", lines);
    }
}
