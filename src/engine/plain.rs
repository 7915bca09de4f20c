//! Whether a name has one spelling only. Where the name itself is the identity, a directory that folds spellings more
//! widely than we do (RFC 4518 §2) would sign in one person under many names, each a new user to us.

use unicode_normalization::UnicodeNormalization;

/// No letters that stand for others (`ａ`, `ⅰ`), no space but single ones, nothing that cannot be seen. How letters are
/// composed does not matter: that is folded here as well.
pub fn is_plain(name: &str) -> bool {
    let is_odd = |c: char| is_invisible(c) || (c.is_whitespace() && c != ' ');
    !name.contains("  ") && !name.contains(is_odd) && name.nfkc().eq(name.nfc())
}

/// What directories leave out before they compare names (RFC 4518 §2.2), and what else is not seen.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{6DD}' | '\u{70F}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
        | '\u{1806}' | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF9}'..='\u{FFFC}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Foreign text for a person's eyes: one line, nothing that cannot be seen or turns the reading around, and not long.
pub fn plain_text(text: &str, chars_max: usize) -> String {
    let mut shown: String = text
        .chars()
        .filter(|c| !c.is_control() && !is_invisible(*c) && !matches!(c, '\u{2028}' | '\u{2029}'))
        .take(chars_max.saturating_add(1))
        .collect();
    if shown.chars().count() > chars_max {
        shown = shown.chars().take(chars_max.saturating_sub(1)).chain(['…']).collect();
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    // OOB-06
    #[test]
    fn foreign_text_is_shown_in_one_line_that_reads_as_it_is() {
        assert_eq!(plain_text("alice\u{202E}moc.live\r\nApprove\u{200B}!", 80), "alicemoc.liveApprove!");
        assert_eq!(plain_text(&"x".repeat(500), 10), "xxxxxxxxx…");
        assert_eq!(plain_text("Jürgen 山田", 80), "Jürgen 山田");
    }

    #[test] // LDP-22
    fn a_name_with_one_spelling_is_plain() {
        for name in
            ["alice", "j\u{fc}rgen", "ju\u{308}rgen", "Ada Lovelace", "o'neil", "山田", "алиса", "a@corp.example"]
        {
            assert!(is_plain(name), "{name}");
        }
    }

    #[test] // LDP-22
    fn a_name_that_a_directory_takes_for_another_is_not() {
        let folded =
            ["\u{FF41}lice", "al\u{2170}ce", "\u{24D0}lice", "\u{FB01}n", "ada  lovelace", "ada\u{A0}lovelace"];
        let spaces = ["ada\u{3000}lovelace", "ada\u{2003}lovelace", "ada\u{1680}lovelace", "ada\u{2028}lovelace"];
        let invisible =
            ["al\u{AD}ice", "al\u{200B}ice", "al\u{200F}ice", "al\u{2060}ice", "al\u{206F}ice", "\u{FEFF}alice"];
        let ignored = ["alice\u{FE0F}", "al\u{34F}ice", "al\u{180B}ice", "alice\u{E0041}", "al\u{202E}ice"];
        for name in folded.iter().chain(&spaces).chain(&invisible).chain(&ignored) {
            assert!(!is_plain(name), "{name:?}");
        }
    }
}
