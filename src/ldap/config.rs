//! The `ldap` section of an identity source: as an administrator writes it. [`LdapConfig::link`] makes the
//! [`LdapSettings`] that are meant.

mod address;
mod defaults;
mod door;
mod link;
mod settings;
mod tls;

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vestibule_engine::config::{SecretRef, Span};

pub use door::{
    AnonymousConfig, AppendConfig, ApplicationConfig, Behind, DiagnosticsConfig, LdapDoorConfig, LdapDoorTlsConfig,
    LdapLimitsConfig, LdapListenerConfig, LdapListenerTlsConfig, OperationConfig, OrderConfig, ServiceAccountConfig,
};
pub use settings::LdapSettings;

pub(crate) use address::ServerAddress;
pub(crate) use settings::{Account, Attributes, Below, Find, Groups};

/// A directory (OpenLDAP, Active Directory or another) that checks passwords and knows people and groups.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LdapConfig {
    /// The directory's servers in the order they are asked, each as `ldaps://host`, `ldaps://host:port` or, with
    /// `tls.start_tls`, `ldap://host`. The next one is asked when one cannot be reached. Names are looked up anew for
    /// each connection.
    pub servers: Vec<String>,

    /// How connections are protected. A server's certificate is always verified, and there is no switch against that.
    #[serde(default)]
    pub tls: LdapTlsConfig,

    /// Allow `ldap://` without StartTLS: passwords then travel readable by anybody on the way, who can also answer in
    /// the directory's place. Only for a directory on the same machine. Default: false.
    #[serde(default)]
    pub allow_plaintext: bool,

    /// What kind of directory it is. Decides the defaults of the filter, the attributes and the groups.
    #[serde(default)]
    pub directory: DirectoryKind,

    /// How a name becomes an entry.
    pub find: FindConfig,

    /// The attribute that identifies a person for ever: never changed, never given to somebody else. Default:
    /// `entryUUID`, for Active Directory `objectGUID`. Changing it later makes strangers of everybody who enrolled.
    #[serde(default)]
    pub id_attribute: Option<String>,

    /// The attribute with the name shown in logs and pages. Default: `uid`, for Active Directory `sAMAccountName`.
    #[serde(default)]
    pub name_attribute: Option<String>,

    /// The attribute with the person's full name. Default: `cn`, for Active Directory `displayName`.
    #[serde(default)]
    pub display_name_attribute: Option<String>,

    /// The attribute with the mail address. Default: `mail`.
    #[serde(default)]
    pub mail_attribute: Option<String>,

    /// Where a person's groups come from. Policy can name each by its DN or by the value of the first part of its DN
    /// (`vpn` for `cn=vpn,ou=groups,dc=example,dc=org`). The short name fits a group of that name in any part of the
    /// directory, also where others than you may make groups; so write the DN in rules that skip the second factor.
    /// Default: `member_of`, for Active Directory `token_groups`.
    #[serde(default)]
    pub groups: Option<GroupsConfig>,

    /// Domains that people may write with their name, as `DOMAIN\name` or `name@domain`. They are left out where a
    /// filter or template says `{user}`. A name with another domain finds nobody unless the filter uses `{name}`.
    #[serde(default)]
    pub domains: Vec<String>,

    /// The longest that finding a person, and then checking the password, may each take, whatever number of servers is
    /// asked. Default: 5s.
    #[serde(default = "defaults::timeout")]
    pub timeout: Span,

    /// The longest that a connection to one server may take, with its TLS handshake. Default: 2s.
    #[serde(default = "defaults::connect_timeout")]
    pub connect_timeout: Span,

    /// The most connections for lookups to one server, each with up to 64 lookups under way. Only the service account
    /// uses them; another one is opened when all are full. One that does not answer any more is replaced and does not
    /// count. Default: 8.
    #[serde(default = "defaults::connections")]
    pub connections: u32,

    /// The most passwords that one server checks at the same time, each on a connection that does nothing else.
    /// Default: 16.
    #[serde(default = "defaults::bind_connections")]
    pub bind_connections: u32,

    /// How long an unused connection is kept. Keep it shorter than the servers' and firewalls' own limits. Default: 2m.
    #[serde(default = "defaults::idle_timeout")]
    pub idle_timeout: Span,

    /// How long a server rests after it failed; doubled with each failure in a row, up to `cool_down_max`. Default: 1s.
    #[serde(default = "defaults::cool_down")]
    pub cool_down: Span,

    /// The longest that a failed server rests before it is tried again. Default: 30s.
    #[serde(default = "defaults::cool_down_max")]
    pub cool_down_max: Span,
}

