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
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep_until};
use vestibule_listen::Stream;

use super::root_dse;
use super::state::{Judgement, Passing, State};
use crate::settings::Limits;
use crate::upstream::Line;
use crate::wire::{Answer, Measured, Message, RESPONSE_HEAD_MAX, code, measure, response_head};

/// Beyond that, a side that does not read stops the other from being read.
const ENOUGH: usize = 64 << 10;
const FIRST_READ: usize = 1 << 10;
/// The largest response of a directory: an entry with a photograph, or a group of a hundred thousand. It goes by in pieces.
const RESPONSE_MAX: usize = 256 << 20;
/// What a server says of itself.
const ROOT_DSE_MAX: usize = 256 << 10;
/// How long what was asked before a bind has to end by itself.
const SETTLE_PATIENCE: Duration = Duration::from_secs(5);
/// Nothing is looked at more often than that.
const TICK: Duration = Duration::from_millis(10);
/// A connection that rests for so long gives its buffers back.
const REST_AFTER: Duration = Duration::from_secs(5);

pub(super) struct Pump {
    pub(super) client: Stream,
    requests: Pipe,
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

#[derive(Default)]
struct Pipe {
    buffer: BytesMut,
    cleared: usize,
    /// The last read filled all there was room for.
    was_full: bool,
    needs_flush: bool,
}

#[derive(Default)]
struct Responses {
    cleared: usize,
    /// How much of the present response is still to come.
    passing: usize,
    dropping: usize,
    /// The present response has to be there whole.
    wanted: usize,
    was_full: bool,
    is_over: bool,
    /// The directory said something that nobody asked: why it hangs up.
    has_notice: bool,
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

/// When the connection has rested, or something has taken, too long.
struct Watch {
    sleep: Pin<Box<Sleep>>,
    last_moved: Instant,
    partial_since: Option<Instant>,
    stalled_since: Option<Instant>,
}

impl Pump {
    pub(super) fn new(client: Stream, state: State, limits: Limits) -> Self {
        let now = Instant::now();
        Self {
            client,
            requests: Pipe::default(),
            replies: BytesMut::new(),
            line: None,
            responses: Responses::default(),
            state,
            quiet: None,
            is_leaving: false,
            limits,
            watch: Watch {
                sleep: Box::pin(sleep_until(now + REST_AFTER)),
                last_moved: now,
                partial_since: None,
                stalled_since: None,
            },
        }
    }

    /// Go on until something is not for us.
    pub(super) async fn run(&mut self) -> Event {
        std::future::poll_fn(|cx| self.poll(cx)).await
    }

    /// Ask for quiet: nothing more is read, and what is under way ends.
    pub(super) fn quieten(&mut self, why: Quiet) {
        self.quiet = Some(why);
        self.watch.partial_since = Some(Instant::now());
    }

    /// Go on after quiet.
    pub(super) fn resume(&mut self) {
        self.quiet = None;
        self.watch.partial_since = None;
        self.watch.last_moved = Instant::now();
    }

    /// The request that is next, whole.
    pub(super) fn take_request(&mut self) -> Option<Bytes> {
        let measured = measure(&self.requests.buffer, usize::MAX).ok()??;
        (self.requests.cleared == 0 && self.requests.buffer.len() >= measured.total)
            .then(|| self.requests.buffer.split_to(measured.total).freeze())
    }

    /// What has come from the client and was not judged yet.
    pub(super) fn unread(&self) -> &[u8] {
        self.requests.buffer.get(self.requests.cleared..).unwrap_or_default()
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

    /// Leave the directory. What it has not answered, it will not.
    pub(super) fn detach(&mut self) -> Option<Line> {
        self.responses = Responses::default();
        self.state.give_up_outstanding();
        self.line.take()
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
            self.watch.last_moved = Instant::now();
        }
        self.poll_watch(cx).map(Event::Ended)
    }

