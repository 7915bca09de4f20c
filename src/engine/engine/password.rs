//! The password: who may try one, what its source says of it, and what a wrong one costs.

use crate::attempt::{Login, Reached, Waiting};
use crate::engine::Engine;
use crate::throttle::{KNOWN_FOR, SIGHTING};
use crate::{
    Charge, Continuation, CounterKey, Denial, EngineError, Identity, Password, Person, PortError, PrimaryAuthenticator,
    PrimaryOutcome, PrimaryRefusal, Settings, Step, Subject, Timestamp, UserName,
};

/// A password, and whose it is said to be.
pub(super) struct Claim<'a> {
    pub(super) user: &'a UserName,
    pub(super) subject: &'a Subject,
    /// The source has named the person, not only the name it will ask for.
    pub(super) is_sure: bool,
    pub(super) password: &'a Password,
}

/// What the counters say of somebody who may try a password.
#[derive(Default)]
pub(super) struct Counted {
    /// Those that hold wrong passwords of theirs, which a right one clears.
    pub(super) clear: Vec<CounterKey>,
    /// It was written down within the hour that they were let in from where they are.
    pub(super) is_sighted: bool,
}

/// What came of a password.
pub(super) enum Tried {
    Accepted {
        person: Person,
        counted: Counted,
    },
    Asks(Continuation),
    /// Refused, or not even tried, and on the record.
    Over(Step),
}

impl Engine {
    /// Try the password, unless it is guessed too often. `rule` is the one that decided, where policy was read before.
    pub(super) async fn try_password(
        &self,
        settings: &Settings,
        login: &Login,
        claim: &Claim<'_>,
        with: &mut dyn PrimaryAuthenticator,
        rule: Option<&str>,
        from: Option<&Waiting>,
    ) -> Result<Tried, EngineError> {
        let &Claim { user, subject, is_sure, password } = claim;
        let reached = async |reached: Reached| {
            let (identity, rule) = (self.known(subject).await?, rule.map(str::to_owned));
            Ok::<_, EngineError>(Reached { identity, rule, ..reached })
        };
        let _pass = self.pass(settings, login, subject).await;
        let counted = match self.standing(login, subject).await? {
            Ok(counted) => counted,
            Err(until) => {
                with.pretend(password).await;
                let (reached, denial) = (reached(Reached::NOTHING).await?, Denial::LockedOut { until });
                return self.refuse(login, from, &reached, denial, Vec::new()).await.map(Tried::Over);
            }
        };
        match with.authenticate(user, subject, password).await.map_err(EngineError::Primary)? {
            PrimaryOutcome::Accepted(person) => {
                same_person(subject, &person, is_sure)?;
                // Somebody who was only named by then may be written down elsewhere than they are.
                let is_sighted = counted.is_sighted && is_sure;
                Ok(Tried::Accepted { person, counted: Counted { is_sighted, ..counted } })
            }
            PrimaryOutcome::Refused(refusal) => {
                let charges = self.password_charges(settings, login, subject, refusal);
                let reached = reached(Reached::REFUSED).await?;
                if let Some(identity) = &reached.identity {
                    self.forget_sign_in(identity.user, login, None).await?;
                }
                self.refuse(login, from, &reached, Denial::Primary(refusal), charges).await.map(Tried::Over)
            }
            PrimaryOutcome::Continue(continuation) => Ok(Tried::Asks(continuation)),
        }
    }

    /// Nobody knows this name. It costs the stranger the same time as a wrong password, and counts against their address.
    pub(super) async fn unknown(
        &self,
        settings: &Settings,
        login: &Login,
        password: &Password,
        with: &mut dyn PrimaryAuthenticator,
    ) -> Result<Step, EngineError> {
        with.pretend(password).await;
        let charge = login
            .origin
            .person_address()
            .map(|address| Charge { key: CounterKey::password_from(address), budget: settings.budgets.password_from });
        self.refuse(login, None, &Reached::REFUSED, Denial::UnknownUser, charge.into_iter().collect()).await
    }

    pub(super) async fn address_lock(&self, login: &Login) -> Result<Option<Timestamp>, EngineError> {
        match login.origin.person_address().map(CounterKey::password_from) {
            Some(from) => self.locked(&[from]).await,
            None => Ok(None),
        }
    }

