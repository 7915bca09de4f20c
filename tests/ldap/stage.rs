//! What tests of this door share: a running site, people with factors, and what became of their sign-ins.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use vestibule::phone::Phone;
use vestibule_engine::{AuditEvent, Decision, Store, User};
use vestibule_peers::ldap_tools::{LdapTools, code};
use vestibule_peers::slapd::{self, Slapd};
use vestibule_store::Handle;

use crate::harness::{Daemon, LdapSite, Site, StoreKind, Token, enrol, find};

/// A running site with an LDAP door.
pub(super) struct Stage {
    pub(super) site: Site,
    pub(super) door: LdapSite,
    pub(super) daemon: Daemon,
    pub(super) store: Arc<Handle>,
}

impl Stage {
    /// Before slapd with a hundred people.
    pub(super) async fn before_slapd(application: &str, more: &str) -> Option<Self> {
        let mut site = Site::with_directory(StoreKind::Sqlite).await.unwrap()?;
        let door = site.with_ldap(application, more).unwrap();
        Self::start(site, door).await
    }

    /// `None` where OpenLDAP's tools are missing.
    pub(super) async fn start(site: Site, door: LdapSite) -> Option<Self> {
        door.tools()?;
        let daemon = site.start().await.unwrap();
        let store = site.store().await;
        Some(Self { site, door, daemon, store })
    }

    /// No test leaves a password in the log.
    pub(super) async fn end(self) {
        let log = self.daemon.log();
        assert!(!log.contains("pw-"), "{log}");
        self.daemon.stop().await;
        self.store.close().await;
    }

    pub(super) fn tools(&self) -> LdapTools {
        self.door.tools().unwrap()
    }

    /// One of slapd's ordinary people, who has a token from here on.
    pub(super) async fn enrolled(&self, number: u32) -> Token {
        let user = self.known(&slapd::user_name(number), &slapd::user_password(number)).await;
        enrol(&self.store, user.id).await
    }

    /// One of slapd's ordinary people, who has a phone from here on.
    pub(super) async fn with_phone(&self, number: u32) -> Phone {
        let name = slapd::user_name(number);
        let user = self.known(&name, &slapd::user_password(number)).await;
        self.site.phone(&self.store, user.id, &name).await
    }

    /// Their first login, refused for want of a factor, makes a person known.
    pub(super) async fn known(&self, name: &str, password: &str) -> User {
        let first = self.tools().bind(name, password).search("", "(objectClass=*)", &["1.1"]).await.unwrap();
        assert_eq!(first.code, code::INVALID_CREDENTIALS, "somebody without a factor: {first:?}");
        find(&self.store, name).await.expect("the first login makes a user known")
    }

    /// All that is on record, oldest first.
    pub(super) async fn events(&self) -> Vec<AuditEvent> {
        self.store.audit_tail(1_000, None).await.unwrap().into_iter().map(|line| line.record.event).collect()
    }

    /// What was decided about this person after their first login.
    pub(super) async fn decisions(&self, name: &str) -> Vec<Decision> {
        let about = |event| match event {
            AuditEvent::LoginDecided(decision) if decision.name.as_deref() == Some(name) => Some(*decision),
            _ => None,
        };
        self.events().await.into_iter().filter_map(about).skip(1).collect()
    }

    /// The last that was decided, whoever it is about.
    pub(super) async fn last_decision(&self) -> Decision {
        let decided = |event| match event {
            AuditEvent::LoginDecided(decision) => Some(*decision),
            _ => None,
        };
        self.events().await.into_iter().rev().find_map(decided).expect("a decision on record")
    }

    pub(super) async fn last_denial(&self, name: &str) -> Option<&'static str> {
        self.decisions(name).await.pop()?.denial.map(|denial| denial.name())
    }

    /// Times this person was let in: by a factor they gave for it, and by one they had given before.
    pub(super) async fn let_in(&self, name: &str) -> (usize, usize) {
        let decisions = self.decisions(name).await;
        let (before, now): (Vec<_>, Vec<_>) =
            decisions.iter().filter(|decision| decision.allowed).partition(|decision| decision.remembered);
        (now.len(), before.len())
    }
}

/// The `primaries` of a site before slapd: its servers in the order they are asked, and more of the section, a line each.
pub(super) fn slapd_primary(servers: &[&str], more: &[&str]) -> String {
    let servers = servers.iter().map(|url| format!("\"{url}\"")).collect::<Vec<_>>().join(", ");
    let more: String = more.iter().map(|line| format!("      {line}\n")).collect();
    format!(
        "  staff:\n    ldap:\n      servers: [{servers}]\n{more}      find:\n        search:\n          base: \"{}\"\n          \
         bind_dn: \"{}\"\n          password: {{ file: reader.password }}\n",
        slapd::PEOPLE,
        slapd::READER_DN
    )
}

/// A site before a slapd of a test's own.
pub(super) async fn site_before(slapd: Slapd) -> Option<Site> {
    let primary = slapd_primary(&[&slapd.url()], &["allow_plaintext: true", "timeout: 3s", "cool_down: 100ms"]);
    let mut site = site_with(&primary).await?;
    site.directory = Some(slapd);
    Some(site)
}

/// A site before slapd, as these `primaries` say.
pub(super) async fn site_with(primaries: &str) -> Option<Site> {
    let mut site = Site::local(StoreKind::Sqlite).await.unwrap()?;
    site.file("reader.password", slapd::READER_PASSWORD);
    site.primaries(primaries);
    Some(site)
}

/// Whoever holds this phone approves all it is asked.
pub(super) struct Approving {
    rang: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Approving {
    pub(super) fn with(phone: Phone) -> Self {
        let rang = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&rang);
        let task = tokio::spawn(async move {
            loop {
                if let Some(request) = phone.next_request(Duration::from_secs(20)).await.unwrap() {
                    count.fetch_add(1, Ordering::Relaxed);
                    phone.approve(&request, None).await.unwrap();
                }
            }
        });
        Self { rang, task }
    }

    /// How often it was asked.
    pub(super) fn rang(&self) -> usize {
        self.rang.load(Ordering::Relaxed)
    }
}

impl Drop for Approving {
    fn drop(&mut self) {
        self.task.abort();
    }
}
