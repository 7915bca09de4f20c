//! A verdict in result codes. The only place that says who is in.

use vestibule_engine::{Denial, Grant, PrimaryRefusal};

use crate::session::Standing;
use crate::settings::Diagnostics;
use crate::upstream::{Bound, Directory};
use crate::wire::{Answer, again, bind_result, code};

/// We could not find out. The client may try again, or elsewhere.
pub(crate) const UNAVAILABLE: Answer = Answer::new(code::UNAVAILABLE, "sign-ins cannot be checked now");
pub(crate) const DIRECTORY_AWAY: Answer = Answer::new(code::UNAVAILABLE, "the directory cannot be reached now");
pub(crate) const BUSY: Answer = Answer::new(code::BUSY, "too many sign-ins at once");
/// RFC 4511 §4.4.1: what was established before does not hold any more.
pub(crate) const SIGNED_OUT: Answer = Answer::new(code::STRONGER_AUTH_REQUIRED, "this sign-in has ended");
pub(crate) const NOT_SERVED: Answer = Answer::new(code::UNAVAILABLE, "this address is not served any more");
pub(crate) const STOPPING: Answer = Answer::new(code::UNAVAILABLE, "the gateway stops");

/// Somebody is in, by this grant: what they are from now on, and what is said.
pub(crate) fn allowed(_grant: &Grant, standing: Standing, id: i32, said: Option<&Bound>) -> (Standing, Vec<u8>) {
    let success = || bind_result(Answer::new(code::SUCCESS, ""));
    // The directory's own answer: warnings of its password policy are in it (LDP-20).
    let after_id = said.map_or_else(success, |said| said.after_id.clone());
    (standing, again(id, &after_id))
}

/// Nobody is in. The words are those of a wrong password, whatever the reason; but where the directory itself had another
/// reason to refuse a password, its words go through if the application may hear them (LDP-21).
pub(crate) fn refused(
    denial: &Denial,
    id: i32,
    said: Option<&Bound>,
    directory: &Directory,
    controls: &[u8],
    diagnostics: Diagnostics,
) -> Vec<u8> {
    match (denial, said) {
        (Denial::Primary(refusal), Some(said))
            if *refusal != PrimaryRefusal::WrongPassword
                && diagnostics == Diagnostics::Pass
                && said.result.code != 0 =>
        {
            again(id, &said.after_id)
        }
        _ => plainly_refused(directory, id, controls),
    }
}

/// A refusal in the words of a wrong password.
pub(crate) fn plainly_refused(directory: &Directory, id: i32, controls: &[u8]) -> Vec<u8> {
    again(id, &directory.refusals.wrong_password(directory.settings.kind, controls))
}

pub(crate) fn plainly(id: i32, answer: Answer) -> Vec<u8> {
    again(id, &bind_result(answer))
}
