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

mod judge;
mod transfer;

use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::time::Instant;
use vestibule_listen::Stream;

use super::pipe::{Request, Requests, Responses};
use super::state::State;
use super::watch::{Seen, Watch};
use crate::settings::Limits;
use crate::upstream::Line;
use crate::wire::{Answer, Message, measure};

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
    /// From then on it is asked again whether the client may still be who it is, before anything more goes by.
    doubt_at: Option<Instant>,
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
    /// The client has been somebody for a while.
    Doubt,
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
            doubt_at: None,
        }
    }

    /// The client may be who it is for so long without being asked about; `None`: it is nobody.
    pub(super) fn trust_for(&mut self, span: Option<Duration>) {
        self.doubt_at = span.map(|span| Instant::now() + span);
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
        if self.is_in_doubt() {
            return Poll::Ready(Event::Doubt);
        }
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
        self.poll_watch(cx)
    }

    fn is_in_doubt(&self) -> bool {
        self.doubt_at.is_some_and(|at| at <= Instant::now())
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

    fn poll_watch(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        loop {
            match self.watch.poll(cx, &self.limits, self.quiet, self.state.is_idle(), self.doubt_at) {
                Poll::Ready(Seen::TooLong(ending)) => return Poll::Ready(Event::Ended(ending)),
                // A connection that rests is asked about as well: it ends whether or not anything comes.
                Poll::Ready(Seen::Rest) if self.is_in_doubt() => return Poll::Ready(Event::Doubt),
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

#[cfg(test)]
mod tests;
