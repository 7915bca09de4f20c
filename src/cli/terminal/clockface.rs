//! Moments, as a person at this terminal reads them.

use std::sync::Arc;

use time::{OffsetDateTime, UtcOffset};
use vestibule_engine::Timestamp;

/// Which hour it is where the person sits: how far their clock is from UTC at a given moment.
#[derive(Clone)]
pub struct Clockface(Arc<dyn Fn(Timestamp) -> UtcOffset + Send + Sync>);

impl Clockface {
    pub fn utc() -> Self {
        Self::new(|_| UtcOffset::UTC)
    }

    pub fn new(offset: impl Fn(Timestamp) -> UtcOffset + Send + Sync + 'static) -> Self {
        Self(Arc::new(offset))
    }

    /// `2026-11-21 23:08:05`, with ` UTC` where that is not the person's own time.
    pub fn moment(&self, at: Timestamp) -> String {
        let Some(local) = self.local(at) else { return "at no moment of this calendar".to_owned() };
        let (date, time) = (local.date(), local.time());
        let zone = if local.offset() == UtcOffset::UTC { " UTC" } else { "" };
        format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}{zone}",
            date.year(),
            u8::from(date.month()),
            date.day(),
            time.hour(),
            time.minute(),
            time.second()
        )
    }

    /// Relative up to a day, then the date.
    pub fn ago(&self, at: Timestamp, now: Timestamp) -> String {
        let seconds = now.secs().saturating_sub(at.secs());
        let some = |number: i64, unit: &str| format!("{number} {unit}{} ago", if number == 1 { "" } else { "s" });
        match seconds {
            ..=-1 => self.moment(at),
            0..60 => "just now".to_owned(),
            60..3600 => some(seconds / 60, "minute"),
            3600..86_400 => some(seconds / 3600, "hour"),
            _ => self.moment(at).chars().take(10).collect(),
        }
    }

    fn local(&self, at: Timestamp) -> Option<OffsetDateTime> {
        let utc = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.0) * 1000).ok()?;
        utc.checked_to_offset((self.0)(at))
    }
}

/// For machines: `2026-11-21T23:08:05.123456Z`.
pub fn rfc3339(at: Timestamp) -> String {
    let utc = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.0) * 1000).ok();
    utc.and_then(|utc| utc.format(&time::format_description::well_known::Rfc3339).ok()).unwrap_or_default()
}
