//! What each request may be answered, by the rules alone.
//!
//! A bind stands between what was asked before it and what was asked after: everything before is answered before it, and
//! everything after is answered after it and as whoever it made of the client. Behind a bind that was refused, what had
//! arrived by then is refused with it (operationsError); what arrives later is asked by nobody.

use std::collections::BTreeMap;

use vestibule_peers::slapd::user_dn;

use super::moves::{Move, What};
use crate::harness::ldap_wire::Response;
use crate::ldap::keeper::{KEEPER, PLAIN};

const BIND_RESPONSE: u8 = 0x61;
const OPERATIONS_ERROR: u32 = 1;
const STRONGER_AUTH_REQUIRED: u32 = 8;
const NO_SUCH_OBJECT: u32 = 32;
const INSUFFICIENT_ACCESS: u32 = 50;

/// How often something was seen that the test is there for.
#[derive(Debug, Default)]
pub(super) struct Counted {
    let_in: usize,
    refused: usize,
    refused_with_the_bind: usize,
    answered_to_nobody: usize,
    done_by_the_keeper: usize,
    given_up: usize,
}

impl Counted {
    pub(super) fn are_all_more_than(&self, least: usize) -> bool {
        [
            self.let_in,
            self.refused,
            self.refused_with_the_bind,
            self.answered_to_nobody,
            self.done_by_the_keeper,
            self.given_up,
        ]
        .iter()
        .all(|count| *count > least)
    }
}

/// Who the client is, behind a bind.
struct Standing {
    who: Option<u32>,
    /// The bind was refused, and what came with it may be.
    may_refuse: bool,
    /// Where among the responses the bind was answered.
    answered_at: Option<usize>,
}

/// Check a game; what was deleted in it.
pub(super) fn check<'a>(moves: &'a [Move], heard: &[Response], counted: &mut Counted) -> Result<Vec<&'a str>, String> {
    let mut by_id: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (at, response) in heard.iter().enumerate() {
        by_id.entry(response.id).or_default().push(at);
    }
    if let Some(stranger) = by_id.keys().find(|id| !moves.iter().any(|one| one.id == **id)) {
        return Err(format!("nobody asked for {stranger}"));
    }
    let mut standing = Standing { who: None, may_refuse: false, answered_at: None };
    // The last response to anything asked so far.
    let mut latest = None;
    let mut deleted = Vec::new();
    for (number, one) in moves.iter().enumerate() {
        let places = by_id.get(&one.id).cloned().unwrap_or_default();
        let answers: Vec<&Response> = places.iter().map(|at| &heard[*at]).collect();
        let fault = |why: &str| Err(format!("{why}: {one:?} has {answers:?}"));
        if places.first().is_some_and(|first| standing.answered_at.is_some_and(|bind| *first < bind)) {
            return fault("answered before the bind it stands behind");
        }
        if answers.iter().rev().skip(1).any(|answer| answer.is_final()) {
            return fault("answered twice");
        }
        match &one.what {
            What::Bind(bind) => {
                let (code, who) = bind.result();
                let ([answer], [at]) = (&answers[..], &places[..]) else { return fault("a bind has one answer") };
                if answer.tag != BIND_RESPONSE || answer.code() != code {
                    return fault("a bind ended otherwise");
                }
                if latest.is_some_and(|latest| latest > *at) {
                    return fault("something asked before the bind was answered after it");
                }
                standing = Standing { who, may_refuse: code != 0, answered_at: Some(*at) };
                counted.let_in += usize::from(who.is_some());
                counted.refused += usize::from(code != 0);
            }
            What::Abandon(_) if answers.is_empty() => {}
            What::Abandon(_) => return fault("nothing answers an abandon"),
            _ if answers.is_empty() || !answers[answers.len() - 1].is_final() => {
                if !is_abandoned(one, &moves[number + 1..]) {
                    return fault("not answered");
                }
                counted.given_up += 1;
            }
            what => {
                let is_first_to_know = standing.answered_at.is_some_and(|bind| bind < one.known);
                let may_refuse = standing.may_refuse && !is_first_to_know;
                if may_refuse && answers.len() == 1 && answers[0].code() == OPERATIONS_ERROR {
                    counted.refused_with_the_bind += 1;
                } else {
                    // Whatever comes behind one that was not refused was not there either.
                    standing.may_refuse = false;
                    if !is_right(what, &answers, standing.who) {
                        return fault(&format!("not the answer for {:?}", standing.who));
                    }
                    counted.answered_to_nobody += usize::from(standing.who.is_none());
                    if let (What::Delete { dn, .. }, Some(KEEPER)) = (what, standing.who) {
                        deleted.push(dn.as_str());
                        counted.done_by_the_keeper += 1;
                    }
                }
            }
        }
        latest = latest.max(places.last().copied());
    }
    Ok(deleted)
}

/// Whether it was given up before the next bind, which waits for what was not.
fn is_abandoned(one: &Move, later: &[Move]) -> bool {
    let until_bind = later.iter().take_while(|later| !matches!(later.what, What::Bind(_)));
    until_bind.into_iter().any(|later| later.what == What::Abandon(one.id))
}

fn is_right(what: &What, answers: &[&Response], who: Option<u32>) -> bool {
    let last = answers[answers.len() - 1];
    match (what, who) {
        (What::Whoami, who) => {
            let name = who.map(|number| format!("dn:{}", user_dn(number))).unwrap_or_default();
            answers.len() == 1 && last.code() == 0 && last.value() == Some(name.into_bytes())
        }
        (What::Look, Some(KEEPER)) => answers.len() == 2 && last.code() == 0 && answers[0].dn() == user_dn(KEEPER),
        (What::Look, Some(PLAIN)) => answers.len() == 1 && last.code() == NO_SUCH_OBJECT,
        (What::Delete { .. }, Some(KEEPER)) => answers.len() == 1 && last.code() == 0,
        (What::Delete { .. }, Some(PLAIN)) => answers.len() == 1 && last.code() == INSUFFICIENT_ACCESS,
        (What::Look | What::Delete { .. }, None) => answers.len() == 1 && last.code() == STRONGER_AUTH_REQUIRED,
        _ => false,
    }
}
