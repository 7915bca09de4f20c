//! What is meant where nothing is written.

use vestibule_engine::config::Span;

use super::DirectoryKind;

pub(super) const fn yes() -> bool {
    true
}

pub(super) const fn timeout() -> Span {
    Span::secs(5)
}

pub(super) const fn connect_timeout() -> Span {
    Span::secs(2)
}

pub(super) const fn connections() -> u32 {
    8
}

pub(super) const fn bind_connections() -> u32 {
    16
}

pub(super) const fn idle_timeout() -> Span {
    Span::secs(120)
}

pub(super) const fn cool_down() -> Span {
    Span::secs(1)
}

pub(super) const fn cool_down_max() -> Span {
    Span::secs(30)
}

pub(super) const GROUP_FILTER: &str = "(|(member={dn})(uniqueMember={dn})(memberUid={user}))";

/// Every attribute in these filters is one that a directory of the kind indexes (LDP-32).
impl DirectoryKind {
    pub(super) fn filter(self) -> &'static str {
        match self {
            Self::OpenLdap => "(&(objectClass=person)(|(uid={user})(mail={name})))",
            Self::ActiveDirectory => {
                "(&(objectCategory=person)(objectClass=user)\
                 (|(sAMAccountName={user})(userPrincipalName={name})(mail={name})))"
            }
        }
    }

    pub(super) fn id_attribute(self) -> &'static str {
        match self {
            Self::OpenLdap => "entryUUID",
            Self::ActiveDirectory => "objectGUID",
        }
    }

    pub(super) fn name_attribute(self) -> &'static str {
        match self {
            Self::OpenLdap => "uid",
            Self::ActiveDirectory => "sAMAccountName",
        }
    }

    pub(super) fn display_name_attribute(self) -> &'static str {
        match self {
            Self::OpenLdap => "cn",
            Self::ActiveDirectory => "displayName",
        }
    }
}
