//! What was given once and counts for a while: a factor at a station that the rule remembers, or for a sign-in that a program
//! repeats. What is remembered of the latter stands under the address, a keyed digest of what was typed, and one of the
//! password's version, so that it is found and dropped when the directory has a newer one.

use crate::attempt::{Login, Owed, Repeats};
use crate::engine::Engine;
use crate::{
    AuditEvent, AuditRecord, EngineError, FirstFactor, Insist, Method, Station, Timestamp, TrustEntry, TrustId, UserId,
};

/// On whose word what was remembered is dropped.
const THE_DIRECTORY: &str = "the directory";

impl Engine {
    /// What a factor that is given now leaves behind: an entry for the station, if the rule remembers stations, or for what a
    /// program repeats.
    pub(super) fn to_remember(
        &self,
        login: &Login,
        owed: &Owed,
        method: Option<Method>,
    ) -> Result<Option<TrustEntry>, EngineError> {
        let Some(method) = method else { return Ok(None) };
        let at_station = owed.remember.zip(login.origin.station.clone());
        let repeated = login.repeats.as_ref().map(|repeats| repeats.window).zip(self.repeating(login, owed));
        let Some((span, station)) = at_station.or(repeated) else { return Ok(None) };
        let now = self.clock.now();
        Ok(Some(TrustEntry {
            id: TrustId(self.draw_attempt()?.0),
            user: owed.identity.user,
            service: login.service_name(),
            station,
            method,
            granted: now,
            until: now.after(span),
        }))
    }

    pub(super) fn granted(&self, entry: &TrustEntry) -> AuditRecord {
        let event = AuditEvent::TrustGranted {
            user: entry.user,
            trust: entry.id,
            service: entry.service.clone(),
            station: entry.station.shown().to_owned(),
            until: entry.until,
        };
        AuditRecord::new(self.clock.now(), event)
    }

    /// Where a factor given now is remembered for what a program repeats. Only once the password was accepted: which one
    /// it was is a part of it.
    fn repeating(&self, login: &Login, owed: &Owed) -> Option<Station> {
        let repeats = login.repeats.as_ref().filter(|_| owed.first_factor == FirstFactor::Accepted)?;
        let (told, version): (&[u8], &str) = owed.version.as_deref().map_or((b"untold", ""), |told| (b"told", told));
        let version = self.digest(&[b"version", repeats.typed.as_bytes(), told, version.as_bytes()]);
        Some(Station::of_repeats(login.origin.address, &repeats.typed, &version.to_hex()))
    }

    /// What the person gave not long ago and counts here: at their station, if the rule remembers stations, or for what a
    /// program repeats.
    pub(super) async fn memory(&self, login: &Login, owed: &Owed) -> Result<Option<TrustEntry>, EngineError> {
        // A clock that was set back would bring entries back that are over (OTP-08).
        if login.insist != Insist::Policy || self.clock.sound().is_err() {
            return Ok(None);
        }
        let now = self.clock.now();
        if let (Some(remember), Some(station)) = (owed.remember, &login.origin.station) {
            let entry = self.store.trusted(owed.identity.user, &login.service_name(), station, now).await?;
            if let Some(entry) = entry.filter(|entry| counts(entry, owed, remember, now)) {
                return Ok(Some(entry));
            }
        }
        match &login.repeats {
            Some(repeats) => self.repeated(login, owed, repeats, now).await,
            None => Ok(None),
        }
    }

    async fn repeated(
        &self,
        login: &Login,
        owed: &Owed,
        repeats: &Repeats,
        now: Timestamp,
    ) -> Result<Option<TrustEntry>, EngineError> {
        let user = owed.identity.user;
        let Some(station) = self.repeating(login, owed) else {
            // The password is asked for later, and the entry looked for again by what it turns out to be.
            let mut entries = self.same_sign_in(user, login, repeats).await?;
            entries.retain(|entry| counts(entry, owed, repeats.window, now));
            return Ok(entries.pop());
        };
        let entry = self.store.trusted(user, &login.service_name(), &station, now).await?;
        if entry.is_none() {
            // What there is was given to another password than the one that was right just now.
            self.forget_sign_in(user, login, Some(&station)).await?;
        }
        Ok(entry.filter(|entry| counts(entry, owed, repeats.window, now)))
    }

    /// The directory does not take this password, or only one of this version: no factor that was given with another counts.
    pub(super) async fn forget_sign_in(
        &self,
        user: UserId,
        login: &Login,
        but: Option<&Station>,
    ) -> Result<(), EngineError> {
        let Some(repeats) = &login.repeats else { return Ok(()) };
        let mut entries = self.same_sign_in(user, login, repeats).await?;
        // One of this version may have come in this moment.
        entries.retain(|entry| but != Some(&entry.station));
        for entry in entries {
            self.store.revoke_trust(entry.id, THE_DIRECTORY, self.clock.now()).await?;
        }
        Ok(())
    }

    /// What is remembered for the same text from the same place, whichever password the directory had then; newest last.
    async fn same_sign_in(
        &self,
        user: UserId,
        login: &Login,
        repeats: &Repeats,
    ) -> Result<Vec<TrustEntry>, EngineError> {
        let (service, like) = (login.service_name(), Station::of_repeats(login.origin.address, &repeats.typed, ""));
        let mut entries = self.store.trust_entries(Some(user), self.clock.now()).await?;
        entries.retain(|entry| entry.service == service && entry.station.repeats_the_same_as(&like));
        entries.sort_by_key(|entry| entry.granted);
        Ok(entries)
    }
}

/// What the rule and the window say now counts, not what they said when the factor was given.
fn counts(entry: &TrustEntry, owed: &Owed, span: std::time::Duration, now: Timestamp) -> bool {
    entry.granted <= now && now < entry.granted.after(span) && owed.allowed.contains(&entry.method)
}
