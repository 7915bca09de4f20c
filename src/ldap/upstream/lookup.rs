//! Lookups as the service account. They change nothing, so they are repeated at the next server when one fails.

use std::sync::Weak;
use std::time::Duration;

use tokio::time::Instant;
use tracing::error;
use vestibule_engine::PortError;

use super::bind_result::judge;
use super::connection::Connection;
use super::directory::{Directory, Place, Server};
use super::entry::{Ask, Entry};
use super::fault::{Fault, Words};
use super::lookups::{Opener, Way};
use super::shared::Asked;
use crate::config::{Account, Find};

/// A service account that was refused is not tried again for so long: each try may count towards locking it.
const ACCOUNT_RESTS: Duration = Duration::from_secs(30);

impl Directory {
    pub(super) async fn search(&self, ask: &Ask<'_>, deadline: Instant) -> Result<Vec<Entry>, PortError> {
        self.search_anywhere(ask, deadline).await.map(|(entries, _)| entries)
    }

    /// What was found, and by which server.
    pub(super) async fn search_anywhere(
        &self,
        ask: &Ask<'_>,
        deadline: Instant,
    ) -> Result<(Vec<Entry>, Place), PortError> {
        let doing = || format!("look up in the directory \"{}\"", self.name);
        let mut last = None;
        for (tried, server) in self.candidates(None).enumerate() {
            let began = Instant::now();
            // A server that hangs leaves their share of the time to those behind it.
            let left = u32::try_from(self.servers().len().saturating_sub(tried)).unwrap_or(1).max(1);
            let share = began + deadline.saturating_duration_since(began) / left;
            match self.search_at(server, ask, share).await {
                Ok(entries) => {
                    self.is_well(server);
                    return Ok((entries, server.place));
                }
                Err(fault) => {
                    // It answers, whatever it answers: after a rest, others may ask it again.
                    if fault.is_an_answer() {
                        self.is_well(server);
                    }
                    if !fault.may_ask_elsewhere() {
                        return Err(fault.into_port_error(doing()));
                    }
                    self.has_failed(server, &fault, began);
                    last = Some(fault);
                }
            }
        }
        Err(self.all_failed(last, &doing()))
    }

    async fn search_at(&self, server: &Server, ask: &Ask<'_>, deadline: Instant) -> Result<Vec<Entry>, Fault> {
        let _turn = server.lookups.gate.turn(deadline).await?;
        let began = Instant::now();
        let operation = ask.octets(deadline)?;
        loop {
            let asked = self.asked(server, &operation, ask.limit, deadline).await?;
            let was_there_before = asked.opened() < began;
            match asked.answer(ask, deadline).await {
                // The server closed it while it was idle, as a restart does to all of them. Few were there before, and
                // none of them twice.
                Err(Fault::Disconnected) if was_there_before => {}
                found => return found,
            }
        }
    }

    /// Ask on a connection that is shared with others, opened first if need be.
    async fn asked(&self, server: &Server, operation: &[u8], limit: usize, deadline: Instant) -> Result<Asked, Fault> {
        loop {
            let opening = match server.lookups.ask(operation, limit) {
                Way::Asked(asked) => return Ok(asked),
                Way::Wait(opening) => opening,
                Way::Open(opener, opening) => {
                    server.lookups.spawn(self.open_shared(server.place, opener));
                    opening
                }
                Way::Hung => return Err(Fault::TimedOut),
            };
            if let Some(asked) = server.lookups.ask_meanwhile(opening, operation, limit, deadline).await? {
                return Ok(asked);
            }
            if Instant::now() >= deadline {
                return Err(Fault::TimedOut);
            }
        }
    }

    /// Open a connection for all who wait for one, and drive it until it ends. Whoever asked for it may go away
    /// meanwhile.
    fn open_shared(&self, place: Place, opener: Opener) -> impl Future<Output = ()> + Send + use<> {
        let directory = Weak::clone(&self.itself);
        async move {
            let Some(directory) = directory.upgrade() else { return };
            let Some(server) = directory.server(place) else { return };
            let opened = directory.open_as_account(server, directory.deadline()).await;
            let driver = server.lookups.opened(&opener, opened.map(Connection::into_line));
            drop((opener, directory));
            if let Some(driver) = driver {
                driver.drive().await;
            }
        }
    }

    /// A new connection, bound as the service account.
    pub(super) async fn open_as_account(&self, server: &Server, deadline: Instant) -> Result<Connection, Fault> {
        let Find::Search { account, .. } = &self.settings.find else {
            return Err(Fault::NotAsked("no service account is configured"));
        };
        if self.account_rests().is_some_and(|until| until > Instant::now()) {
            return Err(Fault::NotAsked("the service account was refused a moment ago"));
        }
        let mut connection = self.open(server, deadline).await?;
        let began = Instant::now();
        let result = connection.bind(&account.dn, &account.password, deadline).await?;
        if judge(&result)?.is_some() {
            return Err(self.account_refused(account, server, Words::of(&result)));
        }
        self.pretence.note(began.elapsed());
        Ok(connection)
    }

    fn account_refused(&self, account: &Account, server: &Server, words: Words) -> Fault {
        *self.account_rests() = Some(Instant::now() + ACCOUNT_RESTS);
        error!(
            source.name = %self.name, server = %server.address, account = %account.dn, reason = %words,
            "The directory \"{}\" refuses its service account {}: nobody can sign in by it; check bind_dn and password",
            self.name, account.dn
        );
        Fault::Account(words)
    }
}
