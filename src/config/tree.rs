//! A YAML text as a tree that remembers where everything stands.
//!
//! The configuration is read in two steps: text to tree here, tree to typed structs in [`super::reader`]. The tree in
//! between is what lets several files be merged, every problem be told with its line, and all of them at once. What
//! must not get in is stopped here (OPS-06): texts without end, bottomless nesting, aliases that multiply, keys written
//! twice, tags.

mod builder;

use builder::Builder;

/// Where something stands. Lines and columns count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Index into the list of files.
    pub(crate) file: usize,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// No `Debug`: somebody may have written a secret into it.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) kind: Kind,
}

#[derive(Clone)]
pub(crate) enum Kind {
    Nothing,
    Scalar {
        text: String,
        /// Written without quotes.
        is_plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<Entry>),
    /// It was wrong, that was said, and nobody reads it again.
    Told,
}

#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_place: Place,
    pub(crate) value: Node,
}

/// Something that is no usable YAML, with where.
#[derive(Debug)]
pub(crate) struct Malformed {
    pub(crate) place: Place,
    /// The path to it, as far as it is known.
    pub(crate) path: String,
    pub(crate) found: String,
    pub(crate) remedy: String,
    pub(crate) is_error: bool,
}

impl Node {
    pub(crate) fn empty(file: usize) -> Self {
        Self { place: Place { file, line: 1, column: 1 }, kind: Kind::Map(Vec::new()) }
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The keys of the map at `key`, those with faulty values included.
    pub(crate) fn names_under(&self, key: &str) -> Vec<String> {
        self.get(key).map(|node| node.entries().iter().map(|entry| entry.key.clone()).collect()).unwrap_or_default()
    }

    fn size(&self) -> usize {
        1 + match &self.kind {
            Kind::List(items) => items.iter().map(Self::size).sum::<usize>(),
            Kind::Map(entries) => entries.iter().map(|entry| 1 + entry.value.size()).sum(),
            _ => 0,
        }
    }

    fn depth(&self) -> usize {
        1 + match &self.kind {
            Kind::List(items) => items.iter().map(Self::depth).max().unwrap_or(0),
            Kind::Map(entries) => entries.iter().map(|entry| entry.value.depth()).max().unwrap_or(0),
            _ => 0,
        }
    }
}

/// Read one file. What is wrong with single keys goes to `malformed` and the rest is read on; a text that is no YAML is
/// an error.
pub(crate) fn parse(text: &str, file: usize, malformed: &mut Vec<Malformed>) -> Result<Node, Malformed> {
    Builder::new(text, file, malformed).document()
}