    fn is_quiet(&self) -> bool {
        self.state.is_idle() && self.requests.cleared == 0 && self.replies.is_empty() && self.responses.are_between()
    }

    /// What was asked before a bind and does not end by itself is given up: its line is closed (RFC 4511 §4.2.1, LDP-05).
    fn settle(&mut self) {
        let is_late = self.watch.partial_since.is_some_and(|since| since.elapsed() >= SETTLE_PATIENCE);
        if matches!(self.quiet, Some(Quiet::Bind | Quiet::StartTls)) && is_late && self.responses.are_between() {
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
            let waiting = self.requests.buffer.get(self.requests.cleared..).unwrap_or_default();
            let measured = match measure(waiting, most) {
                Ok(Some(measured)) if waiting.len() >= measured.total => measured,
                Ok(_) => {
                    self.watch.partial(!waiting.is_empty());
                    return None;
                }
                Err(malformed) => return Some(refuse(malformed.0)),
            };
            self.watch.partial(false);
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
                    self.watch.stalled_since = None;
                }
                Poll::Pending => {
                    self.watch.stalled_since.get_or_insert_with(Instant::now);
                    return Ok(());
                }
            }
        }
        // What TLS still holds goes out here.
        if (wrote || self.client.is_tls()) && let Poll::Ready(Err(_)) = Pin::new(&mut self.client).poll_flush(cx) {
            return Err(Ending::ClientGone);
        }
        Ok(())
    }

    fn read_client(&mut self, cx: &mut Context<'_>, moved: &mut bool) -> Result<(), Ending> {
        // While a bind waits for quiet, what comes behind it stays where it is.
        if self.quiet.is_some() || self.requests.cleared >= ENOUGH || self.replies.len() >= ENOUGH {
            return Ok(());
        }
        let needed = self.requests.missing(self.state.request_max(self.limits.request_before_bind, self.limits.request));
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
            if line.buffer.is_empty() {
                return self.line_is_over();
            }
            return Ok(());
        }
        if line.buffer.len() >= ENOUGH.max(responses.wanted) {
            return Ok(());
        }
        reserve(&mut line.buffer, responses.was_full, 0);
        let room = line.buffer.capacity() - line.buffer.len();
        match poll_read(&mut line.wire, &mut line.buffer, cx) {
            Poll::Ready(Ok(0) | Err(_)) => {
                (responses.is_over, *moved) = (true, true);
                Ok(())
            }
            Poll::Ready(Ok(read)) => {
                (responses.was_full, *moved) = (read == room, true);
                Ok(())
            }
            Poll::Pending => Ok(()),
        }
    }

    /// The directory hung up. A client that is nobody and waits for nothing need not know; the next request takes another
    /// line. Anybody else was somebody on that line only.
    fn line_is_over(&mut self) -> Result<(), Ending> {
        let lacks_nothing = self.responses.passing == 0 && self.state.is_idle();
        if self.state.is_anonymous() && lacks_nothing && !self.responses.has_notice {
            drop(self.detach());
            return Ok(());
        }
        Err(Ending::LineLost("it hung up"))
    }

    fn poll_watch(&mut self, cx: &mut Context<'_>) -> Poll<Ending> {
        loop {
            let now = Instant::now();
            let (deadline, ending) = self.watch.next(now, &self.limits, self.quiet, self.state.is_idle());
            if self.watch.sleep.deadline() > deadline {
                self.watch.sleep.as_mut().reset(deadline);
            }
            ready!(self.watch.sleep.as_mut().poll(cx));
            if now >= deadline {
                if let Some(ending) = ending {
                    return Poll::Ready(ending);
                }
                self.rest(now);
            }
            let (deadline, _) = self.watch.next(now, &self.limits, self.quiet, self.state.is_idle());
            self.watch.sleep.as_mut().reset(deadline.max(now + TICK));
        }
    }

    /// Give back what is not needed while nothing happens.
    fn rest(&mut self, now: Instant) {
        if now.duration_since(self.watch.last_moved) < REST_AFTER {
            return;
        }
        if self.requests.buffer.is_empty() {
            self.requests.buffer = BytesMut::new();
        }
        if self.replies.is_empty() {
            self.replies = BytesMut::new();
        }
        if let Some(line) = self.line.as_mut().filter(|line| line.buffer.is_empty()) {
            line.buffer = BytesMut::new();
        }
    }
}

