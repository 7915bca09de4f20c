//! One connection to one server, used by one question at a time.
//!
//! ldap3 has a half that asks and a half that moves octets, the latter meant for a task of its own. Here both run in
//! the task of the login that asks: nothing is left behind when that login goes away, no wake-up crosses threads, and an
//! idle connection costs nothing. Whether an idle one still lives is seen by looking once before it is used.
//!
//! What ldap3 leaves open: it takes a whole answer into memory before it looks at it, nests as deep as the answer does,
//! and does not wipe its copy of a password. So an answer is only ever awaited until a deadline, from a server that TLS
//! has verified; entries, references and the sizes of values are counted here as they come.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use futures_util::FutureExt;
use ldap3::controls::RawControl;
use ldap3::{DerefAliases, Ldap, LdapConnAsync, LdapResult, Scope, SearchOptions};
use tokio::time::{Instant, timeout_at};
use vestibule_engine::Password;

use super::entry::{Ask, Entry};
use super::fault::{Fault, Words};
use super::password_policy;

/// References to other servers among the entries of a search. They are not followed; a server that sends only these
/// without an end is left.
const REFERENCES_MAX: usize = 256;

pub(crate) struct Connection {
    ldap: Ldap,
    /// The half that moves octets; gone when the connection ended.
    drive: Option<Drive>,
    idle_since: Instant,
}

type Drive = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Connection {
    pub(super) fn new(connection: LdapConnAsync, ldap: Ldap) -> Self {
        // ldap3 panics on some answers that are not LDAP. That ends this connection and nothing else (FLT-05).
        let drive = AssertUnwindSafe(connection.drive()).catch_unwind().map(|_| ());
        Self { ldap, drive: Some(Box::pin(drive)), idle_since: Instant::now() }
    }

    /// Whether the server has not hung up meanwhile.
    pub(super) fn is_alive(&mut self) -> bool {
        if self.drive.as_mut().is_some_and(|drive| drive.as_mut().now_or_never().is_some()) {
            self.drive = None;
        }
        self.drive.is_some()
    }

    pub(super) fn rest(&mut self) {
        self.idle_since = Instant::now();
    }

    pub(super) fn idle_since(&self) -> Instant {
        self.idle_since
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
        let control = RawControl { ctype: password_policy::OID.to_owned(), crit: false, val: None };
        let ldap = &mut self.ldap;
        let asked = async { Ok(ldap.with_controls(control).simple_bind(name, password).await?) };
        together(&mut self.drive, asked, deadline).await
    }

    /// Search. After an error the connection may still be receiving and is not used again.
    pub(super) async fn search(&mut self, ask: &Ask<'_>, deadline: Instant) -> Result<Vec<Entry>, Fault> {
        let patience = deadline.saturating_duration_since(Instant::now()).as_secs().saturating_add(1);
        let options = SearchOptions::new()
            .deref(DerefAliases::Never)
            .sizelimit(i32::try_from(ask.limit).unwrap_or(i32::MAX))
            .timelimit(i32::try_from(patience).unwrap_or(i32::MAX));
        let ldap = self.ldap.with_search_options(options);
        let (entries, result) = together(&mut self.drive, collect(ldap, ask), deadline).await?;
        match result.rc {
            0 => Ok(entries),
            // More than we want to know of: the caller sees the limit reached.
            4 if entries.len() >= ask.limit => Ok(entries),
            // An entry that was asked for by its DN is not there. Below a base, it is the base that is missing.
            32 | 34 if matches!(ask.scope, Scope::Base) => Ok(Vec::new()),
            _ => Err(Fault::Answered(Words::of(&result))),
        }
    }
}

async fn collect(ldap: &mut Ldap, ask: &Ask<'_>) -> Result<(Vec<Entry>, LdapResult), Fault> {
    let mut stream = ldap.streaming_search(ask.base, ask.scope, ask.filter, ask.attributes).await?;
    let mut entries = Vec::new();
    let mut references = 0;
    while let Some(found) = stream.next().await? {
        if found.is_ref() || found.is_intermediate() {
            references += 1;
            if references > REFERENCES_MAX {
                return Err(Fault::Garbled("too many references"));
            }
            continue;
        }
        if entries.len() >= ask.limit {
            return Err(Fault::Garbled("more entries than were asked for"));
        }
        entries.push(Entry::read(found).ok_or(Fault::Garbled("an entry that cannot be read"))?);
    }
    Ok((entries, stream.finish().await))
}

/// Run a question together with the half that moves octets, until the answer, the end or the deadline.
async fn together<T>(
    drive: &mut Option<Drive>,
    question: impl Future<Output = Result<T, Fault>>,
    deadline: Instant,
) -> Result<T, Fault> {
    let Some(driving) = drive.as_mut() else { return Err(Fault::Disconnected) };
    let both = async {
        tokio::pin!(question);
        tokio::select! {
            biased;
            answer = &mut question => (answer, false),
            // The answer may have come just before the end. If not, the question now ends by itself.
            () = driving => (question.await, true),
        }
    };
    match timeout_at(deadline, AssertUnwindSafe(both).catch_unwind()).await {
        Ok(Ok((answer, has_ended))) => {
            if has_ended {
                *drive = None;
            }
            answer
        }
        Ok(Err(_panic)) => Err(Fault::Garbled("it is not LDAP")),
        Err(_elapsed) => Err(Fault::TimedOut),
    }
}
