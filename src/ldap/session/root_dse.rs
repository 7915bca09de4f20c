//! What the directory says of itself (RFC 4512 §5.1), said anew: only what this door lets through is announced (LDP-14,
//! LDP-35).

use super::state::State;
use crate::wire::{Entry, again, entry_of, oid, put};

const ENTRY: u8 = 0x64;
const MECHANISMS: &str = "supportedSASLMechanisms";
const EXTENSIONS: &str = "supportedExtension";
const CONTROLS: &str = "supportedControl";

pub(super) fn is_entry(tag: u8) -> bool {
    tag == ENTRY
}

/// The entry in `content` with less in it; `None` where it cannot be read.
pub(super) fn rewrite(content: &[u8], id: i32, state: &State) -> Option<Vec<u8>> {
    let Entry { dn, attributes, after } = entry_of(content)?;
    let mut list = Vec::with_capacity(content.len());
    for (name, values) in attributes {
        let had_values = !values.is_empty();
        let values = announced(name, values, state);
        // Asked for names only, a server sends no values.
        if had_values && values.is_empty() {
            continue;
        }
        let mut set = Vec::new();
        for value in values {
            put(&mut set, 0x04, value);
        }
        let mut attribute = Vec::new();
        put(&mut attribute, 0x04, name);
        put(&mut attribute, 0x31, &set);
        put(&mut list, 0x30, &attribute);
    }
    let mut entry = Vec::with_capacity(list.len() + dn.len() + 16);
    put(&mut entry, 0x04, dn);
    put(&mut entry, 0x30, &list);
    let mut after_id = Vec::with_capacity(entry.len() + after.len() + 8);
    put(&mut after_id, ENTRY, &entry);
    after_id.extend_from_slice(after);
    Some(again(id, &after_id))
}

fn announced<'a>(name: &[u8], values: Vec<&'a [u8]>, state: &State) -> Vec<&'a [u8]> {
    let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
    if values.is_empty() {
        return values;
    }
    if is(MECHANISMS) {
        if !state.takes_passwords() {
            return Vec::new();
        }
        // PLAIN is ours; of the directory's own, those that it is asked for.
        let passed = |value: &&[u8]| state.mechanisms.iter().any(|known| known.as_bytes() == *value);
        return std::iter::once(&b"PLAIN"[..]).chain(values.into_iter().filter(passed)).collect();
    }
    let mut values = values;
    if is(EXTENSIONS) {
        let ours = [oid::START_TLS, oid::TURN, oid::VERIFY_CREDENTIALS];
        values.retain(|value| !ours.contains(value));
        if !state.terms.knows_fast_bind {
            values.retain(|value| *value != oid::FAST_BIND);
        }
        if state.terms.offers_start_tls && !state.is_protected {
            values.push(oid::START_TLS);
        }
    }
    if is(CONTROLS) && !state.may_act_for_others() {
        values.retain(|value| !oid::PROXIED_AUTHORIZATION.contains(value));
    }
    values
}
