//! From the configuration as written to the configuration as meant.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use vestibule_engine::config::{Problems, SecretRef, Sources, load_secret};
use vestibule_engine::{SecretBytes, Settings};
use vestibule_factors::Factors;
use vestibule_ldap::{Behind, LdapDoorConfig, LdapDoorSettings, LdapSettings};
use vestibule_portal::PortalSettings;
use vestibule_push::PushSettings;
use vestibule_radius::{RadiusConfig, RadiusSettings, UpstreamSettings};
use vestibule_store::{Keyring, KeyringError, StoreConfig, StoreSettings};

use super::file::{ConfigFile, LogConfig, PrimaryConfig};
use super::names;

/// The configuration as meant: names linked, limits checked, secrets loaded.
pub struct Config {
    /// The name of this gateway in the audit log.
    pub node: String,
    /// The folder for what this gateway keeps, as a full path.
    pub state: PathBuf,
    pub store: StoreSettings,
    pub keyring: Keyring,
    /// The names of the older keys in it. They tell nothing about the keys.
    pub older_key_ids: Vec<String>,
    /// Where passwords are checked, by name.
    pub primaries: BTreeMap<String, PrimarySettings>,
    /// What the engine decides by.
    pub settings: Settings,
    pub factors: Factors,
    /// How many passwords are hashed at the same time, as written: unwritten, it follows the machine.
    pub hashes_at_once: Option<u16>,
    pub radius: Option<RadiusSettings>,
    /// The same as it was written, for those who play a client of it.
    pub radius_written: Option<RadiusConfig>,
    pub ldap: Option<LdapDoorSettings>,
    /// The same as it was written, for those who play a client of it.
    pub ldap_written: Option<LdapDoorConfig>,
    pub portal: Option<PortalSettings>,
    pub push: PushSettings,
    /// What cannot change while the gateway runs, as it was written.
    pub phones_written: String,
    pub log: LogConfig,
    /// Eight octets of a digest of all files, to tell configurations apart in the audit log.
    pub fingerprint: String,
}

/// One place where passwords are checked.
pub enum PrimarySettings {
    Ldap(Box<LdapSettings>),
    Radius(Box<UpstreamSettings>),
    Local,
}

/// What linking needs to know besides the file itself.
pub(crate) struct Surroundings<'a> {
    pub(crate) sources: &'a dyn Sources,
    /// The folder that relative paths start from, as a full path.
    pub(crate) base: &'a Path,
    /// The names of all primaries, faulty ones included: a name that exists but is faulty is no unknown name.
    pub(crate) primaries: Vec<String>,
    /// The machine's own name.
    pub(crate) host: Option<String>,
    pub(crate) fingerprint: String,
}

impl ConfigFile {
    pub(crate) fn link(self, around: Surroundings<'_>, problems: &mut Problems) -> Option<Config> {
        let Surroundings { sources, base, .. } = around;
        names::check(&self, &around.primaries, problems);
        let names: BTreeSet<String> = around.primaries.into_iter().collect();
        let node = names::node(self.node, around.host, problems);
        let state = base.join(&self.state);
        let store = store(self.store, &state, base, sources, problems);
        let keyring = keyring(self.master_key, &self.older_master_keys, sources, problems);
        let kept_under = names.iter().map(|name| (name.clone(), kept_under(name, self.primaries.get(name)))).collect();
        let behind = names.iter().map(|name| (name.clone(), behind(self.primaries.get(name)))).collect();
        let primaries = primaries(self.primaries, sources, problems);
        let policy = self.policy.link("policy", problems);
        let budgets = self.throttle.link("throttle", problems);
        let settings = self.login.link("login", policy, budgets, problems);
        let factors_push = serde_json::to_value(&self.factors.push).unwrap_or_default();
        let hashes_at_once = self.factors.password_hashing.at_once;
        let factors = self.factors.link("factors", sources, problems);
        let radius_written = self.radius.clone();
        let radius = match self.radius {
            Some(radius) => radius.link("radius", &names, sources, problems).map(Some),
            None => Some(None),
        };
        let ldap_written = self.ldap.clone();
        let ldap = match self.ldap {
            Some(ldap) => ldap.link("ldap", &behind, sources, problems).map(Some),
            None => Some(None),
        };
        let phones_written = serde_json::json!([self.push, factors_push]).to_string();
        let push = self.push.link("push", sources, problems);
        let portal = match self.portal {
            Some(portal) => portal.link("portal", &kept_under, sources, problems).map(Some),
            None => Some(None),
        };
        if problems.has_errors() {
            return None;
        }
        let (keyring, older_key_ids) = keyring?;
        Some(Config {
            node: node?,
            state,
            store: store?,
            keyring,
            older_key_ids,
            primaries: primaries?,
            settings,
            factors: factors?,
            hashes_at_once,
            radius: radius?,
            radius_written,
            ldap: ldap?,
            ldap_written,
            portal: portal?,
            push: push?,
            phones_written,
            log: self.log,
            fingerprint: around.fingerprint,
        })
    }
}

