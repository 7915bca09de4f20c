//! The kinds of work that are put on every way to the directory.

use clap::ValueEnum;

use super::load::Work;
use super::servers::Way;
use super::turns;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Scenario {
    SearchByDn,
    SearchByUid,
    BindService,
    BindPerson,
    BindCode,
    LoginService,
    LoginPerson,
    Large,
}

impl Scenario {
    pub(super) const ALL: [Self; 8] = [
        Self::SearchByDn,
        Self::SearchByUid,
        Self::BindService,
        Self::BindPerson,
        Self::BindCode,
        Self::LoginService,
        Self::LoginPerson,
        Self::Large,
    ];

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::SearchByDn => "search after bind, one small entry by its DN",
            Self::SearchByUid => "search after bind, one small entry by (uid=...)",
            Self::BindService => "bind on an open connection, the service account",
            Self::BindPerson => "bind on an open connection, a person without a second factor",
            Self::BindCode => "bind on an open connection, a person with a TOTP code appended (direct: without)",
            Self::LoginService => "connect, bind, search (uid=...), unbind, the service account",
            Self::LoginPerson => "connect, bind, search the own entry, unbind, a person without a second factor",
            Self::Large => "search after bind, everybody with all attributes",
        }
    }

    /// What an operation may cost what stands before the directory (DESIGN §10), and what others were measured at.
    pub(super) fn expected(self, way: Way) -> Option<&'static str> {
        match (self, way) {
            (Self::SearchByDn | Self::SearchByUid, Way::Vestibule) => Some("target: at most 25 µs"),
            (Self::SearchByDn | Self::SearchByUid, Way::BackLdap) => Some("before: 74 µs"),
            (Self::SearchByDn | Self::SearchByUid, Way::Lloadd) => Some("before: about 80 µs"),
            (Self::BindService | Self::BindPerson, Way::Vestibule) => Some("target: at most 35 µs"),
            (Self::BindService | Self::BindPerson, Way::BackLdap) => Some("before: 131 µs"),
            (Self::BindService | Self::BindPerson, Way::Lloadd) => Some("before: 42 µs"),
            (Self::LoginService | Self::LoginPerson, Way::Vestibule) => Some("target: at most 200 µs"),
            (Self::LoginService | Self::LoginPerson, Way::BackLdap) => Some("before: 459 µs"),
            (Self::LoginService | Self::LoginPerson, Way::Lloadd) => Some("before: 363 µs"),
            _ => None,
        }
    }

    /// Nobody but the gateway knows codes: there is only what the same costs without one.
    pub(super) fn runs_on(self, way: Way) -> bool {
        self != Self::BindCode || matches!(way, Way::Direct | Way::Vestibule)
    }

    pub(super) fn signs_people_in(self) -> bool {
        matches!(self, Self::BindPerson | Self::BindCode | Self::LoginPerson)
    }

    /// Whether what is told is how much came, and not how many operations there were.
    pub(super) fn is_in_megabytes(self) -> bool {
        self == Self::Large
    }

    /// The work, with `code` behind every password where one is asked for.
    pub(super) fn work(self, people: u32, code: Option<&str>) -> Work {
        match (self, code) {
            (Self::SearchByDn, _) => turns::searches_by_dn(people),
            (Self::SearchByUid, _) => turns::searches_by_uid(people),
            (Self::BindService, _) => turns::binds_of_the_service(),
            (Self::BindCode, Some(code)) => turns::binds_with_code(people, code),
            (Self::BindPerson | Self::BindCode, _) => turns::binds_of_people(people),
            (Self::LoginService, _) => turns::logins_of_the_service(people),
            (Self::LoginPerson, _) => turns::logins_of_people(people),
            (Self::Large, _) => turns::searches_for_all(people),
        }
    }
}