    /// Wait for a place among those whose password is tried right now.
    pub(super) async fn pass(
        &self,
        settings: &Settings,
        login: &Login,
        subject: &Subject,
    ) -> Option<tokio::sync::OwnedSemaphorePermit> {
        let keys = own_keys(login, subject);
        self.gates.pass(keys.first()?, settings.budgets.password_at.tries).await
    }

    /// What the person's password counters say; `Err` holds until when one of them locks them, or their address.
    pub(super) async fn standing(
        &self,
        login: &Login,
        subject: &Subject,
    ) -> Result<Result<Counted, Timestamp>, EngineError> {
        let own = own_keys(login, subject);
        let place = login.origin.place();
        let known = place.map(|place| CounterKey::known_at(&subject.source, &subject.id, &place));
        let from = login.origin.person_address().map(CounterKey::password_from);
        let keys: Vec<CounterKey> = own.iter().cloned().chain(from).chain(known.clone()).collect();
        let counters = self.store.counters(&keys).await?;
        let now = self.clock.now();
        let sighting = known.and_then(|_| counters.last()).copied().unwrap_or_default();
        let seen = sighting.last_failure;
        let is_known = seen.is_some_and(|seen| seen <= now && now.since(seen) < KNOWN_FOR);
        // Strangers elsewhere can use up the person's budget; from where they were let in before, only failures there count.
        let anywhere = CounterKey::password_of(subject);
        let counts = |key: &CounterKey| !(is_known && *key == anywhere);
        let locks = keys.iter().zip(&counters).filter(|(key, _)| counts(key));
        if let Some(until) = locks.filter_map(|(_, counter)| counter.is_locked(now)).max() {
            return Ok(Err(until));
        }
        let failed = own.into_iter().zip(counters).filter(|(_, counter)| counter.failures > 0);
        let clear = failed.map(|(key, _)| key).collect();
        Ok(Ok(Counted { clear, is_sighted: sighting.knows_already(&SIGHTING, now) }))
    }

    /// Whom a refusal is about, for the record, if they were ever here.
    pub(super) async fn known(&self, subject: &Subject) -> Result<Option<Identity>, EngineError> {
        Ok(self.store.user_of(subject).await?.map(Identity::from))
    }

    /// What a refusal of the primary costs: only a wrong guess is counted.
    pub(super) fn password_charges(
        &self,
        settings: &Settings,
        login: &Login,
        subject: &Subject,
        refusal: PrimaryRefusal,
    ) -> Vec<Charge> {
        if !refusal.is_wrong_guess() {
            return Vec::new();
        }
        let budgets = &settings.budgets;
        let own = |key: CounterKey| Some(key).filter(|_| !login.is_by_app_password());
        let at = login.origin.place().and_then(|place| own(CounterKey::password_at(subject, &place)));
        let from = login.origin.person_address().map(CounterKey::password_from);
        [
            at.map(|key| Charge { key, budget: budgets.password_at }),
            own(CounterKey::password_of(subject)).map(|key| Charge { key, budget: budgets.password_of }),
            from.map(|key| Charge { key, budget: budgets.password_from }),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Counters, locks and coalescing were those of the person that was identified; the verdict has to be about them too.
/// Where the source could only say so after the password, its word stands.
pub(super) fn same_person(identified: &Subject, accepted: &Person, is_sure: bool) -> Result<(), EngineError> {
    let is_same = identified.source == accepted.subject.source && (!is_sure || identified.id == accepted.subject.id);
    let other = || EngineError::Primary(PortError::unusable("check a password: the source accepted somebody else"));
    is_same.then_some(()).ok_or_else(other)
}

/// The person's own password counters: at their place, if it is one, and anywhere. An app password is none of them: whoever
/// guesses the person's password does not stop their programs, and a program does not clear what was guessed.
fn own_keys(login: &Login, subject: &Subject) -> Vec<CounterKey> {
    if login.is_by_app_password() {
        return Vec::new();
    }
    let at = login.origin.place().map(|place| CounterKey::password_at(subject, &place));
    at.into_iter().chain([CounterKey::password_of(subject)]).collect()
}
