//! Programs that sign a person in again and again with what the person typed once. A factor that was given for one such
//! sign-in counts for the next ones, for a while: same person, same place, same service, same text, same password behind it.

use crate::attempt::{Login, Owed, Reached, Repeats};
use crate::engine::Engine;
use crate::engine::first::{Asked, Begun};
use crate::engine::password::Tried;
use crate::engine::ruling::Ruled;
use crate::engine::together::Due;
use crate::{
    CoalesceKey, Denial, EngineError, FirstFactor, Insist, LoginRequest, Password, PrimaryAuthenticator, Prompts,
    Settings, Station, Subject, Timestamp, TrustEntry, UserId,
};

/// On whose word what was remembered is dropped.
const THE_DIRECTORY: &str = "the directory";

impl Engine {
    /// How a login is known again when a program repeats it: by all of the field that was typed, as it came (LDP-25).
    /// Nothing where each login counts for itself.
    pub(super) fn repeats(
        &self,
        settings: &Settings,
        login: &Login,
        request: &LoginRequest,
        subject: &Subject,
        field: &Password,
    ) -> Option<Repeats> {
        let window = request.terms.repeats.filter(|window| !window.is_zero())?;
        let is_silent = login.channel.prompts == Prompts::None;
        if !is_silent || login.insist != Insist::Policy || login.exempt.is_some() || settings.push.nist {
            return None;
        }
        let typed = self.digest(&[
            b"repeats",
            subject.source.as_bytes(),
            subject.id.as_bytes(),
            login.service_name().as_bytes(),
            login.origin.address.to_canonical().to_string().as_bytes(),
            login.origin.station.as_ref().map_or("", Station::as_str).as_bytes(),
            field.octets(),
            request.passcode.as_ref().map_or("", |code| code.as_typed()).as_bytes(),
        ]);
        Some(Repeats { typed: typed.to_hex(), window })
    }

    /// What a program repeats: the password is checked each time, and for the factor it may not be alone.
    pub(super) async fn repeated_step<'a>(
        &self,
        settings: &Settings,
        login: Login,
        asked: Asked<'_>,
        with: &mut dyn PrimaryAuthenticator,
    ) -> Result<Begun<'a>, EngineError> {
        let (person, clear) = match self.try_password(settings, &login, &asked.claim(), with, None, None).await? {
            Tried::Accepted { person, clear } => (person, clear),
            Tried::Over(step) => return Ok(Begun::Step(step)),
            // This channel cannot be asked.
            Tried::Asks(_) => {
                let refused = self.refuse(&login, None, &Reached::NOTHING, Denial::CodeMissing, Vec::new());
                return refused.await.map(Begun::Step);
            }
        };
        match self.ruled(settings, &login, &person, FirstFactor::Accepted, None).await? {
            Ruled::Over(step) => Ok(Begun::Step(step)),
            Ruled::Free(owed) => self.allow_without_factor(&login, None, &owed, clear).await.map(Begun::Step),
            Ruled::Owes(owed) => {
                let owed = Owed { version: with.password_version(), ..owed };
                Ok(Begun::Owes(Box::new(Due { login, owed, typed: asked.typed, clear, unchecked: None })))
            }
        }
    }

    /// Under which key logins that are one sign-in find each other, here and on other nodes.
    pub(super) fn shared_key(&self, login: &Login) -> Option<CoalesceKey> {
        login.repeats.as_ref().map(|repeats| self.digest(&[b"one sign-in", repeats.typed.as_bytes()]))
    }

    /// Where a factor given now is remembered for what a program repeats. Only once the password was accepted: which one
    /// it was is a part of it.
    pub(super) fn repeating(&self, login: &Login, owed: &Owed) -> Option<Station> {
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
