//! One client's connection, from its first octet to its last.
//!
//! ```text
//!  pump: requests and responses go by ──▶ bind ──▶ engine ──▶ somebody, on a line bound as them
//!    ▲                                      │                   or nobody, and the line is closed
//!    └──────────────────────────────────────┘
//! ```

pub mod fuzzing;
mod hold;
mod pipe;
mod pump;
mod root_dse;
mod state;
mod watch;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use vestibule_listen::{Connection, ConnectionGuard, Stream, StreamLimits};

use self::hold::Gone;
use self::pump::{Ending, Event, Pump, Quiet};
use self::state::Terms;
pub(crate) use self::state::{Standing, State};
use crate::answer;
use crate::bind::{Asked, Bind, Outcome, Who, decide};
use crate::config::DirectoryKind;
use crate::door::{Application, Hall};
use crate::sasl;
use crate::settings::{Limits, ListenerSettings, ListenerTls};
use crate::wire::{Answer, Message, Operation, code, extended, notice_of_disconnection, oid};

/// How long the last words on a connection may take.
const FAREWELL_PATIENCE: Duration = Duration::from_secs(2);

/// A store that cannot say whether somebody still may be signed in is asked again after this long...
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// ...and is not believed to say yes for longer than this.
const UNTOLD_MAX: Duration = Duration::from_secs(30);

/// What stays the same while a connection lasts.
struct Session {
    hall: Arc<Hall>,
    listener: Arc<ListenerSettings>,
    address: IpAddr,
    application: Arc<Application>,
    standing: Option<Stands>,
    stopping: CancellationToken,
    _counted: ConnectionGuard,
}

/// Somebody who is signed in on this connection.
struct Stands {
    who: Who,
    /// Since when nobody can say whether they still may be.
    untold_since: Option<Instant>,
}

/// Nobody can say whether somebody still may be signed in. For a while, what was true last is believed.
fn is_believed(untold_since: &mut Option<Instant>, now: Instant) -> bool {
    now.duration_since(*untold_since.get_or_insert(now)) < UNTOLD_MAX
}

/// Whether a connection goes on.
type Goes = Result<(), Option<Answer>>;

/// Serve a connection until it ends.
pub(crate) async fn serve(hall: Arc<Hall>, listener: Arc<ListenerSettings>, connection: Connection) {
    let Connection { stream, peer, stopping, guard, .. } = connection;
    let Some(application) = hall.application(&listener.name, peer.ip()) else {
        hall.stranger(&listener.name, peer.ip());
        return;
    };
    let limits = hall.limits();
    let address = address_of(peer);
    let session = Session { hall, listener, address, application, standing: None, stopping, _counted: guard };
    let mut state = State::new(session.terms(&limits), stream.is_tls());
    state.mechanisms = Arc::clone(&session.application.settings.sasl);
    session.run(Pump::new(stream, state, limits)).await;
}

fn address_of(peer: SocketAddr) -> IpAddr {
    peer.ip().to_canonical()
}

impl Session {
    fn terms(&self, limits: &Limits) -> Terms {
        let settings = &self.application.settings;
        Terms {
            anonymous: settings.anonymous,
            allow_plaintext: settings.allow_plaintext,
            offers_start_tls: self.listener.tls == ListenerTls::StartTls,
            knows_fast_bind: self.application.directory.settings.kind == DirectoryKind::ActiveDirectory,
            outstanding_max: limits.outstanding_before_bind,
            outstanding_max_bound: limits.outstanding,
        }
    }

    async fn run(mut self, mut pump: Pump) {
        let mut is_stopping = false;
        loop {
            // A client that keeps us busy does not put off a stop.
            if !is_stopping && self.stopping.is_cancelled() {
                is_stopping = true;
                pump.quieten(Quiet::Stop);
            }
            let event = tokio::select! {
                biased;
                event = pump.run() => event,
                // What is under way ends first (LDP-27).
                () = self.stopping.cancelled(), if !is_stopping => continue,
            };
            // In boxes, because what it takes need not be held by a connection that rests.
            let goes = match event {
                Event::Quiet(Quiet::Bind) => Box::pin(self.bind(&mut pump)).await,
                Event::Quiet(Quiet::StartTls) => match Box::pin(self.start_tls(pump)).await {
                    Some(protected) => {
                        pump = protected;
                        Ok(())
                    }
                    None => return,
                },
                Event::Quiet(Quiet::Stop) => Err(Some(answer::STOPPING)),
                Event::NeedsLine => {
                    Box::pin(self.connect(&mut pump)).await;
                    Ok(())
                }
                Event::Doubt => Box::pin(self.ask_again(&mut pump)).await,
                Event::Ended(ending) => return Box::pin(self.end(pump, ending)).await,
            };
            if let Err(farewell) = goes {
                return Box::pin(say_goodbye(pump, farewell)).await;
            }
        }
    }