impl LdapConfig {
    /// What this is for a door in front of it.
    pub fn behind(&self) -> Behind {
        match self.find {
            FindConfig::Search(_) => Behind::Searched,
            FindConfig::DnTemplate(_) | FindConfig::UpnTemplate(_) => Behind::NotSearched,
        }
    }
}

/// How connections to the directory are protected.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LdapTlsConfig {
    /// A file with the certificates (PEM) of the authorities that may vouch for the servers. Default: those that the
    /// operating system trusts.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,

    /// Turn `ldap://` connections into protected ones with StartTLS before anything else is sent. A server that does
    /// not offer it is not used. Default: false.
    #[serde(default)]
    pub start_tls: bool,
}

/// The kind of a directory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DirectoryKind {
    /// OpenLDAP, and others that follow the standards closely (389 Directory Server, FreeIPA).
    #[default]
    #[serde(rename = "openldap")]
    OpenLdap,
    /// Microsoft Active Directory and Samba.
    ActiveDirectory,
}

/// How a name becomes an entry.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindConfig {
    /// A service account searches for the person; the password is then checked with the DN that was found. The right
    /// choice nearly always: every spelling of a name leads to one person before any password is used.
    Search(SearchConfig),
    /// The DN is made from the name; no service account is needed.
    DnTemplate(DnTemplateConfig),
    /// The name that Active Directory takes in place of a DN (`name@domain`) is made from the name; no service account
    /// is needed.
    UpnTemplate(UpnTemplateConfig),
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchConfig {
    /// The entry below which people are looked for: `ou=people,dc=example,dc=org`.
    pub base: String,

    /// The filter that finds one person. `{user}` is the name without a listed domain, `{name}` the whole name.
    /// Whoever it does not match cannot sign in, so it can also demand a group:
    /// `(&(uid={user})(memberOf=cn=vpn,ou=groups,dc=example,dc=org))`. Two people who match one name are both refused.
    /// Default: `(&(objectClass=person)(|(uid={user})(mail={name})))`, for Active Directory
    /// `(&(objectCategory=person)(objectClass=user)(|(sAMAccountName={user})(userPrincipalName={name})(mail={name})))`.
    #[serde(default)]
    pub filter: Option<String>,

    /// The service account that searches. It needs to read names, ids and groups, nothing else.
    pub bind_dn: String,

    /// The service account's password.
    pub password: SecretRef,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DnTemplateConfig {
    /// The DN, with `{user}` for the name: `uid={user},ou=people,dc=example,dc=org`.
    pub template: String,

    /// Read the person's own entry, as that person, after the password was accepted: for the immutable id, the mail
    /// address and the groups. Without it the name is the id, and a name given to a new person is taken for the old
    /// one. Default: true.
    #[serde(default = "defaults::yes")]
    pub read_own_entry: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpnTemplateConfig {
    /// The principal name, with `{user}` for the name: `{user}@corp.example`.
    pub template: String,

    /// The entry below which people are: `dc=corp,dc=example`.
    pub base: String,

    /// The filter that finds the person's own entry after the password was accepted. Default: as for `search`.
    #[serde(default)]
    pub filter: Option<String>,
}

/// Where groups come from.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupsConfig {
    /// No groups are read.
    None {},
    /// The `memberOf` attribute of the person: direct groups.
    MemberOf {},
    /// A search for groups that list the person.
    Search(GroupSearchConfig),
    /// Active Directory's own list of everything a person belongs to, nested groups and the primary group included.
    TokenGroups(GroupBaseConfig),
    /// Active Directory's search along nested groups (rule 1.2.840.113556.1.4.1941), and the primary group. Slower than
    /// `token_groups` in a large directory.
    MatchingRule(GroupBaseConfig),
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupSearchConfig {
    /// The entry below which groups are: `ou=groups,dc=example,dc=org`.
    pub base: String,

    /// The filter that finds the groups of a member. `{dn}` is the member's DN, `{user}` the person's name. Default:
    /// `(|(member={dn})(uniqueMember={dn})(memberUid={user}))`.
    #[serde(default)]
    pub filter: Option<String>,

    /// Also find the groups that these groups are in. Default: true.
    #[serde(default = "defaults::yes")]
    pub nested: bool,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupBaseConfig {
    /// The entry below which groups are. Default: the domain of the base for people (`dc=corp,dc=example`).
    #[serde(default)]
    pub base: Option<String>,
}