fn store(
    written: Option<StoreConfig>,
    state: &Path,
    base: &Path,
    sources: &dyn Sources,
    problems: &mut Problems,
) -> Option<StoreSettings> {
    let mut store = written.unwrap_or_else(|| {
        let mut store = StoreConfig::default();
        if let StoreConfig::Sqlite(sqlite) = &mut store {
            sqlite.path = state.join("vestibule.db");
        }
        store
    });
    if let StoreConfig::Sqlite(sqlite) = &mut store {
        sqlite.path = base.join(&sqlite.path);
    }
    let mut store = store.link("store", sources, problems)?;
    if let StoreSettings::Postgres(postgres) = &mut store {
        // What this gateway saw last of the database is kept on this machine, to notice a backup that was put back.
        postgres.witness_folder = Some(state.to_owned());
    }
    Some(store)
}

fn keyring(
    current: Option<SecretRef>,
    older: &[SecretRef],
    sources: &dyn Sources,
    problems: &mut Problems,
) -> Option<(Keyring, Vec<String>)> {
    let Some(current) = current else {
        let remedy = "make one with `vestibule init`, or write `master_key: {file: /etc/vestibule/master.key}`";
        problems.error("master_key", "no master key is named", remedy);
        return None;
    };
    let remedy = "it must hold 32 octets in base64, as `vestibule init` makes it";
    let current = load_secret(sources, &current, "master_key", problems)?;
    let older: Option<Vec<SecretBytes>> = older
        .iter()
        .enumerate()
        .map(|(at, key)| load_secret(sources, key, &format!("older_master_keys.{at}"), problems))
        .collect();
    let older = older?;
    let ids = |key: &SecretBytes| Ok(Keyring::new(key, &[])?.key_id());
    Keyring::new(&current, &older)
        .and_then(|keyring| Ok((keyring, older.iter().map(ids).collect::<Result<_, _>>()?)))
        .map_err(|error: KeyringError| problems.error("master_key", error.to_string(), remedy))
        .ok()
}

/// The source that the people of a primary are kept under: its name, but for local users, who are one set of people.
fn kept_under(name: &str, primary: Option<&PrimaryConfig>) -> String {
    match primary {
        Some(PrimaryConfig::Local(_)) => names::LOCAL.to_owned(),
        Some(PrimaryConfig::Ldap(_) | PrimaryConfig::Radius(_)) | None => name.to_owned(),
    }
}

/// What a primary is for a door in front of it. One that is faulty is told of where it stands, and not here again.
fn behind(primary: Option<&PrimaryConfig>) -> Behind {
    match primary {
        Some(PrimaryConfig::Ldap(ldap)) => ldap.behind(),
        Some(PrimaryConfig::Radius(_) | PrimaryConfig::Local(_)) => Behind::Other,
        None => Behind::Searched,
    }
}

fn primaries(
    written: BTreeMap<String, PrimaryConfig>,
    sources: &dyn Sources,
    problems: &mut Problems,
) -> Option<BTreeMap<String, PrimarySettings>> {
    let linked: Vec<_> = written
        .into_iter()
        .map(|(name, primary)| {
            let path = format!("primaries.{name}");
            Some((name, primary.link(&path, sources, problems)?))
        })
        .collect();
    linked.into_iter().collect()
}

impl PrimaryConfig {
    fn link(self, path: &str, sources: &dyn Sources, problems: &mut Problems) -> Option<PrimarySettings> {
        match self {
            Self::Ldap(ldap) => ldap
                .link(&format!("{path}.ldap"), sources, problems)
                .map(|settings| PrimarySettings::Ldap(Box::new(settings))),
            Self::Radius(radius) => radius
                .link(&format!("{path}.radius"), sources, problems)
                .map(|settings| PrimarySettings::Radius(Box::new(settings))),
            Self::Local(_) => Some(PrimarySettings::Local),
        }
    }
}
