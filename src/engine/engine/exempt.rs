//! Logins that owe no factor because the configuration, or the person, said so beforehand: the accounts of programs, and
//! passwords made for one program. All else about them is as for everybody.

use std::net::IpAddr;

use crate::attempt::{Login, Owed};
use crate::engine::Engine;
use crate::throttle::{KNOWN_FOR, SIGHTING};
use crate::{
    AuditEvent, AuditRecord, Charge, Counter, CounterKey, EngineError, Exempt, Facts, Identity, Requirement, Ruling,
    Service, Settings, Timestamp, Transition,
};

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

    /// The account of a program is about to be let in: write down where it was seen, and an alert if that is news. Returns
    /// what to say once it is committed.
    pub(super) async fn watch_account(
        &self,
        login: &Login,
        owed: &Owed,
        change: &mut Transition,
    ) -> Result<Option<String>, EngineError> {
        let Some(Exempt::Account(account)) = &login.exempt else { return Ok(None) };
        let (identity, address) = (&owed.identity, login.origin.address);
        let key = CounterKey::account_at(&identity.source, &identity.source_id, address);
        let sighting = self.sighting(&key).await?;
        let is_known = sighting.last_failure.is_some_and(|seen| is_recent(seen, change.now));
        if !sighting.knows_already(&SIGHTING, change.now) {
            change.charge.push(Charge { key, budget: SIGHTING });
        }
        if is_known {
            return Ok(None);
        }
        let (service, address) = (login.service_name(), address.to_canonical().to_string());
        let alert =
            format!("Alert: the service account {account} signed in to {service} from the new address {address}");
        let account = account.to_string();
        let event = AuditEvent::ServiceAccountNewAddress { user: identity.user, account, service, address };
        change.audit.push(AuditRecord::new(change.now, event));
        Ok(Some(alert))
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
