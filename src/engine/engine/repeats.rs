//! Programs that sign a person in again and again with what the person typed once: same person, same place, same service,
//! same text. A factor that was given for one such sign-in counts for the next ones, for a while (`memory.rs`), and those
//! that come at once ask for one (`together.rs`).

use crate::attempt::{Login, Owed, Reached, Repeats};
use crate::engine::Engine;
use crate::engine::first::{Asked, Begun};
use crate::engine::password::Tried;
use crate::engine::ruling::Ruled;
use crate::engine::together::Due;
use crate::{
    CoalesceKey, Denial, EngineError, FirstFactor, Insist, LoginRequest, Password, PrimaryAuthenticator, Prompts,
    Settings, Station, Subject,
};

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
        let (person, counted) = match self.try_password(settings, &login, &asked.claim(), with, None, None).await? {
            Tried::Accepted { person, counted } => (person, counted),
            Tried::Over(step) => return Ok(Begun::Step(step)),
            // This channel cannot be asked.
            Tried::Asks(_) => {
                let refused = self.refuse(&login, None, &Reached::NOTHING, Denial::CodeMissing, Vec::new());
                return refused.await.map(Begun::Step);
            }
        };
        match self.ruled(settings, &login, &person, FirstFactor::Accepted, None).await? {
            Ruled::Over(step) => Ok(Begun::Step(step)),
            Ruled::Free(owed) => self.allow_without_factor(&login, None, &owed, counted).await.map(Begun::Step),
            Ruled::Owes(owed) => {
                let owed = Owed { version: with.password_version(), ..owed };
                Ok(Begun::Owes(Box::new(Due {
                    login,
                    owed,
                    typed: asked.typed,
                    clear: counted.clear,
                    unchecked: None,
                })))
            }
        }
    }

    /// Under which key logins that are one sign-in find each other, here and on other nodes.
    pub(super) fn shared_key(&self, login: &Login) -> Option<CoalesceKey> {
        login.repeats.as_ref().map(|repeats| self.digest(&[b"one sign-in", repeats.typed.as_bytes()]))
    }
}
