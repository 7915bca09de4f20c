//! Octets to and from the two sockets, as far as both sides take them.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Buf;
use tokio::io::AsyncWrite;

use super::super::pipe::ENOUGH;
use super::{Ending, Pump};

impl Pump {
    pub(super) fn transfer(&mut self, cx: &mut Context<'_>, moved: &mut bool) -> Result<(), Ending> {
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
}
