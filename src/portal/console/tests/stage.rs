//! A site with a console, people with rights, and somebody they are about.

use std::time::Duration;

use ipnet::IpNet;
use uuid::Uuid;
use vestibule_engine::{AuditEvent, Method, Station, TokenKind, TrustEntry, TrustId, User, UserId};
use vestibule_factors::AppPasswordId;

use crate::app_passwords::tests::site::{Browser, Page, Site};
use crate::secrets::reference;
use crate::settings::{ConsoleSettings, Named, PortalSettings, Team};

pub(super) const REMEMBERED: &str = "/console/remembered";
pub(super) const FORGET: &str = "/console/remembered/forget";
pub(super) const JENKINS: &str = "ldap/jenkins";
/// As the engine keeps the address of a sign-in that is repeated.
pub(super) const REPEATS: &str = "192.0.2.7\u{1}00ff.01";
pub(super) const REASON: (&str, &str) = ("reason", "Ticket 4711");

pub(super) struct Stage {
    pub(super) site: Site,
    pub(super) eve: UserId,
}

impl Stage {
    /// Ada administers and Carl audits, both of the local source; the console may be used from the networks 10/8 and 127/8.
    pub(super) fn new() -> Self {
        let site = Site::with(&[]);
        site.change(with_console);
        let eve = site.world.person("eve");
        Self { site, eve }
    }

    pub(super) fn administrator(&self) -> Browser<'_> {
        self.site.signed_in("ada", Duration::ZERO)
    }

    pub(super) fn auditor(&self) -> Browser<'_> {
        let carl = self.site.signed_in("carl", Duration::ZERO);
        self.change(carl.user, |user| user.groups = vec!["CN=Audit,DC=example".to_owned()]);
        carl
    }

    pub(super) fn change(&self, user: UserId, change: impl FnOnce(&mut User)) {
        change(self.site.world.store.lock().users.get_mut(&user).unwrap());
    }

    /// One entry of this person, granted now.
    pub(super) fn remember(&self, number: u128, user: UserId, service: &str, station: &str) -> TrustId {
        let (id, now) = (TrustId(Uuid::from_u128(number)), self.site.desk.clock.now());
        let entry = TrustEntry {
            id,
            user,
            service: service.to_owned(),
            station: station_of(station),
            method: Method::Totp,
            granted: now,
            until: now.after(Duration::from_secs(3_600)),
        };
        self.site.world.store.lock().trust.insert(id, entry);
        id
    }

    pub(super) fn is_remembered(&self, id: TrustId) -> bool {
        self.site.world.store.lock().trust.contains_key(&id)
    }

    pub(super) async fn app_password(&self, user: UserId, label: &str) -> AppPasswordId {
        self.site.desk.app_passwords.make(user, JENKINS, label, "portal:eve").await.unwrap().id
    }

    /// The references of this person's sessions.
    pub(super) fn sessions(&self, user: UserId) -> Vec<String> {
        let store = self.site.world.store.lock();
        let of_user =
            store.tokens.values().filter(|token| token.kind == TokenKind::Session && token.user == Some(user));
        of_user.map(|token| reference(&token.digest)).collect()
    }

    /// What the audit log has got since the test began, without what the test itself did to prepare.
    pub(super) fn audit(&self) -> Vec<AuditEvent> {
        let is_prepared = |event: &AuditEvent| matches!(event, AuditEvent::AppPasswordMade { .. });
        let records = self.site.world.store.lock().audit.clone();
        records.into_iter().map(|record| record.event).filter(|event| !is_prepared(event)).collect()
    }
}

pub(super) fn station_of(text: &str) -> Station {
    serde_json::from_value(text.into()).unwrap()
}

pub(super) fn with_console(settings: &mut PortalSettings) {
    let team = |users: &[&str], groups: &[&str]| Team {
        source: "local".to_owned(),
        users: users.iter().map(|name| Named::Name((*name).to_owned())).collect(),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
    };
    let network = |text: &str| text.parse::<IpNet>().unwrap();
    settings.console = Some(ConsoleSettings {
        administrators: vec![team(&["ada"], &["admins"])],
        auditors: vec![team(&[], &["cn=audit,dc=example"])],
        networks: vec![network("127.0.0.0/8"), network("10.0.0.0/8")],
    });
}

/// The word that the next page speaks of.
pub(super) fn done(page: &Page) -> &str {
    page.to.split("done=").nth(1).unwrap_or_else(|| panic!("nothing was done: {} {}", page.status, page.text))
}
