//! How this directory words a wrong password, so that a refusal for another reason is the same octets: a stranger who has
//! the password must not see that only the factor was wrong (LDP-21).

use std::sync::{Mutex, PoisonError};

use super::line::Bound;
use crate::config::DirectoryKind;
use crate::wire::{Answer, Controls, bind_result, code, oid};

const ACTIVE_DIRECTORY: &str =
    "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 52e, v3839\0";
/// Longer words are not kept.
const WORDS_MAX: usize = 1024;

/// What was said first is said always: two servers, or the time before any was heard, would tell the reasons apart.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    /// To a bind without, and with, a question for the password policy: the answer to the latter has a control.
    said: Mutex<[Option<Vec<u8>>; 2]>,
}

impl Refusals {
    /// The directory has just refused a password.
    pub(super) fn note(&self, controls: &[u8], bound: &Bound) {
        if bound.result.code != u32::from(code::INVALID_CREDENTIALS) || bound.after_id.len() > WORDS_MAX {
            return;
        }
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(said) = said.get_mut(usize::from(asks_for_policy(controls))) {
            said.get_or_insert_with(|| bound.after_id.clone());
        }
    }

    /// The refusal of a wrong password, behind the message id.
    pub(crate) fn wrong_password(&self, kind: DirectoryKind, controls: &[u8]) -> Vec<u8> {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let [plain, with_policy] = &mut *said;
        if asks_for_policy(controls) {
            with_policy.get_or_insert_with(|| plain.clone().unwrap_or_else(|| words_of(kind))).clone()
        } else {
            plain.get_or_insert_with(|| words_of(kind)).clone()
        }
    }
}

/// What such a directory says, before this one was heard.
fn words_of(kind: DirectoryKind) -> Vec<u8> {
    let text = match kind {
        DirectoryKind::OpenLdap => "",
        DirectoryKind::ActiveDirectory => ACTIVE_DIRECTORY,
    };
    bind_result(Answer::new(code::INVALID_CREDENTIALS, text))
}

fn asks_for_policy(controls: &[u8]) -> bool {
    Controls { octets: controls }.each().any(|(name, _)| name == oid::PASSWORD_POLICY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::result::LdapResult;

    fn said(text: &'static str) -> Bound {
        let after_id = bind_result(Answer::new(code::INVALID_CREDENTIALS, text));
        Bound { result: LdapResult::new(u32::from(code::INVALID_CREDENTIALS), text), after_id, is_exact: true }
    }

    #[test] // LDP-21
    fn words_that_were_said_once_are_said_always() {
        let kind = DirectoryKind::ActiveDirectory;
        let unheard = Refusals::default();
        let first = unheard.wrong_password(kind, b"");
        unheard.note(b"", &said("data 52e, by a server"));
        assert_eq!(unheard.wrong_password(kind, b""), first);
        let heard = Refusals::default();
        for words in ["data 52e, by a server", "data 52e, by another"] {
            heard.note(b"", &said(words));
        }
        assert_eq!(heard.wrong_password(kind, b""), said("data 52e, by a server").after_id);
    }
}
