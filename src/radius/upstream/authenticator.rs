//! One login's way to check its password at the upstream servers.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use vestibule_engine::{
    Carried, Continuation, Identified, Passcode, Password, Person, PortError, PrimaryAuthenticator, PrimaryOutcome,
    PrimaryRefusal, Subject, UserName, is_plain,
};

use super::Shared;
use super::server::{Asked, Server};
use crate::carried;
use crate::wire::{self, Authenticator, Code, DoesNotFit, PASSWORD_OCTETS_MAX, Packet, Writer, number};

/// The longest question of an upstream that is shown; more is not a question.
const QUESTION_CHARS_MAX: usize = 1000;

pub(super) struct Login {
    shared: Arc<Shared>,
}

/// What it takes to answer a server's question: only the one that asked knows its State.
#[derive(Serialize, Deserialize)]
struct Pending {
    server: SocketAddr,
    state: Vec<u8>,
}

impl Login {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Ask one server after the other, those believed to be down last, until one answers. One answer is one attempt:
    /// who was refused is not tried elsewhere (RAD-25).
    async fn ask_any(&self, user: &UserName, password: &[u8]) -> Result<(Arc<Server>, Vec<u8>), PortError> {
        let deadline = Instant::now() + self.shared.timeout;
        let (up, down): (Vec<_>, Vec<_>) = self.shared.servers.iter().partition(|server| server.is_usable());
        let mut last = None;
        for server in up.into_iter().chain(down) {
            if Instant::now() >= deadline {
                break;
            }
            match self.ask(server, deadline, user, password, None).await {
                Ok(Asked::Answered(octets)) => return Ok((Arc::clone(server), octets)),
                Ok(Asked::Unanswered) => {}
                Err(error) => last = Some(error),
            }
        }
        let unanswered = || PortError::Unreachable {
            doing: format!("ask the RADIUS servers of {}: none answered in time", self.shared.name),
            cause: None,
        };
        Err(last.unwrap_or_else(unanswered))
    }

    async fn ask(
        &self,
        server: &Server,
        deadline: Instant,
        user: &UserName,
        password: &[u8],
        state: Option<&[u8]>,
    ) -> Result<Asked, PortError> {
        let write = |identifier, authenticator: &Authenticator| {
            self.write(server, identifier, authenticator, user, password, state)
        };
        server.ask(self.shared.tries, deadline, write).await
    }

    fn write(
        &self,
        server: &Server,
        identifier: u8,
        authenticator: &Authenticator,
        user: &UserName,
        password: &[u8],
        state: Option<&[u8]>,
    ) -> Result<Vec<u8>, DoesNotFit> {
        let too_long = DoesNotFit { kind: number::USER_PASSWORD, octets: password.len() };
        let hidden = wire::hide(password, authenticator, server.secret()).ok_or(too_long)?;
        let mut writer = Writer::new(Code::ACCESS_REQUEST, identifier);
        writer.put(number::USER_NAME, user.as_typed().as_bytes())?;
        writer.put(number::USER_PASSWORD, &hidden)?;
        writer.put(number::NAS_IDENTIFIER, self.shared.nas_identifier.as_bytes())?;
        if let Some(state) = state {
            writer.put(number::STATE, state)?;
        }
        Ok(writer.seal_request(authenticator, server.secret()))
    }

    fn read(&self, server: &Server, octets: &[u8], subject: Subject) -> Result<PrimaryOutcome, PortError> {
        let unusable = || PortError::unusable(format!("read the answer of the RADIUS server {}", server.address()));
        let packet = Packet::parse(octets).map_err(|_| unusable())?;
        match packet.code() {
            Code::ACCESS_ACCEPT => Ok(PrimaryOutcome::Accepted(self.person(&packet, subject))),
            Code::ACCESS_REJECT => Ok(PrimaryOutcome::Refused(PrimaryRefusal::Unspecified)),
            Code::ACCESS_CHALLENGE => {
                question(&packet, server.address()).map(PrimaryOutcome::Continue).ok_or_else(unusable)
            }
            _ => Err(unusable()),
        }
    }

    fn person(&self, acceptance: &Packet<'_>, subject: Subject) -> Person {
        let (carried, hidden) = carried::pack(acceptance);
        if !hidden.is_empty()
            && let Some(held_back) = self.shared.hidden_dropped.due()
        {
            let hidden = hidden.join(", ");
            tracing::warn!(
                source = self.shared.name,
                hidden,
                held_back,
                "The upstream RADIUS server granted attributes hidden with its secret, which cannot be handed on: {hidden}"
            );
        }
        let group = |value: &[u8]| std::str::from_utf8(value).ok().map(str::to_owned);
        let groups = self.shared.group_attribute.map(|kind| acceptance.all(kind).filter_map(group).collect());
        Person { subject, groups: groups.unwrap_or_default(), display_name: None, mail: None, carried }
    }

    fn subject(&self, user: &UserName) -> Subject {
        let name = user.canonical();
        Subject { source: self.shared.name.clone(), id: name.clone(), name }
    }
}

/// A server that asks without a State cannot be answered.
fn question(packet: &Packet<'_>, server: SocketAddr) -> Option<Continuation> {
    let state = packet.first(number::STATE)?.to_vec();
    let words: String = packet.all(number::REPLY_MESSAGE).map(String::from_utf8_lossy).collect();
    let text = words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(QUESTION_CHARS_MAX).collect();
    let state = serde_json::to_vec(&Pending { server, state }).ok()?;
    Some(Continuation { text, state: Carried(state) })
}

#[async_trait]
impl PrimaryAuthenticator for Login {
    /// A RADIUS server cannot be asked who somebody is. The canonical name is the identity, whoever it turns out to be;
    /// so a name that may be another spelling of somebody's is nobody's.
    async fn identify(&mut self, user: &UserName) -> Result<Identified, PortError> {
        let subject = self.subject(user);
        Ok(if is_plain(&subject.id) { Identified::Known(subject) } else { Identified::Unknown })
    }

    async fn authenticate(
        &mut self,
        user: &UserName,
        subject: &Subject,
        password: &Password,
    ) -> Result<PrimaryOutcome, PortError> {
        if password.octets().len() > PASSWORD_OCTETS_MAX {
            tracing::info!(
                source = self.shared.name,
                "Refused a password of more than 128 octets: RADIUS cannot carry it"
            );
            return Ok(PrimaryOutcome::Refused(PrimaryRefusal::WrongPassword));
        }
        let (server, octets) = self.ask_any(user, password.octets()).await?;
        self.read(&server, &octets, subject.clone())
    }

    async fn resume(
        &mut self,
        user: &UserName,
        state: &Carried,
        answer: &Passcode,
    ) -> Result<PrimaryOutcome, PortError> {
        let gone = || {
            PortError::unusable(format!(
                "answer the question of a RADIUS server of {}: it is not configured any more",
                self.shared.name
            ))
        };
        let pending: Pending = serde_json::from_slice(&state.0).map_err(|_| gone())?;
        let server = self.shared.servers.iter().find(|server| server.address() == pending.server).ok_or_else(gone)?;
        let deadline = Instant::now() + self.shared.timeout;
        match self.ask(server, deadline, user, answer.as_typed().as_bytes(), Some(&pending.state)).await? {
            Asked::Answered(octets) => self.read(server, &octets, self.subject(user)),
            Asked::Unanswered => Err(PortError::Unreachable {
                doing: format!(
                    "answer the question of the RADIUS server {}: it did not answer in time",
                    server.address()
                ),
                cause: None,
            }),
        }
    }
}
