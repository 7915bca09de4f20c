//! One connection to one server, used by one question at a time: for binds, and for what a person reads as themselves.
//!
//! It has no task of its own. Nothing is left behind when the login that asks goes away, no wake-up crosses threads, and
//! an idle connection costs nothing. Whether an idle one still lives is seen by looking once before it is used.

use tokio::time::{Instant, timeout_at};
use vestibule_engine::Password;

use super::entry::{Ask, Entry};
use super::fault::Fault;
use super::findings::{Findings, Heard};
use super::line::{Line, OWN_ID};
use super::password_policy;
use super::result::LdapResult;
use crate::wire::{ANSWER_MAX, put_message};

pub(crate) struct Connection {
    line: Line,
    last_id: i32,
    /// The last question was answered. Until then, and after an error, what comes may be meant for that one.
    is_clean: bool,
    idle_since: Instant,
}

impl Connection {
    pub(super) fn new(line: Line) -> Self {
        Self { line, last_id: 0, is_clean: true, idle_since: Instant::now() }
    }

    /// Whether the server has not hung up meanwhile, nor said what it was not asked.
    pub(super) fn is_alive(&mut self) -> bool {
        self.is_clean && self.line.is_quiet()
    }

    pub(super) fn rest(&mut self) {
        self.idle_since = Instant::now();
    }

    pub(super) fn idle_since(&self) -> Instant {
        self.idle_since
    }

    pub(super) fn into_line(self) -> Line {
        self.line
    }

    /// Ask who has this name and password. An empty name or password would make the server sign us in as nobody and
    /// call it a success (RFC 4513 §5.1), so neither leaves this function (LDP-07).
    pub(super) async fn bind(
        &mut self,
        name: &str,
        password: &Password,
        deadline: Instant,
    ) -> Result<LdapResult, Fault> {
        let Some(password) = password.as_text().filter(|text| !text.is_empty() && !name.trim().is_empty()) else {
            return Err(Fault::NotAsked("a bind without a name or password is never sent"));
        };
        let id = self.begin()?;
        let bound = self.line.bind(id, name, password.as_bytes(), password_policy::ASKED, deadline).await?;
        if !bound.is_exact {
            return Err(Fault::Garbled("it is no answer to a bind"));
        }
        self.is_clean = true;
        Ok(bound.result)
    }

    /// Search, as whoever the connection is bound.
    pub(super) async fn search(&mut self, ask: &Ask<'_>, deadline: Instant) -> Result<Vec<Entry>, Fault> {
        let operation = ask.octets(deadline)?;
        let id = self.begin()?;
        let (findings, result) = timeout_at(deadline, collect(&mut self.line, id, &operation, ask.limit))
            .await
            .map_err(|_| Fault::TimedOut)??;
        self.is_clean = true;
        findings.conclude(&result, ask)
    }

    /// The number of the next question.
    fn begin(&mut self) -> Result<i32, Fault> {
        if !std::mem::take(&mut self.is_clean) {
            return Err(Fault::Disconnected);
        }
        self.last_id = if self.last_id < OWN_ID - 1 { self.last_id + 1 } else { 1 };
        Ok(self.last_id)
    }
}

async fn collect(line: &mut Line, id: i32, operation: &[u8], limit: usize) -> Result<(Findings, LdapResult), Fault> {
    let mut request = Vec::with_capacity(operation.len() + 16);
    put_message(&mut request, id, operation);
    line.send(&request).await?;
    let mut findings = Findings::new(limit);
    loop {
        let content = line.receive(id, ANSWER_MAX).await?;
        let (_, heard) = Heard::read(&content).ok_or(Fault::Garbled("it is not LDAP"))?;
        if let Some(result) = findings.take(heard)? {
            return Ok((findings, result));
        }
    }
}
