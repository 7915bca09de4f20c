//! Is this their password?
//!
//! # Why a bind connection may serve one person after another
//! Nothing but binds is ever sent on it. A bind ends whatever identity the connection had the moment the server receives
//! it (RFC 4513 §4), its answer is matched by message id, and one bind at a time has the connection to itself. So the
//! answer to a bind depends on that bind alone, and no operation ever runs under an identity that a bind left behind.
//! After anything but a clean answer (an error, a timeout, a login that went away) the connection is closed. A
//! connection for each login would cost a handshake and, with LDAPS, milliseconds of the directory's CPU.

use tokio::time::Instant;
use vestibule_engine::{Password, PortError, PrimaryRefusal};

use super::bind_result::judge;
use super::connection::Connection;
use super::directory::{Directory, Place, Server};
use super::fault::Fault;
use super::pool::Slot;

/// A password to check.
pub(super) struct Check<'a> {
    /// The DN, or what the directory takes in its place.
    pub(super) name: &'a str,
    pub(super) password: &'a Password,
    pub(super) afterwards: Afterwards,
    /// The server that knows the name, if one told it: another may not know of a change yet, and have somebody else
    /// there.
    pub(super) preferred: Option<Place>,
    pub(super) deadline: Instant,
}

/// What becomes of a connection on which a password was accepted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Afterwards {
    /// The next bind takes it.
    Reuse,
    /// The caller goes on with it as that person, and then it is closed.
    GoOn,
}

/// What came of it.
pub(super) enum Checked<'a> {
    Accepted(Option<Session<'a>>),
    Refused(PrimaryRefusal),
}

/// A connection bound as the person, for reading what only they may. Closed when dropped.
pub(super) struct Session<'a> {
    pub(super) connection: Connection,
    _slot: Slot<'a>,
}

/// A connection that is about to be asked.
struct Ready<'a> {
    slot: Slot<'a>,
    connection: Connection,
    was_idle: bool,
}

impl Directory {
    /// The bind is sent once: to another server only if this one was not asked, and again only if an idle connection
    /// turns out to be closed before any answer (FLT-04).
    pub(super) async fn check(&self, check: &Check<'_>) -> Result<Checked<'_>, PortError> {
        let doing = || format!("check a password in the directory \"{}\"", self.name);
        let mut last = None;
        for server in self.candidates(check.preferred) {
            let began = Instant::now();
            let ready = match self.ready(server, check).await {
                Ok(ready) => ready,
                Err(fault) if fault.means_down() => {
                    self.has_failed(server, &fault, began);
                    last = Some(fault);
                    continue;
                }
                Err(fault) => return Err(fault.into_port_error(doing())),
            };
            let checked = self.bind(server, ready, check).await;
            match &checked {
                Ok(_) => self.is_well(server),
                // Lookups notice a hung server. A bind that hangs says nothing of the server then: the password of
                // this one person may be checked somewhere behind it.
                Err(Fault::TimedOut) if self.has_account() => {}
                Err(fault) => self.has_failed(server, fault, began),
            }
            return checked.map_err(|fault| fault.into_port_error(doing()));
        }
        Err(self.all_failed(last, &doing()))
    }

    async fn ready<'a>(&self, server: &'a Server, check: &Check<'_>) -> Result<Ready<'a>, Fault> {
        let slot = server.binds.slot(check.deadline).await?;
        let idle = if check.afterwards == Afterwards::Reuse { slot.idle() } else { None };
        let was_idle = idle.is_some();
        let connection = match idle {
            Some(connection) => connection,
            None => self.open(server, check.deadline).await?,
        };
        Ok(Ready { slot, connection, was_idle })
    }

    async fn bind<'a>(&self, server: &Server, ready: Ready<'a>, check: &Check<'_>) -> Result<Checked<'a>, Fault> {
        let Check { name, password, afterwards, deadline, .. } = *check;
        let Ready { slot, mut connection, was_idle } = ready;
        let began = Instant::now();
        let result = match connection.bind(name, password, deadline).await {
            // The server had closed the idle connection, and did not read this bind.
            Err(Fault::Disconnected) if was_idle => {
                connection = self.open(server, deadline).await?;
                connection.bind(name, password, deadline).await?
            }
            result => result?,
        };
        match judge(&result)? {
            Some(refusal) => {
                if refusal == PrimaryRefusal::WrongPassword {
                    self.pretence.note(began.elapsed());
                }
                slot.keep(connection);
                Ok(Checked::Refused(refusal))
            }
            None if afterwards == Afterwards::GoOn => Ok(Checked::Accepted(Some(Session { connection, _slot: slot }))),
            None => {
                slot.keep(connection);
                Ok(Checked::Accepted(None))
            }
        }
    }
}
