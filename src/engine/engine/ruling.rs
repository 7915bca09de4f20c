//! What policy makes of a person: in, out, or a factor first.

use crate::attempt::{Login, Owed, Reached, Waiting};
use crate::engine::Engine;
use crate::{
    CounterKey, Denial, EngineError, FirstFactor, Identity, Insist, Method, Person, Requirement, Settings, Step,
};

pub(super) enum Ruled {
    /// Refused, on the record.
    Over(Step),
    /// No factor is asked for.
    Free(Owed),
    Owes(Owed),
}

impl Engine {
    /// Resolve to one user, and only then ask policy.
    pub(super) async fn ruled(
        &self,
        settings: &Settings,
        login: &Login,
        person: &Person,
        first_factor: FirstFactor,
        from: Option<&Waiting>,
    ) -> Result<Ruled, EngineError> {
        let user = self.store.adopt(person, self.clock.now()).await?;
        let is_enabled = user.enabled;
        let identity = Identity::from(user);
        if !is_enabled {
            let reached = Reached::identity(&identity, first_factor);
            return self.refuse(login, from, &reached, Denial::UserDisabled, Vec::new()).await.map(Ruled::Over);
        }
        let ruling = self.ruling(settings, login, &identity);
        let remembers = !settings.push.nist && login.insist == Insist::Policy;
        let owed = |identity, allowed, known| Owed {
            identity,
            carried: person.carried.clone(),
            rule: ruling.rule.clone(),
            allowed,
            remember: ruling.remember.filter(|_| remembers),
            known,
            first_factor,
            version: None,
        };
        match demanded(login, ruling.require.clone()) {
            Requirement::Refuse => {
                let reached = Reached::owed(&owed(identity, Vec::new(), None));
                self.refuse(login, from, &reached, Denial::PolicyRefused, Vec::new()).await.map(Ruled::Over)
            }
            Requirement::Skip => Ok(Ruled::Free(owed(identity, Vec::new(), None))),
            Requirement::AnyOf(allowed) => {
                let known = self.known_place(login, &identity).await?;
                Ok(Ruled::Owes(owed(identity, allowed, known)))
            }
        }
    }

    /// The place of the login, if the person was let in from there not long ago.
    async fn known_place(&self, login: &Login, identity: &Identity) -> Result<Option<String>, EngineError> {
        let Some(place) = login.origin.place() else { return Ok(None) };
        let key = CounterKey::known_at(&identity.source, &identity.source_id, &place);
        Ok(self.is_seen(&key).await?.then_some(place))
    }
}

/// What policy asks for, and what the door insists on beyond it. An invitation opens the portal, whatever a rule says, and
/// nothing else.
fn demanded(login: &Login, ruled: Requirement) -> Requirement {
    let at_portal = login.service.door == crate::Door::Portal;
    match (ruled, login.insist) {
        (Requirement::Refuse, _) => Requirement::Refuse,
        (_, Insist::Test(_)) => Requirement::AnyOf(vec![Method::Push]),
        (Requirement::Skip, Insist::Policy) => Requirement::Skip,
        (Requirement::Skip, Insist::Factor) => demanded(login, Requirement::AnyOf(Method::ALL.to_vec())),
        (Requirement::AnyOf(mut methods), _) => {
            methods.retain(|method| *method != Method::Invitation);
            methods.extend(at_portal.then_some(Method::Invitation));
            Requirement::AnyOf(methods)
        }
    }
}
