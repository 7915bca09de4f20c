//! A site for octets written by hand: before a directory that one person, the keeper, may change as they like, so that
//! whatever slips through the door leaves a trace there.

use std::fmt::Write;

use vestibule_peers::slapd::{self, Options, Slapd};

use super::stage::{Stage, site_before};
use crate::harness::LdapSite;
use crate::harness::ldap_wire::request::{BASE, Search, present};
use crate::harness::ldap_wire::{Wire, request};

/// May change everything. Whether they need a second step is a test's to say.
pub(super) const KEEPER: u32 = 1;
/// Needs none, and may read themselves.
pub(super) const PLAIN: u32 = 9;
/// Where a test keeps what it may lose.
pub(super) const SHED: &str = "ou=shed,dc=example,dc=org";

/// What a test says of its site.
#[derive(Default)]
pub(super) struct Plan<'a> {
    /// Ordinary people in the directory; 20 if not said.
    pub(super) users: Option<u32>,
    /// Who needs no second step, beside [`PLAIN`].
    pub(super) exempt: &'a [u32],
    /// About the application, six spaces in.
    pub(super) application: &'a str,
    /// `key: value, ...` for the limits of the door.
    pub(super) limits: &'a str,
    pub(super) has_portal: bool,
}

/// Start a site like that; `None` where slapd is missing.
pub(super) async fn stage(plan: &Plan<'_>) -> Option<Stage> {
    let mut site = site_before(directory(plan.users.unwrap_or(20)).await?).await?;
    let limits = format!("  limits: {{ {} }}\n", plan.limits);
    let door = site.with_ldap(plan.application, &limits).unwrap();
    let exempt: Vec<String> = [PLAIN].iter().chain(plan.exempt).map(|number| slapd::user_name(*number)).collect();
    let rule = format!("{{ name: plain, users: [{}], require: skip }}", exempt.join(", "));
    writeln!(site.more, "policy: {{ rules: [{rule}] }}").unwrap();
    if plan.has_portal {
        site.with_portal("").unwrap();
    }
    Stage::start(site, door).await
}

/// A slapd with a keeper and a shed, and everything loaded that Debian's brings for searches.
pub(super) async fn directory(users: u32) -> Option<Slapd> {
    let keeper = slapd::user_dn(KEEPER);
    let global = "moduleload sssvlv\nmoduleload syncprov".to_owned();
    let database = format!(
        "limits dn.exact=\"{keeper}\" size=unlimited time=unlimited\naccess to * by dn.exact=\"{keeper}\" manage by * \
         break\noverlay sssvlv\noverlay syncprov"
    );
    let directory = Slapd::start(Options { users, global, database, ..Options::default() }).await.unwrap()?;
    let mut wire = Wire::plain(directory.address()).await;
    assert_eq!(wire.bind(1, slapd::ADMIN_DN, slapd::ADMIN_PASSWORD).await, 0);
    let shed = request::add(SHED, &[("objectClass", &["organizationalUnit"]), ("ou", &["shed"])]);
    assert_eq!(wire.ask(2, &shed).await[0].code(), 0);
    Some(directory)
}

/// A look into the directory behind a door, past it.
pub(super) struct Inside(Wire);

impl Inside {
    pub(super) async fn of(directory: &Slapd) -> Self {
        let mut wire = Wire::plain(directory.address()).await;
        assert_eq!(wire.bind(1, slapd::ADMIN_DN, slapd::ADMIN_PASSWORD).await, 0);
        Self(wire)
    }

    /// Put something into the shed; its DN.
    pub(super) async fn put(&mut self, name: &str) -> String {
        let dn = format!("cn={name},{SHED}");
        let add = request::add(&dn, &[("objectClass", &["device"]), ("cn", &[name]), ("description", &["as it was"])]);
        assert_eq!(self.0.ask(2, &add).await[0].code(), 0);
        dn
    }

    /// Whether it is there and was not changed.
    pub(super) async fn is_as_it_was(&mut self, dn: &str) -> bool {
        self.0.ask(3, &request::compare(dn, "description", "as it was")).await[0].code() == 6
    }

    pub(super) async fn exists(&mut self, dn: &str) -> bool {
        self.0.ask(4, &request::compare(dn, "objectClass", "top")).await[0].code() != 32
    }

    /// Whether this is their password, with nothing between us and the directory.
    pub(super) async fn is_password(directory: &Slapd, dn: &str, password: &str) -> bool {
        Wire::plain(directory.address()).await.bind(1, dn, password).await == 0
    }
}

impl Stage {
    pub(super) fn directory(&self) -> &Slapd {
        self.site.directory.as_ref().unwrap()
    }

    /// A connection with TLS.
    pub(super) async fn wire(&self) -> Wire {
        secure(&self.door).await
    }

    /// The same, signed in as somebody who needs no second step.
    pub(super) async fn wire_as(&self, number: u32) -> Wire {
        let mut wire = self.wire().await;
        assert_eq!(wire.bind(1, &slapd::user_dn(number), &slapd::user_password(number)).await, 0);
        wire
    }

    /// Somebody honest signs in as always, and is served as always.
    pub(super) async fn assert_alive(&self) {
        let (mut wire, me) = (self.wire_as(PLAIN).await, slapd::user_dn(PLAIN));
        assert_eq!(wire.whoami(2).await, format!("dn:{me}"));
        let themselves = Search::new(&me, BASE, present("objectClass")).operation();
        let found = wire.ask(3, &themselves).await;
        assert_eq!((found.len(), found[0].dn(), found[1].code()), (2, me, 0));
    }
}

pub(super) async fn secure(door: &LdapSite) -> Wire {
    Wire::tls(door.secure(), door.ca.ca_pem()).await
}
