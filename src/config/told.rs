//! Reading on after a fault. Serde stops at the first thing that is wrong; an administrator wants all of them. So what
//! was wrong is told, taken out, and the rest is read again.

use serde::de::DeserializeOwned;

use super::fault::{Fault, Step, What};
use super::reader;
use super::tree::{Kind, Node};

/// After so many faults something more than a typing mistake is wrong with the file.
const FAULTS_MAX: usize = 100;

/// Read a `T`, collecting the faults of everything that had to be left out.
pub(crate) fn read_all<T: DeserializeOwned>(root: &mut Node) -> (Option<T>, Vec<Fault>) {
    let mut faults = Vec::new();
    while faults.len() < FAULTS_MAX {
        let fault = match reader::read(root) {
            Ok(read) => return (Some(read), faults),
            Err(fault) => fault,
        };
        let Some(node) = walk(root, fault.steps()) else {
            faults.push(fault);
            return (None, faults);
        };
        let is_consequence = follows_from_told(node, &fault.what);
        let is_root = fault.steps().is_empty();
        node.kind = Kind::Told;
        if !is_consequence {
            faults.push(fault);
        }
        if is_root {
            return (None, faults);
        }
    }
    (None, faults)
}

fn walk<'a>(root: &'a mut Node, steps: &[Step]) -> Option<&'a mut Node> {
    steps.iter().try_fold(root, |node, step| match (&mut node.kind, step) {
        (Kind::Map(entries), Step::Key(key)) => {
            entries.iter_mut().find(|entry| entry.key == *key).map(|entry| &mut entry.value)
        }
        (Kind::List(items), Step::Item(index)) => items.get_mut(*index),
        _ => None,
    })
}

/// Whether this is wrong only because something in it was taken out, and so was told already.
fn follows_from_told(node: &Node, what: &What) -> bool {
    let told = |key: Option<&str>| {
        node.entries()
            .iter()
            .any(|entry| matches!(entry.value.kind, Kind::Told) && key.is_none_or(|key| key == entry.key))
    };
    match what {
        What::Missing(key) => told(Some(key)),
        What::Wrong { .. } => told(None),
        _ => false,
    }
}
