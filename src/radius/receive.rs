//! What happens to each datagram before it is a login: whose is it, is it a packet, is it believable, is it new.
//!
//! The order matters. The client is found by address alone; a signature is judged before anything a packet says is
//! looked at or remembered (BLA-03, BLA-05, RAD-13); only what is new and finds room becomes a task.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use vestibule_listen::{Batch, Datagram, Seldom, Tasks, UdpListener, UdpSender};

use crate::clients::{Client, Clients};
use crate::config::LimitsConfig;
use crate::counters::Counter;
use crate::duplicates::{Duplicates, Seen};
use crate::gate::{Gate, Place, with_reserve};
use crate::login::{self, Desk};
use crate::notice::Cause;
use crate::reply::{Path, Reply};
use crate::request::{Login, asked};
use crate::wire::{Code, Packet, Signature, number, signature};

/// What all listeners of the door share.
pub(crate) struct Hall {
    pub(crate) live: ArcSwap<Live>,
    pub(crate) desk: Arc<Desk>,
    pub(crate) open: Arc<Gate>,
    pub(crate) unknown_client: Counter,
    pub(crate) strangers: Seldom,
    pub(crate) panics: Counter,
    pub(crate) panicking: Seldom,
    pub(crate) tasks: Tasks,
}

/// What a reload replaces.
pub(crate) struct Live {
    pub(crate) clients: Clients,
    pub(crate) limits: LimitsConfig,
}

/// Receive on one listener until told to stop.
pub(crate) async fn run(hall: Arc<Hall>, listener: UdpListener, stopping: CancellationToken) {
    let seat = Seat { duplicates: Arc::default(), sender: listener.sender() };
    let mut batch = Batch::new();
    loop {
        tokio::select! {
            biased;
            () = stopping.cancelled() => return,
            () = listener.receive(&mut batch) => {}
        }
        let live = hall.live.load();
        for datagram in batch.datagrams() {
            hall.survive(|| hall.arrive(&live, &seat, &datagram), datagram.source);
        }
    }
}

/// What belongs to one listener.
struct Seat {
    duplicates: Arc<Duplicates>,
    sender: UdpSender,
}

/// A packet that was dropped, and why.
struct Dropped(Cause);

impl Hall {
    /// SUP-05: a defect that one datagram meets costs that datagram, not the listener.
    fn survive(&self, work: impl FnOnce(), source: SocketAddr) {
        // What is shared is behind locks that go on after a panic, or is a number.
        if std::panic::catch_unwind(AssertUnwindSafe(work)).is_ok() {
            return;
        }
        self.panics.add_one();
        if let Some(held_back) = self.panicking.due() {
            tracing::error!(%source, held_back, "Handling a RADIUS packet from {source} panicked; this is a defect");
        }
    }

    fn arrive(&self, live: &Live, seat: &Seat, datagram: &Datagram<'_>) {
        let Some(client) = live.clients.at(datagram.source.ip()) else {
            self.turn_away(datagram);
            return;
        };
        let path = Path { sender: seat.sender.clone(), source: datagram.source, local: datagram.local };
        let taken = Packet::parse(datagram.octets)
            .map_err(|_| Dropped(Cause::Malformed))
            .and_then(|packet| self.take(live, seat, client, &packet, path));
        if let Err(Dropped(cause)) = taken {
            count(client, cause).add_one();
            client.memory.notices.dropped(client.name(), datagram.source, cause);
        }
    }

    fn turn_away(&self, datagram: &Datagram<'_>) {
        self.unknown_client.add_one();
        if let Some(held_back) = self.strangers.due() {
            let source = datagram.source;
            tracing::warn!(%source, held_back, "Dropped a RADIUS packet from {source}: no client has this address");
        }
    }

    fn take(
        &self,
        live: &Live,
        seat: &Seat,
        client: &Arc<Client>,
        packet: &Packet<'_>,
        path: Path,
    ) -> Result<(), Dropped> {
        let signature = signature(packet, &client.settings.secret, packet.authenticator());
        match packet.code() {
            Code::STATUS_SERVER => {
                check_status_signature(signature)?;
                tell_alive(client, packet, &path);
                Ok(())
            }
            Code::ACCESS_REQUEST => {
                check_request_signature(signature, client, packet, &path)?;
                self.admit(live, seat, client, packet, path, signature == Signature::Valid)
            }
            _ => Err(Dropped(Cause::Unserved)),
        }
    }