    async fn connect(&self, pump: &mut Pump) {
        match self.application.directory.line().await {
            Ok(line) => pump.attach(line),
            Err(error) => {
                self.hall.failed(&self.application.settings.name, &error);
                pump.forsake_request(answer::DIRECTORY_AWAY);
            }
        }
    }

    /// Whoever signed in long ago may be disabled by now, or have said that it was not them; and the rules may be others.
    async fn ask_again(&mut self, pump: &mut Pump) -> Goes {
        let Some(stands) = &mut self.standing else {
            pump.trust_for(None);
            return Ok(());
        };
        let Some(now) = self.hall.application(&self.listener.name, self.address) else {
            return Err(Some(answer::NOT_SERVED));
        };
        let asked = tokio::select! {
            biased;
            asked = self.hall.may_stay(&stands.who, self.address, &self.application, &now) => asked,
            () = self.stopping.cancelled() => return Err(Some(answer::STOPPING)),
        };
        match asked {
            Ok(true) => {
                stands.untold_since = None;
                pump.trust_for(Some(self.hall.limits().recheck));
                Ok(())
            }
            Ok(false) => {
                self.hall.ended(&self.application.settings.name, stands.who.user);
                Err(Some(answer::SIGNED_OUT))
            }
            Err(error) => {
                self.hall.failed(&self.application.settings.name, &error);
                if !is_believed(&mut stands.untold_since, Instant::now()) {
                    return Err(Some(answer::UNAVAILABLE));
                }
                pump.trust_for(Some(ASK_AGAIN_AFTER));
                Ok(())
            }
        }
    }

    /// A bind is next, and nothing else is under way.
    async fn bind(&mut self, pump: &mut Pump) -> Goes {
        let arrived = Instant::now();
        let Some(octets) = pump.take_request() else { return Err(None) };
        pump.state.begin_bind();
        self.standing = None;
        pump.trust_for(None);
        // Whoever it was bound as, the client is that no more: the line goes on only as somebody, or not at all. And not to
        // another directory than the one whose rules hold now.
        let (line, before) = (pump.detach(), Arc::clone(&self.application));
        self.renew(pump)?;
        let line = line.filter(|_| Arc::ptr_eq(&before.directory, &self.application.directory));
        let Some(content) = octets.content() else { return Err(None) };
        let Ok(Message { id, operation: Operation::Bind(bind), controls }) = Message::read(content) else {
            return Err(None);
        };
        let passed = Arc::clone(&pump.state.mechanisms);
        let asked = match Asked::of(&bind, &pump.state, &passed) {
            Asked::Refused(refusal) => Asked::Refused(refusal),
            asked => State::refused_bind(controls, asked.is_ours()).map_or(asked, Asked::Refused),
        };
        let by_password = match asked {
            Asked::Somebody { name, password } => Some((name, password)),
            Asked::PassOn => None,
            Asked::Nobody => {
                pump.reply(&answer::plainly(id, Answer::new(code::SUCCESS, "")));
                pump.resume();
                return Ok(());
            }
            Asked::GoOn => {
                pump.state.sasl = true;
                pump.reply(&answer::plainly(id, Answer::new(code::SASL_BIND_IN_PROGRESS, "")));
                pump.resume();
                return Ok(());
            }
            Asked::Refused(refusal) => {
                pump.reply(&answer::plainly(id, refusal));
                pump.refuse_held();
                pump.resume();
                return Ok(());
            }
        };
        let Some(_place) = self.hall.place() else {
            pump.reply(&answer::plainly(id, answer::BUSY));
            pump.refuse_held();
            pump.resume();
            return Ok(());
        };
        let since = self.hall.clock.now();
        let bind = Bind { id, controls: controls.octets, address: self.address, arrived, since };
        let mut left = None;
        let outcome = {
            let gone = self.gone(pump, &mut left);
            match by_password {
                Some((name, password)) => {
                    decide(&self.hall, &self.application, &bind, &name, password, line, gone).await
                }
                None => Box::pin(sasl::step(&self.hall, &self.application, &bind, octets.octets(), line, gone)).await,
            }
        };
        if let Some(left) = left {
            return Err(left.farewell());
        }
        self.conclude(pump, &bind, outcome).await
    }

    /// Ends when nobody waits for the bind any more.
    async fn gone(&self, pump: &mut Pump, left: &mut Option<Left>) {
        *left = tokio::select! {
            biased;
            gone = pump.hold() => Some(Left::Gone(gone)),
            () = self.stopping.cancelled() => Some(Left::Stopping),
        };
    }

