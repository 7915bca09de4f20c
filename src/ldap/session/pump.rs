//! Octets between a client and its line to the directory, in one task: read, judge, pass on.
//!
//! ```text
//!  client ──▶ requests ──judge──▶ cleared ──▶ directory
//!  client ◀── replies (ours), cleared ◀──judge── responses ◀── directory
//! ```
//!
//! Each direction has one buffer, whose front is `cleared` to go on. A request is read whole before it is judged; of a
//! response only the head is, and its body goes by in pieces. Whoever does not take what we have for them is not read from
//! either, so a slow reader holds no more than that.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, BytesMut};
use tokio::io::AsyncWrite;
use vestibule_listen::Stream;

use super::pipe::{ENOUGH, Request, Requests, Responses};
use super::root_dse;
use super::state::{Judgement, Passing, State};
use super::watch::{Seen, Watch};
use crate::settings::Limits;
use crate::upstream::Line;
use crate::wire::{Answer, Measured, Message, RESPONSE_HEAD_MAX, code, measure, response_head};

/// The largest response of a directory: an entry with a photograph, or a group of a hundred thousand. It goes by in pieces.
const RESPONSE_MAX: usize = 256 << 20;
/// What a server says of itself.
const ROOT_DSE_MAX: usize = 256 << 10;

pub(super) struct Pump {
    pub(super) client: Stream,
    requests: Requests,
    /// What we say ourselves.
    replies: BytesMut,
    pub(super) line: Option<Line>,
    responses: Responses,
    pub(super) state: State,
    quiet: Option<Quiet>,
    /// The client said goodbye.
    is_leaving: bool,
    limits: Limits,
    watch: Watch,
}

/// What has to wait until nothing else is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quiet {
    Bind,
    StartTls,
    Stop,
}

#[derive(Debug)]
pub(super) enum Event {
    /// A bind or StartTLS is next, and nothing else is under way. The message is the first of [`Pump::take_request`].
    Quiet(Quiet),
    /// The next request is for the directory, and there is no line.
    NeedsLine,
    Ended(Ending),
}

#[derive(Debug)]
pub(super) enum Ending {
    /// The client said goodbye, or hung up.
    ClientGone,
    /// The directory hung up, or said what no directory says.
    LineLost(&'static str),
    /// The client broke a rule.
    Refused(Answer),
    Idle,
    /// A request was begun and not finished, or what we said was not taken.
    TooSlow,
}

impl Pump {
    pub(super) fn new(client: Stream, state: State, limits: Limits) -> Self {
        Self {
            client,
            requests: Requests::default(),
            replies: BytesMut::new(),
            line: None,
            responses: Responses::default(),
            state,
            quiet: None,
            is_leaving: false,
            limits,
            watch: Watch::new(),
        }
    }

    /// Go on until something is not for us.
    pub(super) async fn run(&mut self) -> Event {
        std::future::poll_fn(|cx| self.poll(cx)).await
    }

    /// Ask for quiet: nothing more is read, and what is under way ends.
    pub(super) fn quieten(&mut self, why: Quiet) {
        self.quiet = Some(why);
        self.watch.begin_anew();
    }

    /// Go on after quiet.
    pub(super) fn resume(&mut self) {
        self.quiet = None;
        self.watch.end();
        self.watch.moved();
    }

    /// The request that is next, whole.
    pub(super) fn take_request(&mut self) -> Option<Request> {
        self.requests.take()
    }

    /// What has come from the client and was not judged yet.
    pub(super) fn unread(&self) -> &[u8] {
        self.requests.waiting()
    }

    /// Read more from the client, whatever becomes of it.
    pub(super) fn poll_hold(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.requests.poll_fill(&mut self.client, 0, cx)
    }

    /// There is no line for the request that is next: answer it ourselves.
    pub(super) fn forsake_request(&mut self, why: Answer) {
        let octets = self.requests.buffer.split_to(std::mem::take(&mut self.requests.cleared));
        let content = measure(&octets, usize::MAX).ok().flatten().and_then(|measured| octets.get(measured.head..));
        let message = content.and_then(|content| Message::read(content).ok());
        if let Some(answer) = message.and_then(|message| self.state.forsake(message.id, why)) {
            self.replies.extend_from_slice(&answer);
        }
    }

    pub(super) fn reply(&mut self, octets: &[u8]) {
        self.replies.extend_from_slice(octets);
    }

    /// What is asked from now on goes there.
    pub(super) fn attach(&mut self, line: Line) {
        self.line = Some(line);
        self.responses = Responses::default();
    }

