//! The domain, and three applications before it.
//!
//! | application | listener | what about it |
//! |---|---|---|
//! | `app` | with TLS | hears the controller's own words; a program reads and one more follows changes |
//! | `guarded` | StartTLS | hears one text for all refusals; nothing is coalesced |
//! | `grouped` | in the clear | rules decide by groups |

use vestibule_peers::ldap_tools::{Answer, LdapTools};
use vestibule_peers::samba::people::{CAROL, READER};
use vestibule_peers::samba::{ADMIN_DN, ADMIN_PASSWORD, PEOPLE, Samba};

use crate::harness::ldap_wire::Wire;
use crate::harness::{LdapSite, Site, StoreKind, Token, enrol};
use crate::ldap::stage::Stage;

/// Wrong passwords of one person before they have to wait.
pub(super) const TRIES: usize = 6;

pub(super) struct Domain {
    pub(super) samba: Samba,
    pub(super) stage: Stage,
}

/// The `primaries` of a site before this domain, with its servers and how they are reached.
pub(super) fn primaries(reached: &str) -> String {
    format!(
        "  staff:\n    ldap:\n      directory: active_directory\n      {reached}\n      domains: [CORP, corp.example]\n      \
         find:\n        search:\n          base: \"DC=corp,DC=example\"\n          bind_dn: \"{}\"\n          password: {{ \
         file: reader.password }}\n",
        READER.dn()
    )
}

pub(super) async fn site(primaries: &str, application: &str, more: &str) -> Option<(Site, LdapSite)> {
    let mut site = Site::local(StoreKind::Sqlite).await.unwrap()?;
    site.file("reader.password", READER.password());
    site.primaries(primaries);
    let door = site.with_ldap(application, more).unwrap();
    Some((site, door))
}

impl Domain {
    pub(super) async fn before(samba: Samba) -> Option<Self> {
        let reached = format!("servers: [\"{}\"]\n      tls: {{ ca_file: domain.pem }}", samba.tls_url());
        let accounts = format!(
            "      listeners: [secure]\n      coalesce: 5m\n      service_accounts:\n        reader: {{ dn: \"{}\" }}\n        \
             follower: {{ dn: \"{ADMIN_DN}\", operations: [search] }}\n",
            READER.dn()
        );
        let other = |name: &str, listener: &str, more: &str| {
            format!(
                "    {name}:\n      addresses: [\"127.0.0.1\"]\n      listeners: [{listener}]\n      primary: staff\n      \
                 reject_delay: 0s\n{more}"
            )
        };
        let more = other("guarded", "plain", "      diagnostics: generic\n      coalesce: 0s\n")
            + &other("grouped", "local", "      allow_plaintext: true\n");
        let (mut site, door) = site(&primaries(&reached), &accounts, &more).await?;
        site.file("domain.pem", samba.ca().ca_pem());
        site.more.push_str(&format!(
            "policy:\n  rules:\n    - {{ name: nested, services: [grouped], groups: \
             [\"cn=WORLDWIDE,ou=groups,dc=corp,dc=example\"], require: skip }}\n    - {{ name: primary, services: [grouped], \
             users: [bob], groups: [Domain Users], require: skip }}\nthrottle:\n  password_per_user: {{ tries: {TRIES}, \
             wait_first: 5m, wait_max: 5m, forget_after: 10m }}\n"
        ));
        let stage = Stage::start(site, door).await?;
        Some(Self { samba, stage })
    }

    pub(super) async fn end(self) {
        self.stage.end().await;
    }

    /// A bind shown by a search, because Samba knows no "Who am I?".
    pub(super) async fn bind(&self, name: &str, typed: &str) -> Answer {
        shown(self.stage.tools().bind(name, typed)).await
    }

    /// The same at the application that hears one text for all.
    pub(super) async fn bind_guarded(&self, name: &str, typed: &str) -> Answer {
        let tools = LdapTools::new(self.stage.door.plain_url()).unwrap().ca(self.stage.door.ca_file()).start_tls();
        shown(tools.bind(name, typed)).await
    }

    /// The same at the application with rules about groups.
    pub(super) async fn bind_grouped(&self, name: &str, typed: &str) -> Answer {
        shown(LdapTools::new(self.stage.door.local_url()).unwrap().bind(name, typed)).await
    }

    pub(super) async fn wire(&self) -> Wire {
        Wire::tls(self.stage.door.secure(), self.stage.door.ca.ca_pem()).await
    }

    /// Past the door.
    pub(super) async fn direct(&self) -> Wire {
        Wire::tls((self.samba.address(), 636).into(), self.samba.ca().ca_pem()).await
    }

    /// The domain's administrator, past the door.
    pub(super) fn administrator(&self) -> LdapTools {
        let tools = LdapTools::new(self.samba.tls_url()).unwrap().ca(self.samba.ca().ca_file());
        tools.bind(ADMIN_DN, ADMIN_PASSWORD)
    }

    pub(super) async fn enrolled(&self, name: &str, password: &str) -> Token {
        let user = self.stage.known(name, password).await;
        enrol(&self.stage.store, user.id).await
    }
}

async fn shown(tools: LdapTools) -> Answer {
    tools.search(PEOPLE, &format!("(sAMAccountName={})", CAROL.account), &["mail"]).await.unwrap()
}