    async fn conclude(&mut self, pump: &mut Pump, bind: &Bind<'_>, outcome: Outcome) -> Goes {
        match outcome {
            Outcome::In { standing, who, answer, line } => {
                // In a connection for checking passwords nobody becomes anybody, here or at the directory.
                if let Some(line) = line.filter(|_| !pump.state.is_fast_bind()) {
                    pump.attach(line);
                }
                pump.state.become_somebody(standing);
                if !pump.state.is_anonymous() {
                    self.standing = Some(Stands { who, untold_since: None });
                    pump.trust_for(Some(self.hall.limits().recheck));
                }
                pump.reply(&answer);
            }
            Outcome::GoesOn { answer, line } => {
                pump.state.sasl = true;
                pump.attach(line);
                pump.reply(&answer);
            }
            Outcome::Out(answer) => {
                self.wait(pump, self.hall.earliest(&self.application, bind.arrived)).await?;
                pump.reply(&answer);
                pump.refuse_held();
            }
            Outcome::Unknown(result) => {
                pump.reply(&answer::plainly(bind.id, result));
                pump.refuse_held();
            }
        }
        pump.resume();
        Ok(())
    }

    /// Wait, unless the client leaves.
    async fn wait(&self, pump: &mut Pump, until: Instant) -> Goes {
        tokio::select! {
            biased;
            () = sleep_until(until) => Ok(()),
            gone = pump.hold() => Err(Left::Gone(gone).farewell()),
            () = self.stopping.cancelled() => Ok(()),
        }
    }

    /// A bind is judged by the rules of this moment: those of the connection may be older.
    fn renew(&mut self, pump: &mut Pump) -> Goes {
        let Some(application) = self.hall.application(&self.listener.name, self.address) else {
            return Err(Some(answer::NOT_SERVED));
        };
        if !Arc::ptr_eq(&application, &self.application) {
            self.application = application;
            pump.state.terms = self.terms(&self.hall.limits());
            pump.state.mechanisms = Arc::clone(&self.application.settings.sasl);
        }
        Ok(())
    }

    /// TLS comes next, and nothing else may have come before it: what somebody slipped in behind the request is not taken
    /// for the client's (LDP-10).
    async fn start_tls(&self, mut pump: Pump) -> Option<Pump> {
        let octets = pump.take_request()?;
        let id = Message::read(octets.content()?).ok()?.id;
        let tls = self.hall.tls();
        let (Some(tls), true) = (tls, pump.unread().is_empty()) else {
            let why = Answer::new(code::PROTOCOL_ERROR, "nothing may follow a StartTLS request");
            say_goodbye(pump, Some(why)).await;
            return None;
        };
        let (stream, line, mut state, limits) = pump.into_parts();
        let Stream::Plain(mut stream) = stream else { return None };
        let answer = extended(id, Answer::new(code::SUCCESS, ""), Some(oid::START_TLS), None);
        timeout(FAREWELL_PATIENCE, stream.write_all(&answer)).await.ok()?.ok()?;
        match tls.handshake(stream, StreamLimits::HANDSHAKE_PATIENCE).await {
            Ok(stream) => {
                state.is_protected = true;
                let mut pump = Pump::new(stream, state, limits);
                pump.trust_for(self.standing.as_ref().map(|_| Duration::ZERO));
                if let Some(line) = line {
                    pump.attach(line);
                }
                Some(pump)
            }
            Err(error) => {
                tracing::debug!(client = %self.address, error = &error as &dyn std::error::Error, "StartTLS failed");
                None
            }
        }
    }

    async fn end(&self, pump: Pump, ending: Ending) {
        let farewell = match ending {
            Ending::ClientGone => return,
            Ending::LineLost(why) => {
                self.hall.line_lost(&self.application, why);
                if pump.has_notice() {
                    return say_goodbye(pump, None).await;
                }
                Answer::new(code::UNAVAILABLE, "the directory ended the connection")
            }
            Ending::Refused(answer) => {
                self.hall.broke_a_rule(&self.application.settings.name, self.address, answer.text);
                answer
            }
            Ending::Idle => Answer::new(code::UNAVAILABLE, "nothing was asked for a long time"),
            Ending::TooSlow => Answer::new(code::UNAVAILABLE, "too slow"),
        };
        say_goodbye(pump, Some(farewell)).await;
    }
}

/// Why a bind is over before it is decided.
enum Left {
    Gone(Gone),
    Stopping,
}

impl Left {
    fn farewell(self) -> Option<Answer> {
        match self {
            Self::Gone(gone) => gone.farewell(),
            Self::Stopping => Some(answer::STOPPING),
        }
    }
}

/// The last words, if there are any, and the end. A client that does not take them is not waited for.
async fn say_goodbye(pump: Pump, farewell: Option<Answer>) {
    let (before, mut stream) = pump.into_end();
    let said = async {
        if let Some((farewell, before)) = farewell.zip(before) {
            stream.write_all(&before).await?;
            stream.write_all(&notice_of_disconnection(farewell)).await?;
        }
        stream.shutdown().await
    };
    // It is over either way.
    timeout(FAREWELL_PATIENCE, said).await.ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // A store that is away does not keep anybody in.
    fn who_cannot_be_asked_about_is_believed_for_half_a_minute() {
        let (mut untold_since, first) = (None, Instant::now());
        for (after, believed) in [(0, true), (29, true), (30, false), (600, false)] {
            assert_eq!(is_believed(&mut untold_since, first + Duration::from_secs(after)), believed, "after {after} s");
        }
    }
}
