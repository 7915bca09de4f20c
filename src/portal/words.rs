//! What pages say, in the reader's language. Each language has whole sentences of its own under `messages/`.

use std::borrow::Borrow;
use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use time::OffsetDateTime;
use vestibule_engine::Timestamp;

/// A language that pages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum Language {
    #[default]
    English,
    German,
    Italian,
    French,
    Spanish,
}

impl Language {
    pub(crate) const ALL: [Self; 5] = [Self::English, Self::German, Self::Italian, Self::French, Self::Spanish];

    /// Its tag in HTTP and HTML.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Italian => "it",
            Self::French => "fr",
            Self::Spanish => "es",
        }
    }

    /// Its own name for itself.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
            Self::Italian => "Italiano",
            Self::French => "Français",
            Self::Spanish => "Español",
        }
    }

    /// The language of a tag, whatever region it names.
    pub(crate) fn parse(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or(tag).trim().to_ascii_lowercase();
        Self::ALL.into_iter().find(|language| language.tag() == primary)
    }

    /// The best of `Accept-Language` (RFC 9110 §12.5.4); the first of those wanted alike.
    pub(crate) fn accepted(header: &str) -> Option<Self> {
        const RANGES_MAX: usize = 32;
        let ranges = header.split(',').take(RANGES_MAX).filter_map(|range| {
            let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
            let weight = parameters.trim().strip_prefix("q=").map_or(Some(1.0), |text| text.trim().parse::<f32>().ok());
            Some((Self::parse(tag.trim())?, weight.filter(|weight| *weight > 0.0)?))
        });
        ranges
            .fold(None, |best: Option<(Self, f32)>, next| match best {
                Some(best) if best.1 >= next.1 => Some(best),
                _ => Some(next),
            })
            .map(|(language, _)| language)
    }

    fn source(self) -> &'static str {
        match self {
            Self::English => include_str!("messages/en.ftl"),
            Self::German => include_str!("messages/de.ftl"),
            Self::Italian => include_str!("messages/it.ftl"),
            Self::French => include_str!("messages/fr.ftl"),
            Self::Spanish => include_str!("messages/es.ftl"),
        }
    }

    fn bundle(self) -> &'static FluentBundle<FluentResource> {
        static BUNDLES: [OnceLock<FluentBundle<FluentResource>>; 5] = [const { OnceLock::new() }; 5];
        let [english, german, italian, french, spanish] = &BUNDLES;
        let cell = match self {
            Self::English => english,
            Self::German => german,
            Self::Italian => italian,
            Self::French => french,
            Self::Spanish => spanish,
        };
        cell.get_or_init(|| self.read())
    }

    /// What is wrong in a file is left out here and told by a test.
    fn read(self) -> FluentBundle<FluentResource> {
        let locale = self.tag().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![locale]);
        let resource = FluentResource::try_new(self.source().to_owned()).unwrap_or_else(|(readable, _)| readable);
        bundle.add_resource_overriding(resource);
        bundle
    }
}

/// The sentences of one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Words(pub(crate) Language);

impl Words {
    pub(crate) fn tag(self) -> &'static str {
        self.0.tag()
    }

    pub(crate) fn languages(self) -> [Language; 5] {
        Language::ALL
    }

    pub(crate) fn is(self, language: &Language) -> bool {
        self.0 == *language
    }

    pub(crate) fn say(self, key: impl AsRef<str>) -> String {
        self.format(key.as_ref(), &FluentArgs::new())
    }

    /// A sentence with one thing in it, called `what` there.
    pub(crate) fn with(self, key: impl AsRef<str>, what: impl AsRef<str>) -> String {
        let mut arguments = FluentArgs::new();
        arguments.set("what", FluentValue::from(what.as_ref()));
        self.format(key.as_ref(), &arguments)
    }

    /// A sentence with two things in it, called `what` and `where`.
    pub(crate) fn with_two(self, key: impl AsRef<str>, what: impl AsRef<str>, place: impl AsRef<str>) -> String {
        let mut arguments = FluentArgs::new();
        arguments.set("what", FluentValue::from(what.as_ref()));
        arguments.set("where", FluentValue::from(place.as_ref()));
        self.format(key.as_ref(), &arguments)
    }

    /// A sentence about somebody, called `who` there, and two things, `what` and `where`.
    pub(crate) fn about(self, key: &str, who: &str, what: &str, place: &str) -> String {
        let mut arguments = FluentArgs::new();
        arguments.set("who", FluentValue::from(who));
        arguments.set("what", FluentValue::from(what));
        arguments.set("where", FluentValue::from(place));
        self.format(key, &arguments)
    }

    /// A sentence about a number, called `count` there.
    pub(crate) fn count(self, key: impl AsRef<str>, count: impl Borrow<u64>) -> String {
        let mut arguments = FluentArgs::new();
        arguments.set("count", FluentValue::from(*count.borrow()));
        self.format(key.as_ref(), &arguments)
    }

    /// How long ago: in words up to a day, then the day. A script puts the reader's own form and time zone in its place.
    pub(crate) fn ago(self, at: Timestamp, now: Timestamp) -> String {
        let seconds = now.since(at).as_secs();
        match seconds {
            0..60 => self.say("time-now"),
            60..3_600 => self.count("time-minutes", seconds / 60),
            3_600..86_400 => self.count("time-hours", seconds / 3_600),
            _ => self.day(at),
        }
    }

    /// The day, in the one form that every reader takes for the same day.
    pub(crate) fn day(self, at: Timestamp) -> String {
        let day = moment(at).map(|at| format!("{:04}-{:02}-{:02}", at.year(), u8::from(at.month()), at.day()));
        day.unwrap_or_default()
    }

    /// A moment to come, which is rarely more than a day away: to the minute, and in the time zone that no reader mistakes.
    pub(crate) fn until(self, at: Timestamp) -> String {
        let time = moment(at).map(|at| format!("{:02}:{:02}", at.hour(), at.minute()));
        time.map_or_else(String::new, |time| format!("{} {time} UTC", self.day(at)))
    }

    fn format(self, key: &str, arguments: &FluentArgs<'_>) -> String {
        let bundle = self.0.bundle();
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
            tracing::debug!(key, language = self.tag(), "There is no sentence {key}");
            return key.to_owned();
        };
        bundle.format_pattern(pattern, Some(arguments), &mut Vec::new()).into_owned()
    }
}

/// `2026-11-22T14:05:00Z`, for `<time datetime>`.
pub(crate) fn machine_time(at: Timestamp) -> String {
    moment(at).and_then(|at| at.format(&time::format_description::well_known::Rfc3339).ok()).unwrap_or_default()
}

fn moment(at: Timestamp) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(at.secs()).ok()
}

#[cfg(test)]
mod tests;
