//! The task that moves the octets of a shared connection, and ends with it.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::{Buf, BufMut, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWrite};
use tokio::task::yield_now;
use tokio::time::{Sleep, sleep};

use super::fault::Fault;
use super::findings::Heard;
use super::line::{Line, Wire};
use super::shared::{Outgoing, Rest, Shared};
use crate::wire::{ANSWER_MAX, Measured, RESPONSE_HEAD_MAX, measure, response_head};

/// However large the buffer was once, so that what is handed on at once has a limit too.
const READ_AT_ONCE: usize = 32 << 10;
/// Buffers larger than that are given back once they are empty.
const BUFFER_KEPT: usize = 64 << 10;
/// The longest message that is passed over where it is too large to be taken. No directory stores one as long, so a
/// longer one is no message.
const PASSED_OVER_MAX: usize = 1 << 30;
const NOT_LDAP: Fault = Fault::Garbled("it is not LDAP");

pub(super) struct Driver {
    shared: Arc<Shared>,
    wire: Wire,
    /// What has come and is no whole message yet.
    incoming: BytesMut,
    /// So many octets from there on are done with, and may not have come yet.
    passing: usize,
    writing: Vec<u8>,
    written: usize,
    /// Written, and may still lie in the buffer of TLS.
    is_unflushed: bool,
    has_gathered: bool,
    /// One of what is heard has come to its end.
    is_whole: bool,
    heard: Vec<(i32, Heard)>,
    woken: Vec<Waker>,
    idle_timeout: Duration,
    idle: Pin<Box<Sleep>>,
}

impl Driver {
    pub(super) fn new(shared: Arc<Shared>, line: Line, idle_timeout: Duration) -> Self {
        Self {
            shared,
            wire: line.wire,
            incoming: line.buffer,
            passing: 0,
            writing: Vec::new(),
            written: 0,
            is_unflushed: false,
            has_gathered: false,
            is_whole: false,
            heard: Vec::new(),
            woken: Vec::new(),
            idle_timeout,
            idle: Box::pin(sleep(idle_timeout)),
        }
    }

    /// Until the connection ends.
    pub(super) async fn drive(mut self) {
        // What came behind the answer to the bind; nothing, as a rule, and that is not to pass for a sign of life.
        let understood = if self.incoming.is_empty() { Ok(()) } else { self.understand() };
        let fault = match understood {
            Ok(()) => poll_fn(|context| self.poll(context)).await,
            Err(fault) => fault,
        };
        self.shared.end(&fault);
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Fault> {
        while self.idle.as_mut().poll(context).is_ready() {
            match self.shared.rests_until(self.idle_timeout) {
                Some(until) => self.idle.as_mut().reset(until),
                None => return Poll::Ready(Fault::Disconnected),
            }
        }
        loop {
            let wrote = self.poll_write(context);
            if let Poll::Ready(Err(fault)) = wrote {
                return Poll::Ready(fault);
            }
            match self.poll_read(context) {
                Poll::Ready(Ok(())) => continue,
                Poll::Ready(Err(fault)) => return Poll::Ready(fault),
                Poll::Pending => {}
            }
            if self.has_gathered {
                return Poll::Pending;
            }
            match self.shared.sleep(context.waker(), wrote.is_pending()) {
                Rest::Sleep => return Poll::Pending,
                Rest::Write => {}
                Rest::End => return Poll::Ready(Fault::Disconnected),
            }
        }
    }

    /// Write all there is. Ready when there is nothing left.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        loop {
            while let Some(left) = self.writing.get(self.written..).filter(|left| !left.is_empty()) {
                match ready!(Pin::new(&mut self.wire).poll_write(context, left)) {
                    Ok(0) | Err(_) => return Poll::Ready(Err(Fault::Disconnected)),
                    Ok(count) => self.written += count,
                }
                self.is_unflushed = true;
            }
            if self.is_unflushed {
                ready!(Pin::new(&mut self.wire).poll_flush(context)).map_err(|_| Fault::Disconnected)?;
                self.is_unflushed = false;
            }
            self.writing.clear();
            self.written = 0;
            if self.writing.capacity() > BUFFER_KEPT {
                self.writing = Vec::new();
            }
            match self.shared.take_outgoing(&mut self.writing, self.has_gathered) {
                Outgoing::Taken => self.has_gathered = false,
                Outgoing::None => {
                    self.has_gathered = false;
                    return Poll::Ready(Ok(()));
                }
                Outgoing::Gather => {
                    self.has_gathered = true;
                    // Behind all that is ready to run now; only to be woken, so it is not waited for here.
                    return pin!(yield_now()).poll(context).map(Ok);
                }
            }
        }
    }

    /// Read what has come, once.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        if self.incoming.is_empty() && self.incoming.capacity() > BUFFER_KEPT {
            self.incoming = BytesMut::new();
        }
        self.incoming.reserve(READ_AT_ONCE);
        let mut room = (&mut self.incoming).limit(READ_AT_ONCE);
        match ready!(pin!(self.wire.read_buf(&mut room)).poll(context)) {
            Ok(0) | Err(_) => Poll::Ready(Err(Fault::Disconnected)),
            Ok(_) => Poll::Ready(self.understand()),
        }
    }

    /// Hand each whole message in what has come to who asked.
    fn understand(&mut self) -> Result<(), Fault> {
        let parsed = self.parse();
        // A part of a message is no sign of life for the others: who waits behind it leaves.
        if !self.heard.is_empty() {
            self.shared.hear(&mut self.heard, std::mem::take(&mut self.is_whole), &mut self.woken);
            self.woken.drain(..).for_each(Waker::wake);
        }
        parsed
    }

    fn parse(&mut self) -> Result<(), Fault> {
        loop {
            let passed = self.passing.min(self.incoming.len());
            self.incoming.advance(passed);
            self.passing -= passed;
            if self.passing > 0 {
                return Ok(());
            }
            let measured = measure(&self.incoming, PASSED_OVER_MAX).map_err(|_| NOT_LDAP)?;
            let Some(measured) = measured else { return Ok(()) };
            match self.first(measured)? {
                None => return Ok(()),
                // A server that hangs up says so with the id 0.
                Some((0, _)) => return Err(Fault::Disconnected),
                Some(answer) => self.heard.push(answer),
            }
            self.is_whole |= measured.total <= self.incoming.len();
            self.passing = measured.total;
        }
    }

    /// The first message in what has come, once enough of it is there. One that is too large costs who asked for it
    /// their answer; the others wait for its end, or leave the connection.
    fn first(&self, Measured { head, total }: Measured) -> Result<Option<(i32, Heard)>, Fault> {
        if total - head <= ANSWER_MAX {
            let Some(content) = self.incoming.get(head..total) else { return Ok(None) };
            return Heard::read(content).map(Some).ok_or(NOT_LDAP);
        }
        let first = self.incoming.get(head..).unwrap_or_default();
        let first = first.get(..RESPONSE_HEAD_MAX).unwrap_or(first);
        let answered = response_head(first, first.len() == RESPONSE_HEAD_MAX).map_err(|_| NOT_LDAP)?;
        Ok(answered.map(|(id, _)| (id, Heard::Strange("it is too large"))))
    }
}

/// Who still waits when the task is dropped is told.
impl Drop for Driver {
    fn drop(&mut self) {
        self.shared.end(&Fault::Disconnected);
    }
}
