//! Moments as an administrator types them.

use time::format_description::well_known::{Iso8601, Rfc3339};
use time::{Date, OffsetDateTime};
use vestibule_engine::Timestamp;

/// `2026-11-21` (its beginning, UTC) or `2026-11-21T23:08:05+01:00`.
pub(super) fn parse(typed: &str) -> Result<Timestamp, String> {
    let moment = OffsetDateTime::parse(typed, &Rfc3339)
        .or_else(|_| Date::parse(typed, &Iso8601::DATE).map(|date| date.midnight().assume_utc()))
        .map_err(|_| "write a date like 2026-11-21 or a moment like 2026-11-21T23:08:05Z".to_owned())?;
    i64::try_from(moment.unix_timestamp_nanos() / 1000).map(Timestamp).map_err(|_| "that is too far away".to_owned())
}
