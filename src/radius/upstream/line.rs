//! One socket to one server: 256 requests can be open on it, each under an identifier of its own (RAD-17).

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::wire::{
    Authenticator, Code, PACKET_OCTETS_MAX, Packet, SharedSecret, Signature, is_answer_to, number, signature,
};

/// After a failed receive (a port unreachable, say), so that an error that stays is not a busy loop.
const RECEIVE_ERROR_PAUSE: Duration = Duration::from_millis(10);

pub(crate) struct Line {
    socket: UdpSocket,
    open: Mutex<Open>,
}

struct Open {
    calls: Vec<Option<Waiting>>,
    /// The identifier that has been free longest comes first: a late answer to its last use is least likely.
    free: VecDeque<u8>,
}

struct Waiting {
    authenticator: Authenticator,
    /// Taken by the first valid answer.
    tell: Option<oneshot::Sender<Vec<u8>>>,
}

/// An open request. Its identifier is not used again before this is dropped.
pub(crate) struct Call {
    line: Arc<Line>,
    pub(crate) identifier: u8,
    pub(crate) answer: oneshot::Receiver<Vec<u8>>,
}

/// Why a datagram is no answer to anything. The request it claims to answer goes on waiting, undisturbed (RAD-18).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// Not a packet, or not of a kind that answers.
    Malformed,
    /// No open request has its identifier.
    Unasked,
    /// It carries no Message-Authenticator, and must.
    Unsigned,
    /// One of its authenticators is wrong.
    Forged,
}

impl Line {
    pub(crate) fn open(server: SocketAddr) -> io::Result<Self> {
        let any: SocketAddr = match server {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = std::net::UdpSocket::bind(any)?;
        // Connected: the kernel drops what comes from elsewhere.
        socket.connect(server)?;
        socket.set_nonblocking(true)?;
        let open = Open { calls: (0..=255).map(|_| None).collect(), free: (0..=255).collect() };
        Ok(Self { socket: UdpSocket::from_std(socket)?, open: Mutex::new(open) })
    }

    /// `None` when all identifiers are in use.
    pub(crate) fn call(self: &Arc<Self>, authenticator: Authenticator) -> Option<Call> {
        let mut open = self.lock();
        let identifier = open.free.pop_front()?;
        let (tell, answer) = oneshot::channel();
        if let Some(place) = open.calls.get_mut(usize::from(identifier)) {
            *place = Some(Waiting { authenticator, tell: Some(tell) });
        }
        Some(Call { line: Arc::clone(self), identifier, answer })
    }

    /// Receive answers until told to stop.
    pub(crate) async fn run(
        self: Arc<Self>,
        secret: SharedSecret,
        require_signature: bool,
        closing: CancellationToken,
        dropped: impl Fn(NoAnswer) + Send,
    ) {
        let mut buffer = vec![0; PACKET_OCTETS_MAX];
        loop {
            let received = tokio::select! {
                () = closing.cancelled() => return,
                received = self.socket.recv(&mut buffer) => received,
            };
            let Ok(length) = received else {
                tokio::time::sleep(RECEIVE_ERROR_PAUSE).await;
                continue;
            };
            let datagram = buffer.get(..length).unwrap_or_default();
            if let Err(why) = self.take(datagram, &secret, require_signature) {
                dropped(why);
            }
        }
    }

    fn take(&self, datagram: &[u8], secret: &SharedSecret, require_signature: bool) -> Result<(), NoAnswer> {
        let packet = Packet::parse(datagram).map_err(|_| NoAnswer::Malformed)?;
        if !matches!(packet.code(), Code::ACCESS_ACCEPT | Code::ACCESS_REJECT | Code::ACCESS_CHALLENGE) {
            return Err(NoAnswer::Malformed);
        }
        let mut open = self.lock();
        let waiting = open.calls.get_mut(usize::from(packet.identifier())).and_then(Option::as_mut);
        let waiting = waiting.filter(|waiting| waiting.tell.is_some()).ok_or(NoAnswer::Unasked)?;
        check(&packet, secret, &waiting.authenticator, require_signature)?;
        if let Some(tell) = waiting.tell.take() {
            // Nobody waits any more: then nobody needs it.
            let _unheard = tell.send(packet.octets().to_vec());
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The signature before the Response Authenticator, because MD5 alone can be forged (BLA-06).
pub(crate) fn check(
    packet: &Packet<'_>,
    secret: &SharedSecret,
    request: &Authenticator,
    require_signature: bool,
) -> Result<(), NoAnswer> {
    match signature(packet, secret, request) {
        Signature::Valid => {}
        Signature::Wrong => return Err(NoAnswer::Forged),
        Signature::Absent if require_signature || packet.has(number::EAP_MESSAGE) => return Err(NoAnswer::Unsigned),
        Signature::Absent => {}
    }
    if is_answer_to(packet, secret, request) { Ok(()) } else { Err(NoAnswer::Forged) }
}

impl Call {
    /// A datagram that cannot be sent is as good as lost on the way: the repetition comes anyway.
    pub(crate) async fn send(&self, octets: &[u8]) -> io::Result<()> {
        self.line.socket.send(octets).await.map(drop)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let mut open = self.line.lock();
        if let Some(place) = open.calls.get_mut(usize::from(self.identifier)) {
            *place = None;
        }
        open.free.push_back(self.identifier);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Arc<Line> {
        Arc::new(Line::open((Ipv4Addr::LOCALHOST, 9).into()).unwrap())
    }

    // RAD-17
    #[tokio::test]
    async fn every_open_request_has_its_own_identifier_and_the_257th_none() {
        let line = line();
        let mut calls: Vec<Call> = (0..256).map(|_| line.call([0; 16]).unwrap()).collect();
        let identifiers: std::collections::BTreeSet<u8> = calls.iter().map(|call| call.identifier).collect();
        assert_eq!((identifiers.len(), line.call([0; 16]).is_none()), (256, true));
        let freed = calls.remove(100).identifier;
        assert_eq!(line.call([0; 16]).unwrap().identifier, freed);
    }

    // RAD-17: least recently used first.
    #[tokio::test]
    async fn an_identifier_rests_until_all_others_have_been_used() {
        let line = line();
        let used: Vec<u8> = (0..512).map(|_| line.call([0; 16]).unwrap().identifier).collect();
        assert_eq!(used, (0..=255).chain(0..=255).collect::<Vec<u8>>());
    }
}
