//! How this directory words a wrong password, so that a refusal for another reason is the same octets: a stranger who has
//! the password must not see that only the factor was wrong (LDP-21).

use std::sync::{Mutex, PoisonError};

use super::line::Bound;
use crate::config::DirectoryKind;
use crate::wire::{Answer, Controls, bind_result, code, oid};

/// What Active Directory says, before this one was heard.
const ACTIVE_DIRECTORY: &str =
    "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 52e, v3839\0";
/// Longer words are not kept.
const WORDS_MAX: usize = 1024;

#[derive(Debug, Default)]
pub(crate) struct Refusals {
    /// To a bind without, and with, a question for the password policy: the answer to the latter has a control.
    heard: Mutex<[Option<Vec<u8>>; 2]>,
}

impl Refusals {
    /// The directory has just refused a password.
    pub(super) fn note(&self, controls: &[u8], bound: &Bound) {
        if bound.result.rc != u32::from(code::INVALID_CREDENTIALS) || bound.after_id.len() > WORDS_MAX {
            return;
        }
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(heard) = heard.get_mut(usize::from(asks_for_policy(controls)))
            && heard.as_ref() != Some(&bound.after_id)
        {
            *heard = Some(bound.after_id.clone());
        }
    }

    /// The refusal of a wrong password, behind the message id.
    pub(crate) fn wrong_password(&self, kind: DirectoryKind, controls: &[u8]) -> Vec<u8> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let [plain, with_policy] = &*heard;
        let wanted = if asks_for_policy(controls) { with_policy.as_ref().or(plain.as_ref()) } else { plain.as_ref() };
        wanted.cloned().unwrap_or_else(|| {
            let text = match kind {
                DirectoryKind::OpenLdap => "",
                DirectoryKind::ActiveDirectory => ACTIVE_DIRECTORY,
            };
            bind_result(Answer::new(code::INVALID_CREDENTIALS, text))
        })
    }
}

fn asks_for_policy(controls: &[u8]) -> bool {
    Controls { octets: controls }.each().any(|(name, _)| name == oid::PASSWORD_POLICY)
}
