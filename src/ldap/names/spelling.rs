//! A user name as typed, taken apart. `CORP\alice`, `alice@corp.example` and `alice` are one name where the
//! configuration lists both domains (LDP-22); an unlisted domain stays part of the name and so finds nobody.

use unicode_normalization::UnicodeNormalization;
use vestibule_engine::UserName;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spelling {
    /// The whole name, in NFC, without space around it.
    pub name: String,
    /// The name without a domain that the configuration lists.
    pub user: String,
}

impl Spelling {
    pub(crate) fn read(typed: &UserName, domains: &[String]) -> Self {
        let name = typed.as_typed().trim();
        let name: String = if name.is_ascii() { name.to_owned() } else { name.nfc().collect() };
        let user = without_domain(&name, domains).unwrap_or(&name).to_owned();
        Self { name, user }
    }

    /// The form in which two spellings are equal; `None` where nothing usable is left.
    pub(crate) fn canonical(&self) -> Option<String> {
        UserName::parse(&self.user).ok().map(|user| user.canonical())
    }
}

fn without_domain<'a>(name: &'a str, domains: &[String]) -> Option<&'a str> {
    let listed = |domain: &str| domains.iter().any(|listed| listed.to_lowercase() == domain.to_lowercase());
    name.split_once('\\')
        .or_else(|| name.rsplit_once('@').map(|(user, domain)| (domain, user)))
        .filter(|(domain, user)| !user.trim().is_empty() && listed(domain))
        .map(|(_, user)| user)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(typed: &str) -> String {
        let domains = ["CORP".to_owned(), "corp.example".to_owned()];
        Spelling::read(&UserName::parse(typed).unwrap(), &domains).user
    }

    #[test] // LDP-22
    fn a_listed_domain_is_left_out_in_either_notation() {
        assert_eq!(user("alice"), "alice");
        assert_eq!(user("CORP\\alice"), "alice");
        assert_eq!(user("corp\\alice"), "alice");
        assert_eq!(user(" alice@Corp.Example "), "alice");
    }

    #[test]
    fn an_unlisted_domain_stays_part_of_the_name() {
        assert_eq!(user("OTHER\\alice"), "OTHER\\alice");
        assert_eq!(user("alice@other.example"), "alice@other.example");
        assert_eq!(user("corp.example"), "corp.example");
        assert_eq!(user("CORP\\"), "CORP\\");
    }

    #[test] // LDP-22
    fn composed_and_decomposed_letters_are_one_name() {
        assert_eq!(user("ju\u{308}rgen"), user("j\u{fc}rgen"));
    }
}
