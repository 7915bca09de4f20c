//! Which entries, in which order. All of it stands in the address, so that a view can be kept and sent on.

use vestibule_engine::{Station, TrustEntry, UserId, plain_text};

use crate::console::asked::{Asked, address};

/// The longest text that is searched for.
const SEARCH_CHARS_MAX: usize = 64;
/// The longest name of a service in an address.
const SERVICE_CHARS_MAX: usize = 200;

/// What the form may say that is about all that a view shows.
const FIELDS_OF_ALL: [&str; 9] = ["form", "q", "service", "kind", "person", "sort", "all", "seen", "reason"];

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Filter {
    /// Part of a person's name or of a station.
    pub(super) search: String,
    /// `door/name`.
    pub(super) service: Option<String>,
    pub(super) kind: Option<Kind>,
    pub(super) person: Option<UserId>,
    pub(super) order: Order,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::console) enum Kind {
    /// One sign-in that a program repeats.
    Repeats,
    /// A station that its owner is remembered at.
    Station,
}

impl Kind {
    pub(super) const ALL: [Self; 2] = [Self::Repeats, Self::Station];

    pub(super) fn of(station: &Station) -> Self {
        if station.is_of_repeats() { Self::Repeats } else { Self::Station }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Repeats => "repeats",
            Self::Station => "station",
        }
    }

    pub(super) fn sentence(self) -> &'static str {
        match self {
            Self::Repeats => "trust-repeats",
            Self::Station => "trust-station",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Person,
    Service,
    Station,
    Since,
    Until,
}

impl Column {
    pub(super) const ALL: [Self; 5] = [Self::Person, Self::Service, Self::Station, Self::Since, Self::Until];

    fn word(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Service => "service",
            Self::Station => "station",
            Self::Since => "since",
            Self::Until => "until",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) column: Column,
    pub(super) is_down: bool,
}

/// The newest first.
impl Default for Order {
    fn default() -> Self {
        Self { column: Column::Since, is_down: true }
    }
}

impl Order {
    fn parse(text: &str) -> Option<Self> {
        let (word, is_down) = text.strip_prefix('-').map_or((text, false), |word| (word, true));
        let column = Column::ALL.into_iter().find(|column| column.word() == word)?;
        Some(Self { column, is_down })
    }

    fn text(self) -> String {
        format!("{}{}", if self.is_down { "-" } else { "" }, self.column.word())
    }
}

/// The name of a service as it may stand in a page and in an address.
pub(super) fn cleaned(service: &str) -> String {
    plain_text(service, SERVICE_CHARS_MAX)
}

/// What is searched for, in the form that stands in an address.
fn searched(written: &str) -> String {
    plain_text(written, SEARCH_CHARS_MAX).trim().to_owned()
}

impl Filter {
    /// For looking: what cannot be read narrows nothing.
    pub(super) fn read(asked: &Asked) -> Self {
        Self {
            search: searched(asked.field("q").unwrap_or_default()),
            service: asked.field("service").map(cleaned),
            kind: asked.field("kind").and_then(Kind::parse),
            person: asked.field("person").and_then(|id| id.parse().ok()),
            order: asked.field("sort").and_then(Order::parse).unwrap_or_default(),
        }
    }

    /// For acting on all that a view shows: `None` where anything cannot be read as it was written. An address that somebody
    /// mistyped must never mean more than they saw.
    pub(super) fn read_exactly(asked: &Asked) -> Option<Self> {
        let filter = Self::read(asked);
        let was_read = |name: &str, read: Option<&str>| {
            asked.field(name).map(str::trim).unwrap_or_default() == read.unwrap_or_default()
        };
        let is_exact = asked.is_nothing_but(&FIELDS_OF_ALL)
            && was_read("q", Some(&filter.search))
            && was_read("service", filter.service.as_deref().map(str::trim))
            && was_read("kind", filter.kind.map(Kind::word))
            && (asked.field("person").is_none() || filter.person.is_some());
        is_exact.then_some(filter)
    }

    /// What stands in the entry itself; names of people are looked at elsewhere.
    pub(super) fn fits(&self, entry: &TrustEntry) -> bool {
        self.person.is_none_or(|person| person == entry.user)
            && self.service.as_ref().is_none_or(|service| *service == cleaned(&entry.service))
            && self.kind.is_none_or(|kind| kind == Kind::of(&entry.station))
    }

