//! What can be wrong with one value, in words: what was found, and what to write.

use std::fmt;

use serde::de::{self, Unexpected};

/// One step from the top of the configuration to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Item(usize),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => f.write_str(key),
            Self::Item(index) => write!(f, "{index}"),
        }
    }
}

pub(crate) fn dotted(steps: &[Step]) -> String {
    steps.iter().map(ToString::to_string).collect::<Vec<_>>().join(".")
}

/// Why a value cannot be read.
#[derive(Debug)]
pub(crate) struct Fault {
    /// From the top down; `None` until the value that is being read claims the fault.
    pub(crate) steps: Option<Vec<Step>>,
    pub(crate) what: What,
}

#[derive(Debug)]
pub(crate) enum What {
    UnknownKey {
        key: String,
        known: &'static [&'static str],
    },
    Missing(String),
    UnknownKind {
        kind: String,
        known: &'static [&'static str],
    },
    /// Another kind of value belongs here.
    Wrong {
        found: String,
        write: String,
    },
    InlineSecret,
    /// In the words of the type that refused it.
    Said(String),
}

impl Fault {
    pub(crate) fn new(what: What) -> Self {
        Self { steps: None, what }
    }

    pub(crate) fn wrong(found: impl Into<String>, write: impl Into<String>) -> Self {
        Self::new(What::Wrong { found: found.into(), write: write.into() })
    }

    pub(crate) fn or_at(mut self, steps: impl FnOnce() -> Vec<Step>) -> Self {
        self.steps.get_or_insert_with(steps);
        self
    }

    pub(crate) fn steps(&self) -> &[Step] {
        self.steps.as_deref().unwrap_or_default()
    }

    /// What was found, and what to write where we know it. `text` is the value itself, if it may be shown.
    pub(crate) fn words(&self, text: Option<&str>) -> (String, Option<String>) {
        match &self.what {
            What::UnknownKey { key, known } => unknown("option", key, known, "remove it, or use one of: "),
            What::UnknownKind { kind, known } => {
                let kind = if text.is_some() || kind.len() <= 40 { kind.as_str() } else { "..." };
                unknown("choice", kind, known, "use one of: ")
            }
            What::Missing(key) => (format!("`{key}` is missing"), Some(format!("add `{key}: ...` here"))),
            What::Wrong { found, write } => (found.clone(), Some(format!("write {write}"))),
            What::InlineSecret => (
                "a secret written into the configuration (not shown)".to_owned(),
                Some("write a reference: `{file: PATH}`, `{env: NAME}` or `{credential: NAME}`".to_owned()),
            ),
            What::Said(said) => match text {
                Some(text) if !said.contains(text) => (format!("\"{text}\": {said}"), None),
                Some(_) => (said.clone(), None),
                None => ("a value that cannot be used (not shown)".to_owned(), None),
            },
        }
    }
}

fn unknown(what: &str, name: &str, known: &[&str], otherwise: &str) -> (String, Option<String>) {
    let remedy = nearest(name, known)
        .map(|near| format!("write `{near}`"))
        .or_else(|| (!known.is_empty()).then(|| format!("{otherwise}{}", known.join(", "))))
        .unwrap_or_else(|| "remove it".to_owned());
    (format!("there is no {what} named `{name}` here"), Some(remedy))
}

/// The known name that was probably meant.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', ' '], "_");
    let name = plain(name);
    known
        .iter()
        .map(|known| (distance(&name, &plain(known)), *known))
        // Two letters swapped are two changes.
        .filter(|(distance, known)| *distance <= if known.len() < 4 { 1 } else { known.len().div_ceil(4).max(2) })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// How many letters to change, add or remove to come from one name to the other (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (at, letter) in from.chars().enumerate() {
        let mut diagonal = at;
        let mut left = at.saturating_add(1);
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, other) in row.iter_mut().skip(1).zip(&to) {
            let substituted = diagonal.saturating_add(usize::from(letter != *other));
            diagonal = *cell;
            left = substituted.min(diagonal.saturating_add(1)).min(left.saturating_add(1));
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

/// Names under which people put secrets: what stands there is not shown, whatever is wrong with it.
pub(crate) fn is_secretive(steps: &[Step]) -> bool {
    steps.iter().any(|step| match step {
        Step::Key(key) => {
            let key = key.to_lowercase();
            ["secret", "password", "passwd", "passphrase", "key", "token", "credential", "pin"]
                .iter()
                .any(|word| key.contains(word))
        }
        Step::Item(_) => false,
    })
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", dotted(self.steps()), self.words(None).0)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(said: T) -> Self {
        Self::new(What::Said(said.to_string()))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::wrong(kind_of(&found), expected.to_string())
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new(What::Said(format!("{expected} belongs here")))
    }

    fn unknown_variant(kind: &str, known: &'static [&'static str]) -> Self {
        Self::new(What::UnknownKind { kind: kind.to_owned(), known })
    }

    fn unknown_field(key: &str, known: &'static [&'static str]) -> Self {
        Self::new(What::UnknownKey { key: key.to_owned(), known })
    }

    fn missing_field(key: &'static str) -> Self {
        Self::new(What::Missing(key.to_owned()))
    }
}

fn kind_of(found: &Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Unit | Unexpected::Option => "nothing",
        Unexpected::Seq => "a list",
        Unexpected::Map => "a group of options",
        Unexpected::Bool(_) => "true or false",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
        _ => "a text",
    }
}
