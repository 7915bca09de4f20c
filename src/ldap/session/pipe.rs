//! What has come from one side: its front is judged and goes on, the rest waits to be.

use std::io;
use std::pin::pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};
use zeroize::Zeroize;

use crate::wire::measure;

/// Beyond that, a side that does not read stops the other from being read.
pub(super) const ENOUGH: usize = 64 << 10;
const FIRST_READ: usize = 1 << 10;

/// Requests of the client.
#[derive(Default)]
pub(super) struct Requests {
    pub(super) buffer: BytesMut,
    pub(super) cleared: usize,
    /// The last read filled all there was room for.
    was_full: bool,
    pub(super) needs_flush: bool,
}

/// How far the responses of the directory, which lie in the line's own buffer, have gone by.
#[derive(Default)]
pub(super) struct Responses {
    pub(super) cleared: usize,
    /// How much of the present response is still to come.
    pub(super) passing: usize,
    pub(super) dropping: usize,
    /// The present response has to be there whole.
    pub(super) wanted: usize,
    pub(super) was_full: bool,
    pub(super) is_over: bool,
    /// The directory said something that nobody asked: why it hangs up.
    pub(super) has_notice: bool,
}

/// A request that may hold a password; its octets are wiped when it is done with.
pub(super) struct Request(BytesMut);

impl Requests {
    /// What was not judged yet.
    pub(super) fn waiting(&self) -> &[u8] {
        self.buffer.get(self.cleared..).unwrap_or_default()
    }

    /// The request that is next, whole.
    pub(super) fn take(&mut self) -> Option<Request> {
        let measured = measure(&self.buffer, usize::MAX).ok()??;
        let is_there = self.cleared == 0 && self.buffer.len() >= measured.total;
        is_there.then(|| Request(self.buffer.split_to(measured.total)))
    }

    /// The request behind what is cleared is not passed on.
    pub(super) fn cut(&mut self, total: usize) {
        if self.cleared == 0 {
            return self.buffer.advance(total);
        }
        let rest = self.buffer.split_off(self.cleared + total);
        self.buffer.truncate(self.cleared);
        self.buffer.unsplit(rest);
    }

    /// How much of the request that has begun is still to come, if that can be told.
    pub(super) fn missing(&self, most: usize) -> usize {
        let waiting = self.waiting();
        match measure(waiting, most) {
            Ok(Some(measured)) => measured.total.saturating_sub(waiting.len()),
            _ => 0,
        }
    }

    pub(super) fn poll_fill<S: AsyncRead + Unpin>(
        &mut self,
        from: &mut S,
        needed: usize,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        // A length is only believed as far as octets follow it.
        reserve(&mut self.buffer, self.was_full, needed.min(ENOUGH));
        let room = self.buffer.capacity() - self.buffer.len();
        let read = ready!(poll_read(from, &mut self.buffer, cx))?;
        self.was_full = read == room;
        Poll::Ready(Ok(read))
    }
}

impl Responses {
    /// Neither in the middle of one nor with one under way to the client.
    pub(super) fn are_between(&self) -> bool {
        self.passing == 0 && self.cleared == 0 && self.dropping == 0
    }

    pub(super) fn poll_fill<S: AsyncRead + Unpin>(
        &mut self,
        from: &mut S,
        into: &mut BytesMut,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        reserve(into, self.was_full, 0);
        let room = into.capacity() - into.len();
        let read = ready!(poll_read(from, into, cx))?;
        self.was_full = read == room;
        Poll::Ready(Ok(read))
    }
}

impl Request {
    pub(super) fn octets(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn content(&self) -> Option<&[u8]> {
        let measured = measure(&self.0, usize::MAX).ok()??;
        self.0.get(measured.head..)
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.0.as_mut().zeroize();
    }
}

fn reserve(buffer: &mut BytesMut, was_full: bool, needed: usize) {
    let usual = if was_full { (buffer.capacity() * 2).clamp(FIRST_READ, ENOUGH) } else { FIRST_READ };
    buffer.reserve(usual.max(needed));
}

fn poll_read<S: AsyncRead + Unpin>(from: &mut S, into: &mut BytesMut, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
    pin!(from.read_buf(into)).poll(cx)
}