    /// Once, and only if there is room: those who bring the answer to a question go before new ones (RAD-33).
    fn admit(
        &self,
        live: &Live,
        seat: &Seat,
        client: &Arc<Client>,
        packet: &Packet<'_>,
        path: Path,
        signed: bool,
    ) -> Result<(), Dropped> {
        let places = self.places(live, client, packet.has(number::STATE));
        let limits = &live.limits;
        let room = places.is_some().then_some(limits.kept_answers);
        let lifetime = limits.kept_answer_lifetime.0;
        let (identifier, authenticator) = (packet.identifier(), packet.authenticator());
        match (seat.duplicates.see(path.source, identifier, authenticator, lifetime, room), places) {
            (Seen::Open, _) => client.memory.counters.duplicates.add_one(),
            (Seen::Answered(octets), _) => {
                client.memory.counters.duplicates.add_one();
                path.sender.send_now(&octets, path.source, path.local);
            }
            (Seen::First(ticket), Some(places)) => {
                let reply =
                    Reply { client: Arc::clone(client), asked: asked(packet), path, ticket, arrived: Instant::now() };
                self.begin(packet, reply, places, signed);
            }
            (Seen::First(_) | Seen::NoRoom, _) => return Err(Dropped(Cause::Shed)),
        }
        Ok(())
    }

    fn places(&self, live: &Live, client: &Client, half_in: bool) -> Option<[Place; 2]> {
        let limit = |limit| if half_in { with_reserve(limit) } else { limit };
        let own = client.memory.open.enter(limit(live.limits.open_logins_per_client))?;
        Some([own, self.open.enter(limit(live.limits.open_logins))?])
    }

    fn begin(&self, packet: &Packet<'_>, reply: Reply, places: [Place; 2], signed: bool) {
        match Login::read(packet, &reply.client, signed) {
            Ok(login) => {
                self.tasks.spawn("radius login", login::run(Arc::clone(&self.desk), login, reply, places));
            }
            Err(cause) => {
                reply.client.memory.notices.refused(reply.client.name(), reply.path.source, cause);
                login::refuse(&self.desk, reply);
            }
        }
    }
}

/// STS-01: a Status-Server request must be signed, whatever the client may do otherwise.
fn check_status_signature(signature: Signature) -> Result<(), Dropped> {
    match signature {
        Signature::Valid => Ok(()),
        Signature::Wrong => Err(Dropped(Cause::WrongSignature)),
        Signature::Absent => Err(Dropped(Cause::Unsigned)),
    }
}

fn check_request_signature(
    signature: Signature,
    client: &Client,
    packet: &Packet<'_>,
    path: &Path,
) -> Result<(), Dropped> {
    match signature {
        Signature::Valid => {
            client.has_signed(path.source);
            Ok(())
        }
        Signature::Wrong => Err(Dropped(Cause::WrongSignature)),
        // RFC 3579 §3.2: a packet with EAP-Message is signed or nothing.
        Signature::Absent if client.must_sign() || packet.has(number::EAP_MESSAGE) => Err(Dropped(Cause::Unsigned)),
        Signature::Absent if packet.has(number::PROXY_STATE) => Err(Dropped(Cause::UnsignedProxied)),
        Signature::Absent => Ok(()),
    }
}

/// STS-02: answered here, with no look at who the packet says it is.
fn tell_alive(client: &Client, packet: &Packet<'_>, path: &Path) {
    if let Ok(octets) = asked(packet).alive(client) {
        client.memory.counters.status.add_one();
        path.sender.send_now(&octets, path.source, path.local);
    }
}

fn count(client: &Client, cause: Cause) -> &Counter {
    let counters = &client.memory.counters;
    match cause {
        Cause::Malformed => &counters.malformed,
        Cause::WrongSignature => &counters.wrong_signature,
        Cause::Unsigned => &counters.unsigned,
        Cause::UnsignedProxied => &counters.unsigned_proxied,
        Cause::Shed => &counters.shed,
        _ => &counters.unserved,
    }
}