    pub(super) fn is_narrowed(&self) -> bool {
        Self { order: Order::default(), ..self.clone() } != Self::default()
    }

    /// As fields of a form or of an address: what is not as usual.
    pub(super) fn fields(&self) -> Vec<(&'static str, String)> {
        let order = (self.order != Order::default()).then(|| self.order.text());
        let fields = [
            ("q", Some(self.search.clone()).filter(|search| !search.is_empty())),
            ("service", self.service.clone()),
            ("kind", self.kind.map(|kind| kind.word().to_owned())),
            ("person", self.person.map(|person| person.to_string())),
            ("sort", order),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// The address of a page about these entries.
    pub(super) fn address(&self, path: &str, more: &[(&str, &str)]) -> String {
        let more = more.iter().map(|(name, value)| (*name, (*value).to_owned()));
        address(path, self.fields().into_iter().chain(more))
    }

    /// The same entries in the order of this column; the other way round where they are in its order already.
    pub(super) fn sorted_by(&self, column: Column) -> Self {
        let is_down = match self.order {
            Order { column: now, is_down } if now == column => !is_down,
            _ => matches!(column, Column::Since | Column::Until),
        };
        Self { order: Order { column, is_down }, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &'static str) -> Filter {
        Filter::read(&Asked::read(&query.into()))
    }

    #[test]
    fn a_view_is_its_address() {
        let query = "q=ada+%26+eve&service=ldap%2Fjenkins&kind=repeats\
                     &person=00000000-0000-0000-0000-000000000007&sort=person";
        let filter = read(query);
        assert_eq!(filter.address("/x", &[]), format!("/x?{query}"));
        assert!(filter.is_narrowed());
        assert_eq!(read("").address("/x", &[]), "/x");
        assert!(!read("sort=-until").is_narrowed());
    }

    #[test]
    fn what_cannot_be_read_narrows_nothing() {
        assert_eq!(read("kind=all&person=ada&sort=password&page=x"), Filter::default());
        assert_eq!(read("q=%E2%80%AEada%00").search, "ada");
        assert_eq!(read(Box::leak(format!("q={}", "a".repeat(500)).into_boxed_str())).search.chars().count(), 64);
    }

    #[test]
    fn for_an_act_what_cannot_be_read_is_nothing_at_all() {
        let exactly = |query: &str| Filter::read_exactly(&Asked::read(&query.to_owned().into()));
        let plain = "all=yes&q=+ada+&service=ldap%2Fjenkins&kind=repeats\
                     &person=00000000-0000-0000-0000-000000000007&sort=nothing&seen=7&reason=x&form=y";
        let narrow = exactly(plain).unwrap();
        assert_eq!((narrow.search.as_str(), narrow.service.as_deref()), ("ada", Some("ldap/jenkins")));
        assert!(narrow.kind == Some(Kind::Repeats) && narrow.person.is_some());
        assert_eq!(exactly("all=yes"), Some(Filter::default()));
        assert_eq!(exactly("all=yes&q=&service=&kind=&person="), Some(Filter::default()));
        let (long, many) = ("a".repeat(65), "&form=x".repeat(300));
        for odd in [
            "person=ada",
            "person=00000000-0000-0000-0000-00000000000",
            "kind=all",
            "kind=Repeats",
            "q=%00",
            "q=a%E2%80%AEb",
            &format!("q={long}"),
            &format!("service={}", long.repeat(4)),
            "service=%E2%80%AE",
            "persn=00000000-0000-0000-0000-000000000007",
            "person=&person=00000000-0000-0000-0000-000000000007",
            "id=00000000-0000-0000-0000-000000000007",
            &many,
        ] {
            assert_eq!(exactly(&format!("all=yes&{odd}")), None, "{odd}");
        }
    }

    #[test]
    fn a_column_is_sorted_one_way_and_then_the_other() {
        let usual = Filter::default();
        let by_person = usual.sorted_by(Column::Person);
        assert_eq!(by_person.order.text(), "person");
        assert_eq!(by_person.sorted_by(Column::Person).order.text(), "-person");
        assert_eq!(usual.sorted_by(Column::Since).order.text(), "since");
        assert_eq!(by_person.sorted_by(Column::Until).order.text(), "-until");
    }
}