    /// Leave the directory. What it has not answered, it will not. A line on which a late answer could come is closed.
    pub(super) fn detach(&mut self) -> Option<Line> {
        self.responses = Responses::default();
        let may_answer_late = self.state.give_up_outstanding();
        self.line.take().filter(|_| !may_answer_late)
    }

    /// The client, what it is bound to, and who it is, without what was read of it.
    pub(super) fn into_parts(self) -> (Stream, Option<Line>, State, Limits) {
        (self.client, self.line, self.state, self.limits)
    }

    /// The client, and what is to be said to it yet; nothing can be said in the middle of a response.
    pub(super) fn into_end(self) -> (Option<BytesMut>, Stream) {
        if self.responses.passing > 0 {
            return (None, self.client);
        }
        let mut last = BytesMut::new();
        if let Some(line) = &self.line {
            last.extend_from_slice(line.buffer.get(..self.responses.cleared).unwrap_or_default());
        }
        last.extend_from_slice(&self.replies);
        (Some(last), self.client)
    }

    /// Whether the directory itself has told the client why it hangs up.
    pub(super) fn has_notice(&self) -> bool {
        self.responses.has_notice
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        loop {
            let mut moved = false;
            if self.quiet.is_none()
                && !self.is_leaving
                && let Some(event) = self.judge_requests(&mut moved)
            {
                return Poll::Ready(event);
            }
            if let Err(ending) = self.transfer(cx, &mut moved) {
                return Poll::Ready(Event::Ended(ending));
            }
            if self.is_leaving && (self.line.is_none() || self.requests.cleared == 0) {
                return Poll::Ready(Event::Ended(Ending::ClientGone));
            }
            self.settle();
            if let Some(quiet) = self.quiet
                && self.is_quiet()
            {
                return Poll::Ready(Event::Quiet(quiet));
            }
            if !moved {
                break;
            }
            self.watch.moved();
        }
        self.poll_watch(cx).map(Event::Ended)
    }

    fn is_quiet(&self) -> bool {
        self.state.is_idle() && self.requests.cleared == 0 && self.replies.is_empty() && self.responses.are_between()
    }

    /// What was asked before a bind and does not end by itself is given up: its line is closed (RFC 4511 §4.2.1, LDP-05).
    fn settle(&mut self) {
        if self.quiet == Some(Quiet::Bind) && self.watch.has_settled() && self.responses.are_between() {
            drop(self.detach());
            self.requests.buffer.advance(std::mem::take(&mut self.requests.cleared));
        }
    }

