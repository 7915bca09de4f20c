//! What a client sends while its bind is decided: kept within a bound, and done by nobody until then (LDP-05).

use std::task::Poll;

use super::pump::Pump;
use crate::wire::{Answer, Message, Operation, code, extended, measure, oid, respond};

/// Requests behind a bind. A client that follows RFC 4511 §4.2.1 sends none.
const HELD_MAX: usize = 100;
const HELD_OCTETS_MAX: usize = 256 << 10;

/// Why nobody waits for the bind any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gone {
    /// Hung up, or said goodbye.
    Client,
    /// It sent more than it may.
    TooMuch,
    /// It sent what is no LDAP.
    Malformed(&'static str),
}

impl Gone {
    pub(super) fn farewell(self) -> Option<Answer> {
        match self {
            Self::Client => None,
            Self::TooMuch => Some(Answer::new(code::ADMIN_LIMIT_EXCEEDED, "too many requests behind a bind")),
            Self::Malformed(why) => Some(Answer::new(code::PROTOCOL_ERROR, why)),
        }
    }
}

impl Pump {
    /// Read on, and do nothing, until the client is gone.
    pub(super) async fn hold(&mut self) -> Gone {
        let mut looked_at = Looked::default();
        std::future::poll_fn(|cx| {
            loop {
                if let Some(gone) = looked_at.on(self.unread()) {
                    return Poll::Ready(gone);
                }
                match self.poll_hold(cx) {
                    Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Gone::Client),
                    Poll::Ready(Ok(_)) => {}
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await
    }

    /// The bind was refused: what came behind it counted on it, so none of it is done. The next bind stands for itself.
    pub(super) fn refuse_held(&mut self) {
        let refused = Answer::new(code::OPERATIONS_ERROR, "the bind before it was refused");
        loop {
            let Ok(Some(measured)) = measure(self.unread(), HELD_OCTETS_MAX) else { return };
            let Some(content) = self.unread().get(measured.head..measured.total) else { return };
            let Ok(message) = Message::read(content) else { return };
            let id = message.id;
            let answer = match message.operation {
                Operation::Bind(_) | Operation::Unbind => return,
                Operation::Abandon(_) => None,
                Operation::Extended(request) => {
                    let name = (request.name == oid::START_TLS).then_some(oid::START_TLS);
                    Some(extended(id, refused, name, None))
                }
                operation => operation.ending().map(|tag| respond(id, tag, refused)),
            };
            drop(self.take_request());
            if let Some(answer) = answer {
                self.reply(&answer);
            }
        }
    }
}

/// How far the unread requests were looked at.
#[derive(Default)]
struct Looked {
    octets: usize,
    requests: usize,
}

impl Looked {
    fn on(&mut self, unread: &[u8]) -> Option<Gone> {
        if unread.len() > HELD_OCTETS_MAX {
            return Some(Gone::TooMuch);
        }
        loop {
            let rest = unread.get(self.octets..).unwrap_or_default();
            let measured = match measure(rest, HELD_OCTETS_MAX) {
                Ok(Some(measured)) if rest.len() >= measured.total => measured,
                Ok(_) => return None,
                Err(malformed) => return Some(Gone::Malformed(malformed.0)),
            };
            match Message::read(rest.get(measured.head..measured.total).unwrap_or_default()) {
                // The client gives up: the login goes with it (LDP-13). An Abandon of the bind does not end it (LDP-12).
                Ok(Message { operation: Operation::Unbind, .. }) => return Some(Gone::Client),
                Ok(_) => {}
                Err(malformed) => return Some(Gone::Malformed(malformed.0)),
            }
            self.octets += measured.total;
            self.requests += 1;
            if self.requests > HELD_MAX {
                return Some(Gone::TooMuch);
            }
        }
    }
}
