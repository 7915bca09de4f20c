//! The `factors` section of the configuration.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vestibule_engine::config::{Problems, Sources, Span};

use crate::push::protocol::Policy;
use crate::{
    Algorithm, HashCost, HashPool, INVITATION_LIFETIME_MAX, INVITATION_LIFETIME_MIN, InvitationSettings, Invitations,
    RecoveryCodes, RecoverySettings, Totp, TotpSettings,
};

/// Second factors, and how passwords of local users are kept.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FactorsConfig {
    /// Codes from an authenticator app or a hardware token.
    pub totp: TotpConfig,
    /// Requests on a phone that is paired in the portal.
    pub push: PushConfig,
    /// Codes on paper for the day the phone is lost.
    pub recovery_codes: RecoveryCodesConfig,
    /// A way in for people without a second factor, once, to enrol one.
    pub invitations: InvitationsConfig,
    /// What a guess at the password of a local user, or at a recovery code, costs.
    pub password_hashing: PasswordHashingConfig,
}

/// Codes that change every half minute (RFC 6238).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TotpConfig {
    /// The name people see above their code in the app, usually your organisation. 1 to 64 characters, no colon.
    /// Changing it changes new enrolments only. Default: Vestibule.
    pub issuer: String,
    /// The hash for new enrolments: sha1, sha256 or sha512. Many apps accept the others and then use SHA-1 all the
    /// same, so leave it unless you chose the app. Default: sha1.
    pub algorithm: Algorithm,
    /// Digits of a code for new enrolments: 6, 7 or 8. Default: 6.
    pub digits: u8,
    /// How long a new enrolment's codes last, in seconds: 15 to 60. Many apps know only 30. Default: 30.
    pub period: u8,
    /// How many steps before and after the present one are accepted, 0 to 2. With 1 and a period of 30 s, a code can be
    /// used for 90 s in all. Default: 1.
    pub window: u8,
    /// How far an authenticator's own clock may be off and still be followed, in steps, 0 to 20. It moves the window
    /// and never widens it. Default: 4, two minutes with a period of 30 s.
    pub drift_max: u8,
}

impl Default for TotpConfig {
    fn default() -> Self {
        let TotpSettings { issuer, algorithm, digits, period, window, drift_max } = TotpSettings::default();
        Self { issuer, algorithm, digits, period, window, drift_max }
    }
}

/// Requests on a phone.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PushConfig {
    /// Whether an approval takes a fingerprint, a face or the phone's PIN: off or required. With required, a phone
    /// whose owner has not set that up in the app cannot approve, nor can the privacyIDEA Authenticator, which cannot
    /// prove it. To decline is always possible. All nodes must agree. Default: off.
    pub user_verification: Policy,
    /// Whether a phone that is paired also becomes a code generator (TOTP), for places without a network and for
    /// logins that cannot wait for a phone. Default: true.
    pub totp_with_pairing: bool,
    /// Whether phones with the privacyIDEA Authenticator can be enrolled as well. That app signs less of what its owner
    /// saw, and gets the number of the login among others, as buttons. Default: false.
    pub privacyidea_app: bool,
}

impl Default for PushConfig {
    fn default() -> Self {
        Self { user_verification: Policy::Off, totp_with_pairing: true, privacyidea_app: false }
    }
}

/// A way in, once, to enrol.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct InvitationsConfig {
    /// How long an invitation stands where nobody says otherwise, 1m to 30d. The shorter, the less is a lost or
    /// forgotten one worth to others. Default: 24h.
    pub lifetime: Span,
}

impl Default for InvitationsConfig {
    fn default() -> Self {
        Self { lifetime: Span::secs(86_400) }
    }
}

/// Codes on paper, each good for one login.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RecoveryCodesConfig {
    /// How many codes a set has, 1 to 20. Default: 10.
    pub count: u8,
}

impl Default for RecoveryCodesConfig {
    fn default() -> Self {
        Self { count: 10 }
    }
}

/// The cost of argon2id, and how much of it is done at once.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PasswordHashingConfig {
    /// Memory for one hash in MiB, 8 to 1024. Applies to passwords set from now on; a stored hash carries its own cost.
    /// Default: 19.
    pub memory_mib: u32,
    /// Passes over that memory, 1 to 32. Default: 2.
    pub passes: u32,
    /// How many hashes are worked on at the same time, 1 to 256; each takes a core and its memory. Default: one a core.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_once: Option<u16>,
    /// How many more may wait their turn, 0 to 10000. Beyond that a login is answered like a fault, so that those which
    /// wait are still served in time. Default: 100.
    pub waiting: u16,
}

impl Default for PasswordHashingConfig {
    fn default() -> Self {
        Self {
            memory_mib: HashCost::DEFAULT.memory_kib / 1024,
            passes: HashCost::DEFAULT.passes,
            at_once: None,
            waiting: 100,
        }
    }
}

/// The factors as they are meant.
#[derive(Debug, Clone)]
pub struct Factors {
    pub totp: TotpSettings,
    pub push: PushChoices,
    pub recovery_codes: RecoverySettings,
    pub invitations: InvitationSettings,
    pub password_cost: HashCost,
    pub hashes_at_once: usize,
    pub hashes_waiting: usize,
}