    /// Judge what has come from the client, as far as it goes.
    fn judge_requests(&mut self, moved: &mut bool) -> Option<Event> {
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

    fn transfer(&mut self, cx: &mut Context<'_>, moved: &mut bool) -> Result<(), Ending> {
        self.write_line(cx, moved)?;
        self.judge_responses(moved)?;
        self.write_client(cx, moved)?;
        self.read_line(cx, moved)?;
        self.read_client(cx, moved)
    }

    fn write_line(&mut self, cx: &mut Context<'_>, moved: &mut bool) -> Result<(), Ending> {
        let Some(line) = &mut self.line else { return Ok(()) };
        let pipe = &mut self.requests;
        while pipe.cleared > 0 {
            let octets = pipe.buffer.get(..pipe.cleared).unwrap_or_default();
            match Pin::new(&mut line.wire).poll_write(cx, octets) {
                Poll::Ready(Ok(0) | Err(_)) => return Err(Ending::LineLost("it takes nothing more")),
                Poll::Ready(Ok(written)) => {
                    pipe.buffer.advance(written);
                    pipe.cleared -= written;
                    pipe.needs_flush = true;
                    *moved = true;
                }
                Poll::Pending => return Ok(()),
            }
        }
        if pipe.needs_flush {
            match Pin::new(&mut line.wire).poll_flush(cx) {
                Poll::Ready(Ok(())) => pipe.needs_flush = false,
                Poll::Ready(Err(_)) => return Err(Ending::LineLost("it takes nothing more")),
                Poll::Pending => {}
            }
        }
        Ok(())
    }

    /// Judge the heads of the responses that have come.
    fn judge_responses(&mut self, moved: &mut bool) -> Result<(), Ending> {
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
            let broken = |malformed: crate::wire::Malformed| Ending::LineLost(malformed.0);
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

    fn write_client(&mut self, cx: &mut Context<'_>, moved: &mut bool) -> Result<(), Ending> {
        let mut wrote = false;
        loop {
            let is_between = self.responses.cleared == 0 && self.responses.passing == 0;
            let ours = !self.replies.is_empty() && is_between;
            let line = self.line.as_mut().filter(|_| !ours && self.responses.cleared > 0);
            let octets = match &line {
                Some(line) => line.buffer.get(..self.responses.cleared).unwrap_or_default(),
                None if ours => &self.replies[..],
                None => break,
            };
            match Pin::new(&mut self.client).poll_write(cx, octets) {
                Poll::Ready(Ok(0) | Err(_)) => return Err(Ending::ClientGone),
                Poll::Ready(Ok(written)) => {
                    match line {
                        Some(line) => {
                            line.buffer.advance(written);
                            self.responses.cleared -= written;
                        }
                        None => self.replies.advance(written),
                    }
                    (wrote, *moved) = (true, true);
                    self.watch.take(written, self.responses.cleared == 0 && self.replies.is_empty());
                }
                Poll::Pending => {
                    self.watch.stall();
                    return Ok(());
                }
            }
        }
        // What TLS still holds goes out here.
        if (wrote || self.client.is_tls())
            && let Poll::Ready(Err(_)) = Pin::new(&mut self.client).poll_flush(cx)
        {
            return Err(Ending::ClientGone);
        }
        Ok(())
    }

    fn read_client(&mut self, cx: &mut Context<'_>, moved: &mut bool) -> Result<(), Ending> {
        // While a bind waits for quiet, what comes behind it stays where it is; and nothing comes behind a goodbye.
        let is_done = self.quiet.is_some() || self.is_leaving;
        if is_done || self.requests.cleared >= ENOUGH || self.replies.len() >= ENOUGH {
            return Ok(());
        }
        let needed =
            self.requests.missing(self.state.request_max(self.limits.request_before_bind, self.limits.request));
        match self.requests.poll_fill(&mut self.client, needed, cx) {
            Poll::Ready(Ok(0) | Err(_)) => Err(Ending::ClientGone),
            Poll::Ready(Ok(_)) => {
                *moved = true;
                Ok(())
            }
            Poll::Pending => Ok(()),
        }
    }

    fn read_line(&mut self, cx: &mut Context<'_>, moved: &mut bool) -> Result<(), Ending> {
        let Some(line) = &mut self.line else { return Ok(()) };
        let responses = &mut self.responses;
        if responses.is_over {
            // What is left of a response that has only begun can never be judged.
            if responses.cleared == 0 && self.replies.is_empty() {
                return self.line_is_over();
            }
            return Ok(());
        }
        if line.buffer.len() >= ENOUGH.max(responses.wanted) {
            return Ok(());
        }
        match responses.poll_fill(&mut line.wire, &mut line.buffer, cx) {
            Poll::Ready(Ok(0) | Err(_)) => (responses.is_over, *moved) = (true, true),
            Poll::Ready(Ok(_)) => *moved = true,
            Poll::Pending => {}
        }
        Ok(())
    }

    /// The directory hung up. A client that is nobody and waits for nothing need not know; the next request takes another
    /// line. Anybody else was somebody on that line only.
    fn line_is_over(&mut self) -> Result<(), Ending> {
        let is_broken = self.line.as_ref().is_some_and(|line| !line.buffer.is_empty());
        let lacks_nothing = self.responses.passing == 0 && self.state.is_idle() && !is_broken;
        if self.state.is_nobody_there() && lacks_nothing && !self.responses.has_notice {
            drop(self.detach());
            return Ok(());
        }
        Err(Ending::LineLost("it hung up"))
    }

    fn poll_watch(&mut self, cx: &mut Context<'_>) -> Poll<Ending> {
        loop {
            match self.watch.poll(cx, &self.limits, self.quiet, self.state.is_idle()) {
                Poll::Ready(Seen::TooLong(ending)) => return Poll::Ready(ending),
                Poll::Ready(Seen::Rest) => self.rest(),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Give back what is not needed while nothing happens: buffers, and the line of a client that is nobody there.
    fn rest(&mut self) {
        if !self.watch.is_at_rest() {
            return;
        }
        if self.requests.buffer.is_empty() {
            self.requests.buffer = BytesMut::new();
        }
        if self.replies.is_empty() {
            self.replies = BytesMut::new();
        }
        let is_unused = self.is_quiet() && self.state.is_nobody_there() && !self.state.sasl;
        match self.line.as_mut().filter(|line| line.buffer.is_empty()) {
            Some(_) if is_unused => drop(self.detach()),
            Some(line) => line.buffer = BytesMut::new(),
            None => {}
        }
    }
}

fn refuse(why: &'static str) -> Event {
    Event::Ended(Ending::Refused(Answer::new(code::PROTOCOL_ERROR, why)))
}

#[cfg(test)]
mod tests;
