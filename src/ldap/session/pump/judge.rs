//! What becomes of each message that goes by: the rules of [`State`](super::State), applied to what has come.

use bytes::Buf;

use super::super::pipe::ENOUGH;
use super::super::root_dse;
use super::super::state::{Judgement, Passing};
use super::{Ending, Event, Pump, Quiet};
use crate::wire::{Answer, Malformed, Measured, Message, RESPONSE_HEAD_MAX, code, measure, response_head};

/// The largest response of a directory: an entry with a photograph, or a group of a hundred thousand. It goes by in pieces.
const RESPONSE_MAX: usize = 256 << 20;
/// What a server says of itself.
const ROOT_DSE_MAX: usize = 256 << 10;

impl Pump {
    /// Judge what has come from the client, as far as it goes.
    pub(super) fn judge_requests(&mut self, moved: &mut bool) -> Option<Event> {
        loop {
            if self.replies.len() >= ENOUGH || self.requests.cleared >= ENOUGH {
                return None;
            }
            let most = self.state.request_max(self.limits.request_before_bind, self.limits.request);
            let waiting = self.requests.waiting();
            let measured = match measure(waiting, most) {
                Ok(Some(measured)) if waiting.len() >= measured.total => measured,
                Ok(_) if waiting.is_empty() => {
                    self.watch.end();
                    return None;
                }
                Ok(_) => {
                    self.watch.begin();
                    return None;
                }
                Err(malformed) => return Some(refuse(malformed.0)),
            };
            self.watch.end();
            let Measured { head, total } = measured;
            let content = waiting.get(head..total).unwrap_or_default();
            let message = match Message::read(content) {
                Ok(message) => message,
                Err(malformed) => return Some(refuse(malformed.0)),
            };
            match self.state.judge(&message) {
                Judgement::Relay => {
                    self.requests.cleared += total;
                    *moved = true;
                    if self.line.is_none() {
                        return Some(Event::NeedsLine);
                    }
                    continue;
                }
                Judgement::Bind => {
                    self.quieten(Quiet::Bind);
                    return None;
                }
                Judgement::StartTls => {
                    self.quieten(Quiet::StartTls);
                    return None;
                }
                Judgement::Unbind => {
                    // The directory hears of it too, behind what was asked before.
                    self.requests.cleared += total;
                    self.is_leaving = true;
                    self.watch.begin();
                    return None;
                }
                Judgement::End(answer) => return Some(Event::Ended(Ending::Refused(answer))),
                Judgement::Answer(answer) => self.replies.extend_from_slice(&answer),
                Judgement::Nothing => {}
            }
            *moved = true;
            self.requests.cut(total);
        }
    }

    /// Judge the heads of the responses that have come.
    pub(super) fn judge_responses(&mut self, moved: &mut bool) -> Result<(), Ending> {
        let Some(line) = &mut self.line else { return Ok(()) };
        let responses = &mut self.responses;
        loop {
            let come = line.buffer.len() - responses.cleared;
            if responses.passing > 0 {
                let passed = responses.passing.min(come);
                responses.cleared += passed;
                responses.passing -= passed;
                if responses.passing > 0 || passed == 0 {
                    return Ok(());
                }
                continue;
            }
            if responses.dropping > 0 {
                if responses.cleared > 0 {
                    return Ok(());
                }
                let dropped = responses.dropping.min(come);
                line.buffer.advance(dropped);
                responses.dropping -= dropped;
                *moved |= dropped > 0;
                if responses.dropping > 0 {
                    return Ok(());
                }
                continue;
            }
            // What we say ourselves goes between two responses, never into one.
            if !self.replies.is_empty() || responses.cleared >= ENOUGH {
                return Ok(());
            }
            let waiting = line.buffer.get(responses.cleared..).unwrap_or_default();
            let broken = |malformed: Malformed| Ending::LineLost(malformed.0);
            let Some(Measured { head, total }) = measure(waiting, RESPONSE_MAX).map_err(broken)? else { return Ok(()) };
            let is_whole = waiting.len() >= total;
            let content = waiting.get(head..total.min(waiting.len())).unwrap_or_default();
            let first = content.get(..content.len().min(RESPONSE_HEAD_MAX)).unwrap_or_default();
            let Some((id, tag)) = response_head(first, is_whole).map_err(broken)? else { return Ok(()) };
            if root_dse::is_entry(tag) && self.state.is_root_dse(id) {
                // It is read whole, and said anew.
                if total > ROOT_DSE_MAX {
                    return Err(Ending::LineLost("what it says of itself is too long"));
                }
                responses.wanted = total;
                if !is_whole || responses.cleared > 0 {
                    return Ok(());
                }
                responses.wanted = 0;
                let said = root_dse::rewrite(content, id, &self.state)
                    .ok_or(Ending::LineLost("what it says of itself cannot be read"))?;
                self.replies.extend_from_slice(&said);
                line.buffer.advance(total);
                *moved = true;
                continue;
            }
            match self.state.answered(id, tag) {
                Passing::Pass | Passing::Rewrite => {
                    responses.passing = total;
                    responses.has_notice |= id == 0;
                }
                Passing::Drop => responses.dropping = total,
                Passing::Broken => return Err(Ending::LineLost("it answers what was not asked")),
            }
        }
    }
}

fn refuse(why: &'static str) -> Event {
    Event::Ended(Ending::Refused(Answer::new(code::PROTOCOL_ERROR, why)))
}