/// What an administrator chose for phones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PushChoices {
    pub user_verification: Policy,
    pub totp_with_pairing: bool,
    pub privacyidea_app: bool,
}

impl Factors {
    /// One for the whole process: it is the bound on all hashing.
    pub fn pool(&self) -> Arc<HashPool> {
        Arc::new(HashPool::new(self.hashes_at_once, self.hashes_waiting))
    }

    pub fn totp(&self) -> Totp {
        Totp::new(self.totp.clone())
    }

    pub fn recovery_codes(&self, pool: Arc<HashPool>) -> RecoveryCodes {
        RecoveryCodes::new(self.recovery_codes, pool)
    }

    pub fn invitations(&self, pool: Arc<HashPool>) -> Invitations {
        Invitations::new(self.invitations, pool)
    }
}

impl FactorsConfig {
    /// What is meant, or every problem of this section. `path` is where it stands in the file.
    pub fn link(self, path: &str, _: &dyn Sources, problems: &mut Problems) -> Option<Factors> {
        let mut check = Check { path, problems, fine: true };
        check.totp(&self.totp);
        check.push(&self.push);
        check.within("recovery_codes.count", self.recovery_codes.count.into(), 1, 20);
        check.invitations(&self.invitations);
        check.hashing(&self.password_hashing);
        if !check.fine {
            return None;
        }
        let TotpConfig { issuer, algorithm, digits, period, window, drift_max } = self.totp;
        let hashing = self.password_hashing;
        let cost = HashCost { memory_kib: hashing.memory_mib.saturating_mul(1024), passes: hashing.passes, lanes: 1 };
        let PushConfig { user_verification, totp_with_pairing, privacyidea_app } = self.push;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Some(Factors {
            totp: TotpSettings { issuer, algorithm, digits, period, window, drift_max },
            push: PushChoices { user_verification, totp_with_pairing, privacyidea_app },
            recovery_codes: RecoverySettings { codes: self.recovery_codes.count, cost },
            invitations: InvitationSettings { lifetime: self.invitations.lifetime.0, cost },
            password_cost: cost,
            hashes_at_once: hashing.at_once.map_or(cores, usize::from),
            hashes_waiting: hashing.waiting.into(),
        })
    }
}

struct Check<'a> {
    path: &'a str,
    problems: &'a mut Problems,
    fine: bool,
}

impl Check<'_> {
    fn totp(&mut self, totp: &TotpConfig) {
        let issuer = &totp.issuer;
        let length = issuer.chars().count();
        if !(1..=64).contains(&length) || issuer.contains(':') || issuer.chars().any(char::is_control) {
            let path = format!("{}.totp.issuer", self.path);
            self.problems.error(path, format!("{issuer:?}"), "write 1 to 64 characters without a colon");
            self.fine = false;
        }
        self.within("totp.digits", totp.digits.into(), 6, 8);
        self.within("totp.period", totp.period.into(), 15, 60);
        self.within("totp.window", totp.window.into(), 0, 2);
        self.within("totp.drift_max", totp.drift_max.into(), 0, 20);
        if totp.algorithm != Algorithm::Sha1 || totp.digits != 6 || totp.period != 30 {
            self.problems.warn(
                format!("{}.totp", self.path),
                "an algorithm, digits or period that many apps read and then ignore",
                "keep sha1, 6 and 30 unless you chose the app",
            );
        }
    }

    fn push(&mut self, push: &PushConfig) {
        if push.privacyidea_app && push.user_verification == Policy::Required {
            self.problems.warn(
                format!("{}.push.privacyidea_app", self.path),
                "phones that can be enrolled and then approve nothing: that app cannot prove that its owner is there",
                "switch it off, or user_verification",
            );
        }
    }

    fn invitations(&mut self, invitations: &InvitationsConfig) {
        let lifetime = invitations.lifetime;
        if !(INVITATION_LIFETIME_MIN..=INVITATION_LIFETIME_MAX).contains(&lifetime.0) {
            let path = format!("{}.invitations.lifetime", self.path);
            self.problems.error(path, lifetime.to_string(), "write a length of time from 1m to 30d");
            self.fine = false;
        }
    }

    fn hashing(&mut self, hashing: &PasswordHashingConfig) {
        self.within("password_hashing.memory_mib", hashing.memory_mib, 8, 1024);
        self.within("password_hashing.passes", hashing.passes, 1, 32);
        self.within("password_hashing.waiting", hashing.waiting.into(), 0, 10_000);
        if let Some(at_once) = hashing.at_once {
            self.within("password_hashing.at_once", at_once.into(), 1, 256);
        }
    }

    fn within(&mut self, field: &str, found: u32, least: u32, most: u32) {
        if !(least..=most).contains(&found) {
            let path = format!("{}.{field}", self.path);
            self.problems.error(path, found.to_string(), format!("write a number from {least} to {most}"));
            self.fine = false;
        }
    }
}

#[cfg(test)]
mod tests;
