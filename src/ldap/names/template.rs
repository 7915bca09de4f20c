//! A text with places for the name: a filter, a DN or a principal name. What is put in is escaped for where it goes, so
//! that a name can never change the meaning of the text around it (LDP-33).

use super::spelling::Spelling;

/// How a value is escaped, by where it goes.
pub(crate) type Escape = fn(&str) -> String;

/// The places of a text that finds a person: the name without its domain, and the whole name.
pub(crate) const OF_A_PERSON: &[&str] = &["user", "name"];
/// The places of a filter that finds the groups of a member.
pub(crate) const OF_A_MEMBER: &[&str] = &["dn", "user"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Place(String),
}

impl Template {
    pub(crate) fn parse(text: &str, places: &[&str]) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (place, after) = after.split_once('}').ok_or("a { without its }")?;
            if !places.contains(&place) {
                return Err(format!("the unknown place {{{place}}}"));
            }
            parts.push(Part::Text(before.to_owned()));
            parts.push(Part::Place(place.to_owned()));
            rest = after;
        }
        if parts.is_empty() {
            return Err("no place for the name".to_owned());
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self(parts))
    }

    /// Put the name in, escaped.
    pub(crate) fn fill(&self, spelling: &Spelling, escape: Escape) -> String {
        self.fill_each(|place| escape(if place == "name" { &spelling.name } else { &spelling.user }))
    }

    /// Put into each place what `value` says; it has to be escaped.
    pub(crate) fn fill_each(&self, value: impl Fn(&str) -> String) -> String {
        let text = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Place(place) => value(place),
        };
        self.0.iter().map(text).collect()
    }

    /// A filter that asks for the presence of what would be compared: whoever could be found by any name.
    pub(crate) fn any_name(&self) -> String {
        self.fill_each(|_| "*".to_owned())
    }
}

pub(crate) fn escape_nothing(value: &str) -> String {
    value.to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use vestibule_engine::UserName;

    use super::*;
    use crate::names::distinguished::Dn;
    use crate::names::escape::{escape_in_dn, escape_in_filter};
    use crate::wire::is_filter;

    fn fill(template: &str, typed: &str, escape: Escape) -> String {
        let spelling = Spelling::read(&UserName::parse(typed).unwrap(), &[]);
        Template::parse(template, OF_A_PERSON).unwrap().fill(&spelling, escape)
    }

    #[test] // LDP-33
    fn a_name_cannot_change_a_filter() {
        let filter = fill("(|(uid={user})(mail={name}))", "*)(uid=*))(|(uid=*", escape_in_filter);
        assert_eq!(
            filter,
            "(|(uid=\\2a\\29\\28uid=\\2a\\29\\29\\28|\\28uid=\\2a)(mail=\\2a\\29\\28uid=\\2a\\29\\29\\28|\\28uid=\\2a))"
        );
    }

    #[test]
    fn a_text_without_a_place_or_with_an_unknown_one_is_refused() {
        for text in ["(uid=alice)", "", "(uid={user)", "(uid={})", "(uid={password})"] {
            assert!(Template::parse(text, OF_A_PERSON).is_err(), "{text}");
        }
    }

    proptest! {
        #[test] // LDP-33
        fn a_name_in_a_dn_is_read_back_as_it_was(name in "[^\u{0}-\u{1f}\u{7f}-\u{9f}]{1,40}") {
            let Ok(user) = UserName::parse(&name) else { return Ok(()) };
            let spelling = Spelling::read(&user, &[]);
            let template = Template::parse("uid={user},ou=people,dc=example,dc=org", OF_A_PERSON).unwrap();
            let dn = template.fill(&spelling, escape_in_dn);
            let parsed = Dn::parse(&dn).unwrap();
            prop_assert_eq!(parsed.len(), 4);
            prop_assert_eq!(parsed.leaf_value(), Some(spelling.user.as_str()));
        }

        #[test] // LDP-33
        fn a_name_in_a_filter_leaves_one_comparison(name in "[^\u{0}-\u{1f}\u{7f}-\u{9f}]{1,40}") {
            let Ok(user) = UserName::parse(&name) else { return Ok(()) };
            let escaped = escape_in_filter(&Spelling::read(&user, &[]).user);
            prop_assert!(!escaped.contains(['(', ')', '*', '\0']));
            let filter = format!("(uid={escaped})");
            prop_assert!(is_filter(&filter) && ldap3::parse_filter(filter).is_ok());
        }
    }
}
