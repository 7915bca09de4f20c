//! Logins that owe no factor because the configuration, or the person, said so beforehand: the accounts of programs, and
//! passwords made for one program. All else about them is as for everybody.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::attempt::{Login, Owed};
use crate::engine::Engine;
use crate::throttle::{KNOWN_FOR, SIGHTING};
use crate::{
    AuditEvent, AuditRecord, Charge, Counter, CounterKey, EngineError, Exempt, Facts, Identity, Requirement, Ruling,
    Service, Settings, Timestamp, Transition,
};

/// More than accounts have addresses, unless somebody has very many; then some are read from the store again.
const SIGHTINGS_MAX: usize = 1_024;

/// The account of a program, where it is about to be let in.
pub(super) struct Watched {
    key: CounterKey,
    /// What to say once it is committed.
    alert: Option<String>,
}

/// Where accounts of programs were written down as seen, and when: within the hour, that is enough.
#[derive(Default)]
pub(super) struct Sightings(Mutex<HashMap<CounterKey, Timestamp>>);

impl Sightings {
    fn is_fresh(&self, key: &CounterKey, now: Timestamp) -> bool {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied();
        Counter { last_failure: seen, ..Counter::default() }.knows_already(&SIGHTING, now)
    }

    fn note(&self, key: CounterKey, now: Timestamp) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= SIGHTINGS_MAX {
            seen.clear();
        }
        seen.insert(key, now);
    }
}

impl Engine {
    /// What the rules say of this login; where none is to be read, what stands in for them.
    pub(super) fn ruling(&self, settings: &Settings, login: &Login, identity: &Identity) -> Ruling {
        let exempted = |exempt: &Exempt| Ruling { rule: exempt.rule(), require: Requirement::Skip, remember: None };
        if let Some(exempt @ Exempt::Account(_)) = &login.exempt {
            return exempted(exempt);
        }
        let (service, origin) = (&login.service, &login.origin);
        let ruling = settings.policy.decide(&Facts { service, origin, identity, now: self.clock.now() });
        match &login.exempt {
            // It stands for the factor, and not for what the rules forbid.
            Some(exempt) if ruling.require != Requirement::Refuse => exempted(exempt),
            _ => ruling,
        }
    }

    /// The account of a program is about to be let in: write down where it was seen, and an alert if that is news. Where it
    /// was seen within the hour there is nothing to write.
    pub(super) async fn watch_account(
        &self,
        login: &Login,
        owed: &Owed,
        change: &mut Transition,
    ) -> Result<Option<Watched>, EngineError> {
        let Some(Exempt::Account(account)) = &login.exempt else { return Ok(None) };
        let (identity, address) = (&owed.identity, login.origin.address);
        let key = CounterKey::account_at(&identity.source, &identity.source_id, address);
        if self.sightings.is_fresh(&key, change.now) {
            return Ok(None);
        }
        let sighting = self.sighting(&key).await?;
        let is_known = sighting.last_failure.is_some_and(|seen| is_recent(seen, change.now));
        change.charge.push(Charge { key: key.clone(), budget: SIGHTING });
        if is_known {
            return Ok(Some(Watched { key, alert: None }));
        }
        let (service, address) = (login.service_name(), address.to_canonical().to_string());
        let alert =
            format!("Alert: the service account {account} signed in to {service} from the new address {address}");
        let account = account.to_string();
        let event = AuditEvent::ServiceAccountNewAddress { user: identity.user, account, service, address };
        change.audit.push(AuditRecord::new(change.now, event));
        Ok(Some(Watched { key, alert: Some(alert) }))
    }

    /// What was to be written of it is.
    pub(super) fn has_watched(&self, watched: Watched, now: Timestamp, user: crate::UserId) {
        self.sightings.note(watched.key, now);
        if let Some(alert) = watched.alert {
            tracing::warn!(%user, "{alert}");
        }
    }

    /// Whether this sighting is not too long ago.
    pub(super) async fn is_seen(&self, key: &CounterKey) -> Result<bool, EngineError> {
        let now = self.clock.now();
        Ok(self.sighting(key).await?.last_failure.is_some_and(|seen| is_recent(seen, now)))
    }

    async fn sighting(&self, key: &CounterKey) -> Result<Counter, EngineError> {
        let counters = self.store.counters(std::slice::from_ref(key)).await?;
        Ok(counters.first().copied().unwrap_or_default())
    }

    /// Somebody tried the account of a program from where it may not be used, or after its time. The door refused them, and
    /// sees to it that this is not told too often.
    pub async fn misused(
        &self,
        account: &str,
        service: &Service,
        address: IpAddr,
        why: &str,
    ) -> Result<(), EngineError> {
        let (account, service, address) = (account.to_owned(), service.to_string(), address.to_canonical().to_string());
        tracing::warn!(account, service, address, "Alert: the service account {account} was misused: {why}");
        let event = AuditEvent::ServiceAccountMisused { account, service, address, why: why.to_owned() };
        Ok(self.store.record(vec![AuditRecord::new(self.clock.now(), event)]).await?)
    }
}

fn is_recent(seen: Timestamp, now: Timestamp) -> bool {
    seen <= now && now.since(seen) < KNOWN_FOR
}