impl Responses {
    /// Neither in the middle of one nor with one under way to the client.
    fn are_between(&self) -> bool {
        self.passing == 0 && self.cleared == 0 && self.dropping == 0
    }
}

impl Pipe {
    /// The request behind what is cleared is not passed on.
    fn cut(&mut self, total: usize) {
        if self.cleared == 0 {
            return self.buffer.advance(total);
        }
        let rest = self.buffer.split_off(self.cleared + total);
        self.buffer.truncate(self.cleared);
        self.buffer.unsplit(rest);
    }

    /// How much of the request that has begun is still to come, if that can be told.
    fn missing(&self, most: usize) -> usize {
        let waiting = self.buffer.get(self.cleared..).unwrap_or_default();
        match measure(waiting, most) {
            Ok(Some(measured)) => measured.total.saturating_sub(waiting.len()),
            _ => 0,
        }
    }

    fn poll_fill(&mut self, from: &mut Stream, needed: usize, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        // A length is only believed as far as octets follow it.
        reserve(&mut self.buffer, self.was_full, needed.min(ENOUGH));
        let room = self.buffer.capacity() - self.buffer.len();
        let read = ready!(poll_read(from, &mut self.buffer, cx))?;
        self.was_full = read == room;
        Poll::Ready(Ok(read))
    }
}

fn reserve(buffer: &mut BytesMut, was_full: bool, needed: usize) {
    let usual = if was_full { (buffer.capacity() * 2).clamp(FIRST_READ, ENOUGH) } else { FIRST_READ };
    buffer.reserve(usual.max(needed));
}

fn poll_read<S: AsyncRead + Unpin>(from: &mut S, into: &mut BytesMut, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
    pin!(from.read_buf(into)).poll(cx)
}

fn refuse(why: &'static str) -> Event {
    Event::Ended(Ending::Refused(Answer::new(code::PROTOCOL_ERROR, why)))
}

impl Watch {
    fn partial(&mut self, is_partial: bool) {
        match (is_partial, self.partial_since) {
            (true, None) => self.partial_since = Some(Instant::now()),
            (false, Some(_)) => self.partial_since = None,
            _ => {}
        }
    }

    /// When to look again, and what it means if nothing has changed by then.
    fn next(&self, now: Instant, limits: &Limits, quiet: Option<Quiet>, is_idle: bool) -> (Instant, Option<Ending>) {
        if let Some(since) = self.stalled_since {
            return (since + limits.write_timeout, Some(Ending::TooSlow));
        }
        match (quiet, self.partial_since) {
            (Some(Quiet::Bind | Quiet::StartTls), Some(since)) => {
                // Later than what settles it, which cannot cut a response in two.
                let late = since + SETTLE_PATIENCE + limits.write_timeout;
                let settles = since + SETTLE_PATIENCE;
                return if now < settles { (settles, None) } else { (late, Some(Ending::TooSlow)) };
            }
            (None, Some(since)) => return (since + limits.request_timeout, Some(Ending::TooSlow)),
            _ => {}
        }
        let rested = self.last_moved + REST_AFTER;
        if now < rested {
            return (rested, None);
        }
        if is_idle {
            (self.last_moved + limits.idle_timeout, Some(Ending::Idle))
        } else {
            // A search may take its time, or have no end.
            (now + limits.idle_timeout, None)
        }
    }
}

#[cfg(test)]
mod tests;
