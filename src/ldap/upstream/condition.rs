//! What an entry says of its account besides who it is: when its password was set, and whether it may sign in at all.
//! A sign-in that does not ask the directory for a password still obeys the latter.

use vestibule_engine::Timestamp;

use super::directory::Directory;
use super::entry::Entry;
use crate::config::DirectoryKind;

/// `userAccountControl`: disabled.
const DISABLED: u32 = 0x2;
/// Seconds from 1601, where Active Directory counts from, to 1970.
const EPOCH: i64 = 11_644_473_600;

pub(super) fn attributes(kind: DirectoryKind) -> impl Iterator<Item = &'static str> {
    let attributes: &[&str] = match kind {
        DirectoryKind::OpenLdap => &["pwdChangedTime", "pwdAccountLockedTime", "nsAccountLock", "loginDisabled"],
        DirectoryKind::ActiveDirectory => &["pwdLastSet", "userAccountControl", "accountExpires", "lockoutTime"],
    };
    attributes.iter().copied()
}

impl Directory {
    /// When the password was set, in the directory's own words.
    pub(crate) fn password_version(&self, entry: &Entry) -> Option<String> {
        let attribute = match self.settings.kind {
            DirectoryKind::OpenLdap => "pwdChangedTime",
            DirectoryKind::ActiveDirectory => "pwdLastSet",
        };
        entry.text(attribute).map(str::to_owned)
    }

    /// Whether the directory would let this account in with a right password, as far as the service account may read it. In
    /// Active Directory it must be able to read whether the account is enabled.
    pub(crate) fn may_sign_in(&self, entry: &Entry, now: Timestamp) -> bool {
        match self.settings.kind {
            DirectoryKind::OpenLdap => {
                let is_true = |name: &str| entry.text(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
                entry.text("pwdAccountLockedTime").is_none() && !is_true("nsAccountLock") && !is_true("loginDisabled")
            }
            DirectoryKind::ActiveDirectory => {
                let control = entry.text("userAccountControl").and_then(|value| value.parse::<i64>().ok());
                let is_enabled = control.is_some_and(|control| control & i64::from(DISABLED) == 0);
                let expires = entry.text("accountExpires").map_or(Some(0), |value| value.parse::<i64>().ok());
                let has_time = expires.is_some_and(|at| matches!(at, 0 | i64::MAX) || seconds(at) > now.secs());
                let lockout = entry.text("lockoutTime").map_or(Some(0), |value| value.parse::<i64>().ok());
                // 0: the password has to be changed first.
                let has_password = entry.text("pwdLastSet").is_none_or(|set| set != "0");
                // Whether a lock-out is over depends on a policy that is not read here: it counts until it is cleared.
                is_enabled && has_time && has_password && lockout == Some(0)
            }
        }
    }
}

/// A time of Active Directory (100 ns since 1601) as seconds since 1970.
fn seconds(file_time: i64) -> i64 {
    file_time / 10_000_000 - EPOCH
}
